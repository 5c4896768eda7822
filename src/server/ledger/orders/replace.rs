//! Changing an open order.

use super::{NamedOrder, RecordedGroup, put_group, step::OrderMarket};
use crate::{
    domain::{
        account_id::AccountId,
        money::Price,
        orders::{
            accept::DayEnd,
            fault::OrderFault,
            id::OrderId,
            replace::{Now, ReplaceOrder},
        },
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Write,
        effect::{Effect, Effects, OrderNameRow},
        store::{Rows, StoreFault},
    },
};

/// A change with everything that decides it.
pub struct ChangeOrder {
    pub id: OrderId,
    pub request: ReplaceOrder,
    pub market: OrderMarket,
    pub day_end: DayEnd,
    /// Of the order's ticker.
    pub last: Price,
    /// The best price that a trailing stop has seen by now.
    pub mark: Option<Price>,
}

/// The order, and what the name of the change stands for already.
pub struct FoundOrder {
    group: Option<RecordedGroup>,
    named: Option<NamedOrder>,
    is_trade: bool,
}

impl Write for ChangeOrder {
    /// Whether it was made before, under the same name.
    type Outcome = bool;
    type Found = FoundOrder;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<FoundOrder, StoreFault> {
        let name = self.request.client_order_id.as_ref();
        Ok(FoundOrder {
            group: rows.order_group(account, self.id)?,
            named: name.map(|name| rows.order_named(account, name)).transpose()?.flatten(),
            is_trade: name.map(|name| rows.receipt(account, name)).transpose()?.flatten().is_some(),
        })
    }

    fn decide(&self, books: &Books, found: &FoundOrder) -> Result<(bool, Effects), ApiError> {
        let recorded = found.group.as_ref().ok_or(ApiError::UnknownOrder)?;
        // Invariant: a request is made of strings and finite numbers.
        let request = serde_json::to_string(&self.request).unwrap_or_default();
        let is_same = |named: &NamedOrder| named.order_id == self.id && named.request == request;
        match &found.named {
            Some(named) if is_same(named) => return Ok((true, Effects::new())),
            None if !found.is_trade => {}
            Some(_) | None => {
                let name = self.request.client_order_id.as_ref().map(|name| name.as_str().to_owned());
                return Err(ApiError::OrderIdReused { client_order_id: name.unwrap_or_default() });
            }
        }
        let as_it_is = |fault: OrderFault| ApiError::of_order(fault, recorded.view_of(self.id));
        let (mut group, before) = (recorded.group.clone(), &recorded.group);
        let now = Now { at: self.market.at, last: self.last, day_end: self.day_end };
        let changed = group.write(self.market.commission(), self.market.at, |change| {
            if let Some(mark) = self.mark {
                change.set_mark(self.id, mark)?;
            }
            change.replace(self.id, &self.request, &now)
        });
        changed.map_err(as_it_is)?;
        let ticker = group.leader().ticker;
        let shares = books.account.holdings.get(&ticker).map(|holding| holding.quantity);
        let too_large = || ApiError::InvalidQuantity { reason: "the order is too large".to_owned() };
        let (held_before, held) = (before.held().unwrap_or_default(), group.held().ok_or_else(too_large)?);
        // A change that holds no more than before is never refused for what is held.
        let needs_more = held.cash > held_before.cash || held.shares > held_before.shares;
        if needs_more
            && let Some(fault) = books.orders.holds().check(books.account.cash, shares, ticker, held_before, held)
        {
            return Err(as_it_is(fault));
        }
        let mut effects = Effects::new();
        put_group(Some(before), group, self.market.prices.version, &mut effects);
        if let Some(name) = self.request.client_order_id.clone() {
            effects.push(Effect::OrderNamed(Box::new(OrderNameRow { name, order_id: self.id, request })));
        }
        effects.push(Effect::Event(Change::Account));
        Ok((false, effects))
    }
}
