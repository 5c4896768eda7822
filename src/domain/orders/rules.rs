//! When an order fires, and at which price.
//!
//! With `p` a tick, and [`Span`] for several:
//!
//! | order         | fires when (`strict`)       | price                                                              |
//! |---------------|-----------------------------|--------------------------------------------------------------------|
//! | market        | at once                     | `p`, worsened by slippage                                          |
//! | buy limit L   | p ≤ L (p < L)               | L; over a gap, or marketable when accepted, min(L, p)              |
//! | sell limit L  | p ≥ L (p > L)               | L; over a gap, or marketable when accepted, max(L, p)              |
//! | sell stop S   | p ≤ S                       | `p`, never S, worsened by slippage                                 |
//! | buy stop S    | p ≥ S                       | `p`, never S, worsened by slippage                                 |
//! | stop-limit    | as a stop                   | `p` when it is within L, else it rests at L                        |
//! | sell trailing | p ≤ stop(mark), then mark = max(mark, p) | `p`, worsened by slippage                             |
//! | buy trailing  | p ≥ stop(mark), then mark = min(mark, p) | `p`, worsened by slippage                             |
//!
//! A span of several prices is taken in the order first, low and high, last. What fires at `first` fills by the rules of a
//! gap. Later in the span a stop fills at S worsened by slippage and a limit at L. A trailing stop is tested at `first`,
//! which then moves its mark; at the price against it, with that mark; and at `last`, with the mark that the price for it
//! made: from there to `last` the stop was passed for certain.
//!
//! Only limit orders for extended hours are looked at before the opening and after the close.

use super::{
    costs::{Commission, SlippageBps},
    order::Order,
    span::Span,
    terms::{Terms, Trail},
};
use crate::domain::{money::Price, order::Side, session::SessionKind, words::word_enum};

word_enum! {
    /// Rule for when orders are filled.
    #[derive(Default)]
    pub enum FillModel {
        /// A limit is filled completely when it is touched.
        #[default]
        Plain = "plain",
        /// A limit is filled when the price trades through it, with at most a tenth of the volume per order.
        Strict = "strict",
    }
}

/// The settings under which orders are filled; each report states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FillRules {
    pub model: FillModel,
    pub slippage: SlippageBps,
    pub commission: Commission,
}

/// An order's fields that the rules use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting {
    pub side: Side,
    pub terms: Terms,
    /// Mark of a trailing stop.
    pub mark: Option<Price>,
    pub is_elected: bool,
    pub extended_hours: bool,
}

impl From<&Order> for Resting {
    fn from(order: &Order) -> Self {
        Self {
            side: order.side,
            terms: order.terms,
            mark: order.high_water_mark,
            is_elected: order.elected_at.is_some(),
            extended_hours: order.extended_hours,
        }
    }
}

/// Moment within a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// At its first price.
    First,
    /// After its first price.
    Inside,
}

/// Effect of a span on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Rest,
    /// The stop of a stop-limit was reached; the order now rests at its limit.
    Elect(Moment),
    Fill {
        price: Price,
        moment: Moment,
    },
}

impl Step {
    pub fn moment(self) -> Option<Moment> {
        match self {
            Self::Rest => None,
            Self::Elect(moment) | Self::Fill { moment, .. } => Some(moment),
        }
    }
}

/// Remaining event of an order.
enum Wait {
    Market,
    Limit(Price),
    Stop(Price),
    StopLimit {
        stop: Price,
        limit: Price,
    },
    Trailing {
        trail: Trail,
        mark: Price,
    },
    /// A trailing stop without a mark, which does not work yet.
    Nothing,
}

impl Resting {
    /// Whether the order is eligible in a session of this kind.
    pub fn is_eligible(self, session: SessionKind) -> bool {
        session.takes_orders() || self.extended_hours
    }

    /// Effect of a span on it. `is_marketable`: this is its first span, and it was marketable when accepted.
    pub fn step(self, span: &Span, rules: &FillRules, is_marketable: bool) -> Step {
        if !self.is_eligible(span.session) {
            return Step::Rest;
        }
        let look = Look { side: self.side, span, rules, has_gap: span.is_gap || is_marketable };
        match self.wait() {
            Wait::Market => look.at_market(),
            Wait::Limit(limit) => look.at_limit(limit),
            Wait::Stop(stop) => look.at_stop(stop),
            Wait::StopLimit { stop, limit } => look.at_stop_limit(stop, limit),
            Wait::Trailing { trail, mark } => look.at_trail(trail, mark),
            Wait::Nothing => Step::Rest,
        }
    }

    fn wait(self) -> Wait {
        match (self.terms, self.is_elected) {
            (Terms::Market, _) | (Terms::Stop { .. } | Terms::TrailingStop { .. }, true) => Wait::Market,
            (Terms::Limit { limit }, _) | (Terms::StopLimit { limit, .. }, true) => Wait::Limit(limit),
            (Terms::Stop { stop }, false) => Wait::Stop(stop),
            (Terms::StopLimit { stop, limit }, false) => Wait::StopLimit { stop, limit },
            (Terms::TrailingStop { trail }, false) => {
                self.mark.map_or(Wait::Nothing, |mark| Wait::Trailing { trail, mark })
            }
        }
    }

    /// Its mark after a span that did not fire it.
    pub fn mark_after(self, span: &Span) -> Option<Price> {
        let mark = self.mark?;
        Some(match self.side {
            _ if !self.is_eligible(span.session) => mark,
            Side::Sell => mark.max(span.high),
            Side::Buy => mark.min(span.low),
        })
    }

    /// Whether a limit order would fill at once at a price.
    pub fn is_marketable_at(self, price: Price) -> bool {
        match (self.side, self.terms) {
            (Side::Buy, Terms::Limit { limit }) => price <= limit,
            (Side::Sell, Terms::Limit { limit }) => price >= limit,
            (_, Terms::Market | Terms::Stop { .. } | Terms::StopLimit { .. } | Terms::TrailingStop { .. }) => false,
        }
    }
}

/// One look at an order.
struct Look<'a> {
    side: Side,
    span: &'a Span,
    rules: &'a FillRules,
    has_gap: bool,
}

impl Look<'_> {
    fn fill(price: Price, moment: Moment) -> Step {
        Step::Fill { price, moment }
    }

    fn worsened(&self, price: Price, moment: Moment) -> Step {
        Self::fill(self.rules.slippage.worsen(self.side, price), moment)
    }

    /// The span's best price for a limit on this side.
    fn best(&self) -> Price {
        match self.side {
            Side::Buy => self.span.low,
            Side::Sell => self.span.high,
        }
    }

    /// The span's first price to reach a stop on this side.
    fn worst(&self) -> Price {
        match self.side {
            Side::Buy => self.span.high,
            Side::Sell => self.span.low,
        }
    }

    fn reaches_limit(&self, price: Price, limit: Price) -> bool {
        match (self.side, self.rules.model) {
            (Side::Buy, FillModel::Plain) => price <= limit,
            (Side::Buy, FillModel::Strict) => price < limit,
            (Side::Sell, FillModel::Plain) => price >= limit,
            (Side::Sell, FillModel::Strict) => price > limit,
        }
    }

    fn reaches_stop(&self, price: Price, stop: Price) -> bool {
        match self.side {
            Side::Buy => price >= stop,
            Side::Sell => price <= stop,
        }
    }

    fn at_market(&self) -> Step {
        self.worsened(self.span.first, Moment::First)
    }

    fn at_limit(&self, limit: Price) -> Step {
        let first = self.span.first;
        if self.reaches_limit(first, limit) {
            // At or beyond the limit, the first price is the better one.
            Self::fill(if self.has_gap { first } else { limit }, Moment::First)
        } else if self.reaches_limit(self.best(), limit) {
            Self::fill(limit, Moment::Inside)
        } else {
            Step::Rest
        }
    }

    fn at_stop(&self, stop: Price) -> Step {
        if self.reaches_stop(self.span.first, stop) {
            self.worsened(self.span.first, Moment::First)
        } else if self.reaches_stop(self.worst(), stop) {
            self.worsened(stop, Moment::Inside)
        } else {
            Step::Rest
        }
    }

    fn at_stop_limit(&self, stop: Price, limit: Price) -> Step {
        let (first, last) = (self.span.first, self.span.last);
        if self.reaches_stop(first, stop) {
            if self.reaches_limit(first, limit) {
                Self::fill(first, Moment::First)
            } else if self.reaches_limit(self.best(), limit) {
                Self::fill(limit, Moment::Inside)
            } else {
                Step::Elect(Moment::First)
            }
        } else if self.reaches_stop(self.worst(), stop) {
            if self.reaches_limit(stop, limit) {
                Self::fill(stop, Moment::Inside)
            } else if self.reaches_limit(last, limit) {
                Self::fill(limit, Moment::Inside)
            } else {
                Step::Elect(Moment::Inside)
            }
        } else {
            Step::Rest
        }
    }

    fn at_trail(&self, trail: Trail, mark: Price) -> Step {
        let Span { first, last, .. } = *self.span;
        let stop = |mark| trail.stop(self.side, mark);
        let reached = |price, mark| stop(mark).filter(|stop| self.reaches_stop(price, *stop));
        if reached(first, mark).is_some() {
            return self.worsened(first, Moment::First);
        }
        let after_first = self.better(mark, first);
        if self.worst() != first
            && let Some(stop) = reached(self.worst(), after_first)
        {
            return self.worsened(stop, Moment::Inside);
        }
        let after_best = self.better(after_first, self.best());
        if last != self.best()
            && let Some(stop) = reached(last, after_best)
        {
            return self.worsened(stop, Moment::Inside);
        }
        Step::Rest
    }

    fn better(&self, mark: Price, price: Price) -> Price {
        match self.side {
            Side::Sell => mark.max(price),
            Side::Buy => mark.min(price),
        }
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
