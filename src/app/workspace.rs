//! The handles that the frame, the views and their panels share.

use leptos::prelude::*;

use super::{
    account::Books, commands::Commands, copilot::Chat, hands::Hands, layout::Layout, market::Market, parts::Parts,
    positions::WritingOff, ticket::Ticket, toast::Toasts, upgrade::Upgrade, watchlist::store::WatchlistStore,
};
use crate::domain::ticker::Ticker;

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
}

/// The workspace of the page that the calling component stands on.
pub fn use_workspace() -> Workspace {
    // Invariant: the page provides it before any component that asks.
    use_context().expect("the workspace is provided by the page")
}
