//! Filters of the list of documents.

use leptos::prelude::*;

use super::{
    store::{Narrowing, use_shelf},
    words,
};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece},
    },
    domain::library::DocumentState,
};

/// Which documents the list has: a name, and the state.
const STATES: [(&str, Option<DocumentState>); 3] =
    [("All", None), ("Being read", Some(DocumentState::Reading)), ("Not read", Some(DocumentState::Failed))];

/// The list's filters.
pub fn show_narrowing() -> Piece {
    let narrowing = use_shelf().narrowing;
    let stats = use_shelf().stats;
    let states = STATES.map(|(word, state)| {
        let count = move || {
            let count = match state {
                None => stats.with(|stats| stats.documents),
                Some(DocumentState::Failed) => stats.with(|stats| stats.tasks_failed),
                Some(_) => stats.with(|stats| stats.tasks_live),
            };
            words::grouped(count)
        };
        let is_shown = Signal::derive(move || narrowing.with(|narrowing| narrowing.state == state).to_string());
        view! {
            <button
                class="chip"
                aria-pressed=is_shown
                on:click=move |_| narrowing.update(|narrowing| narrowing.state = state)
            >
                {word}" "<span>{count}</span>
            </button>
        }
    });
    let chip = move |name: &'static str, value: fn(&mut Narrowing) -> &mut Option<String>| {
        let shown = memo(move || value(&mut narrowing.get()).clone());
        let view = move || {
            let remove = move |_| narrowing.update(|narrowing| *value(narrowing) = None);
            shown.get().map(|shown| show_chip(name, shown, remove))
        };
        view.erase()
    };
    view! {
        <div class="library-states" role="group" aria-label="Which documents">{states}</div>
        <div class="library-filter">
            <input
                type="search"
                aria-label="Filter the documents"
                placeholder="Filter by title, issuer, ticker"
                prop:value=move || narrowing.with(|narrowing| narrowing.text.clone())
                on:input:target=move |event| narrowing.update(|narrowing| narrowing.text = event.target().value())
            />
            {chip("Tag", |narrowing| &mut narrowing.tag)}
            {chip("Ticker", |narrowing| &mut narrowing.ticker)}
        </div>
    }
    .erase()
}

/// A filter that can be taken away.
pub fn show_chip(name: &'static str, value: String, remove: impl Fn(()) + Send + Sync + 'static) -> Piece {
    let label = format!("Remove the filter {name} {value}");
    view! {
        <span class="chip is-on">
            <span class="muted">{name}</span>" "{value}
            <button aria-label=label on:click=move |_| remove(())>"×"</button>
        </span>
    }
    .erase()
}
