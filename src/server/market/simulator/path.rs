//! The path of one ticker: its price at any instant.
//!
//! The logarithm of the price at `t` trading years after the epoch is
//! `ln open + μ·t + σ·x(t) + jumps(t) − made up(t)`, with `x` the standard path that [`grid`](super::grid) builds and the news
//! of the day ([`news`](super::news)). Prices are rounded to cents when they are shown, and never on the way.

use super::{
    grid::{self, DAY, EQUILIBRIUM_DEVIATION, SPAN, TRADING_DAYS_A_YEAR},
    listings::{self, Listing},
    news::News,
    shocks::{Key, SectorShocks, TickerShocks},
    streams::{self, Purpose},
};
use crate::domain::{money::Price, ticker::Ticker};

/// A stretch of time, in units, with the standard path's values at its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bracket {
    pub left: i64,
    pub right: i64,
    pub at_left: f64,
    pub at_right: f64,
}

impl Bracket {
    pub fn length(&self) -> i64 {
        self.right - self.left
    }
}

/// One ticker's path, without state.
#[derive(Debug, Clone)]
pub struct Path {
    pub listing: Listing,
    shocks: TickerShocks,
    news: Key,
    pub volume: Key,
    open_level: f64,
}

impl Path {
    pub fn new(seed: u64, ticker: Ticker) -> Self {
        let unlisted = || listings::unlisted(&mut streams::of_ticker(seed, ticker, Purpose::Listing));
        Self::of(listings::known(ticker).unwrap_or_else(unlisted), seed, ticker)
    }

    fn of(listing: Listing, seed: u64, ticker: Ticker) -> Self {
        let key = |purpose| streams::key_of_ticker(seed, ticker, purpose);
        Self {
            shocks: TickerShocks { own: key(Purpose::Path), sector: listing.sector },
            news: key(Purpose::News),
            volume: key(Purpose::Volume),
            open_level: listing.open.ln(),
            listing,
        }
    }

    /// The news of the day that begins at `start`.
    pub fn news(&self, start: i64) -> News {
        News::of_day(self.news, start)
    }

    /// The whole span.
    fn span(&self, sectors: &mut impl SectorShocks) -> Bracket {
        let mut end = |units| EQUILIBRIUM_DEVIATION * self.shocks.draw(units, sectors);
        Bracket { left: -SPAN, right: SPAN, at_left: end(-SPAN), at_right: end(SPAN) }
    }

    /// The two parts of a stretch longer than a unit.
    pub fn halve(&self, whole: &Bracket, sectors: &mut impl SectorShocks) -> (Bracket, Bracket) {
        let split = grid::split(whole.length());
        let middle = whole.left + split.offset;
        let mean = split.left_weight * whole.at_left + split.right_weight * whole.at_right;
        let at_middle = mean + split.deviation * self.shocks.draw(middle, sectors);
        (
            Bracket { right: middle, at_right: at_middle, ..*whole },
            Bracket { left: middle, at_left: at_middle, ..*whole },
        )
    }

    /// The stretch of the day that begins at `start`.
    pub fn day(&self, start: i64, sectors: &mut impl SectorShocks) -> Bracket {
        let mut stretch = self.span(sectors);
        while stretch.length() > DAY {
            let (left, right) = self.halve(&stretch, sectors);
            stretch = if start < left.right { left } else { right };
        }
        stretch
    }

    /// Logarithm of the price, without jumps, for the standard path's value `x`. If two instants of a day lie on a
    /// line, this lies on the line too.
    pub fn smooth_level(&self, units: i64, x: f64, news: &News) -> f64 {
        let years = units as f64 / DAY as f64 / TRADING_DAYS_A_YEAR;
        self.open_level + self.listing.drift * years + self.listing.volatility * x - news.made_up(units)
    }

    /// Logarithm of the price for the standard path's value `x`.
    pub fn level(&self, units: i64, x: f64, news: &News) -> f64 {
        self.smooth_level(units, x, news) + news.jumps(units)
    }
}

/// Price in whole cents from its logarithm; at least one cent.
pub fn price(level: f64) -> Price {
    // Invariant: a level is a sum of finite numbers, and its exponential is a number or infinite.
    Price::nearest_cent(level.exp()).expect("a level is a number")
}

/// Reads a path at successive instants. It keeps the stretches around the latest one, so that the next trade costs one
/// draw on average, and any other instant a few dozen.
#[derive(Debug, Clone)]
pub struct Cursor {
    /// From the day's stretch on, each a part of the previous one; the last begins at the latest instant.
    stretches: Vec<Bracket>,
    news: News,
}

impl Cursor {
    pub fn new(path: &Path, units: i64, sectors: &mut impl SectorShocks) -> Self {
        let start = grid::day_of(units);
        Self { stretches: vec![path.day(start, sectors)], news: path.news(start) }
    }

    pub fn news(&self) -> &News {
        &self.news
    }

    /// Logarithm of the price at an instant.
    pub fn level(&mut self, path: &Path, units: i64, sectors: &mut impl SectorShocks) -> f64 {
        let x = self.seek(path, units, sectors);
        path.level(units, x, &self.news)
    }

    /// The standard path at an instant.
    pub fn seek(&mut self, path: &Path, units: i64, sectors: &mut impl SectorShocks) -> f64 {
        let holds = |stretch: &Bracket| stretch.left <= units && units < stretch.right;
        let mut left_behind: Option<Bracket> = None;
        while let Some(stretch) = self.stretches.pop_if(|stretch| !holds(stretch)) {
            left_behind = Some(stretch);
        }
        let Some(mut within) = self.stretches.last().copied() else {
            // Another day.
            *self = Self::new(path, units, sectors);
            return self.seek(path, units, sectors);
        };
        // The part after the one just left begins at its end, and needs no draw.
        if let Some(left_half) = left_behind.filter(|half| half.left == within.left && half.right <= units) {
            within = Bracket { left: left_half.right, at_left: left_half.at_right, ..within };
            self.stretches.push(within);
        }
        while within.left != units {
            let (left, right) = path.halve(&within, sectors);
            within = if units < right.left { left } else { right };
            self.stretches.push(within);
        }
        within.at_left
    }

    /// The smallest stretch around the latest instant that extends to `end`, or the day's.
    pub fn stretch_to(&self, end: i64) -> Bracket {
        let reaching = self.stretches.iter().rev().find(|stretch| stretch.right >= end);
        // Invariant: the day's stretch is only ever replaced.
        *reaching.or(self.stretches.first()).expect("a cursor is within a day")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::server::market::simulator::{
        grid::{HOUR, MINUTE, TRADE_UNITS},
        sectors::Sectors,
    };

    const SEED: u64 = 42;

    fn path(symbol: &str) -> Path {
        Path::new(SEED, symbol.parse().unwrap())
    }

    /// Logarithms of the price at `count` successive instants from the epoch on.
    fn levels(path: &Path, step: i64, count: i64) -> Vec<f64> {
        let sectors = Sectors::new(SEED);
        let mut cursor = Cursor::new(path, 0, &mut &sectors);
        (0..count).map(|n| cursor.level(path, n * step, &mut &sectors)).collect()
    }

    fn moves(path: &Path, step: i64, count: i64) -> Vec<f64> {
        levels(path, step, count + 1).windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    fn deviation(sample: &[f64]) -> f64 {
        (sample.iter().map(|x| x * x).sum::<f64>() / sample.len() as f64).sqrt()
    }

    #[test]
    fn an_instant_has_one_price_from_wherever_it_is_reached() {
        let (sectors, path) = (Sectors::new(SEED), path("AAPL"));
        let fresh = |units| Cursor::new(&path, units, &mut &sectors).level(&path, units, &mut &sectors);
        let mut cursor = Cursor::new(&path, 0, &mut &sectors);
        // Forwards by trades, by other steps, over a midnight, back, and far away.
        let steps = (0..400).map(|n| n * TRADE_UNITS).chain((0..300).map(|n| n * 37));
        let jumps = [HOUR, DAY - 1, DAY, DAY + MINUTE + 1, 3, -5 * DAY + 7, SPAN - 1, -SPAN, 0];
        for units in steps.chain(jumps) {
            assert_eq!(cursor.level(&path, units, &mut &sectors).to_bits(), fresh(units).to_bits(), "{units}");
        }
    }

    #[test]
    fn from_trade_to_trade_a_price_moves_as_while_the_market_is_open() {
        let (path, count) = (path("TSLA"), 50_000);
        // A trade's deviation is 0.016 %, so a move of a per cent is an event: 60 deviations away, and half the least one.
        let ordinary: Vec<f64> = moves(&path, TRADE_UNITS, count).into_iter().filter(|x| x.abs() < 0.01).collect();
        let a_year = deviation(&ordinary) / grid::variance(TRADE_UNITS).sqrt();
        // Four standard errors of a deviation, 4·σ/√(2n), are 1.3 % of it; draws that are cut off take 0.1 %.
        assert!((a_year / 0.55 - 1.0).abs() < 0.014, "{a_year}");
        assert!(count as usize - ordinary.len() < 12, "a quarter of a day has three events");
    }

    #[test]
    fn from_day_to_day_a_price_moves_as_closing_prices_do() {
        let moves = moves(&path("AAPL"), DAY, 4_000);
        let a_year = deviation(&moves) * TRADING_DAYS_A_YEAR.sqrt();
        // Four standard errors are 4.5 % of it; the pull to the trend takes one per cent.
        assert!((a_year / 0.26 - 1.0).abs() < 0.055, "{a_year}");
    }

    #[test]
    fn over_decades_a_price_keeps_near_its_trend() {
        for symbol in ["AAPL", "TSLA", "ZZZZ"] {
            let path = path(symbol);
            let sectors = Sectors::new(SEED);
            for year in -20..20 {
                let units = year * 365 * DAY;
                let level = Cursor::new(&path, units, &mut &sectors).level(&path, units, &mut &sectors);
                let trend = path.smooth_level(units, 0.0, &News::default());
                // Five deviations of the equilibrium, and the news of a day, which a midnight is free of.
                let reach = 5.0 * EQUILIBRIUM_DEVIATION * path.listing.volatility;
                assert!((level - trend).abs() < reach, "{symbol}, year {year}");
            }
        }
    }

    fn correlation(left: &[f64], right: &[f64]) -> f64 {
        let covariance: f64 = left.iter().zip(right).map(|(l, r)| l * r).sum::<f64>() / left.len() as f64;
        covariance / (deviation(left) * deviation(right))
    }

    #[rstest]
    #[case::technology("AAPL", "MSFT", 0.6)]
    #[case::finance("JPM", "V", 0.6)]
    #[case::across("AAPL", "JPM", 0.3)]
    #[case::energy_and_health("XOM", "LLY", 0.12)]
    #[case::index_and_technology("SPY", "NVDA", 0.48)]
    #[case::tesla_and_technology("TSLA", "AAPL", 0.24)]
    #[case::tesla_and_finance("TSLA", "JPM", 0.12)]
    #[case::unlisted("ZZZZ", "JNJ", 0.12)]
    fn correlations_are_what_was_asked(#[case] left: &str, #[case] right: &str, #[case] asked: f64) {
        const COUNT: i64 = 10_000;
        for step in [TRADE_UNITS, DAY] {
            let [left, right] = [left, right].map(|symbol| moves(&path(symbol), step, COUNT));
            // Without the events, which are each ticker's own.
            let ordinary = |(l, r): &(f64, f64)| step == DAY || (l.abs() < 0.01 && r.abs() < 0.01);
            let (left, right): (Vec<f64>, Vec<f64>) = left.into_iter().zip(right).filter(ordinary).unzip();
            let found = correlation(&left, &right);
            // Four standard errors of a correlation, (1 − r²)/√n each: 0.04 at most.
            assert!((found - asked).abs() < 4.0 * (1.0 - asked * asked) / (COUNT as f64).sqrt(), "{found}, {step}");
        }
    }

    #[rstest]
    #[case::far_down(-60.0, 1)]
    #[case::far_up(60.0, 1_000_000_000)]
    fn a_price_is_whole_cents_and_bounded(#[case] level: f64, #[case] cents: i64) {
        assert_eq!(price(level).units(), cents * 100);
    }
}
