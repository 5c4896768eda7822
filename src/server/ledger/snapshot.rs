//! The equity curve's rows: one for each second that has a value, and fewer the older they get.

use rusqlite::{Connection, params};

use super::{Books, Write, store::ACCOUNT_ID, trade::Amounts};
use crate::{
    domain::{instant::UtcInstant, money::Money},
    error::ApiError,
};

/// The most rows that one [`ThinSnapshots`] deletes, so that no trade waits for it.
pub const THIN_ROWS_MAX: u32 = 500;

/// Records what the portfolio is worth; the last value of a second is the one that stays.
pub struct RecordSnapshot {
    pub total_value: Money,
    pub at: UtcInstant,
}

impl Write for RecordSnapshot {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        record(self.total_value, self.at, books, rows)?;
        Ok(Ok(()))
    }
}

/// Records a value of the account. When the clock went back to before the account was opened, or last reset, its curve
/// begins at this moment instead; what an account before the reset was worth then leaves the file.
pub fn record(total_value: Money, at: UtcInstant, books: &mut Books, rows: &Connection) -> rusqlite::Result<()> {
    if at < books.opened_at {
        forget_from(at, books.opened_at, rows)?;
        rows.execute("UPDATE accounts SET opened_at_ms = ?2 WHERE id = ?1", params![ACCOUNT_ID, at])?;
        books.opened_at = at;
    }
    if books.raise_high_water_mark(total_value) {
        Amounts::of(books).write(rows)?;
    }
    write_snapshot(total_value, at, rows)
}

/// Deletes the values from one moment up to before another.
pub fn forget_from(from: UtcInstant, until: UtcInstant, rows: &Connection) -> rusqlite::Result<()> {
    rows.execute(
        "DELETE FROM snapshots WHERE account_id = ?1 AND recorded_at_s >= ?2 AND recorded_at_s < ?3",
        params![ACCOUNT_ID, from.unix_second(), until.unix_second()],
    )?;
    Ok(())
}

/// Writes a second's value over the one it had.
pub fn write_snapshot(total_value: Money, at: UtcInstant, rows: &Connection) -> rusqlite::Result<()> {
    rows.prepare_cached(
        "INSERT INTO snapshots (account_id, recorded_at_s, total_value_cents) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET total_value_cents = ?3",
    )?
    .execute(params![ACCOUNT_ID, at.unix_second(), total_value])?;
    Ok(())
}

/// Deletes snapshots from `from_s` up to `until_s` (Unix seconds) that are not the last of their stretch of
/// `step_seconds`; at most [`THIN_ROWS_MAX`]. Gives how many it deleted: fewer than that means that it is done.
pub struct ThinSnapshots {
    pub from_s: i64,
    pub until_s: i64,
    pub step_seconds: i64,
}

impl Write for ThinSnapshots {
    type Outcome = usize;

    fn apply(&self, _: &mut Books, rows: &Connection) -> rusqlite::Result<Result<usize, ApiError>> {
        let deleted = rows.execute(
            "DELETE FROM snapshots WHERE account_id = ?1 AND recorded_at_s IN (
                 SELECT old.recorded_at_s FROM snapshots AS old
                 WHERE old.account_id = ?1 AND old.recorded_at_s >= ?2 AND old.recorded_at_s < ?3
                   AND EXISTS (
                     SELECT 1 FROM snapshots AS later
                     WHERE later.account_id = ?1 AND later.recorded_at_s > old.recorded_at_s
                       AND later.recorded_at_s < (old.recorded_at_s / ?4 + 1) * ?4
                   )
                 LIMIT ?5
             )",
            params![ACCOUNT_ID, self.from_s, self.until_s, self.step_seconds, THIN_ROWS_MAX],
        )?;
        Ok(Ok(deleted))
    }
}
