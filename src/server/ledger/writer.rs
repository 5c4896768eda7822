//! The single writer, with group commit: a thread of its own, which waits by tokio and calls the store directly.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime,
    sync::{Notify, mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    Books, Write,
    effect::Effect,
    published::{PublishedBooks, TickerUnion},
    store::{Store, StoreFault, Transaction},
};
use crate::{domain::account_id::AccountId, error::ApiError, server::metrics::Metrics};

/// Most writes per transaction.
pub const BATCH_MAX: usize = 256;

/// Longest wait of a batch for further writes.
const WAIT_MAX: Duration = Duration::from_millis(5);

/// A batch waits until its work takes this fraction of its commit's time, if there are enough writers. Waiting for more
/// would save little, and would leave no callers to be answered and to submit again during the commit.
const WORK_OF_A_COMMIT: f64 = 0.75;

/// Interval at which a waiting batch checks for further writes.
const LOOK_EVERY: Duration = Duration::from_micros(50);

/// Cancelled when the writer has ended: its file is closed, unless it panicked.
pub type Ended = CancellationToken;

/// Books within a transaction, of the accounts that it has changed.
type WorkingBooks = HashMap<AccountId, Books>;

/// A queued write with its caller, independent of the write's type.
pub trait Job: Send {
    /// Account of the write.
    fn account(&self) -> AccountId;

    /// Decides the write on `books`, applies its effects to them and to the rows, and stores its outcome.
    ///
    /// # Errors
    /// The store's, which roll back the transaction.
    fn apply(&mut self, books: &mut Books, transaction: &mut dyn Transaction) -> Result<(), StoreFault>;

    /// Sends the outcome to the caller, once it is on disk.
    fn acknowledge(self: Box<Self>);

    /// Sends the caller an error: the write was not done.
    fn fail(self: Box<Self>, error: ApiError);
}

pub struct Pending<W: Write> {
    account: AccountId,
    write: W,
    outcome: Option<Result<W::Outcome, ApiError>>,
    reply: oneshot::Sender<Result<W::Outcome, ApiError>>,
}

impl<W: Write> Pending<W> {
    pub fn new(account: AccountId, write: W, reply: oneshot::Sender<Result<W::Outcome, ApiError>>) -> Self {
        Self { account, write, outcome: None, reply }
    }
}

impl<W: Write> Job for Pending<W> {
    fn account(&self) -> AccountId {
        self.account
    }

    fn apply(&mut self, books: &mut Books, transaction: &mut dyn Transaction) -> Result<(), StoreFault> {
        self.outcome = Some(apply(&self.write, self.account, books, transaction)?);
        Ok(())
    }

    // The caller may be gone, here and below.
    fn acknowledge(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or(Err(ApiError::Internal));
        let _ = self.reply.send(outcome);
    }

    fn fail(self: Box<Self>, error: ApiError) {
        let _ = self.reply.send(Err(error));
    }
}

/// Decides a write on an account's books, and applies its effects to them and to the rows.
///
/// # Errors
/// The outer error is the store's, and rolls back the transaction; the inner one is for the caller.
pub fn apply<W: Write>(
    write: &W,
    account: AccountId,
    books: &mut Books,
    transaction: &mut dyn Transaction,
) -> Result<Result<W::Outcome, ApiError>, StoreFault> {
    if !books.is_open && !W::OPENS_ACCOUNT {
        return Ok(Err(ApiError::NotFound));
    }
    let found = write.find(account, books, transaction)?;
    let (outcome, mut effects) = match write.decide(books, &found) {
        Ok(decided) => decided,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !effects.is_empty() {
        let version_before = books.version;
        effects.iter().for_each(|effect| books.apply(effect));
        if let Some((prices, at)) = write.valued_at() {
            let day = Effect::Day(Arc::new(books.day_with(prices, at)));
            books.apply(&day);
            effects.push(day);
        }
        transaction.write(account, effects, version_before)?;
    }
    Ok(Ok(outcome))
}

pub struct Writer {
    pub store: Box<dyn Store>,
    /// Queue of writes.
    pub jobs: mpsc::Receiver<Box<dyn Job>>,
    pub books: PublishedBooks,
    /// Tickers that any account watches.
    pub watched: TickerUnion,
    /// The tickers that any account watches, holds or waits for.
    pub wanted: TickerUnion,
    /// Whether a transaction failed and the writer has not recovered since.
    pub is_uncertain: bool,
    /// The opposite of `is_uncertain`, for health checks.
    pub works: Arc<AtomicBool>,
    /// Notified when open orders have changed.
    pub orders_changed: Arc<Notify>,
    /// Duration of the latest transaction.
    pub cost: Cost,
}

impl Writer {
    /// Starts the thread. It writes until it is told to close, or the last handle to the ledger is dropped; then it
    /// writes everything queued, and closes the store.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(self, metrics: Metrics, closing: CancellationToken) -> io::Result<Ended> {
        let ended = CancellationToken::new();
        let ending = ended.clone().drop_guard();
        // For waiting only; nothing else runs there.
        let waits = runtime::Builder::new_current_thread().build()?;
        thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            let _ending = ending;
            waits.block_on(self.run(metrics, closing));
        })?;
        Ok(ended)
    }

    async fn run(mut self, metrics: Metrics, closing: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let (mut target_batch, mut pause_max) = (0, Duration::ZERO);
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
            self.wait_for(target_batch, pause_max, &mut batch);
            metrics.ledger_batch_taken(batch.len(), self.jobs.len());
            let started = Instant::now();
            let size = batch.len();
            self.settle(&mut batch);
            pause_max = started.elapsed();
            target_batch = self.cost.target_batch().min(size + self.jobs.len());
            metrics.ledger_batch_settled(pause_max);
        }
        if let Err(cause) = self.store.close() {
            error!(ledger.cause = %cause, "the database did not close cleanly; it recovers at the next start");
        }
    }

    /// Waits up to [`WAIT_MAX`] for further writes, so that callers that were just answered can join the next commit:
    /// until the batch has `target_batch` writes, or none came for `pause_max`. A single caller never waits.
    ///
    /// It sleeps and polls, since a wake-up per write would cost more than the write.
    fn wait_for(&mut self, target_batch: usize, pause_max: Duration, batch: &mut Vec<Box<dyn Job>>) {
        let target_batch = target_batch.min(BATCH_MAX);
        let started = Instant::now();
        let (mut present, mut last_came) = (batch.len(), started);
        while present < target_batch {
            thread::sleep(LOOK_EVERY);
            let (now, waiting) = (Instant::now(), batch.len() + self.jobs.len());
            if waiting > present {
                (present, last_came) = (waiting, now);
            } else if now - last_came >= pause_max {
                break;
            }
            if now - started >= WAIT_MAX {
                break;
            }
        }
        while batch.len() < BATCH_MAX
            && let Ok(job) = self.jobs.try_recv()
        {
            batch.push(job);
        }
    }

    /// Commits the whole batch at once. If one of its writes fails, each is committed separately, so that only the bad
    /// one fails. If the disk fails, all callers get the error at once: a retry and recovery for each would take many
    /// times as long.
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

    /// Commits each write of the batch separately, until the disk fails; the rest of the batch is untried then.
    fn settle_one_by_one(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), StoreFault> {
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

    /// Runs one transaction. On success the new books are published; on failure nothing has changed.
    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreFault> {
        if self.is_uncertain {
            self.recover()?;
        }
        match self.write(batch) {
            Ok((working, cost)) => {
                working.into_iter().for_each(|(account, books)| self.publish(account, books));
                self.cost = cost;
                Ok(())
            }
            Err(cause) => {
                self.set_uncertain(true);
                if let Err(cause) = self.recover() {
                    warn!(ledger.cause = %cause, "the books cannot be read after a failure; nothing is written before");
                }
                Err(cause)
            }
        }
    }

    fn write(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(WorkingBooks, Cost), StoreFault> {
        let (started, size) = (Instant::now(), batch.len());
        let (published, mut working) = (&self.books, WorkingBooks::new());
        let commit = self.store.transact(&mut |transaction| {
            for job in batch.iter_mut() {
                let account = job.account();
                let books = working.entry(account).or_insert_with(|| Books::clone(&published.get_or_unopened(account)));
                job.apply(books, transaction)?;
            }
            Ok(())
        })?;
        let work = started.elapsed().saturating_sub(commit);
        Ok((working, Cost { size, work, commit }))
    }

    /// Makes the store usable again and reloads the books: the store decides whether a failed commit took effect.
    fn recover(&mut self) -> Result<(), StoreFault> {
        self.store.recover()?;
        for (account, books) in self.store.load(self.books.hours())? {
            self.publish(account, books);
        }
        self.set_uncertain(false);
        Ok(())
    }

    fn set_uncertain(&mut self, is_uncertain: bool) {
        self.is_uncertain = is_uncertain;
        self.works.store(!is_uncertain, Ordering::Release);
    }

    fn publish(&mut self, account: AccountId, books: Books) {
        let before = self.books.get_or_unopened(account);
        if *before == books {
            // The books have not changed; an unopened account stays unknown.
            return;
        }
        let watches_others = before.watchlist != books.watchlist;
        // First, as documented.
        if watches_others {
            self.watched.replace(&before.watched(), &books.watched());
        }
        let has_other_orders = !before.orders.is_same(&books.orders);
        let has_other_alerts = before.alerts.tickers() != books.alerts.tickers();
        if watches_others
            || has_other_orders
            || has_other_alerts
            || !before.account.holdings.keys().eq(books.account.holdings.keys())
        {
            self.wanted.replace(&before.wanted(), &books.wanted());
        }
        self.books.put(account, books);
        if has_other_orders {
            self.orders_changed.notify_one();
        }
    }
}

/// Duration of a transaction: the part that grows with its writes, and the commit, which hardly does.
#[derive(Default)]
pub struct Cost {
    /// Number of its writes.
    size: usize,
    /// Duration of its writes.
    work: Duration,
    /// Duration of its commit.
    commit: Duration,
}

impl Cost {
    /// Number of writes that would take [`WORK_OF_A_COMMIT`].
    fn target_batch(&self) -> usize {
        let works_of_a_commit = self.commit.as_secs_f64() / self.work.as_secs_f64();
        // A zero duration gives NaN or infinity, which the cast turns into 0 or the maximum.
        (self.size as f64 * works_of_a_commit * WORK_OF_A_COMMIT) as usize
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
    fn a_slower_disk_wants_larger_batches(
        #[case] size: usize,
        #[case] work_us: u64,
        #[case] commit_us: u64,
        #[case] target_batch: usize,
    ) {
        let cost = Cost { size, work: Duration::from_micros(work_us), commit: Duration::from_micros(commit_us) };
        assert_eq!(cost.target_batch(), target_batch);
    }
}
