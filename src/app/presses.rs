//! Presses that are meant: no Enter that a composition ends with, no key that is held down, no second half of a double click.

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
};

/// The longest time between the two clicks of a double click.
const DOUBLE_CLICK_MS: f64 = 500.0;

/// How far the pointer may move between them, in pixels.
const DOUBLE_CLICK_PIXELS: i32 = 8;

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

/// Clicks on buttons that move away when they are pressed, so that another one comes to lie under the pointer.
#[derive(Clone, Copy)]
pub struct Presses {
    last: StoredValue<(f64, i32, i32)>,
}

impl Presses {
    pub fn new() -> Self {
        Self { last: StoredValue::new((f64::MIN, 0, 0)) }
    }

    /// Whether a click is one by itself; the second half of a double click is not.
    pub fn is_meant(self, event: &MouseEvent) -> bool {
        let now = (event.time_stamp(), event.client_x(), event.client_y());
        // A click by keyboard is aimed at its own button.
        event.detail() == 0 || !is_double(self.last.try_update_value(|last| std::mem::replace(last, now)), now)
    }
}

fn is_double(before: Option<(f64, i32, i32)>, now: (f64, i32, i32)) -> bool {
    before.is_some_and(|before| {
        let is_near = |from: i32, to: i32| (to - from).abs() <= DOUBLE_CLICK_PIXELS;
        now.0 - before.0 < DOUBLE_CLICK_MS && is_near(before.1, now.1) && is_near(before.2, now.2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_soon_after_another_in_its_place_is_its_second_half() {
        let first = (1_000.0, 200, 300);
        assert!(is_double(Some(first), (1_080.0, 200, 300)));
        assert!(is_double(Some(first), (1_400.0, 204, 297)));
        assert!(!is_double(Some(first), (1_501.0, 200, 300)), "later");
        assert!(!is_double(Some(first), (1_080.0, 200, 332)), "on the next row");
        assert!(!is_double(None, first));
    }
}
