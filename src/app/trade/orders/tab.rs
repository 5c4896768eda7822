//! The tab of the orders: open ones, each with its legs, then those that have ended.

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use web_sys::{Element, HtmlElement};

use super::{cancel::CancelAll, row::show_row};
use crate::app::{
    effects::memo,
    erase::{Erase, Piece},
    format::money,
    loading::show_loading,
    parts::PartView,
    rows::list_of,
    workspace::use_workspace,
};
use crate::domain::orders::{
    id::OrderId,
    view::{OpenAndRecent, OrderView},
};

/// The orders that are shown at first, and more with each press.
const PAGE: usize = 100;

const TITLES: [&str; 9] = ["Ticker", "Order", "Quantity", "Price", "To go", "In force", "State", "Held", "By"];

#[wasm_split(orders, fallible)]
pub fn fetch_orders() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <OrdersTab/> }.erase())
}

/// Pane below the row of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    Detail,
    Edit,
}

/// State that the rows share.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The order with a pane below its row, if one has.
    pub open: RwSignal<Option<(OrderId, Pane)>>,
}

impl Desk {
    pub fn toggle(self, id: OrderId, pane: Pane) {
        self.open.update(|open| *open = if *open == Some((id, pane)) { None } else { Some((id, pane)) });
    }

    pub fn is_open(self, id: OrderId, pane: Pane) -> bool {
        self.open.get() == Some((id, pane))
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub id: OrderId,
    /// It belongs to the order above.
    pub is_leg: bool,
}

#[component]
fn OrdersTab() -> impl IntoView {
    let book = use_workspace().orders;
    book.follow();
    let desk = Desk { open: RwSignal::new(None) };
    let shown = RwSignal::new(PAGE);
    let lines = move |read: fn(&OpenAndRecent) -> &[OrderView]| {
        memo(move || book.with(|known| lines_of(read(known), shown.get())).unwrap_or_default())
    };
    let (open, recent) = (lines(|known| &known.open), lines(|known| &known.recent));
    let rows = move |lines: Memo<Vec<Line>>| {
        list_of(move || lines.get(), |line| line.id.to_string(), move |line| show_row(line, desk))
    };
    let words = Signal::derive(move || {
        book.with(|known| summary(known.open.len(), money(known.held_for_orders), money(known.buying_power)))
    });
    let nothing = move || {
        let is_empty = book.with(|known| known.open.is_empty() && known.recent.is_empty()) == Some(true);
        is_empty.then(|| {
            view! {
                <p class="empty" data-testid="orders-empty">
                    "No orders yet. Choose a type other than Market in the ticket, and a price to wait for."
                </p>
            }
        })
    };
    let has_recent = memo(move || !recent.with(Vec::is_empty));
    let has_more = memo(move || {
        let most = book.with(|known| known.open.len().max(known.recent.len())).unwrap_or_default();
        most > shown.get()
    });
    view! {
        <div class="scroll orders" tabindex="0" role="region" aria-label="Orders">
            <div class="orders-bar">
                <span class="muted" translate="no" data-testid="orders-summary">{words}</span>
                <CancelAll/>
            </div>
            <table data-testid="orders-table" hidden=move || !book.is_known()>
                <thead>
                    <tr>
                        {TITLES.map(|title| view! { <th scope="col">{title}</th> })}
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody translate="no" on:keydown=move_between_rows>
                    {rows(open)}
                </tbody>
                <tbody translate="no" class="ended" on:keydown=move_between_rows>
                    <tr class="orders-divider" hidden=move || !has_recent.get()>
                        <th scope="rowgroup" colspan="10">"Ended"</th>
                    </tr>
                    {rows(recent)}
                </tbody>
            </table>
            {nothing}
            <div class="more" hidden=move || !has_more.get()>
                <button class="small" on:click=move |_| shown.update(|shown| *shown += PAGE)>"Show more"</button>
            </div>
            {show_loading("The orders", book.loading, book.wanted)}
        </div>
    }
    .erase()
}

/// `3 open, $3,950.00 held until filled · buying power $6,050.00`
fn summary(open: usize, held: String, buying_power: String) -> String {
    match open {
        0 => "None open".to_owned(),
        _ => format!("{open} open, {held} held until filled · buying power {buying_power}"),
    }
}

/// Each order, then its legs.
fn lines_of(orders: &[OrderView], most: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for order in orders.iter().take(most) {
        lines.push(Line { id: order.id, is_leg: false });
        lines.extend(order.legs.iter().map(|leg| Line { id: leg.id, is_leg: true }));
    }
    lines
}

/// The arrow keys go from a button to the same one of the next row.
fn move_between_rows(event: KeyboardEvent) {
    let is_down = match event.key().as_str() {
        "ArrowDown" => true,
        "ArrowUp" => false,
        _ => return,
    };
    let Some(button) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return;
    };
    // A field, or a choice in the pane of a row, has arrow keys of its own.
    let Some(name) = button.get_attribute("data-testid").filter(|_| button.tag_name() == "BUTTON") else {
        return;
    };
    let Ok(Some(table)) = button.closest("table") else {
        return;
    };
    let Ok(all) = table.query_selector_all(&format!("[data-testid={name}]")) else {
        return;
    };
    let buttons: Vec<HtmlElement> = (0..all.length()).filter_map(|index| all.item(index)?.dyn_into().ok()).collect();
    let place = buttons.iter().position(|other| other.is_same_node(Some(&button)));
    let next = place.and_then(|place| if is_down { place.checked_add(1) } else { place.checked_sub(1) });
    if let Some(next) = next.and_then(|next| buttons.get(next)) {
        event.prevent_default();
        // Only an element that has left the page refuses.
        let _ = next.focus();
    }
}

/// A piece in a cell of its own that reaches over the whole row.
pub fn wide_row(class: &'static str, test_id: &'static str, content: Piece) -> Piece {
    view! {
        <tr class=class data-testid=test_id>
            <td colspan="10">{content}</td>
        </tr>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::{super::words::tests::order, *};
    use crate::domain::orders::order::StatusWord;

    #[test]
    fn legs_stand_below_their_order() {
        let group = OrderView {
            legs: vec![order(2, StatusWord::Held), order(3, StatusWord::Held)],
            ..order(1, StatusWord::Working)
        };
        let lines = lines_of(&[group, order(4, StatusWord::Working)], 2);
        let told: Vec<_> = lines.iter().map(|line| (line.id.as_u128(), line.is_leg)).collect();
        assert_eq!(told, [(1, false), (2, true), (3, true), (4, false)]);
    }
}
