//! Orders that wait for a condition: each is submitted when that is found true.

use std::collections::{BTreeMap, HashMap};

use super::{
    index::{Asked, Index},
    values::{Circumstances, Known},
};
use crate::{
    domain::{
        account_id::AccountId,
        condition::{Condition, watch::Watch},
        instant::UtcInstant,
        money::Price,
        orders::{
            id::OrderId,
            order::{Order, OrderStatus},
        },
        ticker::Ticker,
    },
    server::{
        ledger::{
            Ledger,
            orders::{ListedGroup, OpenOrders},
        },
        market::feed::{Feed, Tick},
    },
};

/// The orders that wait for their conditions, by account.
#[derive(Default)]
pub struct HeldOrders(HashMap<AccountId, AccountOrders>);

#[derive(Default)]
struct AccountOrders {
    /// As they were taken in.
    seen: OpenOrders,
    entries: BTreeMap<OrderId, Entry>,
    index: Index<OrderId>,
}

struct Entry {
    ticker: Ticker,
    revision: u32,
    condition: Condition,
    watch: Watch,
}

/// An order whose condition is true.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    pub leader: OrderId,
    pub revision: u32,
    /// The newest price of its ticker.
    pub last: Price,
}

impl HeldOrders {
    /// Updates the entries from the books.
    pub fn take_in(&mut self, ledger: &Ledger) {
        for account in ledger.accounts() {
            let now = ledger.books(account).orders.clone();
            let orders = self.0.entry(account).or_default();
            if now.is_same(&orders.seen) {
                continue;
            }
            let seen = std::mem::take(&mut orders.seen);
            for (was, is) in now.changes_since(&seen) {
                let Some(leader) = is.or(was).map(|listed| listed.group.leader().id) else { continue };
                match is.and_then(waiting) {
                    Some((order, condition)) => orders.put(order, condition),
                    None => orders.remove(leader),
                }
            }
            orders.seen = now;
        }
    }

    /// The orders whose conditions are true, by account.
    pub fn look(
        &mut self,
        (ledger, feed, tick): (&Ledger, &Feed, &Tick),
        known: &mut Known,
        prices: &BTreeMap<Ticker, Price>,
        asked: &Asked<'_>,
        at: UtcInstant,
    ) -> Vec<(AccountId, Vec<Due>)> {
        let mut found = Vec::new();
        for (account, AccountOrders { entries, index, .. }) in &mut self.0 {
            let ids = index.asked(asked);
            if ids.is_empty() {
                continue;
            }
            for entry in ids.iter().filter_map(|id| entries.get(id)) {
                known.look_up(&entry.condition, feed, at);
            }
            let books = ledger.books(*account);
            let needs_account = ids.iter().any(|id| index.needs_account(id));
            let now = Circumstances::new((tick, &books), prices, at, known, needs_account);
            let due = ids.iter().filter_map(|leader| {
                let entry = entries.get_mut(leader)?;
                // An order whose ticker has no price cannot be submitted; its condition is evaluated later.
                let last = prices.get(&entry.ticker).copied().or_else(|| tick.price(entry.ticker))?;
                let fires = entry.watch.evaluate(&entry.condition, &now).fires;
                fires.then_some(Due { leader: *leader, revision: entry.revision, last })
            });
            let due: Vec<Due> = due.collect();
            if !due.is_empty() {
                found.push((*account, due));
            }
        }
        found
    }
}

/// The leader of a group that waits for a condition.
fn waiting(listed: &ListedGroup) -> Option<(&Order, &Condition)> {
    let leader = listed.group.leader();
    let condition = leader.condition.as_deref()?;
    (leader.status == OrderStatus::Held).then_some((leader, condition))
}

impl AccountOrders {
    /// A changed order keeps its watch's state.
    fn put(&mut self, order: &Order, condition: &Condition) {
        match self.entries.get_mut(&order.id) {
            Some(entry) => entry.revision = order.revision,
            None => {
                self.index.put(&order.id, condition, false);
                let (condition, watch) = (condition.clone(), Watch::default());
                let entry = Entry { ticker: order.ticker, revision: order.revision, condition, watch };
                self.entries.insert(order.id, entry);
            }
        }
    }

    fn remove(&mut self, leader: OrderId) {
        if let Some(entry) = self.entries.remove(&leader) {
            self.index.remove(&leader, &entry.condition);
        }
    }
}
