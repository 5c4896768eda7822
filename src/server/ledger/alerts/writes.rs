//! Writes of alerts that users request.

use std::sync::Arc;

use super::ALERT_TICKERS_MAX;
use crate::{
    domain::{
        account_id::AccountId,
        alerts::{
            ALERTS_MAX,
            record::{Alert, InvalidAlert},
            request::{ChangeAlert, NewAlert},
        },
        instant::UtcInstant,
    },
    error::ApiError,
    server::ledger::{
        Books, Change, Write,
        effect::{Effect, Effects},
        store::{Rows, StoreFault},
    },
};

/// A new alert.
pub struct CreateAlert {
    /// A UUID v7.
    pub id: String,
    pub request: NewAlert,
    pub at: UtcInstant,
}

impl Write for CreateAlert {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        if books.alerts.len() >= ALERTS_MAX {
            return Err(ApiError::TooManyAlerts);
        }
        let alert = Alert::new(self.id.clone(), &self.request, self.at).map_err(refused)?;
        check_tickers(books, &alert)?;
        let event = Change::of_alert(&alert, "added");
        Ok(((), vec![Effect::Alert(Arc::new(alert)), Effect::Event(event)]))
    }
}

/// Changes an alert, pauses it or lets it go on.
pub struct ChangeAlertWrite {
    pub id: String,
    pub change: ChangeAlert,
    pub at: UtcInstant,
}

impl Write for ChangeAlertWrite {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let before = books.alerts.get(&self.id).ok_or(ApiError::UnknownAlert)?;
        let after = before.changed(&self.change, self.at).map_err(refused)?;
        if after == **before {
            return Ok(((), Effects::new()));
        }
        check_tickers(books, &after)?;
        let event = Change::of_alert(&after, "changed");
        Ok(((), vec![Effect::Alert(Arc::new(after)), Effect::Event(event)]))
    }
}

/// Deletes an alert; its firings stay in the log.
pub struct DeleteAlert {
    pub id: String,
}

impl Write for DeleteAlert {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, books: &Books, (): &()) -> Result<((), Effects), ApiError> {
        let alert = books.alerts.get(&self.id).ok_or(ApiError::UnknownAlert)?;
        let event = Change::of_alert(alert, "removed");
        Ok(((), vec![Effect::AlertDeleted(self.id.clone()), Effect::Event(event)]))
    }
}

/// Marks all firings, or those up to one, as read. Returns the number of unread firings.
pub struct ReadFirings {
    /// The latest firing that was seen.
    pub until: Option<String>,
}

impl Write for ReadFirings {
    type Outcome = u64;
    /// Sequence of the latest firing read, and the number of unread ones after it.
    type Found = (i64, u64);

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<(i64, u64), StoreFault> {
        let until = match &self.until {
            None => i64::MAX,
            // One that is not there any more has been read, or is older than all that are kept.
            Some(id) => rows.firing_sequence(account, id)?.unwrap_or_default(),
        };
        Ok((until, rows.unread_after(account, until)?))
    }

    fn decide(&self, books: &Books, &(until, unread): &(i64, u64)) -> Result<(u64, Effects), ApiError> {
        if unread == books.alerts.unread {
            return Ok((unread, Effects::new()));
        }
        let effects = vec![Effect::FiringsRead { until, unread }, Effect::Event(Change::FiringsRead { unread })];
        Ok((unread, effects))
    }
}

fn refused(invalid: InvalidAlert) -> ApiError {
    ApiError::InvalidParameter { parameter: invalid.field().to_owned(), reason: invalid.to_string() }
}

/// The feed follows each ticker of an alert, so their number is bounded.
fn check_tickers(books: &Books, alert: &Alert) -> Result<(), ApiError> {
    let more = alert.condition.tickers().into_iter().filter(|ticker| !books.alerts.has_ticker(*ticker)).count();
    if more > 0 && books.alerts.tickers().len() + more > ALERT_TICKERS_MAX {
        return Err(ApiError::TooManyAlerts);
    }
    Ok(())
}
