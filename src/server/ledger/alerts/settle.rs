//! The write that settles the watcher's outcomes for an account.

use std::sync::Arc;

use super::FIRINGS_KEPT;
use crate::{
    domain::{
        account_id::AccountId,
        alerts::{AlertStatus, record::Alert, request::FiringValue},
        instant::UtcInstant,
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Write,
        effect::{Effect, Effects, FiringRow},
        store::{Rows, StoreFault},
    },
};

/// Outcome of an alert's evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertOutcome {
    pub id: String,
    /// Of the alert that was looked at.
    pub revision: u32,
    pub status: AlertStatus,
    pub was_true: Option<bool>,
    pub firing: Option<FoundTrue>,
}

/// A condition that has become true.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTrue {
    /// Of the firing: a UUID v7.
    pub id: String,
    /// Values of the operands when the condition became true.
    pub values: Vec<FiringValue>,
}

/// Settles alerts that fired, paused or expired. An alert changed since its evaluation is skipped.
#[derive(Debug, Clone)]
pub struct SettleAlerts {
    pub outcomes: Vec<AlertOutcome>,
    pub at: UtcInstant,
}

impl Write for SettleAlerts {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let mut effects = Effects::new();
        let mut unread = books.alerts.unread;
        for outcome in &self.outcomes {
            let Some(alert) = as_seen(books, outcome) else { continue };
            let mut after = Alert { status: outcome.status, was_true: outcome.was_true, ..Alert::clone(alert) };
            if outcome.firing.is_some() {
                (after.firings, after.fired_at) = (alert.firings + 1, Some(self.at));
            }
            let after = Arc::new(after);
            effects.push(Effect::Alert(Arc::clone(&after)));
            if let Some(FoundTrue { id, values }) = &outcome.firing {
                unread = (unread + 1).min(FIRINGS_KEPT);
                let row = FiringRow {
                    id: id.clone(),
                    alert_id: alert.id.clone(),
                    sentence: alert.condition.to_string(),
                    note: alert.note.clone(),
                    values: values.clone(),
                    fired_at: self.at,
                };
                effects.push(Effect::Event(Change::of_firing(&after, &row, unread)));
                effects.push(Effect::Firing(Box::new(row)));
            } else {
                let verb = if after.status == AlertStatus::Expired { "expired" } else { "changed" };
                effects.push(Effect::Event(Change::of_alert(&after, verb)));
            }
        }
        Ok(((), effects))
    }
}

/// Saves condition values for the next start: an alert fires again only after its condition was false.
#[derive(Debug, Clone)]
pub struct SaveVerdicts {
    pub outcomes: Vec<AlertOutcome>,
}

impl Write for SaveVerdicts {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let changed = self.outcomes.iter().filter_map(|outcome| {
            let alert = as_seen(books, outcome).filter(|alert| alert.was_true != outcome.was_true)?;
            Some(Effect::Alert(Arc::new(Alert { was_true: outcome.was_true, ..Alert::clone(alert) })))
        });
        Ok(((), changed.collect()))
    }
}

/// The alert, if it is as it was looked at.
fn as_seen<'a>(books: &'a Books, outcome: &AlertOutcome) -> Option<&'a Arc<Alert>> {
    let alert = books.alerts.get(&outcome.id)?;
    (alert.revision == outcome.revision && alert.status == AlertStatus::Active).then_some(alert)
}
