//! Documents as people see them: lists, pages and passages, changes and removal.

use std::path::PathBuf;

use tracing::warn;

use super::{
    Library, LibraryChange, identity,
    store::{
        documents::{self, Wanted},
        pages, segments, tasks,
    },
};
use crate::{
    domain::{
        library::{Document, Page, Segment, Stage, TaskState},
        ticker::Ticker,
    },
    error::ApiError,
};

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
    /// A page of documents, newest first, with their latest tasks, and the total count.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn documents(
        &self,
        wanted: Wanted,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Document>, u64), ApiError> {
        if self.is_unused() {
            return Ok((Vec::new(), 0));
        }
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
                tasks::enqueue(rows, &id, Stage::Index, now)?;
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
}
