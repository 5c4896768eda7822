//! The single writer, with group commit.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout_at,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    Books, Gathered, TickerSet, Write,
    store::{self, FileLock},
};
use crate::{error::ApiError, server::metrics::Metrics};

/// The most writes that share a transaction.
pub const BATCH_MAX: usize = 256;

/// How long a batch waits, at the most, for the writers who shared the one before…
const COMPANY_PATIENCE_MAX: Duration = Duration::from_millis(5);
/// …and never longer than such a part of the time that the one before took.
const COMPANY_PATIENCE_PART: u32 = 2;

/// A queued write and its caller, whatever the write's type.
pub trait Job: Send {
    /// Applies the write and keeps its outcome.
    fn apply<'a>(
        &'a mut self,
        books: &'a mut Books,
        rows: &'a mut SqliteConnection,
        gathered: &'a mut Gathered,
    ) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'a>>;

    /// Tells the caller the outcome, which is on disk.
    fn acknowledge(self: Box<Self>);

    /// Tells the caller that the write did not happen.
    fn fail(self: Box<Self>, error: ApiError);
}

pub struct Pending<W: Write> {
    write: W,
    outcome: Option<Result<W::Outcome, ApiError>>,
    reply: oneshot::Sender<Result<W::Outcome, ApiError>>,
}

impl<W: Write> Pending<W> {
    pub fn new(write: W, reply: oneshot::Sender<Result<W::Outcome, ApiError>>) -> Self {
        Self { write, outcome: None, reply }
    }
}

impl<W: Write> Job for Pending<W> {
    fn apply<'a>(
        &'a mut self,
        books: &'a mut Books,
        rows: &'a mut SqliteConnection,
        gathered: &'a mut Gathered,
    ) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'a>> {
        Box::pin(async move {
            self.outcome = Some(self.write.apply_among(books, rows, gathered).await?);
            Ok(())
        })
    }

    // A caller that has gone away needs no answer, in both.
    fn acknowledge(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or(Err(ApiError::Internal));
        let _ = self.reply.send(outcome);
    }

    fn fail(self: Box<Self>, error: ApiError) {
        let _ = self.reply.send(Err(error));
    }
}

pub struct Writer {
    pub connection: SqliteConnection,
    /// How to connect again.
    pub options: SqliteConnectOptions,
    /// Held for as long as the file is written.
    pub lock: FileLock,
    pub jobs: mpsc::Receiver<Box<dyn Job>>,
    pub books: watch::Sender<Arc<Books>>,
    pub wanted: watch::Sender<Arc<TickerSet>>,
    /// A transaction failed, and the writer has not recovered since.
    pub is_uncertain: bool,
    /// The same, turned round, for whoever asks about the ledger's health.
    pub works: Arc<AtomicBool>,
}

impl Writer {
    /// Writes until it is told to close, or the last handle to the ledger is gone; then writes what is still queued,
    /// and closes the file.
    pub async fn run(mut self, metrics: Metrics, closing: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let (mut company, mut patience) = (0, Duration::ZERO);
        loop {
            let taken = tokio::select! {
                taken = self.jobs.recv_many(&mut batch, BATCH_MAX) => taken,
                () = closing.cancelled(), if !self.jobs.is_closed() => {
                    self.jobs.close();
                    continue;
                }
            };
            if taken == 0 {
                break;
            }
            self.wait_for(company, patience, &mut batch).await;
            metrics.ledger_batch_taken(batch.len(), self.jobs.len());
            let started = Instant::now();
            let size = batch.len();
            self.settle(&mut batch).await;
            let time = started.elapsed();
            company = size + self.jobs.len();
            patience = (time / COMPANY_PATIENCE_PART).min(COMPANY_PATIENCE_MAX);
            metrics.ledger_batch_settled(time);
        }
        if let Err(cause) = self.close().await {
            error!(ledger.cause = %cause, "the database did not close cleanly; it recovers at the next start");
        }
    }

    /// Lets the batch grow to as many writes as there were a moment ago, for a moment at the most: callers who have just
    /// been answered come back with their next write at about the same time, and one wait for the disk does for all of
    /// them. Whoever writes alone never waits.
    async fn wait_for(&mut self, company: usize, patience: Duration, batch: &mut Vec<Box<dyn Job>>) {
        let deadline = tokio::time::Instant::now() + patience;
        let wanted = company.min(BATCH_MAX);
        while batch.len() < wanted {
            let more = self.jobs.recv_many(batch, wanted - batch.len());
            // Nothing more comes once the queue is closed.
            if !matches!(timeout_at(deadline, more).await, Ok(1..)) {
                break;
            }
        }
    }

    /// Moves what is in the write-ahead log into the database file, and closes it.
    async fn close(mut self) -> Result<(), sqlx::Error> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.connection).await?;
        self.connection.close().await?;
        drop(self.lock);
        Ok(())
    }

    /// Commits all of the batch at once; if that fails, each write by itself, so that a bad one fails alone.
    async fn settle(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        match self.commit(batch).await {
            Ok(()) => batch.drain(..).for_each(Job::acknowledge),
            Err(cause) if batch.len() > 1 => {
                debug!(ledger.cause = %cause, ledger.batch = batch.len(), "a batch failed; its writes go one by one");
                for mut job in batch.drain(..) {
                    match self.commit(std::slice::from_mut(&mut job)).await {
                        Ok(()) => job.acknowledge(),
                        Err(cause) => self.give_up(job, &cause),
                    }
                }
            }
            Err(cause) => batch.drain(..).for_each(|job| self.give_up(job, &cause)),
        }
    }

    fn give_up(&self, job: Box<dyn Job>, cause: &sqlx::Error) {
        error!(ledger.cause = %cause, "a write could not be committed");
        job.fail(ApiError::Busy);
    }

    /// One transaction. On success the new books are published; on failure nothing has changed.
    async fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
        if self.is_uncertain {
            self.recover().await?;
        }
        let mut books = Books::clone(&self.books.borrow());
        let outcome = Self::write(&mut self.connection, batch, &mut books).await;
        match &outcome {
            Ok(()) => self.publish(books),
            Err(_) => {
                self.set_uncertain(true);
                if let Err(cause) = self.recover().await {
                    warn!(ledger.cause = %cause, "the books cannot be read after a failure; nothing is written before");
                }
            }
        }
        outcome
    }

    /// Starts over on a new connection, since SQLite and its driver may not agree on whether a transaction is still
    /// open on the old one, and reads the books anew: whether a failed COMMIT took effect is for the file to say.
    ///
    /// A commit whose sync failed is not in the books, but may stand whole at the end of the log, where the next start
    /// would find it: so something is written over it. And it has to fit, with room for more: a disk that takes one
    /// page but not the next trade has not recovered.
    async fn recover(&mut self) -> Result<(), sqlx::Error> {
        let fresh = self.options.connect().await?;
        let old = std::mem::replace(&mut self.connection, fresh);
        if let Err(cause) = old.close_hard().await {
            debug!(ledger.cause = %cause, "a connection that had failed did not close cleanly");
        }
        store::find_room(self.options.get_filename()).await?;
        store::overwrite_log_end(&mut self.connection).await?;
        let books = store::load(&mut self.connection).await?;
        self.publish(books);
        self.set_uncertain(false);
        Ok(())
    }

    fn set_uncertain(&mut self, is_uncertain: bool) {
        self.is_uncertain = is_uncertain;
        self.works.store(!is_uncertain, Ordering::Release);
    }

    async fn write(
        connection: &mut SqliteConnection,
        batch: &mut [Box<dyn Job>],
        books: &mut Books,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut gathered = Gathered::default();
        for job in batch {
            job.apply(books, &mut transaction, &mut gathered).await?;
        }
        gathered.write(&mut transaction).await?;
        transaction.commit().await
    }

    fn publish(&self, books: Books) {
        let wanted = books.wanted();
        self.wanted.send_if_modified(|current| {
            let is_new = **current != wanted;
            if is_new {
                *current = Arc::new(wanted);
            }
            is_new
        });
        self.books.send_replace(Arc::new(books));
    }
}
