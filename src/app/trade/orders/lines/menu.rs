//! The menu of the chart at a price: what can be ordered there, and an alert.

use leptos::{
    ev::{FocusEvent, KeyboardEvent},
    html::Div,
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

use super::placing::{name, write};
use crate::app::{
    effects::effect,
    erase::{Erase, Piece, show_when},
    trade::chart::Placing,
    workspace::Workspace,
};

const ITEMS: [Placing; 5] = [Placing::Limit, Placing::Stop, Placing::TakeProfit, Placing::StopLoss, Placing::Alert];

pub fn show_menu(workspace: Workspace) -> Piece {
    let tools = workspace.chart_tools;
    show_when(move || tools.menu.with(Option::is_some), move || show_open(workspace))
}

fn show_open(workspace: Workspace) -> Piece {
    let tools = workspace.chart_tools;
    let menu = NodeRef::<Div>::new();
    effect(move || {
        let first = menu.get().and_then(|menu| menu.query_selector("button").ok().flatten());
        if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
            // Only an element that has left the page refuses.
            let _ = first.focus();
        }
    });
    let price = untrack(|| tools.scale.get().zip(tools.menu.get())).and_then(|(scale, (_, y))| scale.price_at(y));
    let close = move || tools.menu.set(None);
    let item = move |what: Placing| {
        let words = price.map(|price| format!("{} at {price}", name(what))).unwrap_or_default();
        let choose = move |_| {
            close();
            if let Some(price) = price {
                write(workspace, what, price);
            }
        };
        view! { <button role="menuitem" tabindex="-1" on:click=choose>{words}</button> }
    };
    let press = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Escape" | "Tab" => close(),
            "ArrowDown" => step(menu, true),
            "ArrowUp" => step(menu, false),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let leave = move |event: FocusEvent| {
        // The menu may be closed by now, which is why the focus left.
        let menu = event.current_target().and_then(|menu| menu.dyn_into::<Node>().ok());
        let to = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
        let is_within = to.is_some() && menu.is_some_and(|menu| menu.contains(to.as_ref()));
        if !is_within && tools.menu.with_untracked(Option::is_some) {
            close();
        }
    };
    let place = untrack(|| tools.menu.get()).unwrap_or_default();
    view! {
        <div
            class="chart-menu"
            node_ref=menu
            role="menu"
            aria-label="Order or alert at this price"
            data-testid="chart-menu"
            style:left=format!("{:.0}px", place.0)
            style:top=format!("{:.0}px", place.1)
            on:keydown=press
            on:focusout=leave
        >
            {ITEMS.map(item)}
        </div>
    }
    .erase()
}

/// Puts the focus on the next item, or the one before, round and round.
fn step(menu: NodeRef<Div>, is_forward: bool) {
    let Some(items) = menu.get_untracked().and_then(|menu| menu.query_selector_all("button").ok()) else {
        return;
    };
    let items: Vec<HtmlElement> = (0..items.length()).filter_map(|index| items.item(index)?.dyn_into().ok()).collect();
    let focused = document().active_element();
    let now = items.iter().position(|item| item.is_same_node(focused.as_deref()));
    let count = items.len().max(1);
    let next = now.map_or(0, |now| if is_forward { now + 1 } else { now + count - 1 } % count);
    if let Some(item) = items.get(next) {
        // Only an element that has left the page refuses.
        let _ = item.focus();
    }
}
