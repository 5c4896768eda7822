//! Rows of days and flows.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde_json::json;

use super::{SqliteRows, trades::limit_of, write::execute};
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::ExchangeDate,
        money::{Money, Quantity},
        performance::{
            day::{AccountDay, Counts, DayPosition, Valued},
            flow::{ClientFlowId, Flow, FlowKind},
        },
        ticker::Ticker,
    },
    server::ledger::store::{DayRows, StoreFault},
};

/// The account's days, oldest first.
pub const DAYS: &str = "SELECT * FROM account_days WHERE account_id = ?1 ORDER BY date";

/// The latest of them.
pub const LATEST_DAY: &str = "SELECT * FROM account_days WHERE account_id = ?1 ORDER BY date DESC LIMIT 1";

/// The account's flows since the latest reset, newest first.
pub const FLOWS: &str = "SELECT * FROM flows
    WHERE account_id = ?1 AND is_past = 0 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3";

const NAMED: &str = "SELECT * FROM flows WHERE account_id = ?1 AND client_flow_id = ?2";

/// Numbers of trades after a sequence, of flows, and of dividends that were paid since a moment.
const COUNTS: &str = "SELECT
    (SELECT COUNT(*) FROM trades WHERE account_id = ?1 AND sequence > ?2),
    (SELECT COUNT(*) FROM flows WHERE account_id = ?1 AND is_past = 0),
    (SELECT COUNT(*) FROM corporate_actions
     WHERE account_id = ?1 AND kind = 'dividend' AND status = 'applied' AND recorded_at_ms >= ?3)";

impl DayRows for SqliteRows<'_> {
    fn account_days(&mut self, account: AccountId) -> Result<Vec<AccountDay>, StoreFault> {
        self.flush()?;
        let mut days = self.rows.prepare_cached(DAYS)?;
        let days = days.query_map([account], read_day)?;
        Ok(days.collect::<rusqlite::Result<_>>()?)
    }

    fn flows(&mut self, account: AccountId, before: i64, limit: usize) -> Result<Vec<(i64, Flow)>, StoreFault> {
        let mut flows = self.rows.prepare_cached(FLOWS)?;
        let flows = flows
            .query_map(params![account, before, limit_of(limit)], |row| Ok((row.get("sequence")?, read_flow(row)?)))?;
        Ok(flows.collect::<rusqlite::Result<_>>()?)
    }

    fn flow_named(&mut self, account: AccountId, name: &ClientFlowId) -> Result<Option<Flow>, StoreFault> {
        let mut named = self.rows.prepare_cached(NAMED)?;
        Ok(named.query_row(params![account, name.as_str()], read_flow).optional()?)
    }
}

/// The latest day of an account.
///
/// # Errors
/// The database's, or an invalid stored value; so it is below.
pub fn load_day(account: AccountId, rows: &Connection) -> rusqlite::Result<Option<AccountDay>> {
    rows.query_row(LATEST_DAY, [account], read_day).optional()
}

pub fn load_counts(
    account: AccountId,
    reset_after: i64,
    opened_at: crate::domain::instant::UtcInstant,
    rows: &Connection,
) -> rusqlite::Result<Counts> {
    rows.query_row(COUNTS, params![account, reset_after, opened_at], |row| {
        let count = |index: usize| row.get::<_, i64>(index).map(i64::cast_unsigned);
        Ok(Counts { trades: count(0)?, flows: count(1)?, dividends: count(2)? })
    })
}

pub fn insert_flow(account: AccountId, flow: &Flow, rows: &Connection) -> rusqlite::Result<()> {
    execute(
        "INSERT INTO flows (id, account_id, client_flow_id, amount_cents, note, value_cents_before, cash_cents_after,
             recorded_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            flow.id,
            account,
            flow.client_flow_id.as_ref().map(ClientFlowId::as_str),
            flow.amount,
            flow.note,
            flow.value_before,
            flow.cash_after,
            flow.recorded_at,
        ],
        rows,
    )?;
    execute("UPDATE accounts SET flows_cents = flows_cents + ?2 WHERE id = ?1", params![account, flow.amount], rows)
}

pub fn write_day(account: AccountId, day: &AccountDay, rows: &Connection) -> rusqlite::Result<()> {
    let Valued { cash, positions, counts, at } = &day.last;
    let position = |held: &DayPosition| json!([held.ticker, held.quantity.millionths(), held.value.cents()]);
    let positions = json!(positions.iter().map(position).collect::<Vec<_>>()).to_string();
    execute(
        "INSERT INTO account_days (account_id, date, low_cents, high_cents, cash_cents, positions, trades, flows,
             dividends, closed_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (account_id, date) DO UPDATE SET low_cents = ?3, high_cents = ?4, cash_cents = ?5,
             positions = ?6, trades = ?7, flows = ?8, dividends = ?9, closed_at_ms = ?10",
        params![
            account,
            day.date.days(),
            day.low,
            day.high,
            cash,
            positions,
            counts.trades.cast_signed(),
            counts.flows.cast_signed(),
            counts.dividends.cast_signed(),
            at,
        ],
        rows,
    )
}

fn read_day(row: &Row<'_>) -> rusqlite::Result<AccountDay> {
    let count = |column: &str| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(AccountDay {
        date: ExchangeDate::from_days(row.get("date")?),
        low: row.get("low_cents")?,
        high: row.get("high_cents")?,
        last: Valued {
            cash: row.get("cash_cents")?,
            positions: read_positions(row)?,
            counts: Counts { trades: count("trades")?, flows: count("flows")?, dividends: count("dividends")? },
            at: row.get("closed_at_ms")?,
        },
    })
}

fn read_positions(row: &Row<'_>) -> rusqlite::Result<Vec<DayPosition>> {
    let index = row.as_ref().column_index("positions")?;
    let invalid = |cause| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, cause);
    let text: String = row.get(index)?;
    let positions: Vec<(Ticker, i64, i64)> = serde_json::from_str(&text).map_err(|cause| invalid(Box::from(cause)))?;
    let position = |(ticker, millionths, cents)| {
        let quantity = Quantity::from_millionths(millionths).map_err(|cause| invalid(Box::from(cause)))?;
        Ok(DayPosition { ticker, quantity, value: Money::from_cents(cents) })
    };
    positions.into_iter().map(position).collect()
}

fn read_flow(row: &Row<'_>) -> rusqlite::Result<Flow> {
    let index = row.as_ref().column_index("client_flow_id")?;
    let name: Option<String> = row.get(index)?;
    let name = name.map(|name| name.parse()).transpose();
    let amount: Money = row.get("amount_cents")?;
    Ok(Flow {
        id: row.get("id")?,
        kind: if amount > Money::ZERO { FlowKind::Deposit } else { FlowKind::Withdrawal },
        amount,
        note: row.get("note")?,
        client_flow_id: name.map_err(|cause: crate::domain::performance::flow::InvalidClientFlowId| {
            rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::from(cause))
        })?,
        value_before: row.get("value_cents_before")?,
        cash_after: row.get("cash_cents_after")?,
        recorded_at: row.get("recorded_at_ms")?,
    })
}
