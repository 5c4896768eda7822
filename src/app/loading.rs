//! Texts of a panel while its data is being loaded, and after a failure.

use leptos::prelude::*;

use crate::app::erase::{Erase, Piece};

/// State of a panel's loading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loading {
    Pending,
    Ready,
    Failed(String),
}

/// Text for the state, with a retry button after a failure; empty once loaded. `what` begins the sentence.
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
