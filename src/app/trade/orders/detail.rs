//! The course of an order: placed, triggered, changed, and each of its fills.

use leptos::prelude::*;

use super::words;
use crate::{
    app::{
        erase::{Erase, Piece},
        format::local_time,
    },
    domain::{
        instant::UtcInstant,
        money::{Money, Price},
        orders::{terms::OrderClass, view::OrderView},
    },
};

pub fn show_detail(order: &OrderView) -> Piece {
    let events: Vec<Piece> = events(order).into_iter().map(|(at, words)| show_event(at, words)).collect();
    let class = match order.class {
        OrderClass::Simple => None,
        OrderClass::Oco => Some("One cancels the other"),
        OrderClass::Oto => Some("An entry with an exit"),
        OrderClass::Bracket => Some("A bracket: an entry, a target and a stop"),
    };
    let commission = (order.commission > Money::ZERO).then(|| format!("Commission {}", order.commission));
    let hours = order.extended_hours.then_some("Also before the opening and after the close");
    let notes: Vec<_> =
        [class.map(str::to_owned), commission, hours.map(str::to_owned)].into_iter().flatten().collect();
    view! {
        <ol class="order-events" data-testid="order-events">{events}</ol>
        <p class="muted">{notes.join(" · ")}</p>
        <p class="muted">{format!("Order {}, revision {}", order.id, order.revision)}</p>
    }
    .erase()
}

fn show_event(at: UtcInstant, words: String) -> Piece {
    view! {
        <li>
            <time class="muted" datetime=at.to_rfc3339()>{local_time(at)}</time>
            " "
            {words}
        </li>
    }
    .erase()
}

/// Events of an order, oldest first.
fn events(order: &OrderView) -> Vec<(UtcInstant, String)> {
    let mut events = vec![(order.created_at, format!("Placed: {}", words::describe(order)))];
    if let Some(at) = order.triggered_at {
        events.push((at, "Its stop was reached".to_owned()));
    }
    for fill in &order.fills {
        events.push((fill.filled_at, fill_words(fill.quantity.to_string(), fill.price)));
    }
    if !super::is_open(order) && order.fills.last().is_none_or(|fill| fill.filled_at != order.updated_at) {
        events.push((order.updated_at, words::state(order)));
    } else if order.revision > 1 && order.fills.is_empty() && order.triggered_at.is_none() {
        events.push((order.updated_at, "Changed".to_owned()));
    }
    events
}

fn fill_words(quantity: String, price: Price) -> String {
    format!("Filled {quantity} at {price}")
}

#[cfg(test)]
mod tests {
    use super::{super::words::tests::order, *};
    use crate::domain::orders::{order::StatusWord, view::FillView};

    #[test]
    fn each_fill_is_told_in_its_place() {
        let fill = |number: u32, at_ms: i64| FillView {
            number,
            trade_id: String::new(),
            quantity: "2".parse().unwrap(),
            price: "789.9".parse().unwrap(),
            commission: Money::ZERO,
            filled_at: UtcInstant::from_unix_ms(at_ms),
        };
        let cancelled = OrderView {
            fills: vec![fill(1, 10), fill(2, 20)],
            updated_at: UtcInstant::from_unix_ms(30),
            ..order(1, StatusWord::Canceled)
        };
        let told: Vec<_> = events(&cancelled).into_iter().map(|(at, words)| (at.unix_ms(), words)).collect();
        let told: Vec<_> = told.iter().map(|(at, words)| (*at, words.as_str())).collect();
        assert_eq!(
            told,
            [
                (0, "Placed: Buy 5 NVDA limit 790.00"),
                (10, "Filled 2 at 789.90"),
                (20, "Filled 2 at 789.90"),
                (30, "Cancelled")
            ]
        );
    }
}
