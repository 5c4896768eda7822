//! A market that needs no network: geometric Brownian motion around a trend, as a function of time.
//!
//! # A function of time
//! A seed and an instant give a price, by Lévy's construction of Brownian motion from a fixed epoch with random numbers
//! that are found by their place ([`grid`], [`shocks`]). So a restart goes on where the market was, two servers of one seed
//! show the same prices, days and candles at the same instant, and there is nothing to catch up on. The server's ticks
//! are whole multiples of their interval by the clock, so that servers of one pace tick at the same instants too.
//!
//! # The laws
//! Within a day the price is geometric Brownian motion (Hull, *Options, Futures and Other Derivatives*, the chapter on
//! Wiener processes and Itô's lemma) with the volatility that real prices have while the market is open: over a stretch of
//! `dt` trading years, of 252 days of 6.5 hours, the logarithm's deviation is `σ·√dt`. From day to day it moves by `σ/√252`,
//! as real closing prices do. A draw is partly the shock of the ticker's sector ([`sectors`]) and partly its own; on
//! top, every two hours or so, news moves a price by 2 to 5 % ([`news`]). Over the years a price stays near its trend.
//!
//! # The past
//! Candles are made from the path when they are asked for ([`past`]), with the exact highs and lows of all trades
//! ([`extremes`]), of which there are two a second.

mod exchange;
mod extremes;
mod grid;
pub mod listings;
mod news;
mod past;
mod path;
pub mod sectors;
mod shocks;
mod streams;
mod volume;

use std::{sync::Arc, time::Duration};

use self::{exchange::Exchange, listings::Listing, past::Past, sectors::Sectors};
use super::{MarketSource, SourceError, Update};
use crate::{
    domain::{instant::UtcInstant, ticker::Ticker},
    server::{clock::Clock, ledger::TickerSet},
};

/// A tick waits at the most so many milliseconds more for its instant, where the machine's clocks disagree.
const CLOCKS_DISAGREE_MS_MAX: u32 = 5;

/// The listing of a ticker that is known by name.
pub fn listing(ticker: Ticker) -> Option<Listing> {
    listings::known(ticker)
}

/// The simulated market, at the pace of the clock.
pub struct Simulator {
    exchange: Exchange,
    past: Arc<Past>,
    clock: Clock,
    tick: Duration,
    tick_ms: i64,
    /// The instant of the latest tick, and that of the one before.
    latest: Option<(UtcInstant, UtcInstant)>,
}

impl Simulator {
    /// The market of a seed. `tick` is a whole number of milliseconds, at least one.
    pub fn new(seed: u64, tick: Duration, clock: Clock) -> Self {
        let tick_ms = i64::try_from(tick.as_millis()).unwrap_or(i64::MAX).max(1);
        let trade_ms = grid::TRADE_UNITS * 1_000 / grid::SECOND;
        // A tick that is shorter than the time between two trades shows the path between them.
        let step = if tick_ms < trade_ms { 1 } else { grid::TRADE_UNITS };
        let sectors = Arc::new(Sectors::new(seed));
        Self {
            exchange: Exchange::new(seed, step, Arc::clone(&sectors)),
            past: Arc::new(Past::new(seed, step, sectors)),
            clock,
            tick,
            tick_ms,
            latest: None,
        }
    }

    /// The instant of the tick that is due at a moment.
    fn tick_at(&self, moment: UtcInstant) -> UtcInstant {
        UtcInstant::from_unix_ms(moment.unix_ms().div_euclid(self.tick_ms) * self.tick_ms)
    }

    /// Waits for the tick after the one at `shown`, and gives its instant. A clock that was set back or forth is followed
    /// with the next tick.
    async fn next_tick(&self, shown: UtcInstant) -> UtcInstant {
        let due_ms = shown.unix_ms().saturating_add(self.tick_ms);
        let wait_ms = due_ms.saturating_sub((self.clock)().unix_ms()).clamp(0, self.tick_ms);
        tokio::time::sleep(Duration::from_millis(wait_ms.unsigned_abs())).await;
        for _ in 0..CLOCKS_DISAGREE_MS_MAX {
            if self.tick_at((self.clock)()) != shown {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.tick_at((self.clock)())
    }
}

impl MarketSource for Simulator {
    const NAME: &'static str = "simulator";

    async fn next_update(&mut self, wanted: &Arc<TickerSet>) -> Result<Update, SourceError> {
        let at = match self.latest {
            None => self.tick_at((self.clock)()),
            Some((at, before)) if self.exchange.has_newcomers(wanted) => {
                return Ok(self.exchange.welcome(wanted, at, before));
            }
            Some((shown, _)) => self.next_tick(shown).await,
        };
        let before = UtcInstant::from_unix_ms(at.unix_ms().saturating_sub(self.tick_ms));
        self.latest = Some((at, before));
        Ok(self.exchange.tick(wanted, at, before))
    }

    fn tick_interval(&self) -> Duration {
        self.tick
    }

    fn past(&self) -> Option<Arc<dyn super::Past>> {
        let past: Arc<dyn super::Past> = Arc::clone(&self.past) as _;
        Some(past)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;

    /// A clock that runs with the runtime's paused time; its milliseconds end with 317.
    fn clock() -> UtcInstant {
        static START: OnceLock<tokio::time::Instant> = OnceLock::new();
        let elapsed = START.get_or_init(tokio::time::Instant::now).elapsed();
        UtcInstant::from_unix_ms(1_795_356_131_317 + elapsed.as_millis() as i64)
    }

    #[tokio::test(start_paused = true)]
    async fn ticks_are_whole_multiples_of_their_interval_by_the_clock() {
        clock();
        let mut simulator = Simulator::new(42, Duration::from_millis(500), clock);
        let wanted = Arc::new(TickerSet::from(["AAPL".parse().unwrap()]));
        for tick in 0..4 {
            let update = simulator.next_update(&wanted).await.unwrap();
            assert_eq!(update.prints[0].quote.at.unix_ms(), 1_795_356_131_000 + tick * 500);
            // The first tick is there at once.
            assert_eq!(clock().unix_ms(), 1_795_356_131_317 + (tick * 500 - 317).max(0));
        }
        // Who becomes wanted between two ticks has a price at once, of the latest tick.
        let both = Arc::new(TickerSet::from(["AAPL".parse().unwrap(), "XOM".parse().unwrap()]));
        let before = clock();
        let update = simulator.next_update(&both).await.unwrap();
        assert_eq!((clock(), update.prints.len()), (before, 1));
        assert_eq!(update.prints[0].quote.at.unix_ms(), 1_795_356_132_500);
        assert_eq!(simulator.next_update(&both).await.unwrap().prints.len(), 2);
    }

    /// A clock that stands still.
    fn stopped() -> UtcInstant {
        UtcInstant::from_unix_ms(1_795_356_131_000)
    }

    #[tokio::test(start_paused = true)]
    async fn a_market_whose_clock_stands_still_ticks_on() {
        let mut simulator = Simulator::new(42, Duration::from_millis(500), stopped);
        let wanted = Arc::new(TickerSet::from(["AAPL".parse().unwrap()]));
        let started = tokio::time::Instant::now();
        for _ in 0..3 {
            simulator.next_update(&wanted).await.unwrap();
        }
        assert!(started.elapsed() >= Duration::from_secs(1));
    }
}
