//! Checks a request against the market and the account, and makes its orders.

use super::{
    OPEN_ORDERS_MAX,
    fault::OrderFault,
    group::Group,
    hold::{self, Hold, Holds},
    id::OrderId,
    order::{Order, OrderStatus, Role},
    request::{NewOrder, Plan, Size},
    rules::{FillModel, FillRules, Resting, Step},
    settle::Fired,
    span::Span,
    terms::{OrderClass, Terms, TimeInForce, Trail},
};
use crate::domain::{
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    order::{OrderSource, Side},
    ticker::Ticker,
};

/// Lifetime of a `gtc` order in days.
pub const GTC_DAYS_MAX: i64 = 90;

/// Latest end of a `gtd` order, in days ahead.
pub const GTD_DAYS_MAX: i64 = 366;

/// Inputs of the decision about an order.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    pub now: UtcInstant,
    /// Newest tick of the ticker.
    pub tick: &'a Span,
    /// Whether market orders are filled now.
    pub is_open: bool,
    pub day_end: DayEnd,
    pub rules: &'a FillRules,
    pub cash: Money,
    /// Shares of the ticker held by the account.
    pub shares: Option<Quantity>,
    pub holds: &'a Holds,
    pub open_orders: usize,
    pub source: OrderSource,
}

/// End of the session of a day order that is placed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayEnd {
    pub regular: UtcInstant,
    /// End for orders with extended hours.
    pub extended: UtcInstant,
}

/// Orders made from a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    pub group: Group,
    /// Market order to be settled in the same write.
    pub fired: Option<Fired>,
}

impl Circumstances<'_> {
    /// Makes the orders of a request. `ids` are those of the leader, the first and the second leg.
    ///
    /// # Errors
    /// The first fault. A market order that fills at once is checked when it is filled.
    pub fn accept(&self, request: &NewOrder, ids: [OrderId; 3]) -> Result<Accepted, OrderFault> {
        let plan = request.plan()?;
        if let Some(fault) = self.market_faults(request, &plan).into_iter().next() {
            return Err(fault);
        }
        let accepted = self.accepted(request, &plan, ids)?;
        match self.account_faults(&accepted)?.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(accepted),
        }
    }

    /// All faults of a request, and its orders if they can be determined.
    pub fn judge(&self, request: &NewOrder, ids: [OrderId; 3]) -> (Vec<OrderFault>, Option<Accepted>) {
        let plan = match request.plan() {
            Ok(plan) => plan,
            Err(fault) => return (vec![fault], None),
        };
        let mut faults = self.market_faults(request, &plan);
        let accepted = self.accepted(request, &plan, ids);
        let outcome = accepted.and_then(|accepted| Ok((self.account_faults(&accepted)?, accepted)));
        match outcome {
            Ok((more, accepted)) => {
                faults.extend(more);
                (faults, Some(accepted))
            }
            Err(fault) => {
                faults.push(fault);
                (faults, None)
            }
        }
    }

    /// Faults by the market: stops on the wrong side, unprofitable targets, an end in the past.
    fn market_faults(&self, request: &NewOrder, plan: &Plan) -> Vec<OrderFault> {
        let (side, last) = (request.side, self.tick.last);
        let mut faults = Vec::new();
        faults.extend(check_stop(plan.terms, side, last, OWN_STOP));
        if request.class == OrderClass::Oco {
            faults.extend(plan.stop_loss.and_then(|terms| check_stop(terms, side, last, STOP_LOSS)));
            faults.extend(check_pair(plan.terms.limit(), plan.stop_loss, side, last, "limit_price"));
        } else {
            let (entry, exit) = (entry_price(plan.terms, side, last), opposite(side));
            faults.extend(plan.stop_loss.and_then(|terms| check_stop(terms, exit, entry, STOP_LOSS)));
            faults.extend(plan.take_profit.and_then(|target| check_target(target, exit, entry)));
            faults.extend(check_pair(plan.take_profit, plan.stop_loss, exit, entry, "take_profit.limit_price"));
        }
        faults.extend(request.expires_at.and_then(|end| self.check_end(end)));
        faults
    }

    fn check_end(&self, end: UtcInstant) -> Option<OrderFault> {
        if end <= self.now {
            return Some(OrderFault::parameter("expires_at", "it has to be in the future"));
        }
        let is_too_far = end > days_after(self.now, GTD_DAYS_MAX);
        is_too_far.then(|| OrderFault::parameter("expires_at", format!("it is more than {GTD_DAYS_MAX} days ahead")))
    }

    fn accepted(&self, request: &NewOrder, plan: &Plan, ids: [OrderId; 3]) -> Result<Accepted, OrderFault> {
        let leader = self.leader(request, plan, ids[0]);
        let is_oco = request.class == OrderClass::Oco;
        let side = if is_oco { request.side } else { opposite(request.side) };
        let target = plan.take_profit.map(|limit| (Terms::Limit { limit }, Role::TakeProfit));
        let stop_loss = plan.stop_loss.map(|terms| (terms, Role::StopLoss));
        let legs = target.into_iter().chain(stop_loss).zip(&ids[1..]).map(|((terms, role), id)| {
            let works = is_oco && leader.status == OrderStatus::Working;
            let leg = Order {
                id: *id,
                client_order_id: None,
                side,
                terms,
                role,
                parent_id: Some(leader.id),
                condition: None,
                extended_hours: false,
                status: OrderStatus::Held,
                working_at: None,
                high_water_mark: None,
                hold_price: None,
                ..leader.clone()
            };
            if works { self.working(leg) } else { leg }
        });
        let orders: Vec<Order> = legs.collect();
        let orders = std::iter::once(leader).chain(orders).collect();
        let mut group = Group::of(orders).map_err(|error| OrderFault::parameter("class", error.to_string()))?;
        group.assign_holds(self.rules.commission)?;
        let fired = self.fires_at_once(group.leader());
        Ok(Accepted { group, fired })
    }

    fn leader(&self, request: &NewOrder, plan: &Plan, id: OrderId) -> Order {
        let order = Order {
            id,
            client_order_id: request.client_order_id.clone(),
            ticker: request.ticker,
            side: request.side,
            terms: plan.terms,
            size: plan.size,
            filled: None,
            time_in_force: request.time_in_force,
            expires_at: self.expiry(request),
            extended_hours: request.extended_hours,
            class: request.class,
            role: Role::Leader,
            parent_id: None,
            status: OrderStatus::Held,
            elected_at: None,
            high_water_mark: None,
            hold_price: None,
            held: Hold::default(),
            condition: request.condition.clone().map(Box::new),
            revision: 1,
            source: self.source,
            created_at: self.now,
            updated_at: self.now,
            working_at: None,
        };
        if order.condition.is_some() { order } else { self.working(order) }
    }

    fn working(&self, order: Order) -> Order {
        let last = self.tick.last;
        Order {
            status: OrderStatus::Working,
            working_at: Some(self.now),
            high_water_mark: order.terms.trail().map(|_| last),
            hold_price: Some(hold::hold_price(order.terms, order.side, last)),
            ..order
        }
    }

    fn expiry(&self, request: &NewOrder) -> Option<UtcInstant> {
        match request.time_in_force {
            TimeInForce::Day if request.extended_hours => Some(self.day_end.extended),
            TimeInForce::Day => Some(self.day_end.regular),
            TimeInForce::Gtc => Some(days_after(self.now, GTC_DAYS_MAX)),
            TimeInForce::Gtd => request.expires_at,
            // It waits for its condition no longer than others.
            TimeInForce::Ioc | TimeInForce::Fok if request.condition.is_some() => {
                Some(days_after(self.now, GTC_DAYS_MAX))
            }
            TimeInForce::Ioc | TimeInForce::Fok => None,
        }
    }

    fn fires_at_once(&self, leader: &Order) -> Option<Fired> {
        let is_due = self.is_open && leader.status.is_working() && leader.terms == Terms::Market;
        let step = Resting::from(leader).step(self.tick, self.rules, false);
        (is_due && step != Step::Rest).then_some(Fired { id: leader.id, step })
    }

    /// Faults by the account: too many orders, too little cash, too few shares.
    fn account_faults(&self, accepted: &Accepted) -> Result<Vec<OrderFault>, OrderFault> {
        let mut faults = Vec::new();
        if self.open_orders + accepted.group.orders().len() > OPEN_ORDERS_MAX {
            faults.push(OrderFault::TooManyOrders);
        }
        // It fills completely at once, so it needs no margin.
        if accepted.fired.is_some() && self.rules.model == FillModel::Plain {
            return Ok(faults);
        }
        let too_large = || OrderFault::InvalidQuantity { reason: "the order is too large".to_owned() };
        let held = accepted.group.held().ok_or_else(too_large)?;
        faults.extend(self.holds.check(self.cash, self.shares, accepted.group.leader().ticker, Hold::default(), held));
        Ok(faults)
    }
}

impl Holds {
    /// Checks that an account with this cash and these shares of the ticker can hold `after` instead of `before`.
    pub fn check(
        &self,
        cash: Money,
        shares: Option<Quantity>,
        ticker: Ticker,
        before: Hold,
        after: Hold,
    ) -> Option<OrderFault> {
        let mut others = self.clone();
        let free = others.replace(ticker, before, Hold::default()).and_then(|()| others.buying_power(cash));
        let available = free.unwrap_or(Money::ZERO);
        if after.cash > Money::ZERO && after.cash > available {
            return Some(OrderFault::InsufficientCash { cost: after.cash, available: available.max(Money::ZERO) });
        }
        let available = others.free_shares(ticker, shares);
        let needed = after.shares.filter(|needed| available.is_none_or(|available| *needed > available))?;
        Some(OrderFault::InsufficientShares { needed, available })
    }
}

pub fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

pub(super) fn days_after(at: UtcInstant, days: i64) -> UtcInstant {
    UtcInstant::from_unix_ms(at.unix_ms() + days * 86_400_000)
}

/// Field names of a stop and of a trail's amount.
const OWN_STOP: [&str; 2] = ["stop_price", "trail_amount"];
const STOP_LOSS: [&str; 2] = ["stop_loss.stop_price", "stop_loss.trail_amount"];

/// Checks that a stop is below the price to sell, above it to buy.
fn check_stop(terms: Terms, side: Side, from: Price, names: [&'static str; 2]) -> Option<OrderFault> {
    let (field, stop) = match terms {
        Terms::Stop { stop } | Terms::StopLimit { stop, .. } => (names[0], Some(stop)),
        Terms::TrailingStop { trail: trail @ Trail::Amount(_) } => (names[1], trail.stop(side, from)),
        Terms::TrailingStop { trail: Trail::Percent(_) } | Terms::Market | Terms::Limit { .. } => return None,
    };
    let Some(stop) = stop else {
        return Some(OrderFault::price(field, format!("the stop would be out of reach, {from} away from zero")));
    };
    match side {
        Side::Sell if stop >= from => {
            Some(OrderFault::price(field, format!("a stop to sell has to be below {from}, and {stop} is not")))
        }
        Side::Buy if stop <= from => {
            Some(OrderFault::price(field, format!("a stop to buy has to be above {from}, and {stop} is not")))
        }
        Side::Sell | Side::Buy => None,
    }
}

/// Checks that a target is better than the entry.
fn check_target(target: Price, exit: Side, entry: Price) -> Option<OrderFault> {
    let field = "take_profit.limit_price";
    match exit {
        Side::Sell if target <= entry => {
            Some(OrderFault::price(field, format!("a target to sell has to be above {entry}, and {target} is not")))
        }
        Side::Buy if target >= entry => {
            Some(OrderFault::price(field, format!("a target to buy has to be below {entry}, and {target} is not")))
        }
        Side::Sell | Side::Buy => None,
    }
}

/// Checks that a pair's limit is on the other side of its stop.
pub(super) fn check_pair(
    limit: Option<Price>,
    stop_loss: Option<Terms>,
    side: Side,
    mark: Price,
    field: &'static str,
) -> Option<OrderFault> {
    let (limit, stop) = (limit?, stop_loss?.stop(side, Some(mark))?);
    match side {
        Side::Sell if limit <= stop => {
            Some(OrderFault::price(field, format!("it has to be above the stop at {stop}, and {limit} is not")))
        }
        Side::Buy if limit >= stop => {
            Some(OrderFault::price(field, format!("it has to be below the stop at {stop}, and {limit} is not")))
        }
        Side::Sell | Side::Buy => None,
    }
}

/// Approximate fill price of an entry, given the newest price.
fn entry_price(terms: Terms, side: Side, last: Price) -> Price {
    match (terms, side) {
        (Terms::Limit { limit }, Side::Buy) => limit.min(last),
        (Terms::Limit { limit }, Side::Sell) => limit.max(last),
        (Terms::Stop { stop } | Terms::StopLimit { stop, .. }, _) => stop,
        (Terms::Market, _) => last,
        (Terms::TrailingStop { trail }, side) => trail.stop(side, last).unwrap_or(last),
    }
}

/// Approximate shares of an order by notional, at a price.
pub fn expected_quantity(size: Size, price: Price) -> Option<Quantity> {
    match size {
        Size::Shares(quantity) => Some(quantity),
        Size::Notional(notional) => Quantity::bought_for(notional, price),
    }
}

#[cfg(test)]
mod tests;
