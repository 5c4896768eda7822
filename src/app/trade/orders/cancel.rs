//! Cancelling: one order, or all that are open after a word that says how many.

use leptos::{prelude::*, task::spawn_local};

use super::{OrderBook, words};
use crate::{
    api::{cancel_all_orders, cancel_order},
    app::{effects::memo, erase::Erase, workspace::use_workspace},
    domain::orders::id::OrderId,
};

/// Cancels an order and tells what became of it; only while it is at `revision`, where that is given.
pub fn cancel(book: OrderBook, id: OrderId, revision: Option<u32>) {
    spawn_local(async move {
        match cancel_order(id, revision).await.flatten() {
            Ok(order) => book.toasts.success(format!("Cancelled: {}.", words::describe(&order))),
            Err(error) => book.toasts.error(error.to_string()),
        }
        book.refresh();
        book.books.refresh();
    });
}

/// A button that asks first, in its own place.
#[component]
pub fn CancelAll() -> impl IntoView {
    let book = use_workspace().orders;
    let (is_asked, is_pending) = (RwSignal::new(false), RwSignal::new(false));
    let open = memo(move || book.open_count().unwrap_or_default());
    let is_none = memo(move || open.get() == 0);
    let confirm = move |_| {
        is_pending.set(true);
        spawn_local(async move {
            match cancel_all_orders(None).await {
                Ok(orders) => book.toasts.success(cancelled(orders.len())),
                Err(error) => book.toasts.error(error.to_string()),
            }
            book.refresh();
            book.books.refresh();
            is_pending.try_set(false);
            is_asked.try_set(false);
        });
    };
    let question = Signal::derive(move || match open.get() {
        1 => "Cancel the open order?".to_owned(),
        count => format!("Cancel all {count} open orders?"),
    });
    view! {
        <span class="cancel-all">
            <button
                class="small"
                data-testid="orders-cancel-all"
                hidden=is_asked
                disabled=is_none
                on:click=move |_| is_asked.set(true)
            >
                "Cancel all…"
            </button>
            <span role="group" aria-label="Cancel all open orders" hidden=move || !is_asked.get()>
                <span role="status">{move || is_asked.get().then(|| question.get())}</span>
                <button class="small armed" data-testid="orders-cancel-all-confirm" disabled=is_pending on:click=confirm>
                    "Cancel them"
                </button>
                <button class="small" on:click=move |_| is_asked.set(false)>"Keep them"</button>
            </span>
        </span>
    }
    .erase()
}

fn cancelled(count: usize) -> String {
    match count {
        0 => "No order was open any more.".to_owned(),
        1 => "1 order is cancelled.".to_owned(),
        count => format!("{count} orders are cancelled."),
    }
}
