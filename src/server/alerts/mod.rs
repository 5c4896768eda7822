//! Alerts: [`AlertDesk`] takes, changes and deletes them for whoever asks, and the [`watcher`] looks at their conditions with
//! each print, and at those of orders that are to be submitted when they are true.

mod held_orders;
mod index;
mod steps;
pub mod values;
pub mod watcher;

use uuid::Uuid;

use self::{values::unknown_zone, watcher::Verdicts};
use super::{
    caller::Caller,
    clock::Clock,
    ledger::{
        Ledger,
        alerts::{ChangeAlertWrite, CreateAlert, DeleteAlert, FIRINGS_MAX, ReadFirings},
    },
    market::wanted::Wanted,
};
use crate::{
    domain::{
        account_id::AccountId,
        alerts::{
            record::Alert,
            request::{AlertView, AlertsAndFirings, ChangeAlert, FiringsPage, NewAlert},
        },
        condition::{Condition, operand::Operand},
    },
    error::ApiError,
};

/// The firings that the page shows first.
const RECENT_MAX: usize = 50;

/// Takes, changes and deletes alerts. Clones share the ledger.
#[derive(Clone)]
pub struct AlertDesk {
    ledger: Ledger,
    wanted: Wanted,
    clock: Clock,
    verdicts: Verdicts,
}

impl AlertDesk {
    pub fn new(ledger: Ledger, wanted: Wanted, clock: Clock, verdicts: Verdicts) -> Self {
        Self { ledger, wanted, clock, verdicts }
    }

    /// Makes an alert.
    ///
    /// # Errors
    /// When a value is refused, there are too many, or the ledger is busy.
    pub async fn create(&self, caller: Caller, request: NewAlert) -> Result<AlertView, ApiError> {
        let write = self.prepare(request)?;
        let id = write.id.clone();
        self.ledger.submit(caller.account, write).await?;
        self.alert(caller.account, &id)
    }

    /// The write that makes an alert; for those whose write is more than the alert.
    ///
    /// # Errors
    /// When its condition names an unknown time zone.
    pub fn prepare(&self, request: NewAlert) -> Result<CreateAlert, ApiError> {
        check_condition(&request.condition, &self.wanted)?;
        Ok(CreateAlert { id: Uuid::now_v7().to_string(), request, at: (self.clock)() })
    }

    /// Changes an alert, pauses it or lets it go on.
    ///
    /// # Errors
    /// When the alert does not exist, a value is refused, or the ledger is busy.
    pub async fn change(&self, caller: Caller, id: &str, change: ChangeAlert) -> Result<AlertView, ApiError> {
        if let Some(condition) = &change.condition {
            check_condition(condition, &self.wanted)?;
        }
        let write = ChangeAlertWrite { id: id.to_owned(), change, at: (self.clock)() };
        self.ledger.submit(caller.account, write).await?;
        self.alert(caller.account, id)
    }

    /// Deletes an alert; its firings stay.
    ///
    /// # Errors
    /// When the alert does not exist, or the ledger is busy.
    pub async fn delete(&self, caller: Caller, id: &str) -> Result<(), ApiError> {
        self.ledger.submit(caller.account, DeleteAlert { id: id.to_owned() }).await
    }

    /// The current state of an alert.
    ///
    /// # Errors
    /// When there is none.
    pub fn alert(&self, account: AccountId, id: &str) -> Result<AlertView, ApiError> {
        self.ledger.alert(account, id).map(|alert| self.view(&alert))
    }

    /// All alerts of the account, newest first.
    pub fn alerts(&self, account: AccountId) -> Vec<AlertView> {
        self.ledger.books(account).alerts.iter().rev().map(|alert| self.view(alert)).collect()
    }

    /// The log of firings, newest first, before a sequence.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn firings(&self, account: AccountId, before: i64, limit: usize) -> Result<FiringsPage, ApiError> {
        self.ledger.firings(account, before, limit.min(FIRINGS_MAX)).await
    }

    /// The alerts with the latest firings, for the page.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alerts_and_firings(&self, account: AccountId) -> Result<AlertsAndFirings, ApiError> {
        // The rows read below may be newer; the page then reads them again.
        let version = self.ledger.books(account).version();
        let firings = self.firings(account, i64::MAX, RECENT_MAX).await?;
        Ok(AlertsAndFirings { version, alerts: self.alerts(account), firings })
    }

    /// Marks firings as read, all or those up to one; gives how many are unread then.
    ///
    /// # Errors
    /// When the ledger is busy.
    pub async fn mark_read(&self, caller: Caller, until: Option<String>) -> Result<u64, ApiError> {
        self.ledger.submit(caller.account, ReadFirings { until }).await
    }

    fn view(&self, alert: &Alert) -> AlertView {
        alert.view(self.verdicts.of(&alert.id))
    }
}

/// Refuses a condition with an unknown time zone, and requests the history that its indicators need.
///
/// # Errors
/// [`ApiError::InvalidParameter`], of the field `condition`.
pub fn check_condition(condition: &Condition, wanted: &Wanted) -> Result<(), ApiError> {
    if let Some(zone) = unknown_zone(condition) {
        let reason = format!("there is no time zone {zone:?}; a zone is a name such as America/New_York or UTC");
        return Err(ApiError::InvalidParameter { parameter: "condition".to_owned(), reason });
    }
    for operand in condition.operands() {
        if let Operand::Indicator(indicator) = operand {
            wanted.look_at(indicator.ticker);
        }
    }
    Ok(())
}
