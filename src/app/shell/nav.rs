//! The navigation: a rail at the left; on a phone, a bar of six at the bottom, which also switches between the panels. There,
//! a tab of the portfolio opens Performance.

use leptos::{ev::MouseEvent, prelude::*};

use super::{
    icons,
    layout::{Layout, Panel},
};
use crate::app::{
    address::View,
    effects::memo,
    erase::{Erase, Piece},
    navigation::{Navigation, opens_here},
    workspace::{Workspace, use_workspace},
};

#[component]
pub fn Nav() -> impl IntoView {
    let Workspace { layout, navigation, commands, .. } = use_workspace();
    view! {
        <nav class="rail" aria-label="Views">
            <span class="rail-mark" aria-hidden="true">"F"<b>"A"</b></span>
            {show_panel(navigation, layout, Panel::Watchlist, "Watch", icons::WATCH)}
            {show_view(navigation, layout, View::Trade, "Trade", icons::TRADE)}
            {show_panel(navigation, layout, Panel::Positions, "Portfolio", icons::PORTFOLIO)}
            {show_panel(navigation, layout, Panel::Copilot, "Copilot", icons::COPILOT)}
            {show_view(navigation, layout, View::Performance, "Perfor\u{ad}mance", icons::PERFORMANCE)}
            {show_view(navigation, layout, View::Library, "Library", icons::LIBRARY)}
            {show_view(navigation, layout, View::Account, "Account", icons::ACCOUNT)}
            <button class="rail-end" on:click=move |_| commands.is_help_open.set(true)>
                {icons::show(icons::HELP)}
                <span>"Help"</span>
            </button>
        </nav>
    }
    .erase()
}

/// A link to a view. On a phone the trade view is the chart with the ticket.
fn show_view(navigation: Navigation, layout: Layout, view: View, word: &'static str, icon: &'static str) -> Piece {
    let is_current = memo(move || {
        let is_shown = navigation.view() == view;
        let phone = layout.phone_panel();
        is_shown && phone.is_none_or(|panel| panel == Panel::Chart || (view != View::Trade && panel != Panel::Copilot))
    });
    let open = move |event: MouseEvent| {
        if opens_here(&event) {
            event.prevent_default();
            layout.show_on_phone(Panel::Chart);
            navigation.open(view);
        }
    };
    let (path, id) = match view {
        View::Trade => ("/", "nav-trade"),
        View::Performance => ("/performance", "nav-performance"),
        View::Library => ("/library", "nav-library"),
        View::Account => ("/account", "nav-account"),
    };
    view! {
        <a href=path data-testid=id aria-current=move || is_current.get().then_some("page") on:click=open>
            {icons::show(icon)}
            <span>{word}</span>
        </a>
    }
    .erase()
}

/// A button of the phone's bar, which shows a single panel.
fn show_panel(navigation: Navigation, layout: Layout, panel: Panel, word: &'static str, icon: &'static str) -> Piece {
    let is_current = memo(move || {
        let Some(shown) = layout.phone_panel() else { return false };
        match navigation.view() {
            View::Trade => shown.bar_entry() == panel,
            // The bar has no entry of its own for it: one of the portfolio's tabs opens it.
            View::Performance if shown != Panel::Copilot => panel == Panel::Positions,
            _ => shown == panel && panel == Panel::Copilot,
        }
    });
    let open = move |_| {
        layout.show_on_phone(panel);
        if panel != Panel::Copilot {
            navigation.open(View::Trade);
        }
    };
    view! {
        <button
            class="phone-only"
            data-panel=panel.as_str()
            aria-current=move || is_current.get().then_some("true")
            on:click=open
        >
            {icons::show(icon)}
            <span>{word}</span>
        </button>
    }
    .erase()
}
