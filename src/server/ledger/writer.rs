//! The single writer, with group commit: a thread of its own, which waits by tokio and writes by SQLite itself.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::{
    runtime,
    sync::{mpsc, oneshot, watch},
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

/// How long a batch waits, at the most, for the writers of a moment ago.
const COMPANY_PATIENCE_MAX: Duration = Duration::from_millis(5);

/// A batch waits until it is as much work as this part of its commit, if there are so many writers. To wait for more of
/// them would save little, and would leave nobody to be answered, and to come again, while the disk is waited for.
const WORK_OF_A_COMMIT: f64 = 0.75;

/// How often it looks who has come.
const LOOK_EVERY: Duration = Duration::from_micros(50);

/// Cancelled when the writer has ended: its file is closed, unless it panicked.
pub type Ended = CancellationToken;

/// A queued write and its caller, whatever the write's type.
pub trait Job: Send {
    /// Applies the write and keeps its outcome.
    ///
    /// # Errors
    /// The database's, which undo the transaction.
    fn apply(&mut self, books: &mut Books, rows: &Connection, gathered: &mut Gathered) -> rusqlite::Result<()>;

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
    fn apply(&mut self, books: &mut Books, rows: &Connection, gathered: &mut Gathered) -> rusqlite::Result<()> {
        self.outcome = Some(self.write.apply_among(books, rows, gathered)?);
        Ok(())
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
    pub connection: Connection,
    /// Where to connect again.
    pub path: PathBuf,
    /// Held for as long as the file is written.
    pub lock: FileLock,
    pub jobs: mpsc::Receiver<Box<dyn Job>>,
    pub books: watch::Sender<Arc<Books>>,
    pub watched: watch::Sender<Arc<TickerSet>>,
    pub wanted: watch::Sender<Arc<TickerSet>>,
    /// A transaction failed, and the writer has not recovered since.
    pub is_uncertain: bool,
    /// The same, turned round, for whoever asks about the ledger's health.
    pub works: Arc<AtomicBool>,
    /// What the latest transaction took.
    pub cost: Cost,
}

impl Writer {
    /// Starts the thread. It writes until it is told to close, or the last handle to the ledger is gone; then it writes
    /// what is still queued, and closes the file.
    ///
    /// # Errors
    /// The system's, which has no thread for it.
    pub fn start(self, metrics: Metrics, closing: CancellationToken) -> io::Result<Ended> {
        let ended = CancellationToken::new();
        let ending = ended.clone().drop_guard();
        // For the waits alone; nothing else runs there.
        let waits = runtime::Builder::new_current_thread().build()?;
        thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            let _ending = ending;
            waits.block_on(self.run(metrics, closing));
        })?;
        Ok(ended)
    }

    async fn run(mut self, metrics: Metrics, closing: CancellationToken) {
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
            self.wait_for(company, patience, &mut batch);
            metrics.ledger_batch_taken(batch.len(), self.jobs.len());
            let started = Instant::now();
            let size = batch.len();
            self.settle(&mut batch);
            patience = started.elapsed();
            company = self.cost.company().min(size + self.jobs.len());
            metrics.ledger_batch_settled(patience);
        }
        if let Err(cause) = self.close() {
            error!(ledger.cause = %cause, "the database did not close cleanly; it recovers at the next start");
        }
    }

    /// Lets the batch grow to a `company` of writes, as long as more keep coming, each after a time of `patience` at the
    /// most: callers who have just been answered come back with their next write at about the same time, and one commit
    /// does for all of them. Whoever writes alone never waits.
    ///
    /// It sleeps and looks, since to be woken by each write would cost more than the write.
    fn wait_for(&mut self, company: usize, patience: Duration, batch: &mut Vec<Box<dyn Job>>) {
        let company = company.min(BATCH_MAX);
        let started = Instant::now();
        let (mut present, mut last_came) = (batch.len(), started);
        while present < company {
            thread::sleep(LOOK_EVERY);
            let (now, waiting) = (Instant::now(), batch.len() + self.jobs.len());
            if waiting > present {
                (present, last_came) = (waiting, now);
            } else if now - last_came >= patience {
                break;
            }
            if now - started >= COMPANY_PATIENCE_MAX {
                break;
            }
        }
        while batch.len() < BATCH_MAX
            && let Ok(job) = self.jobs.try_recv()
        {
            batch.push(job);
        }
    }

    /// Moves what is in the write-ahead log into the database file, and closes it.
    fn close(self) -> rusqlite::Result<()> {
        // What it tells of its work is of no use: it was done, or it fails.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, cause)| cause)?;
        drop(self.lock);
        Ok(())
    }

    /// Commits all of the batch at once. If a write of its own fails, each goes by itself, so that a bad one fails alone.
    /// If the disk fails, all that wait are told at once: to try and to recover for each of them would take as many times as
    /// long.
    fn settle(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        let mut outcome = self.commit(batch);
        if let Err(cause) = &outcome
            && batch.len() > 1
            && !cause.is_of_the_disk()
            && !self.is_uncertain
        {
            debug!(ledger.cause = %cause, ledger.batch = batch.len(), "a batch failed; its writes go one by one");
            outcome = self.settle_one_by_one(batch);
        }
        match outcome {
            Ok(()) => batch.drain(..).for_each(Job::acknowledge),
            Err(cause) => {
                error!(ledger.cause = %cause, ledger.writes = batch.len(), "what was written could not be committed");
                batch.drain(..).for_each(|job| job.fail(ApiError::Busy));
            }
        }
    }

    /// Commits each write of the batch by itself, until the disk fails; what is left in the batch then was not tried.
    fn settle_one_by_one(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), WriteError> {
        while !batch.is_empty() {
            match self.commit(&mut batch[..1]) {
                Ok(()) => batch.remove(0).acknowledge(),
                Err(cause) if cause.is_of_the_disk() || self.is_uncertain => return Err(cause),
                Err(cause) => {
                    error!(ledger.cause = %cause, "a write could not be committed");
                    batch.remove(0).fail(ApiError::Busy);
                }
            }
        }
        Ok(())
    }

    /// One transaction. On success the new books are published; on failure nothing has changed.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), WriteError> {
        if self.is_uncertain {
            self.recover()?;
        }
        let mut books = Books::clone(&self.books.borrow());
        match Self::write(&mut self.connection, batch, &mut books) {
            Ok(cost) => {
                self.publish(books);
                self.cost = cost;
                Ok(())
            }
            Err(cause) => {
                self.set_uncertain(true);
                if let Err(cause) = self.recover() {
                    warn!(ledger.cause = %cause, "the books cannot be read after a failure; nothing is written before");
                }
                Err(cause.into())
            }
        }
    }

    /// Starts over on a new connection, whatever a transaction that failed has left open on the old one, and reads the
    /// books anew: whether a failed COMMIT took effect is for the file to say.
    ///
    /// A commit whose sync failed is not in the books, but may stand whole at the end of the log, where the next start
    /// would find it: so something is written over it. And it has to fit, with room for more: a disk that takes one
    /// page but not the next trade has not recovered.
    fn recover(&mut self) -> Result<(), WriteError> {
        let fresh = store::connect(&self.path)?;
        let old = std::mem::replace(&mut self.connection, fresh);
        if let Err((_, cause)) = old.close() {
            debug!(ledger.cause = %cause, "a connection that had failed did not close cleanly");
        }
        store::find_room(&self.path)?;
        store::overwrite_log_end(&self.connection)?;
        let hours = self.books.borrow().hours;
        let books = store::load(&self.connection, hours)?;
        self.publish(books);
        self.set_uncertain(false);
        Ok(())
    }

    fn set_uncertain(&mut self, is_uncertain: bool) {
        self.is_uncertain = is_uncertain;
        self.works.store(!is_uncertain, Ordering::Release);
    }

    fn write(connection: &mut Connection, batch: &mut [Box<dyn Job>], books: &mut Books) -> rusqlite::Result<Cost> {
        let started = Instant::now();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (size, mut gathered) = (batch.len(), Gathered::default());
        for job in batch {
            job.apply(books, &transaction, &mut gathered)?;
        }
        gathered.write(&transaction)?;
        books.outbox.write(&transaction)?;
        let work = started.elapsed();
        transaction.commit()?;
        Ok(Cost { size, work, commit: started.elapsed() - work })
    }

    fn publish(&self, books: Books) {
        // First, as is promised.
        if self.books.borrow().watchlist != books.watchlist {
            publish_set(&self.watched, books.watched());
        }
        publish_set(&self.wanted, books.wanted());
        self.books.send_replace(Arc::new(books));
    }
}

fn publish_set(sender: &watch::Sender<Arc<TickerSet>>, set: TickerSet) {
    sender.send_if_modified(|current| {
        let is_new = **current != set;
        if is_new {
            *current = Arc::new(set);
        }
        is_new
    });
}

/// What a transaction took: the time that grows with its writes, and the one that hardly does.
#[derive(Default)]
pub struct Cost {
    /// Its writes.
    size: usize,
    work: Duration,
    commit: Duration,
}

impl Cost {
    /// How many writes would have been [`WORK_OF_A_COMMIT`].
    fn company(&self) -> usize {
        let works_of_a_commit = self.commit.as_secs_f64() / self.work.as_secs_f64();
        // A time of nothing gives no number or one without end, and these the least and the most there is.
        (self.size as f64 * works_of_a_commit * WORK_OF_A_COMMIT) as usize
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    /// There is no room for what comes next.
    #[error("the disk takes no more: {0}")]
    Room(#[from] io::Error),
}

impl WriteError {
    /// Whether the disk, and not one of the writes, is the cause.
    fn is_of_the_disk(&self) -> bool {
        use rusqlite::ErrorCode;
        match self {
            Self::Room(_) => true,
            Self::Database(cause) => matches!(
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
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_commit_that_takes_no_time(10, 200, 0, 0)]
    #[case::more_than_enough_work(10, 200, 40, 1)]
    #[case::as_much_as_it_should_be(30, 300, 400, 30)]
    #[case::a_slow_disk(30, 300, 4_000, 300)]
    #[case::nothing_measured_yet(10, 0, 0, 0)]
    fn a_slower_disk_wants_more_company(
        #[case] size: usize,
        #[case] work_us: u64,
        #[case] commit_us: u64,
        #[case] company: usize,
    ) {
        let cost = Cost { size, work: Duration::from_micros(work_us), commit: Duration::from_micros(commit_us) };
        assert_eq!(cost.company(), company);
    }
}
