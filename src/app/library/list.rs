//! The part of the library above its list of documents: how that is narrowed, and the files on their way.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    attach::show_tickers,
    documents::show_bar,
    narrowing::show_narrowing,
    store::{Narrowing, use_shelf},
    uploads::{Entry, Progress, Uploads},
};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece, show_when},
    loading::Loading,
    parts::{Part, PartView, show_part},
    rows::list_of,
};

#[wasm_split(library_list, fallible)]
pub fn fetch_narrowing() -> Result<PartView, SplitLoaderError> {
    Ok(show_narrowing)
}

#[wasm_split(library_list, fallible)]
pub fn fetch_attach() -> Result<PartView, SplitLoaderError> {
    Ok(show_tickers)
}

#[wasm_split(library_list, fallible)]
pub fn fetch_uploads() -> Result<PartView, SplitLoaderError> {
    Ok(show_uploads)
}

#[wasm_split(library_list, fallible)]
pub fn fetch_rest() -> Result<PartView, SplitLoaderError> {
    Ok(show_rest)
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

/// End of the list: a button for more, the reason that it is empty, or the failure to read it.
fn show_rest() -> Piece {
    let shelf = use_shelf();
    let more =
        move || view! { <button class="library-more" on:click=move |_| shelf.show_more()>"Show more"</button> }.erase();
    let is_empty = memo(move || shelf.documents.with(Vec::is_empty));
    let words = move || match (shelf.loading.get(), is_empty.get()) {
        (Loading::Failed(reason), _) => Some(
            view! {
                <p class="panel-error" role="alert">
                    {format!("The documents could not be read. {reason} ")}
                    <button on:click=move |_| shelf.reload()>"Try again"</button>
                </p>
            }
            .erase(),
        ),
        (_, false) => None,
        (Loading::Pending, true) => Some(
            view! { <div class="skeletons" role="status" aria-label="Loading"><i></i><i></i><i></i></div> }.erase(),
        ),
        (Loading::Ready, true) if shelf.narrowing.with(Narrowing::is_any) => Some(
            view! {
                <p class="empty">
                    "No document fits. "
                    <button class="link" on:click=move |_| shelf.narrowing.set(Narrowing::default())>"Show all"</button>
                </p>
            }
            .erase(),
        ),
        (Loading::Ready, true) => Some(show_part(Part::LibraryBeginning)),
    };
    view! {
        {show_when(move || shelf.has_more.get(), more)}
        {words}
    }
    .erase()
}
