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
//! # Hours
//! The market is open around the clock, or keeps the exchange's sessions. Between sessions its prices stand still at the
//! last trade, while the path goes on: a session opens with a gap.
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
use super::{MarketSource, SourceError, Update, hours::Hours};
use crate::{
    domain::{instant::UtcInstant, ticker::Ticker},
    server::{clock::Clock, ledger::TickerSet},
};

/// Longest extra wait of a tick in milliseconds, if the machine's clocks disagree.
const CLOCKS_DISAGREE_MS_MAX: u32 = 5;

/// Listing of a ticker with a known name.
pub fn listing(ticker: Ticker) -> Option<Listing> {
    listings::known(ticker)
}

/// The simulated market, at the clock's pace.
pub struct Simulator {
    exchange: Exchange,
    past: Arc<Past>,
    clock: Clock,
    tick: Duration,
    tick_ms: i64,
    hours: Hours,
    /// Instants of the latest tick and the one before.
    latest: Option<(UtcInstant, UtcInstant)>,
}

impl Simulator {
    /// The market of a seed. `tick` is a whole number of milliseconds, at least one.
    pub fn new(seed: u64, tick: Duration, clock: Clock, hours: Hours) -> Self {
        let tick_ms = i64::try_from(tick.as_millis()).unwrap_or(i64::MAX).max(1);
        let trade_ms = grid::TRADE_UNITS * 1_000 / grid::SECOND;
        // Ticks shorter than the time between two trades show the path between them.
        let step = if tick_ms < trade_ms { 1 } else { grid::TRADE_UNITS };
        let sectors = Arc::new(Sectors::new(seed));
        Self {
            exchange: Exchange::new(seed, step, Arc::clone(&sectors), hours),
            past: Arc::new(Past::new(seed, step, sectors, hours)),
            clock,
            tick,
            tick_ms,
            hours,
            latest: None,
        }
    }

    /// Adds the volume since the previous tick to each print.
    #[must_use]
    pub fn with_volume(mut self) -> Self {
        self.exchange.tell_volume();
        self
    }

    /// Instant of the tick that is due at a moment.
    fn tick_at(&self, moment: UtcInstant) -> UtcInstant {
        UtcInstant::from_unix_ms(moment.unix_ms().div_euclid(self.tick_ms) * self.tick_ms)
    }

    /// Instant of the price at a tick: its own, or that of the last trade while there is no session.
    fn last_traded(&self, tick: UtcInstant) -> UtcInstant {
        match self.hours.last_traded(tick) {
            traded if traded == tick => tick,
            traded => self.tick_at(traded),
        }
    }

    /// Waits for the tick after the one at `shown`, and returns its instant. A changed clock is followed with the next
    /// tick.
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
                return Ok(self.exchange.welcome(wanted, self.last_traded(at), self.last_traded(before)));
            }
            Some((shown, _)) => self.next_tick(shown).await,
        };
        let before = UtcInstant::from_unix_ms(at.unix_ms().saturating_sub(self.tick_ms));
        self.latest = Some((at, before));
        Ok(self.exchange.tick(wanted, self.last_traded(at), self.last_traded(before)))
    }

    fn hours(&self) -> Hours {
        self.hours
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
        let mut simulator = Simulator::new(42, Duration::from_millis(500), clock, Hours::Continuous);
        let wanted = Arc::new(TickerSet::from(["AAPL".parse().unwrap()]));
        for tick in 0..4 {
            let update = simulator.next_update(&wanted).await.unwrap();
            assert_eq!(update.prints[0].quote.at.unix_ms(), 1_795_356_131_000 + tick * 500);
            // The first tick is immediate.
            assert_eq!(clock().unix_ms(), 1_795_356_131_317 + (tick * 500 - 317).max(0));
        }
        // A ticker that becomes wanted between two ticks has a price at once, of the latest tick.
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
        let mut simulator = Simulator::new(42, Duration::from_millis(500), stopped, Hours::Continuous);
        let wanted = Arc::new(TickerSet::from(["AAPL".parse().unwrap()]));
        let started = tokio::time::Instant::now();
        for _ in 0..3 {
            simulator.next_update(&wanted).await.unwrap();
        }
        assert!(started.elapsed() >= Duration::from_secs(1));
    }

    /// Monday, 30 November 2026, 8:59:59 UTC: a second before the early session opens.
    fn before_the_open() -> UtcInstant {
        static START: OnceLock<tokio::time::Instant> = OnceLock::new();
        let elapsed = START.get_or_init(tokio::time::Instant::now).elapsed();
        UtcInstant::from_unix_ms(1_796_029_199_000 + elapsed.as_millis() as i64)
    }

    #[tokio::test(start_paused = true)]
    async fn prices_stand_still_until_a_session_opens() {
        before_the_open();
        let mut simulator = Simulator::new(42, Duration::from_millis(500), before_the_open, Hours::Exchange);
        let wanted = Arc::new(TickerSet::from(["AAPL".parse().unwrap()]));
        let mut quotes = Vec::new();
        for _ in 0..4 {
            quotes.push(simulator.next_update(&wanted).await.unwrap().prints[0].quote);
        }
        let instants: Vec<String> = quotes.iter().map(|quote| quote.at.to_rfc3339()).collect();
        let friday = "2026-11-27T21:59:59.5Z";
        assert_eq!(instants, [friday, friday, "2026-11-30T09:00:00Z", "2026-11-30T09:00:00.5Z"]);
        assert_eq!(quotes[0].price, quotes[1].price);
        assert_eq!(quotes[2].previous_price, quotes[1].price);
        // A day's change is measured from the last trade of the day before.
        assert_eq!(quotes[2..].iter().map(|quote| quote.previous_close).collect::<Vec<_>>(), [quotes[1].price; 2]);
        assert_ne!(quotes[1].previous_close, quotes[1].price);
    }
}
