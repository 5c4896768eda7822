//! Reads of candles and sparklines.

use super::{Candles, LONGER, series::of_interval};
use crate::domain::{
    candle::{Candle, Interval},
    money::Price,
    watchlist::SPARKLINE_POINTS_MAX,
};

impl Candles {
    /// Whether the chart's whole history is present, or the source will deliver it for the first time.
    pub fn is_whole(&self) -> bool {
        !self.is_cut
    }

    /// Whether there is neither a print nor a history yet.
    pub fn is_empty(&self) -> bool {
        self.fresh.is_none() && self.seconds.is_empty() && self.longer.iter().all(|series| series.forming.is_none())
    }

    /// The latest candles, oldest first; the last one is still forming.
    pub fn latest(&self, interval: Interval, limit: usize) -> Vec<Candle> {
        let mut candles: Vec<Candle> = self.newest_first(interval).take(limit).collect();
        candles.reverse();
        candles
    }

    /// Closing prices of the latest 15 minutes, evenly spaced, oldest first.
    pub fn sparkline(&self) -> Vec<Price> {
        const SECONDS: usize = 900;
        let length = self.newest_first(Interval::Second).count().min(SECONDS);
        let step = length.div_ceil(SPARKLINE_POINTS_MAX).max(1);
        let seconds = self.newest_first(Interval::Second).take(length);
        let mut prices: Vec<Price> = seconds.step_by(step).map(|candle| candle.close).collect();
        prices.reverse();
        prices
    }

    pub(super) fn newest_first(&self, interval: Interval) -> impl Iterator<Item = Candle> {
        let series = LONGER.iter().position(|longer| *longer == interval).map(|index| &self.longer[index]);
        let (ring, forming, unfolded) = match series {
            Some(series) => (&series.ring, series.forming, self.latest_seconds()),
            None => (&self.seconds, None, None),
        };
        let of_seconds = [unfolded, self.fresh].into_iter().flatten();
        let of_seconds = of_seconds.map(|candle| of_interval(interval, candle, self.hours));
        // Candles outside the ring, oldest first: at most three.
        let mut tail: Vec<Candle> = Vec::with_capacity(3);
        let mut before = ring.iter().rev().copied().peekable();
        for candle in forming.into_iter().chain(of_seconds) {
            match tail.last_mut() {
                Some(newest) if newest.time >= candle.time => newest.extend(&candle),
                Some(_) => tail.push(candle),
                // A clock that had gone back makes the newest second forming again.
                None => tail.push(
                    before
                        .next_if(|newest| newest.time >= candle.time)
                        .map_or(candle, |newest| newest.followed_by(&candle)),
                ),
            }
        }
        tail.into_iter().rev().chain(before)
    }

    /// The unfolded seconds, as one candle.
    pub(super) fn latest_seconds(&self) -> Option<Candle> {
        let seconds = self.seconds.iter().skip(self.seconds.len().saturating_sub(self.unfolded));
        seconds.copied().reduce(|mut whole, second| {
            whole.extend(&second);
            whole
        })
    }
}
