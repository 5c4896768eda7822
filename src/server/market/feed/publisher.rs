//! The publisher: polls the source, keeps quotes, freshness and candles, and sends each tick.

use std::{
    collections::BTreeMap,
    future::pending,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::MissedTickBehavior};
use tracing::{info, warn};

use super::{Followed, Tick, tape::Tape};
use crate::{
    domain::{
        freshness::Freshness,
        instant::UtcInstant,
        market_status::{Data, MarketStatus, Situation},
        orders::span::Span,
        quote::{Quote, Quotes},
        session::Session,
        ticker::Ticker,
    },
    server::{
        clock::Clock,
        ledger::TickerSet,
        market::{
            MarketSource, Print, SourceError, Update,
            candles::{Candles, Depth},
            splits::Splits,
        },
    },
};

/// Minimum wait before a failed source is polled again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Interval of checking for stale prices, and for the exchange's opening or closing.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// Puts prints on the tapes.
#[derive(Default)]
pub struct Tapes {
    /// One for each reader.
    pub tapes: [Arc<Tape>; 2],
    /// After a longer silence of the feed, the next print follows a gap.
    pub silence_max: Duration,
    /// Session of the newest tick.
    pub session: Option<Session>,
}

impl Tapes {
    fn record(&self, tick: u64, at: UtcInstant, spans: BTreeMap<Ticker, Span>) {
        let spans = Arc::new(spans);
        self.tapes.iter().for_each(|tape| tape.record(tick, at, Arc::clone(&spans)));
    }

    /// Spans of a tick's prints for matching orders: only current prints, made in the present session.
    fn spans(
        &mut self,
        before: &Tick,
        prints: &[Print],
        freshness: &Freshness,
        now: UtcInstant,
    ) -> BTreeMap<Ticker, Span> {
        let includes = |session: &Session, at: UtcInstant| session.opens_at <= at && at < session.closes_at;
        if !self.session.as_ref().is_some_and(|session| includes(session, now)) {
            self.session = before.hours.session_at(now);
        }
        let Some(session) = &self.session else {
            return BTreeMap::new();
        };
        let was_silent = before.version == 0 || before.at.elapsed() > self.silence_max;
        let mut spans: BTreeMap<Ticker, Span> = BTreeMap::new();
        for Print { quote, volume } in prints {
            let earlier = before.quotes.get(quote.ticker);
            let is_late = earlier.is_some_and(|earlier| quote.at < earlier.at);
            if is_late || !includes(session, quote.at) || freshness.is_stale(quote.ticker, now) {
                continue;
            }
            let is_gap = was_silent || earlier.is_none_or(|earlier| !includes(session, earlier.at));
            let span = Span::tick(quote.price, Some(*volume), is_gap, session.kind);
            let folded = spans.get(&quote.ticker).and_then(|earlier| {
                let folded = earlier.followed_by(&span)?;
                Some(Span { is_gap: earlier.is_gap, ..folded })
            });
            spans.insert(quote.ticker, folded.unwrap_or(span));
        }
        spans
    }
}

/// Publishes each answer of the source, and each change that comes with time alone, as a tick.
pub struct Publisher {
    pub sender: watch::Sender<Arc<Tick>>,
    /// Wanted tickers at the previous tick, which have candles,
    wanted: Arc<TickerSet>,
    /// …and tickers whose whole past is kept; `None` means all.
    charted: Option<Arc<TickerSet>>,
    candles: Arc<RwLock<BTreeMap<Ticker, Candles>>>,
    pub keeps_candles: bool,
    pub tape: Tapes,
    splits: Arc<Splits>,
    clock: Clock,
    /// Whether time alone may change the status: prices need confirmation, or the market closes.
    is_watched: bool,
    looks: tokio::time::Interval,
    /// Failure of the source's last request; `None` after a success.
    failure: Option<SourceError>,
    /// Earliest time of the next request.
    not_before: tokio::time::Instant,
    delay_minutes: Option<u32>,
}

impl Publisher {
    pub fn new(
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
            tape: Tapes::default(),
            splits,
            clock,
            is_watched,
            looks,
            failure: None,
            not_before: tokio::time::Instant::now(),
            delay_minutes: None,
        }
    }

    /// Waits for the source's next answer and publishes it, or returns early if the wanted tickers change. Meanwhile
    /// publishes changes that come with time. May be dropped only while it waits.
    pub async fn advance<S: MarketSource>(&mut self, source: &mut S, followed: &mut Followed) {
        let charted = followed.charted.as_mut().map(|charted| charted.borrow_and_update().clone());
        for ticker in self.deepen(charted) {
            source.retell(ticker);
        }
        let answer = {
            let splits = Arc::clone(&self.splits);
            let mut asking = pin!(ask(source, followed, self.not_before));
            loop {
                tokio::select! {
                    // Ready answers take precedence over checks.
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
                // A history may arrive while there are no prices.
                if (update.is_answer || !self.is_watched) && self.failure.take().is_some() {
                    info!("the market source answers again");
                }
                // The wanted tickers may have changed during the request.
                let now_wanted = followed.wanted.borrow().clone();
                // Read afterwards: a watched ticker is charted before it is wanted.
                let now_charted = followed.charted.as_ref().map(|charted| charted.borrow().clone());
                for ticker in self.deepen(now_charted) {
                    source.retell(ticker);
                }
                self.publish(update, now_wanted, source.unknown());
            }
            Some(Err(failure)) => {
                self.not_before = tokio::time::Instant::now() + RETRY_DELAY;
                // Logged once, not at every attempt, unless its kind has changed.
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
        // Most sources print all wanted tickers in order, which needs no look-ups.
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
            // A simulated day changes with the prices of its midnight.
            Some(print) if !self.is_watched => print.quote.at,
            _ => (self.clock)(),
        };
        let freshness = self.confirm(&tick.freshness, &update, &wanted, now);
        // A ticker that the answer omits keeps its price, unchanged. The later of two quotes wins.
        let kept = tick.quotes.iter().filter(|quote| !is_whole && wanted.contains(&quote.ticker));
        let quotes = kept
            .map(|quote| Quote { previous_price: quote.price, ..*quote })
            .chain(std::mem::take(&mut update.confirmed))
            .chain(update.prints.iter().map(|print| print.quote))
            .map(|quote| Quote { is_stale: freshness.is_stale(quote.ticker, now), ..quote })
            .collect();
        let spans = self.tape.spans(&tick, &update.prints, &freshness, now);
        if self.keeps_candles {
            self.remember(update, wanted);
        }
        // First, so that whoever has seen a tick finds its prints on the tapes.
        self.tape.record(tick.version + 1, now, spans);
        self.send(&tick, quotes, unknown, freshness, now, Instant::now());
    }

    /// Publishes the present data in shares after newly known splits.
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

    /// Keeps the whole past of these tickers from now on, and little of the others; returns those whose past must be
    /// delivered again.
    fn deepen(&mut self, charted: Option<Arc<TickerSet>>) -> Vec<Ticker> {
        // Usually the same `Arc`, which needs no comparison.
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

    /// Publishes changes that come with time: stale prices, another day, an exchange's opening or closing.
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
            is_calendar_known: hours.is_known(now),
        };
        Arc::new(situation.status())
    }

    /// Keeps the candles of wanted tickers; the prints are a subset of them, in the same order.
    fn remember(&mut self, update: Update, wanted: Arc<TickerSet>) {
        let mut candles = self.candles.write().unwrap_or_else(PoisonError::into_inner);
        // Usually the same `Arc`, which needs no comparison.
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

/// Waits for the source's next answer, not before a moment; `None` if the wanted tickers change first.
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
        // A ready answer is not discarded because of a change.
        biased;
        answer = source.next_update(&now_wanted) => Some(answer),
        Ok(()) = wanted.changed() => None,
        Ok(()) = charts_change => None,
    }
}

fn depth_of(ticker: Ticker, charted: Option<&TickerSet>) -> Depth {
    if charted.is_none_or(|charted| charted.contains(&ticker)) { Depth::Whole } else { Depth::Brief }
}
