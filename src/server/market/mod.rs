//! Prices: their sources, and their distribution.

pub mod candles;
pub mod directory;
pub mod event;
pub mod feed;
pub mod frame;
pub mod hours;
pub mod massive;
pub mod simulator;
pub mod splits;
pub mod wanted;

use std::{sync::Arc, time::Duration};

use self::hours::Hours;
use crate::{
    domain::{
        candle::{Candle, Interval},
        instant::UtcInstant,
        money::Price,
        quote::Quote,
        ticker::Ticker,
        workstation::Listed,
    },
    server::ledger::TickerSet,
};

/// A source of quotes: the simulator, or a vendor.
pub trait MarketSource: Send + 'static {
    /// Name in `health`.
    const NAME: &'static str;

    /// Waits for the next tick, and returns the changes of the wanted tickers, which are usually the same set as
    /// before. The future may be dropped if the wanted tickers change; nothing is lost.
    ///
    /// # Errors
    /// If the request failed; it may be called again.
    fn next_update(&mut self, wanted: &Arc<TickerSet>) -> impl Future<Output = Result<Update, SourceError>> + Send;

    /// Usual interval between ticks.
    fn tick_interval(&self) -> Duration;

    /// Delivers a ticker's history again with a later update; one that is already on its way suffices.
    fn retell(&mut self, _: Ticker) {}

    /// Tickers of the last successful request that the source does not know.
    fn unknown(&self) -> Arc<TickerSet> {
        Arc::default()
    }

    /// Trading hours of its market.
    fn hours(&self) -> Hours {
        Hours::Continuous
    }

    /// Validity of a confirmation of a price; `None` if prices need none, because the source itself generates them.
    fn price_counts_for(&self) -> Option<Duration> {
        None
    }

    /// The past of every ticker, if the source can compute it. Otherwise the feed keeps the prints.
    fn past(&self) -> Option<Arc<dyn Past>> {
        None
    }
}

/// The past prices of a market.
pub trait Past: Send + Sync {
    /// The latest candles up to a moment, oldest first, the last one still forming; at most `limit`.
    fn candles(&self, ticker: Ticker, interval: Interval, at: UtcInstant, limit: usize) -> Vec<Candle>;

    /// Prices of the latest 15 minutes up to a moment, evenly spaced, oldest first.
    fn sparkline(&self, ticker: Ticker, at: UtcInstant) -> Vec<Price>;
}

/// A source's update at a tick.
#[derive(Debug, Default)]
pub struct Update {
    /// New trades: at most one per ticker.
    pub prints: Vec<Print>,
    /// Unchanged quotes of tickers without a new trade; none of them is among the prints.
    pub confirmed: Vec<Quote>,
    /// Whether prices were requested: then exactly the returned ones are confirmed.
    pub is_answer: bool,
    /// Delay in minutes that the source announces.
    pub delay_minutes: Option<u32>,
    /// Candles from the source, to correct those made from prints.
    pub bars: Vec<Bar>,
    /// The history before a ticker's first print, delivered once, with that print or later.
    pub histories: Vec<History>,
}

/// A minute or a day of a ticker, from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub ticker: Ticker,
    pub interval: Interval,
    pub candle: Candle,
}

/// A ticker's newest trade, and the shares traded since the previous print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    pub quote: Quote,
    pub volume: u64,
}

/// The past of one ticker: completed or forming candles, oldest first, each list leading up to the live price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub ticker: Ticker,
    pub seconds: Vec<Candle>,
    pub minutes: Vec<Candle>,
    pub five_minutes: Vec<Candle>,
    pub hours: Vec<Candle>,
    pub days: Vec<Candle>,
}

/// The source has no answer now. Its texts never contain a key.
#[derive(Debug, thiserror::Error)]
#[error("the market source did not answer: {cause}")]
pub struct SourceError {
    /// Cause for the log and for people; without a full stop.
    pub cause: String,
    /// If only a person can fix it: the fault and its remedy, in sentences.
    pub refusal: Option<&'static str>,
}

/// Company of a ticker, if known.
pub fn company_name(ticker: Ticker) -> Option<&'static str> {
    simulator::listing(ticker).map(|listing| listing.company)
}

/// Every ticker with a known name, in alphabetical order.
pub fn listings() -> Vec<Listed> {
    let mut listings: Vec<Listed> =
        simulator::listings::all().map(|(ticker, company)| Listed { ticker, company: company.to_owned() }).collect();
    listings.sort_by_key(|listed| listed.ticker);
    listings
}
