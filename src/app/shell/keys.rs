//! The workstation's keys, and the palette's commands.

use leptos::prelude::{GetUntracked, Set, request_animation_frame};

use super::layout::Panel;
use crate::{
    app::{
        address::View,
        commands::Section,
        trade::{
            alerts::{open_form, open_tab},
            chart::Placing,
            positions::Tab,
        },
        workspace::Workspace,
    },
    domain::order::Side,
};

/// Registers them. Each first opens the trade view, which has the panels.
pub fn register_keys(workspace: Workspace) {
    let Workspace { commands, layout, navigation, .. } = workspace;
    register_ticket(workspace);
    for panel in Panel::ALL {
        let name = panel.words();
        let show = move || match panel {
            // The copilot is beside every view.
            Panel::Copilot => layout.show_at(panel, "textarea"),
            _ => {
                navigation.open(View::Trade);
                layout.show(panel);
            }
        };
        commands.add(Section::Panels, format!("Show the {name}"), panel.key(), show);
    }
    for panel in Panel::ALL.into_iter().filter(|panel| panel.can_close()) {
        let name = panel.words();
        commands.add(Section::Panels, format!("Open or close the {name}"), None, move || layout.toggle(panel));
    }
    commands.note(Section::Panels, "Move the separator that has the focus", "← → ↑ ↓");
    commands.note(Section::Panels, "Close or open a panel at its separator", "Enter");
    commands.add(Section::Page, "Go to Trade", None, move || navigation.open(View::Trade));
    commands.add(Section::Page, "Go to Performance", Some("r"), move || navigation.open(View::Performance));
    commands.add(Section::Page, "Go to the Library", None, move || navigation.open(View::Library));
    commands.add(Section::Page, "Go to Account", None, move || navigation.open(View::Account));
}

fn register_ticket(workspace: Workspace) {
    let Workspace { commands, ticket, navigation, .. } = workspace;
    for (side, title, key) in [(Side::Buy, "Go to the buy button", "b"), (Side::Sell, "Go to the sell button", "s")] {
        let press = move || {
            if commands.is_writing() {
                return;
            }
            // A letter trades only while the ticket is visible.
            match navigation.is_open(View::Trade) {
                true => ticket.press_letter(side),
                false => navigation.open(View::Trade),
            }
        };
        commands.add(Section::Trade, title, Some(key), press);
    }
    commands.add(Section::Trade, "Go to the quantity", Some("q"), move || {
        navigation.open(View::Trade);
        // Once the view is rendered.
        request_animation_frame(move || ticket.focus());
    });
    commands.add(Section::Trade, "Go to the type of the order", Some("t"), move || {
        navigation.open(View::Trade);
        request_animation_frame(move || ticket.focus_type());
    });
    commands.note(Section::Trade, "Place the order at its button", "Enter");
    for (placing, title, key) in [
        (Placing::Limit, "Limit order at a price on the chart", Some("l")),
        (Placing::Stop, "Stop order at a price on the chart", Some("x")),
        (Placing::TakeProfit, "Take profit at a price on the chart", None),
        (Placing::StopLoss, "Stop loss at a price on the chart", None),
        (Placing::Alert, "Alert at a price on the chart", Some("a")),
    ] {
        commands.add(Section::Chart, title, key, move || {
            if commands.is_writing() {
                return;
            }
            navigation.open(View::Trade);
            let last = ticket.ticker_untracked().and_then(|ticker| workspace.market.quote_untracked(ticker));
            workspace.chart_tools.place(placing, last.map(|quote| quote.price));
        });
    }
    commands.note(Section::Chart, "Move the line that has the focus, and place it", "↑ ↓ Enter");
    commands.add(Section::Trade, "Show the orders", Some("o"), move || {
        navigation.open(View::Trade);
        workspace.layout.show(Panel::Positions);
        workspace.tab.set(Tab::Orders);
    });
    commands.note(Section::Trade, "Edit, or cancel, the order that has the focus", "Enter Del");
    commands.add(Section::Trade, "Show the alerts", Some("n"), move || open_tab(workspace));
    commands
        .add(Section::Trade, "New alert…", None, move || open_form(workspace, workspace.selected.get_untracked()));
}
