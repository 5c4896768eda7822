//! One ticker of the watchlist.

use leptos::prelude::*;

use super::{Panel, drag::Edge};
use crate::{
    app::{
        format::{MISSING, arrow, or_missing, signed_change, signed_percent},
        market::Flash,
        sparkline::Sparkline,
    },
    domain::{quote::Direction, ticker::Ticker, workstation::WatchlistLine},
};

#[component]
pub fn WatchlistRow(line: WatchlistLine, panel: Panel) -> impl IntoView {
    let WatchlistLine { ticker, company, sparkline } = line;
    let Panel { market, selected, drag, .. } = panel;
    let shown = Memo::new(move |_| market.shown(ticker));
    let quote = Memo::new(move |_| shown.get().map(|shown| shown.quote));
    let direction = move || quote.get().map_or(Direction::Flat, |quote| Direction::of(quote.change()));
    let flash = move || shown.get().and_then(|shown| Flash::attribute(shown.flash));
    let is_selected = move || selected.get() == Some(ticker);
    let drop_edge =
        move || drag.target.get().filter(|(target, _)| *target == ticker).map(|(_, edge)| Edge::as_str(edge));
    view! {
        <li
            class="row"
            class:on=is_selected
            data-testid="watchlist-row"
            data-ticker=ticker.to_string()
            data-drop=drop_edge
            data-dragged=move || (drag.dragged.get() == Some(ticker)).then_some("true")
        >
            <button
                class="symbol"
                aria-pressed=move || is_selected().to_string()
                tabindex=move || if panel.tab_stop.get() == Some(ticker) { "0" } else { "-1" }
                aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Delete"
                on:focus=move |_| panel.focused.set(Some(ticker))
                on:click=move |_| if !drag.has_just_ended() { selected.set(Some(ticker)) }
            >
                <b>{ticker.to_string()}</b>
                <small>{company}</small>
            </button>
            <Sparkline prices=sparkline latest=quote/>
            <span
                class="price"
                data-testid="watchlist-price"
                data-direction=move || direction().as_str()
                data-flash=flash
            >
                {move || or_missing(quote.get().map(|quote| quote.price))}
            </span>
            {show_day(quote)}
            <button
                class="remove"
                tabindex="-1"
                data-testid="watchlist-remove"
                aria-label=format!("Remove {ticker}")
                title="Remove (Delete)"
                on:click=move |_| panel.remove(ticker)
            >
                "×"
            </button>
            <span class="grip" aria-hidden="true" title="Drag to reorder (Alt ↑ ↓)">"⠿"</span>
        </li>
    }
}

/// `▲ +1.43%` over `+11.47`
fn show_day(quote: Memo<Option<crate::domain::quote::Quote>>) -> impl IntoView {
    let day = move || quote.get().map(|quote| Direction::of(quote.day_change()));
    let percent = move || {
        quote.get().map_or(MISSING.to_owned(), |quote| {
            format!("{} {}", arrow(Direction::of(quote.day_change())), signed_percent(quote.day_change_percent()))
        })
    };
    view! {
        <span
            class="change"
            class:up=move || day() == Some(Direction::Up)
            class:down=move || day() == Some(Direction::Down)
            data-testid="watchlist-change"
        >
            {percent}
            <small>{move || quote.get().map(|quote| signed_change(quote.day_change()))}</small>
        </span>
    }
}

/// Whether the row of `ticker` is what an element stands in.
pub fn ticker_at(element: &web_sys::Element) -> Option<Ticker> {
    element.closest(".row").ok()??.get_attribute("data-ticker")?.parse().ok()
}
