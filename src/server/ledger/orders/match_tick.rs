//! All that one tick did to the orders of an account: one write.

use super::{
    fill_from_free, put_group,
    step::OrderMarket,
    submit::{own, reject_reason},
};
use crate::{
    domain::{
        account::Fill,
        account_id::AccountId,
        instant::UtcInstant,
        order::Trade,
        orders::{
            group::Group,
            id::OrderId,
            order::Order,
            settle::{Fired, Settled, Settlement},
            span::Span,
        },
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Draft, Write,
        effect::{Amounts, Effect, Effects},
        snapshot::record,
        store::{Rows, StoreFault},
        trade::effects_of,
    },
    server::market::feed::Tick,
};

/// Fired orders of one group.
#[derive(Debug, Clone)]
pub struct FiredGroup {
    pub leader: OrderId,
    pub span: Span,
    /// Each with the revision of its order that was looked at; one that was changed meanwhile waits for the next tick.
    pub fired: Vec<(Fired, u32)>,
    /// Of the trade that it may become: a group has one fill at a span at the most.
    pub trade_id: String,
}

/// Settles what fired at a tick.
pub struct MatchTick {
    pub fired: Vec<FiredGroup>,
    pub market: OrderMarket,
    /// The version of the tick that fired them: what is armed by it waits for a later one.
    pub tick: u64,
}

/// Outcome of matching a tick.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Matched {
    pub fills: usize,
}

impl Write for MatchTick {
    type Outcome = Matched;
    type Found = ();

    fn valued_at(&self) -> Option<(&Tick, UtcInstant)> {
        Some((&self.market.prices, self.market.at))
    }

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<(Matched, Effects), ApiError> {
        let mut draft = Draft::of(books);
        let mut matched = Matched::default();
        for fired in &self.fired {
            let Some(listed) = draft.books().orders.get(fired.leader).cloned() else {
                // It ended while the tick was looked at.
                continue;
            };
            let mut effects = Effects::new();
            let (group, settled) = self.settle(&listed.group, fired, draft.books(), &mut effects);
            if group == *listed.group {
                continue;
            }
            matched.fills += usize::from(settled.is_some());
            let mut listing = Effects::new();
            put_group(Some(&listed.group), group, self.tick, &mut listing);
            draft.extend(listing);
            draft.extend(effects);
        }
        let mut effects = Effects::new();
        if matched.fills > 0
            && let Some(total_value) = draft.books().value(&self.market.prices).total_value
        {
            let high_water_mark = record(draft.books(), total_value, self.market.at, &mut effects);
            effects.push(Effect::Amounts(Amounts { high_water_mark, ..draft.books().amounts() }));
        }
        draft.extend(effects);
        let mut effects = draft.into_effects();
        if !effects.is_empty() {
            // Holds have changed, and usually cash and positions.
            effects.retain(|effect| *effect != Effect::Event(Change::Account));
            effects.push(Effect::Event(Change::Account));
        }
        Ok((matched, effects))
    }
}

impl MatchTick {
    /// The group after the span, with the effects of its fill.
    fn settle(
        &self,
        before: &Group,
        fired: &FiredGroup,
        books: &Books,
        effects: &mut Effects,
    ) -> (Group, Option<Settled>) {
        let (at, rules) = (self.market.at, &self.market.rules);
        let is_as_seen =
            |(fired, revision): &&(Fired, u32)| before.get(fired.id).is_some_and(|order| order.revision == *revision);
        let as_seen: Vec<Fired> = fired.fired.iter().filter(is_as_seen).map(|(fired, _)| *fired).collect();
        let mut group = before.clone();
        // Expiry comes first: what has expired by now is not filled any more.
        if group.write(rules.commission, at, |change| change.expire()).is_err() {
            return (before.clone(), None);
        }
        let mut filled = None;
        let settlement = Settlement { span: &fired.span, rules, at };
        let settled = settlement.settle(&mut group, &as_seen, |order, fill, held| {
            filled = Some(fill_from_free(books, own(order, fill, held)).map_err(reject_reason)?);
            Ok(())
        });
        let settled = match settled {
            Ok(settled) => settled,
            // A sum outgrew its type: the order stays as it is.
            Err(_) => return (before.clone(), None),
        };
        if let (Some(settled), Some(fill)) = (settled, filled)
            && let Some(order) = group.get(settled.id)
        {
            let of = FillOf { order, settled, market: &self.market, trade_id: &fired.trade_id };
            effects.extend(trade_effects(books, of, &fill));
        }
        (group, settled)
    }
}

/// A fill, and the order that it is of.
#[derive(Debug, Clone, Copy)]
pub struct FillOf<'a> {
    pub order: &'a Order,
    pub settled: Settled,
    pub market: &'a OrderMarket,
    pub trade_id: &'a str,
}

/// The effects of an order's fill on the account.
pub fn trade_effects(books: &Books, of: FillOf<'_>, fill: &Fill) -> Effects {
    let FillOf { order, settled, market, trade_id } = of;
    let trade = Trade {
        id: trade_id.to_owned(),
        // That of the order is not the trade's: a name stands for one of them.
        client_order_id: None,
        ticker: order.ticker,
        side: order.side,
        quantity: settled.fill.quantity,
        price: settled.fill.price,
        notional: fill.notional,
        realized_pnl: fill.realized_pnl,
        source: order.source,
        executed_at: market.at,
        correction: None,
        adjusted: None,
        order_id: Some(order.id),
        commission: fill.commission,
    };
    let previous_close = market.prices.quotes.get(order.ticker).map(|quote| quote.previous_close);
    let told = Change::Fill {
        trade_id: trade.id.clone(),
        order_id: order.id,
        ticker: order.ticker,
        side: order.side,
        quantity: trade.quantity,
        price: trade.price,
        number: settled.number,
    };
    let mut effects = effects_of(books, trade, fill, None, previous_close);
    for effect in &mut effects {
        if let Effect::Trade(row) = effect {
            row.fill_number = Some(settled.number);
        }
    }
    effects.push(Effect::Event(told));
    effects
}
