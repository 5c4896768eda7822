//! Changes of the watchlist, for REST, server functions and the copilot.

use std::{sync::Arc, time::Duration};

use super::{
    clock::Clock,
    ledger::{Ledger, ReorderWatchlist, UnwatchTicker, WatchTicker, Watched},
    market::directory::Directory,
};
use crate::{
    domain::{account_id::AccountId, ticker::Ticker},
    error::ApiError,
};

/// Time that a response waits for a new ticker's first price, which comes with the next tick.
pub const FIRST_PRICE_MAX: Duration = Duration::from_millis(1_500);

/// Adds and removes tickers. Clones share the ledger and the directory.
#[derive(Clone)]
pub struct WatchlistService {
    ledger: Ledger,
    directory: Arc<Directory>,
    clock: Clock,
}

impl WatchlistService {
    pub fn new(ledger: Ledger, directory: Arc<Directory>, clock: Clock) -> Self {
        Self { ledger, directory, clock }
    }

    /// Checks that a ticker can be watched: it is followed already, or the market has it.
    ///
    /// # Errors
    /// If the market has no such ticker.
    pub async fn look_up(&self, ticker: Ticker) -> Result<(), ApiError> {
        let is_followed = self.ledger.wanted().borrow().contains(&ticker);
        if is_followed || self.directory.has(ticker).await {
            return Ok(());
        }
        Err(ApiError::UnknownTicker { ticker, can_be_made_up: false })
    }

    /// Appends a ticker, which streams from the next tick on.
    ///
    /// # Errors
    /// If the list is full, or the ledger is busy.
    pub async fn add(&self, account: AccountId, ticker: Ticker) -> Result<Watched, ApiError> {
        self.add_before(account, ticker, None).await
    }

    /// Adds a ticker before another one, or at the end if that one is not on the list.
    ///
    /// # Errors
    /// If the list is full, or the ledger is busy.
    pub async fn add_before(
        &self,
        account: AccountId,
        ticker: Ticker,
        before: Option<Ticker>,
    ) -> Result<Watched, ApiError> {
        self.ledger.submit(account, WatchTicker { ticker, before, at: (self.clock)() }).await
    }

    /// Moves a ticker before another one, or to the end if that one is not on the list.
    ///
    /// # Errors
    /// If it is not on the list, or the ledger is busy.
    pub async fn place_before(
        &self,
        account: AccountId,
        ticker: Ticker,
        before: Option<Ticker>,
    ) -> Result<(), ApiError> {
        self.ledger.submit(account, ReorderWatchlist { ticker, before }).await
    }

    /// Removes a ticker; a held one keeps its live price.
    ///
    /// # Errors
    /// If it is not on the list, or the ledger is busy.
    pub async fn remove(&self, account: AccountId, ticker: Ticker) -> Result<(), ApiError> {
        self.ledger.submit(account, UnwatchTicker { ticker }).await
    }
}
