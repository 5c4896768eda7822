//! Rows of splits and dividends.

use rusqlite::{Connection, Row, params, types::Type};

use super::{SqliteRows, trades::limit_of};
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::{ActionRecord, ExchangeDate, SplitRatio},
        instant::UtcInstant,
        ticker::Ticker,
    },
    server::ledger::{
        corporate_actions::{OwedDividend, PastSplit},
        store::{ActionRows, StoreFault},
    },
};

const SPLITS: &str = "SELECT ticker, ex_date, split_from_millionths, split_to_millionths, price_units
    FROM corporate_actions WHERE account_id = ?1 AND kind = 'split' AND (?2 IS NULL OR ticker = ?2)
    ORDER BY ex_date, sequence";

/// Dates such as 2026-11-30 sort as text.
const DUE: &str = "SELECT sequence, ticker, cash_cents FROM corporate_actions
    WHERE account_id = ?1 AND status = 'owed' AND pay_date <= ?2 ORDER BY pay_date, sequence";

const PAGE: &str = "SELECT * FROM corporate_actions
    WHERE account_id = ?1 AND status <> 'lapsed' AND recorded_at_ms >= ?2 AND sequence < ?3
    ORDER BY sequence DESC LIMIT ?4";

impl ActionRows for SqliteRows<'_> {
    fn is_action_recorded(&mut self, account: AccountId, kind: &str, id: &str) -> Result<bool, StoreFault> {
        let recorded = "SELECT 1 FROM corporate_actions WHERE account_id = ?1 AND kind = ?2 AND id = ?3
            UNION ALL SELECT 1 FROM order_splits WHERE account_id = ?1 AND ?2 = 'split' AND id = ?3";
        Ok(self.rows.prepare_cached(recorded)?.exists(params![account, kind, id])?)
    }

    fn splits(&mut self, account: AccountId, ticker: Option<Ticker>) -> Result<Vec<PastSplit>, StoreFault> {
        Ok(read_splits(account, ticker, self.rows)?)
    }

    fn actions(
        &mut self,
        account: AccountId,
        since: UtcInstant,
        before: i64,
        limit: usize,
    ) -> Result<Vec<(i64, ActionRecord)>, StoreFault> {
        let mut page = self.rows.prepare_cached(PAGE)?;
        let found = page.query_map(params![account, since, before, limit_of(limit)], |row| {
            Ok((row.get("sequence")?, read_record(row)?))
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    fn dividends_due(&mut self, account: AccountId, day: ExchangeDate) -> Result<Vec<OwedDividend>, StoreFault> {
        let mut due = self.rows.prepare_cached(DUE)?;
        let found = due.query_map(params![account, day.to_string()], |row| {
            Ok(OwedDividend { sequence: row.get(0)?, ticker: row.get(1)?, amount: row.get(2)? })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

/// Applied splits, of one ticker or of all, in order of their days.
///
/// # Errors
/// The database's.
pub fn read_splits(account: AccountId, ticker: Option<Ticker>, rows: &Connection) -> rusqlite::Result<Vec<PastSplit>> {
    rows.prepare_cached(SPLITS)?.query_map(params![account, ticker], read_split)?.collect()
}

fn read_split(row: &Row<'_>) -> rusqlite::Result<PastSplit> {
    Ok(PastSplit {
        ticker: row.get(0)?,
        day: read_date(row, "ex_date")?,
        ratio: SplitRatio { from: row.get(2)?, to: row.get(3)? },
        price: row.get(4)?,
    })
}

fn read_date(row: &Row<'_>, column: &str) -> rusqlite::Result<ExchangeDate> {
    let text: String = row.get(column)?;
    text.parse().map_err(|cause| {
        let index = row.as_ref().column_index(column).unwrap_or_default();
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::from(cause))
    })
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<ActionRecord> {
    let rate: Option<i64> = row.get("amount_billionths")?;
    Ok(ActionRecord {
        id: row.get("id")?,
        kind: row.get("kind")?,
        ticker: row.get("ticker")?,
        ex_date: row.get("ex_date")?,
        pay_date: row.get("pay_date")?,
        split_from: row.get("split_from_millionths")?,
        split_to: row.get("split_to_millionths")?,
        cash_amount: rate.map(|billionths| billionths as f64 / 1e9),
        quantity: row.get("quantity_millionths")?,
        quantity_after: row.get("quantity_millionths_after")?,
        amount: row.get("cash_cents")?,
        status: row.get("status")?,
        recorded_at: row.get("recorded_at_ms")?,
        applied_at: row.get("applied_at_ms")?,
    })
}
