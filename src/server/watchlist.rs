//! Changing the watchlist: one way for REST, server functions and copilot alike.

use super::{
    clock::Clock,
    ledger::{Ledger, UnwatchTicker, WatchTicker, Watched},
};
use crate::{domain::ticker::Ticker, error::ApiError};

/// Adds and removes tickers. Clones share the ledger.
#[derive(Clone)]
pub struct WatchlistService {
    ledger: Ledger,
    clock: Clock,
}

impl WatchlistService {
    pub fn new(ledger: Ledger, clock: Clock) -> Self {
        Self { ledger, clock }
    }

    /// Appends a ticker, which then streams from the next tick on.
    ///
    /// # Errors
    /// When the list is full, or the ledger busy.
    pub async fn add(&self, ticker: Ticker) -> Result<Watched, ApiError> {
        self.ledger.submit(WatchTicker { ticker, at: (self.clock)() }).await
    }

    /// Takes a ticker off; one that is held keeps its live price.
    ///
    /// # Errors
    /// When it is not on the list, or the ledger is busy.
    pub async fn remove(&self, ticker: Ticker) -> Result<(), ApiError> {
        self.ledger.submit(UnwatchTicker { ticker }).await
    }
}
