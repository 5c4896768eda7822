//! The account's own stream: what changed, in the order of the changes, whoever changed it.
//!
//! The ledger writes an event in the transaction of each change. One task reads what was written since it last looked, at
//! most twice a second, and hands it to all listeners; one that was away reads the events it missed from the ledger.

mod listener;
mod text;

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

pub use listener::{Choice, Listener};
pub use text::ping;

use super::{
    ledger::{EventsPage, Ledger},
    parts::Parts,
};
use crate::error::ApiError;

/// Two frames a second at the most, to each listener.
const FRAME_INTERVAL: Duration = Duration::from_millis(500);

/// When events are read again after the database did not answer.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The handle to the stream; clones share it.
#[derive(Clone)]
pub struct Events {
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
    /// Starts the task that reads. Has to be called within a tokio runtime. One who takes nothing for as long as `progress`
    /// is cut off.
    pub fn start(ledger: Ledger, parts: &Parts, progress: Duration) -> Self {
        let version = ledger.books().version();
        let page = EventsPage { until: version, events: Vec::new() };
        let (sender, newest) = watch::channel(Arc::new(Span { after: version, page }));
        let shutdown = parts.shutdown();
        let (read_from, ended) = (ledger.clone(), shutdown.clone());
        parts.spawn("the account's events", async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = gather(read_from, sender) => {}
            }
        });
        Self { newest, ledger, shutdown, progress }
    }

    /// The events after a number; nothing when they are not kept any more.
    async fn after(&self, after: i64) -> Result<Option<EventsPage>, ApiError> {
        self.ledger.events_after(after).await
    }
}

/// Reads what each commit brought, until the ledger ends.
async fn gather(ledger: Ledger, sender: watch::Sender<Arc<Span>>) {
    let mut commits = ledger.commits();
    let mut told = sender.borrow().page.until;
    while commits.wait_for(|books| books.version() > told).await.is_ok() {
        match ledger.events_after(told).await {
            Ok(Some(page)) => {
                let after = std::mem::replace(&mut told, page.until);
                sender.send_replace(Arc::new(Span { after, page }));
                sleep(FRAME_INTERVAL).await;
            }
            // More came since than is kept: those who listen find the gap, and are told to read everything.
            Ok(None) => told = ledger.books().version(),
            // The cause was logged.
            Err(_) => sleep(RETRY_DELAY).await,
        }
    }
}
