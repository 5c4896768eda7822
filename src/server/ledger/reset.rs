//! Starting over: the deposit again, and no positions.

use rusqlite::{Connection, params};

use super::{
    Books, Change, Write,
    corporate_actions::let_lapse,
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

    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        let reset_after_sequence: i64 =
            rows.query_row("SELECT COALESCE(MAX(sequence), 0) FROM trades", [], |row| row.get(0))?;
        rows.execute(
            "UPDATE accounts SET opened_at_ms = ?2, reset_after_sequence = ?3 WHERE id = ?1",
            params![ACCOUNT_ID, self.at, reset_after_sequence],
        )?;
        rows.execute("DELETE FROM positions WHERE account_id = ?1", [ACCOUNT_ID])?;
        let_lapse(rows)?;
        // Values of the account before, from a clock that was ahead: they would come to be part of the new curve.
        forget_from(self.at, UtcInstant::END, rows)?;
        books.account = Account::open(books.account.initial_deposit);
        books.last_prices.clear();
        books.today = DayTrades::default();
        books.high_water_mark = Some(books.account.cash);
        books.opened_at = self.at;
        books.reset_after_sequence = reset_after_sequence;
        Amounts::of(books).write(rows)?;
        write_snapshot(books.account.cash, self.at, rows)?;
        books.outbox.note(Change::Reset);
        Ok(Ok(()))
    }
}
