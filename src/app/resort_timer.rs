//! Pace of lists that are sorted by changing figures: slow, and never under the pointer.

use std::time::Duration;

use leptos::{leptos_dom::helpers::set_interval_with_handle, prelude::*};

use super::effects::effect;

/// Interval at which such a list is sorted.
const PERIOD: Duration = Duration::from_secs(3);

/// Handle to a list's pace; copies share it.
#[derive(Clone, Copy)]
pub struct ResortTimer {
    count: RwSignal<u32>,
    is_pointed_at: StoredValue<bool>,
    is_focused: StoredValue<bool>,
}

impl ResortTimer {
    /// Runs in the browser as long as the calling component is mounted.
    pub fn start() -> Self {
        let timer = Self {
            count: RwSignal::new(0),
            is_pointed_at: StoredValue::new(false),
            is_focused: StoredValue::new(false),
        };
        effect(move || {
            let tick = move || {
                // The component may be disposed by now.
                if timer.is_pointed_at.try_get_value() == Some(false) && timer.is_focused.try_get_value() == Some(false)
                {
                    timer.count.try_update(|count| *count = count.wrapping_add(1));
                }
            };
            // Without a timer there is no browser to sort for.
            if let Ok(interval) = set_interval_with_handle(tick, PERIOD) {
                on_cleanup(move || interval.clear());
            }
        });
        timer
    }

    /// Number of requested sorts so far; tracked.
    pub fn track(self) -> u32 {
        self.count.get()
    }

    /// Whether the pointer is over the list, or the focus in it; untracked.
    pub fn is_still(self) -> bool {
        self.is_pointed_at.get_value() || self.is_focused.get_value()
    }

    /// Sorting pauses while the pointer is over the list…
    pub fn point(self, is_pointed_at: bool) {
        self.is_pointed_at.set_value(is_pointed_at);
    }

    /// …or the focus in it.
    pub fn focus(self, is_focused: bool) {
        self.is_focused.set_value(is_focused);
    }
}
