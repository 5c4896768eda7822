//! Prices: where they come from, and how they reach everyone.

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

/// Where quotes come from: the simulator, or a vendor.
pub trait MarketSource: Send + 'static {
    /// The name under which `health` shows it.
    const NAME: &'static str;

    /// Waits for the next tick, and gives what is new of the wanted tickers, which mostly are the very set of the tick
    /// before. The wait may be given up, when other tickers are wanted: nothing is lost by it.
    ///
    /// # Errors
    /// When the source could not be asked; it may be called again.
    fn next_update(&mut self, wanted: &Arc<TickerSet>) -> impl Future<Output = Result<Update, SourceError>> + Send;

    /// How long it usually is from one tick to the next.
    fn tick_interval(&self) -> Duration;

    /// Tells a ticker's history once more, with an update to come; one that is on its way does for both.
    fn retell(&mut self, _: Ticker) {}

    /// The tickers that were asked for last, and that the source, though it answered, does not know.
    fn unknown(&self) -> Arc<TickerSet> {
        Arc::default()
    }

    /// When its market trades.
    fn hours(&self) -> Hours {
        Hours::Continuous
    }

    /// How long a price counts that the source has confirmed; nothing where a price needs no confirmation, because it is
    /// the source itself that makes it.
    fn price_counts_for(&self) -> Option<Duration> {
        None
    }

    /// The past of every ticker, of a source that knows it by itself. Of another one the feed keeps what was printed.
    fn past(&self) -> Option<Arc<dyn Past>> {
        None
    }
}

/// The past prices of a market, as far back as there are any.
pub trait Past: Send + Sync {
    /// The latest candles up to a moment, oldest first, the last one still forming; at most `limit`.
    fn candles(&self, ticker: Ticker, interval: Interval, at: UtcInstant, limit: usize) -> Vec<Candle>;

    /// Prices of the latest quarter of an hour up to a moment, evenly spaced, oldest first.
    fn sparkline(&self, ticker: Ticker, at: UtcInstant) -> Vec<Price>;
}

/// A source's update at a tick.
#[derive(Debug, Default)]
pub struct Update {
    /// New trades: at most one of each ticker.
    pub prints: Vec<Print>,
    /// Tickers that did not trade since, as they stand; none of them is among the prints.
    pub confirmed: Vec<Quote>,
    /// Whether the source was asked for prices: then it has confirmed those it told, and no others.
    pub is_answer: bool,
    /// By how many minutes the source says that these prices are late.
    pub delay_minutes: Option<u32>,
    /// Candles as the source has them, to set right what was seen of them.
    pub bars: Vec<Bar>,
    /// The history before a ticker's first print, told once, with that print or later.
    pub histories: Vec<History>,
}

/// A minute, or a day, of a ticker as the source has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub ticker: Ticker,
    pub interval: Interval,
    pub candle: Candle,
}

/// A ticker's newest trade, and the shares traded since the print before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    pub quote: Quote,
    pub volume: u64,
}

/// The past of one ticker: candles that are over or forming, oldest first, each list leading up to the live price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub ticker: Ticker,
    pub seconds: Vec<Candle>,
    pub minutes: Vec<Candle>,
    pub five_minutes: Vec<Candle>,
    pub hours: Vec<Candle>,
    pub days: Vec<Candle>,
}

/// The source has no answer now. No text of it ever holds a key.
#[derive(Debug, thiserror::Error)]
#[error("the market source did not answer: {cause}")]
pub struct SourceError {
    /// For the log and for people; without a full stop.
    pub cause: String,
    /// Where nothing changes until a person does something: what is wrong and what to do, in sentences.
    pub refusal: Option<&'static str>,
}

/// The company of a ticker, where it is known.
pub fn company_name(ticker: Ticker) -> Option<&'static str> {
    simulator::listing(ticker).map(|listing| listing.company)
}

/// Every ticker that is known by name, in alphabetical order.
pub fn listings() -> Vec<Listed> {
    let mut listings: Vec<Listed> =
        simulator::listings::all().map(|(ticker, company)| Listed { ticker, company: company.to_owned() }).collect();
    listings.sort_by_key(|listed| listed.ticker);
    listings
}
