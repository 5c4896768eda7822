//! A series: the candles of one interval, the one that is forming included.

use std::collections::VecDeque;

use super::{BRIEF_CAPACITY, Depth};
use crate::{
    domain::candle::{Candle, Interval},
    server::market::hours::Hours,
};

/// The candles of an interval, up to the seconds that are not folded into it yet.
#[derive(Debug, Default)]
pub struct Series {
    pub forming: Option<Candle>,
    /// Those before it.
    pub ring: VecDeque<Candle>,
}

impl Series {
    pub fn extend(&mut self, interval: Interval, candle: Candle, depth: Depth) {
        match &mut self.forming {
            Some(forming) if forming.time >= candle.time => forming.extend(&candle),
            forming => {
                // With the one that is forming, and the two after it that seconds may make.
                if self.ring.len() + 3 >= depth.capacity(interval) {
                    self.ring.pop_front();
                }
                self.ring.extend(forming.replace(candle));
            }
        }
    }

    /// The candle that starts then, if it is among the latest.
    pub fn find(&mut self, start: i64) -> Option<&mut Candle> {
        /// Further back nothing is set right any more.
        const LOOK_BACK: usize = 5;
        let latest = self.forming.iter_mut().chain(self.ring.iter_mut().rev());
        latest.take(LOOK_BACK).find(|candle| candle.time == start)
    }

    /// Takes the candles away that start later; the last one of the others forms again.
    pub fn forget_after(&mut self, start: i64) {
        if self.forming.is_some_and(|forming| forming.time > start) {
            self.ring.retain(|candle| candle.time <= start);
            self.forming = self.ring.pop_back();
        }
    }
}

/// Leaves the newest candles of a ring, and the room of as many.
pub fn shorten(ring: &mut VecDeque<Candle>) {
    // As many as a brief ring comes to have: one or more stand beside it.
    ring.drain(..ring.len().saturating_sub(BRIEF_CAPACITY - 3));
    ring.shrink_to(BRIEF_CAPACITY);
}

/// A candle of seconds as the beginning of one that lasts longer.
pub fn of_interval(interval: Interval, candle: Candle, hours: Hours) -> Candle {
    Candle { time: start_of(interval, candle.time, hours), ..candle }
}

/// When the candle starts that holds this second.
pub fn start_of(interval: Interval, second: i64, hours: Hours) -> i64 {
    match interval {
        Interval::Day => hours.candle_day(second),
        Interval::Second | Interval::Minute | Interval::FiveMinutes | Interval::Hour => interval.start_of(second),
    }
}
