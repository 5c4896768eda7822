//! The feed: one task owns the market source, keeps the latest quotes, and publishes one ready-made frame a tick.
//!
//! A frame is written once, whoever listens; listeners share its bytes. They wait on a `watch` channel, which holds
//! the newest tick only, so a slow one skips forward and nothing ever queues for it.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{MarketSource, PricePoint};
use crate::{
    domain::{money::Price, quote::Quote, ticker::Ticker, watchlist::SPARKLINE_POINTS_MAX},
    server::ledger::TickerSet,
};

/// The seconds of prices that are kept for each ticker.
pub const RECENT_POINTS_MAX: usize = 900;

/// How long to wait before a source that failed is asked again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A feed without a tick for this long has failed.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// The market at one moment: every wanted ticker's latest quote, and the frame that says so.
#[derive(Debug)]
pub struct Tick {
    /// Counts from 1; 0 is the market before its first tick.
    pub version: u64,
    pub quotes: BTreeMap<Ticker, Quote>,
    /// A whole server-sent event, ready to be written to a socket.
    pub frame: Bytes,
    pub at: Instant,
}

impl Tick {
    /// A moment with these quotes, its frame written.
    pub fn new(version: u64, quotes: BTreeMap<Ticker, Quote>) -> Self {
        let frame = write_frame(version, &quotes);
        Self { version, quotes, frame, at: Instant::now() }
    }

    pub fn price(&self, ticker: Ticker) -> Option<Price> {
        self.quotes.get(&ticker).map(|quote| quote.price)
    }
}

fn write_frame(version: u64, quotes: &BTreeMap<Ticker, Quote>) -> Bytes {
    let mut frame = format!("id: {version}\ndata: ").into_bytes();
    // Invariant: a map of strings to numbers and strings always serialises, and JSON holds no line break.
    serde_json::to_writer(&mut frame, quotes).expect("quotes are JSON");
    frame.extend_from_slice(b"\n\n");
    frame.into()
}

/// The handle to the feed; clones share it.
#[derive(Clone)]
pub struct Feed {
    latest: watch::Receiver<Arc<Tick>>,
    recent: Arc<RwLock<RecentPrices>>,
    source: &'static str,
}

/// Each wanted ticker's prices of the latest seconds, oldest first.
type RecentPrices = HashMap<Ticker, VecDeque<PricePoint>>;

impl Feed {
    /// Starts the task that owns `source`; it runs until `shutdown`. The first tick is there when this returns, or
    /// the source was asked in vain once.
    pub async fn start<S: MarketSource>(
        mut source: S,
        wanted: watch::Receiver<Arc<TickerSet>>,
        shutdown: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let (sender, latest) = watch::channel(Arc::new(Tick::new(0, BTreeMap::new())));
        let recent = Arc::new(RwLock::new(RecentPrices::new()));
        let mut publisher = Publisher { sender, recent: recent.clone() };
        publisher.advance(&mut source, &wanted).await;
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = publisher.advance(&mut source, &wanted) => {}
                }
            }
        });
        (Self { latest, recent, source: S::NAME }, task)
    }

    /// The newest tick.
    pub fn latest(&self) -> Arc<Tick> {
        self.latest.borrow().clone()
    }

    /// Notice of each new tick; one who is slow sees the newest only.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Tick>> {
        self.latest.clone()
    }

    /// Where the prices come from.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether ticks still come.
    pub fn is_healthy(&self) -> bool {
        let tick = self.latest();
        tick.version > 0 && tick.at.elapsed() < SILENCE_MAX
    }

    /// The prices of the latest seconds, oldest first, at most [`RECENT_POINTS_MAX`]; empty for an unwanted ticker.
    pub fn recent_prices(&self, ticker: Ticker) -> Vec<PricePoint> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        recent.get(&ticker).map(|points| points.iter().copied().collect()).unwrap_or_default()
    }

    /// Prices of the latest minutes, evenly spaced, oldest first and ending at the newest; at most
    /// [`SPARKLINE_POINTS_MAX`].
    pub fn sparkline(&self, ticker: Ticker) -> Vec<Price> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let Some(points) = recent.get(&ticker) else {
            return Vec::new();
        };
        let step = points.len().div_ceil(SPARKLINE_POINTS_MAX).max(1);
        let mut prices: Vec<Price> = points.iter().rev().step_by(step).map(|point| point.price).collect();
        prices.reverse();
        prices
    }
}

struct Publisher {
    sender: watch::Sender<Arc<Tick>>,
    recent: Arc<RwLock<RecentPrices>>,
}

impl Publisher {
    /// Waits for the source's next tick and publishes it. Is only ever dropped while it waits.
    async fn advance<S: MarketSource>(&mut self, source: &mut S, wanted: &watch::Receiver<Arc<TickerSet>>) {
        let now_wanted = wanted.borrow().clone();
        match source.next_tick(&now_wanted).await {
            Ok(quotes) => self.publish(source, quotes, &now_wanted),
            Err(cause) => {
                warn!(market.cause = %cause, "no tick; the last prices stay");
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }

    fn publish<S: MarketSource>(&mut self, source: &mut S, quotes: Vec<Quote>, wanted: &TickerSet) {
        self.remember(source, &quotes, wanted);
        let version = self.sender.borrow().version + 1;
        let quotes = quotes.into_iter().map(|quote| (quote.ticker, quote)).collect();
        self.sender.send_replace(Arc::new(Tick::new(version, quotes)));
    }

    fn remember<S: MarketSource>(&self, source: &mut S, quotes: &[Quote], wanted: &TickerSet) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|ticker, _| wanted.contains(ticker));
        for quote in quotes {
            let points = recent.entry(quote.ticker).or_insert_with(|| source.recent_prices(quote).into());
            let point = PricePoint { time: quote.at.unix_ms().div_euclid(1_000), price: quote.price };
            match points.back_mut() {
                // A clock that went back changes the last second, so that times never run backwards.
                Some(last) if last.time >= point.time => last.price = point.price,
                _ => points.push_back(point),
            }
            while points.len() > RECENT_POINTS_MAX {
                points.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::UtcInstant;

    /// A market whose every tick is written down.
    struct Script(VecDeque<Result<Vec<Quote>, super::super::SourceError>>);

    impl MarketSource for Script {
        const NAME: &'static str = "script";

        async fn next_tick(&mut self, wanted: &TickerSet) -> Result<Vec<Quote>, super::super::SourceError> {
            match self.0.pop_front() {
                Some(tick) => {
                    tick.map(|quotes| quotes.into_iter().filter(|quote| wanted.contains(&quote.ticker)).collect())
                }
                None => std::future::pending().await,
            }
        }

        fn recent_prices(&mut self, _: &Quote) -> Vec<PricePoint> {
            Vec::new()
        }
    }

    fn quote(ticker: &str, cents: i64, at_ms: i64) -> Quote {
        let price = Price::from_units(cents * 100).unwrap();
        let at = UtcInstant::from_unix_ms(at_ms);
        Quote { ticker: ticker.parse().unwrap(), price, previous_price: price, day_open: price, at }
    }

    async fn run(script: Vec<Result<Vec<Quote>, super::super::SourceError>>, wanted: &[&str]) -> Feed {
        let ticks = script.iter().filter(|tick| tick.is_ok()).count() as u64;
        let wanted: TickerSet = wanted.iter().map(|ticker| ticker.parse().unwrap()).collect();
        let (_keep, wanted) = watch::channel(Arc::new(wanted));
        let (feed, _task) = Feed::start(Script(script.into()), wanted, CancellationToken::new()).await;
        feed.subscribe().wait_for(|tick| tick.version == ticks).await.unwrap();
        feed
    }

    #[tokio::test]
    async fn a_frame_is_one_event_with_every_wanted_ticker() {
        let feed = run(
            vec![Ok(vec![quote("V", 28_019, 500), quote("AAPL", 19_042, 500), quote("XOM", 1, 500)])],
            &["AAPL", "V"],
        )
        .await;
        let frame = String::from_utf8(feed.latest().frame.to_vec()).unwrap();
        let data = frame.strip_prefix("id: 1\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        let json: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["AAPL", "V"]);
        assert_eq!(json["V"]["price"], 280.19);
    }

    #[tokio::test]
    async fn ticks_within_a_second_are_one_point() {
        let ticks = [(100, 1_000), (101, 1_500), (102, 2_000), (103, 1_900)];
        let feed = run(ticks.map(|(cents, at)| Ok(vec![quote("V", cents, at)])).into(), &["V"]).await;
        let points: Vec<_> = feed
            .recent_prices("V".parse().unwrap())
            .iter()
            .map(|point| (point.time, point.price.units() / 100))
            .collect();
        assert_eq!(points, [(1, 101), (2, 103)]);
    }

    #[tokio::test]
    async fn a_sparkline_is_bounded_and_ends_at_the_newest_price() {
        let ticks = (0..200).map(|second| Ok(vec![quote("V", 100 + second, second * 1_000)])).collect();
        let feed = run(ticks, &["V"]).await;
        let prices = feed.sparkline("V".parse().unwrap());
        assert!((30..=SPARKLINE_POINTS_MAX).contains(&prices.len()));
        assert_eq!(prices.last().unwrap().units(), 29_900);
        assert!(prices.is_sorted());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_source_keeps_the_last_prices_and_recovers() {
        let fault = || Err(super::super::SourceError("down".to_owned()));
        let feed =
            run(vec![Ok(vec![quote("V", 100, 0)]), fault(), fault(), Ok(vec![quote("V", 101, 500)])], &["V"]).await;
        assert_eq!((feed.latest().version, feed.latest().price("V".parse().unwrap())), (2, Price::from_units(10_100)));
    }
}
