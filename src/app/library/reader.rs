//! The column that reads: a page's text with the cited lines lit, the way to the next ones, and what the document is.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::{
    calls::{self, DOCUMENTS},
    steps::show_steps,
    store::{Cited, Shelf, use_shelf},
    text::show_text,
};
use crate::{
    app::{
        effects::{detach, effect, memo},
        erase::{Erase, Piece, show_when},
        parts::{Part, PartView, show_part},
    },
    domain::library::{Document, Page},
};

#[wasm_split(library_reader, fallible)]
pub fn fetch_reader() -> Result<PartView, SplitLoaderError> {
    Ok(reader)
}

/// The handle to what is read; copies share it.
#[derive(Clone, Copy)]
pub struct Reading {
    pub shelf: Shelf,
    pub document: RwSignal<Option<Document>>,
    /// Whether the document's details are shown, where they can be changed.
    pub has_details: RwSignal<bool>,
    page: RwSignal<Option<Page>>,
    failure: RwSignal<Option<String>>,
}

impl Reading {
    /// Reads the document and the page that the address names.
    fn follow() -> Self {
        let reading = Self {
            shelf: use_shelf(),
            document: RwSignal::new(None),
            has_details: RwSignal::new(false),
            page: RwSignal::new(None),
            failure: RwSignal::new(None),
        };
        let place = reading.shelf.place;
        let wanted = memo(move || place.with(|place| place.document.clone()));
        // A document that is being read has more pages by and by.
        let version = memo(move || {
            let id = wanted.get()?;
            reading
                .shelf
                .documents
                .with(|documents| documents.iter().find(|document| document.id == id).map(|document| document.version))
        });
        effect(move || {
            version.track();
            match wanted.get() {
                None => reading.document.set(None),
                Some(id) => detach(reading.read_document(id)),
            }
        });
        let pages =
            memo(move || reading.document.with(|document| document.as_ref().map_or(0, |document| document.pages)));
        let at = memo(move || place.with(|place| place.document.clone().map(|document| (document, place.page))));
        effect(move || {
            let has_pages = pages.get() > 0;
            match at.get() {
                Some((id, page)) if has_pages => detach(reading.read_page(id, page)),
                _ => reading.page.set(None),
            }
        });
        reading
    }

    fn is_wanted(self, id: &str) -> bool {
        let wanted = self.shelf.place.try_with_untracked(|place| place.document.as_deref() == Some(id));
        wanted == Some(true)
    }

    async fn read_document(self, id: String) {
        let document = calls::document(&id).await;
        if self.is_wanted(&id) {
            self.failure.try_set(document.as_ref().err().map(ToString::to_string));
            self.document.try_set(document.ok());
        }
    }

    async fn read_page(self, id: String, page: u32) {
        let is_there =
            |shown: &Option<Page>| shown.as_ref().is_some_and(|shown| shown.document == id && shown.page == page);
        if self.page.try_with_untracked(is_there) != Some(false) {
            return;
        }
        let read = calls::page(&id, page).await;
        if self.is_wanted(&id) && self.shelf.place.with_untracked(|place| place.page) == page {
            self.failure.try_set(read.as_ref().err().map(ToString::to_string));
            self.page.try_set(read.ok());
        }
    }

    pub fn turn_to(self, page: u32) {
        let pages = self.document.with_untracked(|document| document.as_ref().map_or(1, |document| document.pages));
        self.shelf.go(|place| {
            place.page = page.clamp(1, pages.max(1));
            place.lit = None;
        });
    }
}

/// Reading state, from the context of the calling component.
pub fn use_reading() -> Reading {
    // Invariant: the reader provides it before any of its parts.
    use_context().expect("what is read is provided by the reader")
}

fn reader() -> Piece {
    let reading = Reading::follow();
    let is_open = memo(move || reading.document.with(Option::is_some));
    let has_details = reading.has_details;
    provide_context(reading);
    let words = move || {
        let wanted = reading.shelf.place.with(|place| place.document.is_some());
        match (reading.failure.get(), is_open.get(), wanted) {
            (Some(reason), ..) => Some(view! { <p class="panel-error" role="alert">{reason}</p> }.erase()),
            (None, false, true) => Some(
                view! { <div class="skeletons" role="status" aria-label="Loading"><i></i><i></i><i></i></div> }.erase(),
            ),
            (None, false, false) => Some(
                view! {
                    <div class="library-beginning">
                        <h3>"Read"</h3>
                        <p>"Open a document, a passage or a citation: its page is shown here, with the lines lit."</p>
                    </div>
                }
                .erase(),
            ),
            (None, true, _) => None,
        }
    };
    let content = move || {
        view! {
            {show_head(reading, has_details)}
            {show_when(move || has_details.get(), || show_part(Part::LibraryDetails))}
            {show_steps()}
            {show_page(reading)}
            {show_foot(reading)}
        }
        .erase()
    };
    view! {
        {show_when(move || is_open.get(), content)}
        {words}
    }
    .erase()
}

fn show_head(reading: Reading, has_details: RwSignal<bool>) -> Piece {
    let text = move |read: fn(&Document) -> String| {
        move || reading.document.with(|document| document.as_ref().map(read)).unwrap_or_default()
    };
    let original = text(|document| format!("{DOCUMENTS}/{}/original", document.id));
    let close = move |_| {
        reading.shelf.go(|place| {
            place.document = None;
            place.page = 1;
            place.lit = None;
        });
    };
    view! {
        <div class="bar">
            <h2 class="reader-title">{text(|document| document.title.clone())}</h2>
            <button
                class="small"
                aria-expanded=move || has_details.get().to_string()
                on:click=move |_| has_details.update(|has_details| *has_details = !*has_details)
            >
                "Details"
            </button>
            <a class="small" href=original download="" rel="external">"Original"</a>
            <button class="quiet" aria-label="Close the document" on:click=close>"×"</button>
        </div>
    }
    .erase()
}

/// The cited lines of the document that is read, in their order.
pub fn cited_here(reading: Reading) -> Vec<Cited> {
    let place = reading.shelf.place.get();
    let mut cited: Vec<Cited> = reading
        .shelf
        .cited
        .with(|cited| cited.iter().filter(|cited| Some(&cited.document) == place.document.as_ref()).cloned().collect());
    cited.sort();
    cited
}

/// The page's text.
fn show_page(reading: Reading) -> Piece {
    let article = NodeRef::<html::Article>::new();
    let marks = memo(move || {
        let place = reading.shelf.place.get();
        let cited = cited_here(reading).into_iter().filter(|cited| cited.page == place.page);
        let mut marks: Vec<(u32, u32, u8)> = cited.map(|cited| (cited.begin, cited.end, 1)).collect();
        marks.extend(place.lit.map(|(begin, end)| (begin, end, 2)));
        marks
    });
    let text = move || {
        let page = reading.page.get()?;
        let marks = marks.get();
        Some(show_text(&page, &marks))
    };
    effect(move || {
        reading.page.track();
        marks.track();
        let Some(article) = article.get() else { return };
        // After the text is there.
        request_animation_frame(move || match article.query_selector("mark.is-lit").ok().flatten() {
            Some(lit) => {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Center);
                lit.scroll_into_view_with_scroll_into_view_options(&options);
            }
            None => article.unchecked_ref::<web_sys::Element>().set_scroll_top(0),
        });
    });
    view! {
        <article class="reader-text" data-testid="reader-text" tabindex="0" aria-label="The page" translate="no" node_ref=article>
            {text}
        </article>
    }
    .erase()
}

/// The lit lines in one line, and that they are the page's own.
fn show_foot(reading: Reading) -> Piece {
    let quote = memo(move || {
        let (begin, end) = reading.shelf.place.with(|place| place.lit)?;
        let text = reading
            .page
            .with(|page| page.as_ref().and_then(|page| page.text.get(begin as usize..end as usize).map(str::to_owned)));
        Some(text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")))
    });
    let words = move || {
        match quote.get() {
        None => None,
        Some(Some(quote)) => Some(
            view! {
                <p class="library-foot"><q class="reader-quote">{quote}</q><span class="up">"✓ the page’s own words"</span></p>
            }
            .erase(),
        ),
        Some(None) if reading.page.with(Option::is_none) => None,
        Some(None) => {
            Some(view! { <p class="library-foot">"These lines are not on this page: the document was replaced."</p> }.erase())
        }
    }
    };
    words.erase()
}
