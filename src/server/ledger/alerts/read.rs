//! Reading alerts and the log of their firings.

use std::sync::Arc;

use crate::{
    domain::{
        account_id::AccountId,
        alerts::{self, record::Alert, request::FiringsPage},
        instant::UtcInstant,
    },
    error::ApiError,
    server::ledger::Ledger,
};

/// The most firings of a page.
pub const FIRINGS_MAX: usize = 200;

impl Ledger {
    /// An alert of an account.
    ///
    /// # Errors
    /// [`ApiError::UnknownAlert`]
    pub fn alert(&self, account: AccountId, id: &str) -> Result<Arc<Alert>, ApiError> {
        self.books(account).alerts.get(id).cloned().ok_or(ApiError::UnknownAlert)
    }

    /// The firings before a sequence, newest first; at most [`FIRINGS_MAX`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn firings(&self, account: AccountId, before: i64, limit: usize) -> Result<FiringsPage, ApiError> {
        let limit = limit.min(FIRINGS_MAX);
        // One more than asked for tells whether there is another page.
        let mut found = self.read(move |rows| rows.firings(account, before, limit + 1)).await?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| has_more).map(|(sequence, _)| sequence.to_string());
        let firings = found.into_iter().map(|(_, firing)| firing).collect();
        Ok(FiringsPage { firings, next_cursor, unread: self.books(account).alerts.unread })
    }

    /// When an alert fired last, oldest first: as often as matters for whether it fires too often.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recent_firings(&self, account: AccountId, alert: String) -> Result<Vec<UtcInstant>, ApiError> {
        let mut found = self.read(move |rows| rows.firings_of(account, &alert, alerts::FIRINGS_MAX)).await?;
        found.reverse();
        Ok(found)
    }
}
