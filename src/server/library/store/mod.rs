//! `library.db`: a file of its own beside the ledger's, with its own writer, so that trades never wait for it.
//!
//! A write is a closure that runs in one transaction on the writer's thread; it is answered once it is on disk. Reads
//! use separate connections and see committed data.

pub mod answers;
pub mod documents;
pub mod pages;
mod schema;
pub mod segments;
pub mod tasks;
pub mod vectors;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::spawn_blocking,
};
use tracing::error;

use crate::error::ApiError;

/// The only account until accounts are turned on.
pub const ACCOUNT_ID: &str = "default";

/// Concurrent reads.
const READERS_MAX: usize = 4;
/// Queued writes.
const QUEUE_CAPACITY: usize = 64;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENTS_MAX: usize = 64;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Reason why a write failed.
#[derive(Debug)]
pub enum Failed {
    /// The caller's rules refused it.
    Refused(ApiError),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Database(cause)
    }
}

impl From<ApiError> for Failed {
    fn from(refusal: ApiError) -> Self {
        Self::Refused(refusal)
    }
}

/// The library's database. Clones share it; dropping the last one closes it.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    readers: Arc<Readers>,
}

struct Readers {
    path: PathBuf,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens or creates the file. Blocks.
    ///
    /// # Errors
    /// If the file cannot be opened or its thread not started.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
            .map_err(io::Error::other)?;
        schema::prepare(&mut connection).map_err(io::Error::other)?;
        let (jobs, mut waiting) = mpsc::channel::<Job>(QUEUE_CAPACITY);
        thread::Builder::new().name("library".to_owned()).spawn(move || {
            while let Some(job) = waiting.blocking_recv() {
                job(&mut connection);
            }
        })?;
        let readers =
            Readers { path: path.to_owned(), places: Arc::new(Semaphore::new(READERS_MAX)), idle: Mutex::default() };
        Ok(Self { jobs, readers: Arc::new(readers) })
    }

    /// Runs a change in one transaction, which is on disk when this returns.
    ///
    /// # Errors
    /// The change's own refusal, which rolls it back; [`ApiError::Busy`] if the database fails, which is logged.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (reply, outcome) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // The caller may be gone.
            let _ = reply.send(transact(connection, change));
        });
        self.jobs.send(job).await.map_err(|_| ApiError::Busy)?;
        match outcome.await.map_err(|_| ApiError::Busy)? {
            Ok(outcome) => Ok(outcome),
            Err(Failed::Refused(refusal)) => Err(refusal),
            Err(Failed::Database(cause)) => {
                error!(library.cause = %cause, "a write of the library failed");
                Err(ApiError::Busy)
            }
        }
    }

    /// Reads one consistent state.
    ///
    /// # Errors
    /// [`ApiError::BusyReading`] if the database does not respond; the cause is logged.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let place = Arc::clone(&self.readers.places).acquire_owned().await.map_err(|_| ApiError::Internal)?;
        let readers = Arc::clone(&self.readers);
        let reading = spawn_blocking(move || {
            let _place = place;
            let mut connection = readers.take()?;
            let outcome = {
                let state = connection.transaction()?;
                query(&state)
            };
            // A connection that failed is not reused.
            if outcome.is_ok() {
                readers.idle().push(connection);
            }
            outcome
        });
        let outcome = reading.await.map_err(|cause| {
            error!(library.cause = %cause, "a read of the library ended early");
            ApiError::Internal
        })?;
        outcome.map_err(|cause| {
            error!(library.cause = %cause, "a read of the library failed");
            ApiError::BusyReading
        })
    }
}

impl Readers {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // Nothing panics while the lock is held.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle().pop();
        idle.map_or_else(|| connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY), Ok)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

fn transact<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcome = change(&transaction)?;
    transaction.commit()?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_refused_left_nothing_and_what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("db/library.db")).unwrap();
        let insert = |rows: &Transaction<'_>, name: &str| {
            rows.execute("INSERT INTO settings (account_id, name, value) VALUES (?1, ?2, '')", [ACCOUNT_ID, name])
        };
        let refused = store.write(move |rows| {
            insert(rows, "refused")?;
            Err::<(), _>(ApiError::NotFound.into())
        });
        assert_eq!(refused.await, Err(ApiError::NotFound));
        store.write(move |rows| Ok(insert(rows, "made")?)).await.unwrap();
        let names = store.read(|rows| {
            let mut names = rows.prepare("SELECT name FROM settings WHERE account_id = ?1")?;
            names.query_map([ACCOUNT_ID], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(names.await.unwrap(), ["made"]);
    }
}
