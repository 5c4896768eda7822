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
pub mod eval;
pub mod extract;
mod fetch;
mod folder;
mod for_copilot;
mod fusion;
mod identity;
mod intake;
mod meaning;
mod originals;
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
    store::{Store, documents, pages, segments, tasks, vectors},
    worker::Live,
};
use super::{
    clock::Clock,
    config::{copilot::LlmConfig, library::LibraryConfig},
    parts::Parts,
};
use crate::{
    domain::{
        instant::UtcInstant,
        library::{Document, LibraryStats, Page, Segment, Task, TaskState},
        ticker::Ticker,
    },
    error::ApiError,
};

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

/// A person's changes to a document: `None` keeps a field, and an empty text removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    pub title: Option<String>,
    pub issuer: Option<String>,
    pub ticker: Option<Option<Ticker>>,
    pub form: Option<String>,
    pub period: Option<String>,
    pub tags: Option<Vec<String>>,
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

    /// A page of documents, newest first, with their latest tasks; and how many there are in all.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn documents(
        &self,
        wanted: Wanted,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Document>, u64), ApiError> {
        self.store().await?.read(move |rows| documents::list(rows, &wanted, cursor.as_deref(), limit)).await
    }

    /// A document with its latest task.
    ///
    /// # Errors
    /// If there is no such document.
    pub async fn document(&self, id: String) -> Result<Document, ApiError> {
        self.store().await?.read(move |rows| documents::get_with_task(rows, &id)).await?.ok_or(ApiError::NotFound)
    }

    /// A page's text and flags.
    ///
    /// # Errors
    /// If there is no such page.
    pub async fn page(&self, document: String, page: u32) -> Result<Page, ApiError> {
        self.store().await?.read(move |rows| pages::get(rows, &document, page)).await?.ok_or(ApiError::NotFound)
    }

    /// A document's passages after the one with the id `after`.
    ///
    /// # Errors
    /// When there is no such document.
    pub async fn segments(&self, document: String, after: u64, limit: usize) -> Result<(Vec<Segment>, u64), ApiError> {
        let found = self.store().await?.read(move |rows| {
            let Some(found) = documents::get(rows, &document)? else { return Ok(None) };
            Ok(Some((segments::list(rows, &document, after, limit)?, u64::from(found.segments))))
        });
        found.await?.ok_or(ApiError::NotFound)
    }

    /// A passage by its id.
    ///
    /// # Errors
    /// If there is no such passage.
    pub async fn segment(&self, id: u64) -> Result<Segment, ApiError> {
        self.store().await?.read(move |rows| segments::get(rows, id)).await?.ok_or(ApiError::NotFound)
    }

    /// A document with the path of its original.
    ///
    /// # Errors
    /// If there is no such document, or it has no content yet.
    pub async fn original(&self, id: String) -> Result<(Document, PathBuf), ApiError> {
        let found =
            self.store().await?.read(move |rows| Ok((documents::get(rows, &id)?, documents::content_hash(rows, &id)?)));
        match found.await? {
            (Some(document), Some(hash)) => Ok((document, self.0.originals.path(&hash))),
            _ => Err(ApiError::NotFound),
        }
    }

    /// Changes a document's description and queues it for indexing, after which its passages carry the new words.
    ///
    /// # Errors
    /// If there is no such document.
    pub async fn edit(&self, id: String, edit: Edit) -> Result<Document, ApiError> {
        let now = self.now();
        let own = id.clone();
        let changed = self.store().await?.write(move |rows| {
            let before = documents::get(rows, &id)?.ok_or(ApiError::NotFound)?;
            let texts = [
                ("title", edit.title.filter(|title| !title.is_empty())),
                ("issuer", edit.issuer),
                ("form", edit.form),
                ("period", edit.period.clone()),
                ("ticker", edit.ticker.map(|ticker| ticker.map(|ticker| ticker.to_string()).unwrap_or_default())),
            ];
            for (field, value) in texts {
                if let Some(value) = value {
                    documents::set_field(rows, &id, field, Some(value.as_str()).filter(|value| !value.is_empty()))?;
                }
            }
            if let Some(period) = &edit.period {
                documents::set_year(rows, &id, identity::year_of(period))?;
            }
            if let Some(tags) = &edit.tags {
                documents::set_tags(rows, &id, tags)?;
            }
            documents::touch(rows, &id, now)?;
            let document = documents::get_with_task(rows, &id)?.ok_or(ApiError::NotFound)?;
            let words = |document: &Document| (document.issuer.clone(), document.form.clone(), document.period.clone());
            let is_over = document.task.as_ref().is_none_or(|task| task.state == TaskState::Done);
            if words(&before) != words(&document) && is_over {
                tasks::enqueue(rows, &id, crate::domain::library::Stage::Index, now)?;
            }
            Ok(documents::get_with_task(rows, &id)?.ok_or(ApiError::NotFound)?)
        });
        let document = changed.await?;
        self.wake();
        self.tell(LibraryChange::Document { id: own });
        Ok(document)
    }

    /// Deletes a document, its pages and passages, and its original unless another document has the same. Stops its
    /// task first.
    ///
    /// # Errors
    /// If there is no such document.
    pub async fn delete(&self, id: String) -> Result<(), ApiError> {
        let store = self.store().await?;
        let (own, now) = (id.clone(), self.now());
        let task = store.write(move |rows| match tasks::of_document(rows, &own)? {
            Some(task) => Ok(Some(tasks::cancel(rows, &task.id, now)?.id)),
            None => Ok(None),
        });
        if let Some(task) = task.await? {
            self.0.live.stop(&task).await;
        }
        let _naming = self.0.naming.lock().await;
        let own = id.clone();
        let orphan = store.write(move |rows| {
            let hash = documents::delete(rows, &own)?;
            let is_used = hash.is_empty() || documents::any_with_content(rows, &hash)?;
            Ok((!is_used).then_some(hash))
        });
        if let Some(hash) = orphan.await?
            && let Err(cause) = self.0.originals.remove(&hash).await
        {
            warn!(%cause, "a deleted document's original is removed at the next start");
        }
        self.tell(LibraryChange::Document { id });
        Ok(())
    }

    /// A page of tasks, newest first, and the total count.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn tasks(
        &self,
        state: Option<TaskState>,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Task>, u64), ApiError> {
        self.store().await?.read(move |rows| tasks::list(rows, state, cursor.as_deref(), limit)).await
    }

    /// Cancels a task; all of its work has stopped when this returns. A finished task keeps its state.
    ///
    /// # Errors
    /// If there is no such task.
    pub async fn cancel_task(&self, id: String) -> Result<Task, ApiError> {
        let (own, now) = (id.clone(), self.now());
        let task = self.store().await?.write(move |rows| tasks::cancel(rows, &own, now)).await?;
        self.0.live.stop(&id).await;
        self.tell_both(&task.document, &task.id);
        Ok(task)
    }

    /// Queues a failed or cancelled task again, at the stage where it stopped.
    ///
    /// # Errors
    /// If there is no such task, or too many are queued.
    pub async fn retry_task(&self, id: String) -> Result<Task, ApiError> {
        let (own, now) = (id.clone(), self.now());
        let store = self.store().await?;
        let task = store.write(move |rows| tasks::retry(rows, &own, now)).await?;
        self.wake();
        self.tell_both(&task.document, &task.id);
        Ok(task)
    }

    /// Counts of the whole library; zeros if there is none yet.
    ///
    /// # Errors
    /// When the file does not answer.
    pub async fn stats(&self) -> Result<LibraryStats, ApiError> {
        let search = if self.0.embedder.is_some() { "hybrid" } else { "words" }.to_owned();
        if self.0.store.get().is_none() && !self.0.file.exists() {
            return Ok(LibraryStats { search, ..LibraryStats::default() });
        }
        let stats = self.store().await?.read(move |rows| {
            let counted = rows
                .prepare_cached(
                    "SELECT COUNT(*), COALESCE(SUM(pages), 0), COALESCE(SUM(segments), 0), COALESCE(SUM(bytes), 0)
                     FROM documents WHERE account_id = ?1",
                )?
                .query_row([store::ACCOUNT_ID], |row| {
                    Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?])
                })?;
            let tasks = rows
                .prepare_cached(
                    "SELECT COALESCE(SUM(state IN ('queued', 'running')), 0), COALESCE(SUM(state = 'failed'), 0)
                     FROM tasks WHERE account_id = ?1",
                )?
                .query_row([store::ACCOUNT_ID], |row| Ok([row.get(0)?, row.get::<_, i64>(1)?]))?;
            let [documents, pages, segments, bytes] = counted.map(i64::unsigned_abs);
            let [tasks_live, tasks_failed] = tasks.map(i64::unsigned_abs);
            Ok(LibraryStats { documents, pages, segments, bytes, tasks_live, tasks_failed, search })
        });
        stats.await
    }
}
