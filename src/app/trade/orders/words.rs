//! Orders in words: kind, prices, state, and cause of the end.

use crate::{
    app::format::local_time,
    domain::{
        money::{Price, Quantity},
        order::{OrderSource, Side},
        orders::{
            order::{CancelReason, RejectReason, Role, StatusWord},
            terms::{OrderType, TimeInForce},
            view::OrderView,
        },
    },
};

/// `Buy limit`, `Take profit`, `Stop loss, trailing`
pub fn kind(order: &OrderView) -> String {
    match (order.role, order.order_type) {
        (Role::TakeProfit, _) => "Take profit".to_owned(),
        (Role::StopLoss, OrderType::TrailingStop) => "Stop loss, trailing".to_owned(),
        (Role::StopLoss, OrderType::StopLimit) => "Stop loss, limit".to_owned(),
        (Role::StopLoss, _) => "Stop loss".to_owned(),
        (Role::Leader, order_type) => format!("{} {}", side(order.side), type_word(order_type)),
    }
}

pub fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    }
}

/// Within a sentence.
pub fn type_word(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Market => "market",
        OrderType::Limit => "limit",
        OrderType::Stop => "stop",
        OrderType::StopLimit => "stop limit",
        OrderType::TrailingStop => "trailing stop",
    }
}

/// The prices that it waits for: `790.00`, `stop 770.00 → limit 768.00`, `770.10, trails by 2.5%`. A market order has none.
pub fn prices(order: &OrderView) -> String {
    let trail = match (order.trail_amount, order.trail_percent) {
        (Some(amount), _) => Some(format!("trails by {amount}")),
        (None, Some(percent)) => Some(format!("trails by {percent}%")),
        (None, None) => None,
    };
    match (order.stop_price, order.limit_price, trail) {
        (Some(stop), _, Some(trail)) => format!("{stop}, {trail}"),
        (None, _, Some(trail)) => trail,
        (Some(stop), Some(limit), None) => format!("stop {stop} → limit {limit}"),
        (Some(price), None, None) | (None, Some(price), None) => price.to_string(),
        (None, None, None) => "at the market".to_owned(),
    }
}

/// The price at which something happens to it next: its stop until that was reached, then its limit.
pub fn next_price(order: &OrderView) -> Option<Price> {
    let stop = order.stop_price.filter(|_| order.triggered_at.is_none());
    stop.or(order.limit_price)
}

/// `5`, `2 of 5`, `$500.00`
pub fn amount(order: &OrderView) -> String {
    let filled = filled(order);
    match (order.quantity, order.notional) {
        (_, Some(notional)) => match filled {
            Some(filled) => format!("{filled} for {notional}"),
            None => notional.to_string(),
        },
        (Some(quantity), None) => match filled {
            Some(filled) if filled != quantity => format!("{filled} of {quantity}"),
            _ => quantity.to_string(),
        },
        (None, None) => String::new(),
    }
}

/// Quantity filled; `None` for zero.
pub fn filled(order: &OrderView) -> Option<Quantity> {
    Quantity::from_millionths((order.filled_quantity * 1e6).round() as i64).ok()
}

pub fn time_in_force(order: &OrderView) -> String {
    match (order.time_in_force, order.expires_at) {
        (TimeInForce::Gtd, Some(at)) => format!("Until {}", local_time(at)),
        (time_in_force, _) => tif_words(time_in_force).to_owned(),
    }
}

pub fn tif_words(time_in_force: TimeInForce) -> &'static str {
    match time_in_force {
        TimeInForce::Day => "Day",
        TimeInForce::Gtc => "Until cancelled",
        TimeInForce::Gtd => "Until a date",
        TimeInForce::Ioc => "At once, or cancel",
        TimeInForce::Fok => "All at once, or none",
    }
}

/// State, with its cause where that is not obvious.
pub fn state(order: &OrderView) -> String {
    let because = |word: &str, reason: Option<&str>| match reason {
        Some(reason) => format!("{word}: {reason}"),
        None => word.to_owned(),
    };
    match order.status {
        StatusWord::Held if order.condition.is_some() => "Waits for its condition".to_owned(),
        StatusWord::Held => "Waits for its entry".to_owned(),
        StatusWord::Working => "Working".to_owned(),
        StatusWord::Triggered => "Stop reached".to_owned(),
        StatusWord::PartiallyFilled => "Partly filled".to_owned(),
        StatusWord::Filled => match order.filled_avg_price {
            Some(price) => format!("Filled at {price}"),
            None => "Filled".to_owned(),
        },
        StatusWord::Canceled => because("Cancelled", order.reason.as_deref().and_then(cancel_cause)),
        StatusWord::Expired => "Expired".to_owned(),
        StatusWord::Rejected => because("Rejected", order.reason.as_deref().and_then(reject_cause)),
    }
}

/// Nothing where somebody asked for it, which is how orders are cancelled.
fn cancel_cause(reason: &str) -> Option<&'static str> {
    Some(match reason.parse().ok()? {
        CancelReason::Requested => return None,
        CancelReason::ParentEnded => "its entry ended unfilled",
        CancelReason::OtherLegFilled => "the other exit filled",
        CancelReason::OtherLegEnded => "the other exit was cancelled",
        CancelReason::ExitFilled => "its exit filled",
        CancelReason::NotFilledAtOnce => "not filled at once",
        CancelReason::AccountReset => "the account was reset",
        CancelReason::NoPrices => "the ticker gets no prices any more",
    })
}

fn reject_cause(reason: &str) -> Option<&'static str> {
    Some(match reason.parse().ok()? {
        RejectReason::InsufficientCash => "not enough cash at the price that came",
        RejectReason::InsufficientShares => "not enough shares",
        RejectReason::TooManyPositions => "too many positions",
        RejectReason::TooLarge => "too large",
    })
}

pub fn source(source: OrderSource) -> &'static str {
    match source {
        OrderSource::Manual => "You",
        OrderSource::Copilot => "Copilot",
    }
}

/// Reason against an order, with the field named as the page names it: `Stop loss: a stop to sell has to be below 869.88, and
/// 870.75 is not.`
pub fn refusal(field: Option<&str>, detail: &str) -> String {
    let Some((field, reason)) = field.and_then(|field| {
        let rest = detail.split_once(" is not valid: ").filter(|(start, _)| start.contains(field));
        Some((field, rest?.1))
    }) else {
        return detail.to_owned();
    };
    let title = match field.split('.').next().unwrap_or(field) {
        "limit_price" => "Limit",
        "stop_price" => "Stop",
        "trail_amount" | "trail_percent" => "Trail",
        "take_profit" => "Take profit",
        "stop_loss" => "Stop loss",
        "time_in_force" => "In force",
        "expires_at" => "Until",
        "quantity" | "notional" => "Quantity",
        _ => return detail.to_owned(),
    };
    format!("{title}: {reason}")
}

/// `Buy 5 NVDA limit 790.00`
pub fn describe(order: &OrderView) -> String {
    let kind = type_word(order.order_type);
    let prices = if order.order_type == OrderType::Market { String::new() } else { format!(" {}", prices(order)) };
    // The whole quantity, however much is filled.
    let amount = match (order.quantity, order.notional) {
        (_, Some(notional)) => notional.to_string(),
        (Some(quantity), None) => quantity.to_string(),
        (None, None) => String::new(),
    };
    format!("{} {amount} {} {kind}{prices}", side(order.side), order.ticker)
}

/// A sentence on what became of an order: `Bought 5 NVDA at 789.90: buy limit.`
pub fn outcome(order: &OrderView) -> String {
    let verb = if order.side == Side::Buy { "Bought" } else { "Sold" };
    match (order.status, filled(order), order.filled_avg_price) {
        (StatusWord::Filled | StatusWord::PartiallyFilled | StatusWord::Triggered, Some(filled), Some(price)) => {
            let so_far = if order.status == StatusWord::Filled { "" } else { " so far" };
            format!("{verb} {filled} {} at {price}{so_far}: {}.", order.ticker, kind(order).to_ascii_lowercase())
        }
        _ => format!("{}: {}.", describe(order), state(order).to_ascii_lowercase()),
    }
}

#[cfg(test)]
pub mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{
        instant::UtcInstant,
        money::Money,
        orders::{id::OrderId, terms::OrderClass},
    };

    /// A limit order to buy 5 NVDA.
    pub fn order(id: u128, status: StatusWord) -> OrderView {
        OrderView {
            id: OrderId::from_u128(id),
            client_order_id: None,
            ticker: "NVDA".parse().unwrap(),
            side: Side::Buy,
            order_type: OrderType::Limit,
            status,
            reason: None,
            quantity: Some("5".parse().unwrap()),
            notional: None,
            filled_quantity: 0.0,
            filled_avg_price: None,
            limit_price: Some("790".parse().unwrap()),
            stop_price: None,
            trail_amount: None,
            trail_percent: None,
            high_water_mark: None,
            time_in_force: TimeInForce::Day,
            expires_at: None,
            extended_hours: false,
            class: OrderClass::Simple,
            role: Role::Leader,
            parent_id: None,
            legs: Vec::new(),
            revision: 1,
            held_amount: Money::ZERO,
            held_quantity: None,
            commission: Money::ZERO,
            condition: None,
            source: OrderSource::Manual,
            created_at: UtcInstant::EPOCH,
            updated_at: UtcInstant::EPOCH,
            triggered_at: None,
            fills: Vec::new(),
        }
    }

    fn stop(limit: Option<&str>) -> OrderView {
        OrderView {
            side: Side::Sell,
            order_type: if limit.is_some() { OrderType::StopLimit } else { OrderType::Stop },
            stop_price: Some("770".parse().unwrap()),
            limit_price: limit.map(|limit| limit.parse().unwrap()),
            ..order(1, StatusWord::Working)
        }
    }

    #[test]
    fn prices_are_those_that_are_waited_for() {
        assert_eq!(prices(&order(1, StatusWord::Working)), "790.00");
        assert_eq!(prices(&stop(None)), "770.00");
        assert_eq!(prices(&stop(Some("768"))), "stop 770.00 → limit 768.00");
        let trail = OrderView { trail_percent: Some("2.5".parse().unwrap()), ..stop(None) };
        assert_eq!(prices(&trail), "770.00, trails by 2.5%");
        assert_eq!(next_price(&stop(Some("768"))), Some("770".parse().unwrap()));
        let elected = OrderView { triggered_at: Some(UtcInstant::EPOCH), ..stop(Some("768")) };
        assert_eq!(next_price(&elected), Some("768".parse().unwrap()));
    }

    #[rstest]
    #[case(StatusWord::Canceled, Some("requested"), "Cancelled")]
    #[case(StatusWord::Canceled, Some("other_leg_filled"), "Cancelled: the other exit filled")]
    #[case(StatusWord::Rejected, Some("insufficient_cash"), "Rejected: not enough cash at the price that came")]
    #[case(StatusWord::Held, None, "Waits for its entry")]
    #[case(StatusWord::Expired, None, "Expired")]
    fn a_state_has_its_cause(#[case] status: StatusWord, #[case] reason: Option<&str>, #[case] words: &str) {
        let order = OrderView { reason: reason.map(str::to_owned), ..order(1, status) };
        assert_eq!(state(&order), words);
    }

    #[rstest]
    #[case(
        Some("stop_loss.stop_price"),
        "The field \"stop_loss.stop_price\" is not valid: a stop to sell has to be below 869.88, and 870.75 is not.",
        "Stop loss: a stop to sell has to be below 869.88, and 870.75 is not."
    )]
    #[case(None, "There are 10,000 open orders.", "There are 10,000 open orders.")]
    #[case(Some("class"), "The field \"class\" is not valid: odd.", "The field \"class\" is not valid: odd.")]
    #[case(Some("quantity"), "The order needs 2 shares.", "The order needs 2 shares.")]
    fn a_refusal_names_the_field_as_the_page_does(
        #[case] field: Option<&str>,
        #[case] detail: &str,
        #[case] words: &str,
    ) {
        assert_eq!(refusal(field, detail), words);
    }

    #[test]
    fn an_order_is_told_in_a_sentence() {
        let partly = OrderView {
            filled_quantity: 2.0,
            filled_avg_price: Some("789.9".parse().unwrap()),
            ..order(1, StatusWord::PartiallyFilled)
        };
        assert_eq!((amount(&partly).as_str(), kind(&partly).as_str()), ("2 of 5", "Buy limit"));
        assert_eq!(outcome(&partly), "Bought 2 NVDA at 789.90 so far: buy limit.");
        assert_eq!(describe(&stop(None)), "Sell 5 NVDA stop 770.00");
        assert_eq!(outcome(&order(1, StatusWord::Expired)), "Buy 5 NVDA limit 790.00: expired.");
    }
}
