//! The trade ticket: a market order for the selected ticker.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{html::Input, prelude::*, task::spawn_local};

use super::{account::Books, toast::Toasts};
use crate::{
    api::place_order,
    domain::{
        money::Quantity,
        order::{ClientOrderId, OrderRequest, Side, TradeReceipt},
        ticker::Ticker,
    },
    error::ApiError,
};

/// How often an order that got no answer is sent again. It carries an id, so the server fills it once.
const RESENDS_MAX: u32 = 3;
const RESEND_DELAY: Duration = Duration::from_secs(1);

/// The handle to the page's trade ticket; copies share it.
#[derive(Clone, Copy)]
pub struct Ticket {
    ticker: RwSignal<String>,
    quantity: RwSignal<String>,
    is_pending: RwSignal<bool>,
    quantity_field: NodeRef<Input>,
    books: Books,
    toasts: Toasts,
}

impl Ticket {
    /// A ticket for the ticker selected, now and whenever another one is.
    pub fn new(books: Books, toasts: Toasts, selected: RwSignal<Option<Ticker>>) -> Self {
        let symbol = |ticker: Option<Ticker>| ticker.map(|ticker| ticker.to_string()).unwrap_or_default();
        let ticker = RwSignal::new(symbol(selected.get_untracked()));
        Effect::watch(move || selected.get(), move |selected, _, _| ticker.set(symbol(*selected)), false);
        Self {
            ticker,
            quantity: RwSignal::new("1".to_owned()),
            is_pending: RwSignal::new(false),
            quantity_field: NodeRef::new(),
            books,
            toasts,
        }
    }

    /// Writes an order into the ticket, for a person to look at and place.
    pub fn fill(self, ticker: Ticker, quantity: Quantity, _side: Side) {
        self.ticker.set(ticker.to_string());
        self.quantity.set(quantity.to_string());
        self.focus();
    }

    /// Puts the cursor into the quantity.
    pub fn focus(self) {
        if let Some(field) = self.quantity_field.get_untracked() {
            // Only an element that has left the page refuses.
            let _ = field.focus();
            field.select();
        }
    }

    /// Places the order that the ticket shows, unless one is on its way.
    pub fn place(self, side: Side) {
        let Self { ticker, quantity, is_pending, books, toasts, .. } = self;
        if is_pending.get_untracked() {
            return;
        }
        let order = match read_order(&ticker.get_untracked(), &quantity.get_untracked(), side) {
            Ok(order) => order,
            Err(error) => return toasts.error(error.to_string()),
        };
        is_pending.set(true);
        spawn_local(async move {
            match send(order).await {
                Ok(receipt) => toasts.success(describe(&receipt)),
                Err(error) => toasts.error(error.to_string()),
            }
            if let Err(error) = books.reload().await {
                toasts.error(format!("The account could not be read. {error}"));
            }
            is_pending.set(false);
        });
    }
}

#[component]
pub fn TicketPanel(ticket: Ticket) -> impl IntoView {
    let Ticket { ticker, quantity, is_pending, .. } = ticket;
    view! {
        <form class="panel trade-bar" aria-label="Trade" on:submit=move |event| event.prevent_default()>
            <label class="field">
                <span class="label">"Ticker"</span>
                <input
                    data-testid="trade-ticker"
                    autocomplete="off"
                    autocapitalize="characters"
                    spellcheck="false"
                    maxlength="7"
                    value=ticker.get_untracked()
                    prop:value=ticker
                    on:input:target=move |event| ticker.set(event.target().value())
                />
            </label>
            <label class="field">
                <span class="label">"Quantity"</span>
                <input
                    data-testid="trade-quantity"
                    node_ref=ticket.quantity_field
                    inputmode="decimal"
                    autocomplete="off"
                    maxlength="20"
                    value=quantity.get_untracked()
                    prop:value=quantity
                    on:input:target=move |event| quantity.set(event.target().value())
                />
            </label>
            <button type="button" class="buy" data-testid="trade-buy" disabled=is_pending on:click=move |_| ticket.place(Side::Buy)>
                "Buy"
            </button>
            <button type="button" class="sell" data-testid="trade-sell" disabled=is_pending on:click=move |_| ticket.place(Side::Sell)>
                "Sell"
            </button>
        </form>
    }
}

fn read_order(ticker: &str, quantity: &str, side: Side) -> Result<OrderRequest, ApiError> {
    // People write thousands apart; the separators carry no meaning.
    let quantity = quantity.trim().replace(',', "");
    Ok(OrderRequest {
        ticker: ticker.parse()?,
        side,
        quantity: quantity.parse()?,
        client_order_id: Some(new_client_order_id()?),
    })
}

/// A random id. It names an order, it guards nothing.
fn new_client_order_id() -> Result<ClientOrderId, ApiError> {
    let digits = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    Ok(format!("page-{:08x}{:08x}{:08x}", digits(), digits(), digits()).parse()?)
}

/// Sends an order, and again under the same id when no answer came.
async fn send(order: OrderRequest) -> Result<TradeReceipt, ApiError> {
    let mut resends = 0;
    loop {
        match place_order(order.clone()).await.flatten() {
            Err(ApiError::Unreachable) if resends < RESENDS_MAX => {
                resends += 1;
                sleep(RESEND_DELAY).await;
            }
            answer => return answer,
        }
    }
}

/// `Bought 10 AAPL at 190.42 for $1,904.20. Cash is $8,095.80.`
fn describe(receipt: &TradeReceipt) -> String {
    let trade = &receipt.trade;
    let verb = match trade.side {
        Side::Buy => "Bought",
        Side::Sell => "Sold",
    };
    format!(
        "{verb} {} {} at {} for {}. Cash is {}.",
        trade.quantity, trade.ticker, trade.price, trade.notional, receipt.cash_balance
    )
}
