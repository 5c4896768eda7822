//! The candles of one ticker, in every interval, kept up to date with each print.

mod correct;
mod read;
mod series;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::series::{Series, of_interval, shorten};
use super::{Print, hours::Hours};
use crate::domain::candle::{Candle, Interval, STEP_BACK_SECONDS};

/// How much of a ticker's past is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Enough for a chart: some 280 KiB.
    #[default]
    Whole,
    /// A little, until someone looks: some 15 KiB.
    Brief,
}

/// How many candles of each interval are kept briefly: no fewer than the seconds of a minute, which are folded together.
const BRIEF_CAPACITY: usize = 64;

impl Depth {
    /// How many candles of an interval are kept.
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

/// The most candles there are of any interval.
pub const CANDLES_MAX: usize = 1_800;

/// The intervals that are longer than a second, in [`Candles::longer`]'s order.
const LONGER: [Interval; 4] = [Interval::Minute, Interval::FiveMinutes, Interval::Hour, Interval::Day];

/// Five rings of candles, one for each interval. A print touches the second that forms and nothing else, a second that is
/// over is written down, and the longer intervals take in a minute's seconds at once, or when someone asks: what a tick of
/// many tickers costs is the memory it touches.
#[derive(Debug, Default)]
pub struct Candles {
    depth: Depth,
    /// It was kept briefly, and its past is to be told anew.
    is_cut: bool,
    /// Whose days the daily candles have.
    hours: Hours,
    /// The prints of this second, which are in nothing else yet.
    fresh: Option<Candle>,
    /// The seconds before it,
    seconds: VecDeque<Candle>,
    /// …and when the newest of them starts: the ring itself is cold when the next is written, and not waited for.
    newest_second: Option<i64>,
    /// So many of the latest seconds are in none of the longer intervals yet. They are of one minute.
    unfolded: usize,
    /// Apart, so that what a tick touches of many tickers lies close together.
    longer: Box<[Series; LONGER.len()]>,
}

impl Candles {
    /// Candles of a past that is not told yet, of a market that keeps these hours.
    pub fn of(depth: Depth, hours: Hours) -> Self {
        Self { depth, hours, is_cut: depth == Depth::Brief, ..Self::default() }
    }

    /// Keeps more or less from now on; tells whether the past has to be told anew for it.
    pub fn set_depth(&mut self, depth: Depth) -> bool {
        self.depth = depth;
        if depth == Depth::Brief {
            self.is_cut = true;
            shorten(&mut self.seconds);
            self.longer.iter_mut().for_each(|series| shorten(&mut series.ring));
        }
        self.is_cut && depth == Depth::Whole
    }

    /// Takes in a print: it extends the candle that is forming, or begins the next one. A clock that went back far takes
    /// the candles away that are in the future now; else the last one would form until that future comes.
    pub fn add(&mut self, print: &Print) {
        let time = print.quote.at.unix_second();
        let candle = Candle::new(time, print.quote.price, print.volume);
        match &mut self.fresh {
            // Or a moment before, where a clock was set right.
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

    /// Writes down the second that is over.
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
            // The clock had gone back to a second that is folded already.
            self.fold_one(fresh);
        }
    }

    /// Whether it is a second of its own: one that does not come after the newest is part of that.
    fn write_down(&mut self, second: Candle) -> bool {
        if self.newest_second >= Some(second.time)
            && let Some(newest) = self.seconds.back_mut()
        {
            newest.extend(&second);
            return false;
        }
        // With the one that is fresh.
        if self.seconds.len() + 1 >= self.depth.capacity(Interval::Second) {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
        self.newest_second = Some(second.time);
        true
    }

    /// Takes the latest seconds into the longer intervals.
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
