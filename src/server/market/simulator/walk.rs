//! The live path of one ticker.
//!
//! The logarithm of the price after `n` ticks of `dt` years is
//! `ln open + (μ − σ²/2)·n·dt + σ·√dt·√ρ·B + own`, with `B` the sum of the sector's shocks so far and `own` the sum of what
//! the ticker alone went through: `σ·√dt·√(1 − ρ)·ε` a tick, and events. So a ticker that was away has only its own draws
//! to catch up on, a few nanoseconds a tick.

use rand_distr::{Distribution, StandardNormal};

use super::{
    backward::Ending,
    events, history,
    listings::{self, Listing},
    pace::{Pace, TRADING_SECONDS_A_YEAR},
    sectors::{SECTOR_SHARE, Sectors},
    streams::{self, PathRng, Purpose, VolumeKey},
    volume,
};
use crate::{
    domain::{instant::UtcInstant, money::Price, quote::Quote, ticker::Ticker},
    server::market::{History, Print},
};

/// How long the market had been open at the first tick: a trading day.
const FIRST_DAY_SECONDS: f64 = 390.0 * 60.0;

/// One ticker, at a tick.
pub struct Walk {
    seed: u64,
    ticker: Ticker,
    listing: Listing,
    pace: Pace,
    /// The deviation of a tick's move in the logarithm, σ·√dt,
    spread: f64,
    /// …and what the move has on average, (μ − σ²/2)·dt.
    drift: f64,
    path: PathRng,
    volume: VolumeKey,
    tick: u64,
    /// The sum of the ticker's own moves up to `tick`,
    own: f64,
    /// …up to the tick before,
    own_before: f64,
    /// …and up to the tick at which the present day opened.
    own_at_open: f64,
    /// The logarithm of the price at tick 0,
    open: f64,
    /// …and of the one that the first day opened at, before it.
    first_open: f64,
    /// The price at the tick that was printed last,
    printed: Option<(u64, Price)>,
    /// …and at the tick at which the present day opened.
    previous_close: Option<(u64, Price)>,
}

impl Walk {
    /// The walk at tick 0; it catches up from there.
    pub fn new(seed: u64, ticker: Ticker, pace: Pace) -> Self {
        let unlisted = || listings::unlisted(&mut streams::of_ticker(seed, ticker, Purpose::Listing));
        Self::of(listings::known(ticker).unwrap_or_else(unlisted), seed, ticker, pace)
    }

    fn of(listing: Listing, seed: u64, ticker: Ticker, pace: Pace) -> Self {
        let z: f64 = StandardNormal.sample(&mut streams::of_ticker(seed, ticker, Purpose::DayOpen));
        let years = FIRST_DAY_SECONDS / TRADING_SECONDS_A_YEAR;
        let first_day = listing.log_drift() * years + listing.volatility * years.sqrt() * z;
        Self {
            seed,
            ticker,
            listing,
            pace,
            spread: listing.volatility * pace.years.sqrt(),
            drift: listing.log_drift() * pace.years,
            path: streams::path(seed, ticker),
            volume: VolumeKey::new(seed, ticker),
            tick: 0,
            own: 0.0,
            own_before: 0.0,
            own_at_open: 0.0,
            open: listing.open.ln(),
            first_open: listing.open.ln() - first_day,
            printed: None,
            previous_close: None,
        }
    }

    /// Goes on to `tick`, through all those between.
    pub fn advance_to(&mut self, tick: u64) {
        let own_spread = self.spread * (1.0 - SECTOR_SHARE).sqrt();
        while self.tick < tick {
            let z: f64 = StandardNormal.sample(&mut self.path);
            self.own_before = self.own;
            self.own += own_spread * z + events::draw(self.pace.event_probability, &mut self.path);
            self.tick += 1;
            if self.tick.is_multiple_of(self.pace.ticks_a_day) {
                self.own_at_open = self.own;
            }
        }
    }

    /// The ticker's print at the sectors' tick, which the walk must have been advanced to.
    pub fn print(&mut self, sectors: &Sectors, at: UtcInstant) -> Print {
        let (now, before) = (self.now(sectors), self.before(sectors));
        let price_now = price(now);
        let previous_price = match self.printed.replace((self.tick, price_now)) {
            Some((tick, price)) if tick + 1 == self.tick => price,
            _ => price(before),
        };
        let previous_close = match self.previous_close {
            Some((tick, price)) if tick == sectors.opened_at => price,
            _ => price(self.at_open(sectors)),
        };
        self.previous_close = Some((sectors.opened_at, previous_close));
        let quote =
            Quote { ticker: self.ticker, price: price_now, previous_price, previous_close, at, is_stale: false };
        let deviations = (now - before) / self.spread;
        let (average_daily, mut rng) = (self.listing.average_daily_volume, self.volume.at(self.tick));
        Print { quote, volume: volume::shares(average_daily, self.pace.seconds, deviations, &mut rng) }
    }

    /// What led up to the print at the sectors' tick.
    pub fn history(&self, sectors: &Sectors, at: UtcInstant) -> History {
        let before_first_tick = if sectors.opened_at == 0 { FIRST_DAY_SECONDS } else { 0.0 };
        let ending = Ending {
            at,
            level: self.now(sectors),
            open_level: self.at_open(sectors),
            open_age: (self.tick - sectors.opened_at) as f64 * self.pace.seconds + before_first_tick,
        };
        let mut rng = streams::of_ticker(self.seed, self.ticker, Purpose::History);
        history::lead_up(self.ticker, &self.listing, &ending, &mut rng)
    }

    /// The logarithm of the price now,
    fn now(&self, sectors: &Sectors) -> f64 {
        debug_assert_eq!(self.tick, sectors.tick, "a ticker is read at the market's tick");
        self.level(self.tick, sectors.now(self.listing.sector), self.own)
    }

    /// …at the tick before, which at the first is the same,
    fn before(&self, sectors: &Sectors) -> f64 {
        self.level(self.tick.saturating_sub(1), sectors.before(self.listing.sector), self.own_before)
    }

    /// …and when the present day opened.
    fn at_open(&self, sectors: &Sectors) -> f64 {
        match sectors.opened_at {
            0 => self.first_open,
            tick => self.level(tick, sectors.at_open(self.listing.sector), self.own_at_open),
        }
    }

    fn level(&self, tick: u64, sector: f64, own: f64) -> f64 {
        self.open + self.drift * tick as f64 + self.spread * SECTOR_SHARE.sqrt() * sector + own
    }
}

/// The price in whole cents whose logarithm this is; a cent at the least.
pub fn price(level: f64) -> Price {
    // Invariant: a level is a sum of finite numbers, and its exponential is a number or infinite.
    Price::nearest_cent(level.exp()).expect("a level is a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 42;

    /// A walk whose ticks last a year each, without events.
    fn yearly(listing: Listing) -> Walk {
        let pace = Pace { seconds: 86_400.0 * 365.0, years: 1.0, event_probability: 0.0, ticks_a_day: u64::MAX };
        Walk::of(listing, SEED, ticker("AAPL"), pace)
    }

    fn ticker(symbol: &str) -> Ticker {
        symbol.parse().unwrap()
    }

    /// The moves of the logarithm of the price over so many ticks.
    fn moves(walk: &mut Walk, ticks: usize) -> Vec<f64> {
        let mut sectors = Sectors::new(SEED, walk.pace.ticks_a_day);
        let mut step = || {
            sectors.advance();
            walk.advance_to(sectors.tick);
            walk.now(&sectors) - walk.before(&sectors)
        };
        (0..ticks).map(|_| step()).collect()
    }

    fn mean(sample: &[f64]) -> f64 {
        sample.iter().sum::<f64>() / sample.len() as f64
    }

    fn correlation(left: &[f64], right: &[f64]) -> f64 {
        let (left_mean, right_mean) = (mean(left), mean(right));
        let covariance: f64 = left.iter().zip(right).map(|(l, r)| (l - left_mean) * (r - right_mean)).sum();
        let square = |sample: &[f64], mean: f64| sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        covariance / (square(left, left_mean) * square(right, right_mean)).sqrt()
    }

    #[test]
    fn drift_and_volatility_are_the_listings() {
        const YEARS: usize = 100_000;
        let listing = listings::known(ticker("AAPL")).unwrap();
        let moves = moves(&mut yearly(listing), YEARS);
        let mean = mean(&moves);
        let variance = moves.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (YEARS - 1) as f64;
        // Four standard errors: of a mean σ/√n, of a deviation σ/√(2n). The first is a tenth of the drift itself.
        let error = 4.0 * listing.volatility / (YEARS as f64).sqrt();
        assert!((mean - (0.08 - 0.26 * 0.26 / 2.0)).abs() < error, "{mean}");
        assert!((variance.sqrt() - 0.26).abs() < error / 2_f64.sqrt(), "{}", variance.sqrt());
    }

    #[test]
    fn volatility_holds_at_ticks_of_half_a_second() {
        let pace = Pace::of(std::time::Duration::from_millis(500));
        let moves = moves(&mut Walk::new(SEED, ticker("TSLA"), pace), 100_000);
        // A tick's deviation is 0.016 %, so a move of a per cent is an event: 60 deviations away, and half the least one.
        let ordinary: Vec<f64> = moves.into_iter().filter(|x| x.abs() < 0.01).collect();
        let squares: f64 = ordinary.iter().map(|x| x * x).sum();
        let a_year = (squares / ordinary.len() as f64 / pace.years).sqrt();
        // Four standard errors of a deviation, 4·σ/√(2n), are 0.9 % of it.
        assert!((a_year / 0.55 - 1.0).abs() < 0.009, "{a_year}");
    }

    #[rstest::rstest]
    #[case::technology("AAPL", "MSFT", 0.6)]
    #[case::finance("JPM", "V", 0.6)]
    #[case::across("AAPL", "JPM", 0.3)]
    #[case::energy_and_health("XOM", "LLY", 0.12)]
    #[case::index_and_technology("SPY", "NVDA", 0.48)]
    #[case::tesla_and_technology("TSLA", "AAPL", 0.24)]
    #[case::tesla_and_finance("TSLA", "JPM", 0.12)]
    #[case::unlisted("ZZZZ", "JNJ", 0.12)]
    fn correlations_are_what_was_asked(#[case] left: &str, #[case] right: &str, #[case] asked: f64) {
        const TICKS: usize = 40_000;
        let pace = Pace { event_probability: 0.0, ..Pace::of(std::time::Duration::from_millis(500)) };
        let [left, right] = [left, right].map(|symbol| moves(&mut Walk::new(SEED, ticker(symbol), pace), TICKS));
        let found = correlation(&left, &right);
        // Four standard errors of a correlation, (1 − r²)/√n each: 0.02 at most.
        assert!((found - asked).abs() < 4.0 * (1.0 - asked * asked) / (TICKS as f64).sqrt(), "{found}");
    }

    #[test]
    fn events_come_every_two_hours_of_ticks() {
        // A minute a tick, where an event comes every 120 ticks.
        let pace = Pace::of(std::time::Duration::from_secs(60));
        let moves = moves(&mut Walk::new(SEED, ticker("AAPL"), pace), 240_000);
        // A tick's deviation is 0.083 %, so 1 % is 12 deviations away.
        let events: Vec<f64> = moves.into_iter().filter(|x| x.abs() > 0.01).collect();
        // A binomial count with mean 2,000 has a deviation of 44.5; its rises, of mean half of them, one of 22.
        assert!(events.len().abs_diff(2_000) < 4 * 45, "{}", events.len());
        let rises = events.iter().filter(|x| **x > 0.0).count();
        assert!(rises.abs_diff(events.len() / 2) < 4 * 23, "{rises}");
        // Five deviations of the tick's ordinary move around 2 to 5 %.
        assert!(events.iter().all(|x| (0.0158..0.0542).contains(&x.exp_m1().abs())));
    }

    #[rstest::rstest]
    #[case::down_to_the_least_price(0.0)]
    #[case::up_to_the_dearest_price(500.0)]
    fn prices_are_positive_whole_cents_over_any_volatility(#[case] drift: f64) {
        let listing = Listing { drift, volatility: 20.0, ..listings::known(ticker("AAPL")).unwrap() };
        let mut walk = yearly(listing);
        let mut sectors = Sectors::new(SEED, u64::MAX);
        let mut extremes = 0;
        for _ in 0..2_000 {
            sectors.advance();
            walk.advance_to(sectors.tick);
            let print = walk.print(&sectors, UtcInstant::from_unix_ms(0));
            let cents = print.quote.price.units() / 100;
            assert!(cents >= 1 && print.quote.price.units() % 100 == 0 && print.volume >= 1);
            extremes += usize::from(cents == 1 || cents == 1_000_000_000);
        }
        // The walk does run into its bounds: it drifts 200 or more a year, against a deviation of 20.
        assert!(extremes > 1_900, "{extremes}");
    }
}
