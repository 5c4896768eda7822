//! What the browser remembers for the page. A browser that keeps nothing (private windows, full disks) costs a setting,
//! never the page.

use leptos::prelude::window;

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
