//! Whether the browser has a network at all.

use leptos::{ev, prelude::*};

use super::{effects::effect, erase::Erase};

/// Says that there is none, for as long as that is so.
#[component]
pub fn OfflineBanner() -> impl IntoView {
    let is_offline = RwSignal::new(false);
    effect(move || {
        is_offline.set(!window().navigator().on_line());
        let handles = [
            window_event_listener(ev::offline, move |_| is_offline.set(true)),
            window_event_listener(ev::online, move |_| is_offline.set(false)),
        ];
        on_cleanup(move || handles.into_iter().for_each(|handle| handle.remove()));
    });
    let words = Signal::derive(move || {
        if is_offline.get() {
            "You are offline. What is shown is from before; trades wait until the network is back."
        } else {
            ""
        }
    });
    let is_shown = Signal::derive(move || is_offline.get().to_string());
    // Always there, so that what it says is read out when it appears.
    view! {
        <div class="banner" data-shown=is_shown role="status" data-testid="offline-banner">
            {words}
        </div>
    }
    .erase()
}
