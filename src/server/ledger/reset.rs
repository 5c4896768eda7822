//! Starting over: the deposit again, and no positions.

use sqlx::SqliteConnection;

use super::{
    Books, Write,
    snapshot::{forget_from, write_snapshot},
    store::ACCOUNT_ID,
    trade::Amounts,
};
use crate::{
    domain::{account::Account, day::DayTrades, instant::UtcInstant},
    error::ApiError,
};

/// Gives the account its initial deposit back. Past trades and the equity curve leave the history, though their rows
/// stay in the file, so that an order sent again is still known; watchlist and chat are left as they are.
pub struct Reset {
    pub at: UtcInstant,
}

impl Write for Reset {
    type Outcome = ();

    async fn apply(&self, books: &mut Books, rows: &mut SqliteConnection) -> Result<Result<(), ApiError>, sqlx::Error> {
        let reset_after_sequence: i64 =
            sqlx::query_scalar("SELECT COALESCE(MAX(sequence), 0) FROM trades").fetch_one(&mut *rows).await?;
        sqlx::query("UPDATE accounts SET opened_at_ms = ?2, reset_after_sequence = ?3 WHERE id = ?1")
            .bind(ACCOUNT_ID)
            .bind(self.at.unix_ms())
            .bind(reset_after_sequence)
            .execute(&mut *rows)
            .await?;
        sqlx::query("DELETE FROM positions WHERE account_id = ?1").bind(ACCOUNT_ID).execute(&mut *rows).await?;
        // Values of the account before, from a clock that was ahead: they would come to be part of the new curve.
        forget_from(self.at, UtcInstant::END, rows).await?;
        books.account = Account::open(books.account.initial_deposit);
        books.today = DayTrades::default();
        books.high_water_mark = Some(books.account.cash);
        books.opened_at = self.at;
        books.reset_after_sequence = reset_after_sequence;
        Amounts::of(books).write(rows).await?;
        write_snapshot(books.account.cash, self.at, rows).await?;
        Ok(Ok(()))
    }
}
