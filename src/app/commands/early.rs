//! The palette's field while its part loads, so that what is typed meanwhile is kept.

use leptos::prelude::*;

use crate::app::{
    erase::{Erase, Piece},
    workspace::use_workspace,
};

/// A field that notes what is typed, for the palette to begin with.
pub fn early_field() -> Piece {
    let words = use_workspace().commands.early_words;
    untrack(|| words.set(String::new()));
    view! {
        <input
            class="palette-input"
            aria-label="Ticker, order or command"
            placeholder="Loading…"
            autocomplete="off"
            spellcheck="false"
            autofocus=true
            on:input:target=move |event| words.set(event.target().value())
        />
    }
    .erase()
}
