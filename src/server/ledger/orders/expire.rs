//! Orders whose time has come.

use super::{put_group, step::OrderMarket};
use crate::{
    domain::{
        account_id::AccountId,
        orders::{group::Group, id::OrderId},
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Write,
        effect::{Effect, Effects},
        store::{Rows, StoreFault},
    },
};

/// Expires what is due of these groups.
pub struct ExpireOrders {
    pub leaders: Vec<OrderId>,
    pub market: OrderMarket,
}

impl Write for ExpireOrders {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let mut effects = Effects::new();
        for leader in &self.leaders {
            let Some(listed) = books.orders.get(*leader) else { continue };
            let mut group = Group::clone(&listed.group);
            // Invariant: what is due is open, and an order that has ended holds nothing.
            let expired = group.write(self.market.commission(), self.market.at, |change| change.expire());
            if expired.is_ok() && group != *listed.group {
                put_group(Some(&listed.group), group, listed.since_tick, &mut effects);
            }
        }
        if !effects.is_empty() {
            effects.push(Effect::Event(Change::Account));
        }
        Ok(((), effects))
    }
}
