//! Orders that affect each other and are changed by one write.
//!
//! | class   | leader                    | legs                                                                        |
//! |---------|---------------------------|-----------------------------------------------------------------------------|
//! | simple  | the order                 | none                                                                        |
//! | oco     | a limit order             | a stop; both work from the start, each reduces the other                    |
//! | oto     | the parent                | a take-profit or a stop-loss, held until the parent fills                   |
//! | bracket | the parent                | both, held until the parent fills; each reduces the other                   |
//!
//! - A parent's first fill arms its legs with the filled quantity; later fills increase it. Legs survive the
//!   cancellation or expiry of the parent's remainder, and end with a parent that never filled.
//! - A fill of a leg reduces the other leg by the same quantity, and cancels it once nothing is left of it. It also
//!   cancels the parent's remainder: no further entry once the exit has begun.
//! - Cancelling, rejecting or expiring one leg ends the other too, as at Alpaca.

use super::{
    costs::Commission,
    fault::OrderFault,
    hold::{self, Hold},
    id::OrderId,
    order::{CancelReason, Order, OrderFill, OrderStatus, RejectReason, Role},
    request::Size,
    terms::OrderClass,
};
use crate::domain::{
    instant::UtcInstant,
    money::{Price, Quantity, Remainder},
};

/// All orders of one request; a simple order is a group of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Orders, leader first.
    orders: Vec<Order>,
}

/// The orders do not form a group: none, several leaders, or legs of another leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these orders are not one group")]
pub struct NotAGroup;

/// Most orders of one group.
const ORDERS_MAX: usize = 3;

impl Group {
    /// Forms a group.
    ///
    /// # Errors
    /// If the orders do not belong together.
    pub fn of(mut orders: Vec<Order>) -> Result<Self, NotAGroup> {
        orders.sort_by_key(|order| order.role);
        let leader = orders.first().ok_or(NotAGroup)?;
        let are_legs = orders[1..].iter().all(|leg| leg.parent_id == Some(leader.id) && leg.role != Role::Leader);
        let is_led = leader.role == Role::Leader && leader.parent_id.is_none();
        if is_led && are_legs && orders.len() <= ORDERS_MAX { Ok(Self { orders }) } else { Err(NotAGroup) }
    }

    /// Orders, leader first.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    pub fn into_orders(self) -> Vec<Order> {
        self.orders
    }

    pub fn leader(&self) -> &Order {
        // Invariant: `of` refuses an empty group.
        &self.orders[0]
    }

    pub fn legs(&self) -> &[Order] {
        &self.orders[1..]
    }

    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    pub fn is_open(&self) -> bool {
        self.orders.iter().any(Order::is_open)
    }

    /// Sum of its orders' holds; `None` on overflow.
    pub fn held(&self) -> Option<Hold> {
        self.orders.iter().try_fold(Hold::default(), |sum, order| sum.checked_add(order.held))
    }

    /// Applies a change as one write: increments the revision of each changed order, and recomputes the holds.
    ///
    /// # Errors
    /// Those of `change`, and overflow of a hold; the group is unchanged then.
    pub fn write<T>(
        &mut self,
        commission: Commission,
        at: UtcInstant,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, OrderFault>,
    ) -> Result<T, OrderFault> {
        let mut after = self.clone();
        let outcome = change(&mut Change { orders: &mut after.orders, at })?;
        after.assign_holds(commission)?;
        for (before, order) in self.orders.iter().zip(&mut after.orders) {
            if order != before {
                order.revision = before.revision + 1;
                order.updated_at = at.max(before.updated_at);
            }
        }
        *self = after;
        Ok(outcome)
    }

    /// Assigns each order's hold. The first order of a pair holds for both; the second holds nothing.
    ///
    /// # Errors
    /// On overflow.
    pub fn assign_holds(&mut self, commission: Commission) -> Result<(), OrderFault> {
        let too_large = || OrderFault::InvalidQuantity { reason: "the order is too large".to_owned() };
        for order in &mut self.orders {
            order.held = hold::of_order(order, commission).ok_or_else(too_large)?;
        }
        if let Some((first, second)) = pair(&self.orders)
            && self.orders[first].status.is_working()
            && self.orders[second].status.is_working()
        {
            self.orders[first].held = self.orders[first].held.max(self.orders[second].held);
            self.orders[second].held = Hold::default();
        }
        Ok(())
    }
}

/// Indices of the two orders that reduce each other.
fn pair(orders: &[Order]) -> Option<(usize, usize)> {
    match (orders.first()?.class, orders.len()) {
        (OrderClass::Oco, 2) => Some((0, 1)),
        (OrderClass::Bracket, 3) => Some((1, 2)),
        _ => None,
    }
}

/// A group during a change.
pub struct Change<'a> {
    orders: &'a mut [Order],
    at: UtcInstant,
}

impl Change<'_> {
    /// An order of the group.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if the group has no such order.
    pub fn order(&self, id: OrderId) -> Result<&Order, OrderFault> {
        self.orders.iter().find(|order| order.id == id).ok_or(OrderFault::TooLate)
    }

    pub(super) fn leader(&self) -> &Order {
        &self.orders[0]
    }

    /// The two orders that reduce each other, the limit order first.
    pub(super) fn pair(&self) -> Option<(&Order, &Order)> {
        pair(self.orders).map(|(first, second)| (&self.orders[first], &self.orders[second]))
    }

    pub(super) fn legs_mut(&mut self) -> impl Iterator<Item = &mut Order> {
        self.orders[1..].iter_mut()
    }

    pub(super) fn orders_mut(&mut self) -> impl Iterator<Item = &mut Order> {
        self.orders.iter_mut()
    }

    pub(super) fn order_mut(&mut self, id: OrderId) -> Result<&mut Order, OrderFault> {
        self.orders.iter_mut().find(|order| order.id == id).ok_or(OrderFault::TooLate)
    }

    /// Starts the leader, and both orders of an OCO, once the condition is true.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if it is not held.
    pub fn submit(&mut self, last: Price) -> Result<(), OrderFault> {
        let at = self.at;
        let begins = if self.orders[0].class == OrderClass::Oco { self.orders.len() } else { 1 };
        for order in &mut self.orders[..begins] {
            order.hold_price = Some(hold::hold_price(order.terms, order.side, last));
            order.begin_work(last, at)?;
        }
        Ok(())
    }

    /// Records the best price that a trailing stop has seen.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if the group has no such order.
    pub fn set_mark(&mut self, id: OrderId, mark: Price) -> Result<(), OrderFault> {
        let order = self.order_mut(id)?;
        if order.status.is_working() && order.terms.trail().is_some() {
            order.high_water_mark = Some(mark);
        }
        Ok(())
    }

    /// # Errors
    /// [`OrderFault::TooLate`] if the order is not working.
    pub fn elect(&mut self, id: OrderId) -> Result<(), OrderFault> {
        let at = self.at;
        self.order_mut(id)?.elect(at)
    }

    /// Fills an order and applies the consequences for the others. `last` is the newest price.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if the order is not working, [`OrderFault::InvalidQuantity`] if the fill exceeds the
    /// remainder.
    pub fn fill(&mut self, id: OrderId, fill: &OrderFill, last: Price) -> Result<(), OrderFault> {
        let order = self.order_mut(id)?;
        order.fill(fill)?;
        match (order.role, order.class) {
            (Role::Leader, OrderClass::Bracket | OrderClass::Oto) => self.arm_legs(last),
            (Role::Leader, OrderClass::Simple) => Ok(()),
            (Role::Leader, OrderClass::Oco) => self.reduce_other(id, fill.quantity),
            (Role::TakeProfit | Role::StopLoss, _) => {
                self.reduce_other(id, fill.quantity)?;
                self.end_parent(CancelReason::ExitFilled)
            }
        }
    }

    /// Cancels an order, and the orders that depend on it.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if the order has ended.
    pub fn cancel(&mut self, id: OrderId, reason: CancelReason) -> Result<(), OrderFault> {
        self.order_mut(id)?.cancel(reason)?;
        let (of_legs, of_pair) = match reason {
            // All orders end for the same reason.
            CancelReason::AccountReset | CancelReason::NoPrices => (reason, reason),
            _ => (CancelReason::ParentEnded, CancelReason::OtherLegEnded),
        };
        self.end_with(id, of_legs, of_pair)
    }

    /// Rejects an order, and ends the orders that depend on it.
    ///
    /// # Errors
    /// [`OrderFault::TooLate`] if the order has ended.
    pub fn reject(&mut self, id: OrderId, reason: RejectReason) -> Result<(), OrderFault> {
        self.order_mut(id)?.reject(reason)?;
        self.end_with(id, CancelReason::ParentEnded, CancelReason::OtherLegEnded)
    }

    /// Expires every order whose time has come; the legs of a parent that never filled end with it.
    ///
    /// # Errors
    /// Returns no error of its own.
    pub fn expire(&mut self) -> Result<(), OrderFault> {
        let at = self.at;
        let is_due = |order: &Order| order.is_open() && order.expires_at.is_some_and(|expiry| expiry <= at);
        let due: Vec<OrderId> = self.orders.iter().filter(|order| is_due(order)).map(|order| order.id).collect();
        for id in &due {
            let order = self.order_mut(*id)?;
            if order.is_open() {
                order.expire()?;
            }
        }
        for id in due {
            self.end_with(id, CancelReason::ParentEnded, CancelReason::OtherLegEnded)?;
        }
        Ok(())
    }

    /// Ends the orders that depend on an order that has just ended.
    fn end_with(&mut self, id: OrderId, of_legs: CancelReason, of_pair: CancelReason) -> Result<(), OrderFault> {
        let ended = self.order(id)?;
        let (role, class, has_filled) = (ended.role, ended.class, ended.filled.is_some());
        let others = self.orders.iter_mut().filter(|order| order.id != id && order.is_open());
        for other in others {
            match (role, class) {
                (Role::Leader, OrderClass::Oco) => other.cancel(of_pair)?,
                // Armed legs protect the filled quantity.
                (Role::Leader, _) if has_filled => {}
                (Role::Leader, _) => other.cancel(of_legs)?,
                (Role::TakeProfit | Role::StopLoss, OrderClass::Oco) => other.cancel(of_pair)?,
                (Role::TakeProfit | Role::StopLoss, _) if other.role == Role::Leader => {}
                (Role::TakeProfit | Role::StopLoss, _) => other.cancel(of_pair)?,
            }
        }
        Ok(())
    }

    /// Sets the legs' quantity to the parent's filled quantity; the first fill makes them work.
    fn arm_legs(&mut self, last: Price) -> Result<(), OrderFault> {
        let at = self.at;
        let Some((parent, legs)) = self.orders.split_first_mut() else {
            return Ok(());
        };
        let Some(filled) = parent.filled else {
            return Ok(());
        };
        for leg in legs.iter_mut().filter(|leg| leg.is_open()) {
            leg.size = Size::Shares(filled.quantity);
            if leg.status == OrderStatus::Held {
                leg.hold_price = Some(hold::hold_price(leg.terms, leg.side, last));
                leg.begin_work(last, at)?;
            }
        }
        Ok(())
    }

    /// Reduces the other order of a pair by the filled quantity.
    fn reduce_other(&mut self, id: OrderId, quantity: Quantity) -> Result<(), OrderFault> {
        let Some((first, second)) = pair(self.orders) else {
            return Ok(());
        };
        let other = if self.orders[first].id == id { second } else { first };
        let other = &mut self.orders[other];
        if !other.is_open() {
            return Ok(());
        }
        let (Some(left), Size::Shares(size)) = (other.left(), other.size) else {
            return Ok(());
        };
        match (left.minus(quantity), size.minus(quantity)) {
            (Remainder::Some(_), Remainder::Some(rest)) => other.size = Size::Shares(rest),
            _ => other.cancel(CancelReason::OtherLegFilled)?,
        }
        Ok(())
    }

    fn end_parent(&mut self, reason: CancelReason) -> Result<(), OrderFault> {
        let parent = &mut self.orders[0];
        let is_parent = matches!(parent.class, OrderClass::Bracket | OrderClass::Oto);
        if is_parent && parent.is_open() { parent.cancel(reason) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
