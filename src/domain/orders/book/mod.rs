//! Finds the orders that a span of prices affects.
//!
//! Each ticker has two ordered indices of prices, *fires at or below* and *fires at or above*, of which a span compares
//! only the best keys; trailing stops share groups with one mark each ([`trails`]). A span costs O(log n) for each
//! order that it fires, and nothing for the others.
//!
//! The book knows neither accounts nor quantities: orders that fire are taken out, and the caller that settles them
//! puts back those still open. Held orders are in it only for their expiry.
//!
//! # Order of looks and insertions
//! An order is inserted after the look of the tick at which it was accepted. If ticks are folded because the matcher is
//! late, the matcher looks at the folded span before it inserts. At its first look an order is tested separately, since
//! it may have been marketable when accepted, and `ioc` and `fok` end there.

mod trails;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::trails::{Reached, Trails};
pub use self::trails::{SavedMarks, TrailMark};
use super::{
    id::OrderId,
    order::Order,
    rules::{FillModel, FillRules, Moment, Resting, Step},
    settle,
    span::Span,
    terms::{Terms, Trail},
};
use crate::domain::{instant::UtcInstant, money::Price, order::Side, ticker::Ticker};

/// Index of an order in the list of slots.
type SlotIndex = u32;

/// An order as the book stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub id: OrderId,
    pub ticker: Ticker,
    pub resting: Resting,
    /// Whether it is held: prices do not affect it, only its expiry does.
    pub is_held: bool,
    /// Whether it ends with its first look: `ioc` or `fok`.
    pub is_immediate: bool,
    pub expires_at: Option<UtcInstant>,
    pub working_at: Option<UtcInstant>,
}

impl From<&Order> for Waiting {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id,
            ticker: order.ticker,
            resting: Resting::from(order),
            is_held: !order.status.is_working(),
            is_immediate: order.time_in_force.is_immediate(),
            expires_at: order.expires_at,
            working_at: order.working_at,
        }
    }
}

/// An order that a span affected. It is no longer in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub id: OrderId,
    pub ticker: Ticker,
    /// [`Step::Rest`] for an immediate order that ends unfilled.
    pub step: Step,
    /// For a trailing stop: its mark after the span, had it not fired.
    pub mark: Option<Price>,
    /// Its sequence number by acceptance.
    sequence: u64,
}

impl From<Taken> for settle::Fired {
    fn from(taken: Taken) -> Self {
        Self { id: taken.id, step: taken.step }
    }
}

/// Index that holds an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Held,
    Fresh { is_marketable: bool },
    Always,
    AtOrBelow(i64),
    AtOrAbove(i64),
    Trailing(Trail),
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    id: OrderId,
    ticker: Ticker,
    place: Place,
    terms: Terms,
    sequence: u64,
    /// Milliseconds since the Unix epoch.
    working_ms: i64,
    expires_ms: i64,
    /// Mark of a trailing stop that is in no group yet, in hundredths of a cent.
    fresh_mark: i64,
    side: Side,
    is_elected: bool,
    extended_hours: bool,
    is_immediate: bool,
}

const NEVER: i64 = i64::MAX;
const NO_MARK: i64 = 0;

/// Orders of one ticker that share eligible sessions.
#[derive(Debug)]
struct Levels {
    /// Orders before their first look, by sequence number.
    fresh: BTreeSet<(u64, SlotIndex)>,
    /// Orders that fire at any price.
    always: BTreeSet<SlotIndex>,
    at_or_below: BTreeSet<(i64, SlotIndex)>,
    at_or_above: BTreeSet<(i64, SlotIndex)>,
    sells: Trails,
    buys: Trails,
}

/// All open orders, of all accounts.
#[derive(Debug, Default)]
pub struct OrderBook {
    model: FillModel,
    slots: Vec<Slot>,
    free: Vec<SlotIndex>,
    by_id: HashMap<OrderId, SlotIndex>,
    /// Per ticker: orders for the regular session, and orders for extended hours.
    tickers: BTreeMap<Ticker, [Levels; 2]>,
    expiries: BTreeSet<(i64, SlotIndex)>,
    next_sequence: u64,
    marks_changed: bool,
}

impl OrderBook {
    /// Creates an empty book. The model decides which prices reach a limit.
    pub fn new(model: FillModel) -> Self {
        Self { model, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub fn contains(&self, id: OrderId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Tickers with orders.
    pub fn tickers(&self) -> impl Iterator<Item = Ticker> + '_ {
        self.tickers.keys().copied()
    }

    /// Inserts an order that was just accepted, armed or replaced; `last` is the newest price of its ticker.
    pub fn insert(&mut self, order: &Waiting, last: Option<Price>) {
        self.remove(order.id);
        let is_marketable = last.is_some_and(|last| order.resting.is_marketable_at(last));
        let place = if order.is_held { Place::Held } else { Place::Fresh { is_marketable } };
        let sequence = self.take_sequence();
        self.put(order, place, sequence);
    }

    /// Inserts a database's open orders after a start, each with its [saved mark](SavedMarks). Their first look is over
    /// a gap.
    pub fn restore(&mut self, mut orders: Vec<Waiting>) {
        orders.sort_by_key(|order| (order.working_at, order.id));
        for order in orders {
            let sequence = self.take_sequence();
            // Their first look is over a gap, so marketability does not matter.
            let place = if order.is_held { Place::Held } else { Place::Fresh { is_marketable: false } };
            self.put(&order, place, sequence);
        }
    }

    /// Puts back an order that was taken and is still open, in its new state.
    pub fn put_back(&mut self, taken: &Taken, order: &Waiting) {
        self.remove(order.id);
        let mark = taken.mark.or(order.resting.mark);
        let order = Waiting { resting: Resting { mark, ..order.resting }, ..*order };
        let place = if order.is_held { Place::Held } else { self.place_of(&order.resting) };
        self.put(&order, place, taken.sequence);
    }

    /// Removes an order that has ended; returns false if it is not in the book.
    pub fn remove(&mut self, id: OrderId) -> bool {
        let Some(index) = self.by_id.get(&id).copied() else {
            return false;
        };
        self.take_out(index);
        true
    }

    /// Mark of a working trailing stop.
    pub fn mark(&self, id: OrderId) -> Option<Price> {
        let slot = &self.slots[*self.by_id.get(&id)? as usize];
        match slot.place {
            Place::Trailing(_) => self.levels(slot)?.trails(slot.side).mark_at(slot.sequence),
            _ => Price::from_units(slot.fresh_mark),
        }
    }

    /// Takes out the orders that have expired by `now`.
    pub fn expire(&mut self, now: UtcInstant) -> Vec<OrderId> {
        let mut expired = Vec::new();
        while let Some((expiry, index)) = self.expiries.first().copied()
            && expiry <= now.unix_ms()
        {
            expired.push(self.slots[index as usize].id);
            self.take_out(index);
        }
        expired
    }

    /// Next time at which an order expires.
    pub fn next_expiry(&self) -> Option<UtcInstant> {
        self.expiries.first().map(|(expiry, _)| UtcInstant::from_unix_ms(*expiry))
    }

    /// Takes out the orders of a ticker that a span affects, ordered by moment, then by acceptance.
    pub fn look(&mut self, ticker: Ticker, span: &Span, rules: &FillRules) -> Vec<Taken> {
        let sessions: &[usize] = if span.session.takes_orders() { &[0, 1] } else { &[1] };
        let mut taken = Vec::new();
        for session in sessions {
            // The session before may have taken the last order.
            let Some(levels) = self.tickers.get_mut(&ticker).map(|both| &mut both[*session]) else {
                break;
            };
            let fresh = std::mem::take(&mut levels.fresh);
            let found = levels.reached(span);
            let mut trailing = Vec::new();
            self.marks_changed |= levels.advance_trails(span, rules, &mut trailing);
            for index in found {
                let step = self.resting(index, None).step(span, rules, false);
                self.take(index, step, None, &mut taken);
            }
            for Reached { index, step, mark } in trailing {
                self.take(index, step, mark, &mut taken);
            }
            for (_, index) in fresh {
                self.look_first(index, span, rules, &mut taken);
            }
        }
        taken.sort_by_key(|taken| (taken.step.moment().unwrap_or(Moment::Inside), taken.sequence));
        taken
    }

    /// An order's first look.
    fn look_first(&mut self, index: SlotIndex, span: &Span, rules: &FillRules, taken: &mut Vec<Taken>) {
        let slot = self.slots[index as usize];
        let Place::Fresh { is_marketable } = slot.place else {
            return;
        };
        let mark = Price::from_units(slot.fresh_mark);
        let resting = self.resting(index, mark);
        let step = resting.step(span, rules, is_marketable);
        if step != Step::Rest || slot.is_immediate {
            self.take(index, step, resting.mark_after(span), taken);
            return;
        }
        let place = self.place_of(&resting);
        self.slots[index as usize].place = place;
        self.enter(index, resting.mark_after(span));
    }

    fn take(&mut self, index: SlotIndex, step: Step, mark: Option<Price>, taken: &mut Vec<Taken>) {
        let slot = self.slots[index as usize];
        taken.push(Taken { id: slot.id, ticker: slot.ticker, step, mark, sequence: slot.sequence });
        self.take_out(index);
    }

    fn resting(&self, index: SlotIndex, mark: Option<Price>) -> Resting {
        let Slot { side, terms, is_elected, extended_hours, .. } = self.slots[index as usize];
        Resting { side, terms, mark, is_elected, extended_hours }
    }

    /// Index for an order after its first look. Under `strict` a limit is reached one unit beyond it.
    fn place_of(&self, resting: &Resting) -> Place {
        let beyond = if self.model == FillModel::Strict { 1 } else { 0 };
        match (resting.terms, resting.is_elected, resting.side) {
            (Terms::Market, ..) | (Terms::Stop { .. } | Terms::TrailingStop { .. }, true, _) => Place::Always,
            (Terms::Limit { limit }, _, Side::Buy) | (Terms::StopLimit { limit, .. }, true, Side::Buy) => {
                Place::AtOrBelow(limit.units() - beyond)
            }
            (Terms::Limit { limit }, _, Side::Sell) | (Terms::StopLimit { limit, .. }, true, Side::Sell) => {
                Place::AtOrAbove(limit.units() + beyond)
            }
            (Terms::Stop { stop } | Terms::StopLimit { stop, .. }, false, Side::Sell) => Place::AtOrBelow(stop.units()),
            (Terms::Stop { stop } | Terms::StopLimit { stop, .. }, false, Side::Buy) => Place::AtOrAbove(stop.units()),
            (Terms::TrailingStop { trail }, false, _) => Place::Trailing(trail),
        }
    }

    fn take_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }

    fn put(&mut self, order: &Waiting, place: Place, sequence: u64) {
        let Resting { side, terms, mark, is_elected, extended_hours } = order.resting;
        let slot = Slot {
            id: order.id,
            ticker: order.ticker,
            place,
            terms,
            sequence,
            working_ms: order.working_at.map_or(NEVER, UtcInstant::unix_ms),
            expires_ms: order.expires_at.map_or(NEVER, UtcInstant::unix_ms),
            fresh_mark: mark.map_or(NO_MARK, Price::units),
            side,
            is_elected,
            extended_hours,
            is_immediate: order.is_immediate,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                // Invariant: there are far fewer orders than 2³² (the bound for an account is a thousand times
                // smaller).
                SlotIndex::try_from(self.slots.len() - 1).expect("orders are counted in 32 bits")
            }
        };
        self.by_id.insert(order.id, index);
        if slot.expires_ms != NEVER {
            self.expiries.insert((slot.expires_ms, index));
        }
        self.enter(index, mark);
    }

    /// Enters a slot into the index of its place.
    fn enter(&mut self, index: SlotIndex, mark: Option<Price>) {
        let slot = self.slots[index as usize];
        if slot.place == Place::Held {
            return;
        }
        let levels = &mut self.tickers.entry(slot.ticker).or_default()[usize::from(slot.extended_hours)];
        match slot.place {
            Place::Held => {}
            Place::Fresh { .. } => {
                levels.fresh.insert((slot.sequence, index));
            }
            Place::Always => {
                levels.always.insert(index);
            }
            Place::AtOrBelow(key) => {
                levels.at_or_below.insert((key, index));
            }
            Place::AtOrAbove(key) => {
                levels.at_or_above.insert((key, index));
            }
            Place::Trailing(trail) => {
                // Invariant: a trailing order has had a mark since it began to work.
                if let Some(mark) = mark {
                    let trails = levels.trails_mut(slot.side);
                    trails.insert(slot.sequence, slot.working_ms, mark, trail, index);
                    self.marks_changed = true;
                }
            }
        }
    }

    fn take_out(&mut self, index: SlotIndex) {
        let slot = self.slots[index as usize];
        self.by_id.remove(&slot.id);
        self.expiries.remove(&(slot.expires_ms, index));
        self.free.push(index);
        let Some(both) = self.tickers.get_mut(&slot.ticker) else {
            return;
        };
        let levels = &mut both[usize::from(slot.extended_hours)];
        match slot.place {
            Place::Held => {}
            Place::Fresh { .. } => {
                levels.fresh.remove(&(slot.sequence, index));
            }
            Place::Always => {
                levels.always.remove(&index);
            }
            Place::AtOrBelow(key) => {
                levels.at_or_below.remove(&(key, index));
            }
            Place::AtOrAbove(key) => {
                levels.at_or_above.remove(&(key, index));
            }
            Place::Trailing(trail) => levels.trails_mut(slot.side).remove(slot.sequence, trail, index),
        }
        if both.iter().all(Levels::is_empty) {
            self.tickers.remove(&slot.ticker);
        }
    }

    fn levels(&self, slot: &Slot) -> Option<&Levels> {
        self.tickers.get(&slot.ticker).map(|both| &both[usize::from(slot.extended_hours)])
    }

    /// Whether marks have changed since the last call and need to be saved.
    pub fn take_marks_changed(&mut self) -> bool {
        std::mem::take(&mut self.marks_changed)
    }

    /// All marks to be saved. They are few, since orders with the same best price share one.
    pub fn trail_marks(&self) -> Vec<TrailMark> {
        // Trailing stops cannot use extended hours.
        let of_ticker = |(ticker, [levels, _]): (&Ticker, &[Levels; 2])| {
            let grouped = levels.sells.marks(*ticker).chain(levels.buys.marks(*ticker));
            grouped.chain(levels.fresh.iter().filter_map(|(_, index)| self.fresh_mark(*index))).collect::<Vec<_>>()
        };
        self.tickers.iter().flat_map(of_ticker).collect()
    }

    /// Mark of a trailing stop before its first look.
    fn fresh_mark(&self, index: SlotIndex) -> Option<TrailMark> {
        let Slot { ticker, side, terms, is_elected, working_ms, fresh_mark, .. } = self.slots[index as usize];
        let mark = Price::from_units(fresh_mark).filter(|_| terms.trail().is_some() && !is_elected)?;
        Some(TrailMark { ticker, side, since: UtcInstant::from_unix_ms(working_ms), mark })
    }
}

impl Levels {
    fn is_empty(&self) -> bool {
        let Self { fresh, always, at_or_below, at_or_above, sells, buys } = self;
        fresh.is_empty()
            && always.is_empty()
            && at_or_below.is_empty()
            && at_or_above.is_empty()
            && sells.is_empty()
            && buys.is_empty()
    }

    fn trails(&self, side: Side) -> &Trails {
        match side {
            Side::Sell => &self.sells,
            Side::Buy => &self.buys,
        }
    }

    fn trails_mut(&mut self, side: Side) -> &mut Trails {
        match side {
            Side::Sell => &mut self.sells,
            Side::Buy => &mut self.buys,
        }
    }

    /// Orders whose prices the span reaches.
    fn reached(&self, span: &Span) -> Vec<SlotIndex> {
        let below = self.at_or_below.range((span.low.units(), SlotIndex::MIN)..).map(|(_, index)| *index);
        let above = self.at_or_above.range(..=(span.high.units(), SlotIndex::MAX)).map(|(_, index)| *index);
        self.always.iter().copied().chain(below).chain(above).collect()
    }

    /// Tests the trailing stops and moves their marks; adds those that fire. Returns whether a mark moved.
    fn advance_trails(&mut self, span: &Span, rules: &FillRules, reached: &mut Vec<Reached>) -> bool {
        let mut has_moved = false;
        for trails in [&mut self.sells, &mut self.buys] {
            if !trails.is_empty() {
                has_moved |= trails.advance(span, rules.slippage, reached);
            }
        }
        has_moved
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            fresh: BTreeSet::new(),
            always: BTreeSet::new(),
            at_or_below: BTreeSet::new(),
            at_or_above: BTreeSet::new(),
            sells: Trails::new(Side::Sell),
            buys: Trails::new(Side::Buy),
        }
    }
}

#[cfg(test)]
mod tests;
