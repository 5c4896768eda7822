//! Watching a ticker, and no longer.

use sqlx::SqliteConnection;

use super::{Books, Write, store::ACCOUNT_ID};
use crate::{
    domain::{
        instant::UtcInstant,
        ticker::Ticker,
        watchlist::{WATCHLIST_MAX, WatchedTicker},
    },
    error::ApiError,
};

/// Appends a ticker to the watchlist, unless it is there.
pub struct WatchTicker {
    pub ticker: Ticker,
    pub at: UtcInstant,
}

/// A ticker that is on the watchlist now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    Added(WatchedTicker),
    Already(WatchedTicker),
}

impl Write for WatchTicker {
    type Outcome = Watched;

    async fn apply(
        &self,
        books: &mut Books,
        rows: &mut SqliteConnection,
    ) -> Result<Result<Watched, ApiError>, sqlx::Error> {
        if let Some(watched) = books.watchlist.iter().find(|watched| watched.ticker == self.ticker) {
            return Ok(Ok(Watched::Already(*watched)));
        }
        if books.watchlist.len() >= WATCHLIST_MAX {
            return Ok(Err(ApiError::WatchlistFull));
        }
        sqlx::query(
            "INSERT INTO watchlist (account_id, ticker, ordinal, added_at_ms)
             SELECT ?1, ?2, COALESCE(MAX(ordinal) + 1, 0), ?3 FROM watchlist WHERE account_id = ?1",
        )
        .bind(ACCOUNT_ID)
        .bind(self.ticker.as_str().to_owned())
        .bind(self.at.unix_ms())
        .execute(rows)
        .await?;
        let watched = WatchedTicker { ticker: self.ticker, added_at: self.at };
        books.watchlist.push(watched);
        Ok(Ok(Watched::Added(watched)))
    }
}

/// Takes a ticker off the watchlist. One that is held keeps its price.
pub struct UnwatchTicker {
    pub ticker: Ticker,
}

impl Write for UnwatchTicker {
    type Outcome = ();

    async fn apply(&self, books: &mut Books, rows: &mut SqliteConnection) -> Result<Result<(), ApiError>, sqlx::Error> {
        let Some(index) = books.watchlist.iter().position(|watched| watched.ticker == self.ticker) else {
            return Ok(Err(ApiError::NotWatched { ticker: self.ticker }));
        };
        sqlx::query("DELETE FROM watchlist WHERE account_id = ?1 AND ticker = ?2")
            .bind(ACCOUNT_ID)
            .bind(self.ticker.as_str().to_owned())
            .execute(rows)
            .await?;
        books.watchlist.remove(index);
        Ok(Ok(()))
    }
}
