//! The lines: which prices of an order have one, what it says, and where it stands.

use std::fmt;

use leptos::prelude::*;

use crate::{
    app::{
        format::signed_money,
        trade::{
            alerts::{AlertId, PriceAlert},
            orders::is_open,
            ticket::terms::{TicketTerms, title},
        },
    },
    domain::{
        condition::Comparison,
        money::{Money, Price, Quantity},
        order::Side,
        orders::{id::OrderId, order::Role, terms::OrderType, view::OrderView},
        typed_number::read_number,
    },
    interop::lightweight_charts::price_scale::PriceScale,
};

/// Which price of an order a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Limit,
    Stop,
    TakeProfit,
    StopLoss,
    /// Price of an alert.
    Alert,
}

impl Field {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::TakeProfit => "take-profit",
            Self::StopLoss => "stop-loss",
            Self::Alert => "alert",
        }
    }
}

/// Owner of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Order(OrderId, Field),
    /// A price written in the ticket, not placed yet.
    Ticket(Field),
    Alert(AlertId),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(id, field) => write!(f, "{id} {}", field.as_str()),
            Self::Ticket(field) => f.write_str(field.as_str()),
            Self::Alert(id) => id.fmt(f),
        }
    }
}

/// A line on the chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub key: Key,
    pub price: Price,
    pub label: String,
    pub tone: &'static str,
    /// It follows from something else, and cannot be dragged.
    pub is_fixed: bool,
    /// For the amount shown in the label.
    pub stake: Option<Stake>,
    /// The order's revision; a change is for this one.
    pub revision: u32,
}

/// Side and size of an order, from which a price gives an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stake {
    pub side: Side,
    pub quantity: Quantity,
    /// Cost of a share, for an exit.
    pub cost: Option<Price>,
}

impl Stake {
    /// Cost of a purchase at a price, or gain of a sale over its cost: `$3,950.00`, `+$182.40`
    pub fn words(self, price: Price) -> Option<String> {
        match (self.side, self.cost) {
            (Side::Buy, _) => Money::of(self.quantity, price).map(|cost| cost.to_string()),
            (Side::Sell, Some(cost)) => {
                let gain = Money::of(self.quantity, price)?.checked_sub(Money::of(self.quantity, cost)?)?;
                Some(signed_money(gain))
            }
            (Side::Sell, None) => Money::of(self.quantity, price).map(|proceeds| proceeds.to_string()),
        }
    }
}

/// Prices from which the gain of a sale is counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Basis {
    pub average_cost: Option<Price>,
    /// Of an exit whose shares are still to be bought.
    pub entry: Option<Price>,
}

/// A line for each price that an order waits for.
pub fn lines_of_order(order: &OrderView, basis: Basis) -> Vec<Line> {
    if !is_open(order) {
        return Vec::new();
    }
    let quantity = order.quantity.map(|quantity| quantity.to_string()).unwrap_or_default();
    let name = match order.role {
        Role::TakeProfit => format!("Target {quantity}"),
        Role::StopLoss => format!("Stop {quantity}"),
        Role::Leader => format!("{} {quantity}", super::super::words::side(order.side)),
    };
    let stake = order.quantity.map(|quantity| Stake {
        side: order.side,
        quantity,
        cost: basis.entry.or(basis.average_cost).filter(|_| order.side == Side::Sell),
    });
    let line = |field: Field, price: Price, word: &str| Line {
        key: Key::Order(order.id, field),
        price,
        label: if order.role == Role::Leader { format!("{name} {word}") } else { name.clone() },
        tone: tone(order.role, field, order.side),
        is_fixed: order.order_type == OrderType::TrailingStop,
        stake,
        revision: order.revision,
    };
    let stop_word = if order.order_type == OrderType::TrailingStop { "trailing stop" } else { "stop" };
    let stop = order.stop_price.filter(|_| order.triggered_at.is_none()).map(|stop| line(Field::Stop, stop, stop_word));
    let limit = order.limit_price.map(|limit| line(Field::Limit, limit, "limit"));
    stop.into_iter().chain(limit).collect()
}

fn tone(role: Role, field: Field, side: Side) -> &'static str {
    match (role, field, side) {
        (Role::TakeProfit, ..) => "target",
        (Role::StopLoss, ..) | (_, Field::Stop, Side::Sell) => "stop",
        _ => "entry",
    }
}

/// A line for each price that is written in the ticket, tracked.
pub fn lines_of_ticket(terms: TicketTerms) -> Vec<Line> {
    let read = |text: RwSignal<String>| -> Option<Price> { text.with(|text| read_number(text).ok()?.parse().ok()) };
    let order_type = terms.order_type.get();
    let has_stop = matches!(order_type, OrderType::Stop | OrderType::StopLimit);
    let has_limit = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
    let line = |field, price, label: String, tone| Line {
        key: Key::Ticket(field),
        price,
        label,
        tone,
        is_fixed: false,
        stake: None,
        revision: 0,
    };
    let fields = [
        (Field::Stop, read(terms.stop).filter(|_| has_stop), format!("{} · ticket", title(OrderType::Stop)), "entry"),
        (
            Field::Limit,
            read(terms.limit).filter(|_| has_limit),
            format!("{} · ticket", title(OrderType::Limit)),
            "entry",
        ),
        (Field::TakeProfit, read(terms.take_profit), "Target · ticket".to_owned(), "target"),
        (Field::StopLoss, read(terms.stop_loss), "Stop loss · ticket".to_owned(), "stop"),
    ];
    fields.into_iter().filter_map(|(field, price, label, tone)| Some(line(field, price?, label, tone))).collect()
}

/// The line of an alert for a price. Its label tells the side that is waited for.
pub fn line_of_alert(alert: PriceAlert) -> Line {
    let side = match alert.comparison {
        Comparison::Above | Comparison::AtLeast | Comparison::CrossesAbove => "above",
        Comparison::Below | Comparison::AtMost | Comparison::CrossesBelow => "below",
    };
    Line {
        key: Key::Alert(alert.id),
        price: alert.price,
        label: format!("Alert {side}"),
        tone: "alert",
        is_fixed: false,
        stake: None,
        revision: 0,
    }
}

/// The text of the ticket that a line of it is; an alert has none.
pub fn text_of(terms: TicketTerms, field: Field) -> Option<RwSignal<String>> {
    Some(match field {
        Field::Limit => terms.limit,
        Field::Stop => terms.stop,
        Field::TakeProfit => terms.take_profit,
        Field::StopLoss => terms.stop_loss,
        Field::Alert => return None,
    })
}

/// As high as a label, in CSS pixels.
const LABEL_HEIGHT: f64 = 26.0;

/// Horizontal level (0 to 2) of each label, from the top down: near neighbours get different levels.
pub fn spread(lines: &[Line], scale: PriceScale) -> Vec<(Key, u8)> {
    let mut places: Vec<(f64, Key)> =
        lines.iter().map(|line| (scale.label_place(scale.place(line.price)), line.key)).collect();
    places.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut spread: Vec<(Key, u8)> = Vec::with_capacity(places.len());
    let mut before: Option<f64> = None;
    let mut level = 0;
    for (place, key) in places {
        let is_near = before.is_some_and(|before| place - before < LABEL_HEIGHT);
        level = if is_near { (level + 1) % 3 } else { 0 };
        before = Some(place);
        spread.push((key, level));
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::{super::super::words::tests::order, *};
    use crate::domain::orders::order::StatusWord;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn an_order_has_a_line_for_each_price_that_it_waits_for() {
        let lines = lines_of_order(&order(1, StatusWord::Working), Basis::default());
        let told: Vec<_> = lines.iter().map(|line| (line.label.as_str(), line.price, line.tone)).collect();
        assert_eq!(told, [("Buy 5 limit", price("790"), "entry")]);
        assert_eq!(lines[0].stake.unwrap().words(lines[0].price).as_deref(), Some("$3,950.00"));
        let both = OrderView {
            order_type: OrderType::StopLimit,
            stop_price: Some(price("795")),
            ..order(1, StatusWord::Working)
        };
        assert_eq!(lines_of_order(&both, Basis::default()).len(), 2);
        assert_eq!(lines_of_order(&order(1, StatusWord::Filled), Basis::default()), []);
    }

    #[test]
    fn an_exit_tells_what_it_gains() {
        let target = OrderView { role: Role::TakeProfit, side: Side::Sell, ..order(1, StatusWord::Held) };
        let lines = lines_of_order(&target, Basis { average_cost: Some(price("700")), entry: Some(price("780")) });
        assert_eq!(lines[0].label, "Target 5");
        assert_eq!(lines[0].stake.unwrap().words(price("790")).as_deref(), Some("+$50.00"), "over its own entry");
        assert_eq!(lines[0].stake.unwrap().words(price("770")).as_deref(), Some("−$50.00"));
    }

    #[test]
    fn labels_that_would_lie_over_each_other_stand_aside() {
        let scale = PriceScale { top: 850.0, bottom: 750.0, height: 400.0, axis_width: 60.0 };
        let at = |id: u128, limit: &str| {
            let order = OrderView { limit_price: Some(price(limit)), ..order(id, StatusWord::Working) };
            lines_of_order(&order, Basis::default())
        };
        let lines: Vec<Line> = [at(1, "790"), at(2, "788"), at(3, "820"), at(4, "786")].concat();
        let levels: Vec<_> = spread(&lines, scale).into_iter().map(|(_, level)| level).collect();
        assert_eq!(levels, [0, 0, 1, 2], "820 alone; 790, 788 and 786 eight pixels apart");
    }
}
