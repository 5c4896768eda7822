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
        let show = move || match panel {
            Panel::Copilot => layout.show_at(panel, "textarea"),
            _ => layout.show(panel),
        };
        commands.add(Section::Panels, format!("Show the {name}"), panel.key(), show);
    }
    for panel in RESIZABLE {
        let name = panel.title().to_ascii_lowercase();
        commands.add(Section::Panels, format!("Open or close the {name}"), None, move || layout.toggle(panel));
    }
    commands.note(Section::Panels, "Move the separator that has the focus", "← → ↑ ↓");
    commands.note(Section::Panels, "Close or open a panel at its separator", "Enter");
}

fn register_ticket(commands: Commands, ticket: Ticket) {
    for (side, title, key) in [(Side::Buy, "Go to the buy button", "b"), (Side::Sell, "Go to the sell button", "s")] {
        let press = move || {
            if !commands.is_writing() {
                ticket.press_letter(side);
            }
        };
        commands.add(Section::Trade, title, Some(key), press);
    }
    commands.add(Section::Trade, "Go to the quantity", Some("q"), move || ticket.focus());
    commands.note(Section::Trade, "Place the order at its button", "Enter");
}
