//! Corrections of the past: splits, the source's own bars, a late history, and a clock that goes back.

use super::{
    Candles, Depth, LONGER,
    series::{Series, start_of},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        corporate_action::{ExchangeDate, SplitRatio},
        money::Price,
    },
    server::market::History,
};

impl Candles {
    /// Converts candles to shares of today on the day of a split, unless already converted; `now` is a price after the
    /// split.
    pub fn split(&mut self, ratio: SplitRatio, day: ExchangeDate, now: Price) {
        self.settle();
        self.fold();
        let starts_at = day.starts_at().unix_second();
        let past = |interval: Interval| {
            move |candle: &Candle| match interval {
                // A day's candle has the date.
                Interval::Day => candle.time < day.days() * Interval::Day.seconds(),
                Interval::Second | Interval::Minute | Interval::FiveMinutes | Interval::Hour => candle.time < starts_at,
            }
        };
        // The whole past came from the source either before the split or after it.
        let mut last = LONGER.into_iter().zip(self.longer.iter()).filter_map(|(interval, series)| {
            let candles = series.ring.iter().chain(&series.forming).rev();
            candles.copied().find(past(interval))
        });
        let is_past_before = last.next().is_some_and(|candle| ratio.is_price_before(candle.close, now));
        let turn = |candle: &mut Candle, is_past: bool| {
            let of_today = |price: Price| {
                let is_before = if is_past { is_past_before } else { ratio.is_price_before(price, now) };
                Some(price).filter(|_| is_before).and_then(|price| ratio.of_price(price)).unwrap_or(price)
            };
            if is_past && is_past_before {
                candle.volume = ratio.of_volume(candle.volume);
            }
            let [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close].map(of_today);
            let (high, low) = (high.max(open).max(close), low.min(open).min(close));
            *candle = Candle { open, high, low, close, ..*candle };
        };
        self.seconds.iter_mut().for_each(|second| turn(second, past(Interval::Second)(second)));
        for (interval, series) in LONGER.into_iter().zip(self.longer.iter_mut()) {
            series.ring.iter_mut().chain(&mut series.forming).for_each(|candle| turn(candle, past(interval)(candle)));
        }
    }

    /// Merges a candle of `length` from the source: its open, and its high and low, which prints may have missed. The
    /// close stays that of the prints, which is as current.
    pub fn set_right(&mut self, length: Interval, told: &Candle) {
        self.settle();
        self.fold();
        for (interval, series) in
            LONGER.into_iter().zip(self.longer.iter_mut()).filter(|(interval, _)| *interval >= length)
        {
            // A day's candle is already identified by its date.
            let start = if length == Interval::Day { told.time } else { start_of(interval, told.time, self.hours) };
            let Some(candle) = series.find(start) else {
                continue;
            };
            candle.high = candle.high.max(told.high);
            candle.low = candle.low.min(told.low);
            if interval == length {
                candle.open = told.open;
            }
        }
    }

    /// Inserts a ticker's past before the present candles; candles of the same time are merged.
    pub fn prepend(&mut self, history: History) {
        self.settle();
        self.fold();
        let History { seconds, minutes, five_minutes, hours, days, ticker: _ } = history;
        // Candles of the brief history are part of the past that is delivered now.
        let is_retold = self.depth == Depth::Whole && std::mem::take(&mut self.is_cut);
        let covered = |past: &[Candle]| past.last().filter(|_| is_retold).map(|last| last.time);
        let (present, end) = (std::mem::take(&mut self.seconds), covered(&seconds));
        self.newest_second = None;
        for second in seconds.into_iter().chain(present.into_iter().filter(|second| Some(second.time) > end)) {
            self.write_down(second);
        }
        let pasts = [minutes, five_minutes, hours, days];
        for ((interval, series), past) in LONGER.into_iter().zip(self.longer.iter_mut()).zip(pasts) {
            let Series { forming, ring } = std::mem::take(series);
            let end = covered(&past);
            let present = ring.into_iter().chain(forming).filter(|candle| Some(candle.time) >= end);
            past.into_iter().chain(present).for_each(|candle| series.extend(interval, candle, self.depth));
        }
    }

    /// Removes everything that starts after `time`; the last candle of each longer interval forms again.
    pub(super) fn forget_after(&mut self, time: i64) {
        self.fold();
        self.seconds.retain(|second| second.time <= time);
        self.newest_second = self.seconds.back().map(|second| second.time);
        for (interval, series) in LONGER.into_iter().zip(self.longer.iter_mut()) {
            series.forget_after(start_of(interval, time, self.hours));
        }
    }
}
