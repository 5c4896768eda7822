//! The line at the bottom: how the feed does, and where the keys are.

use leptos::prelude::*;

use super::market::Market;

#[component]
pub fn StatusBar(market: Market) -> impl IntoView {
    let pace = Memo::new(move |_| match market.frames_per_second() {
        // Tenths, and no more: the figure is to be calm.
        Some(rate) => format!("Feed {:.1} frames/s", (rate * 10.0).round() / 10.0),
        None => "Feed —".to_owned(),
    });
    view! {
        <footer class="status">
            <span data-testid="feed-pace">{pace}</span>
            <span class="status-keys">
                <kbd>"?"</kbd>
                " shortcuts"
                <kbd>"Ctrl K"</kbd>
                " anything"
            </span>
        </footer>
    }
    .into_any()
}
