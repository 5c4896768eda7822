//! The handles that the frame, the views and their panels share.

use leptos::prelude::*;

use super::{
    account::Books,
    commands::Commands,
    copilot::Chat,
    hands::Hands,
    market::Market,
    navigation::Navigation,
    parts::Parts,
    shell::layout::Layout,
    toast::Toasts,
    trade::{chart::ChartSettings, positions::WritingOff, ticket::Ticket, watchlist::store::WatchlistStore},
    upgrade::Upgrade,
};
use crate::domain::{candle::Candle, ticker::Ticker};

/// One of each; copies share what they hold.
#[derive(Clone, Copy)]
pub struct Workspace {
    pub market: Market,
    pub books: Books,
    pub watchlist: WatchlistStore,
    /// The ticker that the chart and the ticket are about.
    pub selected: RwSignal<Option<Ticker>>,
    pub ticket: Ticket,
    pub chat: Chat,
    pub toasts: Toasts,
    pub hands: Hands,
    pub layout: Layout,
    pub commands: Commands,
    /// The position that a person is asked about writing off.
    pub writing_off: WritingOff,
    pub upgrade: Upgrade,
    pub parts: Parts,
    pub navigation: Navigation,
    pub chart_settings: ChartSettings,
    /// The candles that the server rendered the page with, until the chart has taken them.
    pub first_candles: StoredValue<Option<(Ticker, Vec<Candle>)>>,
}

/// The workspace of the page that the calling component stands on.
pub fn use_workspace() -> Workspace {
    // Invariant: the page provides it before any component that asks.
    use_context().expect("the workspace is provided by the page")
}
