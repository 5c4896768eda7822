//! The trade view: the watchlist, the chart with the ticket, and what is held.

pub mod alerts;
pub mod chart;
pub mod documents;
pub mod equity;
pub mod heatmap;
pub mod orders;
pub mod positions;
pub mod sparkline;
pub mod symbol;
pub mod ticket;
pub mod watchlist;

use leptos::prelude::*;

use self::{positions::Positions, ticket::TicketPanel, watchlist::Watchlist};
use super::{
    address::View,
    erase::Erase,
    parts::{Part, show_served_part},
    shell::layout::{Panel, PhoneTabs, Slot, Splitter},
    workspace::{Workspace, use_workspace},
};

#[component]
pub fn Trade() -> impl IntoView {
    let Workspace { market, books, watchlist, toasts, selected, ticket, layout, navigation, .. } = use_workspace();
    let is_hidden = move || navigation.view() != View::Trade;
    view! {
        <main class="view trade" id=View::Trade.element_id() tabindex="-1" aria-label="Trade" hidden=is_hidden>
            <Slot panel=Panel::Watchlist>
                <Watchlist watchlist market books toasts selected/>
            </Slot>
            <Splitter panel=Panel::Watchlist layout/>
            <div class="middle">
                <Slot panel=Panel::Chart>
                    {show_served_part(Part::Chart)}
                </Slot>
                <Slot panel=Panel::Ticket>
                    <TicketPanel ticket/>
                </Slot>
                <Splitter panel=Panel::Portfolio layout/>
                <PhoneTabs layout/>
                <Slot panel=Panel::Portfolio>
                    <Slot panel=Panel::Positions>
                        <Positions/>
                    </Slot>
                    <Splitter panel=Panel::Heatmap layout/>
                    <Slot panel=Panel::Heatmap>
                        {show_served_part(Part::Heatmap)}
                    </Slot>
                    <Splitter panel=Panel::Equity layout/>
                    <Slot panel=Panel::Equity>
                        {show_served_part(Part::Equity)}
                    </Slot>
                </Slot>
            </div>
        </main>
    }
    .erase()
}
