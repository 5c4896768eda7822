//! The workstation: all panels, over what the server rendered them with.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    account::Books,
    chart::ChartPanel,
    feed::follow_prices,
    header::Header,
    market::Market,
    positions::{self, Positions},
    ticket::{Ticket, TicketPanel},
    toast::{ToastStack, Toasts},
    watchlist::{Watchlist, store::WatchlistStore},
};
use crate::{
    api::load_workstation,
    domain::workstation::{Statement, Workstation},
    error::ApiError,
};

/// The page, with the ticker selected that its address names, if it names one (`/ticker/NVDA`).
#[component]
pub fn WorkstationPage() -> impl IntoView {
    let parameters = use_params_map();
    let named = move || parameters.with(|parameters| parameters.get("ticker").and_then(|text| text.parse().ok()));
    let workstation = Resource::new_blocking(named, load_workstation);
    view! {
        <Suspense fallback=|| view! { <main class="notice"><p>"Loading…"</p></main> }>
            {move || Suspend::new(async move {
                match workstation.await {
                    Ok(start) => view! { <Desk start/> }.into_any(),
                    Err(error) => view! { <Unavailable error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Desk(start: Workstation) -> impl IntoView {
    let Workstation { account, today, watchlist, quotes, market_source, chart } = start;
    let market = Market::new(&quotes);
    let books = Books::new(Statement { account, today }, market);
    let toasts = Toasts::new();
    let selected = RwSignal::new(chart.as_ref().map(|(ticker, _)| *ticker));
    let watchlist = WatchlistStore::new(watchlist, market);
    let ticket = Ticket::new(books, market, watchlist, toasts, selected);
    let desk = positions::Desk { books, ticket, watchlist, toasts, selected };
    follow_prices(market);
    mark_hydrated();
    view! {
        <div class="app">
            <Header books market market_source/>
            <Watchlist watchlist market books toasts selected/>
            <main class="middle">
                <ChartPanel market selected initial=chart/>
                <TicketPanel ticket/>
                <Positions desk/>
            </main>
            <ToastStack toasts/>
        </div>
    }
}

#[component]
fn Unavailable(error: ApiError) -> impl IntoView {
    view! {
        <main class="notice" role="alert">
            <h1>"The workstation could not be loaded"</h1>
            <p>{error.to_string()}</p>
            <p><a href="/" rel="external">"Try again"</a></p>
        </main>
    }
}

/// Says on the document that the page answers clicks, which is what browser tests wait for.
fn mark_hydrated() {
    Effect::new(|| {
        if let Some(body) = document().body() {
            // Only a malformed name could be refused.
            let _ = body.set_attribute("data-hydrated", "true");
        }
    });
}
