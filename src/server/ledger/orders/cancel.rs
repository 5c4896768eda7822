//! Ending orders because someone asked for it.

use super::{RecordedGroup, cancel_all, put_group, step::OrderMarket};
use crate::{
    domain::{
        account_id::AccountId,
        orders::{id::OrderId, order::CancelReason},
        ticker::Ticker,
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Write,
        effect::{Effect, Effects},
        store::{Rows, StoreFault},
    },
};

/// Cancels an order, and what cannot go on without it.
pub struct CancelOrder {
    pub id: OrderId,
    /// Only while it is at this revision.
    pub if_revision: Option<u32>,
    pub market: OrderMarket,
}

impl Write for CancelOrder {
    type Outcome = ();
    type Found = Option<RecordedGroup>;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Option<RecordedGroup>, StoreFault> {
        rows.order_group(account, self.id)
    }

    fn decide(&self, books: &Books, found: &Option<RecordedGroup>) -> Result<((), Effects), ApiError> {
        let found = found.as_ref().ok_or(ApiError::UnknownOrder)?;
        let (mut group, id, at) = (found.group.clone(), self.id, self.market.at);
        let cancelled = group.write(self.market.commission(), at, |change| {
            let order = change.order(id)?;
            order.check_open()?;
            order.check_revision(self.if_revision)?;
            change.cancel(id, CancelReason::Requested)
        });
        cancelled.map_err(|fault| ApiError::of_order(fault, found.view_of(id)))?;
        let since_tick = books.orders.get(group.leader().id).map_or(0, |listed| listed.since_tick);
        let mut effects = Effects::new();
        put_group(Some(&found.group), group, since_tick, &mut effects);
        effects.push(Effect::Event(Change::Account));
        Ok(((), effects))
    }
}

/// Cancels all open orders, of one ticker or of all; gives the leaders of their groups.
pub struct CancelOrders {
    pub ticker: Option<Ticker>,
    pub market: OrderMarket,
}

impl Write for CancelOrders {
    type Outcome = Vec<OrderId>;
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<(Vec<OrderId>, Effects), ApiError> {
        let mut effects = Effects::new();
        let when = (self.market.commission(), self.market.at);
        let cancelled = cancel_all(books, self.ticker, CancelReason::Requested, when, &mut effects);
        if !cancelled.is_empty() {
            effects.push(Effect::Event(Change::Account));
        }
        Ok((cancelled, effects))
    }
}
