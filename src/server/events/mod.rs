//! An account's own stream: what changed, in the order of the changes, whoever changed it.
//!
//! The ledger writes an event in the transaction of each change. One task an account, from its first listener on, reads what
//! was written since it last looked, at most twice a second, and hands it to all listeners; one that was away reads the
//! events it missed from the ledger.

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

/// Two frames a second at the most, to each listener.
const FRAME_INTERVAL: Duration = Duration::from_millis(500);

/// When events are read again after the database did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The streams of all accounts; clones share them.
#[derive(Clone)]
pub struct Events {
    ledger: Ledger,
    parts: Parts,
    /// A listener that takes nothing for so long is cut off.
    progress: Duration,
    /// The latest events of each account that was listened to.
    newest: Arc<Mutex<HashMap<AccountId, watch::Receiver<Arc<Span>>>>>,
}

/// The stream of one account.
#[derive(Clone)]
pub struct AccountEvents {
    account: AccountId,
    newest: watch::Receiver<Arc<Span>>,
    ledger: Ledger,
    shutdown: CancellationToken,
    /// A listener that takes nothing for so long is cut off.
    progress: Duration,
}

/// The events from one number to another.
#[derive(Debug, Default)]
struct Span {
    /// The event with this number is not part of it, and all that follow are.
    after: i64,
    page: EventsPage,
}

impl Events {
    /// Streams that nobody listens to yet. A listener that takes nothing for as long as `progress` is cut off.
    pub fn new(ledger: Ledger, parts: Parts, progress: Duration) -> Self {
        Self { ledger, parts, progress, newest: Arc::default() }
    }

    /// A listener that takes nothing for so long is cut off.
    pub fn progress(&self) -> Duration {
        self.progress
    }

    /// The stream of an account. Has to be called within a tokio runtime.
    pub fn of(&self, account: AccountId) -> AccountEvents {
        // Nothing panics while it is held.
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
    /// The events after a number; nothing when they are not kept any more.
    async fn after(&self, after: i64) -> Result<Option<EventsPage>, ApiError> {
        self.ledger.events_after(self.account, after).await
    }

    /// The number of the account's latest event.
    fn version(&self) -> i64 {
        self.ledger.books(self.account).version()
    }
}

/// Reads the events of each commit, for as long as it is polled.
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
            // More came since than is kept: those who listen find the gap, and are told to read everything.
            Ok(None) => told = ledger.books(account).version(),
            // The cause was logged.
            Err(_) => sleep(RETRY_DELAY).await,
        }
    }
}
