//! What a person sets of the copilot: its autonomy, and a conversation begun anew.

use rusqlite::{Connection, params};

use crate::{
    domain::copilot::Autonomy,
    error::ApiError,
    server::ledger::{Books, Change, Write, store::ACCOUNT_ID},
};

/// Sets what becomes of the actions in replies from now on.
pub struct SetAutonomy(pub Autonomy);

impl Write for SetAutonomy {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        let Self(autonomy) = *self;
        rows.execute("UPDATE accounts SET autonomy = ?2 WHERE id = ?1", params![ACCOUNT_ID, autonomy])?;
        if books.autonomy != autonomy {
            books.outbox.note(Change::Settings { autonomy });
        }
        books.autonomy = autonomy;
        Ok(Ok(()))
    }
}

/// Tells open pages that a setting changed that the books do not hold, such as the connected model.
pub struct AnnounceSettings;

impl Write for AnnounceSettings {
    type Outcome = ();

    fn apply(&self, books: &mut Books, _: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        books.outbox.note(Change::Settings { autonomy: books.autonomy });
        Ok(Ok(()))
    }
}

/// Begins the conversation anew. What was said stays in the file, since it says why trades happened, but neither people
/// nor the copilot see it again.
pub struct ClearChat;

impl Write for ClearChat {
    type Outcome = ();

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        let last: i64 = rows.query_row("SELECT COALESCE(MAX(sequence), 0) FROM chat_messages", [], |row| row.get(0))?;
        rows.execute("UPDATE accounts SET chat_cleared_after_sequence = ?2 WHERE id = ?1", params![ACCOUNT_ID, last])?;
        books.chat_cleared_after_sequence = last;
        books.outbox.note(Change::ChatCleared);
        Ok(Ok(()))
    }
}
