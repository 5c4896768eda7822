//! What the page starts from: everything that its first paint shows, from one moment.

use serde::{Deserialize, Serialize};

use super::{account::Account, candle::Candle, money::Price, quote::Quote, ticker::Ticker};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workstation {
    pub account: Account,
    /// In the order added.
    pub watchlist: Vec<WatchlistLine>,
    /// Of every ticker that is watched or held and has a price.
    pub quotes: Vec<Quote>,
    /// Where prices come from, such as `simulator`.
    pub market_source: String,
    /// What the chart shows first, in the interval that it starts with: nothing when no ticker is watched.
    pub chart: Option<(Ticker, Vec<Candle>)>,
}

/// What the watchlist shows of a ticker beside its quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchlistLine {
    pub ticker: Ticker,
    pub company: Option<String>,
    /// Oldest first.
    pub sparkline: Vec<Price>,
}
