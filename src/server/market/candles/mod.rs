//! The candles of one ticker in every interval, updated by each print.

mod correct;
mod read;
mod series;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::series::{Series, of_interval, shorten};
use super::{Print, hours::Hours};
use crate::domain::candle::{Candle, Interval, STEP_BACK_SECONDS};

/// Amount of a ticker's past that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Enough for a chart: about 280 KiB.
    #[default]
    Whole,
    /// Little, until the chart is opened: about 15 KiB.
    Brief,
}

/// Candles per interval at brief depth: at least the seconds of a minute, which are folded together.
const BRIEF_CAPACITY: usize = 64;

impl Depth {
    /// Candles kept of an interval.
    const fn capacity(self, interval: Interval) -> usize {
        match (self, interval) {
            (Self::Brief, _) => BRIEF_CAPACITY,
            (Self::Whole, Interval::Second) => 1_800,
            (Self::Whole, Interval::Minute) => 1_440,
            (Self::Whole, Interval::FiveMinutes) => 1_440,
            (Self::Whole, Interval::Hour) => 720,
            (Self::Whole, Interval::Day) => 400,
        }
    }
}

/// Most candles of any interval.
pub const CANDLES_MAX: usize = 1_800;

/// Intervals longer than a second, in the order of [`Candles::longer`].
const LONGER: [Interval; 4] = [Interval::Minute, Interval::FiveMinutes, Interval::Hour, Interval::Day];

/// Five rings of candles, one per interval. A print only touches the forming second; a completed second is stored, and
/// the longer intervals are folded once per minute, or on a read. A tick's cost for many tickers is the memory that it
/// touches.
#[derive(Debug, Default)]
pub struct Candles {
    depth: Depth,
    /// Whether the history was cut to brief depth and must be delivered again.
    is_cut: bool,
    /// Hours that define the daily candles.
    hours: Hours,
    /// Prints of the forming second, which are in nothing else yet.
    fresh: Option<Candle>,
    /// Completed seconds,
    seconds: VecDeque<Candle>,
    /// …and the start of the newest one: kept separately, since the ring itself is not in the cache at a tick.
    newest_second: Option<i64>,
    /// Number of the latest seconds that are not folded into the longer intervals yet. They belong to one minute.
    unfolded: usize,
    /// Boxed, so that the data touched by a tick is compact across tickers.
    longer: Box<[Series; LONGER.len()]>,
}

impl Candles {
    /// Candles without a past yet, for a market with these hours.
    pub fn of(depth: Depth, hours: Hours) -> Self {
        Self { depth, hours, is_cut: depth == Depth::Brief, ..Self::default() }
    }

    /// Changes the depth; returns whether the past must be delivered again.
    pub fn set_depth(&mut self, depth: Depth) -> bool {
        self.depth = depth;
        if depth == Depth::Brief {
            self.is_cut = true;
            shorten(&mut self.seconds);
            self.longer.iter_mut().for_each(|series| shorten(&mut series.ring));
        }
        self.is_cut && depth == Depth::Whole
    }

    /// Adds a print: extends the forming candle, or starts the next one. After the clock went far back, candles in the
    /// future are removed; otherwise the last one would form until that time.
    pub fn add(&mut self, print: &Print) {
        let time = print.quote.at.unix_second();
        let candle = Candle::new(time, print.quote.price, print.volume);
        match &mut self.fresh {
            // Or slightly earlier, after the clock was corrected.
            Some(fresh) if (time..=time + STEP_BACK_SECONDS).contains(&fresh.time) => fresh.extend(&candle),
            _ => {
                self.settle();
                if self.newest_second.is_some_and(|newest| newest - time > STEP_BACK_SECONDS) {
                    self.forget_after(time);
                }
                self.fresh = Some(candle);
            }
        }
    }

    /// Stores the completed second.
    fn settle(&mut self) {
        let Some(fresh) = self.fresh.take() else {
            return;
        };
        let minute = |time| Interval::Minute.start_of(time);
        if self.newest_second.is_some_and(|newest| minute(newest) != minute(fresh.time)) {
            self.fold();
        }
        if self.write_down(fresh) {
            self.unfolded += 1;
        } else if self.unfolded == 0 {
            // The clock had gone back to a second that is already folded.
            self.fold_one(fresh);
        }
    }

    /// Stores a second; returns whether it is a new one. A second that does not follow the newest is merged into it.
    fn write_down(&mut self, second: Candle) -> bool {
        if self.newest_second >= Some(second.time)
            && let Some(newest) = self.seconds.back_mut()
        {
            newest.extend(&second);
            return false;
        }
        // Including the forming one.
        if self.seconds.len() + 1 >= self.depth.capacity(Interval::Second) {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
        self.newest_second = Some(second.time);
        true
    }

    /// Folds the latest seconds into the longer intervals.
    fn fold(&mut self) {
        if let Some(candle) = self.latest_seconds() {
            self.fold_one(candle);
        }
        self.unfolded = 0;
    }

    fn fold_one(&mut self, candle: Candle) {
        for (interval, series) in LONGER.into_iter().zip(self.longer.iter_mut()) {
            series.extend(interval, of_interval(interval, candle, self.hours), self.depth);
        }
    }
}
