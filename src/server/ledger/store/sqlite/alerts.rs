//! The rows of alerts and of their firings.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

use super::{SqliteRows, trades::limit_of, write::execute};
use crate::{
    domain::{
        account_id::AccountId,
        alerts::{record::Alert, request::Firing},
        instant::UtcInstant,
    },
    server::ledger::{
        alerts::{Alerts, FIRINGS_KEPT},
        effect::FiringRow,
        store::{AlertRows, StoreFault},
    },
};

pub const ALERTS: &str = "SELECT * FROM alerts WHERE account_id = ?1 ORDER BY sequence";

pub const FIRINGS: &str =
    "SELECT * FROM alert_firings WHERE account_id = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3";

pub const FIRINGS_OF: &str =
    "SELECT fired_at_ms FROM alert_firings WHERE alert_id = ?1 ORDER BY sequence DESC LIMIT ?2";

pub const UNREAD_AFTER: &str =
    "SELECT COUNT(*) FROM alert_firings WHERE account_id = ?1 AND is_read = 0 AND sequence > ?2";

const PUT: &str =
    "INSERT INTO alerts (id, account_id, condition, frequency, status, expires_at_ms, note, was_true, firings,
        fired_at_ms, revision, created_at_ms, updated_at_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (id) DO UPDATE SET condition = excluded.condition, frequency = excluded.frequency,
        status = excluded.status, expires_at_ms = excluded.expires_at_ms, note = excluded.note,
        was_true = excluded.was_true, firings = excluded.firings, fired_at_ms = excluded.fired_at_ms,
        revision = excluded.revision, updated_at_ms = excluded.updated_at_ms";

impl AlertRows for SqliteRows<'_> {
    fn firings(&mut self, account: AccountId, before: i64, limit: usize) -> Result<Vec<(i64, Firing)>, StoreFault> {
        let mut firings = self.rows.prepare_cached(FIRINGS)?;
        let firings = firings.query_map(params![account, before, limit_of(limit)], |row| {
            Ok((row.get("sequence")?, read_firing(row)?))
        })?;
        Ok(firings.collect::<rusqlite::Result<_>>()?)
    }

    fn firings_of(&mut self, _: AccountId, alert: &str, limit: usize) -> Result<Vec<UtcInstant>, StoreFault> {
        let mut firings = self.rows.prepare_cached(FIRINGS_OF)?;
        let firings = firings.query_map(params![alert, limit_of(limit)], |row| row.get(0))?;
        Ok(firings.collect::<rusqlite::Result<_>>()?)
    }

    fn firing_sequence(&mut self, account: AccountId, id: &str) -> Result<Option<i64>, StoreFault> {
        let sequence = "SELECT sequence FROM alert_firings WHERE id = ?1 AND account_id = ?2";
        let mut sequence = self.rows.prepare_cached(sequence)?;
        Ok(sequence.query_row(params![id, account], |row| row.get(0)).optional()?)
    }

    fn unread_after(&mut self, account: AccountId, sequence: i64) -> Result<u64, StoreFault> {
        Ok(count_unread(account, sequence, self.rows)?)
    }
}

/// The alerts of an account.
///
/// # Errors
/// The database's, or of a stored value that means nothing.
pub fn load_alerts(account: AccountId, rows: &Connection) -> rusqlite::Result<Alerts> {
    let alerts = rows.prepare(ALERTS)?.query_map([account], read_alert)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Alerts::of(alerts, count_unread(account, 0, rows)?))
}

fn count_unread(account: AccountId, after: i64, rows: &Connection) -> rusqlite::Result<u64> {
    let count: i64 = rows.prepare_cached(UNREAD_AFTER)?.query_row(params![account, after], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn meaningless(cause: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(cause))
}

fn read_alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let (condition, firings): (String, i64) = (row.get("condition")?, row.get("firings")?);
    Ok(Alert {
        id: row.get("id")?,
        condition: serde_json::from_str(&condition).map_err(meaningless)?,
        frequency: row.get("frequency")?,
        status: row.get("status")?,
        expires_at: row.get("expires_at_ms")?,
        note: row.get("note")?,
        was_true: row.get("was_true")?,
        firings: firings.unsigned_abs(),
        fired_at: row.get("fired_at_ms")?,
        revision: row.get("revision")?,
        created_at: row.get("created_at_ms")?,
        updated_at: row.get("updated_at_ms")?,
    })
}

fn read_firing(row: &Row<'_>) -> rusqlite::Result<Firing> {
    let found: String = row.get("found")?;
    Ok(Firing {
        id: row.get("id")?,
        alert_id: row.get("alert_id")?,
        sentence: row.get("sentence")?,
        note: row.get("note")?,
        values: serde_json::from_str(&found).map_err(meaningless)?,
        fired_at: row.get("fired_at_ms")?,
        is_read: row.get("is_read")?,
    })
}

/// Inserts or updates an alert's row.
///
/// # Errors
/// The database's, which undo the transaction.
pub fn put_alert(account: AccountId, alert: &Alert, rows: &Connection) -> rusqlite::Result<()> {
    // Invariant: a condition is made of strings and finite numbers.
    let condition = serde_json::to_string(&alert.condition).unwrap_or_default();
    execute(
        PUT,
        params![
            alert.id,
            account,
            condition,
            alert.frequency,
            alert.status,
            alert.expires_at,
            alert.note,
            alert.was_true,
            i64::try_from(alert.firings).unwrap_or(i64::MAX),
            alert.fired_at,
            alert.revision,
            alert.created_at,
            alert.updated_at,
        ],
        rows,
    )
}

/// Writes a firing, and deletes those that are too many.
///
/// # Errors
/// The database's, which undo the transaction.
pub fn insert_firing(account: AccountId, row: &FiringRow, rows: &Connection) -> rusqlite::Result<()> {
    // Invariant: values are finite numbers; what is not known is not among them.
    let found = serde_json::to_string(&row.values).unwrap_or_default();
    execute(
        "INSERT INTO alert_firings (id, account_id, alert_id, sentence, note, found, fired_at_ms, is_read)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
        params![row.id, account, row.alert_id, row.sentence, row.note, found, row.fired_at],
        rows,
    )?;
    let kept = i64::try_from(FIRINGS_KEPT).unwrap_or(i64::MAX);
    execute(
        "DELETE FROM alert_firings WHERE account_id = ?1 AND sequence <= (
             SELECT sequence FROM alert_firings WHERE account_id = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)",
        params![account, kept],
        rows,
    )
}
