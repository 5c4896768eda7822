//! The actions of a reply that are about orders that wait, and alerts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{
    alerts::{Frequency, request::NewAlert},
    condition::{Comparison, Condition, operand::Operand},
    money::{Price, Quantity},
    order::{ClientOrderId, Side},
    orders::{
        id::OrderId,
        request::NewOrder,
        terms::{OrderType, Terms, TimeInForce, Trail},
    },
    ticker::Ticker,
};

/// An order that waits, as the copilot may place it: a simple one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingOrder {
    pub ticker: Ticker,
    pub side: Side,
    pub quantity: Quantity,
    pub terms: Terms,
    pub time_in_force: TimeInForce,
}

/// The open orders to be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cancelled {
    All,
    OfTicker(Ticker),
    One(OrderId),
}

/// An alert on a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceAlert {
    pub ticker: Ticker,
    /// It fires above the price, or else below it.
    pub is_above: bool,
    pub price: Price,
}

impl WaitingOrder {
    /// The same as a person would ask for it.
    pub fn request(&self, name: ClientOrderId) -> NewOrder {
        let order_type = self.terms.order_type();
        let mut order = NewOrder::simple(self.ticker, self.side, order_type, self.quantity);
        (order.time_in_force, order.client_order_id) = (self.time_in_force, Some(name));
        match self.terms {
            Terms::Market => {}
            Terms::Limit { limit } => order.limit_price = Some(limit),
            Terms::Stop { stop } => order.stop_price = Some(stop),
            Terms::StopLimit { stop, limit } => {
                (order.stop_price, order.limit_price) = (Some(stop), Some(limit));
            }
            Terms::TrailingStop { trail: Trail::Amount(amount) } => order.trail_amount = Some(amount),
            Terms::TrailingStop { trail: Trail::Percent(percent) } => order.trail_percent = Some(percent),
        }
        order
    }

    pub fn order_type(&self) -> OrderType {
        self.terms.order_type()
    }
}

/// `buy 5 NVDA at 120.00`, `sell 5 NVDA stop 110.00`
impl fmt::Display for WaitingOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ticker, side, quantity, terms, time_in_force } = self;
        write!(f, "{} {quantity} {ticker}", side.as_str())?;
        match terms {
            Terms::Market => f.write_str(" at the market")?,
            Terms::Limit { limit } => write!(f, " at {limit}")?,
            Terms::Stop { stop } => write!(f, " stop {stop}")?,
            Terms::StopLimit { stop, limit } => write!(f, " stop {stop} limit {limit}")?,
            Terms::TrailingStop { trail: Trail::Amount(amount) } => write!(f, " trailing stop {amount}")?,
            Terms::TrailingStop { trail: Trail::Percent(percent) } => write!(f, " trailing stop {percent} %")?,
        }
        if *time_in_force == TimeInForce::Day { Ok(()) } else { write!(f, " {time_in_force}") }
    }
}

/// `cancel all orders`
impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("cancel all orders"),
            Self::OfTicker(ticker) => write!(f, "cancel the orders of {ticker}"),
            Self::One(id) => write!(f, "cancel the order {id}"),
        }
    }
}

impl PriceAlert {
    /// It fires once.
    pub fn request(&self) -> NewAlert {
        let op = if self.is_above { Comparison::Above } else { Comparison::Below };
        let condition = Condition::compare(Operand::Price(self.ticker), op, Operand::Number(self.price.dollars()));
        NewAlert { condition, frequency: Frequency::Once, expires_at: None, note: None }
    }
}

/// `alert when NVDA is above 130.00`
impl fmt::Display for PriceAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.is_above { "above" } else { "below" };
        write!(f, "alert when {} is {side} {}", self.ticker, self.price)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::limit(Terms::Limit { limit: price("120") }, TimeInForce::Day, "buy 5 NVDA at 120.00")]
    #[case::stop(Terms::Stop { stop: price("110.5") }, TimeInForce::Gtc, "buy 5 NVDA stop 110.50 gtc")]
    #[case::both(Terms::StopLimit { stop: price("2"), limit: price("3") }, TimeInForce::Day, "buy 5 NVDA stop 2.00 limit 3.00")]
    #[case::trail(Terms::TrailingStop { trail: Trail::Percent("5".parse().unwrap()) }, TimeInForce::Day, "buy 5 NVDA trailing stop 5 %")]
    fn an_order_is_told_and_asked_for(#[case] terms: Terms, #[case] time_in_force: TimeInForce, #[case] words: &str) {
        let (ticker, quantity) = ("NVDA".parse().unwrap(), "5".parse().unwrap());
        let order = WaitingOrder { ticker, side: Side::Buy, quantity, terms, time_in_force };
        assert_eq!(order.to_string(), words);
        let plan = order.request("name".parse().unwrap()).plan().unwrap();
        assert_eq!(plan.terms, terms);
        let json = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<WaitingOrder>(&json).unwrap(), order, "as it is kept");
    }

    #[test]
    fn an_alert_is_told_and_asked_for() {
        let alert = PriceAlert { ticker: "NVDA".parse().unwrap(), is_above: false, price: price("130") };
        assert_eq!(alert.to_string(), "alert when NVDA is below 130.00");
        assert_eq!(alert.request().condition.to_string(), "NVDA is below 130");
    }
}
