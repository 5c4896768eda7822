//! The account as the page knows it: what the server last said, valued at the prices shown.

use leptos::prelude::*;

use super::market::Market;
use crate::{
    api::load_account,
    domain::{
        account::Account,
        money::Money,
        portfolio::{Portfolio, Position},
        ticker::Ticker,
    },
    error::ApiError,
};

/// The handle to the page's account; copies share it. It holds no price and computes no balance.
#[derive(Clone, Copy)]
pub struct Books {
    account: RwSignal<Account>,
    market: Market,
}

impl Books {
    pub fn new(account: Account, market: Market) -> Self {
        Self { account: RwSignal::new(account), market }
    }

    /// Reads the account anew, after something changed it.
    ///
    /// # Errors
    /// When the server does not answer; what is shown stays.
    pub async fn reload(self) -> Result<(), ApiError> {
        self.account.set(load_account().await?);
        Ok(())
    }

    /// Tracked.
    pub fn cash(self) -> Money {
        self.account.with(|account| account.cash)
    }

    /// What the account was opened with, tracked.
    pub fn initial_deposit(self) -> Money {
        self.account.with(|account| account.initial_deposit)
    }

    /// The tickers held, in alphabetical order, tracked.
    pub fn held(self) -> Vec<Ticker> {
        self.account.with(|account| account.holdings.keys().copied().collect())
    }

    /// One position at the price shown, tracked; its weight is left out.
    pub fn position(self, ticker: Ticker) -> Option<Position> {
        let holding = self.account.with(|account| account.holdings.get(&ticker).copied())?;
        Some(Position::value(ticker, holding, self.market.price(ticker), None))
    }

    /// The whole portfolio at the prices shown, tracked.
    pub fn portfolio(self) -> Portfolio {
        self.account.with(|account| Portfolio::value(account, |ticker| self.market.price(ticker)))
    }
}
