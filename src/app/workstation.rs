//! The workstation: all panels, over what the server rendered them with.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    account::Books,
    changes::Changes,
    chart::{ChartPanel, ChartSettings, register_chart},
    commands::{Commands, follow_keys},
    copilot::{AutonomySwitch, Chat},
    effects::effect,
    equity::EquityPanel,
    erase::Erase,
    feed::follow_server,
    hands::Hands,
    header::Header,
    heatmap::Heatmap,
    keys::register_keys,
    layout::{BottomBar, CopilotSlot, Layout, Panel, Seam, Slot},
    market::Market,
    modal::Modal,
    network::OfflineBanner,
    parts::{Part, Parts, show_part, show_served_part},
    positions::{Positions, WritingOff},
    status_bar::StatusBar,
    ticket::{Ticket, TicketPanel},
    toast::{ToastStack, Toasts},
    upgrade::{Upgrade, UpgradeBanner, keep_typed},
    watchlist::{Watchlist, store::WatchlistStore},
    workspace::Workspace,
};
use crate::{
    api::load_workstation,
    domain::{
        instant::UtcInstant,
        market_status::MarketStatus,
        ticker::Ticker,
        trading_day::TradingDay,
        workstation::{Statement, Workstation},
    },
    error::ApiError,
    interop::service_worker,
    wire::WireEncoding,
};

/// The page, with the ticker selected that its address names, if it names one.
#[component]
pub fn WorkstationPage(named: Option<Ticker>) -> impl IntoView {
    let workstation = OnceResource::<_, WireEncoding>::new_with_options(load_workstation(named), true);
    view! {
        <Suspense fallback=|| view! { <main class="notice"><p>"Loading…"</p></main> }>
            {move || Suspend::new(async move {
                match workstation.await {
                    Ok(start) => view! { <Desk start/> }.erase(),
                    Err(error) => view! { <Unavailable error/> }.erase(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Desk(start: Workstation) -> impl IntoView {
    let Workstation {
        version,
        account,
        last_prices,
        today,
        watchlist,
        quotes,
        market_source,
        market_status,
        chart,
        conversation,
    } = start;
    let status =
        MarketStatus::read(&market_status).unwrap_or_else(|| MarketStatus::live(TradingDay::utc(UtcInstant::EPOCH)));
    let market = Market::new(&quotes, status);
    let books = Books::new(Statement { account, last_prices, today, version }, market);
    let toasts = Toasts::new();
    let selected = RwSignal::new(chart.as_ref().map(|(ticker, _)| *ticker));
    let watchlist = WatchlistStore::new(watchlist, version, market);
    let hands = Hands::new();
    let ticket = Ticket::new(books, market, watchlist, toasts, hands, selected);
    let writing_off = WritingOff::default();
    let chat = Chat::new(conversation, books, watchlist, toasts);
    let layout = Layout::new();
    let commands = Commands::new();
    let chart_settings = ChartSettings::new();
    register_keys(commands, layout, ticket);
    register_chart(commands, chart_settings);
    follow_keys(commands, hands);
    let upgrade = Upgrade::follow();
    let parts = Parts::new();
    provide_context(Workspace {
        market,
        books,
        watchlist,
        selected,
        ticket,
        chat,
        toasts,
        hands,
        layout,
        commands,
        writing_off,
        upgrade,
        parts,
    });
    fetch_parts(parts, layout);
    follow_server(market, Changes::new(version, books, watchlist, chat), upgrade);
    keep_typed([("message", chat.draft)], move || !chat.draft.with_untracked(String::is_empty));
    ticket.keep_typed();
    install();
    mark_hydrated();
    let view_word = Signal::derive(move || layout.view().as_str());
    let is_live = Signal::derive(move || market.is_live().to_string());
    view! {
        <div class="app" data-view=view_word data-live=is_live>
            <div class="banners">
                <OfflineBanner market/>
                <UpgradeBanner upgrade/>
            </div>
            <Header market_source>
                <AutonomySwitch chat/>
            </Header>
            <Slot panel=Panel::Watchlist>
                <Watchlist watchlist market books toasts selected/>
            </Slot>
            <Seam panel=Panel::Watchlist layout/>
            <main class="middle">
                <Slot panel=Panel::Chart>
                    <ChartPanel market books selected settings=chart_settings initial=chart/>
                </Slot>
                <Slot panel=Panel::Ticket>
                    <TicketPanel ticket/>
                </Slot>
                <Seam panel=Panel::Portfolio layout/>
                <Slot panel=Panel::Portfolio>
                    <Slot panel=Panel::Positions>
                        <Positions/>
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
                {show_served_part(Part::Copilot)}
            </CopilotSlot>
            <StatusBar market/>
            <BottomBar layout/>
            <ToastStack toasts/>
            <Modal is_open=commands.is_help_open label="Keyboard shortcuts" class="help-sheet">
                {show_part(Part::Help)}
            </Modal>
            <Modal is_open=commands.is_palette_open label="Command palette" class="palette" is_bare=true>
                {show_part(Part::Palette)}
            </Modal>
            <Modal is_open=chat.is_connecting label="Language model" class="confirm model-dialog">
                {show_part(Part::Model)}
            </Modal>
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

/// Fetches the copilot's panel as soon as it is seen, and everything else when the page is idle.
fn fetch_parts(parts: Parts, layout: Layout) {
    effect(move || {
        if layout.is_open(Panel::Copilot) {
            parts.fetch(Part::Copilot);
        }
    });
    parts.fetch_when_idle();
}

/// The page's own files come first.
const INSTALL_DELAY: Duration = Duration::from_secs(3);

/// Registers the service worker once the page stands.
fn install() {
    effect(|| {
        let registration = StoredValue::new_local(None);
        let register = move || {
            let _ = registration.try_update_value(|slot| *slot = service_worker::register());
        };
        set_timeout(register, INSTALL_DELAY);
    });
}

/// Says on the document that the page answers clicks, which is what browser tests wait for.
fn mark_hydrated() {
    effect(|| {
        if let Some(body) = document().body() {
            // Only a malformed name could be refused.
            let _ = body.set_attribute("data-hydrated", "true");
        }
    });
}
