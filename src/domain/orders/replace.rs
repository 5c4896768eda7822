//! A change to an open order: the body of `PATCH /api/orders/{id}`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    accept::{DayEnd, GTC_DAYS_MAX, GTD_DAYS_MAX, check_pair, days_after},
    fault::OrderFault,
    group::Change,
    hold,
    id::OrderId,
    order::{Order, Role},
    request::{Fields, OWN_FIELDS, Size},
    terms::{OrderClass, OrderType, Terms, TimeInForce, Trail},
};
use crate::domain::{
    instant::UtcInstant,
    money::{Price, Quantity, Remainder, TrailPercent},
    order::{ClientOrderId, Side},
};

/// New values of an open order; a missing field keeps its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceOrder {
    /// Total quantity, the filled part included. The quantity of an exit of a bracket or OTO follows its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_price: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_price: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_amount: Option<Price>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_percent: Option<TrailPercent>,
    /// Applies to the whole group; not `ioc` or `fok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_in_force: Option<TimeInForce>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UtcInstant>,
    /// Expected revision; otherwise the change is refused with `revision_conflict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<ClientOrderId>,
}

/// The market's state at a change.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub at: UtcInstant,
    pub last: Price,
    pub day_end: DayEnd,
}

impl Change<'_> {
    /// Changes an order of the group.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it has ended, [`OrderFault::RevisionConflict`] if its revision differs, and the
    /// faults of the new values.
    pub fn replace(&mut self, id: OrderId, request: &ReplaceOrder, now: &Now) -> Result<(), OrderFault> {
        let order = self.order(id)?;
        order.check_open()?;
        order.check_revision(request.if_revision)?;
        let terms = new_terms(order, request)?;
        if terms != order.terms {
            check_terms(order, terms, now)?;
            let order = self.order_mut(id)?;
            if order.status.is_working() {
                order.hold_price = Some(hold::hold_price(terms, order.side, order.high_water_mark.unwrap_or(now.last)));
            }
            order.terms = terms;
            self.check_pair(now)?;
        }
        if let Some(quantity) = request.quantity {
            self.resize(id, quantity)?;
        }
        self.set_time(request, now)
    }

    /// Checks that a pair's limit stays on the other side of its stop.
    fn check_pair(&self, now: &Now) -> Result<(), OrderFault> {
        let Some((target, stop_loss)) = self.pair() else {
            return Ok(());
        };
        let mark = stop_loss.high_water_mark.unwrap_or(now.last);
        let is_open = target.is_open() && stop_loss.is_open();
        let fault = check_pair(target.terms.limit(), Some(stop_loss.terms), target.side, mark, "limit_price");
        fault.filter(|_| is_open).map_or(Ok(()), Err)
    }

    fn resize(&mut self, id: OrderId, quantity: Quantity) -> Result<(), OrderFault> {
        let order = self.order(id)?;
        let (class, role) = (order.class, order.role);
        let fault = |reason: &str| Err(OrderFault::InvalidQuantity { reason: reason.to_owned() });
        if role != Role::Leader {
            return fault("that of an exit follows the order it belongs to");
        }
        if matches!(order.size, Size::Notional(_)) {
            return fault("the order has a notional in its place");
        }
        if let Some(filled) = order.filled_quantity()
            && !matches!(quantity.minus(filled), Remainder::Some(_))
        {
            return fault("so much, or more, has been filled");
        }
        let old = order.left();
        self.order_mut(id)?.size = Size::Shares(quantity);
        let left = self.order(id)?.left();
        // Both orders of an OCO have the same remainder; held legs will get the parent's filled quantity.
        for leg in self.legs_mut().filter(|leg| leg.is_open()) {
            match (class, left, old) {
                (OrderClass::Oco, Some(left), Some(_)) => {
                    let filled = leg.filled_quantity();
                    let size = filled.map_or(Some(left), |filled| left.checked_add(filled));
                    leg.size = size.map_or(leg.size, Size::Shares);
                }
                _ if leg.status.is_working() => {}
                _ => leg.size = Size::Shares(quantity),
            }
        }
        Ok(())
    }

    /// Changes the whole group's expiry.
    fn set_time(&mut self, request: &ReplaceOrder, now: &Now) -> Result<(), OrderFault> {
        let leader = self.leader();
        let time_in_force = match (request.time_in_force, request.expires_at) {
            (None, None) => return Ok(()),
            (Some(time_in_force), _) => time_in_force,
            (None, Some(_)) => leader.time_in_force,
        };
        if time_in_force.is_immediate() || leader.time_in_force.is_immediate() {
            return Err(OrderFault::parameter("time_in_force", "an order that waits does not become ioc or fok"));
        }
        let expires_at = match (time_in_force, request.expires_at) {
            (TimeInForce::Gtd, None) => return Err(OrderFault::MissingField { field: "expires_at" }),
            (TimeInForce::Gtd, Some(end)) => checked_end(end, now)?,
            (_, Some(_)) => return Err(OrderFault::parameter("expires_at", "only a gtd order has one")),
            (TimeInForce::Gtc, None) => days_after(leader.created_at, GTC_DAYS_MAX),
            (_, None) if leader.extended_hours => now.day_end.extended,
            (_, None) => now.day_end.regular,
        };
        for order in self.orders_mut().filter(|order| order.is_open()) {
            order.time_in_force = time_in_force;
            order.expires_at = Some(expires_at);
        }
        Ok(())
    }
}

fn checked_end(end: UtcInstant, now: &Now) -> Result<UtcInstant, OrderFault> {
    if end <= now.at {
        Err(OrderFault::parameter("expires_at", "it has to be in the future"))
    } else if end > days_after(now.at, GTD_DAYS_MAX) {
        Err(OrderFault::parameter("expires_at", format!("it is more than {GTD_DAYS_MAX} days ahead")))
    } else {
        Ok(end)
    }
}

/// The order's terms with the request's prices in place of its own.
fn new_terms(order: &Order, request: &ReplaceOrder) -> Result<Terms, OrderFault> {
    let own_trail = order.terms.trail();
    let (mut trail_amount, mut trail_percent) = (request.trail_amount, request.trail_percent);
    if trail_amount.is_none() && trail_percent.is_none() {
        match own_trail {
            Some(Trail::Amount(amount)) => trail_amount = Some(amount),
            Some(Trail::Percent(percent)) => trail_percent = Some(percent),
            None => {}
        }
    }
    let order_type = order.terms.order_type();
    let own_stop = match order.terms {
        Terms::Stop { stop } | Terms::StopLimit { stop, .. } => Some(stop),
        Terms::Market | Terms::Limit { .. } | Terms::TrailingStop { .. } => None,
    };
    if order.elected_at.is_some()
        && (request.stop_price.is_some() || request.trail_amount.is_some() || request.trail_percent.is_some())
    {
        return Err(OrderFault::parameter("stop_price", "the stop has been reached"));
    }
    if order_type == OrderType::Market && request.limit_price.is_some() {
        return Err(OrderFault::parameter("limit_price", "a market order has none"));
    }
    Fields {
        limit: request.limit_price.or(order.terms.limit()),
        stop: request.stop_price.or(own_stop),
        trail_amount,
        trail_percent,
        names: OWN_FIELDS,
    }
    .terms(order_type)
}

/// Checks that a working stop stays on its side of the market.
fn check_terms(order: &Order, terms: Terms, now: &Now) -> Result<(), OrderFault> {
    if !order.status.is_working() || order.elected_at.is_some() || !terms.is_stop() {
        return Ok(());
    }
    let mark = order.high_water_mark.unwrap_or(now.last);
    let field = if terms.trail().is_some() { "trail_amount" } else { "stop_price" };
    let Some(stop) = terms.stop(order.side, Some(mark)) else {
        return Err(OrderFault::price(field, "the stop would be out of reach"));
    };
    let is_wrong = match order.side {
        Side::Sell => stop >= now.last,
        Side::Buy => stop <= now.last,
    };
    let side = if order.side == Side::Sell { "below" } else { "above" };
    match is_wrong {
        true => Err(OrderFault::price(field, format!("the stop has to be {side} {}, and {stop} is not", now.last))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
