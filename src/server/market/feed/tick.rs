//! A tick: the market at one moment.

use std::{sync::Arc, time::Instant};

use crate::{
    domain::{
        freshness::Freshness, instant::UtcInstant, market_status::MarketStatus, money::Price, quote::Quotes,
        ticker::Ticker, trading_day::TradingDay,
    },
    error::ApiError,
    server::{
        ledger::TickerSet,
        market::{
            event::Event,
            frame::{Choice, Frames},
            hours::Hours,
        },
    },
};

/// The market at one moment: every wanted ticker's latest quote, and the frames with them.
#[derive(Debug)]
pub struct Tick {
    /// Counts from 1; 0 is the market before its first tick.
    pub version: u64,
    pub quotes: Quotes,
    /// Time of the source's last answer.
    pub at: Instant,
    /// Wanted tickers that the source does not know.
    pub(super) unknown: Arc<TickerSet>,
    pub status: Arc<MarketStatus>,
    /// Time since which the prices have been live, delayed or stale as in the status.
    pub since: UtcInstant,
    pub(super) freshness: Arc<Freshness>,
    pub(super) hours: Hours,
    pub(super) frames: Frames,
}

impl Tick {
    /// A market that never closes, without a history.
    pub fn new(version: u64, quotes: Quotes) -> Self {
        let at = quotes.iter().map(|quote| quote.at).max().unwrap_or(UtcInstant::EPOCH);
        let status = MarketStatus::live(TradingDay::utc(at));
        Self::of(version, quotes, status, at, Freshness::default(), Hours::Continuous)
    }

    pub(super) fn of(
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

    /// The same market, with confirmations of prices and with hours.
    pub fn with_rules(self, freshness: Freshness, hours: Hours) -> Self {
        Self { freshness: Arc::new(freshness), hours, ..self }
    }

    /// The same market, with tickers that its source does not know.
    pub fn with_unknown(self, unknown: TickerSet) -> Self {
        Self { unknown: Arc::new(unknown), ..self }
    }

    pub fn price(&self, ticker: Ticker) -> Option<Price> {
        self.quotes.get(ticker).map(|quote| quote.price)
    }

    /// Whether the source has answered a request for the ticker without knowing it.
    pub fn is_unknown(&self, ticker: Ticker) -> bool {
        self.unknown.contains(&ticker)
    }

    /// Price of an order that is executed at a moment.
    ///
    /// # Errors
    /// If there is no price, it is stale at that moment, or the market is closed then.
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

    /// Time of the last confirmation of a ticker's price; `None` if prices need none.
    pub fn confirmed_at(&self, ticker: Ticker) -> Option<UtcInstant> {
        self.freshness.confirmed_at(ticker)
    }

    /// Number of ticks written as JSON so far, including this one.
    pub fn frames_written(&self) -> u64 {
        self.frames.written()
    }

    /// The event for a reader that last saw the tick `seen`; `None` if nothing changed for it.
    pub fn frame(&self, choice: &Choice, seen: u64) -> Option<Event> {
        self.frames.of(&self.quotes, choice, seen + 1 != self.version)
    }
}
