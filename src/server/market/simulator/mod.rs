//! A market that needs no network: geometric Brownian motion, a tick at a time.
//!
//! # The walk
//! Over a tick of `dt` trading years a price moves by the exact solution of the GBM equation (Hull, *Options, Futures
//! and Other Derivatives*, the chapter on Wiener processes and Itô's lemma):
//! `S(t + dt) = S(t) · exp((μ − σ²/2)·dt + σ·√dt·Z)`, with `Z` standard normal. A trading year is 252 days of 6.5
//! hours, so that prices move as fast as real ones do while the market is open. `Z` is partly the shock of the ticker's
//! sector ([`sectors`]) and partly its own; on top, every two hours or so, news moves a price by 2 to 5 % (`events`).
//! Prices are rounded to cents when they are shown, and never on the way, so rounding does not add up.
//!
//! # Replay
//! Each ticker draws from random streams of its own, chosen by the seed and its name (`streams`), and a ticker that
//! nobody wanted for a while catches up on the ticks it missed. So the same seed gives the same market, tick for tick,
//! whatever is subscribed when and whatever the clock says. An ordinary tick costs one step of the sectors and one of each
//! wanted ticker.
//!
//! # The past
//! A ticker comes with a year of candles that lead up to its first print (`history`).

mod backward;
mod events;
mod exchange;
mod history;
pub mod listings;
mod pace;
pub mod sectors;
mod streams;
mod volume;
mod walk;

use std::{sync::Arc, time::Duration};

use tokio::time::{Interval, MissedTickBehavior, interval};

use self::{exchange::Exchange, listings::Listing, pace::Pace};
use super::{MarketSource, SourceError, Update};
use crate::{
    domain::ticker::Ticker,
    server::{clock::Clock, config::SimulatorConfig, ledger::TickerSet},
};

/// The listing of a ticker that is known by name.
pub fn listing(ticker: Ticker) -> Option<Listing> {
    listings::known(ticker)
}

/// The simulated market, paced by a timer.
pub struct Simulator {
    exchange: Exchange,
    interval: Interval,
    clock: Clock,
}

impl Simulator {
    /// Has to be called within a tokio runtime, whose timer paces the ticks.
    pub fn new(config: SimulatorConfig, clock: Clock) -> Self {
        let mut interval = interval(config.tick);
        // After a pause of the machine there is one tick, not a burst of those that were missed.
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { exchange: Exchange::new(config.seed, Pace::of(config.tick)), interval, clock }
    }
}

impl MarketSource for Simulator {
    const NAME: &'static str = "simulator";

    async fn next_update(&mut self, wanted: &Arc<TickerSet>) -> Result<Update, SourceError> {
        self.interval.tick().await;
        Ok(self.exchange.step(wanted, (self.clock)()))
    }

    fn tick_interval(&self) -> Duration {
        self.interval.period()
    }

    fn retell(&mut self, ticker: Ticker) {
        self.exchange.retell(ticker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::UtcInstant;

    #[tokio::test(start_paused = true)]
    async fn ticks_come_at_their_interval_and_bear_the_clocks_time() {
        let config = SimulatorConfig { seed: 42, tick: Duration::from_millis(500) };
        let mut simulator = Simulator::new(config, || UtcInstant::from_unix_ms(1_795_356_131_512));
        let wanted = Arc::new(TickerSet::from(["AAPL".parse().unwrap()]));
        let started = tokio::time::Instant::now();
        for tick in 0..3 {
            let update = simulator.next_update(&wanted).await.unwrap();
            assert_eq!(update.prints[0].quote.at.unix_ms(), 1_795_356_131_512);
            assert_eq!(started.elapsed(), Duration::from_millis(500) * tick);
        }
    }
}
