//! The tabs of the column of questions, and how passages are looked for.

use leptos::{ev::KeyboardEvent, prelude::*};

use super::{ask::use_ask, place::Tab, words};
use crate::{
    app::erase::{Erase, Piece, show_when},
    domain::library::Mode,
};

pub fn show_bar(tab: Memo<Tab>) -> Piece {
    view! {
        <div class="bar library-bar">
            {show_tabs(tab)}
            {show_modes(tab)}
        </div>
    }
    .erase()
}

fn show_tabs(tab: Memo<Tab>) -> Piece {
    let ask = use_ask();
    let count = move |own: Tab| match own {
        Tab::Answer => None,
        Tab::Passages => ask.result.with(|result| result.as_ref().map(|result| result.hits.len() as u64)),
        Tab::History => Some(ask.history_total.get()).filter(|total| *total > 0),
    };
    let tabs = Tab::ALL.map(|own| {
        let name = match own {
            Tab::Answer => "Answer",
            Tab::Passages => "Passages",
            Tab::History => "History",
        };
        view! {
            <button
                role="tab"
                id=format!("library-tab-{}", own.as_str())
                aria-selected=move || (tab.get() == own).to_string()
                tabindex=move || if tab.get() == own { "0" } else { "-1" }
                on:click=move |_| ask.acts.show_tab.run(own)
            >
                {name}
                {move || count(own).map(|count| view! { <small>{words::grouped(count)}</small> }.erase())}
            </button>
        }
    });
    // Arrow keys go from tab to tab.
    let press = move |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => Tab::ALL.len() - 1,
            _ => return,
        };
        let now = Tab::ALL.into_iter().position(|own| own == tab.get_untracked()).unwrap_or_default();
        let next = Tab::ALL[(now + step) % Tab::ALL.len()];
        event.prevent_default();
        ask.acts.show_tab.run(next);
        focus(&format!("library-tab-{}", next.as_str()));
    };
    view! {
        <div class="tabs" role="tablist" aria-label="What is shown" on:keydown=press>{tabs}</div>
    }
    .erase()
}

fn focus(id: &str) {
    use wasm_bindgen::JsCast;
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        // Only an element that has left the page refuses.
        let _ = element.focus();
    }
}

/// Search mode of the passages.
fn show_modes(tab: Memo<Tab>) -> Piece {
    let ask = use_ask();
    let modes = [(Mode::Words, "Words"), (Mode::Dense, "Meaning"), (Mode::Hybrid, "Both")];
    let view = move || {
        let buttons = modes.map(|(mode, name)| {
            view! {
                <button
                    aria-pressed=move || (ask.mode.get() == mode).to_string()
                    on:click=move |_| ask.mode.set(mode)
                >
                    {name}
                </button>
            }
        });
        view! { <div class="library-modes" role="group" aria-label="Search by">{buttons}</div> }.erase()
    };
    show_when(move || tab.get() == Tab::Passages, view)
}
