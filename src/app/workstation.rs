//! The workstation: all panels, over what the server rendered them with.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    account::Books,
    chart::{ChartPanel, ChartSettings},
    equity::EquityPanel,
    feed::follow_prices,
    header::Header,
    heatmap::Heatmap,
    layout::{BottomBar, CopilotSlot, Layout, Panel, Seam, Slot},
    market::Market,
    positions::Positions,
    toast::{ToastStack, Toasts},
    trade_bar::TradeBar,
    watchlist::Watchlist,
};
use crate::{api::load_workstation, domain::workstation::Workstation, error::ApiError};

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
    let Workstation { account, watchlist, quotes, market_source, chart } = start;
    let market = Market::new(&quotes);
    let books = Books::new(account, market);
    let toasts = Toasts::new();
    let selected = RwSignal::new(chart.as_ref().map(|(ticker, _)| *ticker));
    let layout = Layout::new();
    let chart_settings = ChartSettings::new();
    follow_prices(market);
    mark_hydrated();
    view! {
        <div class="app" data-view=move || layout.view().as_str()>
            <Header books market market_source/>
            <Slot panel=Panel::Watchlist>
                <Watchlist lines=watchlist market selected/>
            </Slot>
            <Seam panel=Panel::Watchlist layout/>
            <main class="middle">
                <Slot panel=Panel::Chart>
                    <ChartPanel market books selected settings=chart_settings initial=chart/>
                </Slot>
                <Slot panel=Panel::Ticket>
                    <TradeBar books toasts selected/>
                </Slot>
                <Seam panel=Panel::Portfolio layout/>
                <Slot panel=Panel::Portfolio>
                    <Slot panel=Panel::Positions>
                        <Positions books selected/>
                    </Slot>
                    <Seam panel=Panel::Heatmap layout/>
                    <Slot panel=Panel::Heatmap>
                        <Heatmap books selected/>
                    </Slot>
                    <Seam panel=Panel::Equity layout/>
                    <Slot panel=Panel::Equity>
                        <EquityPanel books/>
                    </Slot>
                </Slot>
            </main>
            <Seam panel=Panel::Copilot layout/>
            <CopilotSlot layout>
                <section class="panel"></section>
            </CopilotSlot>
            <BottomBar layout/>
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
