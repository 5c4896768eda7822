//! The database file: opening it, and diagnosing problems.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use sqlx::{ConnectOptions, Connection as _, migrate::MigrateError, sqlite::SqliteConnectOptions};
use tracing::warn;

use super::{SqliteStore, place};
use crate::server::ledger::store::StoreFault;

/// Number of tables for the books and migrations.
const TABLES_MIN: usize = 5;

/// Pages in the write-ahead log before a checkpoint moves them into the database file: 16 MiB. A checkpoint waits for
/// the disk twice, and so do concurrent writes.
const LOG_PAGES_MAX: i64 = 4_000;

/// Prepared statements cached per connection: all of them.
pub const STATEMENTS_MAX: usize = 96;

/// Time that a statement waits for the file; with one writer it never has to.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database cannot be used; it was not changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("DATABASE_URL cannot be read: {0}; an example is DATABASE_URL=sqlite://db/finally.db")]
    Url(sqlx::Error),
    #[error("the folder of the database {} cannot be used: {cause}", path.display())]
    Folder { path: PathBuf, cause: io::Error },
    #[error(
        "{} belongs to the user {owner} and cannot be written by {user}, who runs this program: give it to that user \
         (chown -R {user} on the machine that has it), or set DATABASE_URL to a file elsewhere",
        path.display()
    )]
    NotWritable { path: PathBuf, user: String, owner: String },
    #[error("{} is on a file system that is read-only; set DATABASE_URL to a file elsewhere", path.display())]
    ReadOnly { path: PathBuf },
    #[error("the database {} is in use by another FinAlly; stop that one, or set DATABASE_URL to another file", path.display())]
    InUse { path: PathBuf },
    #[error("the database {} cannot be opened: {cause}", path.display())]
    Open { path: PathBuf, cause: rusqlite::Error },
    #[error("the database {} belongs to another program; set DATABASE_URL to a file of its own", path.display())]
    Foreign { path: PathBuf },
    #[error("the database {} is damaged; restore it from a backup, or set DATABASE_URL to another file", path.display())]
    Corrupt { path: PathBuf },
    #[error("the books in {} cannot be read: {cause}", path.display())]
    Books { path: PathBuf, cause: StoreFault },
    #[error("the books in {} do not add up; restore it from a backup, or set DATABASE_URL to another file", path.display())]
    Unbalanced { path: PathBuf },
    #[error("the database {} is from another version of FinAlly: {cause}", path.display())]
    OtherVersion { path: PathBuf, cause: MigrateError },
    #[error("the database {} cannot be brought up to date: {cause}", path.display())]
    Migrate { path: PathBuf, cause: MigrateError },
    #[error("the ledger has no thread: {0}")]
    Thread(io::Error),
}

/// A lock beside the database file: held by one process at a time, released by the system when the process ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// Path of the file in a database URL.
///
/// # Errors
/// [`StoreError::Url`].
pub fn file_of(database_url: &str) -> Result<PathBuf, StoreError> {
    let options = SqliteConnectOptions::from_str(database_url).map_err(StoreError::Url)?;
    Ok(options.get_filename().to_owned())
}

/// Opens the file, and migrates its schema.
///
/// # Errors
/// If the file cannot be opened, is not a FinAlly database, or is used by another process.
pub async fn open(database_url: &str) -> Result<SqliteStore, StoreError> {
    let path = file_of(database_url)?;
    if let Some(kind) = place::network_file_system(&path) {
        warn!(
            database.path = %path.display(),
            "the database is on a network file system ({kind}), whose locks and syncs do not keep it whole: set \
             DATABASE_URL to a file on a disk of this machine (with Docker, a named volume)"
        );
    }
    let lock = take_lock(&path)?;
    place::check_writable(&path)?;
    inspect(&path)?;

    let connection = create(&path).map_err(|cause| StoreError::Open { path: path.clone(), cause })?;
    migrate(&path).await?;
    Ok(SqliteStore { connection, path, lock })
}

/// A writing connection, which creates the file if missing.
fn create(path: &Path) -> rusqlite::Result<Connection> {
    connect_with(path, OpenFlags::SQLITE_OPEN_CREATE)
}

/// A writing connection to the existing file. If the file is missing, an empty one must not take its place.
///
/// # Errors
/// If the file is missing, or the disk fails.
pub fn connect(path: &Path) -> rusqlite::Result<Connection> {
    connect_with(path, OpenFlags::empty())
}

fn connect_with(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | flags;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES_MAX)?;
    Ok(connection)
}

/// Migrates the schema while another connection holds the file open: otherwise the last connection to close would
/// checkpoint the whole log.
async fn migrate(path: &Path) -> Result<(), StoreError> {
    let run = async {
        // Migrations rebuild and rename tables, which needs foreign keys off: https://sqlite.org/lang_altertable.html.
        let options = SqliteConnectOptions::new().filename(path).foreign_keys(false).busy_timeout(BUSY_TIMEOUT);
        // The migrations' text is no news, whatever the level of the log.
        let options = options.disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::migrate!("src/server/ledger/migrations").run(&mut connection).await?;
        Ok(connection.close().await?)
    };
    run.await.map_err(|cause| match cause {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            StoreError::OtherVersion { path: path.to_owned(), cause }
        }
        cause => StoreError::Migrate { path: path.to_owned(), cause },
    })
}

/// Time for which a held lock is retried: a process that is starting holds a copy of its parent's lock until its
/// program runs.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// Interval between attempts.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// Takes the lock beside a database.
///
/// # Errors
/// If another process holds it, or it cannot be created.
pub fn take_lock(database: &Path) -> Result<FileLock, StoreError> {
    let mut lock_path = database.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = Path::new(&lock_path);
    // An existing lock may belong to another user; a missing one would be created in the folder.
    let blamed = if lock_path.exists() { Some(lock_path) } else { database.parent() };
    let unusable = |cause| place::explain(blamed.unwrap_or(database), cause);
    if let Some(folder) = database.parent().filter(|_| !database.exists()) {
        make_folder(folder).map_err(unusable)?;
    }
    let file = File::create(lock_path).map_err(unusable)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FileLock { _file: file }),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => thread::sleep(LOCK_RETRY),
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: database.to_owned() }),
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
    }
}

/// Creates the folder of a new database, and syncs its parent, so that its name survives a power cut. SQLite only syncs
/// the folder itself.
fn make_folder(folder: &Path) -> io::Result<()> {
    let above = match folder.parent() {
        None => return Ok(()),
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
    };
    if !above.is_dir() {
        make_folder(above)?;
    }
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        fs::create_dir(folder)?;
    }
    match File::open(above) {
        // A folder may be traversable but not readable; then syncing it is not our task.
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        above => above?.sync_all(),
    }
}

/// Inspects an existing file without writing to it: whether it is a sound database of FinAlly's.
fn inspect(path: &Path) -> Result<(), StoreError> {
    if fs::metadata(path).map_or(true, |file| file.len() == 0) {
        return Ok(());
    }
    match inspect_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        // A power cut left a transaction half done. Opening for writing rolls it back; until then nothing can be read.
        Err(StoreError::Open { cause: rusqlite::Error::SqliteFailure(cause, _), .. })
            if cause.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK =>
        {
            inspect_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        }
        outcome => outcome,
    }
}

fn inspect_with(path: &Path, flags: OpenFlags) -> Result<(), StoreError> {
    let failed = |cause| StoreError::Open { path: path.to_owned(), cause };
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let tables = read_tables(&connection).map_err(failed)?;
    if !tables.is_empty() && !tables.iter().any(|table| table == "_sqlx_migrations") {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    // Only the small tables of the books; checking the large ones would delay the start.
    for check in ["PRAGMA quick_check(accounts)", "PRAGMA quick_check(positions)", "PRAGMA quick_check(watchlist)"] {
        match connection.query_row(check, [], |row| row.get::<_, String>(0)) {
            Ok(finding) if finding == "ok" => {}
            Ok(_) => return Err(StoreError::Corrupt { path: path.to_owned() }),
            // A database whose creation a power cut interrupted before its first table.
            Err(_) if tables.len() < TABLES_MIN => {}
            Err(cause) => return Err(failed(cause)),
        }
    }
    connection.close().map_err(|(_, cause)| failed(cause))
}

fn read_tables(rows: &Connection) -> rusqlite::Result<Vec<String>> {
    rows.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?.query_map([], |row| row.get(0))?.collect()
}

/// Bytes that a full batch of trades writes, more than a single trade.
const ROOM_BYTES: usize = 256 * 1024;

/// Checks that the disk accepts a file of [`ROOM_BYTES`] beside the database.
///
/// # Errors
/// If it does not.
pub fn find_room(database: &Path) -> io::Result<()> {
    let mut path = database.as_os_str().to_owned();
    path.push(".room");
    let written = write_room(Path::new(&path));
    let removed = fs::remove_file(&path);
    written.and(removed)
}

fn write_room(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(&vec![0; ROOM_BYTES])?;
    file.sync_all()
}

/// Commits a change without effect, to overwrite the end of the write-ahead log. It sets SQLite's user-defined number,
/// which is otherwise unused.
///
/// # Errors
/// The database's.
pub fn overwrite_log_end(rows: &Connection) -> rusqlite::Result<()> {
    let version: i32 = rows.pragma_query_value(None, "user_version", |row| row.get(0))?;
    rows.pragma_update(None, "user_version", version.wrapping_add(1))
}
