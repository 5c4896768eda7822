//! The frame around the views: navigation, header, the copilot's drawer, dialogs and toasts.

mod account_view;
mod frame;
pub mod header;
pub mod icons;
mod keys;
pub mod layout;
mod nav;
mod status_bar;
mod tokens;

use leptos::{prelude::*, task::spawn_local};

pub use self::{
    account_view::{account, fetch_account},
    tokens::fetch_tokens,
};
use self::{
    frame::Frame,
    keys::register_keys,
    layout::{Layout, Panel},
};
use super::{
    account::Books,
    address::{Address, View},
    changes::{Changes, LibraryNews},
    commands::{Commands, follow_keys},
    copilot::Chat,
    effects::effect,
    erase::Erase,
    feed::follow_server,
    hands::Hands,
    market::Market,
    navigation::Navigation,
    parts::Parts,
    toast::Toasts,
    trade::{
        alerts::AlertBook,
        chart::{ChartSettings, ChartTools, register_chart},
        orders::OrderBook,
        positions::{Tab, WritingOff},
        ticket::Ticket,
        watchlist::store::WatchlistStore,
    },
    upgrade::{Upgrade, keep_typed},
    workspace::Workspace,
};
use crate::{
    api::load_workstation,
    domain::{
        instant::UtcInstant, market_status::MarketStatus, trading_day::TradingDay, workstation::Statement,
        workstation::Workstation,
    },
    error::ApiError,
    wire::WireEncoding,
};

/// The page at an address, with the address's selected ticker, if any.
#[component]
pub fn WorkstationPage(address: Address) -> impl IntoView {
    let named = if let Address::Trade(named) = address { named } else { None };
    let workstation = OnceResource::<_, WireEncoding>::new_with_options(load_workstation(named), true);
    view! {
        <Suspense fallback=|| view! { <main class="notice"><p>"Loading…"</p></main> }>
            {move || Suspend::new(async move {
                match workstation.await {
                    Ok(start) => view! { <Desk address start/> }.erase(),
                    Err(error) => view! { <Unavailable error/> }.erase(),
                }
            })}
        </Suspense>
    }
}

/// Creates the shared state, and shows the frame with the address's view.
#[component]
fn Desk(address: Address, start: Workstation) -> impl IntoView {
    let Workstation {
        version,
        account,
        holds,
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
    let books = Books::new(Statement { account, holds, last_prices, today, version }, market);
    let toasts = Toasts::new();
    let selected = RwSignal::new(chart.as_ref().map(|(ticker, _)| *ticker));
    let watchlist = WatchlistStore::new(watchlist, version, market);
    let hands = Hands::new();
    let ticket = Ticket::new(books, market, watchlist, toasts, hands, selected);
    let orders = OrderBook::new(books, toasts);
    let alerts = AlertBook::new(toasts);
    let chat = Chat::new(conversation, books, watchlist, toasts);
    let workspace = Workspace {
        market,
        books,
        watchlist,
        selected,
        ticket,
        orders,
        alerts,
        tab: RwSignal::new(Tab::Positions),
        chat,
        toasts,
        hands,
        layout: Layout::new(),
        commands: Commands::new(),
        writing_off: WritingOff::default(),
        upgrade: Upgrade::follow(),
        parts: Parts::new(),
        navigation: Navigation::follow(address, selected),
        library_news: LibraryNews::new(),
        chart_settings: ChartSettings::new(),
        chart_tools: ChartTools::new(),
        first_candles: StoredValue::new(chart),
    };
    provide_context(workspace);
    register_keys(workspace);
    register_chart(workspace.commands, workspace.chart_settings);
    follow_keys(workspace.commands, hands);
    let changes = Changes::new(version, (books, watchlist, chat, orders, alerts), workspace.library_news);
    follow_server(market, changes, workspace.upgrade, alerts.leads);
    keep_typed([("message", chat.draft)], move || !chat.draft.with_untracked(String::is_empty));
    ticket.keep_typed();
    tell_of_stranger(address, workspace);
    fetch_parts(workspace);
    frame::install();
    view! { <Frame market_source/> }
}

/// An address may name a ticker that is neither watched nor held: says so, and offers to add it.
fn tell_of_stranger(address: Address, workspace: Workspace) {
    let Workspace { selected, watchlist, toasts, .. } = workspace;
    let Address::Trade(Some(named)) = address else { return };
    effect(move || {
        let shown = selected.get_untracked();
        if shown == Some(named) {
            return;
        }
        let shown = shown.map_or_else(|| "Nothing".to_owned(), |shown| shown.to_string());
        toasts.offer(format!("{named} is neither watched nor held. {shown} is shown."), "Watch it", move || {
            spawn_local(async move {
                match watchlist.add(named).await {
                    Ok(()) => selected.set(Some(named)),
                    Err(error) => toasts.error(error.to_string()),
                }
            });
        });
    });
}

/// Loads each panel as soon as it is visible, and everything else when the page is idle.
fn fetch_parts(workspace: Workspace) {
    let Workspace { parts, layout, navigation, .. } = workspace;
    for (panel, part) in Panel::ALL.into_iter().filter_map(|panel| Some((panel, panel.part()?))) {
        effect(move || {
            if layout.is_open(panel) && (panel == Panel::Copilot || navigation.view() == View::Trade) {
                parts.fetch(part);
            }
        });
    }
    parts.fetch_when_idle();
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
