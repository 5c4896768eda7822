//! An order whose condition has become true begins to work.

use super::{put_group, step::OrderMarket};
use crate::{
    domain::{
        account_id::AccountId,
        money::Price,
        orders::{
            fault::OrderFault,
            group::Group,
            id::OrderId,
            order::{OrderStatus, RejectReason},
        },
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Write,
        effect::{Effect, Effects},
        store::{Rows, StoreFault},
    },
};

/// Submits an order that waited for its condition. One that the account cannot hold by now is rejected; one that was changed
/// or ended since it was looked at is left as it is.
#[derive(Debug, Clone)]
pub struct SubmitHeld {
    pub leader: OrderId,
    /// Of the order that was looked at.
    pub revision: u32,
    /// The newest price of its ticker.
    pub last: Price,
    pub market: OrderMarket,
}

impl Write for SubmitHeld {
    /// Whether it works now, or was rejected.
    type Outcome = bool;
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<(bool, Effects), ApiError> {
        let Some(listed) = books.orders.get(self.leader) else {
            return Ok((false, Effects::new()));
        };
        let leader = listed.group.leader();
        if leader.status != OrderStatus::Held || leader.revision != self.revision {
            return Ok((false, Effects::new()));
        }
        let mut group = Group::clone(&listed.group);
        let (commission, at) = (self.market.commission(), self.market.at);
        let submitted = group.write(commission, at, |change| {
            change.expire()?;
            if change.order(self.leader)?.is_open() { change.submit(self.last) } else { Ok(()) }
        });
        if let Some(reason) = submitted.err().map(|_| RejectReason::TooLarge).or_else(|| lacks(books, &group)) {
            group = Group::clone(&listed.group);
            group.write(commission, at, |change| change.reject(self.leader, reason)).map_err(ApiError::from)?;
        }
        let mut effects = Effects::new();
        put_group(Some(&listed.group), group, self.market.prices.version, &mut effects);
        effects.push(Effect::Event(Change::Account));
        Ok((true, effects))
    }
}

/// Reason why the account cannot cover a group's hold.
fn lacks(books: &Books, group: &Group) -> Option<RejectReason> {
    let ticker = group.leader().ticker;
    let shares = books.account.holdings.get(&ticker).map(|holding| holding.quantity);
    let Some(held) = group.held() else {
        return Some(RejectReason::TooLarge);
    };
    // A held group has no hold.
    let fault = books.orders.holds().check(books.account.cash, shares, ticker, Default::default(), held)?;
    Some(match fault {
        OrderFault::InsufficientShares { .. } => RejectReason::InsufficientShares,
        _ => RejectReason::InsufficientCash,
    })
}
