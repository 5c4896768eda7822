//! Places of the panels.

use leptos::prelude::*;

use super::{Layout, Panel};
use crate::app::{
    effects::memo,
    erase::{Content, Erase},
};

/// Id of a panel's element, for its separator and the shortcuts.
pub fn id(panel: Panel) -> String {
    format!("panel-{}", panel.as_str())
}

/// Place of one panel, which fills it.
#[component]
pub fn Slot(panel: Panel, children: Content) -> impl IntoView {
    view! {
        <div class="slot" id=id(panel) data-slot=panel.as_str() tabindex="-1">
            {children.show()}
        </div>
    }
    .erase()
}

/// Place of the copilot: closes to an edge with a button that reopens it.
#[component]
pub fn CopilotSlot(layout: Layout, children: Content) -> impl IntoView {
    let is_open = memo(move || layout.is_open(Panel::Copilot));
    let is_expanded = Signal::derive(move || is_open.get().to_string());
    let label = Signal::derive(move || if is_open.get() { "Close the copilot" } else { "Open the copilot" });
    view! {
        <aside class="slot copilot-slot" id=id(Panel::Copilot) data-slot="copilot" tabindex="-1" aria-label="Copilot">
            <button
                class="copilot-toggle"
                data-testid="chat-toggle"
                aria-controls="copilot"
                aria-expanded=is_expanded
                aria-label=label
                title=label
                on:click=move |_| layout.toggle(Panel::Copilot)
            >
                <span aria-hidden="true">"Copilot"</span>
            </button>
            <div class="copilot-content" id="copilot">
                {children.show()}
            </div>
        </aside>
    }
    .erase()
}
