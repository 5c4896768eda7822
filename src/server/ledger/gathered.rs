//! What the trades of a transaction leave to be written at its end.
//!
//! Each trade has a row of its own. Of the account, a position or a second's value only what the last of them left is
//! written: nobody sees the rows before the commit, so nobody can tell.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{
    snapshot::write_snapshot,
    store::ACCOUNT_ID,
    trade::{Amounts, Placed},
};
use crate::domain::{account::Holding, instant::UtcInstant, money::Money, portfolio::LastPrice, ticker::Ticker};

/// What some trades left behind, and is not written yet.
#[derive(Default)]
pub struct Gathered {
    /// By what is held of each ticker in the end, and what it was last worth; nothing where all was sold.
    positions: BTreeMap<Ticker, Option<(Holding, LastPrice)>>,
    amounts: Option<Amounts>,
    /// By the second.
    values: BTreeMap<i64, (Money, UtcInstant)>,
}

impl Gathered {
    /// Adds what a trade left the account with.
    pub fn add(&mut self, placed: &Placed, amounts: Amounts) {
        let trade = &placed.receipt.trade;
        self.amounts = Some(amounts);
        let last_price = LastPrice { price: trade.price, at: trade.executed_at };
        self.positions.insert(trade.ticker, placed.holding.map(|holding| (holding, last_price)));
        if let Some(total_value) = placed.receipt.total_value {
            self.values.insert(trade.executed_at.unix_second(), (total_value, trade.executed_at));
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The database's, which undo the transaction.
    pub fn write(&mut self, rows: &Connection) -> rusqlite::Result<()> {
        let Self { positions, amounts, values } = std::mem::take(self);
        if let Some(amounts) = amounts {
            amounts.write(rows)?;
        }
        for (ticker, position) in positions {
            let position = position.map(|(holding, last_price)| (holding, Some(last_price)));
            write_position(ticker, position, rows)?;
        }
        for (total_value, at) in values.into_values() {
            write_snapshot(total_value, at, rows)?;
        }
        Ok(())
    }
}

/// Writes what is held of a ticker over what was, with what it was last worth.
///
/// # Errors
/// The database's.
pub fn write_position(
    ticker: Ticker,
    held: Option<(Holding, Option<LastPrice>)>,
    rows: &Connection,
) -> rusqlite::Result<()> {
    match held {
        Some((Holding { quantity, cost_basis }, last)) => rows
            .prepare_cached(
                "INSERT INTO positions (account_id, ticker, quantity_millionths, cost_basis_cents, last_price_units,
                                        last_price_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET quantity_millionths = ?3, cost_basis_cents = ?4, last_price_units = ?5,
                                           last_price_at_ms = ?6",
            )?
            .execute(params![
                ACCOUNT_ID,
                ticker,
                quantity,
                cost_basis,
                last.map(|last| last.price),
                last.map(|last| last.at),
            ])?,
        None => rows
            .prepare_cached("DELETE FROM positions WHERE account_id = ?1 AND ticker = ?2")?
            .execute(params![ACCOUNT_ID, ticker])?,
    };
    Ok(())
}
