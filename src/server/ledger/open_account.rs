//! Opening an account.

use super::{
    Books, Write,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{
    domain::{
        account::INITIAL_DEPOSIT,
        account_id::AccountId,
        instant::UtcInstant,
        watchlist::{DEFAULT_TICKERS, WatchedTicker},
    },
    error::ApiError,
};

/// Opens an account with the initial deposit and the default watchlist; an open one is unchanged.
pub struct OpenAccount {
    pub at: UtcInstant,
}

impl Write for OpenAccount {
    type Outcome = ();
    type Found = ();

    const OPENS_ACCOUNT: bool = true;

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        if books.is_open {
            return Ok(((), Effects::new()));
        }
        let at = self.at;
        // Invariant: each of them is a ticker.
        let tickers = DEFAULT_TICKERS.into_iter().filter_map(|symbol| symbol.parse().ok());
        let watched = tickers.map(|ticker| Effect::Watched(WatchedTicker { ticker, added_at: at }));
        let opened = Effect::AccountOpened { deposit: INITIAL_DEPOSIT, at };
        Ok(((), [opened].into_iter().chain(watched).collect()))
    }
}
