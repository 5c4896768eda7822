//! The open orders of an account, as its books hold them.
//!
//! Books are cloned with every commit, so what they share is kept by reference: groups stand in [`SHARDS`] maps, of which a
//! change copies one.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{
    condition::Condition,
    orders::{
        group::Group,
        hold::{Hold, Holds},
        id::OrderId,
        order::OrderStatus,
    },
    ticker::Ticker,
};

const SHARDS: usize = 256;

/// Groups by the ids of their leaders.
type Shard = BTreeMap<OrderId, ListedGroup>;

/// A group of which an order is open.
#[derive(Debug, Clone)]
pub struct ListedGroup {
    pub group: Arc<Group>,
    /// The version of the tick at which it was last changed: the matcher looks at it with later ones.
    pub since_tick: u64,
}

/// All open groups of an account, and what they hold.
#[derive(Debug, Clone, Default)]
pub struct OpenOrders {
    /// None before the first order.
    shards: Arc<Vec<Arc<Shard>>>,
    holds: Arc<Holds>,
    /// Number of groups that need a ticker's price, for their orders or for a condition.
    tickers: Arc<BTreeMap<Ticker, usize>>,
    /// Orders, not groups.
    count: usize,
}

impl OpenOrders {
    pub fn of(groups: impl IntoIterator<Item = Group>) -> Self {
        let mut open = Self::default();
        groups.into_iter().for_each(|group| open.put(Arc::new(group), 0));
        open
    }

    /// Takes in a group as it is now; one of which all orders have ended leaves.
    pub fn put(&mut self, group: Arc<Group>, since_tick: u64) {
        let (id, is_open) = (group.leader().id, group.is_open());
        self.replace(id, is_open.then_some(ListedGroup { group, since_tick }));
    }

    /// Takes a group out as if it had never come.
    pub fn forget(&mut self, leader: OrderId) {
        self.replace(leader, None);
    }

    fn replace(&mut self, id: OrderId, after: Option<ListedGroup>) {
        let shards = Arc::make_mut(&mut self.shards);
        if shards.is_empty() {
            shards.resize(SHARDS, Arc::default());
        }
        let shard = Arc::make_mut(&mut shards[shard_of(id)]);
        let before = match after.clone() {
            Some(after) => shard.insert(id, after),
            None => shard.remove(&id),
        };
        let [before, after] = [before, after].map(|listed| listed.map(|listed| listed.group));
        let Some(ticker) = after.as_ref().or(before.as_ref()).map(|group| group.leader().ticker) else {
            return;
        };
        let [orders_before, orders] =
            [&before, &after].map(|group| group.as_ref().map_or(0, |group| open_orders(group)));
        self.count = self.count + orders - orders_before;
        self.count_tickers(before.as_deref(), after.as_deref());
        let held = |group: &Option<Arc<Group>>| group.as_ref().and_then(|group| group.held()).unwrap_or_default();
        let (held_before, held): (Hold, Hold) = (held(&before), held(&after));
        if held_before != held && Arc::make_mut(&mut self.holds).replace(ticker, held_before, held).is_none() {
            // Invariant: no more is held than there is of cash and shares, which fits their types.
            self.holds =
                Arc::new(Holds::of(self.groups().flat_map(|listed| listed.group.orders())).unwrap_or_default());
        }
    }

    fn count_tickers(&mut self, before: Option<&Group>, after: Option<&Group>) {
        let waits = |group: Option<&Group>| group.is_some_and(|group| condition_of(group).is_some());
        if before.is_some() == after.is_some() && !waits(before) && !waits(after) {
            return;
        }
        let tickers = Arc::make_mut(&mut self.tickers);
        for ticker in after.into_iter().flat_map(tickers_of) {
            *tickers.entry(ticker).or_default() += 1;
        }
        for ticker in before.into_iter().flat_map(tickers_of) {
            match tickers.get_mut(&ticker) {
                Some(count) if *count > 1 => *count -= 1,
                Some(_) | None => _ = tickers.remove(&ticker),
            }
        }
    }

    /// Orders, legs included.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn holds(&self) -> &Holds {
        &self.holds
    }

    /// The tickers that orders wait for.
    pub fn tickers(&self) -> impl Iterator<Item = Ticker> + '_ {
        self.tickers.keys().copied()
    }

    pub fn has_ticker(&self, ticker: Ticker) -> bool {
        self.tickers.contains_key(&ticker)
    }

    pub fn get(&self, leader: OrderId) -> Option<&ListedGroup> {
        self.shards.get(shard_of(leader))?.get(&leader)
    }

    /// In no order that means anything.
    pub fn groups(&self) -> impl Iterator<Item = &ListedGroup> {
        self.shards.iter().flat_map(|shard| shard.values())
    }

    /// Whether both are the very same orders, without a look at each.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shards, &other.shards)
    }

    /// The groups that are not as they were, each as it was and as it is; what is shared is not looked at.
    pub fn changes_since<'a>(&'a self, before: &'a Self) -> Vec<(Option<&'a ListedGroup>, Option<&'a ListedGroup>)> {
        let none = Shard::new();
        let mut changes = Vec::new();
        for index in 0..self.shards.len().max(before.shards.len()) {
            let (was, is) = (before.shards.get(index), self.shards.get(index));
            if let (Some(was), Some(is)) = (was, is)
                && Arc::ptr_eq(was, is)
            {
                continue;
            }
            let (was, is) = (was.map_or(&none, |shard| &**shard), is.map_or(&none, |shard| &**shard));
            let gone = was.iter().filter(|(id, _)| !is.contains_key(id)).map(|(_, listed)| (Some(listed), None));
            // Those of `none` live no longer than this call, and there are none.
            changes.extend(gone.map(|(was, is)| (was.and_then(|was| before.get(was.group.leader().id)), is)));
            for (id, listed) in is {
                let old = before.get(*id);
                if old.is_none_or(|old| !Arc::ptr_eq(&old.group, &listed.group)) {
                    changes.push((old, self.get(*id)));
                }
            }
        }
        changes
    }
}

/// Ids are UUIDs, of which the last bits are random.
fn shard_of(id: OrderId) -> usize {
    (id.as_u128() % SHARDS as u128) as usize
}

/// The condition that a held group waits for.
fn condition_of(group: &Group) -> Option<&Condition> {
    let leader = group.leader();
    leader.condition.as_deref().filter(|_| leader.status == OrderStatus::Held)
}

fn tickers_of(group: &Group) -> Vec<Ticker> {
    let mut tickers = condition_of(group).map(Condition::tickers).unwrap_or_default();
    tickers.push(group.leader().ticker);
    tickers
}

fn open_orders(group: &Group) -> usize {
    group.orders().iter().filter(|order| order.is_open()).count()
}

/// At which tick a group was last changed is not part of the account's state.
impl PartialEq for OpenOrders {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&Arc<Shard>, &Arc<Shard>)| {
            Arc::ptr_eq(one, other)
                || (one.len() == other.len()
                    && one
                        .values()
                        .zip(other.values())
                        .all(|(one, other)| Arc::ptr_eq(&one.group, &other.group) || one.group == other.group))
        };
        let shards = || self.shards.len() == other.shards.len() && self.shards.iter().zip(&*other.shards).all(same);
        self.count == other.count && (self.is_same(other) || self.count == 0 || shards()) && self.holds == other.holds
    }
}

/// Numbers of conditions come from JSON, which has none that differs from itself.
impl Eq for OpenOrders {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::orders::{
        costs::Commission,
        order::{CancelReason, Order, tests::limit_order},
    };

    fn group(number: u128) -> Group {
        let mut group = Group::of(vec![Order { id: OrderId::from_u128(number), ..limit_order() }]).unwrap();
        group.assign_holds(Commission::default()).unwrap();
        group
    }

    #[test]
    fn what_is_open_is_counted_and_held_and_changes_are_told() {
        let open = OpenOrders::of((0..600).map(group));
        assert_eq!((open.len(), open.tickers().count()), (600, 1));
        let one = open.get(OrderId::from_u128(7)).unwrap().group.clone();
        let held = one.held().unwrap().cash.cents();
        assert_eq!(open.holds().cash.cents(), 600 * held);

        let mut after = open.clone();
        let mut ended = Group::clone(&one);
        let id = one.leader().id;
        let at = one.leader().created_at;
        ended.write(Commission::default(), at, |change| change.cancel(id, CancelReason::Requested)).unwrap();
        after.put(Arc::new(ended), 3);
        after.put(Arc::new(group(1_000)), 4);
        assert_eq!((after.len(), after.holds().cash.cents()), (600, 600 * held));
        assert!(open != after && open.get(id).is_some() && after.get(id).is_none());
        let changes = after.changes_since(&open);
        let ids = |listed: Option<&ListedGroup>| listed.map(|listed| listed.group.leader().id.as_u128());
        let mut changes: Vec<_> = changes.into_iter().map(|(was, is)| (ids(was), ids(is))).collect();
        changes.sort_unstable();
        assert_eq!(changes, [(None, Some(1_000)), (Some(7), None)]);
        assert_eq!(OpenOrders::of((0..600).map(group)), open, "however they came");
    }

    #[test]
    fn the_last_one_leaves_nothing() {
        let mut open = OpenOrders::of([group(1)]);
        let mut ended = group(1);
        let at = ended.leader().created_at;
        ended
            .write(Commission::default(), at, |change| change.cancel(OrderId::from_u128(1), CancelReason::Requested))
            .unwrap();
        open.put(Arc::new(ended), 1);
        assert_eq!(open, OpenOrders::default());
        assert!(open.is_empty() && open.tickers().next().is_none());
    }
}
