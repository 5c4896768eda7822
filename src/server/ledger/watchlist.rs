//! Watching a ticker, and no longer; and where it stands in the list.

use rusqlite::{Connection, params};

use super::{Books, Change, Write, store::ACCOUNT_ID};
use crate::{
    domain::{
        instant::UtcInstant,
        ticker::Ticker,
        watchlist::{WATCHLIST_MAX, WatchedTicker},
    },
    error::ApiError,
};

/// Adds a ticker to the watchlist, unless it is there.
pub struct WatchTicker {
    pub ticker: Ticker,
    /// What it stands in front of; the end, when that is nothing or not on the list.
    pub before: Option<Ticker>,
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

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<Watched, ApiError>> {
        if let Some(watched) = books.watchlist.iter().find(|watched| watched.ticker == self.ticker) {
            return Ok(Ok(Watched::Already(*watched)));
        }
        if books.watchlist.len() >= WATCHLIST_MAX {
            return Ok(Err(ApiError::WatchlistFull));
        }
        rows.execute(
            "INSERT INTO watchlist (account_id, ticker, ordinal, added_at_ms)
             SELECT ?1, ?2, COALESCE(MAX(ordinal) + 1, 0), ?3 FROM watchlist WHERE account_id = ?1",
            params![ACCOUNT_ID, self.ticker, self.at],
        )?;
        let watched = WatchedTicker { ticker: self.ticker, added_at: self.at };
        books.watchlist.push(watched);
        if self.before.is_some() {
            place_before(books, self.ticker, self.before, rows)?;
        }
        books.outbox.note(Change::Watchlist { ticker: self.ticker, verb: "added" });
        Ok(Ok(Watched::Added(watched)))
    }
}

/// Takes a ticker off the watchlist. One that is held keeps its price.
pub struct UnwatchTicker {
    pub ticker: Ticker,
}

impl Write for UnwatchTicker {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        let Some(index) = books.watchlist.iter().position(|watched| watched.ticker == self.ticker) else {
            return Ok(Err(ApiError::NotWatched { ticker: self.ticker }));
        };
        rows.execute("DELETE FROM watchlist WHERE account_id = ?1 AND ticker = ?2", params![ACCOUNT_ID, self.ticker])?;
        books.watchlist.remove(index);
        books.outbox.note(Change::Watchlist { ticker: self.ticker, verb: "removed" });
        Ok(Ok(()))
    }
}

/// Moves a ticker of the watchlist. The others keep their order, so that moves made at once by several pages agree.
pub struct ReorderWatchlist {
    pub ticker: Ticker,
    /// What it stands in front of; the end, when that is nothing or not on the list.
    pub before: Option<Ticker>,
}

impl Write for ReorderWatchlist {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        if !books.watchlist.iter().any(|watched| watched.ticker == self.ticker) {
            return Ok(Err(ApiError::NotWatched { ticker: self.ticker }));
        }
        let earlier = books.watchlist.clone();
        place_before(books, self.ticker, self.before, rows)?;
        if books.watchlist != earlier {
            books.outbox.note(Change::Watchlist { ticker: self.ticker, verb: "moved" });
        }
        Ok(Ok(()))
    }
}

/// Moves a ticker of the list, and numbers all of it anew: it is short.
fn place_before(books: &mut Books, ticker: Ticker, before: Option<Ticker>, rows: &Connection) -> rusqlite::Result<()> {
    let index_of = |list: &[WatchedTicker], ticker| list.iter().position(|watched| watched.ticker == ticker);
    if before == Some(ticker) {
        return Ok(());
    }
    if let Some(from) = index_of(&books.watchlist, ticker) {
        let moved = books.watchlist.remove(from);
        let to = before.and_then(|before| index_of(&books.watchlist, before)).unwrap_or(books.watchlist.len());
        books.watchlist.insert(to, moved);
    }
    let mut number =
        rows.prepare("UPDATE watchlist SET ordinal = ?3 WHERE account_id = ?1 AND ticker = ?2 AND ordinal <> ?3")?;
    for (ordinal, watched) in (0_i64..).zip(&books.watchlist) {
        number.execute(params![ACCOUNT_ID, watched.ticker, ordinal])?;
    }
    Ok(())
}
