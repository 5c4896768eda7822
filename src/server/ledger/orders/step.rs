//! Steps that the writes of orders share.

use std::sync::Arc;

use crate::{
    domain::{
        instant::UtcInstant,
        orders::{
            costs::Commission,
            group::Group,
            id::OrderId,
            order::{CancelReason, Order},
            rules::FillRules,
        },
        ticker::Ticker,
    },
    server::{
        ledger::{
            Books, Change,
            effect::{Effect, Effects},
        },
        market::feed::Tick,
    },
};

/// The market that a write of orders is decided on.
#[derive(Debug, Clone)]
pub struct OrderMarket {
    pub prices: Arc<Tick>,
    pub at: UtcInstant,
    pub rules: FillRules,
}

impl OrderMarket {
    pub fn commission(&self) -> Commission {
        self.rules.commission
    }
}

/// The effects of a group that has changed, or is new: the group, and an event for each order that is not as it was.
pub fn put_group(before: Option<&Group>, after: Group, tick: u64, effects: &mut Effects) {
    let was = |order: &Order| before.and_then(|before| before.get(order.id));
    let changed: Vec<Change> =
        after.orders().iter().filter(|order| was(order) != Some(*order)).map(Change::of_order).collect();
    effects.push(Effect::Orders { group: Arc::new(after), tick });
    effects.extend(changed.into_iter().map(Effect::Event));
}

/// Cancels all open orders, of one ticker or of all; gives the leaders of their groups.
pub fn cancel_all(
    books: &Books,
    ticker: Option<Ticker>,
    reason: CancelReason,
    (commission, at): (Commission, UtcInstant),
    effects: &mut Effects,
) -> Vec<OrderId> {
    let is_meant = |group: &Group| ticker.is_none_or(|ticker| group.leader().ticker == ticker);
    let mut groups: Vec<_> = books.orders.groups().filter(|listed| is_meant(&listed.group)).collect();
    groups.sort_by_key(|listed| listed.group.leader().id);
    let mut cancelled = Vec::with_capacity(groups.len());
    for listed in groups {
        let mut group = Group::clone(&listed.group);
        let ids: Vec<OrderId> = group.orders().iter().map(|order| order.id).collect();
        let outcome = group.write(commission, at, |change| {
            ids.iter().try_for_each(|id| if change.order(*id)?.is_open() { change.cancel(*id, reason) } else { Ok(()) })
        });
        // Invariant: an order that is open can be cancelled, and one that has ended holds nothing.
        if outcome.is_ok() {
            cancelled.push(group.leader().id);
            put_group(Some(&listed.group), group, listed.since_tick, effects);
        }
    }
    cancelled
}
