//! State of the network: whether the browser is online, whether the server limits requests, and whether it has prices.

use leptos::{ev, prelude::*};

use super::{effects::effect, erase::Erase, market::Market};
use crate::{domain::market_status::Data, wire::pause};

/// Banner with the reason why requests are impossible, or why the server lacks prices.
#[component]
pub fn OfflineBanner(market: Market) -> impl IntoView {
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
            "You are offline. What is shown is from before; nothing is sent until the network is back.".to_owned()
        } else if let Some(seconds) = pause::seconds() {
            format!("Too many requests: the server asked this page to wait {seconds} s. What is shown is from before.")
        } else {
            market.status.with(|status| match status.data {
                Data::Stale => status.note.clone(),
                Data::Live | Data::Delayed => String::new(),
            })
        }
    });
    let is_shown = Signal::derive(move || (!words.with(String::is_empty)).to_string());
    // Always present, so that its text is announced when it appears.
    view! {
        <div class="banner" data-shown=is_shown role="status" data-testid="offline-banner">
            {words}
        </div>
    }
    .erase()
}
