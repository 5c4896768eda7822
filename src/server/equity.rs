//! Records the equity curve and the days of each account, and thins old values of the curve.
//!
//! Full resolution for an hour, then a value every five minutes for a week, then one an hour. Thinning runs in small
//! steps, each an ordinary write, so that no trade waits for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    ledger::{Ledger, RecordDay, RecordPrices, RecordSnapshot, ThinSnapshots},
    market::{feed::Tick, hours::Hours},
    metrics::Metrics,
    performance::PerformanceDesk,
};
use crate::{
    domain::{account_id::AccountId, instant::UtcInstant},
    error::ApiError,
};

/// Interval of recording a value without trades.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(30);

/// Prices of holdings are stored with every second value.
const PRICES_EVERY: u32 = 2;

/// Values older than `age_s` are thinned to one per `step_s`.
#[derive(Clone, Copy)]
struct Retention {
    age_s: i64,
    step_s: i64,
    /// End of the thinned range, in Unix seconds.
    done_until_s: i64,
}

const HOUR_S: i64 = 3_600;
const WEEK_S: i64 = 7 * 86_400;

/// Time before the end of a day at which its close is recorded.
const CLOSE_BEFORE_MS: i64 = 500;

/// Records values until shutdown.
pub async fn keep(desk: PerformanceDesk, metrics: Metrics, shutdown: CancellationToken) {
    let PerformanceDesk { ledger, feed, clock, .. } = desk.clone();
    let mut ticks = interval(SNAPSHOT_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keeper = Keeper::new(ledger);
    let keeping = async {
        let mut rounds = 0;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = day_close(feed.hours, clock()) => {}
            }
            rounds = (rounds + 1) % PRICES_EVERY;
            let tick = feed.latest();
            for account in keeper.ledger.accounts() {
                note(keeper.record(account, &tick, clock(), &metrics).await);
                note(desk.fill_missing(account).await);
                if rounds == 0 {
                    note(keeper.record_prices(account, &tick).await);
                }
            }
            note(keeper.thin(clock()).await);
        }
    };
    tokio::select! {
        // The ledger closes next; a refused write is not worth a warning then.
        biased;
        () = shutdown.cancelled() => {}
        () = keeping => {}
    }
}

/// Waits until a day of the market is about to end.
async fn day_close(hours: Hours, now: UtcInstant) {
    let until = hours.day_of(now).ends_at * 1_000 - CLOSE_BEFORE_MS - now.unix_ms();
    match u64::try_from(until) {
        Ok(ms) if ms > 0 => sleep(Duration::from_millis(ms)).await,
        Ok(_) | Err(_) => std::future::pending().await,
    }
}

/// Ignores a failed recording: one point is missing, and the next one follows soon.
fn note(outcome: Result<(), ApiError>) {
    if let Err(error) = outcome {
        warn!(equity.cause = %error, "the equity curve could not be kept");
    }
}

/// Records the curves of all accounts, and remembers how far each is thinned.
pub struct Keeper {
    ledger: Ledger,
    retentions: HashMap<AccountId, [Retention; 2]>,
}

impl Keeper {
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, retentions: HashMap::new() }
    }

    /// Records an account's value and day. If a price is missing, there is no value, which leaves a gap in the curve.
    async fn record(
        &self,
        account: AccountId,
        tick: &Arc<Tick>,
        at: UtcInstant,
        metrics: &Metrics,
    ) -> Result<(), ApiError> {
        self.ledger.submit(account, RecordDay { prices: Arc::clone(tick), at }).await?;
        if let Some(total_value) = self.ledger.books(account).value(tick).total_value {
            self.ledger.submit(account, RecordSnapshot { total_value, at }).await?;
            metrics.snapshot_recorded();
        }
        Ok(())
    }

    /// Stores the prices of an account's holdings.
    async fn record_prices(&self, account: AccountId, tick: &Arc<Tick>) -> Result<(), ApiError> {
        if self.ledger.books(account).account.holdings.is_empty() {
            return Ok(());
        }
        self.ledger.submit(account, RecordPrices { prices: Arc::clone(tick) }).await
    }

    /// Thins values that have become old enough by `now`.
    ///
    /// # Errors
    /// If the ledger is busy; the rest is done at the next call.
    pub async fn thin(&mut self, now: UtcInstant) -> Result<(), ApiError> {
        let now_s = now.unix_second();
        let retention = |age_s, step_s| Retention { age_s, step_s, done_until_s: 0 };
        for account in self.ledger.accounts() {
            let usual = || [retention(HOUR_S, 300), retention(WEEK_S, HOUR_S)];
            for Retention { age_s, step_s, done_until_s } in self.retentions.entry(account).or_insert_with(usual) {
                // Only complete steps: more values of an incomplete one may follow.
                let until_s = (now_s - *age_s).div_euclid(*step_s) * *step_s;
                let write = || ThinSnapshots { from_s: *done_until_s, until_s, step_seconds: *step_s };
                while self.ledger.submit(account, write()).await? > 0 {}
                // Moves back if the clock went back.
                *done_until_s = until_s;
            }
        }
        Ok(())
    }
}
