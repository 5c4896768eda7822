//! The alerts of an account, as its books hold them.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    domain::{
        alerts::{AlertStatus, record::Alert},
        ticker::Ticker,
    },
    server::ledger::TickerSet,
};

/// All alerts of an account, and how many of its firings nobody has read. Books are cloned with every commit, so what they
/// share is kept by reference.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    by_id: Arc<BTreeMap<String, Arc<Alert>>>,
    /// Of those that are watched.
    tickers: Arc<TickerSet>,
    pub unread: u64,
}

impl Alerts {
    pub fn of(alerts: impl IntoIterator<Item = Alert>, unread: u64) -> Self {
        let by_id = alerts.into_iter().map(|alert| (alert.id.clone(), Arc::new(alert))).collect();
        let mut all = Self { by_id: Arc::new(by_id), tickers: Arc::default(), unread };
        all.count_tickers();
        all
    }

    /// Inserts or replaces an alert.
    pub fn put(&mut self, alert: Arc<Alert>) {
        let watches = |alert: &Alert| (alert.status == AlertStatus::Active).then(|| alert.condition.tickers());
        let before = Arc::make_mut(&mut self.by_id).insert(alert.id.clone(), Arc::clone(&alert));
        if before.and_then(|before| watches(&before)) != watches(&alert) {
            self.count_tickers();
        }
    }

    pub fn remove(&mut self, id: &str) {
        if Arc::make_mut(&mut self.by_id).remove(id).is_some() {
            self.count_tickers();
        }
    }

    fn count_tickers(&mut self) {
        let active = self.iter().filter(|alert| alert.status == AlertStatus::Active);
        self.tickers = Arc::new(active.flat_map(|alert| alert.condition.tickers()).collect());
    }

    pub fn get(&self, id: &str) -> Option<&Arc<Alert>> {
        self.by_id.get(id)
    }

    /// In order of creation.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Alert>> {
        self.by_id.values()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The tickers whose prices alerts that are watched need.
    pub fn tickers(&self) -> &TickerSet {
        &self.tickers
    }

    pub fn has_ticker(&self, ticker: Ticker) -> bool {
        self.tickers.contains(&ticker)
    }

    /// Whether both share the same map; compares pointers only.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.by_id, &other.by_id)
    }
}

impl PartialEq for Alerts {
    fn eq(&self, other: &Self) -> bool {
        self.unread == other.unread && (self.is_same(other) || self.by_id == other.by_id)
    }
}

/// Numbers of conditions come from JSON, which has none that differs from itself.
impl Eq for Alerts {}
