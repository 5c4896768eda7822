//! The ledger: every change of an account, made by one writer and on disk before it is acknowledged.
//!
//! # Path of a write
//! A caller passes a [`Write`] to [`Ledger::submit`], which queues it for the [`writer`]: one thread, one connection,
//! so that a statement is a plain call. The writer takes all queued writes into one transaction (group commit). For
//! each write, `find` looks up the rows that it needs, `decide` computes [effects](effect::Effects) from them and the
//! [`Books`] (pure: no I/O, no clock, no randomness), the books apply the effects, and the [store](store::Store) writes
//! them. The transaction is committed with `synchronous=FULL`; then the new books are published, and only then each
//! caller is answered. So an acknowledged write survives a power cut, and under load one `fsync` serves many writes.
//!
//! Decisions that build on each other (the actions of a reply) are made in sequence on a [`Draft`].
//!
//! # Accounts
//! Each read and write names its account first. [`Books`] are one value per account; a commit clones and publishes
//! those that it changed. An account that was never opened has empty books, and every write to it is refused.
//!
//! # Events
//! Each change has an [event](Change) among its effects, with the account's next number, which the store writes in the
//! same transaction. Changes of the same object within a transaction share a row, under the number of the last.
//!
//! # Consistency of reads
//! [`Books`] are one value, the state after a commit. A reader takes the current one and uses nothing else. Rows that
//! are only in the store are read concurrently, and never wait for the writer.

pub mod access;
pub mod alerts;
mod announce;
mod books;
mod change;
pub mod chat;
mod corporate_actions;
mod days;
pub mod effect;
mod flow;
mod last_price;
mod market_seed;
mod open_account;
pub mod orders;
mod published;
mod read;
mod reset;
mod snapshot;
pub mod store;
pub mod tokens;
mod trade;
mod watchlist;
mod write;
mod write_off;
mod writer;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::account_id::AccountId,
    error::ApiError,
    server::{clock::Clock, market::hours::Hours, metrics::Metrics},
};

pub use announce::Announce;
pub use books::{Books, TickerSet};
pub use change::{Change, EventsPage, RecordedEvent};
pub use corporate_actions::{ACTIONS_MAX, Applied, ApplyAction, PayDividends};
pub use days::{AddDays, RecordDay};
pub use flow::{FLOWS_MAX, RecordFlow};
pub use last_price::RecordPrices;
pub use market_seed::{KeepMarketSeed, MarketSeed};
pub use open_account::OpenAccount;
use published::{PublishedBooks, TickerUnion};
pub use read::TRADES_MAX;
pub use reset::Reset;
pub use snapshot::{RecordSnapshot, ThinSnapshots};
use store::{AllBooks, Readers, Rows, Store};
pub use store::{
    StoreFault,
    sqlite::{StoreError, backup, file_of},
};
pub use trade::{Named, PlaceOrder};
pub use watchlist::{ReorderWatchlist, UnwatchTicker, WatchTicker, Watched};
pub use write::{Draft, Write};
pub use write_off::WriteOff;
pub use writer::Ended;
use writer::{Cost, Job, Pending, Writer};

/// Capacity of the queue; further writes get [`ApiError::Busy`].
pub const QUEUE_CAPACITY: usize = 1_024;

/// Handle to the ledger; clones share it.
#[derive(Clone)]
pub struct Ledger {
    queue: mpsc::Sender<Box<dyn Job>>,
    books: PublishedBooks,
    watched: watch::Receiver<Arc<TickerSet>>,
    wanted: watch::Receiver<Arc<TickerSet>>,
    readers: Readers,
    /// Whether no write has failed since the writer last recovered.
    works: Arc<AtomicBool>,
    /// Notified after each commit that changes the set of open orders.
    orders_changed: Arc<Notify>,
}

impl Ledger {
    /// Opens the database file (created, with the default account, if missing) and starts the writer. After `closing`,
    /// or when the last handle is dropped, the writer writes everything queued and closes the file. `hours` define the
    /// accounts' days.
    ///
    /// # Errors
    /// If the file cannot be opened, is not a FinAlly database, or is used by another process.
    pub async fn open(
        database_url: &str,
        clock: Clock,
        hours: Hours,
        metrics: Metrics,
        closing: CancellationToken,
    ) -> Result<(Self, Ended), StoreError> {
        let store = store::sqlite::open(database_url).await?;
        let (path, readers) = (store.path().to_owned(), Readers::Sqlite(store.readers()));
        let (books, store) =
            load(Box::new(store), clock, hours).map_err(|cause| StoreError::Books { path: path.clone(), cause })?;
        if !books.iter().all(|(_, books)| books.account.is_balanced()) {
            return Err(StoreError::Unbalanced { path });
        }
        Self::start(store, readers, books, hours, metrics, closing).map_err(StoreError::Thread)
    }

    /// A ledger in memory, with the default account: for backtests and models.
    ///
    /// # Errors
    /// If the writer's thread cannot be started.
    pub fn in_memory(clock: Clock, hours: Hours, closing: CancellationToken) -> Result<(Self, Ended), StoreError> {
        let store = store::memory::MemoryStore::new(hours);
        let readers = Readers::Memory(store.reader());
        let path = "memory".into();
        let (books, store) = load(Box::new(store), clock, hours).map_err(|cause| StoreError::Books { path, cause })?;
        Self::start(store, readers, books, hours, Metrics::default(), closing).map_err(StoreError::Thread)
    }

    fn start(
        store: Box<dyn Store>,
        readers: Readers,
        books: AllBooks,
        hours: Hours,
        metrics: Metrics,
        closing: CancellationToken,
    ) -> std::io::Result<(Self, Ended)> {
        let (queue, jobs) = mpsc::channel(QUEUE_CAPACITY);
        let watched = TickerUnion::of(books.iter().map(|(_, books)| books.watched()));
        let wanted = TickerUnion::of(books.iter().map(|(_, books)| books.wanted()));
        let works = Arc::new(AtomicBool::new(true));
        let ledger = Self {
            queue,
            books: PublishedBooks::new(hours, books),
            watched: watched.subscribe(),
            wanted: wanted.subscribe(),
            readers,
            works: Arc::clone(&works),
            orders_changed: Arc::default(),
        };
        let writer = Writer {
            store,
            jobs,
            books: ledger.books.clone(),
            watched,
            wanted,
            is_uncertain: false,
            works,
            orders_changed: Arc::clone(&ledger.orders_changed),
            cost: Cost::default(),
        };
        Ok((ledger, writer.start(metrics, closing)?))
    }

    /// Applies a write to an account, and returns once it is on disk.
    ///
    /// # Errors
    /// The write's own refusal; [`ApiError::NotFound`] if there is no such account; [`ApiError::Busy`] if the queue is
    /// full or the database fails. Nothing is changed then.
    pub async fn submit<W: Write>(&self, account: AccountId, write: W) -> Result<W::Outcome, ApiError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Box::new(Pending::new(account, write, reply))).map_err(|_| ApiError::Busy)?;
        // The writer answers every job it took; it is gone only after a panic, which it logged.
        answer.await.unwrap_or(Err(ApiError::Internal))
    }

    /// An account's books after the latest commit; empty if there is no such account.
    pub fn books(&self, account: AccountId) -> Arc<Books> {
        self.books.get_or_unopened(account)
    }

    /// Notification of each commit that changes an account, with its books; a slow receiver only sees the newest.
    pub fn commits(&self, account: AccountId) -> watch::Receiver<Arc<Books>> {
        self.books.subscribe(account)
    }

    /// All open accounts, in alphabetical order.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.books.accounts()
    }

    /// Tickers that any account watches, with notification of changes, which precede those of [`wanted`](Self::wanted).
    pub fn watched(&self) -> watch::Receiver<Arc<TickerSet>> {
        self.watched.clone()
    }

    /// Tickers that any account watches, holds or has open orders for, with notification of changes.
    pub fn wanted(&self) -> watch::Receiver<Arc<TickerSet>> {
        self.wanted.clone()
    }

    /// Notified after each commit that changes the set of open orders; for one listener.
    pub fn orders_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.orders_changed)
    }

    /// Whether the database can be read and written. After a failed write, the writer is asked to try again.
    pub async fn is_healthy(&self) -> bool {
        if self.queue.is_closed() || self.read(|rows| rows.check()).await.is_err() {
            return false;
        }
        self.works.load(Ordering::Acquire) || self.submit(AccountId::DEFAULT, Attempt).await.is_ok()
    }

    /// Reads rows of one consistent state.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut dyn Rows) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.readers.read(query).await
    }
}

/// Loads all books of a store; creates the default account if there is none.
fn load(mut store: Box<dyn Store>, clock: Clock, hours: Hours) -> Result<(AllBooks, Box<dyn Store>), StoreFault> {
    let mut books = store.load(hours)?;
    if !books.iter().any(|(account, _)| *account == AccountId::DEFAULT) {
        let (open, mut opened) = (OpenAccount { at: clock() }, Books::unopened(hours));
        store.transact(&mut |transaction| {
            // This write refuses nothing.
            writer::apply(&open, AccountId::DEFAULT, &mut opened, transaction).map(|_| ())
        })?;
        books.push((AccountId::DEFAULT, opened));
    }
    Ok((books, store))
}

/// A write without changes, which succeeds once the writer has recovered.
struct Attempt;

impl Write for Attempt {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), effect::Effects), ApiError> {
        Ok(((), effect::Effects::new()))
    }
}
