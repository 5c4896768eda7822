//! The page's initial state: everything that its first paint shows, from one moment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    account::Account, candle::Candle, chat::Conversation, day::DayTrades, money::Price, orders::hold::Holds,
    portfolio::LastPrice, quote::Quote, ticker::Ticker,
};
use crate::error::ApiError;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workstation {
    /// Version of the account's latest change that this state includes.
    pub version: i64,
    pub account: Account,
    /// What open orders hold of it.
    pub holds: Holds,
    /// The last known price of each holding.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    pub today: DayTrades,
    /// In the watchlist's order.
    pub watchlist: Vec<WatchlistLine>,
    /// Quotes of every watched or held ticker with a price.
    pub quotes: Vec<Quote>,
    /// Source of the prices, such as `simulator`.
    pub market_source: String,
    /// In the format of [`MarketStatus::write`](super::market_status::MarketStatus::write).
    pub market_status: String,
    /// The chart's first candles, in its initial interval; `None` if no ticker is watched.
    pub chart: Option<(Ticker, Vec<Candle>)>,
    /// The newest part of the conversation with the copilot, or the error of reading it.
    pub conversation: Result<Conversation, ApiError>,
}

/// The account's new state after a change, with its trades on the day of the latest trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub account: Account,
    /// What open orders hold of it.
    pub holds: Holds,
    /// The last known price of each holding.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    pub today: DayTrades,
    /// Version of the account's latest change.
    pub version: i64,
}

/// The watchlist's new state after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchedLines {
    /// Version of the account's latest change.
    pub version: i64,
    /// In the watchlist's order.
    pub lines: Vec<WatchlistLine>,
    /// Quotes of every listed ticker with a price.
    pub quotes: Vec<Quote>,
}

/// A ticker with a known name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub ticker: Ticker,
    pub company: String,
}

/// A ticker's line in the watchlist, without its quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchlistLine {
    pub ticker: Ticker,
    pub company: Option<String>,
    /// Whether the ticker belongs to no known company, so that the simulator invents its prices.
    pub is_made_up: bool,
    /// Oldest first.
    pub sparkline: Vec<Price>,
}
