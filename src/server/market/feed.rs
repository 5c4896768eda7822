//! The feed: one task owns the market source, keeps the latest quotes and candles, and publishes one tick at a time.
//!
//! A tick's frames are written once, whoever listens ([`frame`](super::frame)); listeners share their bytes. Whoever is told
//! of ticks waits on a `watch` channel, which holds the newest only, so a slow one skips forward and nothing ever queues
//! for it.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    MarketSource, Update,
    candles::{Candles, Depth},
    event::Event,
    frame::{Choice, Frames},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        money::Price,
        quote::{Quote, Quotes},
        ticker::Ticker,
    },
    server::ledger::TickerSet,
};

/// How long to wait before a source that failed is asked again, at the least.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A source that missed so many ticks has failed…
const MISSED_TICKS_MAX: u32 = 3;
/// …but not before this, because a busy machine may be late.
const SILENCE_MIN: Duration = Duration::from_secs(5);

/// How often those who watch the feed are woken though there is no tick, so that they can say that they are still there.
pub const BEAT_INTERVAL: Duration = Duration::from_secs(4);

/// The market at one moment: every wanted ticker's latest quote, and the frames that say so.
#[derive(Debug)]
pub struct Tick {
    /// Counts from 1; 0 is the market before its first tick.
    pub version: u64,
    pub quotes: Quotes,
    pub at: Instant,
    /// Wanted, but not known to the source.
    unknown: Arc<TickerSet>,
    frames: Frames,
}

impl Tick {
    /// The market at this moment, whatever it was before.
    pub fn new(version: u64, quotes: Quotes) -> Self {
        Self { version, quotes, at: Instant::now(), unknown: Arc::default(), frames: Frames::new(version) }
    }

    /// The tick after this one.
    fn next(&self, quotes: Quotes, unknown: Arc<TickerSet>) -> Self {
        let frames = self.frames.next(&self.quotes, &quotes);
        Self { version: self.version + 1, quotes, at: Instant::now(), unknown, frames }
    }

    pub fn price(&self, ticker: Ticker) -> Option<Price> {
        self.quotes.get(ticker).map(|quote| quote.price)
    }

    /// Whether the source was asked for a ticker, answered, and does not know it.
    pub fn is_unknown(&self, ticker: Ticker) -> bool {
        self.unknown.contains(&ticker)
    }

    /// How often a tick has been written as JSON, up to this one.
    pub fn frames_written(&self) -> u64 {
        self.frames.written()
    }

    /// The event for one who last saw the tick `seen`; nothing when there is nothing to tell.
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
    source: &'static str,
    silence_max: Duration,
}

impl Feed {
    /// Starts the task that owns `source`; it runs until `shutdown`. The first tick is there when this returns, or
    /// the source was asked in vain once.
    pub async fn start<S: MarketSource>(
        mut source: S,
        followed: impl Into<Followed>,
        shutdown: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let mut followed = followed.into();
        let (sender, latest) = watch::channel(Arc::new(Tick::new(0, Quotes::default())));
        let candles = Arc::default();
        let feed = Self {
            latest,
            candles: Arc::clone(&candles),
            source: S::NAME,
            silence_max: (source.tick_interval() * MISSED_TICKS_MAX).max(SILENCE_MIN),
        };
        let (wanted, charted) = (Arc::default(), None);
        let mut publisher = Publisher { sender, wanted, charted, candles, has_failed: false };
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

    /// Notice of each new tick, and of the same one again at each [beat](BEAT_INTERVAL); one who is slow sees the newest
    /// only. It ends when the feed does.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Tick>> {
        self.latest.clone()
    }

    /// Where the prices come from.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether ticks still come: no three in a row were missed.
    pub fn is_healthy(&self) -> bool {
        let tick = self.latest();
        tick.version > 0 && tick.at.elapsed() < self.silence_max
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

    /// The latest candles, oldest first, the last one still forming; nothing for a ticker that has none.
    pub fn candles(&self, ticker: Ticker, interval: Interval, limit: usize) -> Option<Vec<Candle>> {
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
        let candles = self.candles.read().unwrap_or_else(PoisonError::into_inner);
        candles.get(&ticker).map(Candles::sparkline).unwrap_or_default()
    }
}

/// One timer for all who watch, however many they are.
async fn beat(watched: watch::Sender<Arc<Tick>>) {
    loop {
        tokio::time::sleep(BEAT_INTERVAL).await;
        watched.send_modify(|_| {});
    }
}

struct Publisher {
    sender: watch::Sender<Arc<Tick>>,
    /// At the tick before; there are candles of these,
    wanted: Arc<TickerSet>,
    /// …and all of the past of these; nothing when it is of all.
    charted: Option<Arc<TickerSet>>,
    candles: Arc<RwLock<BTreeMap<Ticker, Candles>>>,
    has_failed: bool,
}

impl Publisher {
    /// Waits for the source's next update and publishes it, or returns early when other tickers are wanted. Is only
    /// ever dropped while it waits.
    async fn advance<S: MarketSource>(&mut self, source: &mut S, followed: &mut Followed) {
        let now_wanted = followed.wanted.borrow_and_update().clone();
        let charted = followed.charted.as_mut().map(|charted| charted.borrow_and_update().clone());
        for ticker in self.deepen(charted) {
            source.retell(ticker);
        }
        let Followed { wanted, charted } = followed;
        let charts_change = async {
            match charted {
                Some(charted) => charted.changed().await,
                None => pending().await,
            }
        };
        let update = tokio::select! {
            // What is ready is not thrown away for the sake of a change.
            biased;
            update = source.next_update(&now_wanted) => update,
            Ok(()) = wanted.changed() => return,
            Ok(()) = charts_change => return,
        };
        match update {
            Ok(update) => {
                if std::mem::take(&mut self.has_failed) {
                    info!("the market source answers again");
                }
                // What is wanted may have changed while the source was asked.
                let now_wanted = wanted.borrow().clone();
                // Afterwards: what is watched is charted before it is wanted.
                let now_charted = charted.as_ref().map(|charted| charted.borrow().clone());
                for ticker in self.deepen(now_charted) {
                    source.retell(ticker);
                }
                self.publish(update, now_wanted, source.unknown());
            }
            Err(cause) => {
                // Said once, not at every attempt.
                if !std::mem::replace(&mut self.has_failed, true) {
                    warn!(market.cause = %cause, "no tick; the last prices stay");
                }
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }

    fn publish(&mut self, mut update: Update, wanted: Arc<TickerSet>, unknown: Arc<TickerSet>) {
        // Most sources print all that is wanted in its order, and then nothing has to be looked up.
        let is_whole = update.prints.iter().map(|print| &print.quote.ticker).eq(&*wanted);
        if !is_whole {
            update.prints.retain(|print| wanted.contains(&print.quote.ticker));
            update.prints.sort_by_key(|print| print.quote.ticker);
        }
        let tick = self.sender.borrow().clone();
        // A ticker that the source did not mention keeps its price, and did not change. Of two quotes, the later stays.
        let kept = tick.quotes.iter().filter(|quote| !is_whole && wanted.contains(&quote.ticker));
        let quotes = kept
            .map(|quote| Quote { previous_price: quote.price, ..*quote })
            .chain(update.prints.iter().map(|print| print.quote))
            .collect();
        self.remember(update, wanted);
        self.sender.send_replace(Arc::new(tick.next(quotes, unknown)));
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

    /// Keeps the candles of what is wanted; the prints are among it, and in its order.
    fn remember(&mut self, update: Update, wanted: Arc<TickerSet>) {
        let mut candles = self.candles.write().unwrap_or_else(PoisonError::into_inner);
        // Mostly it is the very same set, and not compared.
        if self.wanted != wanted {
            candles.retain(|ticker, _| wanted.contains(ticker));
            let charted = self.charted.as_deref();
            for ticker in wanted.iter() {
                candles.entry(*ticker).or_insert_with(|| Candles::of(depth_of(*ticker, charted)));
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
    }
}

fn depth_of(ticker: Ticker, charted: Option<&TickerSet>) -> Depth {
    if charted.is_none_or(|charted| charted.contains(&ticker)) { Depth::Whole } else { Depth::Brief }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::{
        domain::instant::UtcInstant,
        server::market::{Print, SourceError},
    };

    /// A market whose every tick is written down.
    struct Script(VecDeque<Result<Vec<Print>, SourceError>>);

    impl MarketSource for Script {
        const NAME: &'static str = "script";

        async fn next_update(&mut self, _: &Arc<TickerSet>) -> Result<Update, SourceError> {
            match self.0.pop_front() {
                Some(tick) => tick.map(|prints| Update { prints, histories: Vec::new() }),
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
            quote: Quote { ticker: ticker(symbol), price, previous_price: price, previous_close: price, at },
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
        let (feed, _task) = Feed::start(Script(script.into()), receiver, CancellationToken::new()).await;
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
        let fault = || Err(SourceError("down".to_owned()));
        let script = vec![Ok(vec![print("V", 100, 0)]), fault(), fault(), Ok(vec![print("V", 101, 500)])];
        let tick = run(script, &["V"]).await.feed.latest();
        assert_eq!((tick.version, tick.price(ticker("V"))), (2, Some(price(101))));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_watch_are_woken_while_nothing_ticks_until_the_feed_ends() {
        let (_wanted, receiver) = watch::channel(Arc::new(TickerSet::new()));
        let shutdown = CancellationToken::new();
        let (feed, _task) = Feed::start(Script([Ok(Vec::new())].into()), receiver, shutdown.clone()).await;
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
