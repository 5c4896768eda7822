//! Presses that are meant: no Enter that a composition ends with, no key that is held down, no second half of a double click.

use leptos::ev::{KeyboardEvent, MouseEvent};

/// What browsers tell of a key that belongs to a composition. Safari ends the composition before it tells of its last key,
/// and marks that key by this code alone.
const COMPOSITION_KEY_CODE: u32 = 229;

/// Whether a key belongs to a word that is being composed, as in Japanese or Chinese.
pub fn is_composed(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == COMPOSITION_KEY_CODE
}

/// Keeps a key that is held down from pressing a button again and again.
pub fn press_once(event: &KeyboardEvent) {
    if event.repeat() && matches!(event.key().as_str(), "Enter" | " ") {
        event.prevent_default();
    }
}

/// Whether a click is one by itself, and not the second half of a double click. A button that moves away when it is pressed
/// leaves another one under the pointer, which that half would press. The browser counts by time and place, whatever lies
/// there; it counts no click by keyboard.
pub fn is_meant(event: &MouseEvent) -> bool {
    event.detail() <= 1
}
