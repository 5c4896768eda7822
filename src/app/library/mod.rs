//! The Research library: documents at the left, questions and their answers in the middle, the page that is read at the right.
//! On a phone, one of the three at a time.
//!
//! Its state is in its address ([`place`]). Documents, answers and tasks are read anew when the account's events say that
//! they changed.

mod add;
mod answer;
mod answering;
mod ask;
mod asked;
mod attach;
mod bar;
mod calls;
mod details;
mod documents;
mod filters;
mod forms;
mod found;
mod history;
mod list;
mod narrowing;
mod open;
mod passages;
mod place;
mod question;
mod reader;
mod statements;
mod steps;
mod store;
mod text;
mod uploads;
mod words;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use web_sys::DragEvent;

pub use self::{
    answering::fetch_answers,
    asked::{fetch_answer, fetch_question},
    calls::of_ticker,
    forms::{fetch_add, fetch_beginning, fetch_details},
    found::{fetch_filters, fetch_history, fetch_passages},
    list::{fetch_attach, fetch_narrowing, fetch_rest, fetch_uploads},
    open::Lines,
    reader::fetch_reader,
    words::subtitle,
};
use self::{
    documents::Documents,
    store::{Column, Shelf},
};
use super::{
    effects::{effect, memo},
    erase::{Erase, Piece, show_when},
    parts::{Part, PartView, show_part, show_quiet_part},
    workspace::use_workspace,
};

#[wasm_split(library, fallible)]
pub fn fetch_library() -> Result<PartView, SplitLoaderError> {
    Ok(library)
}

fn library() -> Piece {
    let shelf = Shelf::follow();
    provide_context(shelf);
    let column = shelf.column;
    follow_place(shelf);
    let is_over = RwSignal::new(false);
    let parts = use_workspace().parts;
    // It has to be there when a drag begins.
    effect(move || parts.fetch(Part::LibraryAttach));
    let is_dragged = memo(move || shelf.dragged.with(Option::is_some));
    let tabs = Column::ALL.map(|(own, word)| {
        let is_current = Signal::derive(move || (column.get() == own).then_some("true"));
        view! {
            <button aria-current=is_current on:click=move |_| column.set(own)>{word}</button>
        }
    });
    let drop_files = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        if let Some(files) = event.data_transfer().and_then(|transfer| transfer.files()) {
            shelf.uploads.add(&files);
            column.set(Column::Documents);
        }
    };
    let drag_over = move |event: DragEvent| {
        if has_files(&event) {
            event.prevent_default();
            is_over.set(true);
        }
    };
    view! {
        <div
            class="library-desk"
            data-column=move || column.get().as_str()
            on:dragover=drag_over
            on:dragleave=move |event: DragEvent| is_over.set(is_over.get_untracked() && is_inside(&event))
            on:drop=drop_files
        >
            <nav class="library-tabs" aria-label="Columns of the library">{tabs}</nav>
            <Documents/>
            <section class="library-answers" aria-label="Ask and search">
                {show_part(Part::LibraryAnswers)}
            </section>
            <section class="library-reader" aria-label="Reader">
                {show_part(Part::LibraryReader)}
            </section>
            {show_when(move || is_dragged.get(), || show_quiet_part(Part::LibraryAttach))}
            {show_when(move || is_over.get(), || view! { <p class="library-drop" aria-hidden="true">"Drop files to add them"</p> }.erase())}
        </div>
    }
    .erase()
}

/// Turns a phone to what was opened: a page to read, or an answer.
fn follow_place(shelf: Shelf) {
    let column = shelf.column;
    let last = StoredValue::new(None);
    effect(move || {
        let place = shelf.place.get();
        let now = (place.document.clone(), place.page, place.lit, place.tab, place.answer.clone());
        let before = last.get_value();
        last.set_value(Some(now.clone()));
        let (document, page, lit, ..) = now;
        match before {
            Some((was, at, lines, tab, answer)) => {
                if document.is_some() && (document != was || page != at || lit != lines) {
                    column.set(Column::Reader);
                } else if tab != place.tab || answer != place.answer {
                    column.set(Column::Answers);
                }
            }
            None if document.is_some() => column.set(Column::Reader),
            None if !place.question.is_empty() || place.answer.is_some() => column.set(Column::Answers),
            None => {}
        }
    });
}

fn has_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
}

/// Whether the pointer is still over the view when it leaves one of its elements.
fn is_inside(event: &DragEvent) -> bool {
    let element = event.current_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    element.is_some_and(|element| to.is_some_and(|to| element.contains(Some(&to))))
}
