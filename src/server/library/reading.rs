//! The stage that reads a document's pages, in a process of its own; pages that it has read stay.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    Library, LibraryChange,
    bounds::{CHILD_DEATHS_MAX, CHILD_WALL},
    child::{Reader, Silence},
    extract::protocol::{Format, Piece},
    store::{
        Store, documents,
        pages::{self, HIDDEN_TEXT, NO_TEXT, NewPage, UNREADABLE},
        tasks::{self, Work},
    },
    worker::Trouble,
};
use crate::error::ApiError;

/// Pages per write, unless [`WRITE_AT_LEAST_EVERY`] comes first.
const PAGES_PER_WRITE: usize = 32;
const WRITE_AT_LEAST_EVERY: Duration = Duration::from_millis(250);
/// Fewer hidden characters on a page are artefacts of its layout and are not reported.
const HIDDEN_MIN: u32 = 8;

/// Reads the original's pages in a separate process.
pub async fn extract(library: &Library, store: &Store, work: &Work, stop: &CancellationToken) -> Result<(), Trouble> {
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
