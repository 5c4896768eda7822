//! What each holding was last worth a share, kept for the time when its market has no price any more.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{Books, Write, store::ACCOUNT_ID};
use crate::{
    domain::{
        portfolio::{LastPrice, Mark, Portfolio},
        ticker::Ticker,
    },
    error::ApiError,
    server::market::feed::Tick,
};

impl Books {
    /// What a holding is valued at: the market's price, or the last one known.
    pub fn mark(&self, prices: &Tick, ticker: Ticker) -> Option<Mark> {
        Mark::of(prices.quotes.get(ticker), self.last_prices.get(&ticker))
    }

    /// The account, valued.
    pub fn value(&self, prices: &Tick) -> Portfolio {
        Portfolio::value(&self.account, |ticker| self.mark(prices, ticker))
    }
}

/// Keeps the prices of what is held.
pub struct RecordPrices {
    pub prices: Arc<Tick>,
}

impl Write for RecordPrices {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        for ticker in books.account.holdings.keys() {
            let Some(quote) = self.prices.quotes.get(*ticker) else {
                continue;
            };
            let last = LastPrice { price: quote.price, at: quote.at };
            if books.last_prices.insert(*ticker, last) != Some(last) {
                write(*ticker, last, rows)?;
            }
        }
        Ok(Ok(()))
    }
}

fn write(ticker: Ticker, LastPrice { price, at }: LastPrice, rows: &Connection) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "UPDATE positions SET last_price_units = ?3, last_price_at_ms = ?4 WHERE account_id = ?1 AND ticker = ?2",
    )?
    .execute(params![ACCOUNT_ID, ticker, price, at])?;
    Ok(())
}
