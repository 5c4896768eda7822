//! A market that needs no network: geometric Brownian motion, a tick at a time.
//!
//! # The walk
//! Over a tick of `dt` trading years a price moves by the exact solution of the GBM equation (Hull, *Options, Futures
//! and Other Derivatives*, the chapter on Wiener processes and Itô's lemma):
//! `S(t + dt) = S(t) · exp((μ − σ²/2)·dt + σ·√dt·Z)`, with `Z` standard normal. A trading year is 252 days of 6.5
//! hours, so that prices move as fast as real ones do while the market is open.
//!
//! # Replay
//! Each ticker draws from a random stream of its own, chosen by the seed and its name, and a ticker that nobody wanted
//! for a while catches up on the ticks it missed. So the same seed gives the same market, tick for tick, whatever is
//! subscribed when.

use std::{collections::BTreeMap, time::Duration};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{MarketSource, Print, SourceError, Update};
use crate::{
    domain::{money::Price, quote::Quote, ticker::Ticker},
    server::{clock::Clock, config::SimulatorConfig, ledger::TickerSet},
};

/// 252 days of 6.5 hours.
const TRADING_SECONDS_A_YEAR: f64 = 252.0 * 6.5 * 3_600.0;

/// How many seconds of prices precede the first tick of a ticker.
const RECENT_SECONDS: i64 = 900;

/// The random streams of a ticker.
const STREAM_FORWARD: u64 = 0;
const STREAM_BACKWARD: u64 = 1;

/// How a ticker behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listing {
    pub company: &'static str,
    /// The price that the market opens at, in dollars.
    pub open: f64,
    /// μ, a year.
    pub drift: f64,
    /// σ, a year.
    pub volatility: f64,
}

/// The listing of a ticker that is known by name.
pub fn listing(ticker: Ticker) -> Option<Listing> {
    let (company, open, drift, volatility) = match ticker.as_str() {
        "AAPL" => ("Apple", 190.0, 0.08, 0.26),
        "GOOGL" => ("Alphabet", 175.0, 0.08, 0.28),
        "MSFT" => ("Microsoft", 420.0, 0.09, 0.24),
        "AMZN" => ("Amazon", 185.0, 0.09, 0.31),
        "TSLA" => ("Tesla", 250.0, 0.06, 0.55),
        "NVDA" => ("NVIDIA", 800.0, 0.12, 0.48),
        "META" => ("Meta Platforms", 500.0, 0.10, 0.36),
        "JPM" => ("JPMorgan Chase", 195.0, 0.06, 0.21),
        "V" => ("Visa", 280.0, 0.07, 0.19),
        "NFLX" => ("Netflix", 600.0, 0.08, 0.38),
        _ => return None,
    };
    Some(Listing { company, open, drift, volatility })
}

/// What any other ticker is like: a price from 20 to 500 dollars that is always the same for the same seed and name.
fn unlisted(rng: &mut ChaCha8Rng) -> Listing {
    use rand::Rng;

    Listing {
        company: "",
        open: rng.random_range(20.0..500.0_f64).round(),
        drift: 0.07,
        volatility: rng.random_range(0.2..0.5),
    }
}

/// The simulated market.
pub struct Simulator {
    seed: u64,
    /// Trading years a tick.
    tick_years: f64,
    interval: Interval,
    clock: Clock,
    tick_count: u64,
    walks: BTreeMap<Ticker, Walk>,
}

impl Simulator {
    /// Has to be called within a tokio runtime, whose timer paces the ticks.
    pub fn new(config: SimulatorConfig, clock: Clock) -> Self {
        let mut interval = interval(config.tick);
        // After a pause of the machine there is one tick, not a burst of those that were missed.
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            seed: config.seed,
            tick_years: config.tick.as_secs_f64() / TRADING_SECONDS_A_YEAR,
            interval,
            clock,
            tick_count: 0,
            walks: BTreeMap::new(),
        }
    }

    /// One tick of the market, without waiting.
    fn step(&mut self, wanted: &TickerSet) -> Update {
        self.tick_count += 1;
        let at = (self.clock)();
        let mut prints = Vec::with_capacity(wanted.len());
        for ticker in wanted {
            let walk = self.walks.entry(*ticker).or_insert_with(|| Walk::new(self.seed, *ticker));
            walk.advance_to(self.tick_count, self.tick_years);
            let (price, previous_price, day_open) = (walk.price(), walk.previous_price(), walk.open_price());
            prints.push(Print { quote: Quote { ticker: *ticker, price, previous_price, day_open, at }, volume: 1 });
        }
        Update { prints, histories: Vec::new() }
    }
}

impl MarketSource for Simulator {
    const NAME: &'static str = "simulator";

    async fn next_update(&mut self, wanted: &TickerSet) -> Result<Update, SourceError> {
        self.interval.tick().await;
        Ok(self.step(wanted))
    }

    fn tick_interval(&self) -> Duration {
        self.interval.period()
    }
}

/// The path of one ticker.
struct Walk {
    listing: Listing,
    rng: ChaCha8Rng,
    backward: ChaCha8Rng,
    dollars: f64,
    previous_dollars: f64,
    tick_count: u64,
}

impl Walk {
    fn new(seed: u64, ticker: Ticker) -> Self {
        let rng = |stream| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ stable_hash(ticker));
            rng.set_stream(stream);
            rng
        };
        let mut forward = rng(STREAM_FORWARD);
        let listing = listing(ticker).unwrap_or_else(|| unlisted(&mut forward));
        Self {
            listing,
            rng: forward,
            backward: rng(STREAM_BACKWARD),
            dollars: listing.open,
            previous_dollars: listing.open,
            tick_count: 0,
        }
    }

    /// Walks the ticks that are still to come up to `tick_count`.
    fn advance_to(&mut self, tick_count: u64, tick_years: f64) {
        let Listing { drift, volatility, .. } = self.listing;
        let steady = (drift - volatility * volatility / 2.0) * tick_years;
        let spread = volatility * tick_years.sqrt();
        while self.tick_count < tick_count {
            let z: f64 = StandardNormal.sample(&mut self.rng);
            self.previous_dollars = self.dollars;
            self.dollars *= (steady + spread * z).exp();
            self.tick_count += 1;
        }
    }

    fn price(&self) -> Price {
        as_price(self.dollars)
    }

    fn previous_price(&self) -> Price {
        as_price(self.previous_dollars)
    }

    fn open_price(&self) -> Price {
        as_price(self.listing.open)
    }
}

fn as_price(dollars: f64) -> Price {
    // Invariant: a walk multiplies a positive number by exponentials, which is never NaN.
    Price::nearest_cent(dollars).expect("a walk is a number")
}

/// FNV-1a (Fowler, Noll, Vo): the same on every machine and in every version, unlike the standard library's hasher.
fn stable_hash(ticker: Ticker) -> u64 {
    ticker
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
