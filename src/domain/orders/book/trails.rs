//! Trailing stops of one ticker and side, in groups with one mark each.
//!
//! A mark is the best price since an order began to work. Ordered by that time, marks never improve, since an older
//! order has seen every price that a younger one saw. Adjacent orders with equal marks form a group; a new best price
//! merges the youngest groups without touching orders. A merge moves the smaller group's orders into the larger one, so
//! each order moves at most log n times.
//!
//! Prices to buy are negated here, so that on both sides a better mark is a higher number and a stop is reached from
//! above.

use std::collections::{BTreeMap, BTreeSet};

use super::SlotIndex;
use crate::domain::{
    instant::UtcInstant,
    money::{Price, TrailPercent},
    order::Side,
    orders::{
        costs::SlippageBps,
        rules::{Moment, Step},
        span::Span,
        terms::Trail,
    },
    ticker::Ticker,
};

/// Mark of the trailing stops of a ticker and side that began to work between this moment and the next mark's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrailMark {
    pub ticker: Ticker,
    pub side: Side,
    pub since: UtcInstant,
    pub mark: Price,
}

/// Marks saved at a moment.
#[derive(Debug, Clone, Default)]
pub struct SavedMarks {
    saved_at_ms: i64,
    /// By ticker and side, then by the first moment for which a mark holds.
    marks: BTreeMap<(Ticker, Side), BTreeMap<i64, Price>>,
}

impl SavedMarks {
    /// `marks` as returned by [`OrderBook::trail_marks`](super::OrderBook::trail_marks).
    pub fn new(saved_at: UtcInstant, marks: impl IntoIterator<Item = TrailMark>) -> Self {
        let mut saved = Self { saved_at_ms: saved_at.unix_ms(), marks: BTreeMap::new() };
        for TrailMark { ticker, side, since, mark } in marks {
            saved.marks.entry((ticker, side)).or_default().insert(since.unix_ms(), mark);
        }
        saved
    }

    /// Mark of an order that began to work at a moment. `None` if it began after the marks were saved: then it keeps
    /// its initial mark.
    pub fn of(&self, ticker: Ticker, side: Side, working_at: UtcInstant) -> Option<Price> {
        let working_ms = working_at.unix_ms();
        let marks = self.marks.get(&(ticker, side)).filter(|_| working_ms < self.saved_at_ms)?;
        marks.range(..=working_ms).next_back().map(|(_, mark)| *mark)
    }
}

/// A trailing stop that fires.
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    pub index: SlotIndex,
    pub step: Step,
    /// Its mark after the span, had it not fired.
    pub mark: Option<Price>,
}

#[derive(Debug)]
pub struct Trails {
    side: Side,
    /// By the first sequence number of each group.
    groups: BTreeMap<u64, Group>,
    /// Nearest stop of each group.
    by_stop: BTreeSet<(i64, u64)>,
}

#[derive(Debug, Default)]
struct Group {
    mark: i64,
    /// Time at which its oldest order began to work.
    since_ms: i64,
    /// Orders by amount, in hundredths of a cent.
    amounts: BTreeSet<(i64, SlotIndex)>,
    /// Orders by percentage, in ten-thousandths of a percent.
    percents: BTreeSet<(i64, SlotIndex)>,
}

impl Trails {
    pub fn new(side: Side) -> Self {
        Self { side, groups: BTreeMap::new(), by_stop: BTreeSet::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Adds an order with its mark. Older orders with a worse mark get this one, since they have seen the same prices.
    pub fn insert(&mut self, sequence: u64, working_ms: i64, mark: Price, trail: Trail, index: SlotIndex) {
        let mark = self.signed(mark);
        let mut group = Group { mark, since_ms: working_ms, ..Group::default() };
        group.add(trail, index);
        let mut first = sequence;
        while let Some((id, older)) = self.groups.range(..=first).next_back()
            && older.mark <= mark
        {
            let id = *id;
            if let Some(older) = self.take_group(id) {
                group = group.merged(older);
            }
            first = id.min(first);
        }
        group.mark = mark;
        self.put_group(first, group);
    }

    /// Removes an order, if present.
    pub fn remove(&mut self, sequence: u64, trail: Trail, index: SlotIndex) {
        let Some(id) = self.groups.range(..=sequence).next_back().map(|(id, _)| *id) else {
            return;
        };
        if let Some(mut group) = self.take_group(id) {
            group.remove(trail, index);
            self.put_group(id, group);
        }
    }

    pub fn mark_at(&self, sequence: u64) -> Option<Price> {
        let (_, group) = self.groups.range(..=sequence).next_back()?;
        self.price(group.mark)
    }

    pub fn marks(&self, ticker: Ticker) -> impl Iterator<Item = TrailMark> + '_ {
        self.groups.values().filter_map(move |group| {
            let since = UtcInstant::from_unix_ms(group.since_ms);
            Some(TrailMark { ticker, side: self.side, since, mark: self.price(group.mark)? })
        })
    }

    /// Takes out the orders that a span reaches, and moves the others' marks. Returns whether a mark moved.
    pub fn advance(&mut self, span: &Span, slippage: SlippageBps, reached: &mut Vec<Reached>) -> bool {
        let (worst, best) = match self.side {
            Side::Sell => (span.low, span.high),
            Side::Buy => (span.high, span.low),
        };
        let at_first = Step::Fill { price: slippage.worsen(self.side, span.first), moment: Moment::First };
        self.fire(span.first, best, |_| at_first, reached);
        let mut has_moved = self.raise(span.first);
        let side = self.side;
        let inside = |stop| Step::Fill { price: slippage.worsen(side, stop), moment: Moment::Inside };
        if worst != span.first {
            self.fire(worst, best, inside, reached);
        }
        has_moved |= self.raise(best);
        if span.last != best {
            self.fire(span.last, best, inside, reached);
        }
        has_moved
    }

    /// Takes out all orders whose stop a price reaches.
    fn fire(&mut self, price: Price, best: Price, step: impl Fn(Price) -> Step, reached: &mut Vec<Reached>) {
        let (price, best) = (self.signed(price), self.signed(best));
        while let Some((stop, id)) = self.by_stop.last().copied()
            && stop >= price
        {
            let Some(mut group) = self.take_group(id) else {
                return;
            };
            let mark = self.price(group.mark.max(best));
            while let Some((stop, trail, index)) = self.first_stop(&group)
                && stop >= price
            {
                group.remove(trail, index);
                let Some(stop) = self.price(stop) else { continue };
                reached.push(Reached { index, step: step(stop), mark });
            }
            self.put_group(id, group);
        }
    }

    /// Raises all marks that are worse than a price to it.
    fn raise(&mut self, price: Price) -> bool {
        let mark = self.signed(price);
        let mut raised: Option<(u64, Group)> = None;
        while let Some((id, group)) = self.groups.last_key_value()
            && group.mark < mark
        {
            let id = *id;
            let Some(group) = self.take_group(id) else { break };
            raised = Some((id, raised.map_or_else(Group::default, |(_, younger)| younger).merged(group)));
        }
        let Some((mut id, mut group)) = raised else {
            return false;
        };
        if let Some((older, found)) = self.groups.last_key_value()
            && found.mark == mark
        {
            let older = *older;
            if let Some(found) = self.take_group(older) {
                (id, group) = (older, group.merged(found));
            }
        }
        group.mark = mark;
        self.put_group(id, group);
        true
    }

    fn take_group(&mut self, id: u64) -> Option<Group> {
        let group = self.groups.remove(&id)?;
        if let Some((stop, ..)) = self.first_stop(&group) {
            self.by_stop.remove(&(stop, id));
        }
        Some(group)
    }

    fn put_group(&mut self, id: u64, group: Group) {
        if group.amounts.is_empty() && group.percents.is_empty() {
            return;
        }
        if let Some((stop, ..)) = self.first_stop(&group) {
            self.by_stop.insert((stop, id));
        }
        self.groups.insert(id, group);
    }

    /// Nearest stop of a group; `None` if no stop can be reached.
    fn first_stop(&self, group: &Group) -> Option<(i64, Trail, SlotIndex)> {
        let mark = self.price(group.mark)?;
        let stop = |trail: Trail, index| Some((self.signed(trail.stop(self.side, mark)?), trail, index));
        let by_amount =
            group.amounts.first().and_then(|(amount, index)| stop(Trail::Amount(Price::from_units(*amount)?), *index));
        let by_percent = group
            .percents
            .first()
            .and_then(|(percent, index)| stop(Trail::Percent(TrailPercent::from_count(*percent)?), *index));
        match (by_amount, by_percent) {
            (Some(one), Some(other)) => Some(if other.0 > one.0 { other } else { one }),
            (one, other) => one.or(other),
        }
    }

    fn signed(&self, price: Price) -> i64 {
        match self.side {
            Side::Sell => price.units(),
            Side::Buy => -price.units(),
        }
    }

    fn price(&self, signed: i64) -> Option<Price> {
        Price::from_units(signed.abs())
    }
}

impl Group {
    fn len(&self) -> usize {
        self.amounts.len() + self.percents.len()
    }

    fn add(&mut self, trail: Trail, index: SlotIndex) {
        match trail {
            Trail::Amount(amount) => self.amounts.insert((amount.units(), index)),
            Trail::Percent(percent) => self.percents.insert((percent.count(), index)),
        };
    }

    fn remove(&mut self, trail: Trail, index: SlotIndex) {
        match trail {
            Trail::Amount(amount) => self.amounts.remove(&(amount.units(), index)),
            Trail::Percent(percent) => self.percents.remove(&(percent.count(), index)),
        };
    }

    /// Merges two groups; the caller sets the mark.
    fn merged(self, other: Self) -> Self {
        let (mut large, small) = if self.len() < other.len() { (other, self) } else { (self, other) };
        if small.len() > 0 {
            large.since_ms = if large.len() > 0 { large.since_ms.min(small.since_ms) } else { small.since_ms };
        }
        large.amounts.extend(small.amounts);
        large.percents.extend(small.percents);
        large
    }
}
