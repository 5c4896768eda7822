//! What the workstation's keys do, and what the palette offers beside tickers and orders.

use super::{
    commands::{Commands, Section},
    layout::{Layout, Panel, RESIZABLE},
    ticket::Ticket,
};
use crate::domain::order::Side;

/// Makes them known.
pub fn register_keys(commands: Commands, layout: Layout, ticket: Ticket) {
    register_ticket(commands, ticket);
    for panel in Panel::ALL {
        let name = panel.title().to_ascii_lowercase();
        commands.add(Section::Panels, format!("Show the {name}"), panel.key(), move || layout.show(panel));
    }
    for panel in RESIZABLE {
        let name = panel.title().to_ascii_lowercase();
        commands.add(Section::Panels, format!("Open or close the {name}"), None, move || layout.toggle(panel));
    }
    commands.note(Section::Panels, "Move the separator that has the focus", "← → ↑ ↓");
    commands.note(Section::Panels, "Close or open a panel at its separator", "Enter");
}

fn register_ticket(commands: Commands, ticket: Ticket) {
    commands.add(Section::Trade, "Go to the buy button", Some("b"), move || ticket.aim(Side::Buy));
    commands.add(Section::Trade, "Go to the sell button", Some("s"), move || ticket.aim(Side::Sell));
    commands.add(Section::Trade, "Go to the quantity", Some("q"), move || ticket.focus());
    commands.note(Section::Trade, "Place the order at its button", "Enter");
}
