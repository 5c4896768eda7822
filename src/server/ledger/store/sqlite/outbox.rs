//! The events of a transaction, written at its end.
//!
//! Changes of the same object within a transaction share a row, under the number of the last: the last state includes
//! the others.

use rusqlite::{Connection, params};

use crate::{
    domain::account_id::AccountId,
    server::ledger::change::{Change, EVENTS_KEPT},
};

/// Number of further events after which expired ones are deleted.
const PRUNE_STEP: i64 = 500;

/// Number of the latest event.
pub const LATEST_EVENT: &str = "SELECT COALESCE(MAX(sequence), 0) FROM events WHERE account_id = ?1";

/// Pending events of a transaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// A list, since few accounts share a transaction.
    accounts: Vec<(AccountId, AccountEvents)>,
}

/// The pending events of one account.
#[derive(Debug, PartialEq, Eq)]
struct AccountEvents {
    /// Number of the latest event before them.
    after: i64,
    /// Number of the latest one among them.
    latest: i64,
    /// Changes with their numbers, in order.
    noted: Vec<(i64, Change)>,
}

impl Outbox {
    /// Adds a change of an account with its number.
    pub fn note(&mut self, account: AccountId, sequence: i64, change: Change) {
        let index = self.accounts.iter().rposition(|(known, _)| *known == account).unwrap_or_else(|| {
            let events = AccountEvents { after: sequence - 1, latest: sequence, noted: Vec::new() };
            self.accounts.push((account, events));
            self.accounts.len() - 1
        });
        self.accounts[index].1.note(sequence, change);
    }

    /// Writes all events, and deletes expired ones.
    ///
    /// # Errors
    /// The database's, which roll back the transaction.
    pub fn write(&mut self, rows: &Connection) -> rusqlite::Result<()> {
        for (account, events) in self.accounts.drain(..) {
            events.write(account, rows)?;
        }
        Ok(())
    }
}

impl AccountEvents {
    fn note(&mut self, sequence: i64, change: Change) {
        self.latest = sequence;
        // Usually a trade follows a trade.
        match self.noted.last_mut().filter(|(_, last)| last.is_told_by(&change)) {
            Some(last) => *last = (sequence, change),
            None => {
                self.noted.retain(|(_, earlier)| !earlier.is_told_by(&change));
                self.noted.push((sequence, change));
            }
        }
    }

    fn write(self, account: AccountId, rows: &Connection) -> rusqlite::Result<()> {
        let mut insert = rows.prepare_cached(
            "INSERT INTO events (account_id, sequence, kind, topic, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (sequence, change) in self.noted {
            let data = change.data(&account, sequence);
            insert.execute(params![account, sequence, change.kind(), change.topic(&account), data])?;
        }
        if self.after / PRUNE_STEP != self.latest / PRUNE_STEP {
            rows.prepare_cached("DELETE FROM events WHERE account_id = ?1 AND sequence <= ?2")?
                .execute(params![account, self.latest - EVENTS_KEPT])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ledger::store::sqlite::{kept::EVENTS_AFTER, test_store};

    const ACCOUNT: AccountId = AccountId::DEFAULT;

    fn watchlist(symbol: &str) -> Change {
        Change::Watchlist { ticker: symbol.parse().unwrap(), verb: "added" }
    }

    async fn database(folder: &tempfile::TempDir) -> Connection {
        test_store(folder).await.connection
    }

    fn written(rows: &Connection) -> Vec<(i64, String, String)> {
        let mut events = rows.prepare(EVENTS_AFTER).unwrap();
        let events = events.query_map(params![ACCOUNT, 0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        events.unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[tokio::test]
    async fn changes_of_one_thing_share_a_row_and_each_has_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let rows = database(&folder).await;
        let mut outbox = Outbox::default();
        let changes =
            [Change::Account, Change::Account, watchlist("V"), Change::Account, watchlist("XOM"), watchlist("V")];
        for (sequence, change) in (8..).zip(changes) {
            outbox.note(ACCOUNT, sequence, change);
        }
        outbox.write(&rows).unwrap();
        let expected = [(11, "account", "default"), (12, "watchlist", "XOM"), (13, "watchlist", "V")];
        assert_eq!(written(&rows), expected.map(|(number, kind, topic)| (number, kind.to_owned(), topic.to_owned())));
        assert_eq!(outbox, Outbox::default(), "nothing is left to be written");
    }

    #[tokio::test]
    async fn a_reset_is_not_told_by_the_trade_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let rows = database(&folder).await;
        let mut outbox = Outbox::default();
        for (sequence, change) in (1..).zip([Change::Account, Change::Reset, Change::Account]) {
            outbox.note(ACCOUNT, sequence, change);
        }
        outbox.write(&rows).unwrap();
        let topics: Vec<_> = written(&rows).into_iter().map(|(number, _, topic)| (number, topic)).collect();
        assert_eq!(topics, [(2, "reset".to_owned()), (3, "default".to_owned())]);
    }

    #[tokio::test]
    async fn what_is_too_old_is_deleted_and_the_newest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let rows = database(&folder).await;
        let mut outbox = Outbox::default();
        for sequence in 1..=EVENTS_KEPT + 2 * PRUNE_STEP {
            outbox.note(ACCOUNT, sequence, Change::Account);
            outbox.write(&rows).unwrap();
        }
        let numbers: Vec<i64> = written(&rows).into_iter().map(|(number, ..)| number).collect();
        let kept = i64::try_from(numbers.len()).unwrap();
        assert!((EVENTS_KEPT..=EVENTS_KEPT + PRUNE_STEP).contains(&kept), "{kept}");
        assert_eq!(numbers.last(), Some(&(EVENTS_KEPT + 2 * PRUNE_STEP)));
    }
}
