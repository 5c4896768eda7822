//! Writes that add, remove and move tickers of the watchlist.

use super::{
    Books, Change, Write,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        ticker::Ticker,
        watchlist::{WATCHLIST_MAX, WatchedTicker},
    },
    error::ApiError,
};

/// Adds a ticker to the watchlist, unless it is there.
pub struct WatchTicker {
    pub ticker: Ticker,
    /// Ticker that it is placed before; `None`, or one that is not listed, means the end.
    pub before: Option<Ticker>,
    pub at: UtcInstant,
}

/// Outcome of adding a ticker, which is on the watchlist now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    Added(WatchedTicker),
    Already(WatchedTicker),
}

impl Write for WatchTicker {
    type Outcome = Watched;
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<(Watched, Effects), ApiError> {
        if let Some(watched) = books.watchlist.iter().find(|watched| watched.ticker == self.ticker) {
            return Ok((Watched::Already(*watched), Effects::new()));
        }
        if books.watchlist.len() >= WATCHLIST_MAX {
            return Err(ApiError::WatchlistFull);
        }
        let watched = WatchedTicker { ticker: self.ticker, added_at: self.at };
        let mut effects = vec![Effect::Watched(watched)];
        if self.before.is_some() {
            let order = order_of(books).into_iter().chain([self.ticker]).collect();
            effects.push(Effect::WatchlistOrdered(placed_before(order, self.ticker, self.before)));
        }
        effects.push(Effect::Event(Change::Watchlist { ticker: self.ticker, verb: "added" }));
        Ok((Watched::Added(watched), effects))
    }
}

/// Removes a ticker from the watchlist. A held one keeps its price.
pub struct UnwatchTicker {
    pub ticker: Ticker,
}

impl Write for UnwatchTicker {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let ticker = self.ticker;
        if !books.watches(ticker) {
            return Err(ApiError::NotWatched { ticker });
        }
        let event = Effect::Event(Change::Watchlist { ticker, verb: "removed" });
        Ok(((), vec![Effect::Unwatched(ticker), event]))
    }
}

/// Moves a ticker of the watchlist. The others keep their order, so that concurrent moves of several pages agree.
pub struct ReorderWatchlist {
    pub ticker: Ticker,
    /// Ticker that it is placed before; `None`, or one that is not listed, means the end.
    pub before: Option<Ticker>,
}

impl Write for ReorderWatchlist {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let ticker = self.ticker;
        if !books.watches(ticker) {
            return Err(ApiError::NotWatched { ticker });
        }
        let order = order_of(books);
        let moved = placed_before(order.clone(), ticker, self.before);
        if moved == order {
            return Ok(((), Effects::new()));
        }
        let event = Effect::Event(Change::Watchlist { ticker, verb: "moved" });
        Ok(((), vec![Effect::WatchlistOrdered(moved), event]))
    }
}

fn order_of(books: &Books) -> Vec<Ticker> {
    books.watchlist.iter().map(|watched| watched.ticker).collect()
}

/// The list with one ticker moved before another, or to the end.
fn placed_before(mut order: Vec<Ticker>, ticker: Ticker, before: Option<Ticker>) -> Vec<Ticker> {
    if before != Some(ticker) {
        order.retain(|other| *other != ticker);
        let index = before.and_then(|before| order.iter().position(|other| *other == before));
        order.insert(index.unwrap_or(order.len()), ticker);
    }
    order
}
