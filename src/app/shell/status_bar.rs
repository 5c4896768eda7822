//! The status bar: state of the feed, and a hint about the keys.

use leptos::prelude::*;

use crate::app::{effects::memo, erase::Erase, format::MISSING, market::Market};

#[component]
pub fn StatusBar(market: Market) -> impl IntoView {
    // Rounded to tenths, so that the figure is steady.
    let tenths = memo(move || market.frames_per_second().map(|rate| (rate * 10.0).round() as u32));
    let pace = Signal::derive(move || match tenths.get() {
        Some(tenths) => format!("Feed {}.{} frames/s", tenths / 10, tenths % 10),
        None => format!("Feed {MISSING}"),
    });
    view! {
        <footer class="status">
            <span translate="no" data-testid="feed-pace">{pace}</span>
            <span class="status-keys">
                <kbd>"?"</kbd>
                " shortcuts"
                <kbd>"Ctrl K"</kbd>
                " anything"
            </span>
        </footer>
    }
    .erase()
}
