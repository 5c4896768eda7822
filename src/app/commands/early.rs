//! The palette's field while its part loads, so that what is typed meanwhile is kept.

use leptos::{html::Input, prelude::*};

use crate::app::{
    effects::effect,
    erase::{Erase, Piece},
    workspace::use_workspace,
};

/// A field that notes what is typed, for the palette to begin with.
pub fn early_field() -> Piece {
    let words = use_workspace().commands.early_words;
    untrack(|| words.set(String::new()));
    let field = NodeRef::<Input>::new();
    effect(move || {
        if let Some(field) = field.get() {
            // Fails only for an element that has left the page.
            let _ = field.focus();
        }
    });
    view! {
        <input
            class="palette-input"
            node_ref=field
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
