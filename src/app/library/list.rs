//! The part of the library above its list of documents: how that is narrowed, and the files on their way.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    documents::show_bar,
    narrowing::show_narrowing,
    store::use_shelf,
    uploads::{Entry, Progress, Uploads},
};
use crate::app::{
    erase::{Erase, Piece, show_when},
    parts::PartView,
    rows::list_of,
};

#[wasm_split(library_list, fallible)]
pub fn fetch_narrowing() -> Result<PartView, SplitLoaderError> {
    Ok(show_narrowing)
}

#[wasm_split(library_list, fallible)]
pub fn fetch_uploads() -> Result<PartView, SplitLoaderError> {
    Ok(show_uploads)
}

/// Files on their way.
fn show_uploads() -> Piece {
    let uploads = use_shelf().uploads;
    let list = move || {
        view! {
            <ul class="library-uploads" aria-label="Files on their way">
                {list_of(move || uploads.entries.get(), |entry| entry.id.to_string(), move |entry| show_upload(uploads, entry))}
            </ul>
        }
        .erase()
    };
    show_when(move || uploads.entries.with(|entries| !entries.is_empty()), list)
}

fn show_upload(uploads: Uploads, Entry { id, name, progress, .. }: Entry) -> Piece {
    let percent = move || match progress.get() {
        Progress::Sending(part) => Some((part * 100.0) as u64),
        Progress::Waiting | Progress::Refused(_) => None,
    };
    let words = move || match progress.get() {
        Progress::Waiting => "waiting to be sent".to_owned(),
        Progress::Sending(part) if part >= 1.0 => "sent; being checked".to_owned(),
        Progress::Sending(part) => format!("sending, {}%", (part * 100.0) as u64),
        Progress::Refused(reason) => reason,
    };
    let is_refused = move || matches!(progress.get(), Progress::Refused(_));
    let state = move || if is_refused() { "refused" } else { "sending" };
    let retry = move || view! { <button class="link" on:click=move |_| uploads.retry(id)>"Try again"</button> }.erase();
    view! {
        <li class="document-task" data-testid="upload-row" data-state=state>
            <b>{name}</b>
            {show_bar(percent)}
            <span class="task-words" role="status">{words}</span>
            {show_when(is_refused, retry)}
            <button class="link" on:click=move |_| uploads.remove(id)>
                {move || if is_refused() { "Forget it" } else { "Cancel" }}
            </button>
        </li>
    }
    .erase()
}
