//! A server's store: one SQLite file. One connection writes, with each transaction on disk before it is acknowledged;
//! others read concurrently.

mod actions;
mod alerts;
pub mod backup;
mod chat;
mod columns;
mod curve;
mod days;
mod file;
mod kept;
mod load;
#[cfg(test)]
mod migrations_test;
mod orders;
mod outbox;
mod pending;
mod place;
mod readers;
pub mod revoke;
mod today;
mod trades;
mod write;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tracing::debug;

use self::{file::FileLock, outbox::Outbox, pending::PendingUpserts};
use super::{AllBooks, Store, StoreFault, Work};
use crate::server::market::hours::Hours;

pub use file::{StoreError, file_of, open};
pub use readers::Readers;

/// A database file open for writing.
pub struct SqliteStore {
    connection: Connection,
    /// Path for reconnecting.
    path: PathBuf,
    /// Held as long as the file is open for writing.
    lock: FileLock,
}

impl SqliteStore {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Readers of the same file.
    pub fn readers(&self) -> Readers {
        Readers::of(&self.path)
    }
}

impl Store for SqliteStore {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<Duration, StoreFault> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = SqliteRows::of(&transaction);
        work(&mut rows)?;
        rows.finish()?;
        let started = Instant::now();
        transaction.commit()?;
        Ok(started.elapsed())
    }

    fn load(&mut self, hours: Hours) -> Result<AllBooks, StoreFault> {
        Ok(load::load(&self.connection, hours)?)
    }

    /// Reconnects, whatever a failed transaction has left open on the old connection.
    ///
    /// A commit whose sync failed is not in the books, but may be complete at the end of the log, where the next start
    /// would find it: so the log's end is overwritten. That write must fit with room to spare, since a disk that takes
    /// one page but not the next trade has not recovered.
    fn recover(&mut self) -> Result<(), StoreFault> {
        let fresh = file::connect(&self.path)?;
        let old = std::mem::replace(&mut self.connection, fresh);
        if let Err((_, cause)) = old.close() {
            debug!(ledger.cause = %cause, "a connection that had failed did not close cleanly");
        }
        file::find_room(&self.path)?;
        Ok(file::overwrite_log_end(&self.connection)?)
    }

    /// Checkpoints the write-ahead log, and closes the file.
    fn close(self: Box<Self>) -> Result<(), StoreFault> {
        // The returned row is not needed: a failure is an error.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, cause)| cause)?;
        drop(self.lock);
        Ok(())
    }
}

/// Rows of a connection, with the pending rows of its open transaction.
pub struct SqliteRows<'a> {
    rows: &'a Connection,
    pending: PendingUpserts,
    outbox: Outbox,
}

impl<'a> SqliteRows<'a> {
    pub fn of(rows: &'a Connection) -> Self {
        Self { rows, pending: PendingUpserts::default(), outbox: Outbox::default() }
    }

    /// Writes pending rows, so that a query of those tables finds them.
    fn flush(&mut self) -> rusqlite::Result<()> {
        self.pending.write(self.rows)
    }

    /// Writes everything pending, before the commit.
    fn finish(&mut self) -> rusqlite::Result<()> {
        self.flush()?;
        self.outbox.write(self.rows)
    }
}

impl From<rusqlite::Error> for StoreFault {
    fn from(cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let is_of_the_disk = matches!(
            cause.sqlite_error_code(),
            Some(
                ErrorCode::SystemIoFailure
                    | ErrorCode::DiskFull
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
                    | ErrorCode::PermissionDenied
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::OutOfMemory
                    | ErrorCode::FileLockingProtocolFailed
            )
        );
        Self { cause: Box::new(cause), is_of_the_disk }
    }
}

/// For tests: a new database in a folder, with the default account opened at the epoch.
#[cfg(test)]
pub async fn test_store(folder: &tempfile::TempDir) -> SqliteStore {
    use crate::{
        domain::{account_id::AccountId, instant::UtcInstant},
        server::ledger::{Books, OpenAccount, writer},
    };
    let mut store = open(&format!("sqlite://{}", folder.path().join("store.db").display())).await.unwrap();
    let open = OpenAccount { at: UtcInstant::from_unix_ms(0) };
    let mut books = Books::unopened(Hours::Continuous);
    let mut opening = |transaction: &mut dyn super::Transaction| {
        writer::apply(&open, AccountId::DEFAULT, &mut books, transaction).map(|opened| opened.unwrap())
    };
    store.transact(&mut opening).unwrap();
    store
}
