//! The feed: one task owns the market source, keeps the latest quotes and candles, and publishes one tick at a time.
//!
//! A tick's frames are written once ([`frame`](super::frame)); listeners share their bytes. Subscribers wait on a
//! `watch` channel, which holds only the newest tick, so a slow one skips forward and nothing is queued.
//!
//! # Failures of the source
//! The last prices remain, and each becomes stale once its confirmation has expired. The fault is part of the tick as
//! the market's [status](MarketStatus); a tick is also published for a change of the status alone.

mod publisher;
pub mod tape;
mod tick;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

pub use self::tick::Tick;
use self::{
    publisher::{Publisher, Tapes},
    tape::Tape,
};
use super::{
    MarketSource, Past,
    candles::Candles,
    hours::Hours,
    splits::{Split, Splits},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        corporate_action::{ExchangeDate, SplitRatio},
        freshness::Freshness,
        market_status::{Data, MarketStatus},
        money::Price,
        quote::Quotes,
        ticker::Ticker,
    },
    server::{clock::Clock, ledger::TickerSet},
};

/// Missed ticks after which a source has failed…
const MISSED_TICKS_MAX: u32 = 3;
/// …but no earlier than this, because a busy machine may be late.
const SILENCE_MIN: Duration = Duration::from_secs(5);

/// Interval at which subscribers are woken without a tick, for pings.
pub const BEAT_INTERVAL: Duration = Duration::from_secs(4);

/// The changing sets of tickers that a feed follows.
pub struct Followed {
    /// Tickers that get prices.
    pub wanted: watch::Receiver<Arc<TickerSet>>,
    /// Tickers whose whole past is kept, wanted or not; `None` means all.
    pub charted: Option<watch::Receiver<Arc<TickerSet>>>,
}

/// Keeps the whole past of every ticker.
impl From<watch::Receiver<Arc<TickerSet>>> for Followed {
    fn from(wanted: watch::Receiver<Arc<TickerSet>>) -> Self {
        Self { wanted, charted: None }
    }
}

/// Handle to the feed; clones share it.
#[derive(Clone)]
pub struct Feed {
    latest: watch::Receiver<Arc<Tick>>,
    candles: Arc<RwLock<BTreeMap<Ticker, Candles>>>,
    /// The past, for a source that computes it; then no candles are kept here.
    past: Option<Arc<dyn Past>>,
    splits: Arc<Splits>,
    tapes: [Arc<Tape>; 2],
    source: &'static str,
    pub hours: Hours,
    silence_max: Duration,
}

impl Feed {
    /// Starts the task that owns `source`, which runs until `shutdown`. Returns after the first tick, or after the
    /// first failed request.
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
            tapes: <[Arc<Tape>; 2]>::default(),
            source: S::NAME,
            hours,
            silence_max: (source.tick_interval() * MISSED_TICKS_MAX).max(SILENCE_MIN),
        };
        let is_watched = source.price_counts_for().is_some() || hours != Hours::Continuous;
        let mut publisher = Publisher::new(sender, candles, Arc::clone(&feed.splits), clock, is_watched);
        publisher.tape = Tapes { tapes: feed.tapes.clone(), silence_max: feed.silence_max, session: None };
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

    /// Notification of each new tick, and of the same one again at each [beat](BEAT_INTERVAL); a slow reader only sees
    /// the newest. Ends with the feed.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Tick>> {
        self.latest.clone()
    }

    /// All prints since they were last taken; for the matcher of orders.
    pub fn tape(&self) -> Arc<Tape> {
        Arc::clone(&self.tapes[0])
    }

    /// The same, for the watcher of conditions.
    pub fn conditions_tape(&self) -> Arc<Tape> {
        Arc::clone(&self.tapes[1])
    }

    /// Name of the source of prices.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether prices are current: the source has answered, does not refuse, and no three ticks in a row were missed.
    pub fn is_healthy(&self) -> bool {
        let tick = self.latest();
        tick.version > 0 && tick.status.data != Data::Stale && tick.at.elapsed() < self.silence_max
    }

    /// Waits until a newly wanted ticker has a price, or turns out to be unknown, and returns that tick. Returns the
    /// newest tick after `patience`, or at once if there is a price already.
    pub async fn tick_with(&self, ticker: Ticker, patience: Duration) -> Arc<Tick> {
        // The usual case; registering a waiter costs more.
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

    /// Converts a ticker's data to shares of today, on the day of its split.
    pub fn split(&self, ticker: Ticker, ratio: SplitRatio, day: ExchangeDate) {
        self.splits.add(ticker, Split { ratio, day });
    }

    /// The latest candles, oldest first, the last one still forming; `None` for a ticker without candles.
    pub fn candles(&self, ticker: Ticker, interval: Interval, limit: usize) -> Option<Vec<Candle>> {
        if let Some(past) = &self.past {
            let at = self.latest().quotes.get(ticker)?.at;
            return Some(past.candles(ticker, interval, at, limit));
        }
        let candles = self.candles.read().unwrap_or_else(PoisonError::into_inner);
        candles.get(&ticker).filter(|candles| !candles.is_empty()).map(|candles| candles.latest(interval, limit))
    }

    /// Waits until a ticker's whole chart history is present, at most for `patience`.
    pub async fn whole_past(&self, ticker: Ticker, patience: Duration) {
        let is_whole = || {
            let candles = self.candles.read().unwrap_or_else(PoisonError::into_inner);
            candles.get(&ticker).is_none_or(Candles::is_whole)
        };
        // After a timeout the existing candles are shown.
        let _ = timeout(patience, self.subscribe().wait_for(|_| is_whole())).await;
    }

    /// Prices of the latest minutes, oldest first; empty for a ticker without candles.
    pub fn sparkline(&self, ticker: Ticker) -> Vec<Price> {
        if let Some(past) = &self.past {
            let at = self.latest().quotes.get(ticker).map(|quote| quote.at);
            return at.map(|at| past.sparkline(ticker, at)).unwrap_or_default();
        }
        let candles = self.candles.read().unwrap_or_else(PoisonError::into_inner);
        candles.get(&ticker).map(Candles::sparkline).unwrap_or_default()
    }
}

/// One timer for all subscribers.
async fn beat(watched: watch::Sender<Arc<Tick>>) {
    loop {
        tokio::time::sleep(BEAT_INTERVAL).await;
        watched.send_modify(|_| {});
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::server::{clock::system_clock, market::Print};
    use crate::{
        domain::{instant::UtcInstant, quote::Quote},
        server::market::{SourceError, Update},
    };

    /// A market with scripted ticks.
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

    /// A feed that has published all successful ticks of the script.
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
