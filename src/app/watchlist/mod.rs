//! The watchlist: tickers with their prices, one of them selected.

pub mod store;

use leptos::prelude::*;

use self::store::WatchlistStore;
use super::{
    format::{MISSING, arrow, or_missing, signed_percent},
    market::{Flash, Market},
    sparkline::Sparkline,
};
use crate::domain::{quote::Direction, ticker::Ticker, workstation::WatchlistLine};

#[component]
pub fn Watchlist(watchlist: WatchlistStore, market: Market, selected: RwSignal<Option<Ticker>>) -> impl IntoView {
    let tickers = Memo::new(move |_| watchlist.tickers());
    view! {
        <section class="panel watchlist" data-testid="watchlist" aria-labelledby="watchlist-title">
            <div class="bar">
                <h2 id="watchlist-title">"Watchlist"</h2>
                <span class="label">{move || tickers.with(Vec::len)}</span>
            </div>
            <ul class="rows">
                <For each=move || tickers.get() key=|ticker| *ticker let:ticker>
                    {untrack(|| watchlist.line(ticker)).map(|line| view! { <WatchlistRow line market selected/> })}
                </For>
            </ul>
            <Show when=move || tickers.with(Vec::is_empty)>
                <p class="empty">"No ticker is watched."</p>
            </Show>
        </section>
    }
}

#[component]
fn WatchlistRow(line: WatchlistLine, market: Market, selected: RwSignal<Option<Ticker>>) -> impl IntoView {
    let WatchlistLine { ticker, company, sparkline } = line;
    let shown = Memo::new(move |_| market.shown(ticker));
    let price = Signal::derive(move || shown.get().map(|shown| shown.quote.price));
    let direction = move || shown.get().map_or(Direction::Flat, |shown| Direction::of(shown.quote.change()));
    let flash = move || shown.get().and_then(|shown| Flash::attribute(shown.flash));
    let day_direction = move || shown.get().map(|shown| Direction::of(shown.quote.day_change()));
    let day_change = move || {
        shown.get().map_or(MISSING.to_owned(), |shown| {
            let direction = Direction::of(shown.quote.day_change());
            format!("{} {}", arrow(direction), signed_percent(shown.quote.day_change_percent()))
        })
    };
    let is_selected = move || selected.get() == Some(ticker);
    view! {
        <li class="row" class:on=is_selected data-testid="watchlist-row" data-ticker=ticker.to_string()>
            <button
                class="symbol"
                aria-pressed=move || is_selected().to_string()
                on:click=move |_| selected.set(Some(ticker))
            >
                <b>{ticker.to_string()}</b>
                <small>{company}</small>
            </button>
            <Sparkline prices=sparkline latest=price/>
            <span
                class="price"
                data-testid="watchlist-price"
                data-direction=move || direction().as_str()
                data-flash=flash
            >
                {move || or_missing(price.get())}
            </span>
            <span
                class="change"
                class:up=move || day_direction() == Some(Direction::Up)
                class:down=move || day_direction() == Some(Direction::Down)
                data-testid="watchlist-change"
            >
                {day_change}
            </span>
        </li>
    }
}
