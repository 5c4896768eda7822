//! The field to ask and to search in, and the tabs below it.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    prelude::*,
};

use super::{ask::use_ask, place::Tab};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece},
    parts::{Part, show_part},
    presses::is_composed,
};

pub fn show_question() -> Piece {
    let ask = use_ask();
    let tab = memo(move || ask.shelf.place.with(|place| place.tab));
    view! {
        {show_field(tab)}
        {show_part(Part::LibraryFilters)}
    }
    .erase()
}

fn show_field(tab: Memo<Tab>) -> Piece {
    let ask = use_ask();
    let draft = ask.draft;
    let is_search = move || tab.get() == Tab::Passages;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        ask.acts.submit.run(());
    };
    let press = move |event: KeyboardEvent| {
        // While a word is being composed, Enter belongs to that.
        if event.key() == "Enter" && !event.shift_key() && !is_composed(&event) {
            event.prevent_default();
            ask.acts.submit.run(());
        }
    };
    let cannot = move || ask.is_asking.get() || draft.with(|draft| draft.trim().is_empty());
    view! {
        <form class="library-ask" on:submit=submit>
            <textarea
                rows="2"
                maxlength="2000"
                data-testid=move || if is_search() { "library-search-input" } else { "library-ask-input" }
                aria-label=move || if is_search() { "Words to look for" } else { "Question to the library" }
                placeholder=move || if is_search() { "Look for words or a question" } else { "Ask your documents, e.g. what was revenue in 2025 and 2024?" }
                prop:value=draft
                on:input:target=move |event| draft.set(event.target().value())
                on:keydown=press
            ></textarea>
            <button class="send" type="submit" data-testid="library-submit" disabled=cannot>
                {move || if is_search() { "Search" } else { "Ask" }}
            </button>
        </form>
    }
    .erase()
}
