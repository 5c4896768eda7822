//! The layout menu: visible panels, their order below the chart, and saved layouts.

use leptos::{
    ev::{Event, SubmitEvent},
    prelude::*,
};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    Layout, Panel,
    saved::{NAME_LENGTH_MAX, Saved},
};
use crate::app::{
    erase::{Erase, Piece, show_when},
    parts::{Part, PartView, show_part},
    rows::list_of,
    workspace::use_workspace,
};

/// The button with its menu.
#[component]
pub fn LayoutMenu() -> impl IntoView {
    let parts = use_workspace().parts;
    // The menu is built when it first opens, and is kept.
    let is_wanted = RwSignal::new(false);
    view! {
        <button
            class="settings-button layout-button"
            popovertarget="layout-menu"
            aria-label="Layout"
            title="Layout"
            on:pointerenter=move |_| parts.fetch(Part::Layout)
        >
            "▦"
        </button>
        <div
            class="settings"
            id="layout-menu"
            popover="auto"
            on:beforetoggle=move |_: Event| is_wanted.set(true)
        >
            {show_when(move || is_wanted.get(), || show_part(Part::Layout))}
        </div>
    }
    .erase()
}

#[wasm_split(account, fallible)]
pub fn fetch_layout() -> Result<PartView, SplitLoaderError> {
    Ok(|| show_layout(use_workspace().layout))
}

fn show_layout(layout: Layout) -> Piece {
    let closable = Panel::ALL.into_iter().filter(|panel| panel.can_close());
    let saved = layout.saved;
    view! {
        <p class="label">"Panels"</p>
        {closable.map(|panel| show_panel(layout, panel)).collect_view()}
        <p class="label">"Below the chart"</p>
        <div data-testid="layout-row">
            {list_of(
                move || layout.arrangement.with(|arrangement| arrangement.row().to_vec()),
                |panel| panel.as_str().to_owned(),
                move |panel| show_place(layout, panel),
            )}
        </div>
        <p class="label">"Saved layouts"</p>
        {list_of(move || saved.all(), |saved| saved.name.clone(), move |saved| show_saved(layout, saved))}
        {show_form(layout)}
        <button on:click=move |_| layout.reset_all()>"Reset the layout"</button>
    }
    .erase()
}

/// Checkbox for a panel's visibility.
fn show_panel(layout: Layout, panel: Panel) -> Piece {
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=move || layout.is_open(panel) on:change=move |_| layout.toggle(panel)/>
            {panel.title()}
        </label>
    }
    .erase()
}

/// A panel of the row, with buttons that swap it with its neighbours.
fn show_place(layout: Layout, panel: Panel) -> Piece {
    let button = move |words: &'static str, label: String, is_forward: bool| {
        view! {
            <button class="small" aria-label=label on:click=move |_| layout.swap(panel, is_forward)>{words}</button>
        }
        .erase()
    };
    view! {
        <div class="layout-line" data-panel=panel.as_str()>
            <span>{panel.title()}</span>
            {button("←", format!("Move the {} to the left", panel.words()), false)}
            {button("→", format!("Move the {} to the right", panel.words()), true)}
        </div>
    }
    .erase()
}

fn show_saved(layout: Layout, Saved { name, .. }: Saved) -> Piece {
    let saved = layout.saved;
    let (apply, forget) = (name.clone(), name.clone());
    view! {
        <div class="layout-line" data-testid="saved-layout">
            <button on:click=move |_| saved.apply(&apply, layout)>{name.clone()}</button>
            <button
                class="small"
                aria-label=format!("Delete the layout {name}")
                on:click=move |_| saved.forget(&forget)
            >
                "×"
            </button>
        </div>
    }
    .erase()
}

fn show_form(layout: Layout) -> Piece {
    let saved = layout.saved;
    let name = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        saved.save(&name.get_untracked(), layout);
        name.set(String::new());
    };
    view! {
        <form class="layout-line" on:submit=submit>
            <input
                aria-label="Name of the layout"
                placeholder="Name"
                maxlength=NAME_LENGTH_MAX.to_string()
                required
                prop:value=name
                on:input:target=move |event| name.set(event.target().value())
            />
            <button class="small" disabled=move || saved.is_full()>"Save"</button>
        </form>
    }
    .erase()
}
