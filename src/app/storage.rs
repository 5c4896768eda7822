//! What the browser remembers for the page. A browser that keeps nothing (private windows, full disks) costs a setting,
//! never the page.

use leptos::{
    ev,
    prelude::{on_cleanup, window, window_event_listener},
};

use super::effects::effect;

/// What was written under `key`; nothing where nothing may be kept.
pub fn read(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// An empty text takes `key` away.
pub fn write(key: &str, text: &str) {
    let Ok(Some(storage)) = window().local_storage() else {
        return;
    };
    // A refusal only means that the next visit starts without it.
    let _ = if text.is_empty() { storage.remove_item(key) } else { storage.set_item(key, text) };
}

/// Keeps a setting, from within an effect: what was written under `key` is recalled at once, and the setting's words, which
/// are tracked, are written whenever they change. Nothing was written where the text is empty.
pub fn keep(key: &'static str, words: impl Fn() -> String + 'static, recall: impl Fn(&str)) {
    recall(&read(key).unwrap_or_default());
    effect(move || write(key, &words()));
}

/// Recalls a setting, from within an effect, whenever another tab has written it.
pub fn follow(key: &'static str, recall: impl Fn(&str) + 'static) {
    let listener = window_event_listener(ev::storage, move |_| recall(&read(key).unwrap_or_default()));
    on_cleanup(move || listener.remove());
}
