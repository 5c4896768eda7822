//! The tickers a person follows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    instant::UtcInstant,
    money::{Price, PriceChange},
    quote::{Direction, Quote},
    ticker::Ticker,
};

/// Most points of a watchlist entry's sparkline.
pub const SPARKLINE_POINTS_MAX: usize = 60;

/// Most tickers of a watchlist.
pub const WATCHLIST_MAX: usize = 50;

/// The watchlist of a new account, in this order.
pub const DEFAULT_TICKERS: [&str; 10] = ["AAPL", "GOOGL", "MSFT", "AMZN", "TSLA", "NVDA", "META", "JPM", "V", "NFLX"];

/// A watched ticker, with the time it was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedTicker {
    pub ticker: Ticker,
    pub added_at: UtcInstant,
}

/// A watched ticker with its price and recent prices; the figures are null while it has no price.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WatchlistEntry {
    pub ticker: Ticker,
    pub added_at: UtcInstant,
    pub price: Option<Price>,
    pub previous_price: Option<Price>,
    pub change: Option<PriceChange>,
    pub change_percent: Option<f64>,
    pub direction: Option<Direction>,
    pub day_change: Option<PriceChange>,
    pub day_change_percent: Option<f64>,
    /// Whether the source has not confirmed the price for too long: it is not traded at.
    pub stale: bool,
    /// Oldest first, at most [`SPARKLINE_POINTS_MAX`].
    pub sparkline: Vec<Price>,
    /// Whether the ticker belongs to no known company, so that the simulator invents its prices.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub made_up: bool,
}

impl WatchlistEntry {
    pub fn new(watched: WatchedTicker, quote: Option<&Quote>, sparkline: Vec<Price>, made_up: bool) -> Self {
        Self {
            ticker: watched.ticker,
            added_at: watched.added_at,
            price: quote.map(|quote| quote.price),
            previous_price: quote.map(|quote| quote.previous_price),
            change: quote.map(Quote::change),
            change_percent: quote.map(Quote::change_percent),
            direction: quote.map(|quote| Direction::of(quote.change())),
            day_change: quote.map(Quote::day_change),
            day_change_percent: quote.map(Quote::day_change_percent),
            stale: quote.is_some_and(|quote| quote.is_stale),
            sparkline,
            made_up,
        }
    }
}

/// Response of `GET /api/watchlist`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Watchlist {
    /// In the order added, unless rearranged.
    pub tickers: Vec<WatchlistEntry>,
}
