//! Orders on their way: each is sent under a name of its own, so that one without an answer can be asked for.

use std::time::Duration;

use futures::future::{Either, select};
use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{find_order, place_order},
    app::{account::Books, format::signed_money, market::Market, names::new_name, toast::Toasts},
    domain::{
        money::{Quantity, Slippage},
        order::{ClientOrderId, OrderRequest, Side, TradeReceipt},
        ticker::Ticker,
    },
    error::ApiError,
};

/// An order that has no answer for so long may as well have been lost…
const ANSWER_TIME_MAX: Duration = Duration::from_secs(4);
/// …and one that is sent again, or asked for.
const LATER_ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// How often such an order is sent again under its name, which the server fills once, and until when. After that it is too
/// late to trade at a price that nobody has looked at, and the order is only asked for: where the server answers, it is known
/// within ten seconds what became of it.
const RESENDS_MAX: u32 = 3;
const RESENDING_MS_MAX: f64 = 5_500.0;
const RESEND_DELAY: Duration = Duration::from_secs(1);

/// How long it takes to ask again; it doubles with every question…
const QUESTION_DELAY_MIN: Duration = Duration::from_secs(2);
/// …up to this.
const QUESTION_DELAY_MAX: Duration = Duration::from_secs(15);

/// The most closed positions whose end is remembered.
const CLOSED_MAX: usize = 8;

/// An order that is not answered yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Working {
    pub order: OrderRequest,
    /// The first answer did not come; whether the order was filled is being found out.
    pub is_in_doubt: bool,
}

/// The handle to the order on its way, of which there is at most one; copies share it.
#[derive(Clone, Copy)]
pub struct Orders {
    pub working: RwSignal<Option<Working>>,
    /// What became of positions that were closed, the latest last; at most [`CLOSED_MAX`].
    closed: RwSignal<Vec<(Ticker, String)>>,
    books: Books,
    toasts: Toasts,
}

impl Orders {
    pub fn new(books: Books, toasts: Toasts) -> Self {
        Self { working: RwSignal::new(None), closed: RwSignal::new(Vec::new()), books, toasts }
    }

    /// What became of a position that was closed, tracked; nothing when this page did not close it lately.
    pub fn end_of(self, ticker: Ticker) -> Option<String> {
        self.closed.with(|closed| closed.iter().rev().find(|(of, _)| *of == ticker).map(|(_, end)| end.clone()))
    }

    /// Places an order and tells what became of it; does nothing while another one is on its way.
    pub fn place(self, ticker: Ticker, quantity: Quantity, side: Side) {
        let Self { working, closed, books, toasts } = self;
        if working.with_untracked(Option::is_some) {
            return;
        }
        let name = match new_name().parse::<ClientOrderId>() {
            Ok(name) => name,
            Err(error) => return toasts.error(error.to_string()),
        };
        // It is filled near the price that was looked at, or not at all.
        let expected_price = books.market.quote_untracked(ticker).map(|quote| quote.price);
        let order = OrderRequest {
            ticker,
            side,
            quantity,
            client_order_id: Some(name.clone()),
            expected_price,
            max_slippage_percent: expected_price.map(|_| Slippage::USUAL),
        };
        working.set(Some(Working { order: order.clone(), is_in_doubt: false }));
        spawn_local(async move {
            if !is_within_reach(books.market, &name).await {
                toasts.error(format!("Offline, not sent: the order to {order}. Nothing was traded."));
                working.try_set(None);
                return;
            }
            match settle(&order, name, working).await {
                Ok(Some(receipt)) => {
                    toasts.success(describe(&receipt));
                    if receipt.position.is_none() {
                        closed.try_update(|closed| note_closed(closed, ticker, &receipt));
                    }
                    books.light(ticker);
                }
                Ok(None) => toasts.error(format!("The order to {order} got lost on its way; nothing was traded.")),
                Err(error) => toasts.error(error.to_string()),
            }
            books.refresh();
            working.try_set(None);
        });
    }
}

/// Whether an order that is sent now arrives now. Where there is doubt the server is asked first: an order that could not
/// be sent must not be filled when the network is back.
async fn is_within_reach(market: Market, name: &ClientOrderId) -> bool {
    let is_doubtful = !window().navigator().on_line() || !market.connection.get_untracked().is_live();
    !is_doubtful
        || !matches!(in_time(ANSWER_TIME_MAX, find_order(name.clone())).await, None | Some(Err(ApiError::Unreachable)))
}

/// Sends an order and finds out what became of it, however long that takes; nothing when it was never filled.
async fn settle(
    order: &OrderRequest,
    name: ClientOrderId,
    working: RwSignal<Option<Working>>,
) -> Result<Option<TradeReceipt>, ApiError> {
    let sent_at_ms = js_sys::Date::now();
    for sending in 0..=RESENDS_MAX {
        let patience = if sending == 0 { ANSWER_TIME_MAX } else { LATER_ANSWER_TIME_MAX };
        match in_time(patience, place_order(order.clone())).await.map(Result::flatten) {
            // A fault of the server's may come after the deed.
            None | Some(Err(ApiError::Unreachable | ApiError::Internal)) => {}
            Some(answer) => return answer.map(Some),
        }
        working.try_update(|working| {
            if let Some(working) = working {
                working.is_in_doubt = true;
            }
        });
        if js_sys::Date::now() - sent_at_ms > RESENDING_MS_MAX {
            break;
        }
        sleep(RESEND_DELAY).await;
    }
    let mut delay = QUESTION_DELAY_MIN;
    loop {
        if let Some(Ok(found)) = in_time(LATER_ANSWER_TIME_MAX, find_order(name.clone())).await {
            return Ok(found);
        }
        sleep(delay).await;
        delay = (delay * 2).min(QUESTION_DELAY_MAX);
    }
}

/// The answer, unless it takes too long.
async fn in_time<T>(patience: Duration, answer: impl Future<Output = T>) -> Option<T> {
    match select(Box::pin(answer), Box::pin(sleep(patience))).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(_) => None,
    }
}

fn note_closed(closed: &mut Vec<(Ticker, String)>, ticker: Ticker, receipt: &TradeReceipt) {
    let trade = &receipt.trade;
    closed.push((ticker, format!("Closed at {}, realised {}", trade.price, signed_money(trade.realized_pnl))));
    let surplus = closed.len().saturating_sub(CLOSED_MAX);
    closed.drain(..surplus);
}

/// `Bought 10 AAPL at 190.42 for $1,904.20. Cash is $8,095.80.`
fn describe(receipt: &TradeReceipt) -> String {
    let trade = &receipt.trade;
    let (verb, realized) = match trade.side {
        Side::Buy => ("Bought", String::new()),
        Side::Sell => ("Sold", format!(", realised {}", signed_money(trade.realized_pnl))),
    };
    format!(
        "{verb} {} {} at {} for {}{realized}. Cash is {}.",
        trade.quantity, trade.ticker, trade.price, trade.notional, receipt.cash_balance
    )
}
