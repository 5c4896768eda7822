//! The selected ticker's documents: their count beside its price, and a list that opens them in the library.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    app::{
        effects::{detach, effect, memo},
        erase::{Erase, Piece, show_when},
        library::{Lines, of_ticker, subtitle},
        parts::PartView,
        rows::list_of,
        workspace::{Workspace, use_workspace},
    },
    domain::library::{Document, DocumentPage},
};

#[wasm_split(documents, fallible)]
pub fn fetch_documents() -> Result<PartView, SplitLoaderError> {
    Ok(show_documents)
}

/// Shows a button with the count, while there are any; the list is its popover.
fn show_documents() -> Piece {
    let Workspace { selected, library_news, .. } = use_workspace();
    let page = RwSignal::new(DocumentPage::default());
    effect(move || {
        library_news.documents.track();
        let Some(ticker) = selected.get() else { return page.set(DocumentPage::default()) };
        detach(async move {
            let read = of_ticker(ticker).await;
            // Of another ticker, or unknown: none is shown rather than others.
            if selected.try_get_untracked() == Some(Some(ticker)) {
                page.try_set(read.unwrap_or_default());
            }
        });
    });
    let has_any = memo(move || page.with(|page| page.total > 0));
    show_when(move || has_any.get(), move || show_button(page))
}

fn show_button(page: RwSignal<DocumentPage>) -> Piece {
    let count = move || page.with(|page| page.total);
    let words = move || match count() {
        1 => "1 document".to_owned(),
        count => format!("{count} documents"),
    };
    let documents = move || page.with(|page| page.documents.clone());
    let more = move || {
        let more = page.with(|page| page.total.saturating_sub(page.documents.len() as u64));
        (more > 0).then(|| format!("and {more} more in the library"))
    };
    let key = |document: &Document| format!("{} {}", document.id, document.version);
    view! {
        <button class="quiet ticker-documents-button" popovertarget="ticker-documents" data-testid="ticker-documents">
            {words}
        </button>
        <div class="ticker-documents" id="ticker-documents" popover="auto">
            <ul aria-label="Documents of the ticker">{list_of(documents, key, show_row)}</ul>
            {move || more().map(|more| view! { <p class="muted">{more}</p> }.erase())}
        </div>
    }
    .erase()
}

fn show_row(document: Document) -> Piece {
    let lines = Lines::of(&document.id, 1, (0, 0));
    let (href, words) = (lines.href(), subtitle(&document));
    view! {
        <li data-testid="ticker-document" data-id=document.id>
            <a href=href on:click=move |event| lines.open(&event)>
                <b>{document.title}</b>
                <span class="muted">{words}</span>
            </a>
        </li>
    }
    .erase()
}
