//! A new order.

use super::{Own, fill_from_free, put_group, read::NamedOrder, step::OrderMarket};
use crate::{
    domain::{
        account::Refusal,
        account_id::AccountId,
        instant::UtcInstant,
        order::OrderSource,
        orders::{
            accept::{Accepted, Circumstances, DayEnd},
            group::Group,
            hold::Hold,
            id::OrderId,
            order::{Order, OrderFill, OrderStatus, RejectReason},
            request::NewOrder,
            settle::Settlement,
            span::Span,
        },
        session::SessionKind,
    },
    error::ApiError,
    server::{
        ledger::{
            Books, Draft, Write,
            effect::{Effect, Effects, OrderNameRow},
            orders::match_tick::{FillOf, trade_effects},
            store::{Rows, StoreFault},
        },
        market::feed::Tick,
    },
};

/// An order with everything that decides it.
pub struct SubmitOrder {
    pub request: NewOrder,
    pub market: OrderMarket,
    pub day_end: DayEnd,
    /// The newest price of its ticker.
    pub tick: Span,
    pub is_open: bool,
    pub source: OrderSource,
    /// Of the leader and its legs.
    pub ids: [OrderId; 3],
    /// Of the trade, where it is filled at once.
    pub trade_id: String,
}

/// Outcome of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submitted {
    pub id: OrderId,
    /// It was submitted before, under the same name.
    pub replayed: bool,
}

/// Earlier use of the order's client id.
pub struct NameTaken {
    order: Option<NamedOrder>,
    is_trade: bool,
}

impl Write for SubmitOrder {
    type Outcome = Submitted;
    type Found = NameTaken;

    fn valued_at(&self) -> Option<(&Tick, UtcInstant)> {
        Some((&self.market.prices, self.market.at))
    }

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<NameTaken, StoreFault> {
        match &self.request.client_order_id {
            None => Ok(NameTaken { order: None, is_trade: false }),
            Some(name) => Ok(NameTaken {
                order: rows.order_named(account, name)?,
                is_trade: rows.receipt(account, name)?.is_some(),
            }),
        }
    }

    fn decide(&self, books: &Books, taken: &NameTaken) -> Result<(Submitted, Effects), ApiError> {
        let request = self.request_text();
        if taken.is_trade || taken.order.as_ref().is_some_and(|named| named.request != request) {
            let name = self.request.client_order_id.as_ref().map(|name| name.as_str().to_owned());
            return Err(ApiError::OrderIdReused { client_order_id: name.unwrap_or_default() });
        }
        if let Some(NamedOrder { order_id, .. }) = taken.order {
            return Ok((Submitted { id: order_id, replayed: true }, Effects::new()));
        }
        let Accepted { mut group, fired } =
            self.circumstances(books).accept(&self.request, self.ids).map_err(ApiError::from)?;
        let mut draft = Draft::of(books);
        let mut effects = Effects::new();
        let mut fills = Vec::new();
        if let Some(fired) = fired {
            let held = group.held().unwrap_or_default();
            let mut refused = None;
            let settlement = Settlement { span: &self.tick, rules: &self.market.rules, at: self.market.at };
            let settled = settlement.settle(&mut group, &[fired], |order, fill, _| {
                // It is not among the account's orders yet, and so holds nothing.
                let filled = fill_from_free(books, own(order, fill, Hold::default()));
                let filled = filled.inspect_err(|refusal| refused = Some(*refusal)).map_err(reject_reason)?;
                fills.push(filled);
                Ok(())
            });
            let settled = settled.map_err(ApiError::from)?;
            if let OrderStatus::Rejected(reason) = group.leader().status {
                return Err(self.refused(refused.unwrap_or(refusal_of(reason)), held));
            }
            if let (Some(settled), Some(fill)) = (settled, fills.pop()) {
                let order = group.leader();
                let of = FillOf { order, settled, market: &self.market, trade_id: &self.trade_id };
                effects.extend(trade_effects(books, of, &fill));
            }
        }
        let id = group.leader().id;
        // Before its trade, which names it.
        let mut listed = Effects::new();
        self.list(group, request, &mut listed);
        draft.extend(listed);
        draft.extend(effects);
        Ok((Submitted { id, replayed: false }, draft.into_effects()))
    }
}

impl SubmitOrder {
    /// The request as JSON, to compare with a repeated one.
    fn request_text(&self) -> String {
        // Invariant: a request is made of strings and finite numbers.
        serde_json::to_string(&self.request).unwrap_or_default()
    }

    fn list(&self, group: Group, request: String, effects: &mut Effects) {
        let order_id = group.leader().id;
        put_group(None, group, self.market.prices.version, effects);
        if let Some(name) = self.request.client_order_id.clone() {
            effects.push(Effect::OrderNamed(Box::new(OrderNameRow { name, order_id, request })));
        }
        effects.push(Effect::Event(crate::server::ledger::Change::Account));
    }

    fn circumstances<'a>(&'a self, books: &'a Books) -> Circumstances<'a> {
        circumstances(books, self)
    }

    fn refused(&self, refusal: Refusal, held: Hold) -> ApiError {
        let ticker = self.request.ticker;
        match refusal {
            Refusal::InsufficientCash { cost, available } => ApiError::OrderNeedsCash { cost, available },
            Refusal::InsufficientShares { held: available } => match held.shares.or(self.request.quantity) {
                Some(needed) => ApiError::OrderNeedsShares { needed, available },
                None => ApiError::InvalidQuantity { reason: "more would be sold than is held".to_owned() },
            },
            Refusal::TooManyPositions => ApiError::TooManyPositions { ticker },
            Refusal::TooLarge => ApiError::InvalidQuantity { reason: "the order is too large".to_owned() },
        }
    }
}

/// All that an order's acceptance depends on.
pub fn circumstances<'a>(books: &'a Books, submit: &'a SubmitOrder) -> Circumstances<'a> {
    Circumstances {
        now: submit.market.at,
        tick: &submit.tick,
        is_open: submit.is_open,
        day_end: submit.day_end,
        rules: &submit.market.rules,
        cash: books.account.cash,
        shares: books.account.holdings.get(&submit.request.ticker).map(|holding| holding.quantity),
        holds: books.orders.holds(),
        open_orders: books.orders.len(),
        source: submit.source,
    }
}

/// A fill of an order, with what its group holds.
pub fn own(order: &Order, fill: &OrderFill, held: Hold) -> Own {
    let OrderFill { quantity, price, commission, .. } = *fill;
    Own { side: order.side, ticker: order.ticker, quantity, price, commission, held }
}

/// Refusal that does not depend on the account: the notional buys nothing, or a sum outgrows its type.
fn refusal_of(reason: RejectReason) -> Refusal {
    match reason {
        RejectReason::TooManyPositions => Refusal::TooManyPositions,
        RejectReason::InsufficientShares => Refusal::InsufficientShares { held: None },
        RejectReason::InsufficientCash | RejectReason::TooLarge => Refusal::TooLarge,
    }
}

pub fn reject_reason(refusal: Refusal) -> RejectReason {
    match refusal {
        Refusal::InsufficientCash { .. } => RejectReason::InsufficientCash,
        Refusal::InsufficientShares { .. } => RejectReason::InsufficientShares,
        Refusal::TooManyPositions => RejectReason::TooManyPositions,
        Refusal::TooLarge => RejectReason::TooLarge,
    }
}

impl SubmitOrder {
    /// The newest price as a span; a market that is closed takes it for one after the close.
    pub fn span(price: crate::domain::money::Price, session: Option<SessionKind>) -> Span {
        Span::tick(price, None, false, session.unwrap_or(SessionKind::Post))
    }
}
