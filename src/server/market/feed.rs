//! The feed: one task owns the market source, keeps the latest quotes and candles, and publishes one tick at a time.
//!
//! A tick's frames are written once, whoever listens ([`frame`](super::frame)); listeners share their bytes. Whoever is told
//! of ticks waits on a `watch` channel, which holds the newest only, so a slow one skips forward and nothing ever queues
//! for it.
//!
//! # When the source does not answer
//! The last prices stay, and each is stale once it was not confirmed for as long as the source says that one counts. What
//! is wrong goes with the tick as the market's [status](MarketStatus); a tick is published for the status alone, too.

use std::{
    collections::BTreeMap,
    future::pending,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    MarketSource, Past, SourceError, Update,
    candles::{Candles, Depth},
    event::Event,
    frame::{Choice, Frames},
    hours::Hours,
    splits::{Split, Splits},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        corporate_action::{ExchangeDate, SplitRatio},
        freshness::Freshness,
        instant::UtcInstant,
        market_status::{Data, MarketStatus, Situation},
        money::Price,
        quote::{Quote, Quotes},
        ticker::Ticker,
        trading_day::TradingDay,
    },
    error::ApiError,
    server::{clock::Clock, ledger::TickerSet},
};

/// How long to wait before a source that failed is asked again, at the least.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A source that missed so many ticks has failed…
const MISSED_TICKS_MAX: u32 = 3;
/// …but not before this, because a busy machine may be late.
const SILENCE_MIN: Duration = Duration::from_secs(5);

/// How often subscribers are woken without a tick, so that they can send a sign of life.
pub const BEAT_INTERVAL: Duration = Duration::from_secs(4);

/// How often it is looked whether prices have become stale, or the exchange has opened or closed.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// The market at one moment: every wanted ticker's latest quote, and the frames that say so.
#[derive(Debug)]
pub struct Tick {
    /// Counts from 1; 0 is the market before its first tick.
    pub version: u64,
    pub quotes: Quotes,
    /// When the source last told anything.
    pub at: Instant,
    /// Wanted, but not known to the source.
    unknown: Arc<TickerSet>,
    pub status: Arc<MarketStatus>,
    /// Since when the prices have been as live, delayed or stale as the status says.
    pub since: UtcInstant,
    freshness: Arc<Freshness>,
    hours: Hours,
    frames: Frames,
}

impl Tick {
    /// A market that never closes at this moment, whatever it was before.
    pub fn new(version: u64, quotes: Quotes) -> Self {
        let at = quotes.iter().map(|quote| quote.at).max().unwrap_or(UtcInstant::EPOCH);
        let status = MarketStatus::live(TradingDay::utc(at));
        Self::of(version, quotes, status, at, Freshness::default(), Hours::Continuous)
    }

    fn of(
        version: u64,
        quotes: Quotes,
        status: MarketStatus,
        since: UtcInstant,
        freshness: Freshness,
        hours: Hours,
    ) -> Self {
        let (status, freshness) = (Arc::new(status), Arc::new(freshness));
        let frames = Frames::new(version, Arc::clone(&status));
        Self { version, quotes, at: Instant::now(), unknown: Arc::default(), status, since, freshness, hours, frames }
    }

    /// The same market, whose prices have to be confirmed, and which keeps its hours.
    pub fn with_rules(self, freshness: Freshness, hours: Hours) -> Self {
        Self { freshness: Arc::new(freshness), hours, ..self }
    }

    /// The same market, whose source does not know these tickers.
    pub fn with_unknown(self, unknown: TickerSet) -> Self {
        Self { unknown: Arc::new(unknown), ..self }
    }

    pub fn price(&self, ticker: Ticker) -> Option<Price> {
        self.quotes.get(ticker).map(|quote| quote.price)
    }

    /// Whether the source was asked for a ticker, answered, and does not know it.
    pub fn is_unknown(&self, ticker: Ticker) -> bool {
        self.unknown.contains(&ticker)
    }

    /// The price that an order is filled at which is executed at a moment.
    ///
    /// # Errors
    /// When there is none, when it was not confirmed for too long by then, or when the market is closed then.
    pub fn price_to_trade(&self, ticker: Ticker, at: UtcInstant) -> Result<Price, ApiError> {
        let price = self.price(ticker).ok_or(ApiError::NoPrice { ticker })?;
        if self.freshness.is_stale(ticker, at) {
            let confirmed_at = self.freshness.confirmed_at(ticker);
            let age_ms = confirmed_at.map(|confirmed| at.unix_ms().abs_diff(confirmed.unix_ms()));
            return Err(ApiError::StalePrice { ticker, age_seconds: age_ms.map(|ms| ms / 1_000) });
        }
        if !self.hours.is_open(at) {
            return Err(ApiError::MarketClosed { opens: self.hours.opens(at) });
        }
        Ok(price)
    }

    /// When the source last confirmed a ticker's price; nothing where prices need no confirmation.
    pub fn confirmed_at(&self, ticker: Ticker) -> Option<UtcInstant> {
        self.freshness.confirmed_at(ticker)
    }

    /// How often a tick has been written as JSON, up to this one.
    pub fn frames_written(&self) -> u64 {
        self.frames.written()
    }

    /// The event for a reader that last saw the tick `seen`; nothing when nothing changed for it.
    pub fn frame(&self, choice: &Choice, seen: u64) -> Option<Event> {
        self.frames.of(&self.quotes, choice, seen + 1 != self.version)
    }
}

/// The tickers that a feed follows, as they change.
pub struct Followed {
    /// Those that have prices.
    pub wanted: watch::Receiver<Arc<TickerSet>>,
    /// Those whose whole past is kept, of which not all have to be wanted; nothing when it is of all.
    pub charted: Option<watch::Receiver<Arc<TickerSet>>>,
}

/// With the whole past of each.
impl From<watch::Receiver<Arc<TickerSet>>> for Followed {
    fn from(wanted: watch::Receiver<Arc<TickerSet>>) -> Self {
        Self { wanted, charted: None }
    }
}

/// The handle to the feed; clones share it.
#[derive(Clone)]
pub struct Feed {
    latest: watch::Receiver<Arc<Tick>>,
    candles: Arc<RwLock<BTreeMap<Ticker, Candles>>>,
    /// Of a source that knows the past by itself; then no candles are kept here.
    past: Option<Arc<dyn Past>>,
    splits: Arc<Splits>,
    source: &'static str,
    pub hours: Hours,
    silence_max: Duration,
}

impl Feed {
    /// Starts the task that owns `source`; it runs until `shutdown`. The first tick is there when this returns, or
    /// the source was asked in vain once.
    pub async fn start<S: MarketSource>(
        mut source: S,
        followed: impl Into<Followed>,
        clock: Clock,
        shutdown: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let mut followed = followed.into();
        let (hours, now) = (source.hours(), clock());
        let freshness = source
            .price_counts_for()
            .map_or_else(Freshness::default, |time| Freshness::of(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)));
        let status = MarketStatus::live(hours.day_of(now));
        let first = Tick::of(0, Quotes::default(), status, now, freshness, hours);
        let (sender, latest) = watch::channel(Arc::new(first));
        let candles = Arc::default();
        let feed = Self {
            latest,
            candles: Arc::clone(&candles),
            past: source.past(),
            splits: Arc::default(),
            source: S::NAME,
            hours,
            silence_max: (source.tick_interval() * MISSED_TICKS_MAX).max(SILENCE_MIN),
        };
        let is_watched = source.price_counts_for().is_some() || hours != Hours::Continuous;
        let mut publisher = Publisher::new(sender, candles, Arc::clone(&feed.splits), clock, is_watched);
        publisher.keeps_candles = feed.past.is_none();
        publisher.advance(&mut source, &mut followed).await;
        let beats = publisher.sender.clone();
        let task = tokio::spawn(async move {
            let publish = async {
                loop {
                    publisher.advance(&mut source, &mut followed).await;
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = publish => {}
                () = beat(beats) => {}
            }
        });
        (feed, task)
    }

    /// The newest tick.
    pub fn latest(&self) -> Arc<Tick> {
        self.latest.borrow().clone()
    }

    /// Notice of each new tick, and of the same one again at each [beat](BEAT_INTERVAL); a slow reader sees the newest
    /// only. It ends when the feed does.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Tick>> {
        self.latest.clone()
    }

    /// Where the prices come from.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether there are prices of now: the source has answered, not refused, and no three ticks in a row were missed.
    pub fn is_healthy(&self) -> bool {
        let tick = self.latest();
        tick.version > 0 && tick.status.data != Data::Stale && tick.at.elapsed() < self.silence_max
    }

    /// Waits until a ticker that has just become wanted has a price, or turns out to be unknown, and gives that tick;
    /// after `patience`, or when the price is there already, the newest one.
    pub async fn tick_with(&self, ticker: Ticker, patience: Duration) -> Arc<Tick> {
        // Nearly always; whoever waits has to be registered first, and that costs.
        let newest = self.latest();
        if newest.price(ticker).is_some() {
            return newest;
        }
        let mut ticks = self.subscribe();
        let priced = ticks.wait_for(|tick| tick.price(ticker).is_some() || tick.is_unknown(ticker));
        match timeout(patience, priced).await {
            Ok(Ok(tick)) => tick.clone(),
            // Too late, or the feed has ended.
            Err(_) | Ok(Err(_)) => self.latest(),
        }
    }

    /// Tells what there is of a ticker in shares of today, which is the day of its split.
    pub fn split(&self, ticker: Ticker, ratio: SplitRatio, day: ExchangeDate) {
        self.splits.add(ticker, Split { ratio, day });
    }

    /// The latest candles, oldest first, the last one still forming; nothing for a ticker that has none.
    pub fn candles(&self, ticker: Ticker, interval: Interval, limit: usize) -> Option<Vec<Candle>> {
        if let Some(past) = &self.past {
            let at = self.latest().quotes.get(ticker)?.at;
            return Some(past.candles(ticker, interval, at, limit));
        }
        let candles = self.candles.read().unwrap_or_else(PoisonError::into_inner);
        candles.get(&ticker).filter(|candles| !candles.is_empty()).map(|candles| candles.latest(interval, limit))
    }

    /// Waits until all is kept of a ticker's past that a chart shows, but no longer than `patience`.
    pub async fn whole_past(&self, ticker: Ticker, patience: Duration) {
        let is_whole = || {
            let candles = self.candles.read().unwrap_or_else(PoisonError::into_inner);
            candles.get(&ticker).is_none_or(Candles::is_whole)
        };
        // Too late is as good as never: what there is is shown.
        let _ = timeout(patience, self.subscribe().wait_for(|_| is_whole())).await;
    }

    /// Prices of the latest minutes, oldest first; empty for a ticker that has none.
    pub fn sparkline(&self, ticker: Ticker) -> Vec<Price> {
        if let Some(past) = &self.past {
            let at = self.latest().quotes.get(ticker).map(|quote| quote.at);
            return at.map(|at| past.sparkline(ticker, at)).unwrap_or_default();
        }
        let candles = self.candles.read().unwrap_or_else(PoisonError::into_inner);
        candles.get(&ticker).map(Candles::sparkline).unwrap_or_default()
    }
}

/// One timer for all subscribers, however many they are.
async fn beat(watched: watch::Sender<Arc<Tick>>) {
    loop {
        tokio::time::sleep(BEAT_INTERVAL).await;
        watched.send_modify(|_| {});
    }
}

/// Waits for the source's next answer, but not before a moment; nothing when other tickers are wanted first.
async fn ask<S: MarketSource>(
    source: &mut S,
    followed: &mut Followed,
    not_before: tokio::time::Instant,
) -> Option<Result<Update, SourceError>> {
    tokio::time::sleep_until(not_before).await;
    let Followed { wanted, charted } = followed;
    let now_wanted = wanted.borrow_and_update().clone();
    let charts_change = async {
        match charted {
            Some(charted) => charted.changed().await,
            None => pending().await,
        }
    };
    tokio::select! {
        // What is ready is not thrown away for the sake of a change.
        biased;
        answer = source.next_update(&now_wanted) => Some(answer),
        Ok(()) = wanted.changed() => None,
        Ok(()) = charts_change => None,
    }
}

struct Publisher {
    sender: watch::Sender<Arc<Tick>>,
    /// At the tick before; there are candles of these,
    wanted: Arc<TickerSet>,
    /// …and all of the past of these; nothing when it is of all.
    charted: Option<Arc<TickerSet>>,
    candles: Arc<RwLock<BTreeMap<Ticker, Candles>>>,
    keeps_candles: bool,
    splits: Arc<Splits>,
    clock: Clock,
    /// Prices have to be confirmed, or the market closes: time alone may change what there is to tell.
    is_watched: bool,
    looks: tokio::time::Interval,
    /// Why the source did not answer last; nothing when it did.
    failure: Option<SourceError>,
    /// The source is not asked before.
    not_before: tokio::time::Instant,
    delay_minutes: Option<u32>,
}

impl Publisher {
    fn new(
        sender: watch::Sender<Arc<Tick>>,
        candles: Arc<RwLock<BTreeMap<Ticker, Candles>>>,
        splits: Arc<Splits>,
        clock: Clock,
        is_watched: bool,
    ) -> Self {
        let mut looks = tokio::time::interval(WATCH_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            sender,
            wanted: Arc::default(),
            charted: None,
            candles,
            keeps_candles: true,
            splits,
            clock,
            is_watched,
            looks,
            failure: None,
            not_before: tokio::time::Instant::now(),
            delay_minutes: None,
        }
    }

    /// Waits for the source's next answer and publishes it, or returns early when other tickers are wanted. Meanwhile it
    /// publishes what time alone brings. Is only ever dropped while it waits.
    async fn advance<S: MarketSource>(&mut self, source: &mut S, followed: &mut Followed) {
        let charted = followed.charted.as_mut().map(|charted| charted.borrow_and_update().clone());
        for ticker in self.deepen(charted) {
            source.retell(ticker);
        }
        let answer = {
            let splits = Arc::clone(&self.splits);
            let mut asking = pin!(ask(source, followed, self.not_before));
            loop {
                tokio::select! {
                    // What is ready is not put off for the sake of a look.
                    biased;
                    answer = asking.as_mut() => break answer,
                    () = splits.rung() => self.split_what_is_there(),
                    _ = self.looks.tick(), if self.is_watched => self.restate(),
                }
            }
        };
        match answer {
            None => {}
            Some(Ok(update)) => {
                // A past may be told while there are no prices.
                if (update.is_answer || !self.is_watched) && self.failure.take().is_some() {
                    info!("the market source answers again");
                }
                // What is wanted may have changed while the source was asked.
                let now_wanted = followed.wanted.borrow().clone();
                // Afterwards: what is watched is charted before it is wanted.
                let now_charted = followed.charted.as_ref().map(|charted| charted.borrow().clone());
                for ticker in self.deepen(now_charted) {
                    source.retell(ticker);
                }
                self.publish(update, now_wanted, source.unknown());
            }
            Some(Err(failure)) => {
                self.not_before = tokio::time::Instant::now() + RETRY_DELAY;
                // Said once, not at every attempt, unless it is of another kind now.
                if self.failure.as_ref().is_none_or(|before| before.refusal != failure.refusal) {
                    warn!(market.cause = %failure, "no tick; the last prices stay");
                }
                self.failure = Some(failure);
                if self.is_watched {
                    self.restate();
                }
            }
        }
    }

    fn publish(&mut self, mut update: Update, wanted: Arc<TickerSet>, unknown: Arc<TickerSet>) {
        // Most sources print all that is wanted in its order, and then nothing has to be looked up.
        let is_whole = update.prints.iter().map(|print| &print.quote.ticker).eq(&*wanted);
        if !is_whole {
            update.prints.retain(|print| wanted.contains(&print.quote.ticker));
            update.prints.sort_by_key(|print| print.quote.ticker);
            update.confirmed.retain(|quote| wanted.contains(&quote.ticker));
        }
        update.prints.iter_mut().for_each(|print| print.quote = self.splits.adjust(print.quote));
        update.confirmed.iter_mut().for_each(|quote| *quote = self.splits.adjust(*quote));
        let tick = self.sender.borrow().clone();
        let now = match update.prints.first() {
            // A simulated day turns with the prices of its midnight.
            Some(print) if !self.is_watched => print.quote.at,
            _ => (self.clock)(),
        };
        let freshness = self.confirm(&tick.freshness, &update, &wanted, now);
        // A ticker that the source did not mention keeps its price, and did not change. Of two quotes, the later stays.
        let kept = tick.quotes.iter().filter(|quote| !is_whole && wanted.contains(&quote.ticker));
        let quotes = kept
            .map(|quote| Quote { previous_price: quote.price, ..*quote })
            .chain(std::mem::take(&mut update.confirmed))
            .chain(update.prints.iter().map(|print| print.quote))
            .map(|quote| Quote { is_stale: freshness.is_stale(quote.ticker, now), ..quote })
            .collect();
        if self.keeps_candles {
            self.remember(update, wanted);
        }
        self.send(&tick, quotes, unknown, freshness, now, Instant::now());
    }

    /// Publishes what there is in shares after the splits that have just become known.
    fn split_what_is_there(&self) {
        let tick = self.sender.borrow().clone();
        let quotes: Quotes = tick.quotes.iter().map(|quote| self.splits.adjust(*quote)).collect();
        let mut candles = self.candles.write().unwrap_or_else(PoisonError::into_inner);
        for (ticker, split) in self.splits.take_news() {
            if let (Some(candles), Some(quote)) = (candles.get_mut(&ticker), quotes.get(ticker)) {
                candles.split(split.ratio, split.day, quote.price);
            }
        }
        drop(candles);
        let (unknown, freshness) = (Arc::clone(&tick.unknown), Arc::clone(&tick.freshness));
        self.send(&tick, quotes, unknown, freshness, (self.clock)(), tick.at);
    }

    /// Keeps the whole past of these from now on, and little of the others; gives those whose past has to be told anew.
    fn deepen(&mut self, charted: Option<Arc<TickerSet>>) -> Vec<Ticker> {
        // Mostly it is the very same set, and not compared.
        if self.charted == charted {
            return Vec::new();
        }
        self.charted = charted;
        let mut candles = self.candles.write().unwrap_or_else(PoisonError::into_inner);
        let deepened = candles.iter_mut().filter_map(|(ticker, candles)| {
            let has_to_be_told = candles.set_depth(depth_of(*ticker, self.charted.as_deref()));
            has_to_be_told.then_some(*ticker)
        });
        deepened.collect()
    }

    /// The prices' freshness after an update.
    fn confirm(
        &mut self,
        before: &Arc<Freshness>,
        update: &Update,
        wanted: &TickerSet,
        now: UtcInstant,
    ) -> Arc<Freshness> {
        if !update.is_answer || !before.is_kept() {
            return Arc::clone(before);
        }
        self.delay_minutes = update.delay_minutes;
        let mut freshness = Freshness::clone(before);
        let printed = update.prints.iter().map(|print| print.quote.ticker);
        freshness.confirm(printed.chain(update.confirmed.iter().map(|quote| quote.ticker)), now);
        freshness.retain(|ticker| wanted.contains(&ticker));
        Arc::new(freshness)
    }

    /// Publishes what time has brought: prices that are stale now, another day, an exchange that has opened or closed.
    fn restate(&mut self) {
        let (tick, now) = (self.sender.borrow().clone(), (self.clock)());
        let freshness = &tick.freshness;
        let has_turned = tick.quotes.iter().any(|quote| quote.is_stale != freshness.is_stale(quote.ticker, now));
        if !has_turned && self.status(&tick, freshness, now) == tick.status {
            return;
        }
        let restate = |quote: &Quote| Quote {
            previous_price: quote.price,
            is_stale: freshness.is_stale(quote.ticker, now),
            ..*quote
        };
        let quotes = tick.quotes.iter().map(restate).collect();
        self.send(&tick, quotes, Arc::clone(&tick.unknown), Arc::clone(freshness), now, tick.at);
    }

    fn send(
        &self,
        before: &Tick,
        quotes: Quotes,
        unknown: Arc<TickerSet>,
        freshness: Arc<Freshness>,
        now: UtcInstant,
        at: Instant,
    ) {
        let status = self.status(before, &freshness, now);
        let since = match status.data {
            data if data == before.status.data && before.version > 0 => before.since,
            Data::Stale => freshness.answered_at().unwrap_or(now),
            Data::Live | Data::Delayed => now,
        };
        let frames = before.frames.next(&before.quotes, &quotes, Arc::clone(&status));
        let (version, hours) = (before.version + 1, before.hours);
        self.sender.send_replace(Arc::new(Tick {
            version,
            quotes,
            at,
            unknown,
            status,
            since,
            freshness,
            hours,
            frames,
        }));
    }

    fn status(&self, before: &Tick, freshness: &Freshness, now: UtcInstant) -> Arc<MarketStatus> {
        if !self.is_watched && before.status.day.includes(now) {
            return Arc::clone(&before.status);
        }
        let hours = before.hours;
        let opens = hours.opens(now);
        let situation = Situation {
            day: if before.status.day.includes(now) { before.status.day } else { hours.day_of(now) },
            is_silent: freshness.is_silent(now),
            answered_at: freshness.answered_at(),
            delay_minutes: self.delay_minutes,
            refusal: self.failure.as_ref().and_then(|failure| failure.refusal),
            failure: self.failure.as_ref().map(|failure| failure.cause.as_str()),
            opens: opens.as_deref(),
        };
        Arc::new(situation.status())
    }

    /// Keeps the candles of what is wanted; the prints are among it, and in its order.
    fn remember(&mut self, update: Update, wanted: Arc<TickerSet>) {
        let mut candles = self.candles.write().unwrap_or_else(PoisonError::into_inner);
        // Mostly it is the very same set, and not compared.
        if self.wanted != wanted {
            candles.retain(|ticker, _| wanted.contains(ticker));
            let (charted, hours) = (self.charted.as_deref(), self.sender.borrow().hours);
            for ticker in wanted.iter() {
                candles.entry(*ticker).or_insert_with(|| Candles::of(depth_of(*ticker, charted), hours));
            }
            self.wanted = wanted;
        }
        for history in update.histories {
            if let Some(candles) = candles.get_mut(&history.ticker) {
                candles.prepend(history);
            }
        }
        let mut prints = update.prints.iter().peekable();
        for (ticker, candles) in candles.iter_mut() {
            while let Some(print) = prints.next_if(|print| print.quote.ticker == *ticker) {
                candles.add(print);
            }
        }
        for bar in update.bars {
            if let Some(candles) = candles.get_mut(&bar.ticker) {
                candles.set_right(bar.interval, &bar.candle);
            }
        }
    }
}

fn depth_of(ticker: Ticker, charted: Option<&TickerSet>) -> Depth {
    if charted.is_none_or(|charted| charted.contains(&ticker)) { Depth::Whole } else { Depth::Brief }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::server::{clock::system_clock, market::Print};

    /// A market whose every tick is written down.
    struct Script(VecDeque<Result<Vec<Print>, SourceError>>);

    impl MarketSource for Script {
        const NAME: &'static str = "script";

        async fn next_update(&mut self, _: &Arc<TickerSet>) -> Result<Update, SourceError> {
            match self.0.pop_front() {
                Some(tick) => tick.map(|prints| Update { prints, ..Update::default() }),
                None => std::future::pending().await,
            }
        }

        fn tick_interval(&self) -> Duration {
            Duration::from_millis(500)
        }
    }

    fn ticker(symbol: &str) -> Ticker {
        symbol.parse().unwrap()
    }

    fn price(cents: i64) -> Price {
        Price::from_units(cents * 100).unwrap()
    }

    fn print(symbol: &str, cents: i64, at_ms: i64) -> Print {
        let (at, price) = (UtcInstant::from_unix_ms(at_ms), price(cents));
        Print {
            quote: Quote {
                ticker: ticker(symbol),
                price,
                previous_price: price,
                previous_close: price,
                at,
                is_stale: false,
            },
            volume: 1,
        }
    }

    struct Running {
        feed: Feed,
        wanted: watch::Sender<Arc<TickerSet>>,
    }

    /// A feed that has published all of the script's good ticks.
    async fn run(script: Vec<Result<Vec<Print>, SourceError>>, wanted: &[&str]) -> Running {
        let ticks = script.iter().filter(|tick| tick.is_ok()).count() as u64;
        let (wanted, receiver) = watch::channel(Arc::new(wanted.iter().map(|symbol| ticker(symbol)).collect()));
        let (feed, _task) = Feed::start(Script(script.into()), receiver, system_clock, CancellationToken::new()).await;
        feed.subscribe().wait_for(|tick| tick.version == ticks).await.unwrap();
        Running { feed, wanted }
    }

    #[tokio::test]
    async fn only_what_is_wanted_is_published() {
        let script = vec![Ok(vec![print("V", 28_019, 500), print("AAPL", 19_042, 500), print("XOM", 1, 500)])];
        let feed = run(script, &["AAPL", "V"]).await.feed;
        assert_eq!(
            feed.latest().quotes.iter().map(|quote| quote.ticker).collect::<Vec<_>>(),
            [ticker("AAPL"), ticker("V")]
        );
        assert_eq!(feed.candles(ticker("XOM"), Interval::Minute, 10), None);
        assert_eq!(feed.candles(ticker("V"), Interval::Minute, 10).unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_ticker_that_is_not_mentioned_keeps_its_price() {
        let script = vec![Ok(vec![print("V", 100, 0), print("AAPL", 200, 0)]), Ok(vec![print("AAPL", 201, 500)])];
        let tick = run(script, &["AAPL", "V"]).await.feed.latest();
        assert_eq!(
            (tick.version, tick.price(ticker("V")), tick.price(ticker("AAPL"))),
            (2, Some(price(100)), Some(price(201)))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_source_keeps_the_last_prices_and_recovers() {
        let fault = || Err(SourceError { cause: "down".to_owned(), refusal: None });
        let script = vec![Ok(vec![print("V", 100, 0)]), fault(), fault(), Ok(vec![print("V", 101, 500)])];
        let tick = run(script, &["V"]).await.feed.latest();
        assert_eq!((tick.version, tick.price(ticker("V"))), (2, Some(price(101))));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_watch_are_woken_while_nothing_ticks_until_the_feed_ends() {
        let (_wanted, receiver) = watch::channel(Arc::new(TickerSet::new()));
        let shutdown = CancellationToken::new();
        let (feed, _task) =
            Feed::start(Script([Ok(Vec::new())].into()), receiver, system_clock, shutdown.clone()).await;
        let mut ticks = feed.subscribe();
        ticks.borrow_and_update();
        let started = tokio::time::Instant::now();
        for beats in 1..=2 {
            ticks.changed().await.unwrap();
            assert_eq!((ticks.borrow_and_update().version, started.elapsed()), (1, BEAT_INTERVAL * beats));
        }
        shutdown.cancel();
        assert!(ticks.changed().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_price_ends_with_it_or_with_patience() {
        let running = run(vec![Ok(vec![print("V", 100, 0)])], &["V"]).await;
        let patience = Duration::from_secs(1);
        assert_eq!(running.feed.tick_with(ticker("V"), patience).await.version, 1);
        let started = tokio::time::Instant::now();
        assert_eq!(running.feed.tick_with(ticker("XOM"), patience).await.version, 1);
        assert_eq!(started.elapsed(), patience);
        drop(running.wanted);
    }
}
