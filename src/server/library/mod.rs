//! The Research library: stores documents, returns passages and cited answers. It has no access to cash or orders.
//!
//! # The way of a document
//! `http::library → intake (streamed, hashed, on disk) → worker: fetch → extract (a process of its own) → index →
//! embed`. A document is searchable once it is indexed.
//!
//! # Cost
//! The file, threads and worker start with the first request, or at startup if the file exists.

mod answers;
pub mod bounds;
mod child;
mod documents;
pub mod eval;
pub mod extract;
mod fetch;
mod folder;
mod for_copilot;
mod fusion;
mod identity;
mod indexing;
mod intake;
mod meaning;
mod originals;
mod queue;
mod reading;
mod search;
mod segment;
mod sniff;
mod store;
mod worker;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::sync::{Mutex, Notify, OnceCell, watch};
use tracing::{error, info, warn};

pub use self::{
    answers::fold::find as find_quote,
    documents::Edit,
    fetch::FetchHost,
    folder::FolderReport,
    for_copilot::LibraryPassage,
    intake::{Accepted, Described, Upload},
    originals::Incoming,
    search::Question,
    store::documents::Wanted,
};
use self::{
    meaning::Embedder,
    originals::Originals,
    store::{Store, tasks, vectors},
    worker::Live,
};
use super::{
    clock::Clock,
    config::{copilot::LlmConfig, library::LibraryConfig},
    parts::Parts,
};
use crate::{domain::instant::UtcInstant, error::ApiError};

/// Wait after the file could not be opened at startup.
const OPEN_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A change in the library, for the account's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryChange {
    Document { id: String },
    Task { id: String, document: String },
    Answer { id: String },
}

/// Returns the language model in use, if any.
pub type CurrentModel = Arc<dyn Fn() -> Option<LlmConfig> + Send + Sync>;

/// Announces a change.
pub type Tell = Arc<dyn Fn(LibraryChange) + Send + Sync>;

/// Handle to the library. Clones share it.
#[derive(Clone)]
pub struct Library(Arc<Inner>);

/// A handle that does not keep the library open: the copilot's, whose model the library has.
#[derive(Clone)]
pub struct LibraryLink(Weak<Inner>);

impl LibraryLink {
    /// Nothing once the server has let go of it.
    pub fn library(&self) -> Option<Library> {
        self.0.upgrade().map(Library)
    }
}

struct Inner {
    config: LibraryConfig,
    file: PathBuf,
    originals: Originals,
    clock: Clock,
    parts: Parts,
    tell: Tell,
    model: CurrentModel,
    store: OnceCell<Store>,
    /// Nothing: search by words alone.
    embedder: Option<Arc<Embedder>>,
    wake: Notify,
    live: Live,
    /// Notified when a question is queued.
    asked: Notify,
    live_answers: Live,
    /// Counts the events of all answers.
    told: watch::Sender<u64>,
    /// Held while an original is named until its row is written, and during a deletion.
    naming: Mutex<()>,
}

impl Library {
    /// Creates the handle of a library beside this database. Opens no file yet.
    pub fn new(
        config: LibraryConfig,
        database: &Path,
        clock: Clock,
        parts: Parts,
        tell: Tell,
        model: CurrentModel,
    ) -> Self {
        let embedder = Embedder::of(&config).map(Arc::new);
        let inner = Inner {
            embedder,
            config,
            file: database.with_file_name("library.db"),
            originals: Originals::in_folder(database.with_file_name("library")),
            clock,
            parts,
            tell,
            model,
            store: OnceCell::new(),
            wake: Notify::new(),
            live: Live::default(),
            asked: Notify::new(),
            live_answers: Live::default(),
            told: watch::Sender::new(0),
            naming: Mutex::new(()),
        };
        Self(Arc::new(inner))
    }

    pub fn link(&self) -> LibraryLink {
        LibraryLink(Arc::downgrade(&self.0))
    }

    /// Goes on with what the last end cut off, where there is a library. Has to be called within a runtime; returns at once.
    pub fn resume(&self) {
        let library = self.clone();
        tokio::spawn(async move {
            let shutdown = library.0.parts.shutdown();
            while library.0.file.exists() && library.store().await.is_err() && !shutdown.is_cancelled() {
                tokio::time::sleep(OPEN_AGAIN_AFTER).await;
            }
        });
    }

    /// Whether nothing was ever taken in: there is no file, and a question does not create one.
    fn is_unused(&self) -> bool {
        self.0.store.get().is_none() && !self.0.file.exists()
    }

    /// The store; opened on first use.
    async fn store(&self) -> Result<&Store, ApiError> {
        let opened = self.0.store.get_or_try_init(async || {
            let file = self.0.file.clone();
            let opened = tokio::task::spawn_blocking(move || Store::open(&file)).await;
            let store = opened.map_err(|_| ApiError::Internal)?.map_err(|cause| {
                error!(%cause, "the library's file cannot be opened");
                ApiError::Busy
            })?;
            self.recover(&store).await?;
            self.spawn_workers(&store);
            Ok(store)
        });
        opened.await
    }

    /// Starts the background workers, which run until shutdown. They are boxed because they use the store that starts
    /// them.
    fn spawn_workers(&self, store: &Store) {
        let shutdown = || self.0.parts.shutdown();
        let worker: BoxFuture<'static, ()> = Box::pin(worker::run(self.clone(), store.clone(), shutdown()));
        let answering: BoxFuture<'static, ()> = Box::pin(answers::run(self.clone(), store.clone(), shutdown()));
        self.0.parts.spawn("the library's worker", worker);
        self.0.parts.spawn("the library's answers", answering);
    }

    /// Repairs the state after a crash: interrupted tasks are queued again, files without a row are deleted.
    async fn recover(&self, store: &Store) -> Result<(), ApiError> {
        let now = self.now();
        let model = self.embedder().map(|embedder| embedder.name().to_owned());
        let recovered = store.write(move |rows| {
            store::answers::recover(rows, &answers::cut_off(), now)?;
            if let Some(model) = &model {
                vectors::enqueue_missing(rows, model, now)?;
            }
            Ok(tasks::recover(rows, now)?)
        });
        let waiting = recovered.await?;
        let known = store.read(|rows| {
            let mut hashes = rows.prepare("SELECT DISTINCT content_hash FROM documents")?;
            hashes.query_map([], |row| row.get(0))?.collect::<Result<HashSet<String>, _>>()
        });
        let known = known.await?;
        let _naming = self.0.naming.lock().await;
        match self.0.originals.sweep(&known).await {
            Ok(0) => {}
            Ok(swept) => info!(library.swept = swept, "files that belong to no document were removed"),
            Err(cause) => warn!(%cause, "files that belong to no document could not be looked for"),
        }
        if waiting > 0 {
            info!(library.waiting = waiting, "documents are taken in that the last end cut off");
        }
        Ok(())
    }

    fn now(&self) -> UtcInstant {
        (self.0.clock)()
    }

    fn tell(&self, change: LibraryChange) {
        (self.0.tell)(change);
    }

    fn tell_both(&self, document: &str, task: &str) {
        self.tell(LibraryChange::Document { id: document.to_owned() });
        self.tell(LibraryChange::Task { id: task.to_owned(), document: document.to_owned() });
    }

    fn model(&self) -> Option<LlmConfig> {
        (self.0.model)()
    }

    fn embedder(&self) -> Option<Arc<Embedder>> {
        self.0.embedder.clone()
    }

    fn originals(&self) -> &Originals {
        &self.0.originals
    }

    fn config(&self) -> &LibraryConfig {
        &self.0.config
    }

    /// Program that reads documents; `None` for the running one.
    fn program(&self) -> Option<&Path> {
        self.0.config.program.as_deref()
    }

    fn live(&self) -> &Live {
        &self.0.live
    }

    /// Waits until there is work.
    async fn woken(&self) {
        self.0.wake.notified().await;
    }

    fn wake(&self) {
        self.0.wake.notify_one();
    }
}
