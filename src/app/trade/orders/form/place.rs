//! Sending an order: under a name of its own, so that it can be sent again without being placed twice.

use std::time::Duration;

use gloo_timers::future::sleep;

use super::super::{OrderBook, words};
use crate::{
    api::submit_order,
    app::names::new_name,
    domain::{
        money::Money,
        order::ClientOrderId,
        orders::{order::StatusWord, request::NewOrder, view::OrderView},
    },
    error::ApiError,
};

/// Most resends of an order without an answer, under the same name.
const RESENDS_MAX: u32 = 3;
const RESEND_DELAY: Duration = Duration::from_secs(1);

/// Places an order, and tells what became of it.
pub async fn place(book: OrderBook, order: NewOrder) {
    match submit(order).await {
        Ok(order) => match order.status {
            StatusWord::Rejected | StatusWord::Expired => book.toasts.error(words::outcome(&order)),
            _ => book.toasts.success(placed(&order)),
        },
        Err(ApiError::Unreachable | ApiError::Internal) => {
            let words = "No answer to the order. It may have been placed: look at the orders before you send it again.";
            book.toasts.error(words.to_owned());
        }
        Err(error) => {
            book.toasts.error(words::refusal(field_of(&error), &error.to_string()));
        }
    }
    book.refresh();
    book.books.refresh();
}

/// Field of the order that a refusal is about.
fn field_of(error: &ApiError) -> Option<&str> {
    if let ApiError::InvalidPrice { field, .. } | ApiError::InvalidParameter { parameter: field, .. } = error {
        Some(field)
    } else {
        None
    }
}

async fn submit(order: NewOrder) -> Result<OrderView, ApiError> {
    let name: ClientOrderId =
        new_name().parse().map_err(|error: crate::domain::order::InvalidClientOrderId| ApiError::from(error))?;
    let order = NewOrder { client_order_id: Some(name), ..order };
    let mut sendings = 0;
    loop {
        match submit_order(order.clone()).await.flatten() {
            // It may have been placed before the answer was lost.
            Err(ApiError::Unreachable | ApiError::Internal) if sendings < RESENDS_MAX => sendings += 1,
            answer => return answer,
        }
        sleep(RESEND_DELAY).await;
    }
}

/// `Placed: Buy 5 NVDA limit 790.00. $3,950.00 is held until it is filled.`
fn placed(order: &OrderView) -> String {
    match order.status {
        StatusWord::Filled => words::outcome(order),
        StatusWord::Canceled => format!("{}: {}.", words::describe(order), words::state(order).to_ascii_lowercase()),
        _ if order.held_amount > Money::ZERO => {
            format!("Placed: {}. {} is held until it is filled.", words::describe(order), order.held_amount)
        }
        _ => format!("Placed: {}.", words::describe(order)),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::words::tests::order, *};

    #[test]
    fn what_was_placed_is_told_with_its_hold() {
        let held = OrderView { held_amount: Money::from_cents(395_000), ..order(1, StatusWord::Working) };
        assert_eq!(placed(&held), "Placed: Buy 5 NVDA limit 790.00. $3,950.00 is held until it is filled.");
        let none = OrderView { reason: Some("not_filled_at_once".to_owned()), ..order(1, StatusWord::Canceled) };
        assert_eq!(placed(&none), "Buy 5 NVDA limit 790.00: cancelled: not filled at once.");
    }
}
