//! News: now and then a price jumps.
//!
//! A ticker's news of a day is a Poisson process with one event in two hours on average. Within the day a jump stays; the
//! rest of the day makes up for the sum of its jumps, evenly and so slowly that no tick shows it. So a day's change is
//! that of the path without news, and a year's prices do not drift off by thousands of jumps.

use rand::Rng;
use rand_distr::{Distribution, Poisson};

use super::{
    grid::{DAY, TRADE_UNITS},
    shocks::Key,
};

/// Average number per day: one in two hours.
const EVENTS_A_DAY: f64 = 12.0;

/// Most events of a day; a Poisson count with that mean exceeds it once in 10^20 days.
const EVENTS_A_DAY_MAX: usize = 64;

/// Relative move of a price by an event, up or down.
const SIZES: std::ops::Range<f64> = 0.02..0.05;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// First trade that shows it, in units.
    pub at: i64,
    /// Sum of this jump and of earlier ones of the day, in the logarithm of the price.
    pub sum: f64,
}

/// News of one day, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct News {
    start: i64,
    events: Vec<Event>,
}

impl News {
    /// News of the day that begins at `start`. Rises and falls are equally likely and large, so events add no drift.
    pub fn of_day(key: Key, start: i64) -> Self {
        let mut rng = key.at(start);
        // Invariant: the mean is positive and finite.
        let poisson = Poisson::new(EVENTS_A_DAY).expect("the mean is positive");
        let count = (poisson.sample(&mut rng) as usize).min(EVENTS_A_DAY_MAX);
        let mut jumps: Vec<(i64, f64)> = (0..count)
            .map(|_| {
                // Not at the first trade, which is the day's opening.
                let trade = rng.random_range(1..DAY / TRADE_UNITS);
                let size = rng.random_range(SIZES);
                (start + trade * TRADE_UNITS, (if rng.random() { size } else { -size }).ln_1p())
            })
            .collect();
        jumps.sort_by_key(|jump| jump.0);
        let mut sum = 0.0;
        let add = |(at, jump)| {
            sum += jump;
            Event { at, sum }
        };
        Self { start, events: jumps.into_iter().map(add).collect() }
    }

    /// Jumps up to an instant of the day, inclusive.
    pub fn jumps(&self, units: i64) -> f64 {
        self.events[..self.events.partition_point(|event| event.at <= units)].last().map_or(0.0, |event| event.sum)
    }

    /// Compensation for the day's jumps up to an instant; subtracted from them.
    pub fn made_up(&self, units: i64) -> f64 {
        let total = self.events.last().map_or(0.0, |event| event.sum);
        total * ((units - self.start) as f64 / DAY as f64)
    }

    /// Events after `left` and before `right`.
    pub fn within(&self, left: i64, right: i64) -> &[Event] {
        let from = self.events.partition_point(|event| event.at <= left);
        let to = self.events.partition_point(|event| event.at < right);
        &self.events[from..to.max(from)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: i64 = 2_000;

    fn days() -> impl Iterator<Item = News> {
        (0..DAYS).map(|day| News::of_day(Key(42), day * DAY))
    }

    #[test]
    fn an_event_comes_every_two_hours() {
        let count: usize = days().map(|day| day.events.len()).sum();
        // A Poisson count of mean 24,000 has a deviation of 155; four of them.
        assert!(count.abs_diff(24_000) < 620, "{count}");
    }

    #[test]
    fn an_event_is_of_two_to_five_per_cent_up_or_down_at_a_trade() {
        let (mut moves, mut sum) = (Vec::new(), 0.0);
        for day in days() {
            let mut before = 0.0;
            assert!(day.events.windows(2).all(|pair| pair[0].at <= pair[1].at));
            for event in &day.events {
                assert!(day.start < event.at && event.at < day.start + DAY && event.at % TRADE_UNITS == 0);
                moves.push((event.sum - before).exp_m1());
                before = event.sum;
            }
            sum += before;
        }
        assert!(moves.iter().all(|x| (0.02 - 1e-9..0.05 + 1e-9).contains(&x.abs())));
        // A jump has a deviation of 3.6 %: four deviations of the sum of 24,000.
        assert!(sum.abs() < 4.0 * 0.036 * 24_000_f64.sqrt(), "{sum}");
    }

    #[test]
    fn a_day_makes_up_for_its_jumps_until_its_end() {
        let day = days().find(|day| day.events.len() > 3).unwrap();
        let start = day.start;
        assert_eq!((day.jumps(start), day.made_up(start)), (0.0, 0.0));
        assert!((day.jumps(start + DAY - 1) - day.made_up(start + DAY)).abs() < 1e-12);
        let first = day.events[0];
        assert_eq!((day.jumps(first.at - 1), day.jumps(first.at)), (0.0, first.sum));
        assert_eq!(day.within(start, start + DAY), &day.events[..]);
        assert_eq!(day.within(first.at, start + DAY), &day.events[1..]);
        assert_eq!(News::default().within(0, DAY), &[]);
    }
}
