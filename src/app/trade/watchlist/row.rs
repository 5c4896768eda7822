//! One ticker of the watchlist.

use leptos::prelude::*;

use super::{Panel, drag::Edge};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece},
        format::{MISSING, arrow, or_missing, signed_change, signed_percent},
        presses::is_meant,
        shell::icons,
        trade::sparkline::Sparkline,
    },
    domain::{
        quote::{Direction, Quote},
        ticker::Ticker,
        workstation::WatchlistLine,
    },
};

#[component]
pub fn WatchlistRow(line: WatchlistLine, panel: Panel) -> impl IntoView {
    let WatchlistLine { ticker, company, is_made_up, sparkline } = line;
    let Panel { market, virtual_list, selected, drag, .. } = panel;
    let quote = memo(move || virtual_list.read(ticker, || market.quote(ticker)));
    let direction = move || quote.get().map_or(Direction::Flat, |quote| Direction::of(quote.change()));
    let is_on = memo(move || selected.get() == Some(ticker));
    // Signals and not closures: what a view does with each of these types is compiled once.
    let direction = Signal::derive(move || direction().as_str());
    let price = Signal::derive(move || or_missing(quote.get().map(|quote| quote.price)));
    let stale = memo(move || quote.get().is_some_and(|quote| quote.is_stale));
    let is_stale = Signal::derive(move || stale.get().then_some("true"));
    let tooltip = Signal::derive(move || stale.get().then_some("An old price: no newer one has come"));
    let is_pressed = Signal::derive(move || is_on.get().to_string());
    let tab_index = Signal::derive(move || if panel.tab_stop.get() == Some(ticker) { "0" } else { "-1" });
    let is_dragged = Signal::derive(move || (drag.dragged.get() == Some(ticker)).then_some("true"));
    let edge = Signal::derive(move || {
        drag.target.get().filter(|(target, _)| *target == ticker).map(|(_, edge)| Edge::as_str(edge))
    });
    view! {
        <li
            class="row"
            class:on=is_on
            data-testid="watchlist-row"
            data-ticker=ticker.to_string()
            data-drop=edge
            data-dragged=is_dragged
        >
            <button
                class="symbol"
                aria-pressed=is_pressed
                tabindex=tab_index
                aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Delete Shift+A"
                on:focus=move |_| panel.focused.set(Some(ticker))
                on:click=move |_| if !drag.has_just_ended() { selected.set(Some(ticker)) }
            >
                <b>{ticker.to_string()}</b>
                <small>{company}{is_made_up.then_some("made-up stock")}</small>
            </button>
            <Sparkline prices=sparkline latest=quote/>
            <span class="price" data-testid="watchlist-price" data-direction=direction data-stale=is_stale title=tooltip>
                {price}
            </span>
            {show_day(quote)}
            <button
                class="watch"
                tabindex="-1"
                data-testid="watchlist-alert"
                aria-label=format!("Alert on {ticker}")
                title="Alert (⇧A)"
                on:click=move |event| if is_meant(&event) { panel.watch_for(ticker) }
            >
                {icons::show(icons::BELL)}
            </button>
            <button
                class="remove"
                tabindex="-1"
                data-testid="watchlist-remove"
                aria-label=format!("Remove {ticker}")
                title="Remove (Delete)"
                on:click=move |event| if is_meant(&event) { panel.remove(ticker) }
            >
                "×"
            </button>
            <span class="grip" aria-hidden="true" title="Drag to reorder (Alt ↑ ↓)">"⠿"</span>
        </li>
    }
    .erase()
}

/// `▲ +1.43%` over `+11.47`
fn show_day(quote: Memo<Option<Quote>>) -> Piece {
    let day = memo(move || quote.get().map(|quote| Direction::of(quote.day_change())));
    let class = Signal::derive(move || match day.get() {
        Some(Direction::Up) => "change up",
        Some(Direction::Down) => "change down",
        Some(Direction::Flat) | None => "change",
    });
    let percent = Signal::derive(move || {
        quote.get().map_or(MISSING.to_owned(), |quote| {
            format!("{} {}", arrow(Direction::of(quote.day_change())), signed_percent(quote.day_change_percent()))
        })
    });
    let change = Signal::derive(move || quote.get().map(|quote| signed_change(quote.day_change())).unwrap_or_default());
    view! {
        <span class=class data-testid="watchlist-change">
            {percent}
            <small>{change}</small>
        </span>
    }
    .erase()
}

/// The ticker of the row that an element stands in.
pub fn ticker_at(element: &web_sys::Element) -> Option<Ticker> {
    element.closest(".row").ok()??.get_attribute("data-ticker")?.parse().ok()
}
