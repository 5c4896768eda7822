//! A new order's request, and the checks that need neither a market nor an account.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fault::OrderFault,
    terms::{OrderClass, OrderType, Terms, TimeInForce, Trail},
};
use crate::domain::{
    condition::Condition,
    instant::UtcInstant,
    money::{Money, Price, Quantity, TrailPercent},
    order::{ClientOrderId, Side},
    ticker::Ticker,
};

/// The body of `POST /api/orders` and `POST /api/orders/preview`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    pub ticker: Ticker,
    pub side: Side,
    #[serde(rename = "type")]
    pub order_type: OrderType,
    /// Shares; either this or `notional`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Dollars to buy or sell for; only for a simple market order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notional: Option<Money>,
    /// For `limit` and `stop_limit`. Two decimal places from $1 on, four below, as for every price here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_price: Option<Price>,
    /// For `stop` and `stop_limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_price: Option<Price>,
    /// For `trailing_stop`, in dollars; either this or `trail_percent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_amount: Option<Price>,
    /// For `trailing_stop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_percent: Option<TrailPercent>,
    #[serde(default)]
    pub time_in_force: TimeInForce,
    /// Only for `gtd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UtcInstant>,
    /// Whether a limit order may also be filled before the opening and after the close.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extended_hours: bool,
    #[serde(default)]
    pub class: OrderClass,
    /// For `bracket`, and for `oto` without a stop-loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_profit: Option<TakeProfit>,
    /// For `bracket` and `oco`, and for `oto` without a take-profit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_loss: Option<StopLoss>,
    /// Holds the order until the condition is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<ClientOrderId>,
}

/// A limit order that takes the profit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeProfit {
    pub limit_price: Price,
}

/// A stop, a stop-limit or a trailing stop that bounds the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopLoss {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_price: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_price: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_amount: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_percent: Option<TrailPercent>,
}

/// Size of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Shares(Quantity),
    Notional(Money),
}

/// A request with consistent fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub terms: Terms,
    pub size: Size,
    /// For a bracket and an OTO: the take-profit's limit.
    pub take_profit: Option<Price>,
    /// For a bracket, an OCO and an OTO.
    pub stop_loss: Option<Terms>,
}

impl NewOrder {
    /// A simple day order; other fields are set afterwards.
    pub fn simple(ticker: Ticker, side: Side, order_type: OrderType, quantity: Quantity) -> Self {
        Self {
            ticker,
            side,
            order_type,
            quantity: Some(quantity),
            notional: None,
            limit_price: None,
            stop_price: None,
            trail_amount: None,
            trail_percent: None,
            time_in_force: TimeInForce::Day,
            expires_at: None,
            extended_hours: false,
            class: OrderClass::Simple,
            take_profit: None,
            stop_loss: None,
            condition: None,
            client_order_id: None,
        }
    }

    /// Checks that the fields are consistent.
    ///
    /// # Errors
    /// The first field that is missing, does not belong to the type, class or time in force, or has an invalid price.
    pub fn plan(&self) -> Result<Plan, OrderFault> {
        let size = self.size()?;
        let (terms, take_profit) = self.terms_and_target()?;
        let stop_loss = self.stop_loss.map(|stop_loss| stop_loss.terms()).transpose()?;
        self.check_class(terms, take_profit, stop_loss)?;
        self.check_time_in_force()?;
        if self.extended_hours && (self.order_type != OrderType::Limit || self.time_in_force.is_immediate()) {
            let reason = "only limit orders that are day, gtc or gtd can be filled outside the regular session";
            return Err(OrderFault::parameter("extended_hours", reason));
        }
        Ok(Plan { terms, size, take_profit, stop_loss })
    }

    fn size(&self) -> Result<Size, OrderFault> {
        match (self.quantity, self.notional) {
            (Some(quantity), None) => Ok(Size::Shares(quantity)),
            (None, None) => Err(OrderFault::MissingField { field: "quantity" }),
            (Some(_), Some(_)) => Err(OrderFault::parameter("notional", "an order has a quantity or a notional")),
            (None, Some(notional)) if notional < Money::CENT => {
                Err(OrderFault::parameter("notional", "it has to be at least one cent"))
            }
            (None, Some(_)) if self.order_type != OrderType::Market || self.class != OrderClass::Simple => {
                Err(OrderFault::parameter("notional", "only a simple market order can have one"))
            }
            (None, Some(notional)) => Ok(Size::Notional(notional)),
        }
    }

    /// The order's own terms, and its class's take-profit. In an OCO the order itself is the take-profit.
    fn terms_and_target(&self) -> Result<(Terms, Option<Price>), OrderFault> {
        let target = self.take_profit.map(|take_profit| take_profit.limit_price);
        if let Some(target) = target {
            check_increment("take_profit.limit_price", target)?;
        }
        let fields = Fields {
            limit: self.limit_price,
            stop: self.stop_price,
            trail_amount: self.trail_amount,
            trail_percent: self.trail_percent,
            names: OWN_FIELDS,
        };
        match (self.class, target) {
            (OrderClass::Oco, Some(_)) if self.limit_price.is_some() => Err(OrderFault::parameter(
                "take_profit",
                "an oco has its limit in limit_price or in take_profit, not in both",
            )),
            (OrderClass::Oco, Some(_)) => Ok((Fields { limit: target, ..fields }.terms(self.order_type)?, None)),
            _ => Ok((fields.terms(self.order_type)?, target)),
        }
    }

    fn check_class(&self, terms: Terms, target: Option<Price>, stop_loss: Option<Terms>) -> Result<(), OrderFault> {
        let fault = |reason: &str| Err(OrderFault::parameter("class", reason));
        match (self.class, target.is_some(), stop_loss.is_some()) {
            (OrderClass::Simple, false, false) => Ok(()),
            (OrderClass::Simple, ..) => fault("an order with a take_profit or a stop_loss is an oto, oco or bracket"),
            (OrderClass::Oto, true, false) | (OrderClass::Oto, false, true) => self.check_lasts(),
            (OrderClass::Oto, ..) => fault("an oto has either a take_profit or a stop_loss"),
            (OrderClass::Bracket, true, true) => self.check_lasts(),
            (OrderClass::Bracket, false, _) => Err(OrderFault::MissingField { field: "take_profit" }),
            (OrderClass::Bracket | OrderClass::Oco, _, false) => Err(OrderFault::MissingField { field: "stop_loss" }),
            (OrderClass::Oco, ..) if !matches!(terms, Terms::Limit { .. }) => {
                Err(OrderFault::parameter("type", "an oco is a limit order with a stop_loss"))
            }
            (OrderClass::Oco, ..) => self.check_lasts(),
        }
    }

    /// Checks that a group's time in force is not immediate, since its orders affect each other over time.
    fn check_lasts(&self) -> Result<(), OrderFault> {
        match self.time_in_force.is_immediate() {
            true => Err(OrderFault::parameter("time_in_force", "an oco, oto or bracket is day, gtc or gtd")),
            false => Ok(()),
        }
    }

    fn check_time_in_force(&self) -> Result<(), OrderFault> {
        match (self.time_in_force, self.expires_at) {
            (TimeInForce::Gtd, None) => Err(OrderFault::MissingField { field: "expires_at" }),
            (TimeInForce::Gtd, Some(_)) => Ok(()),
            (_, Some(_)) => Err(OrderFault::parameter("expires_at", "only a gtd order has one")),
            (TimeInForce::Ioc | TimeInForce::Fok, None)
                if !matches!(self.order_type, OrderType::Market | OrderType::Limit) =>
            {
                Err(OrderFault::parameter("time_in_force", "ioc and fok are for market and limit orders"))
            }
            (_, None) => Ok(()),
        }
    }
}

impl StopLoss {
    /// The terms of the stop-loss.
    ///
    /// # Errors
    /// If it is neither a stop, a stop-limit nor a trailing stop, or has an invalid price.
    pub fn terms(self) -> Result<Terms, OrderFault> {
        let Self { stop_price: stop, limit_price: limit, trail_amount, trail_percent } = self;
        let order_type = match (stop, limit, trail_amount.is_some() || trail_percent.is_some()) {
            (_, _, true) => OrderType::TrailingStop,
            (_, Some(_), false) => OrderType::StopLimit,
            (_, None, false) => OrderType::Stop,
        };
        Fields { limit, stop, trail_amount, trail_percent, names: STOP_LOSS_FIELDS }.terms(order_type)
    }
}

/// A request's field names for a set of prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldNames {
    pub limit: &'static str,
    pub stop: &'static str,
    pub trail_amount: &'static str,
    pub trail_percent: &'static str,
}

pub(super) const OWN_FIELDS: FieldNames = FieldNames {
    limit: "limit_price",
    stop: "stop_price",
    trail_amount: "trail_amount",
    trail_percent: "trail_percent",
};

pub(super) const STOP_LOSS_FIELDS: FieldNames = FieldNames {
    limit: "stop_loss.limit_price",
    stop: "stop_loss.stop_price",
    trail_amount: "stop_loss.trail_amount",
    trail_percent: "stop_loss.trail_percent",
};

/// An order's prices as in a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub limit: Option<Price>,
    pub stop: Option<Price>,
    pub trail_amount: Option<Price>,
    pub trail_percent: Option<TrailPercent>,
    pub names: FieldNames,
}

impl Fields {
    /// The terms of a type: requires exactly its prices, each a multiple of its increment.
    ///
    /// # Errors
    /// The first field that is missing, superfluous, or not such a multiple.
    pub fn terms(self, order_type: OrderType) -> Result<Terms, OrderFault> {
        self.check_increments()?;
        let Self { limit, stop, names, .. } = self;
        let needs = |price: Option<Price>, field| price.ok_or(OrderFault::MissingField { field });
        let terms = match order_type {
            OrderType::Market => Terms::Market,
            OrderType::Limit => Terms::Limit { limit: needs(limit, names.limit)? },
            OrderType::Stop => Terms::Stop { stop: needs(stop, names.stop)? },
            OrderType::StopLimit => {
                Terms::StopLimit { stop: needs(stop, names.stop)?, limit: needs(limit, names.limit)? }
            }
            OrderType::TrailingStop => Terms::TrailingStop { trail: self.trail()? },
        };
        let has_stop = matches!(order_type, OrderType::Stop | OrderType::StopLimit);
        let has_trail = order_type == OrderType::TrailingStop;
        let strays = [
            (limit.is_some() && terms.limit().is_none(), names.limit),
            (stop.is_some() && !has_stop, names.stop),
            (self.trail_amount.is_some() && !has_trail, names.trail_amount),
            (self.trail_percent.is_some() && !has_trail, names.trail_percent),
        ];
        match strays.into_iter().find(|(is_stray, _)| *is_stray) {
            Some((_, field)) => Err(OrderFault::parameter(field, format!("a {order_type} order has none"))),
            None => Ok(terms),
        }
    }

    fn trail(self) -> Result<Trail, OrderFault> {
        match (self.trail_amount, self.trail_percent) {
            (Some(amount), None) => Ok(Trail::Amount(amount)),
            (None, Some(percent)) => Ok(Trail::Percent(percent)),
            (None, None) => Err(OrderFault::MissingField { field: self.names.trail_amount }),
            (Some(_), Some(_)) => {
                Err(OrderFault::parameter(self.names.trail_percent, "a trail is an amount or a percentage"))
            }
        }
    }

    fn check_increments(self) -> Result<(), OrderFault> {
        let Self { limit, stop, trail_amount, names, .. } = self;
        [(names.limit, limit), (names.stop, stop), (names.trail_amount, trail_amount)]
            .into_iter()
            .filter_map(|(field, price)| Some((field, price?)))
            .try_for_each(|(field, price)| check_increment(field, price))
    }
}

/// Checks that a price is in whole cents from a dollar on (SEC Rule 612), in hundredths of a cent below.
fn check_increment(field: &'static str, price: Price) -> Result<(), OrderFault> {
    const DOLLAR: i64 = 10_000;
    const CENT: i64 = 100;
    match price.units() >= DOLLAR && price.units() % CENT != 0 {
        true => Err(OrderFault::price(field, "a price has two decimal places from $1 on, and four below")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
