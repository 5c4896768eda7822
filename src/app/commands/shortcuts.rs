//! The page's shortcuts: a key alone, unless something is being written or a dialog is open; and Ctrl-K, or ⌘-K, always.

use leptos::{
    ev::{self, KeyboardEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::Commands;
use crate::app::effects::effect;

/// Where letters are text.
const FIELDS: &str = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";

/// Runs commands by their keys for as long as the calling component stands.
pub fn follow_keys(commands: Commands) {
    effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| run(commands, &event));
        on_cleanup(move || handle.remove());
    });
}

fn run(commands: Commands, event: &KeyboardEvent) {
    if event.default_prevented() || event.is_composing() || event.alt_key() {
        return;
    }
    let key = event.key();
    if event.ctrl_key() || event.meta_key() {
        if key.eq_ignore_ascii_case("k") {
            event.prevent_default();
            commands.is_palette_open.update(|is_open| *is_open = !*is_open);
        }
        return;
    }
    if is_written_to(event) || has_open_dialog() {
        return;
    }
    // Caps Lock changes nothing; a letter with Shift is no shortcut.
    let key = if event.shift_key() { key } else { key.to_ascii_lowercase() };
    if let Some(command) = commands.find(&key) {
        event.prevent_default();
        command.run(());
    }
}

fn is_written_to(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.matches(FIELDS).unwrap_or(false))
}

fn has_open_dialog() -> bool {
    document().query_selector("dialog[open], [popover]:popover-open").ok().flatten().is_some()
}
