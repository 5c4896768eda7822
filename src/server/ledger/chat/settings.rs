//! What a person sets of the copilot: its autonomy, and a conversation begun anew.

use sqlx::SqliteConnection;

use crate::{
    domain::copilot::Autonomy,
    error::ApiError,
    server::ledger::{Books, Write, store::ACCOUNT_ID},
};

/// Sets what becomes of the actions in replies from now on.
pub struct SetAutonomy(pub Autonomy);

impl Write for SetAutonomy {
    type Outcome = ();

    async fn apply(&self, books: &mut Books, rows: &mut SqliteConnection) -> Result<Result<(), ApiError>, sqlx::Error> {
        let Self(autonomy) = *self;
        sqlx::query("UPDATE accounts SET autonomy = ?2 WHERE id = ?1")
            .bind(ACCOUNT_ID)
            .bind(autonomy.as_str())
            .execute(rows)
            .await?;
        books.autonomy = autonomy;
        Ok(Ok(()))
    }
}

/// Begins the conversation anew. What was said stays in the file, since it says why trades happened, but neither people
/// nor the copilot see it again.
pub struct ClearChat;

impl Write for ClearChat {
    type Outcome = ();

    async fn apply(&self, books: &mut Books, rows: &mut SqliteConnection) -> Result<Result<(), ApiError>, sqlx::Error> {
        let last: i64 =
            sqlx::query_scalar("SELECT COALESCE(MAX(sequence), 0) FROM chat_messages").fetch_one(&mut *rows).await?;
        sqlx::query("UPDATE accounts SET chat_cleared_after_sequence = ?2 WHERE id = ?1")
            .bind(ACCOUNT_ID)
            .bind(last)
            .execute(rows)
            .await?;
        books.chat_cleared_after_sequence = last;
        Ok(Ok(()))
    }
}
