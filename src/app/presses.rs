//! Intentional presses: ignores an Enter that ends a composition, a repeated key, and the second half of a double
//! click.

use leptos::ev::{KeyboardEvent, MouseEvent};

/// Key code of keys within a composition. Safari ends the composition before it reports its last key, and marks that
/// key only by this code.
const COMPOSITION_KEY_CODE: u32 = 229;

/// Whether a key belongs to a composition, as in Japanese or Chinese.
pub fn is_composed(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == COMPOSITION_KEY_CODE
}

/// Prevents a held key from pressing a button repeatedly.
pub fn press_once(event: &KeyboardEvent) {
    if event.repeat() && matches!(event.key().as_str(), "Enter" | " ") {
        event.prevent_default();
    }
}

/// Whether a click is a single one, not the second half of a double click. If a button moves away when pressed, that
/// half would press the button now under the pointer. The browser counts by time and place, regardless of the element;
/// clicks by keyboard are not counted.
pub fn is_meant(event: &MouseEvent) -> bool {
    event.detail() <= 1
}
