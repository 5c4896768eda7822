//! A button of a group, pressed while it stands for what is chosen.

use leptos::prelude::*;

use crate::app::erase::{Erase, Piece};

/// What the button is.
pub struct Choice {
    pub test_id: &'static str,
    /// Its name in attributes.
    pub key: &'static str,
    /// What those hear who do not see it.
    pub words: String,
    pub label: String,
}

pub fn show_choice(
    choice: Choice,
    is_chosen: impl Fn() -> bool + Send + Sync + 'static,
    choose: impl Fn() + Send + Sync + 'static,
) -> Piece {
    show(choice, Signal::derive(is_chosen), Box::new(choose))
}

fn show(choice: Choice, is_chosen: Signal<bool>, choose: Box<dyn Fn() + Send + Sync>) -> Piece {
    let Choice { test_id, key, words, label } = choice;
    view! {
        <button
            data-testid=test_id
            data-choice=key
            aria-label=words
            aria-pressed=move || is_chosen.get().to_string()
            on:click=move |_| choose()
        >
            {label}
        </button>
    }
    .erase()
}
