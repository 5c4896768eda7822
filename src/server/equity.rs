//! The equity curve's keeper: records what the portfolio is worth, and thins out what is old.
//!
//! Full resolution for an hour, then a value each five minutes for a week, then one an hour. Thinning goes in small
//! steps, each a write like any other, so that no trade waits for it.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    clock::Clock,
    ledger::{Ledger, RecordPrices, RecordSnapshot, ThinSnapshots},
    market::feed::Feed,
    metrics::Metrics,
};
use crate::{domain::instant::UtcInstant, error::ApiError};

/// How often the value is recorded while nobody trades.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(30);

/// The prices of what is held are kept with every second value.
const PRICES_EVERY: u32 = 2;

/// Values older than `age_s` are thinned to one in each `step_s`.
struct Retention {
    age_s: i64,
    step_s: i64,
    /// Up to here it has been thinned; what is new since then is looked at.
    done_until_s: i64,
}

const HOUR_S: i64 = 3_600;
const WEEK_S: i64 = 7 * 86_400;

/// Keeps the curve for as long as the server runs.
pub async fn keep(ledger: Ledger, feed: Feed, clock: Clock, metrics: Metrics, shutdown: CancellationToken) {
    let mut ticks = interval(SNAPSHOT_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keeper = Keeper::new(ledger);
    let keeping = async {
        let mut rounds = 0;
        loop {
            ticks.tick().await;
            let (books, tick) = (keeper.ledger.books(), feed.latest());
            let total_value = books.value(&tick).total_value;
            // Without a price there is no value to record, and a gap in the curve says so.
            if let Some(total_value) = total_value {
                let recorded = keeper.ledger.submit(RecordSnapshot { total_value, at: clock() }).await;
                note(recorded.map(|()| metrics.snapshot_recorded()));
            }
            rounds = (rounds + 1) % PRICES_EVERY;
            if rounds == 0 && !books.account.holdings.is_empty() {
                note(keeper.ledger.submit(RecordPrices { prices: tick }).await);
            }
            note(keeper.thin(clock()).await);
        }
    };
    tokio::select! {
        // The ledger closes next, and what it does not take any more is not worth a warning.
        biased;
        () = shutdown.cancelled() => {}
        () = keeping => {}
    }
}

/// A value that could not be recorded is one point less; the next one comes in time.
fn note(outcome: Result<(), ApiError>) {
    if let Err(error) = outcome {
        warn!(equity.cause = %error, "the equity curve could not be kept");
    }
}

/// Thins out the curve, remembering how far it has come.
pub struct Keeper {
    ledger: Ledger,
    retentions: [Retention; 2],
}

impl Keeper {
    pub fn new(ledger: Ledger) -> Self {
        let retention = |age_s, step_s| Retention { age_s, step_s, done_until_s: 0 };
        Self { ledger, retentions: [retention(HOUR_S, 300), retention(WEEK_S, HOUR_S)] }
    }

    /// Thins what has become old enough by `now`.
    ///
    /// # Errors
    /// When the ledger is busy; the rest is done next time.
    pub async fn thin(&mut self, now: UtcInstant) -> Result<(), ApiError> {
        let now_s = now.unix_second();
        for Retention { age_s, step_s, done_until_s } in &mut self.retentions {
            // Whole stretches only: the last value of one that is not over may still come.
            let until_s = (now_s - *age_s).div_euclid(*step_s) * *step_s;
            let write = || ThinSnapshots { from_s: *done_until_s, until_s, step_seconds: *step_s };
            while self.ledger.submit(write()).await? > 0 {}
            // Further back than before, if the clock is.
            *done_until_s = until_s;
        }
        Ok(())
    }
}
