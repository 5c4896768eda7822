//! The ledger: every change of cash, positions and trades, made by one writer and on disk before it is answered.
//!
//! # How a write travels
//! A caller hands a [`Write`] to [`Ledger::submit`], which queues it for the [`writer`]: one thread, one connection, so
//! that a statement is a call and no hand-over. The writer takes whatever is waiting into one transaction (group commit),
//! commits it with `synchronous=FULL`, publishes the new [`Books`] and only then answers each caller. So an acknowledged
//! write survives a power cut, and under load one `fsync` serves many writes.
//!
//! # How changes are told
//! Each change notes an [event](Change) in the books, which is written in the same transaction ([`outbox`]).
//!
//! # How reads are consistent
//! [`Books`] is one value, the state after some commit. A reader takes the current one and looks at nothing else. What is
//! only in the file is read by the [`readers`], which never wait for the writer.

pub mod access;
pub mod backup;
pub mod chat;
mod columns;
mod corporate_actions;
mod gathered;
mod last_price;
mod market_seed;
mod outbox;
mod place;
mod read;
mod readers;
mod reset;
mod snapshot;
mod store;
mod today;
mod trade;
mod watchlist;
mod write_off;
mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        account::Account, copilot::Autonomy, day::DayTrades, instant::UtcInstant, money::Money, portfolio::LastPrice,
        ticker::Ticker, trading_day::TradingDay, watchlist::WatchedTicker,
    },
    error::ApiError,
    server::{clock::Clock, market::hours::Hours, metrics::Metrics},
};

pub use corporate_actions::{ACTIONS_MAX, Applied, ApplyAction, PayDividends};
pub use gathered::Gathered;
pub use last_price::RecordPrices;
pub use market_seed::{KeepMarketSeed, MarketSeed};
use outbox::Outbox;
pub use outbox::{Change, EventsPage, RecordedEvent};
pub use read::TRADES_MAX;
use readers::Readers;
pub use reset::Reset;
pub use snapshot::{RecordSnapshot, ThinSnapshots};
pub use store::{StoreError, file_of};
pub use trade::PlaceOrder;
pub use watchlist::{ReorderWatchlist, UnwatchTicker, WatchTicker, Watched};
pub use write_off::WriteOff;
pub use writer::Ended;
use writer::{Cost, Job, Pending, Writer};

/// The writes that may wait; one more is told [`ApiError::Busy`].
pub const QUEUE_CAPACITY: usize = 1_024;

/// The tickers whose prices are needed: watched or held.
pub type TickerSet = BTreeSet<Ticker>;

/// An account's state after some commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    pub account: Account,
    /// What each holding was last worth a share.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    /// In the list's order: as added, unless rearranged.
    pub watchlist: Vec<WatchedTicker>,
    /// Whose days those are that gains are measured over.
    pub hours: Hours,
    /// What was traded on the day of the latest trade.
    pub today: DayTrades,
    /// When the account was opened, or last reset: its equity curve begins here.
    pub opened_at: UtcInstant,
    /// The highest value that was recorded since then; nothing when none was.
    pub high_water_mark: Option<Money>,
    /// What the copilot may do by itself.
    pub autonomy: Autonomy,
    /// The sequence of the last trade before the latest reset, which the history begins after.
    reset_after_sequence: i64,
    /// The sequence of the last message before the conversation was last cleared.
    chat_cleared_after_sequence: i64,
    /// What the changes are told with.
    outbox: Outbox,
}

impl Books {
    pub fn watched(&self) -> TickerSet {
        self.watchlist.iter().map(|watched| watched.ticker).collect()
    }

    /// What is watched or held.
    pub fn wanted(&self) -> TickerSet {
        let watched = self.watchlist.iter().map(|watched| watched.ticker);
        watched.chain(self.account.holdings.keys().copied()).collect()
    }

    /// The trading day of a moment.
    pub fn day_of(&self, at: UtcInstant) -> TradingDay {
        // Mostly it is the day of the latest trade.
        self.today.day_with(at).unwrap_or_else(|| self.hours.day_of(at))
    }

    /// The number of the latest change that these books hold; 0 when there was none.
    pub fn version(&self) -> i64 {
        self.outbox.sequence()
    }

    /// Takes in a value that is recorded; tells whether it is the highest so far.
    fn raise_high_water_mark(&mut self, value: Money) -> bool {
        let is_higher = self.high_water_mark.is_none_or(|highest| value > highest);
        if is_higher {
            self.high_water_mark = Some(value);
        }
        is_higher
    }
}

/// A change of the books.
///
/// What an open page shows of it is noted as a [`Change`], in `books.outbox`.
///
/// It may be applied more than once before it is answered (a transaction that fails is tried again), always to books
/// that do not hold it yet.
pub trait Write: Send + 'static {
    type Outcome: Send;

    /// Changes `books` and the rows behind them alike, or refuses and changes neither.
    ///
    /// # Errors
    /// The outer error is the database's, and undoes the transaction; the inner one is for the caller.
    fn apply(&self, books: &mut Books, rows: &Connection) -> rusqlite::Result<Result<Self::Outcome, ApiError>>;

    /// The same among other writes of a transaction, of which some have `gathered` what is not written yet. It is written
    /// before this one looks at any row, unless it knows better and adds to it.
    ///
    /// # Errors
    /// As of [`apply`](Self::apply).
    fn apply_among(
        &self,
        books: &mut Books,
        rows: &Connection,
        gathered: &mut Gathered,
    ) -> rusqlite::Result<Result<Self::Outcome, ApiError>> {
        gathered.write(rows)?;
        self.apply(books, rows)
    }
}

/// The handle to the ledger; clones share it.
#[derive(Clone)]
pub struct Ledger {
    queue: mpsc::Sender<Box<dyn Job>>,
    books: watch::Receiver<Arc<Books>>,
    watched: watch::Receiver<Arc<TickerSet>>,
    wanted: watch::Receiver<Arc<TickerSet>>,
    readers: Readers,
    /// No write has failed, or the writer has recovered since.
    works: Arc<AtomicBool>,
}

impl Ledger {
    /// Opens the database file (made and seeded when there is none) and starts the writer. It ends, with everything
    /// queued written and the file closed, after `closing` or when the last handle is gone. The account's days are those of
    /// `hours`.
    ///
    /// # Errors
    /// When the file cannot be opened, is not one of ours, or another process has it.
    pub async fn open(
        database_url: &str,
        clock: Clock,
        hours: Hours,
        metrics: Metrics,
        closing: CancellationToken,
    ) -> Result<(Self, Ended), StoreError> {
        let store = store::open(database_url, clock(), hours).await?;
        let (queue, jobs) = mpsc::channel(QUEUE_CAPACITY);
        let (watched_sender, watched) = watch::channel(Arc::new(store.books.watched()));
        let (wanted_sender, wanted) = watch::channel(Arc::new(store.books.wanted()));
        let (books_sender, books) = watch::channel(Arc::new(store.books));
        let works = Arc::new(AtomicBool::new(true));
        let readers = Readers::of(&store.path);
        let writer = Writer {
            connection: store.connection,
            path: store.path,
            lock: store.lock,
            jobs,
            books: books_sender,
            watched: watched_sender,
            wanted: wanted_sender,
            is_uncertain: false,
            cost: Cost::default(),
            works: Arc::clone(&works),
        };
        let ended = writer.start(metrics, closing).map_err(StoreError::Thread)?;
        Ok((Self { queue, books, watched, wanted, readers, works }, ended))
    }

    /// Applies a write, and answers when it is on disk.
    ///
    /// # Errors
    /// What the write itself refuses; [`ApiError::Busy`] when too many wait or the database is out of order, in which
    /// case nothing was changed.
    pub async fn submit<W: Write>(&self, write: W) -> Result<W::Outcome, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Box::new(Pending::new(write, reply))).map_err(|_| ApiError::Busy)?;
        // The writer answers every job it took; it can only be gone when it panicked, which it logged.
        answer.await.unwrap_or(Err(ApiError::Internal))
    }

    /// The books after the latest commit.
    pub fn books(&self) -> Arc<Books> {
        self.books.borrow().clone()
    }

    /// The tickers watched now, and notice when they change, which comes before that of [`wanted`](Self::wanted).
    pub fn watched(&self) -> watch::Receiver<Arc<TickerSet>> {
        self.watched.clone()
    }

    /// Notice of each commit, with the books after it; one who is slow sees the newest only.
    pub fn commits(&self) -> watch::Receiver<Arc<Books>> {
        self.books.clone()
    }

    /// The tickers wanted now, and notice when they change.
    pub fn wanted(&self) -> watch::Receiver<Arc<TickerSet>> {
        self.wanted.clone()
    }

    /// Whether the database answers a read and takes writes. After one that failed, the writer is asked to try again.
    pub async fn is_healthy(&self) -> bool {
        let look = |rows: &mut Connection| rows.query_row("SELECT 1 FROM accounts LIMIT 1", [], |_| Ok(()));
        if self.queue.is_closed() || self.readers.read(look).await.is_err() {
            return false;
        }
        self.works.load(Ordering::Acquire) || self.submit(Attempt).await.is_ok()
    }
}

/// Changes nothing, which takes a writer that has recovered.
struct Attempt;

impl Write for Attempt {
    type Outcome = ();

    fn apply(&self, _: &mut Books, _: &Connection) -> rusqlite::Result<Result<(), ApiError>> {
        Ok(Ok(()))
    }
}
