//! An order in REST's responses, in events and on the page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    accept::Accepted,
    costs::Commission,
    fault::OrderFault,
    group::Group,
    id::OrderId,
    order::{Order, Role, StatusWord},
    request::Size,
    terms::{OrderClass, OrderType, TimeInForce, Trail},
};
use crate::domain::{
    condition::Condition,
    instant::UtcInstant,
    money::{Money, Price, Quantity, TrailPercent},
    order::{ClientOrderId, OrderSource, Side},
    ticker::Ticker,
};

/// An order, with its legs and its fills.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderView {
    pub id: OrderId,
    pub client_order_id: Option<ClientOrderId>,
    pub ticker: Ticker,
    pub side: Side,
    #[serde(rename = "type")]
    pub order_type: OrderType,
    pub status: StatusWord,
    /// Reason for a cancellation or rejection.
    pub reason: Option<String>,
    /// Shares; for an order by notional the filled ones, absent before the first fill.
    pub quantity: Option<Quantity>,
    pub notional: Option<Money>,
    /// Filled shares; 0 before the first fill.
    pub filled_quantity: f64,
    pub filled_avg_price: Option<Price>,
    pub limit_price: Option<Price>,
    /// Stop price; the present one for a trailing stop.
    pub stop_price: Option<Price>,
    pub trail_amount: Option<Price>,
    pub trail_percent: Option<TrailPercent>,
    /// For a working trailing stop: the best price since it began to work.
    pub high_water_mark: Option<Price>,
    pub time_in_force: TimeInForce,
    pub expires_at: Option<UtcInstant>,
    pub extended_hours: bool,
    pub class: OrderClass,
    /// Role in its group.
    #[schema(inline)]
    pub role: Role,
    pub parent_id: Option<OrderId>,
    #[schema(no_recursion)]
    pub legs: Vec<OrderView>,
    /// Number of writes that changed it, from 1.
    pub revision: u32,
    /// Cash that it holds; the first order of a pair holds for both.
    pub held_amount: Money,
    /// Shares that it holds.
    pub held_quantity: Option<Quantity>,
    /// Commission charged besides the notional.
    pub commission: Money,
    #[schema(value_type = Option<Object>)]
    pub condition: Option<Condition>,
    pub source: OrderSource,
    pub created_at: UtcInstant,
    pub updated_at: UtcInstant,
    /// Time at which its stop was reached.
    pub triggered_at: Option<UtcInstant>,
    pub fills: Vec<FillView>,
}

/// One fill of an order; its trade is among the account's trades.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FillView {
    /// Number among the order's fills, from 1.
    pub number: u32,
    pub trade_id: String,
    pub quantity: Quantity,
    pub price: Price,
    pub commission: Money,
    pub filled_at: UtcInstant,
}

impl OrderView {
    /// An order without its legs.
    pub fn of(order: &Order, fills: Vec<FillView>) -> Self {
        let (trail_amount, trail_percent) = match order.terms.trail() {
            Some(Trail::Amount(amount)) => (Some(amount), None),
            Some(Trail::Percent(percent)) => (None, Some(percent)),
            None => (None, None),
        };
        let (quantity, notional) = match order.size {
            Size::Shares(quantity) => (Some(quantity), None),
            Size::Notional(notional) => (order.filled_quantity(), Some(notional)),
        };
        Self {
            id: order.id,
            client_order_id: order.client_order_id.clone(),
            ticker: order.ticker,
            side: order.side,
            order_type: order.terms.order_type(),
            status: order.status.word(),
            reason: order.status.reason().map(str::to_owned),
            quantity,
            notional,
            filled_quantity: order.filled_quantity().map_or(0.0, |filled| filled.millionths() as f64 / 1e6),
            filled_avg_price: order.filled.and_then(|filled| filled.average_price()),
            limit_price: order.terms.limit(),
            stop_price: order.stop(),
            trail_amount,
            trail_percent,
            high_water_mark: order.high_water_mark,
            time_in_force: order.time_in_force,
            expires_at: order.expires_at,
            extended_hours: order.extended_hours,
            class: order.class,
            role: order.role,
            parent_id: order.parent_id,
            legs: Vec::new(),
            revision: order.revision,
            held_amount: order.held.cash,
            held_quantity: order.held.shares,
            commission: order.filled.map_or(Money::ZERO, |filled| filled.commission),
            condition: order.condition.as_deref().cloned(),
            source: order.source,
            created_at: order.created_at,
            updated_at: order.updated_at,
            triggered_at: order.elected_at,
            fills,
        }
    }

    /// The leader of a group with its legs; `fills_of` returns an order's fills, in order.
    pub fn of_group(group: &Group, mut fills_of: impl FnMut(OrderId) -> Vec<FillView>) -> Self {
        let legs = group.legs().iter().map(|leg| Self::of(leg, fills_of(leg.id))).collect();
        let leader = group.leader();
        Self { legs, ..Self::of(leader, fills_of(leader.id)) }
    }
}

/// A page of an account's orders, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrdersPage {
    pub orders: Vec<OrderView>,
    /// Value of `cursor` that returns the next page; absent on the last page.
    pub next_cursor: Option<String>,
}

/// Orders shown on the page: the open ones, and the latest that have ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenAndRecent {
    /// Version of the account's latest change that this includes.
    pub version: i64,
    /// Newest first.
    pub open: Vec<OrderView>,
    pub recent: Vec<OrderView>,
    /// Cash that no open order holds.
    pub buying_power: Money,
    /// Cash that open orders hold.
    pub held_for_orders: Money,
}

/// Filter by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusFilter {
    #[default]
    Open,
    Closed,
    All,
}

impl std::str::FromStr for StatusFilter {
    type Err = crate::domain::words::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            "all" => Ok(Self::All),
            _ => Err(crate::domain::words::UnknownWord(&["open", "closed", "all"])),
        }
    }
}

/// Estimate of an order's cost, hold and remaining buying power, with the reasons for refusing it. Changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderPreview {
    pub ticker: Ticker,
    pub side: Side,
    /// Price of the estimate: the limit or the stop, else the newest price; absent if there is none.
    pub estimated_price: Option<Price>,
    /// Shares; approximate for an order by notional.
    pub estimated_quantity: Option<Quantity>,
    /// Cost or proceeds, without commission.
    pub estimated_notional: Option<Money>,
    pub estimated_commission: Option<Money>,
    /// Cash that it would hold while open.
    pub held_amount: Money,
    pub held_quantity: Option<Quantity>,
    pub buying_power: Money,
    /// Buying power after the hold, or after the fill if it would fill at once.
    pub buying_power_after: Money,
    /// Whether it is a market order that would fill at once.
    pub fills_at_once: bool,
    pub expires_at: Option<UtcInstant>,
    /// For an order with a stop-loss: the loss between entry and stop.
    pub risk: Option<Risk>,
    pub refusals: Vec<PreviewRefusal>,
}

/// Possible loss and gain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    pub amount: Money,
    /// Loss in percent of the entry's notional.
    pub percent: Option<f64>,
    /// Gain at the take-profit per dollar of loss.
    pub reward_ratio: Option<f64>,
}

/// A reason for refusing the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewRefusal {
    pub code: String,
    pub field: Option<String>,
    pub detail: String,
}

impl From<&OrderFault> for PreviewRefusal {
    fn from(fault: &OrderFault) -> Self {
        Self { code: fault.code().to_owned(), field: fault.field().map(str::to_owned), detail: fault.to_string() }
    }
}

/// Inputs of a preview.
#[derive(Debug, Clone, Copy)]
pub struct PreviewFacts<'a> {
    pub ticker: Ticker,
    pub side: Side,
    pub last: Option<Price>,
    pub buying_power: Money,
    pub commission: Commission,
    pub accepted: Option<&'a Accepted>,
    pub faults: &'a [OrderFault],
}

impl PreviewFacts<'_> {
    pub fn preview(&self) -> OrderPreview {
        let leader = self.accepted.map(|accepted| accepted.group.leader());
        let held = self.accepted.and_then(|accepted| accepted.group.held()).unwrap_or_default();
        let price = leader.and_then(|leader| leader.terms.limit().or(leader.stop())).or(self.last);
        let quantity =
            leader.zip(price).and_then(|(leader, price)| super::accept::expected_quantity(leader.size, price));
        let notional = quantity.zip(price).and_then(|(quantity, price)| Money::of(quantity, price));
        let commission = quantity.zip(price).and_then(|(quantity, price)| self.commission.at_most(quantity, price));
        let fills_at_once = self.accepted.is_some_and(|accepted| accepted.fired.is_some());
        let taken = match (fills_at_once, self.side) {
            (true, Side::Buy) => notional.zip(commission).and_then(|(cost, commission)| cost.checked_add(commission)),
            (true, Side::Sell) => {
                notional.zip(commission).and_then(|(proceeds, commission)| commission.checked_sub(proceeds))
            }
            (false, _) => Some(held.cash),
        };
        OrderPreview {
            ticker: self.ticker,
            side: self.side,
            estimated_price: price,
            estimated_quantity: quantity,
            estimated_notional: notional,
            estimated_commission: commission,
            held_amount: held.cash,
            held_quantity: held.shares,
            buying_power: self.buying_power,
            buying_power_after: taken
                .and_then(|taken| self.buying_power.checked_sub(taken))
                .unwrap_or(self.buying_power),
            fills_at_once,
            expires_at: leader.and_then(|leader| leader.expires_at),
            risk: self
                .accepted
                .zip(price)
                .zip(quantity)
                .and_then(|((accepted, entry), quantity)| risk(&accepted.group, entry, quantity)),
            refusals: self.faults.iter().map(PreviewRefusal::from).collect(),
        }
    }
}

/// Risk from the entry to the stop-loss, and gain to the take-profit.
fn risk(group: &Group, entry: Price, quantity: Quantity) -> Option<Risk> {
    if group.leader().class == OrderClass::Oco {
        return None;
    }
    let leg = |role| group.legs().iter().find(|leg| leg.role == role);
    let stop_loss = leg(Role::StopLoss)?;
    let stop = stop_loss.terms.stop(stop_loss.side, Some(entry))?;
    let apart = |one: Price, other: Price| {
        Price::from_units(one.change_from(other).units().abs()).and_then(|apart| Money::of(quantity, apart))
    };
    let amount = apart(entry, stop)?;
    let reward = leg(Role::TakeProfit).and_then(|leg| apart(leg.terms.limit()?, entry));
    Some(Risk {
        amount,
        percent: Money::of(quantity, entry).and_then(|notional| amount.percent_of(notional)),
        reward_ratio: reward
            .filter(|_| amount > Money::ZERO)
            .map(|reward| (reward.cents() as f64 / amount.cents() as f64 * 100.0).round() / 100.0),
    })
}

#[cfg(test)]
mod tests;
