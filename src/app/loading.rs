//! What a panel says while what it shows is being read, and when that failed.

use leptos::prelude::*;

use crate::app::erase::{Erase, Piece};

/// How far a panel's reading has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loading {
    Pending,
    Ready,
    Failed(String),
}

/// The words for it, with a button to try again where it failed; nothing when all is well. `what` begins the sentence.
pub fn show_loading(what: &'static str, loading: RwSignal<Loading>, retries: RwSignal<u32>) -> Piece {
    let retry = move |_| {
        loading.set(Loading::Pending);
        retries.update(|count| *count += 1);
    };
    let words = move || match loading.get() {
        Loading::Ready => None,
        Loading::Pending => Some(view! { <p class="empty" role="status">"Loading…"</p> }.erase()),
        Loading::Failed(reason) => Some(
            view! {
                <p class="panel-error" role="alert">
                    {format!("{what} could not be read. {reason}")}
                    <button on:click=retry>"Try again"</button>
                </p>
            }
            .erase(),
        ),
    };
    words.erase()
}
