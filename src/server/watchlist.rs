//! Changing the watchlist: one way for REST, server functions and copilot alike.

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

/// How long an answer waits for a new ticker's first price; it is there at the next tick.
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

    /// Makes sure that a ticker can be watched: it is followed already, or the market has it.
    ///
    /// # Errors
    /// When the market has no such ticker.
    pub async fn look_up(&self, ticker: Ticker) -> Result<(), ApiError> {
        let is_followed = self.ledger.wanted().borrow().contains(&ticker);
        if is_followed || self.directory.has(ticker).await {
            return Ok(());
        }
        Err(ApiError::UnknownTicker { ticker, can_be_made_up: false })
    }

    /// Appends a ticker, which then streams from the next tick on.
    ///
    /// # Errors
    /// When the list is full, or the ledger busy.
    pub async fn add(&self, account: AccountId, ticker: Ticker) -> Result<Watched, ApiError> {
        self.add_before(account, ticker, None).await
    }

    /// Adds a ticker in front of another one, or at the end when there is no such one on the list.
    ///
    /// # Errors
    /// When the list is full, or the ledger busy.
    pub async fn add_before(
        &self,
        account: AccountId,
        ticker: Ticker,
        before: Option<Ticker>,
    ) -> Result<Watched, ApiError> {
        self.ledger.submit(account, WatchTicker { ticker, before, at: (self.clock)() }).await
    }

    /// Moves a ticker in front of another one, or to the end when there is no such one on the list.
    ///
    /// # Errors
    /// When it is not on the list, or the ledger is busy.
    pub async fn place_before(
        &self,
        account: AccountId,
        ticker: Ticker,
        before: Option<Ticker>,
    ) -> Result<(), ApiError> {
        self.ledger.submit(account, ReorderWatchlist { ticker, before }).await
    }

    /// Takes a ticker off; one that is held keeps its live price.
    ///
    /// # Errors
    /// When it is not on the list, or the ledger is busy.
    pub async fn remove(&self, account: AccountId, ticker: Ticker) -> Result<(), ApiError> {
        self.ledger.submit(account, UnwatchTicker { ticker }).await
    }
}
