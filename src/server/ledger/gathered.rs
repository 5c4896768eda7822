//! What the trades of a transaction leave to be written: as few statements as say the same.
//!
//! Each statement is a round trip to the thread that owns the connection, which costs more than what the statement does.
//! So trades that share a transaction also share their statements: their rows go in together, and of the account, a
//! position or a second's value only what the last of them left is written. Nobody sees the rows before the commit, so
//! nobody can tell.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    snapshot::write_snapshot,
    store::ACCOUNT_ID,
    trade::{Amounts, Placed},
};
use crate::domain::{account::Holding, instant::UtcInstant, money::Money, order::ClientOrderId, ticker::Ticker};

/// The most rows of one statement; statements of every length up to it are kept prepared.
const ROWS_MAX: usize = 32;

/// Trades whose rows are not written yet.
#[derive(Default)]
pub struct Gathered {
    trades: Vec<Placed>,
    /// By what is held of each ticker in the end; nothing where all was sold.
    positions: BTreeMap<Ticker, Option<Holding>>,
    amounts: Option<Amounts>,
    /// By the second.
    values: BTreeMap<i64, (Money, UtcInstant)>,
}

impl Gathered {
    /// Adds a trade, and what it left the account with.
    pub fn add(&mut self, placed: Placed, amounts: Amounts) {
        let trade = &placed.receipt.trade;
        self.amounts = Some(amounts);
        self.positions.insert(trade.ticker, placed.holding);
        if let Some(total_value) = placed.receipt.total_value {
            self.values.insert(trade.executed_at.unix_ms().div_euclid(1_000), (total_value, trade.executed_at));
        }
        self.trades.push(placed);
    }

    /// Whether one of them is the order of this name.
    pub fn has_order(&self, id: &ClientOrderId) -> bool {
        self.trades.iter().any(|placed| placed.receipt.trade.client_order_id.as_ref() == Some(id))
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The database's, which undo the transaction.
    pub async fn write(&mut self, rows: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let Self { trades, positions, amounts, values } = std::mem::take(self);
        if let Some(amounts) = amounts {
            amounts.write(rows).await?;
        }
        write_positions(positions, rows).await?;
        for trades in trades.chunks(ROWS_MAX) {
            write_trades(trades, rows).await?;
        }
        for (total_value, at) in values.into_values() {
            write_snapshot(total_value, at, rows).await?;
        }
        Ok(())
    }
}

async fn write_positions(
    positions: BTreeMap<Ticker, Option<Holding>>,
    rows: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    let (mut held, mut sold) = (Vec::new(), Vec::new());
    for (ticker, holding) in positions {
        match holding {
            Some(holding) => held.push((ticker, holding)),
            None => sold.push(ticker),
        }
    }
    for held in held.chunks(ROWS_MAX) {
        let mut statement = QueryBuilder::<Sqlite>::new(
            "INSERT INTO positions (account_id, ticker, quantity_millionths, cost_basis_cents) ",
        );
        statement.push_values(held, |mut row, (ticker, holding)| {
            row.push_bind(ACCOUNT_ID)
                .push_bind(ticker.as_str().to_owned())
                .push_bind(holding.quantity.millionths())
                .push_bind(holding.cost_basis.cents());
        });
        statement.push(
            " ON CONFLICT DO UPDATE SET quantity_millionths = excluded.quantity_millionths,
                cost_basis_cents = excluded.cost_basis_cents",
        );
        statement.build().execute(&mut *rows).await?;
    }
    for ticker in sold {
        sqlx::query("DELETE FROM positions WHERE account_id = ?1 AND ticker = ?2")
            .bind(ACCOUNT_ID)
            .bind(ticker.as_str().to_owned())
            .execute(&mut *rows)
            .await?;
    }
    Ok(())
}

/// In their order, which gives them their sequence.
async fn write_trades(trades: &[Placed], rows: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut statement = QueryBuilder::<Sqlite>::new(
        "INSERT INTO trades (id, account_id, client_order_id, ticker, side, quantity_millionths, price_units,
             notional_cents, realized_pnl_cents, source, executed_at_ms, cash_cents_after, quantity_millionths_after,
             cost_basis_cents_after, total_value_cents_after) ",
    );
    statement.push_values(trades, |mut row, Placed { receipt, holding }| {
        let trade = &receipt.trade;
        row.push_bind(trade.id.clone())
            .push_bind(ACCOUNT_ID)
            .push_bind(trade.client_order_id.as_ref().map(|id| id.as_str().to_owned()))
            .push_bind(trade.ticker.as_str().to_owned())
            .push_bind(trade.side.as_str())
            .push_bind(trade.quantity.millionths())
            .push_bind(trade.price.units())
            .push_bind(trade.notional.cents())
            .push_bind(trade.realized_pnl.cents())
            .push_bind(trade.source.as_str())
            .push_bind(trade.executed_at.unix_ms())
            .push_bind(receipt.cash_balance.cents())
            .push_bind(holding.map(|holding| holding.quantity.millionths()))
            .push_bind(holding.map(|holding| holding.cost_basis.cents()))
            .push_bind(receipt.total_value.map(Money::cents));
    });
    statement.build().execute(rows).await?;
    Ok(())
}
