//! The equity curve's keeper: records what the portfolio is worth, and thins out what is old.
//!
//! Full resolution for an hour, then a value each five minutes for a week, then one an hour. Thinning goes in small
//! steps, each a write like any other, so that no trade waits for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    clock::Clock,
    ledger::{Ledger, RecordPrices, RecordSnapshot, ThinSnapshots},
    market::feed::{Feed, Tick},
    metrics::Metrics,
};
use crate::{
    domain::{account_id::AccountId, instant::UtcInstant},
    error::ApiError,
};

/// How often the value is recorded while nobody trades.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(30);

/// The prices of what is held are kept with every second value.
const PRICES_EVERY: u32 = 2;

/// Values older than `age_s` are thinned to one in each `step_s`.
#[derive(Clone, Copy)]
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
            rounds = (rounds + 1) % PRICES_EVERY;
            let tick = feed.latest();
            for account in keeper.ledger.accounts() {
                note(keeper.record(account, &tick, clock(), &metrics).await);
                if rounds == 0 {
                    note(keeper.record_prices(account, &tick).await);
                }
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

/// Keeps the curves of all accounts, and remembers how far each is thinned out.
pub struct Keeper {
    ledger: Ledger,
    retentions: HashMap<AccountId, [Retention; 2]>,
}

impl Keeper {
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, retentions: HashMap::new() }
    }

    /// Records what an account is worth. Without a price there is no value to record, and a gap in the curve says so.
    async fn record(&self, account: AccountId, tick: &Tick, at: UtcInstant, metrics: &Metrics) -> Result<(), ApiError> {
        if let Some(total_value) = self.ledger.books(account).value(tick).total_value {
            self.ledger.submit(account, RecordSnapshot { total_value, at }).await?;
            metrics.snapshot_recorded();
        }
        Ok(())
    }

    /// Keeps the prices of what an account holds.
    async fn record_prices(&self, account: AccountId, tick: &Arc<Tick>) -> Result<(), ApiError> {
        if self.ledger.books(account).account.holdings.is_empty() {
            return Ok(());
        }
        self.ledger.submit(account, RecordPrices { prices: Arc::clone(tick) }).await
    }

    /// Thins what has become old enough by `now`.
    ///
    /// # Errors
    /// When the ledger is busy; the rest is done next time.
    pub async fn thin(&mut self, now: UtcInstant) -> Result<(), ApiError> {
        let now_s = now.unix_second();
        let retention = |age_s, step_s| Retention { age_s, step_s, done_until_s: 0 };
        for account in self.ledger.accounts() {
            let usual = || [retention(HOUR_S, 300), retention(WEEK_S, HOUR_S)];
            for Retention { age_s, step_s, done_until_s } in self.retentions.entry(account).or_insert_with(usual) {
                // Whole stretches only: the last value of one that is not over may still come.
                let until_s = (now_s - *age_s).div_euclid(*step_s) * *step_s;
                let write = || ThinSnapshots { from_s: *done_until_s, until_s, step_seconds: *step_s };
                while self.ledger.submit(account, write()).await? > 0 {}
                // Further back than before, if the clock is.
                *done_until_s = until_s;
            }
        }
        Ok(())
    }
}
