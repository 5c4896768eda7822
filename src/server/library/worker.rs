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

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Library, LibraryChange,
    bounds::{CHILD_DEATHS_MAX, CHILD_WALL, SEGMENTS_MAX, SEGMENTS_PER_DOCUMENT_MAX},
    child::{Reader, Silence},
    extract::protocol::{Format, Piece},
    fetch,
    identity::{self, LOOKED_AT_BYTES},
    segment::Segmenter,
    store::{
        Store, documents,
        pages::{self, HIDDEN_TEXT, NO_TEXT, NewPage, UNREADABLE},
        segments,
        tasks::{self, Work},
    },
};
use crate::{
    domain::library::{DocumentState, Stage},
    error::ApiError,
};

/// Pages per write, unless [`WRITE_AT_LEAST_EVERY`] comes first.
const PAGES_PER_WRITE: usize = 32;
const WRITE_AT_LEAST_EVERY: Duration = Duration::from_millis(250);
/// Pages whose passages are written together.
const PAGES_PER_INDEXING: u32 = 40;
/// Fewer hidden characters on a page are artefacts of its layout and are not reported.
const HIDDEN_MIN: u32 = 8;
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
            Stage::Extract => extract(library, store, &work, stop).await.map(|()| Some(Stage::Index)),
            Stage::Index => index(library, store, &work, stop).await.map(|()| Some(Stage::Embed)),
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

/// Reads the original's pages in a separate process.
async fn extract(library: &Library, store: &Store, work: &Work, stop: &CancellationToken) -> Result<(), Trouble> {
    let id = work.document.clone();
    let found = store.read(move |rows| Ok((documents::get(rows, &id)?, documents::content_hash(rows, &id)?))).await?;
    let (Some(document), Some(hash)) = found else { return Err(Trouble::Stopped) };
    let format = Format::from_media_type(&document.media_type).ok_or_else(|| {
        Trouble::lasting("unsupported_file", format!("{} is of a kind that is not read.", document.title))
    })?;
    let original = library.originals().path(&hash);
    let name = if document.source.is_empty() { document.title } else { document.source };
    let deadline = Instant::now() + CHILD_WALL;
    let mut deaths = 0;
    loop {
        let id = work.document.clone();
        let first = store.read(move |rows| pages::last(rows, &id)).await? + 1;
        let mut reader =
            Reader::start(library.program(), &original, format, first, deadline).await.map_err(|cause| {
                Trouble::passing(
                    "reader_unavailable",
                    format!("{name} could not be read: the reading process did not start ({}).", cause.kind()),
                )
            })?;
        let mut intake =
            Intake { library, store, work, pages: Vec::new(), total: None, begun: first, written: Instant::now() };
        let outcome = tokio::select! {
            outcome = intake.take_all(&mut reader) => outcome,
            () = stop.cancelled() => Err(Early::Trouble(Trouble::Stopped)),
        };
        reader.end().await;
        match outcome {
            Ok(()) => return Ok(()),
            Err(Early::Trouble(trouble)) => return Err(trouble),
            Err(Early::Refused(code, cause)) => {
                return Err(Trouble::Failed { code: known(&code), text: format!("{name} {cause}."), may_pass: false });
            }
            Err(Early::Silent(silence)) => {
                deaths += 1;
                let is_over = deaths > CHILD_DEATHS_MAX || intake.total.is_none() || !matches!(silence, Silence::Died);
                if is_over {
                    return Err(intake.died(&name, &silence));
                }
                // The page that ended the process is skipped, and reading continues after it.
                let page = NewPage { page: intake.begun, text: String::new(), flags: vec![UNREADABLE] };
                intake.pages.push(page);
                intake.write().await?;
            }
        }
    }
}

/// Codes of refusals by the reading process.
fn known(code: &str) -> &'static str {
    ["damaged_file", "too_large", "encrypted_file"].into_iter().find(|known| *known == code).unwrap_or("damaged_file")
}

/// Reason why reading ended before the last piece.
enum Early {
    Refused(String, String),
    Silent(Silence),
    Trouble(Trouble),
}

impl From<ApiError> for Early {
    fn from(error: ApiError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Results of one reading process.
struct Intake<'a> {
    library: &'a Library,
    store: &'a Store,
    work: &'a Work,
    /// Pages that are read but not written yet.
    pages: Vec<NewPage>,
    total: Option<u32>,
    /// Number of the page begun last.
    begun: u32,
    written: Instant,
}

impl Intake<'_> {
    async fn take_all(&mut self, reader: &mut Reader) -> Result<(), Early> {
        loop {
            let piece = reader.next().await;
            match piece {
                Ok(Piece::Head { pages, .. }) => self.total = Some(pages),
                Ok(Piece::Begin { page }) => self.begun = page,
                Ok(Piece::Page { page, text, dropped, unreadable }) => {
                    let is_empty = text.trim().is_empty();
                    let flags = [
                        (is_empty && unreadable == 0, NO_TEXT),
                        (is_empty && unreadable > 0, UNREADABLE),
                        (dropped >= HIDDEN_MIN, HIDDEN_TEXT),
                    ];
                    let flags = flags.into_iter().filter_map(|(holds, flag)| holds.then_some(flag)).collect();
                    self.pages.push(NewPage { page, text, flags });
                }
                Ok(Piece::Broken { page, .. }) => {
                    self.pages.push(NewPage { page, text: String::new(), flags: vec![UNREADABLE] });
                }
                Ok(Piece::Refused { code, cause }) => return Err(Early::Refused(code, cause)),
                Ok(Piece::End) => return Ok(self.write().await?),
                Err(silence) => {
                    // Completely read pages are kept.
                    self.write().await?;
                    return Err(Early::Silent(silence));
                }
            }
            if self.pages.len() >= PAGES_PER_WRITE
                || (!self.pages.is_empty() && self.written.elapsed() > WRITE_AT_LEAST_EVERY)
            {
                self.write().await?;
            }
        }
    }

    /// Writes the pages and the task's progress, in one transaction.
    async fn write(&mut self) -> Result<(), Trouble> {
        let (work, pages, now) = (self.work.clone(), std::mem::take(&mut self.pages), self.library.now());
        let total = self.total.map(u64::from);
        self.written = Instant::now();
        let goes_on = self.store.write(move |rows| {
            if !tasks::is_running(rows, &work.task)? {
                return Ok(false);
            }
            pages::insert(rows, &work.document, &pages)?;
            let done = u64::from(pages::last(rows, &work.document)?);
            tasks::progress(rows, &work.task, done, total, now)?;
            Ok(true)
        });
        if !goes_on.await? {
            return Err(Trouble::Stopped);
        }
        self.library.tell(LibraryChange::Task { id: self.work.task.clone(), document: self.work.document.clone() });
        Ok(())
    }

    fn died(&self, name: &str, silence: &Silence) -> Trouble {
        let place = match self.total {
            Some(total) => format!(" at page {} of {total}", self.begun),
            None => String::new(),
        };
        let (code, cause) = match silence {
            Silence::Died => {
                ("reader_died", "reading it takes more memory or time than a document may, or it is damaged")
            }
            Silence::TimedOut => ("reader_timeout", "reading it took longer than two minutes"),
            Silence::TooMuch => ("too_large", "it holds more text than a document may"),
            Silence::Garbled => ("reader_died", "what the reading process told could not be understood"),
            Silence::System(cause) => {
                warn!(%cause, "a reading process could not be listened to");
                ("reader_died", "the reading process could not be listened to")
            }
        };
        Trouble::lasting(code, format!("{name} could not be read{place}: {cause}."))
    }
}

impl From<Trouble> for Early {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Identifies the document, cuts its pages into passages and indexes their words.
async fn index(library: &Library, store: &Store, work: &Work, stop: &CancellationToken) -> Result<(), Trouble> {
    let (id, now) = (work.document.clone(), library.now());
    let begun = store.write(move |rows| {
        segments::clear(rows, &id)?;
        if documents::get(rows, &id)?.is_none() {
            return Ok(None);
        }
        let mut beginning = String::new();
        for (_, text) in pages::texts(rows, &id, 1, 6)? {
            if beginning.len() < LOOKED_AT_BYTES {
                beginning.push_str(&text);
                beginning.push('\n');
            }
        }
        let (found, year) = identity::find(&beginning);
        documents::set_found(rows, &id, &found, year, now)?;
        let last = pages::last(rows, &id)?;
        let used = segments::count_all(rows)?;
        Ok(documents::get(rows, &id)?.map(|document| (document, last, used)))
    });
    let Some((document, last, used)) = begun.await? else { return Err(Trouble::Stopped) };
    let header = identity::header(document.issuer.as_deref(), document.form.as_deref(), document.period.as_deref());
    let header = if header.is_empty() { document.title.clone() } else { header };
    let mut segmenter = Segmenter::new(header);
    let (mut page, mut count) = (1, 0);
    while page <= last {
        if stop.is_cancelled() {
            return Err(Trouble::Stopped);
        }
        let (own, now) = (work.clone(), library.now());
        let written = store.write(move |rows| {
            if !tasks::is_running(rows, &own.task)? {
                return Ok(None);
            }
            let mut made = 0;
            for (number, text) in pages::texts(rows, &own.document, page, PAGES_PER_INDEXING)? {
                let segments = segmenter.cut(number, &text);
                made += segments.len();
                segments::insert(rows, &own.document, &text, &segments)?;
            }
            let done = u64::from((page + PAGES_PER_INDEXING - 1).min(last));
            tasks::progress(rows, &own.task, done, Some(u64::from(last)), now)?;
            Ok(Some((segmenter, made)))
        });
        let Some((back, made)) = written.await? else { return Err(Trouble::Stopped) };
        (segmenter, count, page) = (back, count + made, page + PAGES_PER_INDEXING);
        if count > SEGMENTS_PER_DOCUMENT_MAX {
            return Err(full(
                store,
                work,
                "too_large",
                format!("{} has more than {SEGMENTS_PER_DOCUMENT_MAX} passages.", document.title),
            )
            .await);
        }
        if used + count as u64 > SEGMENTS_MAX {
            return Err(full(
                store,
                work,
                "library_full",
                format!("The library holds at most {SEGMENTS_MAX} passages; delete a document first."),
            )
            .await);
        }
        library.tell(LibraryChange::Task { id: work.task.clone(), document: work.document.clone() });
    }
    let id = work.document.clone();
    let written = store.write(move |rows| {
        let count = segments::count(rows, &id)?;
        let note = note(rows, &id, last)?;
        documents::set_counts(rows, &id, last, count, note.as_deref())?;
        Ok(())
    });
    Ok(written.await?)
}

async fn full(store: &Store, work: &Work, code: &'static str, text: String) -> Trouble {
    let id = work.document.clone();
    match store.write(move |rows| Ok(segments::clear(rows, &id)?)).await {
        Ok(()) => Trouble::lasting(code, text),
        Err(cause) => cause.into(),
    }
}

/// Note for people about a document's pages.
fn note(rows: &rusqlite::Connection, document: &str, pages: u32) -> rusqlite::Result<Option<String>> {
    let unreadable = pages::count_flagged(rows, document, UNREADABLE)?;
    let empty = pages::count_flagged(rows, document, NO_TEXT)?;
    let hidden = pages::count_flagged(rows, document, HIDDEN_TEXT)?;
    let of = |count: u32| if pages == 1 { "its page".to_owned() } else { format!("{count} of {pages} pages") };
    let mut notes = Vec::new();
    if unreadable > 0 {
        notes.push(format!("{} could not be read", of(unreadable)));
    }
    if empty > 0 {
        notes.push(format!("{} without text, such as scanned ones", of(empty)));
    }
    if hidden > 0 {
        notes.push(format!("hidden text was left out on {}", of(hidden)));
    }
    Ok((!notes.is_empty()).then(|| notes.join("; ")))
}
