//! The equity curve's rows: one for each second that has a value, and fewer the older they get.

use sqlx::SqliteConnection;

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

    async fn apply(&self, books: &mut Books, rows: &mut SqliteConnection) -> Result<Result<(), ApiError>, sqlx::Error> {
        record(self.total_value, self.at, books, rows).await?;
        Ok(Ok(()))
    }
}

/// Records a value of the account. When the clock went back to before the account was opened, or last reset, its curve
/// begins at this moment instead; what an account before the reset was worth then leaves the file.
pub async fn record(
    total_value: Money,
    at: UtcInstant,
    books: &mut Books,
    rows: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    if at < books.opened_at {
        forget_from(at, books.opened_at, rows).await?;
        sqlx::query("UPDATE accounts SET opened_at_ms = ?2 WHERE id = ?1")
            .bind(ACCOUNT_ID)
            .bind(at.unix_ms())
            .execute(&mut *rows)
            .await?;
        books.opened_at = at;
    }
    if books.raise_high_water_mark(total_value) {
        Amounts::of(books).write(rows).await?;
    }
    write_snapshot(total_value, at, rows).await
}

/// Deletes the values from one moment up to before another.
pub async fn forget_from(from: UtcInstant, until: UtcInstant, rows: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let seconds = |moment: UtcInstant| moment.unix_ms().div_euclid(1_000);
    sqlx::query("DELETE FROM snapshots WHERE account_id = ?1 AND recorded_at_s >= ?2 AND recorded_at_s < ?3")
        .bind(ACCOUNT_ID)
        .bind(seconds(from))
        .bind(seconds(until))
        .execute(rows)
        .await?;
    Ok(())
}

/// Writes a second's value over the one it had.
pub async fn write_snapshot(
    total_value: Money,
    at: UtcInstant,
    rows: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO snapshots (account_id, recorded_at_s, total_value_cents) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET total_value_cents = ?3",
    )
    .bind(ACCOUNT_ID)
    .bind(at.unix_ms().div_euclid(1_000))
    .bind(total_value.cents())
    .execute(rows)
    .await?;
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
    type Outcome = u64;

    async fn apply(&self, _: &mut Books, rows: &mut SqliteConnection) -> Result<Result<u64, ApiError>, sqlx::Error> {
        let deleted = sqlx::query(
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
        )
        .bind(ACCOUNT_ID)
        .bind(self.from_s)
        .bind(self.until_s)
        .bind(self.step_seconds)
        .bind(THIN_ROWS_MAX)
        .execute(rows)
        .await?
        .rows_affected();
        Ok(Ok(deleted))
    }
}
