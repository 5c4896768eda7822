//! Intake of documents: from a stream of bytes to an original on disk, a row and a task.

use std::io;

use tracing::error;
use uuid::Uuid;

use super::{
    Library, LibraryChange,
    bounds::{FILE_BYTES_MAX, TITLE_CHARS_MAX},
    extract::protocol::Format,
    fetch,
    originals::{Incoming, Received},
    sniff,
    store::{
        documents::{self, NewDocument},
        tasks,
    },
};
use crate::{
    domain::{
        library::{Document, DocumentState, Origin, Stage, Task},
        ticker::Ticker,
    },
    error::ApiError,
};

/// Description that a person gives with a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    pub title: Option<String>,
    pub ticker: Option<Ticker>,
    pub tags: Vec<String>,
}

/// A file that is being uploaded.
pub struct Upload {
    pub origin: Origin,
    /// The file's name, or its path in the folder.
    pub source: String,
    /// Media type declared by the sender.
    pub declared: Option<String>,
    incoming: Incoming,
}

/// Result of an intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub document: Document,
    pub task: Option<Task>,
    /// Whether the library already had the same content.
    pub is_duplicate: bool,
}

impl Upload {
    /// Adds a piece.
    ///
    /// # Errors
    /// If the file exceeds 50 MiB, or the disk is full.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), ApiError> {
        if self.incoming.bytes + piece.len() as u64 > FILE_BYTES_MAX {
            return Err(ApiError::FileTooLarge { name: self.source.clone() });
        }
        self.incoming.write(piece).await.map_err(disk)
    }
}

fn disk(cause: io::Error) -> ApiError {
    error!(%cause, "the library's disk failed");
    ApiError::Busy
}

impl Library {
    /// Begins an upload.
    ///
    /// # Errors
    /// If its file cannot be created.
    pub async fn begin(&self, origin: Origin, source: String, declared: Option<String>) -> Result<Upload, ApiError> {
        // Opening the library sweeps away half-received files, so it is opened before this one is created.
        self.store().await?;
        let incoming = self.originals().receive().await.map_err(disk)?;
        Ok(Upload { origin, source, declared, incoming })
    }

    /// Takes in a completely received file.
    ///
    /// # Errors
    /// If its format is unknown, the library is full or too many tasks are queued; the file is deleted then.
    pub async fn accept(&self, upload: Upload, described: Described) -> Result<Accepted, ApiError> {
        let format = sniff::format(&upload.incoming.head, &upload.source, upload.declared.as_deref())
            .ok_or_else(|| ApiError::UnsupportedFile { name: upload.source.clone() })?;
        let received = upload.incoming.finish().await.map_err(disk)?;
        let title = described.title.clone().unwrap_or_else(|| title_of(&upload.source));
        let new = NewDocument {
            id: Uuid::now_v7().to_string(),
            origin: upload.origin,
            source: upload.source,
            title,
            media_type: format.media_type().to_owned(),
            bytes: received.bytes,
            content_hash: received.hash.clone(),
            ticker: described.ticker.map(|ticker| ticker.to_string()),
            tags: described.tags,
        };
        let accepted = self.keep(new, received).await?;
        self.wake();
        self.tell(LibraryChange::Document { id: accepted.document.id.clone() });
        Ok(accepted)
    }

    /// Stores the original, its row and its task, or finds the document with the same content.
    async fn keep(&self, new: NewDocument, received: Received) -> Result<Accepted, ApiError> {
        let store = self.store().await?;
        let _naming = self.0.naming.lock().await;
        // The file is written before its row; if the row is refused, the file is removed again.
        let hash = received.hash.clone();
        self.originals().keep(received).await.map_err(disk)?;
        let (now, own) = (self.now(), hash.clone());
        let written = store.write(move |rows| {
            let known = documents::with_content(rows, &own)?;
            let (id, is_duplicate) = match known {
                Some(known) if !matches!(known.state, DocumentState::Failed | DocumentState::Cancelled) => {
                    (known.id, true)
                }
                // A failed or cancelled document does not block its content: it is read anew.
                Some(known) => {
                    tasks::enqueue(rows, &known.id, Stage::Extract, now)?;
                    documents::set_state(rows, &known.id, DocumentState::Reading, now)?;
                    (known.id, false)
                }
                None => {
                    documents::insert(rows, &new, now)?;
                    tasks::enqueue(rows, &new.id, Stage::Extract, now)?;
                    (new.id, false)
                }
            };
            let document = documents::get_with_task(rows, &id)?.ok_or(ApiError::Internal)?;
            Ok(Accepted { task: document.task.clone(), document, is_duplicate })
        });
        let accepted = written.await;
        if accepted.is_err() {
            let own = hash.clone();
            let is_used = store.read(move |rows| documents::any_with_content(rows, &own)).await;
            if let (Ok(false), Err(cause)) = (is_used, self.originals().remove(&hash).await) {
                error!(%cause, "a file that was not taken in is removed at the next start");
            }
        }
        accepted
    }

    /// Takes in pasted text.
    ///
    /// # Errors
    /// As for a file.
    pub async fn accept_text(&self, text: &str, described: Described) -> Result<Accepted, ApiError> {
        let mut upload = self.begin(Origin::Text, String::new(), Some(Format::Text.media_type().to_owned())).await?;
        upload.write(text.as_bytes()).await?;
        self.accept(upload, described).await
    }

    /// Takes in an address, which a task fetches.
    ///
    /// # Errors
    /// If the address is not public, or as for a file.
    pub async fn accept_address(&self, address: &str, described: Described) -> Result<Accepted, ApiError> {
        let url =
            fetch::check(address, &self.config().fetch_hosts).map_err(|reason| ApiError::AddressRefused { reason })?;
        let new = NewDocument {
            id: Uuid::now_v7().to_string(),
            origin: Origin::Address,
            source: url.to_string(),
            title: described.title.unwrap_or_else(|| title_of_address(&url)),
            media_type: String::new(),
            bytes: 0,
            content_hash: String::new(),
            ticker: described.ticker.map(|ticker| ticker.to_string()),
            tags: described.tags,
        };
        let now = self.now();
        let written = self.store().await?.write(move |rows| {
            documents::insert(rows, &new, now)?;
            tasks::enqueue(rows, &new.id, Stage::Fetch, now)?;
            let document = documents::get_with_task(rows, &new.id)?.ok_or(ApiError::Internal)?;
            Ok(Accepted { task: document.task.clone(), document, is_duplicate: false })
        });
        let accepted = written.await?;
        self.wake();
        self.tell(LibraryChange::Document { id: accepted.document.id.clone() });
        Ok(accepted)
    }
}

/// A file's name without extension and folder, with blanks for underscores.
fn title_of(source: &str) -> String {
    let name = source.rsplit(['/', '\\']).next().unwrap_or(source);
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 8 => stem,
        _ => name,
    };
    let words: Vec<_> = stem
        .split(|character: char| character == '_' || character.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    let title: String =
        words.join(" ").chars().filter(|character| !character.is_control()).take(TITLE_CHARS_MAX).collect();
    if title.is_empty() { "Untitled".to_owned() } else { title }
}

fn title_of_address(url: &reqwest::Url) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
    let host = url.host_str().unwrap_or_default();
    last.map_or_else(|| host.to_owned(), |last| format!("{} ({host})", title_of(last)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("BOEING_2022_10K.pdf", "BOEING 2022 10K")]
    #[case("C:\\files\\a note.md", "a note")]
    #[case("2024/q2/report.final.html", "report.final")]
    #[case(".hidden", ".hidden")]
    #[case("", "Untitled")]
    fn a_file_s_title_is_its_name(#[case] source: &str, #[case] title: &str) {
        assert_eq!(title_of(source), title);
    }
}
