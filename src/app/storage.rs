//! The browser's storage for the page. If the browser stores nothing (private windows, full disks), only settings are
//! lost.

use leptos::{
    ev,
    prelude::{on_cleanup, window, window_event_listener},
};

use super::effects::effect;

/// Text stored under `key`; `None` if there is none, or no storage.
pub fn read(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Stores a text under `key`; an empty text removes the key.
pub fn write(key: &str, text: &str) {
    let Ok(Some(storage)) = window().local_storage() else {
        return;
    };
    // After a failure the next visit starts without it.
    let _ = if text.is_empty() { storage.remove_item(key) } else { storage.set_item(key, text) };
}

/// Persists a setting, from within an effect: passes the stored text to `recall` at once, and stores the tracked
/// `words` whenever they change. An empty text is not stored.
pub fn keep(key: &'static str, words: impl Fn() -> String + 'static, recall: impl Fn(&str)) {
    recall(&read(key).unwrap_or_default());
    effect(move || write(key, &words()));
}

/// Passes a setting to `recall`, from within an effect, whenever another tab has stored it.
pub fn follow(key: &'static str, recall: impl Fn(&str) + 'static) {
    let listener = window_event_listener(ev::storage, move |_| recall(&read(key).unwrap_or_default()));
    on_cleanup(move || listener.remove());
}
