//! The stage that identifies a document, cuts its pages into passages and indexes their words.

use tokio_util::sync::CancellationToken;

use super::{
    Library, LibraryChange,
    bounds::{SEGMENTS_MAX, SEGMENTS_PER_DOCUMENT_MAX},
    identity::{self, LOOKED_AT_BYTES},
    segment::Segmenter,
    store::{
        Store, documents,
        pages::{self, HIDDEN_TEXT, NO_TEXT, UNREADABLE},
        segments,
        tasks::{self, Work},
    },
    worker::Trouble,
};

/// Pages whose passages are written together.
const PAGES_PER_INDEXING: u32 = 40;

/// Identifies the document, cuts its pages into passages and indexes their words.
pub async fn index(library: &Library, store: &Store, work: &Work, stop: &CancellationToken) -> Result<(), Trouble> {
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
