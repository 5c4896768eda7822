//! An account's event stream: its changes in order, from every source.
//!
//! The ledger writes an event in the transaction of each change. One task per account, started by its first listener,
//! reads new events at most twice a second and passes them to all listeners. A listener that was disconnected reads the
//! missed events from the ledger.

mod listener;
mod text;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

pub use listener::{Choice, Listener};
pub use text::ping;

use super::{
    ledger::{EventsPage, Ledger},
    parts::Parts,
};
use crate::{domain::account_id::AccountId, error::ApiError};

/// Minimum interval between frames to a listener: at most two per second.
const FRAME_INTERVAL: Duration = Duration::from_millis(500);

/// Delay before reading again after the database did not respond.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The streams of all accounts; clones share them.
#[derive(Clone)]
pub struct Events {
    ledger: Ledger,
    parts: Parts,
    /// Time after which a listener that accepts nothing is disconnected.
    progress: Duration,
    /// Latest events of each account that has had listeners.
    newest: Arc<Mutex<HashMap<AccountId, watch::Receiver<Arc<Span>>>>>,
}

/// The stream of one account.
#[derive(Clone)]
pub struct AccountEvents {
    account: AccountId,
    newest: watch::Receiver<Arc<Span>>,
    ledger: Ledger,
    shutdown: CancellationToken,
    /// Time after which a listener that accepts nothing is disconnected.
    progress: Duration,
}

/// A contiguous range of events.
#[derive(Debug, Default)]
struct Span {
    /// Number of the event before the first one.
    after: i64,
    page: EventsPage,
}

impl Events {
    /// Creates the streams, without listeners. A listener that accepts nothing for `progress` is disconnected.
    pub fn new(ledger: Ledger, parts: Parts, progress: Duration) -> Self {
        Self { ledger, parts, progress, newest: Arc::default() }
    }

    /// Time after which a listener that accepts nothing is disconnected.
    pub fn progress(&self) -> Duration {
        self.progress
    }

    /// The stream of an account. Must be called within a tokio runtime.
    pub fn of(&self, account: AccountId) -> AccountEvents {
        // Nothing panics while the lock is held.
        let mut streams = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = streams.entry(account).or_insert_with(|| self.start(account)).clone();
        let (ledger, shutdown) = (self.ledger.clone(), self.parts.shutdown());
        AccountEvents { account, newest, ledger, shutdown, progress: self.progress }
    }

    /// Starts the task that reads an account's events.
    fn start(&self, account: AccountId) -> watch::Receiver<Arc<Span>> {
        let version = self.ledger.books(account).version();
        let page = EventsPage { until: version, events: Vec::new() };
        let (sender, newest) = watch::channel(Arc::new(Span { after: version, page }));
        let (read_from, ended) = (self.ledger.clone(), self.parts.shutdown());
        self.parts.spawn("the account's events", async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = gather(account, read_from, sender) => {}
            }
        });
        newest
    }
}

impl AccountEvents {
    /// Events after a number; `None` if they are no longer stored.
    async fn after(&self, after: i64) -> Result<Option<EventsPage>, ApiError> {
        self.ledger.events_after(self.account, after).await
    }

    /// Number of the account's latest event.
    fn version(&self) -> i64 {
        self.ledger.books(self.account).version()
    }
}

/// Reads the events of each commit, until dropped.
async fn gather(account: AccountId, ledger: Ledger, sender: watch::Sender<Arc<Span>>) {
    let mut commits = ledger.commits(account);
    let mut told = sender.borrow().page.until;
    while commits.wait_for(|books| books.version() > told).await.is_ok() {
        match ledger.events_after(account, told).await {
            Ok(Some(page)) => {
                let after = std::mem::replace(&mut told, page.until);
                sender.send_replace(Arc::new(Span { after, page }));
                sleep(FRAME_INTERVAL).await;
            }
            // More events were written than are stored: listeners find the gap and are told to read everything.
            Ok(None) => told = ledger.books(account).version(),
            // The cause is already logged.
            Err(_) => sleep(RETRY_DELAY).await,
        }
    }
}
