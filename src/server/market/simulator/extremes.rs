//! The highest and the lowest trade within a day's range, without computing all of them.
//!
//! Draws are cut off, so a stretch of the path stays within a known distance of the line between its ends; a stretch
//! that cannot contain a higher trade than the highest found so far is skipped. Few stretches remain near a path's
//! extreme: some hundreds of draws find that of a day with its 172,800 trades.

use std::ops::Range;

use super::{
    grid::{self, TRADE_UNITS},
    news::News,
    path::{Bracket, Path},
    shocks::SectorShocks,
};

/// Upper bound of accumulated rounding errors, in the logarithm of the price.
const ROUNDING: f64 = 1e-9;

/// Search for the highest level (or the lowest, with inverted sign) of the trades in a range of units.
struct Search<'a, S> {
    path: &'a Path,
    news: &'a News,
    sectors: &'a mut S,
    range: Range<i64>,
    sign: f64,
    best: f64,
}

/// The lowest and the highest logarithm of the price of the trades in `range`, which lies within `stretch` and begins
/// with a trade. The range must contain at least one trade.
pub fn of_trades(
    path: &Path,
    news: &News,
    stretch: Bracket,
    range: Range<i64>,
    sectors: &mut impl SectorShocks,
) -> (f64, f64) {
    let mut search = |sign| {
        let mut search =
            Search { path, news, sectors: &mut *sectors, range: range.clone(), sign, best: f64::NEG_INFINITY };
        search.meet(stretch.left, stretch.at_left);
        search.look_into(&stretch);
        sign * search.best
    };
    (search(-1.0), search(1.0))
}

impl<S: SectorShocks> Search<'_, S> {
    /// Considers a trade, if it is in the range.
    fn meet(&mut self, units: i64, x: f64) {
        if self.range.contains(&units) {
            self.best = self.best.max(self.sign * self.path.level(units, x, self.news));
        }
    }

    /// Searches the trades between a stretch's ends.
    fn look_into(&mut self, stretch: &Bracket) {
        let is_apart = stretch.right <= self.range.start || self.range.end <= stretch.left;
        if stretch.length() <= TRADE_UNITS || is_apart || self.bound(stretch) + ROUNDING <= self.best {
            return;
        }
        let (left, right) = self.path.halve(stretch, self.sectors);
        self.meet(right.left, right.at_left);
        // The more promising half first, so that more of the other can be skipped.
        let halves =
            if self.sign * stretch.at_left >= self.sign * stretch.at_right { [left, right] } else { [right, left] };
        halves.iter().for_each(|half| self.look_into(half));
    }

    /// Upper bound of the trades between the stretch's ends.
    fn bound(&self, stretch: &Bracket) -> f64 {
        let end = |units, x| self.sign * self.path.smooth_level(units, x, self.news);
        let line = end(stretch.left, stretch.at_left).max(end(stretch.right, stretch.at_right));
        let reach = self.path.listing.volatility * grid::split(stretch.length()).reach;
        let jumps = self.news.within(stretch.left, stretch.right).iter().map(|event| self.sign * event.sum);
        line + reach + jumps.fold(self.sign * self.news.jumps(stretch.left), f64::max)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::server::market::simulator::{
        grid::{DAY, HOUR, MINUTE, SECOND},
        path::Cursor,
        sectors::Sectors,
    };

    #[rstest]
    #[case::second("AAPL", 10 * HOUR, SECOND)]
    #[case::minute("AAPL", 10 * HOUR + 7 * MINUTE, MINUTE)]
    #[case::five_minutes("TSLA", 3 * HOUR + 55 * MINUTE, 5 * MINUTE)]
    #[case::part_of_a_minute("V", 0, 21 * SECOND + TRADE_UNITS)]
    #[case::hour("NVDA", 23 * HOUR, HOUR)]
    #[case::day("TSLA", 0, DAY)]
    #[case::part_of_a_day("ZZZZ", 0, 17 * HOUR + 3 * MINUTE + 11 * SECOND)]
    fn extremes_are_those_of_all_trades(#[case] ticker: &str, #[case] after_midnight: i64, #[case] length: i64) {
        let sectors = Sectors::new(42);
        let path = Path::new(42, ticker.parse().unwrap());
        let days: &[i64] = if length > HOUR { &[333] } else { &[0, 333, -400] };
        for day in days {
            let range = day * DAY + after_midnight..day * DAY + after_midnight + length;
            let mut cursor = Cursor::new(&path, range.start, &mut &sectors);
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for units in range.clone().step_by(TRADE_UNITS as usize) {
                let level = cursor.level(&path, units, &mut &sectors);
                (low, high) = (low.min(level), high.max(level));
            }
            let stretch = path.day(day * DAY, &mut &sectors);
            let found = of_trades(&path, cursor.news(), stretch, range, &mut &sectors);
            assert_eq!((found.0.to_bits(), found.1.to_bits()), (low.to_bits(), high.to_bits()), "day {day}");
        }
    }
}
