//! Rows that a transaction writes once, at its end, however often it changes them.
//!
//! Each trade has its own row. For an account's amounts, a position or a second's value only the last one is written:
//! rows are invisible before the commit.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::{Connection, params};

use super::days::write_day;
use crate::{
    domain::{
        account::Holding, account_id::AccountId, corporate_action::ExchangeDate, instant::UtcInstant, money::Money,
        performance::day::AccountDay, portfolio::LastPrice, ticker::Ticker,
    },
    server::ledger::effect::Amounts,
};

/// Holding of a ticker with its last known price; `None` if no longer held.
pub type Held = Option<(Holding, Option<LastPrice>)>;

/// Pending rows of a transaction.
#[derive(Default)]
pub struct PendingUpserts {
    /// A list, since few accounts share a transaction.
    accounts: Vec<(AccountId, AccountUpserts)>,
}

/// The pending rows of one account.
#[derive(Default)]
struct AccountUpserts {
    positions: BTreeMap<Ticker, Held>,
    amounts: Option<Amounts>,
    /// The account's value by the second.
    values: BTreeMap<i64, Money>,
    days: BTreeMap<ExchangeDate, Arc<AccountDay>>,
}

impl PendingUpserts {
    pub fn put_position(&mut self, account: AccountId, ticker: Ticker, held: Held) {
        self.of(account).positions.insert(ticker, held);
    }

    pub fn put_amounts(&mut self, account: AccountId, amounts: Amounts) {
        self.of(account).amounts = Some(amounts);
    }

    pub fn put_value(&mut self, account: AccountId, at: UtcInstant, total_value: Money) {
        self.of(account).values.insert(at.unix_second(), total_value);
    }

    pub fn put_day(&mut self, account: AccountId, day: Arc<AccountDay>) {
        self.of(account).days.insert(day.date, day);
    }

    fn of(&mut self, account: AccountId) -> &mut AccountUpserts {
        // Usually the same account as before.
        let index = self.accounts.iter().rposition(|(known, _)| *known == account).unwrap_or_else(|| {
            self.accounts.push((account, AccountUpserts::default()));
            self.accounts.len() - 1
        });
        &mut self.accounts[index].1
    }

    /// Writes all rows.
    ///
    /// # Errors
    /// The database's, which roll back the transaction.
    pub fn write(&mut self, rows: &Connection) -> rusqlite::Result<()> {
        for (account, AccountUpserts { positions, amounts, values, days }) in self.accounts.drain(..) {
            if let Some(amounts) = amounts {
                write_amounts(account, amounts, rows)?;
            }
            for (ticker, held) in positions {
                write_position(account, ticker, held, rows)?;
            }
            for (second, total_value) in values {
                write_value(account, second, total_value, rows)?;
            }
            for day in days.into_values() {
                write_day(account, &day, rows)?;
            }
        }
        Ok(())
    }
}

fn write_amounts(account: AccountId, amounts: Amounts, rows: &Connection) -> rusqlite::Result<()> {
    let Amounts { cash, realized_pnl, income, high_water_mark } = amounts;
    rows.prepare_cached(
        "UPDATE accounts
         SET cash_cents = ?2, realized_pnl_cents = ?3, income_cents = ?4, high_water_mark_cents = ?5 WHERE id = ?1",
    )?
    .execute(params![account, cash, realized_pnl, income, high_water_mark])?;
    Ok(())
}

fn write_position(account: AccountId, ticker: Ticker, held: Held, rows: &Connection) -> rusqlite::Result<()> {
    match held {
        Some((Holding { quantity, cost_basis }, last)) => rows
            .prepare_cached(
                "INSERT INTO positions (account_id, ticker, quantity_millionths, cost_basis_cents, last_price_units,
                                        last_price_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (account_id, ticker) DO UPDATE SET
                     quantity_millionths = ?3, cost_basis_cents = ?4, last_price_units = ?5, last_price_at_ms = ?6",
            )?
            .execute(params![
                account,
                ticker,
                quantity,
                cost_basis,
                last.map(|last| last.price),
                last.map(|last| last.at),
            ])?,
        None => rows
            .prepare_cached("DELETE FROM positions WHERE account_id = ?1 AND ticker = ?2")?
            .execute(params![account, ticker])?,
    };
    Ok(())
}

fn write_value(account: AccountId, second: i64, total_value: Money, rows: &Connection) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "INSERT INTO snapshots (account_id, recorded_at_s, total_value_cents) VALUES (?1, ?2, ?3)
         ON CONFLICT (account_id, recorded_at_s) DO UPDATE SET total_value_cents = ?3",
    )?
    .execute(params![account, second, total_value])?;
    Ok(())
}
