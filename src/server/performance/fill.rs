//! Days on which the account was not recorded: those before days were kept, and those on which the server did not run.

use std::collections::BTreeSet;

use tokio::task::spawn_blocking;
use tracing::info;

use super::PerformanceDesk;
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::ExchangeDate,
        equity::HistoryRange,
        instant::UtcInstant,
        performance::rebuild::{MarketDay, rebuild},
    },
    error::ApiError,
    server::{ledger::AddDays, market::hours::Hours},
};

const DAY_SECONDS: i64 = 86_400;

/// The most days that are made anew: ten years of them.
const DAYS_MAX: usize = 3_660;

impl PerformanceDesk {
    /// Adds the days that are missing between the account's opening and its latest day, if any.
    ///
    /// # Errors
    /// If the ledger or the database does not respond.
    pub async fn fill_missing(&self, account: AccountId) -> Result<(), ApiError> {
        let books = self.ledger.books(account);
        if self.is_filled(account, books.day.as_ref().map(|day| day.date), books.opened_at) {
            return Ok(());
        }
        let (at, tick) = ((self.clock)(), self.feed.latest());
        let history = self.ledger.history(account, &tick, at).await?;
        let recorded: BTreeSet<ExchangeDate> = history.days.iter().map(|day| day.date).collect();
        let before = recorded.last().copied();
        let (hours, opened_at) = (self.feed.hours, history.opened_at);
        let missing: Vec<MarketDay> = market_days(hours, opened_at, at)
            .filter(|day| !recorded.contains(&day.date) && before.is_none_or(|latest| day.date < latest))
            .collect();
        if !missing.is_empty() {
            let tickers = history.trades.iter().map(|trade| trade.ticker).collect();
            let closes = self.closes(tickers).await?;
            let curve = self.ledger.equity(account, HistoryRange::All, at).await?.snapshots;
            let days = spawn_blocking(move || rebuild(&history, &closes, &curve, &missing));
            let days = days.await.map_err(|_| ApiError::Internal)?;
            let added = self.ledger.submit(account, AddDays { opened_at, days }).await?;
            info!(performance.days = added, "days of the account were made anew");
        }
        self.set_filled(account, before, opened_at);
        Ok(())
    }
}

/// The market's days from a moment up to another, oldest first.
fn market_days(hours: Hours, from: UtcInstant, until: UtcInstant) -> impl Iterator<Item = MarketDay> {
    let mut next = from;
    std::iter::from_fn(move || {
        if next > until {
            return None;
        }
        let day = hours.day_of(next);
        let instant = |seconds: i64| UtcInstant::from_unix_ms(seconds.saturating_mul(1_000));
        next = instant(day.ends_at);
        Some(MarketDay {
            date: ExchangeDate::from_days(day.date.div_euclid(DAY_SECONDS)),
            starts_at: instant(day.starts_at),
            ends_at: next,
        })
    })
    .take(DAYS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_a_market_follow_each_other() {
        let at = |text: &str| UtcInstant::from_rfc3339(text).unwrap();
        let dates = |hours| -> Vec<String> {
            market_days(hours, at("2026-11-25T15:00:00Z"), at("2026-11-30T15:00:00Z"))
                .map(|day| day.date.to_string())
                .collect()
        };
        assert_eq!(dates(Hours::Continuous).len(), 6);
        assert_eq!(dates(Hours::Exchange), ["2026-11-25", "2026-11-27", "2026-11-30"], "Thanksgiving and a weekend");
    }
}
