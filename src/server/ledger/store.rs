//! The database file: opening it, and reading the books from it.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use sqlx::{ConnectOptions, Connection as _, migrate::MigrateError, sqlite::SqliteConnectOptions};
use tracing::warn;

use super::{
    Books,
    outbox::{LATEST_EVENT, Outbox},
    place,
    today::{add_dividends, add_trades_of_split, splits_around},
};
use crate::domain::{
    account::{Account, Holding, INITIAL_DEPOSIT},
    candle::STEP_BACK_SECONDS,
    day::{DayTrades, Traded},
    instant::UtcInstant,
    money::Money,
    portfolio::LastPrice,
    ticker::Ticker,
    watchlist::{DEFAULT_TICKERS, WatchedTicker},
};
use crate::server::market::hours::Hours;

/// The one account there is.
pub const ACCOUNT_ID: &str = "default";

/// The tables of the books and of the migrations.
const TABLES_MIN: usize = 5;

/// When the account's latest trade after one was.
pub const LATEST_TRADE: &str =
    "SELECT executed_at_ms FROM trades WHERE account_id = ?1 AND sequence > ?2 ORDER BY sequence DESC LIMIT 1";

/// The account's latest trade after one that is neither of a stretch of time. The trades of a day are many rows side by
/// side, which the table itself gives faster than an index.
pub const LATEST_OUTSIDE: &str = "SELECT sequence, executed_at_ms FROM trades NOT INDEXED
    WHERE account_id = ?1 AND sequence > ?2 AND (executed_at_ms < ?3 OR executed_at_ms >= ?4)
    ORDER BY sequence DESC LIMIT 1";

/// What the account traded from one trade on. A sum of millions and a sum of the rest cannot overflow, as their whole can.
const SUMS_BY_TICKER: &str = "SELECT ticker, side,
        SUM(quantity_millionths / 1000000) AS quantity_millions, SUM(quantity_millionths % 1000000) AS quantity_rest,
        SUM(notional_cents / 1000000) AS notional_millions, SUM(notional_cents % 1000000) AS notional_rest,
        MAX(previous_close_units) AS previous_close
    FROM trades NOT INDEXED WHERE account_id = ?1 AND sequence >= ?2 GROUP BY ticker, side";

/// The account's first trade after one that is of a moment or later.
const FIRST_SINCE: &str =
    "SELECT MIN(sequence) FROM trades NOT INDEXED WHERE account_id = ?1 AND sequence > ?2 AND executed_at_ms >= ?3";

const MILLION: i64 = 1_000_000;

/// The pages that the write-ahead log gathers before they are moved into the database file, 16 MiB of them. A move waits
/// for the disk twice, and so do the writes of that moment.
const LOG_PAGES_MAX: i64 = 4_000;

/// The statements that a connection keeps prepared: all that there are.
pub const STATEMENTS_MAX: usize = 64;

/// How long a statement waits for the file; with one writer it never has to.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database cannot be used; nothing in it was changed.
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
    #[error("the books in {} do not add up; restore it from a backup, or set DATABASE_URL to another file", path.display())]
    Unbalanced { path: PathBuf },
    #[error("the database {} is from another version of FinAlly: {cause}", path.display())]
    OtherVersion { path: PathBuf, cause: MigrateError },
    #[error("the database {} cannot be brought up to date: {cause}", path.display())]
    Migrate { path: PathBuf, cause: MigrateError },
    #[error("the ledger has no thread: {0}")]
    Thread(io::Error),
}

/// A lock beside the database file: held by one process at a time, freed by the system when that ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

pub struct Store {
    pub connection: Connection,
    pub path: PathBuf,
    pub lock: FileLock,
    pub books: Books,
}

/// The file that an address names.
///
/// # Errors
/// [`StoreError::Url`].
pub fn file_of(database_url: &str) -> Result<PathBuf, StoreError> {
    let options = SqliteConnectOptions::from_str(database_url).map_err(StoreError::Url)?;
    Ok(options.get_filename().to_owned())
}

/// Opens the file, brings its schema up to date, seeds it when it is new, and reads the books.
pub async fn open(database_url: &str, now: UtcInstant, hours: Hours) -> Result<Store, StoreError> {
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

    let failed = |cause| StoreError::Open { path: path.clone(), cause };
    let mut connection = create(&path).map_err(failed)?;
    migrate(&path).await?;
    seed(&mut connection, now).map_err(failed)?;
    let books = load(&connection, hours).map_err(failed)?;
    if !books.account.is_balanced() {
        return Err(StoreError::Unbalanced { path });
    }
    Ok(Store { connection, path, lock, books })
}

/// A connection that writes, to the file or to a new one.
fn create(path: &Path) -> rusqlite::Result<Connection> {
    connect_with(path, OpenFlags::SQLITE_OPEN_CREATE)
}

/// A connection that writes, to the file that is there: should it ever be away, an empty one must not take its place.
///
/// # Errors
/// When it is away, or the disk does not let it be used.
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

/// Brings the schema up to date, while another connection holds the file open: the last one that closes it would move
/// all of the log into it.
async fn migrate(path: &Path) -> Result<(), StoreError> {
    let run = async {
        let options = SqliteConnectOptions::new().filename(path).foreign_keys(true).busy_timeout(BUSY_TIMEOUT);
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

/// Takes the lock beside a database.
///
/// # Errors
/// When another process holds it, or it cannot be made.
pub fn take_lock(database: &Path) -> Result<FileLock, StoreError> {
    let mut lock_path = database.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = Path::new(&lock_path);
    // A lock that is there may belong to another; one that is not would be made in the folder.
    let blamed = if lock_path.exists() { Some(lock_path) } else { database.parent() };
    let unusable = |cause| place::explain(blamed.unwrap_or(database), cause);
    if let Some(folder) = database.parent().filter(|_| !database.exists()) {
        make_folder(folder).map_err(unusable)?;
    }
    let file = File::create(lock_path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: database.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}

/// Makes the folder of a new database, and syncs the one above it, so that its name is still there after a power cut.
/// SQLite does that for the names in the folder, and no further.
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
        // It may be one that is passed through, but not read: then it is not ours to keep.
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        above => above?.sync_all(),
    }
}

/// Looks at a file that is already there, without writing to it: whether it is a sound database, and one of ours.
fn inspect(path: &Path) -> Result<(), StoreError> {
    if fs::metadata(path).map_or(true, |file| file.len() == 0) {
        return Ok(());
    }
    match inspect_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        // A power cut left a transaction half done. Whoever opens the file has to undo it before anything can be read.
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
    // The small tables that the books are made of; the long ones would hold up the start.
    for check in ["PRAGMA quick_check(accounts)", "PRAGMA quick_check(positions)", "PRAGMA quick_check(watchlist)"] {
        match connection.query_row(check, [], |row| row.get::<_, String>(0)) {
            Ok(finding) if finding == "ok" => {}
            Ok(_) => return Err(StoreError::Corrupt { path: path.to_owned() }),
            // A database that was made and then lost power before its first table was.
            Err(_) if tables.len() < TABLES_MIN => {}
            Err(cause) => return Err(failed(cause)),
        }
    }
    connection.close().map_err(|(_, cause)| failed(cause))
}

fn read_tables(rows: &Connection) -> rusqlite::Result<Vec<String>> {
    rows.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?.query_map([], |row| row.get(0))?.collect()
}

/// Opens the account and its watchlist, in one transaction, when there is no account yet.
fn seed(connection: &mut Connection, now: UtcInstant) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let opened = transaction.execute(
        "INSERT INTO accounts (id, initial_deposit_cents, cash_cents, realized_pnl_cents, opened_at_ms)
         VALUES (?1, ?2, ?2, 0, ?3) ON CONFLICT DO NOTHING",
        params![ACCOUNT_ID, INITIAL_DEPOSIT, now],
    )?;
    if opened > 0 {
        for (ordinal, ticker) in (0_i64..).zip(DEFAULT_TICKERS) {
            transaction.execute(
                "INSERT INTO watchlist (account_id, ticker, ordinal, added_at_ms) VALUES (?1, ?2, ?3, ?4)",
                params![ACCOUNT_ID, ticker, ordinal, now],
            )?;
        }
    }
    transaction.commit()
}

/// Reads the books as the file has them, with the days of `hours`.
///
/// # Errors
/// The database's, or of a value in it that means nothing.
pub fn load(rows: &Connection, hours: Hours) -> rusqlite::Result<Books> {
    rows.query_row("SELECT * FROM accounts WHERE id = ?1", [ACCOUNT_ID], |account| {
        let reset_after_sequence = account.get("reset_after_sequence")?;
        Ok(Books {
            account: Account {
                cash: account.get("cash_cents")?,
                initial_deposit: account.get("initial_deposit_cents")?,
                realized_pnl: account.get("realized_pnl_cents")?,
                income: account.get("income_cents")?,
                holdings: load_holdings(rows)?,
            },
            last_prices: load_last_prices(rows)?,
            watchlist: load_watchlist(rows)?,
            hours,
            today: add_dividends(
                load_today(rows, reset_after_sequence, hours)?,
                account.get("opened_at_ms")?,
                hours,
                rows,
            )?,
            opened_at: account.get("opened_at_ms")?,
            high_water_mark: account.get("high_water_mark_cents")?,
            autonomy: account.get("autonomy")?,
            reset_after_sequence,
            chat_cleared_after_sequence: account.get("chat_cleared_after_sequence")?,
            outbox: Outbox::at(rows.query_row(LATEST_EVENT, [ACCOUNT_ID], |row| row.get(0))?),
        })
    })
}

fn load_holdings(rows: &Connection) -> rusqlite::Result<BTreeMap<Ticker, Holding>> {
    rows.prepare("SELECT ticker, quantity_millionths, cost_basis_cents FROM positions WHERE account_id = ?1")?
        .query_map([ACCOUNT_ID], |row| Ok((row.get(0)?, Holding { quantity: row.get(1)?, cost_basis: row.get(2)? })))?
        .collect()
}

fn load_last_prices(rows: &Connection) -> rusqlite::Result<BTreeMap<Ticker, LastPrice>> {
    rows.prepare(
        "SELECT ticker, last_price_units, last_price_at_ms FROM positions
         WHERE account_id = ?1 AND last_price_units IS NOT NULL AND last_price_at_ms IS NOT NULL",
    )?
    .query_map([ACCOUNT_ID], |row| Ok((row.get(0)?, LastPrice { price: row.get(1)?, at: row.get(2)? })))?
    .collect()
}

fn load_watchlist(rows: &Connection) -> rusqlite::Result<Vec<WatchedTicker>> {
    rows.prepare("SELECT ticker, added_at_ms FROM watchlist WHERE account_id = ?1 ORDER BY ordinal")?
        .query_map([ACCOUNT_ID], |row| Ok(WatchedTicker { ticker: row.get(0)?, added_at: row.get(1)? }))?
        .collect()
}

/// Adds up the trades of the latest one's day as they were recorded; older ones are not looked at. One that was written a
/// little later than one of the next day counts there ([`DayTrades::day_with`]).
fn load_today(rows: &Connection, after_sequence: i64, hours: Hours) -> rusqlite::Result<DayTrades> {
    let mut today = DayTrades::default();
    let latest: Option<UtcInstant> =
        rows.query_row(LATEST_TRADE, params![ACCOUNT_ID, after_sequence], |row| row.get(0)).optional()?;
    let Some(latest) = latest else {
        return Ok(today);
    };
    let latest_outside = |from_s: i64, until_s: i64| -> rusqlite::Result<Option<(i64, UtcInstant)>> {
        let bounds = params![ACCOUNT_ID, after_sequence, from_s.saturating_mul(1_000), until_s.saturating_mul(1_000)];
        rows.query_row(LATEST_OUTSIDE, bounds, |row| Ok((row.get(0)?, row.get(1)?))).optional()
    };
    let mut day = hours.day_of(latest);
    let late_from_s = day.ends_at - STEP_BACK_SECONDS;
    // At the end of a day the latest may be late, where the one before is of the next day.
    if latest.unix_second() >= late_from_s
        && let Some((_, earlier)) = latest_outside(late_from_s, day.ends_at)?
        && hours.day_of(earlier).starts_at == day.ends_at
    {
        day = hours.day_of(earlier);
    }
    let before = latest_outside(day.starts_at - STEP_BACK_SECONDS, day.ends_at)?;
    let before = before.map_or(after_sequence, |(sequence, _)| sequence);
    let bounds = params![ACCOUNT_ID, before, day.starts_at.saturating_mul(1_000)];
    let first: Option<i64> = rows.query_row(FIRST_SINCE, bounds, |row| row.get(0))?;
    let splits = splits_around(day, rows)?;
    let mut sums = rows.prepare(SUMS_BY_TICKER)?;
    let mut sums = sums.query(params![ACCOUNT_ID, first.unwrap_or_default()])?;
    while let Some(row) = sums.next()? {
        let sum = |millions: &str, rest: &str| -> rusqlite::Result<i64> {
            let millions: i64 = row.get(millions)?;
            Ok(millions.saturating_mul(MILLION).saturating_add(row.get(rest)?))
        };
        let (ticker, side, previous_close) = (row.get("ticker")?, row.get("side")?, row.get("previous_close")?);
        if splits.contains_key(&ticker) {
            continue;
        }
        let notional = Money::from_cents(sum("notional_millions", "notional_rest")?);
        let quantity = sum("quantity_millions", "quantity_rest")?;
        today.record(day, Traded { ticker, side, millionths: quantity, notional, previous_close });
    }
    for (ticker, splits) in &splits {
        add_trades_of_split(&mut today, day, *ticker, splits, first.unwrap_or_default(), rows)?;
    }
    Ok(today)
}

/// As much as a full batch of trades writes, and more than one trade does.
const ROOM_BYTES: usize = 256 * 1024;

/// Tries whether the disk takes a file of [`ROOM_BYTES`] beside the database.
///
/// # Errors
/// When it does not.
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

/// Commits a change that means nothing, so that the write-ahead log ends with it. SQLite leaves this number to programs,
/// and we have no other use for it.
///
/// # Errors
/// The database's.
pub fn overwrite_log_end(rows: &Connection) -> rusqlite::Result<()> {
    let version: i32 = rows.pragma_query_value(None, "user_version", |row| row.get(0))?;
    rows.pragma_update(None, "user_version", version.wrapping_add(1))
}
