//! Shared handles of the frame, the views and their panels.

use leptos::prelude::*;

use super::{
    account::Books,
    changes::LibraryNews,
    commands::Commands,
    copilot::Chat,
    hands::Hands,
    market::Market,
    navigation::Navigation,
    parts::Parts,
    shell::layout::Layout,
    toast::Toasts,
    trade::{
        alerts::AlertBook,
        chart::{ChartSettings, ChartTools},
        orders::OrderBook,
        positions::{Tab, WritingOff},
        ticket::Ticket,
        watchlist::store::WatchlistStore,
    },
    upgrade::Upgrade,
};
use crate::domain::{candle::Candle, ticker::Ticker};

/// All shared handles; copies share their state.
#[derive(Clone, Copy)]
pub struct Workspace {
    pub market: Market,
    pub books: Books,
    pub watchlist: WatchlistStore,
    /// Ticker of the chart and the ticket.
    pub selected: RwSignal<Option<Ticker>>,
    pub ticket: Ticket,
    pub orders: OrderBook,
    pub alerts: AlertBook,
    /// Selected tab of the positions panel.
    pub tab: RwSignal<Tab>,
    pub chat: Chat,
    pub toasts: Toasts,
    pub hands: Hands,
    pub layout: Layout,
    pub commands: Commands,
    /// Position whose write-off is being confirmed.
    pub writing_off: WritingOff,
    pub upgrade: Upgrade,
    pub parts: Parts,
    pub navigation: Navigation,
    pub library_news: LibraryNews,
    pub chart_settings: ChartSettings,
    pub chart_tools: ChartTools,
    /// Candles that the server rendered the page with, until the chart has taken them.
    pub first_candles: StoredValue<Option<(Ticker, Vec<Candle>)>>,
}

/// Workspace of the calling component's page.
pub fn use_workspace() -> Workspace {
    // Invariant: the page provides it before any component that asks.
    use_context().expect("the workspace is provided by the page")
}
