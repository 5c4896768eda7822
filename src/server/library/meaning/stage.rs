//! The last stage of taking a document in: its passages are embedded, a few at a time.

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    domain::library::Segment,
    server::library::{
        Library, LibraryChange,
        bounds::EMBEDDED_AT_ONCE,
        store::{
            Store, documents,
            tasks::{self, Work},
            vectors,
        },
        worker::Trouble,
    },
};

/// Text of a passage that is embedded: its context first, as in the index.
pub fn text_of(context: &str, text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if context.is_empty() { text } else { format!("{context}\n{text}") }
}

impl Library {
    /// Embeds a document's passages that this model has not embedded yet; without a model there is nothing to do.
    pub async fn embed(&self, store: &Store, work: &Work, stop: &CancellationToken) -> Result<(), Trouble> {
        let Some(embedder) = self.embedder() else { return Ok(()) };
        let model = embedder.name().to_owned();
        let mut done = 0;
        loop {
            if stop.is_cancelled() {
                return Err(Trouble::Stopped);
            }
            let (id, name) = (work.document.clone(), model.clone());
            let next = store.read(move |rows| {
                let segments = vectors::missing(rows, &id, &name, EMBEDDED_AT_ONCE)?;
                Ok((segments, documents::get(rows, &id)?.map_or(0, |document| document.segments)))
            });
            let (segments, total) = next.await?;
            if segments.is_empty() {
                return Ok(());
            }
            let texts = segments.iter().map(|Segment { context, text, .. }| text_of(context, text)).collect();
            let made = embedder.embed(texts).await.map_err(|fault| {
                warn!(library.task = %work.task, cause = fault.cause, "passages were not embedded");
                let text =
                    "Its meaning could not be read: the embedding model does not answer. Its words can be searched.";
                Trouble::Failed { code: "embedding_unavailable", text: text.to_owned(), may_pass: fault.may_pass }
            })?;
            let (own, now, name) = (work.clone(), self.now(), model.clone());
            let vectors: Vec<_> = segments.iter().map(|segment| segment.id).zip(made).collect();
            done += vectors.len();
            let so_far = done as u64;
            let written = store.write(move |rows| {
                if !tasks::is_running(rows, &own.task)? {
                    return Ok(false);
                }
                vectors::insert(rows, &name, &vectors)?;
                tasks::progress(rows, &own.task, so_far, Some(u64::from(total)), now)?;
                Ok(true)
            });
            if !written.await? {
                return Err(Trouble::Stopped);
            }
            self.tell(LibraryChange::Task { id: work.task.clone(), document: work.document.clone() });
        }
    }
}
