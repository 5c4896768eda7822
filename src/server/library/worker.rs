//! The worker: runs the stages of one task after the other.
//!
//! Every stage can resume where it stopped: existing pages are not read again, passages are rebuilt from the pages. A
//! stage's results and its progress are written together, so a task resumes after a crash from the data on disk. A
//! cancelled task, or one whose document was deleted, ends before its next write.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Library, LibraryChange, fetch, indexing, reading,
    store::{
        Store, documents, segments,
        tasks::{self, Work},
    },
};
use crate::{
    domain::library::{DocumentState, Stage},
    error::ApiError,
};

/// Wait after a failure of the database.
const STORE_WAIT: Duration = Duration::from_secs(2);
/// Longest wait before the queue is checked again.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Reason why a task's stage did not succeed.
#[derive(Debug)]
pub enum Trouble {
    /// The task was cancelled, or the server stops.
    Stopped,
    /// A failure, with a text for the document's owner.
    Failed { code: &'static str, text: String, may_pass: bool },
    /// A failure of the library's database or disk.
    Store(ApiError),
}

impl Trouble {
    pub fn lasting(code: &'static str, text: impl Into<String>) -> Self {
        Self::Failed { code, text: text.into(), may_pass: false }
    }

    pub fn passing(code: &'static str, text: impl Into<String>) -> Self {
        Self::Failed { code, text: text.into(), may_pass: true }
    }
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        Self::Store(error)
    }
}

/// Running tasks, which can be stopped and awaited.
#[derive(Default)]
pub struct Live(Mutex<HashMap<String, (CancellationToken, CancellationToken)>>);

impl Live {
    /// Registers running work; returns the token that stops it, and the token that is cancelled when it has ended.
    pub fn begin(&self, id: &str, shutdown: &CancellationToken) -> (CancellationToken, CancellationToken) {
        let tokens = (shutdown.child_token(), CancellationToken::new());
        self.with(|live| live.insert(id.to_owned(), tokens.clone()));
        tokens
    }

    /// Unregisters work that has ended.
    pub fn end(&self, id: &str, ended: &CancellationToken) {
        self.with(|live| live.remove(id));
        ended.cancel();
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<String, (CancellationToken, CancellationToken)>) -> T) -> T {
        // Nothing panics while the lock is held.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stops a task's work and waits until all of it has ended.
    pub async fn stop(&self, task: &str) {
        let Some((stop, ended)) = self.with(|live| live.get(task).cloned()) else { return };
        stop.cancel();
        ended.cancelled().await;
    }
}

/// Runs until the server stops.
pub async fn run(library: Library, store: Store, shutdown: CancellationToken) {
    loop {
        let now = library.now();
        let taken = store.write(move |rows| Ok(tasks::take(rows, now)?)).await;
        let wait = match taken {
            Ok(Ok(work)) => {
                library.tell(LibraryChange::Task { id: work.task.clone(), document: work.document.clone() });
                attend(&library, &store, work, &shutdown).await;
                Duration::ZERO
            }
            Ok(Err(Some(not_before))) => {
                Duration::from_millis(u64::try_from(not_before.unix_ms() - now.unix_ms()).unwrap_or(0).max(1))
            }
            Ok(Err(None)) => LOOK_EVERY,
            Err(_) => STORE_WAIT,
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = library.woken(), if !wait.is_zero() => {}
            () = sleep(wait) => {}
        }
    }
}

/// Runs a task to its end, and writes the outcome.
async fn attend(library: &Library, store: &Store, work: Work, shutdown: &CancellationToken) {
    let (stop, ended) = library.live().begin(&work.task, shutdown);
    let (own, rows, doing) = (library.clone(), store.clone(), work.clone());
    // A separate task contains a panic.
    let outcome = tokio::spawn(async move { stages(&own, &rows, doing, &stop).await }).await;
    let (task, document) = (work.task.clone(), work.document.clone());
    let outcome =
        outcome.unwrap_or_else(|_| Err((work, Trouble::lasting("internal", "Something went wrong on the server."))));
    if let Err((work, trouble)) = outcome {
        settle(library, store, work, trouble, shutdown).await;
    }
    library.live().end(&task, &ended);
    library.tell(LibraryChange::Task { id: task, document: document.clone() });
    library.tell(LibraryChange::Document { id: document });
}

async fn settle(library: &Library, store: &Store, work: Work, trouble: Trouble, shutdown: &CancellationToken) {
    let (now, document) = (library.now(), work.document.clone());
    let written = match trouble {
        // It resumes at the next start; if it was cancelled, its row has that state already.
        Trouble::Stopped if shutdown.is_cancelled() => return,
        Trouble::Stopped => {
            store
                .write(move |rows| {
                    // Partially indexed passages are not searchable.
                    let is_searchable = documents::get(rows, &document)?.is_some_and(|document| {
                        matches!(document.state, DocumentState::Searchable | DocumentState::Done)
                    });
                    if !is_searchable {
                        segments::clear(rows, &document)?;
                    }
                    Ok(())
                })
                .await
        }
        Trouble::Failed { code, text, may_pass } => {
            info!(library.code = code, library.task = %work.task, "a document was not taken in: {text}");
            store.write(move |rows| Ok(tasks::fail(rows, &work, code, &text, may_pass, now)?)).await.map(|_| ())
        }
        Trouble::Store(cause) => {
            warn!(%cause, "the library could not write a task's work; it is tried again");
            sleep(STORE_WAIT).await;
            let text = "The library's disk or database did not take what was read.";
            store.write(move |rows| Ok(tasks::fail(rows, &work, "busy", text, true, now)?)).await.map(|_| ())
        }
    };
    if let Err(cause) = written {
        // It is still marked as running, and resumes at the next start.
        error!(%cause, "how a task ended could not be written");
    }
}

/// Runs the remaining stages of a task.
async fn stages(
    library: &Library,
    store: &Store,
    mut work: Work,
    stop: &CancellationToken,
) -> Result<(), (Work, Trouble)> {
    loop {
        let done = match work.stage {
            Stage::Fetch => fetch::stage(library, store, &work, stop).await.map(|()| Some(Stage::Extract)),
            Stage::Extract => reading::extract(library, store, &work, stop).await.map(|()| Some(Stage::Index)),
            Stage::Index => indexing::index(library, store, &work, stop).await.map(|()| Some(Stage::Embed)),
            Stage::Embed => library.embed(store, &work, stop).await.map(|()| None),
        };
        let next = match done {
            Ok(next) => next,
            Err(trouble) => return Err((work, trouble)),
        };
        let (now, own) = (library.now(), work.clone());
        let moved = store.write(move |rows| {
            if !tasks::is_running(rows, &own.task)? {
                return Ok(false);
            }
            match next {
                Some(stage) => {
                    tasks::advance(rows, &own.task, stage, now)?;
                    if stage == Stage::Embed {
                        documents::set_state(rows, &own.document, DocumentState::Searchable, now)?;
                    }
                }
                None => tasks::finish(rows, &own, now)?,
            }
            Ok(true)
        });
        match (moved.await, next) {
            (Err(cause), _) => return Err((work, cause.into())),
            (Ok(false), _) => return Err((work, Trouble::Stopped)),
            (Ok(true), None) => return Ok(()),
            (Ok(true), Some(stage)) => {
                library.tell(LibraryChange::Task { id: work.task.clone(), document: work.document.clone() });
                library.tell(LibraryChange::Document { id: work.document.clone() });
                work = Work { stage, attempt: 1, ..work };
            }
        }
    }
}
