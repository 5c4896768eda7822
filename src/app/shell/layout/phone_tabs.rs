//! The tabs of the portfolio on a phone: positions, heatmap and equity, one at a time, and the way to Performance.

use leptos::prelude::*;

use super::{Layout, Panel};
use crate::app::{address::View, erase::Erase, workspace::use_workspace};

const TABS: [(Panel, &str); 3] =
    [(Panel::Positions, "Positions"), (Panel::Heatmap, "Heatmap"), (Panel::Equity, "Equity")];

#[component]
pub fn PhoneTabs(layout: Layout) -> impl IntoView {
    let navigation = use_workspace().navigation;
    let buttons = TABS.map(|(panel, word)| {
        let is_current = Signal::derive(move || (layout.panel() == panel).then_some("true"));
        view! {
            <button aria-current=is_current data-panel=panel.as_str() on:click=move |_| layout.show_on_phone(panel)>
                {word}
            </button>
        }
    });
    view! {
        <nav class="phone-tabs" aria-label="Portfolio">
            {buttons}
            <button on:click=move |_| navigation.open(View::Performance)>"Performance"</button>
        </nav>
    }
    .erase()
}
