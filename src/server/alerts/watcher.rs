//! The watcher: looks at the conditions of alerts with each print, and settles those that become true.
//!
//! It has a [tape](crate::server::market::feed::tape) of its own, on which no print is missing. A price is looked at with each
//! print of its ticker, what is of the account with each tick, time at each look. What fires of an account is one write; what a
//! person changed since the look is not settled.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::{error, warn};
use uuid::Uuid;

use super::{
    held_orders::{Due, HeldOrders},
    index::{Asked, Index},
    steps::looks,
    values::{Circumstances, Known},
};
use crate::{
    domain::{
        account_id::AccountId,
        alerts::{AlertStatus, Reaction, Watched, record::Alert, request::FiringValue},
        condition::watch::Verdict,
        instant::UtcInstant,
        money::Price,
        orders::rules::FillRules,
        ticker::Ticker,
    },
    error::ApiError,
    server::{
        clock::Clock,
        ledger::{
            Ledger, Write,
            alerts::{AlertOutcome, Alerts, FoundTrue, SaveVerdicts, SettleAlerts},
            orders::{OrderMarket, SubmitHeld},
        },
        market::feed::{Feed, tape::Tape},
        metrics::Metrics,
        parts::Parts,
    },
};

/// Interval between evaluations of time and updates from the books.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Interval between saves of changed condition values.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Delay before a write is retried after the ledger was busy.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// The value of each alert's condition at its last evaluation. Clones share the map.
#[derive(Clone, Default)]
pub struct Verdicts(Arc<Mutex<HashMap<String, Verdict>>>);

impl Verdicts {
    /// Unknown before the first look.
    pub fn of(&self, alert: &str) -> Verdict {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(alert).copied().unwrap_or(Verdict::Unknown)
    }

    // Nothing panics while it is held.
    fn put(&self, alert: &str, verdict: Option<Verdict>) {
        let mut verdicts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match verdict {
            Some(verdict) => _ = verdicts.insert(alert.to_owned(), verdict),
            None => _ = verdicts.remove(alert),
        }
    }
}

/// Takes the alerts in and starts the watcher.
///
/// # Errors
/// When their latest firings cannot be read.
pub async fn start(
    ledger: &Ledger,
    feed: &Feed,
    (clock, rules): (Clock, FillRules),
    metrics: Metrics,
    parts: &Parts,
) -> Result<Verdicts, ApiError> {
    let verdicts = Verdicts::default();
    let mut watcher = Watcher {
        ledger: ledger.clone(),
        feed: feed.clone(),
        clock,
        rules,
        accounts: HashMap::new(),
        orders: HeldOrders::default(),
        known: Known::default(),
        verdicts: verdicts.clone(),
        saved_at: Instant::now(),
        metrics,
    };
    watcher.restore().await?;
    let (shutdown, tape) = (parts.shutdown(), feed.conditions_tape());
    parts.spawn("the watcher of alerts", async move {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = watcher.run(&tape) => {}
        }
    });
    Ok(verdicts)
}

struct Watcher {
    ledger: Ledger,
    feed: Feed,
    clock: Clock,
    rules: FillRules,
    accounts: HashMap<AccountId, AccountAlerts>,
    orders: HeldOrders,
    known: Known,
    verdicts: Verdicts,
    saved_at: Instant,
    metrics: Metrics,
}

/// The alerts of an account that are watched.
#[derive(Default)]
struct AccountAlerts {
    /// As they were taken in.
    seen: Alerts,
    entries: BTreeMap<String, Entry>,
    index: Index<String>,
}

struct Entry {
    revision: u32,
    watched: Watched,
    /// Value in the database.
    saved: Option<bool>,
}

impl Watcher {
    async fn restore(&mut self) -> Result<(), ApiError> {
        for account in self.ledger.accounts() {
            let alerts = self.ledger.books(account).alerts.clone();
            let mut taken_in = AccountAlerts::default();
            for alert in alerts.iter().filter(|alert| alert.status == AlertStatus::Active) {
                let firings = self.ledger.recent_firings(account, alert.id.clone()).await?;
                taken_in.put(alert, &firings);
            }
            taken_in.seen = alerts;
            self.accounts.insert(account, taken_in);
        }
        Ok(())
    }

    async fn run(&mut self, tape: &Tape) {
        let mut times = interval(LOOK_EVERY);
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_time = tokio::select! {
                () = tape.rung() => false,
                _ = times.tick() => true,
            };
            self.take_in();
            self.orders.take_in(&self.ledger);
            for frame in tape.take() {
                let tickers: Vec<Ticker> = frame.spans.keys().copied().collect();
                for prices in looks(&frame) {
                    self.look(&prices, &Asked::Prints(&tickers), frame.at).await;
                }
            }
            if is_time {
                self.look(&BTreeMap::new(), &Asked::Time, (self.clock)()).await;
                self.save().await;
            }
        }
    }

    /// Updates the entries from the books.
    fn take_in(&mut self) {
        for account in self.ledger.accounts() {
            let now = self.ledger.books(account).alerts.clone();
            let alerts = self.accounts.entry(account).or_default();
            if now.is_same(&alerts.seen) {
                continue;
            }
            let is_watched = |id: &String| now.get(id).is_some_and(|alert| alert.status == AlertStatus::Active);
            let gone: Vec<String> = alerts.entries.keys().filter(|id| !is_watched(id)).cloned().collect();
            for id in gone {
                alerts.remove(&id);
                self.verdicts.put(&id, None);
            }
            for alert in now.iter().filter(|alert| alert.status == AlertStatus::Active) {
                match alerts.entries.get_mut(&alert.id) {
                    Some(entry) if entry.revision == alert.revision => entry.saved = alert.was_true,
                    _ => alerts.put(alert, &[]),
                }
            }
            alerts.seen = now;
        }
    }

    /// Evaluates the conditions whose inputs changed, and settles firings and expiries.
    async fn look(&mut self, prices: &BTreeMap<Ticker, Price>, asked: &Asked<'_>, at: UtcInstant) {
        let tick = self.feed.latest();
        let mut found: Vec<(AccountId, Vec<AlertOutcome>)> = Vec::new();
        for (account, alerts) in &mut self.accounts {
            let ids = alerts.index.asked(asked);
            if ids.is_empty() {
                continue;
            }
            let books = self.ledger.books(*account);
            for entry in ids.iter().filter_map(|id| alerts.entries.get(id)) {
                self.known.look_up(&entry.watched.condition, &self.feed, at);
            }
            let needs_account = ids.iter().any(|id| alerts.index.needs_account(id));
            let now = Circumstances::new((&tick, &books), prices, at, &self.known, needs_account);
            let outcomes = ids.iter().filter_map(|id| {
                let entry = alerts.entries.get_mut(id)?;
                let outcome = entry.look(id, &now);
                self.verdicts.put(id, Some(entry.watched.verdict()));
                outcome
            });
            let outcomes: Vec<AlertOutcome> = outcomes.collect();
            if !outcomes.is_empty() {
                found.push((*account, outcomes));
            }
        }
        let asked_now = (&self.ledger, &self.feed, &*tick);
        let due = self.orders.look(asked_now, &mut self.known, prices, asked, at);
        let watched = self.accounts.values().map(|alerts| alerts.entries.len()).sum();
        let firings = found.iter().flat_map(|(_, outcomes)| outcomes).filter(|outcome| outcome.firing.is_some());
        self.metrics.alerts_looked_at(watched, firings.count());
        for (account, outcomes) in found {
            self.write(account, SettleAlerts { outcomes, at }).await;
        }
        for (account, orders) in due {
            for Due { leader, revision, last } in orders {
                let market = OrderMarket { prices: Arc::clone(&tick), at, rules: self.rules };
                self.write(account, SubmitHeld { leader, revision, last, market }).await;
            }
        }
    }

    /// Makes a write, however long the ledger is busy.
    async fn write<W: Write + Clone>(&self, account: AccountId, write: W) {
        loop {
            match self.ledger.submit(account, write.clone()).await {
                Ok(_) => return,
                Err(ApiError::Busy) => sleep(RETRY_DELAY).await,
                Err(cause) => {
                    error!(alerts.cause = %cause, "what alerts found could not be settled");
                    return;
                }
            }
        }
    }

    /// Saves the changed condition values.
    async fn save(&mut self) {
        if self.saved_at.elapsed() < SAVE_EVERY {
            return;
        }
        self.saved_at = Instant::now();
        for (account, alerts) in &self.accounts {
            let changed = alerts.entries.iter().filter(|(_, entry)| entry.watched.was_true() != entry.saved);
            let outcomes: Vec<AlertOutcome> = changed.map(|(id, entry)| entry.outcome(id, None)).collect();
            if outcomes.is_empty() {
                continue;
            }
            if let Err(cause) = self.ledger.submit(*account, SaveVerdicts { outcomes }).await {
                warn!(alerts.cause = %cause, "what conditions were was not saved; it is tried again");
            }
        }
    }
}

impl AccountAlerts {
    fn put(&mut self, alert: &Alert, firings: &[UtcInstant]) {
        self.remove(&alert.id);
        let watched = Watched::new(alert.condition.clone(), alert.frequency, alert.expires_at);
        let watched = watched.resumed(alert.status, alert.was_true, firings);
        self.index.put(&alert.id, &alert.condition, alert.expires_at.is_some());
        self.entries.insert(alert.id.clone(), Entry { revision: alert.revision, watched, saved: alert.was_true });
    }

    fn remove(&mut self, id: &str) {
        if let Some(entry) = self.entries.remove(id) {
            self.index.remove(&id.to_owned(), &entry.watched.condition);
        }
    }
}

impl Entry {
    /// Evaluates the condition; returns the outcome to be settled.
    fn look(&mut self, id: &str, now: &Circumstances<'_>) -> Option<AlertOutcome> {
        match self.watched.look(now, now.at) {
            Reaction::Nothing => None,
            Reaction::Fires | Reaction::FiresAndPauses => {
                let values = self.watched.values(now);
                let values = values.into_iter().map(|(operand, value)| FiringValue { operand, value }).collect();
                let firing = FoundTrue { id: Uuid::now_v7().to_string(), values };
                Some(self.outcome(id, Some(firing)))
            }
            Reaction::Expires => Some(self.outcome(id, None)),
        }
    }

    fn outcome(&self, id: &str, firing: Option<FoundTrue>) -> AlertOutcome {
        AlertOutcome {
            id: id.to_owned(),
            revision: self.revision,
            status: self.watched.status,
            was_true: self.watched.was_true(),
            firing,
        }
    }
}
