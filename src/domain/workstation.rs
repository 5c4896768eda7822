//! The page's first state: everything that its first paint shows, from one moment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    account::Account, candle::Candle, chat::Conversation, day::DayTrades, money::Price, portfolio::LastPrice,
    quote::Quote, ticker::Ticker,
};
use crate::error::ApiError;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workstation {
    /// The number of the account's latest change, up to which all of this is told.
    pub version: i64,
    pub account: Account,
    /// The last known price of each holding.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    pub today: DayTrades,
    /// In the list's order.
    pub watchlist: Vec<WatchlistLine>,
    /// Of every ticker that is watched or held and has a price.
    pub quotes: Vec<Quote>,
    /// Where prices come from, such as `simulator`.
    pub market_source: String,
    /// As [`MarketStatus::write`](super::market_status::MarketStatus::write) has it.
    pub market_status: String,
    /// The chart's first candles, in the interval that it starts with: nothing when no ticker is watched.
    pub chart: Option<(Ticker, Vec<Candle>)>,
    /// The newest of the conversation with the copilot, or why it could not be read.
    pub conversation: Result<Conversation, ApiError>,
}

/// The account anew, after something changed it, and what it traded on the day of its latest trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub account: Account,
    /// The last known price of each holding.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    pub today: DayTrades,
    /// The number of the account's latest change.
    pub version: i64,
}

/// The watchlist anew, after something changed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchedLines {
    /// The number of the account's latest change.
    pub version: i64,
    /// In the list's order.
    pub lines: Vec<WatchlistLine>,
    /// Of every ticker of the list that has a price.
    pub quotes: Vec<Quote>,
}

/// A ticker that is known by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub ticker: Ticker,
    pub company: String,
}

/// A ticker's line in the watchlist, besides its quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchlistLine {
    pub ticker: Ticker,
    pub company: Option<String>,
    /// No company is known by this ticker: the simulator makes its prices up.
    pub is_made_up: bool,
    /// Oldest first.
    pub sparkline: Vec<Price>,
}
