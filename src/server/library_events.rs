//! Writes the library's changes as events of the account. Changes are collected for a moment and written together,
//! since a document changes several times a second while it is read.

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

/// Time for which changes are collected.
const GATHER: Duration = Duration::from_millis(400);

/// Wait while the ledger is busy.
const BUSY_WAIT: Duration = Duration::from_secs(2);

/// Changes not written yet: kind and id, with a task's document. No more entries than documents, tasks and answers.
type Pending = BTreeMap<(EventKind, String), Option<String>>;

#[derive(Default)]
struct Gathered {
    pending: Mutex<Pending>,
    wake: Notify,
}

impl Gathered {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Nothing panics while the lock is held.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the part that writes the events; returns the function by which the library announces changes.
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
        // If the ledger is busy, or the account is gone, the changes are submitted again together with newer ones.
        if !changes.is_empty() && ledger.submit(AccountId::DEFAULT, Announce(changes)).await.is_err() {
            gathered.pending().extend(pending);
            sleep(BUSY_WAIT).await;
            gathered.wake.notify_one();
        }
    }
}
