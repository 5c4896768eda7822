//! A series: the candles of one interval, including the forming one.

use std::collections::VecDeque;

use super::{BRIEF_CAPACITY, Depth};
use crate::{
    domain::candle::{Candle, Interval},
    server::market::hours::Hours,
};

/// Candles of an interval, without the unfolded seconds.
#[derive(Debug, Default)]
pub struct Series {
    pub forming: Option<Candle>,
    /// Completed candles.
    pub ring: VecDeque<Candle>,
}

impl Series {
    pub fn extend(&mut self, interval: Interval, candle: Candle, depth: Depth) {
        match &mut self.forming {
            Some(forming) if forming.time >= candle.time => forming.extend(&candle),
            forming => {
                // Including the forming one, and two more that seconds may add.
                if self.ring.len() + 3 >= depth.capacity(interval) {
                    self.ring.pop_front();
                }
                self.ring.extend(forming.replace(candle));
            }
        }
    }

    /// The candle that starts then, if it is among the latest.
    pub fn find(&mut self, start: i64) -> Option<&mut Candle> {
        /// Number of latest candles that can be corrected.
        const LOOK_BACK: usize = 5;
        let latest = self.forming.iter_mut().chain(self.ring.iter_mut().rev());
        latest.take(LOOK_BACK).find(|candle| candle.time == start)
    }

    /// Removes candles that start later; the last remaining one forms again.
    pub fn forget_after(&mut self, start: i64) {
        if self.forming.is_some_and(|forming| forming.time > start) {
            self.ring.retain(|candle| candle.time <= start);
            self.forming = self.ring.pop_back();
        }
    }
}

/// Keeps the newest candles of a ring, and shrinks its capacity.
pub fn shorten(ring: &mut VecDeque<Candle>) {
    // One or more candles are outside a brief ring.
    ring.drain(..ring.len().saturating_sub(BRIEF_CAPACITY - 3));
    ring.shrink_to(BRIEF_CAPACITY);
}

/// A candle of seconds as the beginning of a longer one.
pub fn of_interval(interval: Interval, candle: Candle, hours: Hours) -> Candle {
    Candle { time: start_of(interval, candle.time, hours), ..candle }
}

/// Start of the candle that contains this second.
pub fn start_of(interval: Interval, second: i64, hours: Hours) -> i64 {
    match interval {
        Interval::Day => hours.candle_day(second),
        Interval::Second | Interval::Minute | Interval::FiveMinutes | Interval::Hour => interval.start_of(second),
    }
}
