//! The connections that only read, as many at once as there are places.

use std::{
    panic,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OpenFlags};
use tokio::{sync::Semaphore, task::spawn_blocking};
use tracing::error;

use super::store::{BUSY_TIMEOUT, STATEMENTS_MAX};
use crate::error::ApiError;

/// Readers that may look at the file at once.
const READERS_MAX: usize = 4;

/// The handle to the readers; clones share them.
#[derive(Clone)]
pub struct Readers(Arc<Shared>);

struct Shared {
    path: PathBuf,
    places: Arc<Semaphore>,
    /// Open connections that nobody reads with.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Readers of a database file; they connect when they are needed.
    pub fn of(path: &Path) -> Self {
        let places = Arc::new(Semaphore::new(READERS_MAX));
        Self(Arc::new(Shared { path: path.to_owned(), places, idle: Mutex::default() }))
    }

    /// Reads where it holds up nobody, and waits for a place first when all are taken. A caller that goes away meanwhile
    /// leaves the connection to the next one.
    ///
    /// # Errors
    /// [`ApiError::Busy`] when the database does not answer; the cause is logged.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        // It is never closed.
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| ApiError::Internal)?;
        let shared = Arc::clone(&self.0);
        let reading = spawn_blocking(move || {
            let _place = place;
            let mut connection = shared.take()?;
            let outcome = query(&mut connection);
            // One that failed is not trusted with the next read.
            if outcome.is_ok() {
                shared.give_back(connection);
            }
            outcome
        });
        match reading.await {
            Ok(outcome) => outcome.map_err(|cause| {
                error!(ledger.cause = %cause, "a read failed");
                ApiError::Busy
            }),
            Err(ended) => match ended.try_into_panic() {
                Ok(payload) => panic::resume_unwind(payload),
                // The runtime ends, and with it every request.
                Err(_) => Err(ApiError::Busy),
            },
        }
    }
}

impl Shared {
    fn take(&self) -> rusqlite::Result<Connection> {
        // Nothing panics while it is held.
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
