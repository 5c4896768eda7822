//! Detects a server that was updated while the page is open: the page shows that, and keeps typed text over its reload.

use std::rc::Rc;

use leptos::{ev, prelude::*};

use super::{
    effects::effect,
    erase::{Erase, show_when},
};
use crate::interop::post::GONE_EVENT;

/// Build of this page, which the server wrote into the document.
pub fn own_build() -> String {
    document().document_element().and_then(|root| root.get_attribute("data-build")).unwrap_or_default()
}

/// Whether the server has a newer page; copies share it.
#[derive(Clone, Copy)]
pub struct Upgrade {
    is_due: RwSignal<bool>,
}

impl Upgrade {
    /// Learns it from the server's streams, and from missing functions.
    pub fn follow() -> Self {
        let upgrade = Self { is_due: RwSignal::new(false) };
        effect(move || {
            let handle = window_event_listener_untyped(GONE_EVENT, move |_| upgrade.is_due.set(true));
            on_cleanup(move || handle.remove());
        });
        upgrade
    }

    /// Whether a reload is due; tracked.
    pub fn is_due(self) -> bool {
        self.is_due.get()
    }

    /// Reloads the page; typed text is kept.
    pub fn reload(self) {
        // Fails only for a document that is not shown.
        let _ = location().reload();
    }

    /// Handles the server's message about its build.
    pub fn hear(self, words: &str) {
        let is_other = words.contains("\"build\"") && !words.contains(&own_build());
        // The page may be disposed by now.
        self.is_due.try_update(|is_due| *is_due |= is_other);
    }
}

/// Banner that the page is out of date.
#[component]
pub fn UpgradeBanner(upgrade: Upgrade) -> impl IntoView {
    let is_due = move || upgrade.is_due();
    let offer = move || {
        view! {
            "FinAlly was updated: "
            <button class="small" data-testid="update-reload" on:click=move |_| upgrade.reload()>
                "reload"
            </button>
        }
        .erase()
    };
    view! {
        <div class="banner" data-shown=move || is_due().to_string() role="status" data-testid="update-banner">
            {show_when(is_due, offer)}
        </div>
    }
    .erase()
}

/// Keeps the text of fields, each under a name, over a reload of the page, if any of it `is_typed`.
pub fn keep_typed<const FIELDS: usize>(
    fields: [(&'static str, RwSignal<String>); FIELDS],
    is_typed: impl Fn() -> bool + 'static,
) {
    keep(Vec::from(fields), Box::new(is_typed));
}

fn keep(fields: Vec<(&'static str, RwSignal<String>)>, is_typed: Box<dyn Fn() -> bool>) {
    let (fields, is_typed) = (Rc::new(fields), Rc::new(is_typed));
    // Another address of the page has its own fields.
    let name = |field: &str| format!("{field} {}", location().pathname().unwrap_or_default());
    let storage = || window().session_storage().ok().flatten();
    effect(move || {
        for (field, text) in fields.iter() {
            let Some(storage) = storage() else { return };
            if let Ok(Some(kept)) = storage.get_item(&name(field)) {
                text.set(kept);
                // It is stored again when the page is left again.
                let _ = storage.remove_item(&name(field));
            }
        }
        let (fields, is_typed) = (fields.clone(), is_typed.clone());
        let handle = window_event_listener(ev::pagehide, move |_| {
            if let Some(storage) = storage().filter(|_| is_typed()) {
                for (field, text) in fields.iter() {
                    // Without storage the typed text is lost.
                    let _ = storage.set_item(&name(field), &text.get_untracked());
                }
            }
        });
        on_cleanup(move || handle.remove());
    });
}
