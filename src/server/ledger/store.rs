//! The database file: opening it, and reading the books from it.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Row, SqliteConnection, SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use tokio::io::AsyncWriteExt;

use super::Books;
use crate::domain::{
    account::{Account, Holding, INITIAL_DEPOSIT},
    day::DayTrades,
    instant::UtcInstant,
    money::{Money, Quantity},
    ticker::Ticker,
    watchlist::{DEFAULT_TICKERS, WatchedTicker},
};

/// The one account there is.
pub const ACCOUNT_ID: &str = "default";

/// Readers that may look at the file at once.
const READERS_MAX: u32 = 4;

/// The tables of the books and of the migrations.
const TABLES_MIN: usize = 5;

/// When the account's latest trade after one was.
pub const LATEST_TRADE: &str =
    "SELECT executed_at_ms FROM trades WHERE account_id = ?1 AND sequence > ?2 ORDER BY sequence DESC LIMIT 1";

/// The account's latest trade after one that is not of a day. The trades of a day are many rows side by side, which the
/// table itself gives faster than an index.
pub const LAST_OF_ANOTHER_DAY: &str = "SELECT sequence FROM trades NOT INDEXED
    WHERE account_id = ?1 AND sequence > ?2 AND (executed_at_ms < ?3 OR executed_at_ms >= ?4)
    ORDER BY sequence DESC LIMIT 1";

/// What the account traded after one trade. A sum of millions and a sum of the rest cannot overflow, as their whole can.
const SUMS_BY_TICKER: &str = "SELECT ticker, side,
        SUM(quantity_millionths / 1000000) AS quantity_millions, SUM(quantity_millionths % 1000000) AS quantity_rest,
        SUM(notional_cents / 1000000) AS notional_millions, SUM(notional_cents % 1000000) AS notional_rest
    FROM trades NOT INDEXED WHERE account_id = ?1 AND sequence > ?2 GROUP BY ticker, side";

const MILLION: i64 = 1_000_000;

/// The pages that the write-ahead log gathers before they are moved into the database file, 16 MiB of them. A move waits
/// for the disk twice, and so do the writes of that moment.
const LOG_PAGES_MAX: &str = "4000";

/// How long a statement waits for the file; with one writer it never has to.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The database cannot be used; nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("DATABASE_URL cannot be read: {0}; an example is DATABASE_URL=sqlite://db/finally.db")]
    Url(sqlx::Error),
    #[error("the folder of the database {} cannot be used: {cause}", path.display())]
    Folder { path: PathBuf, cause: io::Error },
    #[error("the database {} is in use by another FinAlly; stop that one, or set DATABASE_URL to another file", path.display())]
    InUse { path: PathBuf },
    #[error("the database {} cannot be opened: {cause}", path.display())]
    Open { path: PathBuf, cause: sqlx::Error },
    #[error("the database {} belongs to another program; set DATABASE_URL to a file of its own", path.display())]
    Foreign { path: PathBuf },
    #[error("the database {} is damaged; restore it from a backup, or set DATABASE_URL to another file", path.display())]
    Corrupt { path: PathBuf },
    #[error("the books in {} do not add up; restore it from a backup, or set DATABASE_URL to another file", path.display())]
    Unbalanced { path: PathBuf },
    #[error("the database {} is from another version of FinAlly: {cause}", path.display())]
    Migrate { path: PathBuf, cause: MigrateError },
}

/// A lock beside the database file: held by one process at a time, freed by the system when that ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

pub struct Store {
    pub connection: SqliteConnection,
    pub options: SqliteConnectOptions,
    pub readers: SqlitePool,
    pub lock: FileLock,
    pub books: Books,
}

/// Opens the file, brings its schema up to date, seeds it when it is new, and reads the books.
pub async fn open(database_url: &str, now: UtcInstant) -> Result<Store, StoreError> {
    let options = SqliteConnectOptions::from_str(database_url)
        .map_err(StoreError::Url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", LOG_PAGES_MAX)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let path = options.get_filename().to_owned();
    let lock = take_lock(&path)?;
    inspect(&path).await?;

    let failed = |cause| StoreError::Open { path: path.clone(), cause };
    let mut connection = options.connect().await.map_err(failed)?;
    sqlx::migrate!("src/server/ledger/migrations")
        .run(&mut connection)
        .await
        .map_err(|cause| StoreError::Migrate { path: path.clone(), cause })?;
    seed(&mut connection, now).await.map_err(failed)?;
    let books = load(&mut connection).await.map_err(failed)?;
    if !books.account.is_balanced() {
        return Err(StoreError::Unbalanced { path });
    }

    let readers =
        SqlitePoolOptions::new().max_connections(READERS_MAX).connect_lazy_with(options.clone().read_only(true));
    // It is there now; should it ever be away, an empty one must not take its place.
    let options = options.create_if_missing(false);
    Ok(Store { connection, options, readers, lock, books })
}

fn take_lock(database: &Path) -> Result<FileLock, StoreError> {
    let unusable = |cause| StoreError::Folder { path: database.to_owned(), cause };
    if let Some(folder) = database.parent().filter(|_| !database.exists()) {
        make_folder(folder).map_err(unusable)?;
    }
    let mut lock_path = database.as_os_str().to_owned();
    lock_path.push(".lock");
    let file = File::create(&lock_path).map_err(unusable)?;
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
async fn inspect(path: &Path) -> Result<(), StoreError> {
    if fs::metadata(path).map_or(true, |file| file.len() == 0) {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(path);
    match inspect_with(path, options.clone().read_only(true)).await {
        // A power cut left a transaction half done. Whoever opens the file has to undo it before anything can be read.
        Err(StoreError::Open { cause: sqlx::Error::Database(cause), .. })
            if cause.code().as_deref() == Some(READONLY_ROLLBACK) =>
        {
            inspect_with(path, options).await
        }
        outcome => outcome,
    }
}

/// SQLite's code for a file that cannot be read without writing to it first.
const READONLY_ROLLBACK: &str = "776";

async fn inspect_with(path: &Path, options: SqliteConnectOptions) -> Result<(), StoreError> {
    let failed = |cause| StoreError::Open { path: path.to_owned(), cause };
    let mut connection = options.connect().await.map_err(failed)?;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut connection)
        .await
        .map_err(failed)?;
    if !tables.is_empty() && !tables.iter().any(|table| table == "_sqlx_migrations") {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    // The small tables that the books are made of; the long ones would hold up the start.
    for check in ["PRAGMA quick_check(accounts)", "PRAGMA quick_check(positions)", "PRAGMA quick_check(watchlist)"] {
        let finding: Result<String, _> = sqlx::query_scalar(check).fetch_one(&mut connection).await;
        match finding {
            Ok(finding) if finding == "ok" => {}
            Ok(_) => return Err(StoreError::Corrupt { path: path.to_owned() }),
            // A database that was made and then lost power before its first table was.
            Err(_) if tables.len() < TABLES_MIN => {}
            Err(cause) => return Err(failed(cause)),
        }
    }
    connection.close().await.map_err(failed)
}

/// Opens the account and its watchlist, in one transaction, when there is no account yet.
async fn seed(connection: &mut SqliteConnection, now: UtcInstant) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let opened = sqlx::query(
        "INSERT INTO accounts (id, initial_deposit_cents, cash_cents, realized_pnl_cents, opened_at_ms)
         VALUES (?1, ?2, ?2, 0, ?3) ON CONFLICT DO NOTHING",
    )
    .bind(ACCOUNT_ID)
    .bind(INITIAL_DEPOSIT.cents())
    .bind(now.unix_ms())
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    if opened > 0 {
        for (ordinal, ticker) in (0_i64..).zip(DEFAULT_TICKERS) {
            sqlx::query("INSERT INTO watchlist (account_id, ticker, ordinal, added_at_ms) VALUES (?1, ?2, ?3, ?4)")
                .bind(ACCOUNT_ID)
                .bind(ticker)
                .bind(ordinal)
                .bind(now.unix_ms())
                .execute(&mut *transaction)
                .await?;
        }
    }
    transaction.commit().await
}

/// Reads the books as the file has them.
pub async fn load(connection: &mut SqliteConnection) -> Result<Books, sqlx::Error> {
    let account =
        sqlx::query("SELECT * FROM accounts WHERE id = ?1").bind(ACCOUNT_ID).fetch_one(&mut *connection).await?;
    let positions =
        sqlx::query("SELECT ticker, quantity_millionths, cost_basis_cents FROM positions WHERE account_id = ?1")
            .bind(ACCOUNT_ID)
            .fetch_all(&mut *connection)
            .await?;
    let watchlist = sqlx::query("SELECT ticker, added_at_ms FROM watchlist WHERE account_id = ?1 ORDER BY ordinal")
        .bind(ACCOUNT_ID)
        .fetch_all(&mut *connection)
        .await?;

    let mut holdings: BTreeMap<Ticker, Holding> = BTreeMap::new();
    for row in positions {
        let ticker = decode("ticker", row.try_get::<String, _>("ticker")?.parse())?;
        let quantity = decode("quantity_millionths", Quantity::from_millionths(row.try_get("quantity_millionths")?))?;
        holdings.insert(ticker, Holding { quantity, cost_basis: Money::from_cents(row.try_get("cost_basis_cents")?) });
    }
    let reset_after_sequence: i64 = account.try_get("reset_after_sequence")?;
    Ok(Books {
        today: load_today(connection, reset_after_sequence).await?,
        opened_at: UtcInstant::from_unix_ms(account.try_get("opened_at_ms")?),
        high_water_mark: account.try_get::<Option<i64>, _>("high_water_mark_cents")?.map(Money::from_cents),
        autonomy: decode("autonomy", account.try_get::<String, _>("autonomy")?.parse())?,
        reset_after_sequence,
        chat_cleared_after_sequence: account.try_get("chat_cleared_after_sequence")?,
        account: Account {
            cash: Money::from_cents(account.try_get("cash_cents")?),
            initial_deposit: Money::from_cents(account.try_get("initial_deposit_cents")?),
            realized_pnl: Money::from_cents(account.try_get("realized_pnl_cents")?),
            holdings,
        },
        watchlist: watchlist
            .into_iter()
            .map(|row| {
                let ticker = decode("ticker", row.try_get::<String, _>("ticker")?.parse())?;
                Ok(WatchedTicker { ticker, added_at: UtcInstant::from_unix_ms(row.try_get("added_at_ms")?) })
            })
            .collect::<Result<_, sqlx::Error>>()?,
    })
}

/// Adds up the trades of the day of the latest one; older ones are not looked at.
async fn load_today(connection: &mut SqliteConnection, after_sequence: i64) -> Result<DayTrades, sqlx::Error> {
    let mut today = DayTrades::default();
    let latest: Option<i64> =
        sqlx::query_scalar(LATEST_TRADE).bind(ACCOUNT_ID).bind(after_sequence).fetch_optional(&mut *connection).await?;
    let Some(latest) = latest.map(UtcInstant::from_unix_ms) else {
        return Ok(today);
    };
    let day_before: i64 = sqlx::query_scalar(LAST_OF_ANOTHER_DAY)
        .bind(ACCOUNT_ID)
        .bind(after_sequence)
        .bind(latest.start_of_day().unix_ms())
        .bind(latest.start_of_next_day().unix_ms())
        .fetch_optional(&mut *connection)
        .await?
        .unwrap_or(after_sequence);
    let sums = sqlx::query(SUMS_BY_TICKER).bind(ACCOUNT_ID).bind(day_before).fetch_all(connection).await?;
    for row in sums {
        let ticker = decode("ticker", row.try_get::<String, _>("ticker")?.parse())?;
        let side = decode("side", row.try_get::<String, _>("side")?.parse())?;
        let sum = |millions: &str, rest: &str| -> Result<i64, sqlx::Error> {
            let millions: i64 = row.try_get(millions)?;
            Ok(millions.saturating_mul(MILLION).saturating_add(row.try_get(rest)?))
        };
        let notional = Money::from_cents(sum("notional_millions", "notional_rest")?);
        today.record_sum(side, ticker, sum("quantity_millions", "quantity_rest")?, notional, latest);
    }
    Ok(today)
}

/// As much as a full batch of trades writes, and more than one trade does.
const ROOM_BYTES: usize = 256 * 1024;

/// Tries whether the disk takes a file of [`ROOM_BYTES`] beside the database.
pub async fn find_room(database: &Path) -> io::Result<()> {
    let mut path = database.as_os_str().to_owned();
    path.push(".room");
    let written = write_room(Path::new(&path)).await;
    let removed = tokio::fs::remove_file(&path).await;
    written.and(removed)
}

async fn write_room(path: &Path) -> io::Result<()> {
    let mut file = tokio::fs::File::create(path).await?;
    file.write_all(&vec![0; ROOM_BYTES]).await?;
    file.sync_all().await
}

/// Commits a change that means nothing, so that the write-ahead log ends with it. SQLite leaves this number to programs,
/// and we have no other use for it.
pub async fn overwrite_log_end(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let version: i32 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    // A pragma takes no parameters; a number can hold nothing else.
    let statement = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", version.wrapping_add(1)));
    sqlx::query(statement).execute(connection).await?;
    Ok(())
}

/// A stored value that our types refuse is the database's fault, not the caller's.
pub fn decode<T, E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    column: &str,
    value: Result<T, E>,
) -> Result<T, sqlx::Error> {
    value.map_err(|cause| sqlx::Error::ColumnDecode { index: column.to_owned(), source: cause.into() })
}
