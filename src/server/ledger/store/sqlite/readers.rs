//! Connections for reading, with a bound on concurrent use.

use std::{
    fmt::Display,
    panic,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OpenFlags};
use tokio::{sync::Semaphore, task::spawn_blocking};
use tracing::error;

use super::{
    SqliteRows,
    file::{BUSY_TIMEOUT, STATEMENTS_MAX},
};
use crate::{
    error::ApiError,
    server::ledger::store::{Rows, StoreFault},
};

/// Most concurrent readers.
const READERS_MAX: usize = 4;

/// Handle to the readers; clones share them.
#[derive(Clone)]
pub struct Readers(Arc<Shared>);

struct Shared {
    path: PathBuf,
    places: Arc<Semaphore>,
    /// Open idle connections.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Readers of a database file; they connect on demand.
    pub fn of(path: &Path) -> Self {
        let places = Arc::new(Semaphore::new(READERS_MAX));
        Self(Arc::new(Shared { path: path.to_owned(), places, idle: Mutex::default() }))
    }

    /// Reads rows of one consistent state, like [`read`](Self::read).
    ///
    /// # Errors
    /// [`ApiError::BusyReading`] if the database does not respond; the cause is logged.
    pub async fn read_rows<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut dyn Rows) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, ApiError> {
        // One transaction: all rows are of one state, and a transaction per statement would take longer.
        self.read(|connection| query(&mut SqliteRows::of(&*connection.transaction()?))).await
    }

    /// Runs a read on a blocking thread, after waiting for a place if all are taken. If the caller goes away meanwhile,
    /// the connection is kept for the next read.
    ///
    /// # Errors
    /// [`ApiError::BusyReading`] if the database does not respond; the cause is logged.
    pub async fn read<T: Send + 'static, E: Display + From<rusqlite::Error> + Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ApiError> {
        // The semaphore is never closed.
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| ApiError::Internal)?;
        let shared = Arc::clone(&self.0);
        let reading = spawn_blocking(move || {
            let _place = place;
            let mut connection = shared.take()?;
            let outcome = query(&mut connection);
            // A connection that failed is not reused.
            if outcome.is_ok() {
                shared.give_back(connection);
            }
            outcome
        });
        match reading.await {
            Ok(outcome) => outcome.map_err(|cause| {
                error!(ledger.cause = %cause, "a read failed");
                ApiError::BusyReading
            }),
            Err(ended) => match ended.try_into_panic() {
                Ok(payload) => panic::resume_unwind(payload),
                // The runtime ends, and with it every request.
                Err(_) => Err(ApiError::BusyReading),
            },
        }
    }
}

impl Shared {
    fn take(&self) -> rusqlite::Result<Connection> {
        // Nothing panics while the lock is held.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.connect(), Ok)
    }

    fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::{FutureExt, future::join_all};

    use super::*;

    fn readers(folder: &tempfile::TempDir) -> Readers {
        let path = folder.path().join("readers.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE numbers (n INTEGER)").unwrap();
        Readers::of(&path)
    }

    fn count(rows: &mut Connection) -> rusqlite::Result<i64> {
        rows.query_row("SELECT COUNT(*) FROM numbers", [], |row| row.get(0))
    }

    #[tokio::test]
    async fn a_read_that_fails_says_so_and_the_next_one_reads() {
        let folder = tempfile::tempdir().unwrap();
        let readers = readers(&folder);
        for _ in 0..2 * READERS_MAX {
            let written = readers.read(|rows| rows.execute("INSERT INTO numbers VALUES (1)", []));
            assert_eq!(written.await, Err(ApiError::BusyReading), "they only read");
        }
        assert_eq!(readers.read(count).await, Ok(0));
    }

    #[tokio::test]
    async fn one_more_than_there_are_places_waits_and_a_caller_that_went_away_holds_none() {
        let folder = tempfile::tempdir().unwrap();
        let readers = readers(&folder);
        let (releases, mut held): (Vec<_>, Vec<_>) = (0..READERS_MAX)
            .map(|_| {
                let (release, released) = mpsc::channel::<()>();
                let hold = readers.read(move |rows| {
                    // Blocks until the test releases it.
                    let _ = released.recv();
                    count(rows)
                });
                (release, Box::pin(hold))
            })
            .unzip();
        for hold in &mut held {
            assert!(hold.as_mut().now_or_never().is_none());
        }
        let mut one_more = Box::pin(readers.read(count));
        assert!(one_more.as_mut().now_or_never().is_none());
        assert_eq!(readers.0.places.available_permits(), 0);

        held.truncate(1);
        drop(releases);
        assert_eq!(one_more.await, Ok(0));
        assert_eq!(join_all(held).await, [Ok(0)]);
    }
}
