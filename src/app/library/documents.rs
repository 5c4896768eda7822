//! The column of documents: what is on its way, what is there, and how the list is narrowed.

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{attach, store::use_shelf, words};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
        parts::{Part, show_part},
        rows::list_of,
    },
    domain::library::DocumentState,
};

#[component]
pub fn Documents() -> impl IntoView {
    let shelf = use_shelf();
    let is_adding = shelf.is_adding;
    let ids = move || shelf.documents.with(|documents| documents.iter().map(|document| document.id.clone()).collect());
    let totals = move || {
        let stats = shelf.stats.get();
        let passages = words::count(stats.segments, "passage", "passages");
        format!("{} · {passages} · {}", words::count(stats.pages, "page", "pages"), words::size(stats.bytes))
    };
    view! {
        <section class="library-documents" aria-label="Documents">
            <div class="bar">
                <h2>"Documents"</h2>
                <span class="muted" data-testid="library-total">{move || words::grouped(shelf.total.get())}</span>
                <button
                    class="small library-add-button"
                    aria-expanded=move || is_adding.get().to_string()
                    on:click=move |_| is_adding.update(|is_adding| *is_adding = !*is_adding)
                >
                    "Add"
                </button>
            </div>
            {show_when(move || is_adding.get(), || show_part(Part::LibraryAdd))}
            {show_part(Part::LibraryNarrowing)}
            {show_part(Part::LibraryUploads)}
            <ul class="library-list" aria-label="Documents" on:keydown=move_focus>
                {list_of(ids, Clone::clone, show_row)}
            </ul>
            {show_part(Part::LibraryRest)}
            <p class="library-foot">{totals}</p>
        </section>
    }
    .erase()
}

/// Arrow keys go from one document to the next.
fn move_focus(event: KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    let list = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(links) = list.and_then(|list| list.query_selector_all("a").ok()) else { return };
    let focused = document().active_element();
    let link = |index: u32| links.item(index).and_then(|link| link.dyn_into::<HtmlElement>().ok());
    let place = (0..links.length()).position(|index| link(index).map(Element::from) == focused);
    let next = place.and_then(|place| u32::try_from(place as i64 + step).ok()).and_then(link);
    if let Some(next) = next {
        event.prevent_default();
        // Only an element that has left the page refuses.
        let _ = next.focus();
    }
}

/// A bar of so many percent, where that is known.
pub fn show_bar(percent: impl Fn() -> Option<u64> + Send + Sync + Copy + 'static) -> Piece {
    let bar = move || {
        let now = move || percent().unwrap_or_default().to_string();
        view! {
            <progress class="task-bar" max="100" value=now aria-label="Progress"></progress>
        }
        .erase()
    };
    show_when(move || percent().is_some(), bar)
}

fn show_row(id: String) -> Piece {
    let shelf = use_shelf();
    let own = id.clone();
    let document = memo(move || shelf.document(&own));
    let text = move |text: fn(&crate::domain::library::Document) -> String| {
        Signal::derive(move || document.with(|document| document.as_ref().map(text)).unwrap_or_default())
    };
    let state = move || document.with(|document| document.as_ref().map(|document| document.state));
    let mark = move || state().map(words::mark).unwrap_or_default();
    let note = move || document.with(|document| document.as_ref().and_then(|document| document.note.clone()));
    let is_read = move || shelf.place.with(|place| place.document.as_ref() == Some(&id));
    let is_read = memo(is_read);
    let own =
        document.with_untracked(|document| document.as_ref().map(|document| document.id.clone())).unwrap_or_default();
    let (href, target, data_id) = (format!("/library?doc={own}"), own.clone(), own.clone());
    let dragged = own.clone();
    let open = move |event: leptos::ev::MouseEvent| {
        if crate::app::navigation::opens_here(&event) {
            event.prevent_default();
            shelf.open(&super::store::Cited { document: target.clone(), page: 1, begin: 0, end: 0 });
        }
    };
    view! {
        <li
            class="document-row"
            data-testid="document-row"
            data-id=data_id
            data-state=move || state().map(DocumentState::as_str)
            draggable="true"
            on:dragstart=move |event| attach::begin(shelf, dragged.clone(), &event)
            on:dragend=move |_| shelf.dragged.set(None)
        >
            <a class="document" href=href aria-current=move || is_read.get().then_some("true") on:click=open>
                <span class="document-ticker">{text(|document| document.ticker.clone().unwrap_or_else(|| "—".to_owned()))}</span>
                <span class="document-title">{text(|document| document.title.clone())}</span>
                <span class="document-mark" role="img" aria-label=move || mark().1>{move || mark().0}</span>
                <span class="document-line">{text(words::subtitle)}</span>
                <span class="document-line document-contents">{text(words::contents)}</span>
                {move || note().map(|note| view! { <span class="document-line document-note">{note}</span> }.erase())}
            </a>
            {show_task(own)}
        </li>
    }
    .erase()
}

/// How the reading of a document stands, with what can be done about it; nothing once all is done.
fn show_task(document: String) -> Piece {
    let shelf = use_shelf();
    let task = memo(move || shelf.document(&document).and_then(|document| document.task));
    let words = memo(move || task.with(|task| task.as_ref().and_then(words::task)));
    let percent = memo(move || task.with(|task| task.as_ref().and_then(words::percent)));
    let is_over = memo(move || task.with(|task| task.as_ref().is_none_or(|task| task.state.is_over())));
    let state = move || task.with(|task| task.as_ref().map(|task| task.state.as_str()));
    let act = move |action: &'static str| {
        let Some(id) = task.with_untracked(|task| task.as_ref().map(|task| task.id.clone())) else { return };
        shelf.act(async move { super::calls::act_on_task(&id, action).await.map(drop) });
    };
    let remove = move |_| {
        let Some(id) = task.with_untracked(|task| task.as_ref().map(|task| task.document.clone())) else { return };
        shelf.act(async move { super::calls::delete(&id).await });
    };
    let cancel = move || view! { <button class="link" on:click=move |_| act("cancel")>"Cancel"</button> }.erase();
    let again = move || {
        view! {
            <button class="link" on:click=move |_| act("retry")>"Retry"</button>
            <button class="link" on:click=remove>"Remove"</button>
        }
        .erase()
    };
    let view = move || {
        view! {
            <div class="document-task" data-testid="task-row" data-state=state>
                {show_bar(move || percent.get())}
                <span class="task-words">{move || words.get()}</span>
                {show_when(move || !is_over.get(), cancel)}
                {show_when(move || is_over.get(), again)}
            </div>
        }
        .erase()
    };
    show_when(move || words.with(Option::is_some), view)
}
