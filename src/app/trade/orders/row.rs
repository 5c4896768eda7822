//! One order in a row, with what can be done with it.

use leptos::{ev::KeyboardEvent, prelude::*};

use super::{
    cancel::cancel,
    detail::show_detail,
    edit::show_edit,
    is_open,
    tab::{Desk, Line, Pane, wide_row},
    words,
};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
        format::signed_percent,
        presses::press_once,
        workspace::{Workspace, use_workspace},
    },
    domain::{
        money::{Money, Price},
        order::Side,
        orders::view::OrderView,
    },
};

/// The row of an order, and the pane below it where it is open.
pub fn show_row(line: Line, desk: Desk) -> Piece {
    let Workspace { orders: book, selected, market, .. } = use_workspace();
    let Line { id, is_leg } = line;
    let order = memo(move || book.order(id));
    let figure = move |read: fn(&OrderView) -> String| {
        Signal::derive(move || order.with(|order| order.as_ref().map(read).unwrap_or_default()))
    };
    let is_live = memo(move || order.with(|order| order.as_ref().is_some_and(is_open)));
    let to_go = Signal::derive(move || {
        let next = order.with(|order| {
            let order = order.as_ref().filter(|order| is_open(order))?;
            Some((order.ticker, words::next_price(order)?))
        });
        next.and_then(|(ticker, price)| distance(price, market.price(ticker)?)).unwrap_or_default()
    });
    let tone = Signal::derive(move || order.with(|order| order.as_ref().map_or("", side_tone)));
    let choose = move |_| selected.set(order.with_untracked(|order| order.as_ref().map(|order| order.ticker)));
    let press = move |event: KeyboardEvent| {
        press_once(&event);
        let is_live = is_live.get_untracked();
        match event.key().as_str() {
            "Delete" | "Backspace" if is_live && !in_field(&event) => cancel(book, id, None),
            "Escape" if desk.open.get_untracked().is_some() => desk.open.set(None),
            _ => return,
        }
        event.prevent_default();
    };
    let expanded = move |pane| Signal::derive(move || desk.is_open(id, pane).to_string());
    let class = if is_leg { "leg" } else { "" };
    view! {
        <tr
            class=class
            data-testid="order-row"
            data-id=id.to_string()
            data-status=figure(|order| order.status.as_str().to_owned())
            data-ticker=figure(|order| order.ticker.to_string())
            on:keydown=press
        >
            <th scope="row">
                <button class="symbol" data-testid="order-symbol" on:click=choose>{figure(|order| order.ticker.to_string())}</button>
            </th>
            <td class=tone data-testid="order-kind">{figure(words::kind)}</td>
            <td data-testid="order-quantity">{figure(words::amount)}</td>
            <td data-testid="order-prices">{figure(words::prices)}</td>
            <td class="muted">{to_go}</td>
            <td data-testid="order-force">{figure(words::time_in_force)}</td>
            <td data-testid="order-state">{figure(words::state)}</td>
            <td data-testid="order-held">{figure(held)}</td>
            <td>{figure(|order| words::source(order.source).to_owned())}</td>
            <td class="row-actions">
                {show_when(move || is_live.get(), move || show_actions(id, desk))}
                <button
                    class="small"
                    data-testid="order-detail"
                    aria-expanded=expanded(Pane::Detail)
                    title="Fills and events"
                    aria-label=Signal::derive(move || format!("Fills and events of: {}", figure(words::describe).get()))
                    on:click=move |_| desk.toggle(id, Pane::Detail)
                >
                    "⋯"
                </button>
            </td>
        </tr>
        {show_when(
            move || desk.is_open(id, Pane::Detail),
            move || wide_row("order-pane", "order-pane", order.get().map(|order| show_detail(&order)).erase()),
        )}
        {show_when(
            move || desk.is_open(id, Pane::Edit) && is_live.get(),
            move || {
                let form = order.get_untracked().map(|order| show_edit(order, desk));
                wide_row("order-pane", "order-editor", form.erase())
            },
        )}
    }
    .erase()
}

fn show_actions(id: crate::domain::orders::id::OrderId, desk: Desk) -> Piece {
    let book = use_workspace().orders;
    let name = move || book.order(id).map(|order| words::describe(&order)).unwrap_or_default();
    let (edit_name, cancel_name) =
        (Signal::derive(move || format!("Edit: {}", name())), Signal::derive(move || format!("Cancel: {}", name())));
    view! {
        <button
            class="small"
            data-testid="order-edit"
            aria-label=edit_name
            aria-expanded=Signal::derive(move || desk.is_open(id, Pane::Edit).to_string())
            on:click=move |_| desk.toggle(id, Pane::Edit)
        >
            "Edit"
        </button>
        <button class="small" data-testid="order-cancel" aria-label=cancel_name on:click=move |_| cancel(book, id, None)>
            "Cancel"
        </button>
    }
    .erase()
}

/// Returns true for a key pressed in a field.
fn in_field(event: &KeyboardEvent) -> bool {
    use wasm_bindgen::JsCast;
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.matches("input, select").unwrap_or(false))
}

fn side_tone(order: &OrderView) -> &'static str {
    match order.side {
        Side::Buy => "up",
        Side::Sell => "down",
    }
}

/// Cash or shares that the order holds.
fn held(order: &OrderView) -> String {
    match order.held_quantity {
        _ if order.held_amount > Money::ZERO => order.held_amount.to_string(),
        Some(shares) => format!("{shares} shares"),
        None => String::new(),
    }
}

/// Move from the last price to the order's: `−2.80%`
fn distance(price: Price, last: Price) -> Option<String> {
    Some(signed_percent(price.change_from(last).percent_of(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_move_that_is_waited_for() {
        let price = |text: &str| text.parse().unwrap();
        assert_eq!(distance(price("790"), price("800")).as_deref(), Some("−1.25%"));
        assert_eq!(distance(price("808"), price("800")).as_deref(), Some("+1.00%"));
    }
}
