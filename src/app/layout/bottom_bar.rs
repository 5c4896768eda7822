//! The bar at the bottom of a phone's screen, which switches between the panels.

use leptos::prelude::*;

use super::{Layout, Panel};
use crate::app::erase::Erase;

/// The panels it switches between, and its short words for them.
const VIEWS: [(Panel, &str); 6] = [
    (Panel::Watchlist, "Watch"),
    (Panel::Chart, "Trade"),
    (Panel::Positions, "Positions"),
    (Panel::Heatmap, "Heatmap"),
    (Panel::Equity, "Equity"),
    (Panel::Copilot, "Copilot"),
];

#[component]
pub fn BottomBar(layout: Layout) -> impl IntoView {
    let buttons = VIEWS.map(|(panel, word)| {
        let is_current = Signal::derive(move || (layout.view() == panel).then_some("true"));
        view! {
            <button
                aria-current=is_current
                data-view=panel.as_str()
                on:click=move |_| layout.view.set(panel)
            >
                {word}
            </button>
        }
    });
    view! {
        <nav class="bottom-bar" aria-label="Panels">
            {buttons}
        </nav>
    }
    .erase()
}
