//! The library's changes as events of the account: gathered for a moment, since a document that is read changes several
//! times a second, and written as one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

use super::{
    ledger::{Announce, Change, Ledger},
    library::{LibraryChange, Tell},
    parts::Parts,
};
use crate::domain::{account_id::AccountId, event::EventKind};

/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(400);

/// How long a ledger that is busy is left alone.
const BUSY_WAIT: Duration = Duration::from_secs(2);

/// What changed and is not told yet: a kind and id each, and the document of a task. No more than there are documents,
/// tasks and answers.
type Pending = BTreeMap<(EventKind, String), Option<String>>;

#[derive(Default)]
struct Gathered {
    pending: Mutex<Pending>,
    wake: Notify,
}

impl Gathered {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Nothing panics while it is held.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the part that writes the events; gives what the library tells its changes to.
pub fn start(ledger: Ledger, parts: &Parts) -> Tell {
    let gathered = Arc::new(Gathered::default());
    let (told, shutdown) = (Arc::clone(&gathered), parts.shutdown());
    parts.spawn("the library's events", async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = write(&ledger, &told) => {}
        }
    });
    Arc::new(move |change| {
        let (key, document) = match change {
            LibraryChange::Document { id } => ((EventKind::Document, id), None),
            LibraryChange::Task { id, document } => ((EventKind::Task, id), Some(document)),
            LibraryChange::Answer { id } => ((EventKind::Answer, id), None),
        };
        gathered.pending().insert(key, document);
        gathered.wake.notify_one();
    })
}

async fn write(ledger: &Ledger, gathered: &Gathered) {
    loop {
        gathered.wake.notified().await;
        sleep(GATHER).await;
        let pending = std::mem::take(&mut *gathered.pending());
        let change = |((kind, id), document): (&(EventKind, String), &Option<String>)| Change::Library {
            kind: *kind,
            id: id.clone(),
            document: document.clone(),
        };
        let changes: Vec<Change> = pending.iter().map(change).collect();
        // A ledger that is busy, or has no such account any more, is asked again with what came meanwhile.
        if !changes.is_empty() && ledger.submit(AccountId::DEFAULT, Announce(changes)).await.is_err() {
            gathered.pending().extend(pending);
            sleep(BUSY_WAIT).await;
            gathered.wake.notify_one();
        }
    }
}
