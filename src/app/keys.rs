//! What the workstation's keys do, and what the palette offers beside tickers and orders.

use leptos::prelude::Set;

use super::{
    chart::{ChartSettings, style_name},
    commands::{Commands, Section},
    layout::{Layout, Panel, RESIZABLE},
    ticket::Ticket,
};
use crate::{
    domain::{candle::Interval, order::Side},
    interop::lightweight_charts::price_chart::PriceStyle,
};

/// Makes them known.
pub fn register_keys(commands: Commands, layout: Layout, ticket: Ticket, chart: ChartSettings) {
    register_ticket(commands, ticket);
    register_chart(commands, chart);
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

fn register_chart(commands: Commands, chart: ChartSettings) {
    const KEYS: [&str; 5] = ["1", "2", "3", "4", "5"];
    for (interval, key) in Interval::ALL.into_iter().zip(KEYS) {
        let title = format!("Candles of {}", interval.as_str());
        commands.add(Section::Chart, title, Some(key), move || chart.interval.set(interval));
    }
    for style in PriceStyle::ALL {
        commands.add(Section::Chart, format!("Chart as {}", style_name(style)), None, move || chart.set_style(style));
    }
    commands.add(Section::Chart, "Show or hide the volume", None, move || chart.toggle_volume());
}
