//! Reads of what is only in the file: past trades, and the equity curve. They never wait for the writer.

use sqlx::Row;
use tracing::error;

use super::{Ledger, store::ACCOUNT_ID, trade::read_trade};
use crate::{
    domain::{
        equity::{EquityHistory, HISTORY_POINTS_MAX, HistoryRange, Snapshot, downsample},
        instant::UtcInstant,
        money::Money,
        order::{Trade, TradesPage},
        ticker::Ticker,
    },
    error::ApiError,
};

/// The account's trades since its latest reset, newest first.
const TRADES_PAGE: &str = "SELECT * FROM trades
    WHERE account_id = ?1 AND sequence > ?2 AND sequence < ?3 ORDER BY sequence DESC LIMIT ?4";

const TRADE_SEQUENCE: &str = "SELECT sequence FROM trades WHERE id = ?1 AND account_id = ?2";

const EQUITY: &str = "SELECT recorded_at_s, total_value_cents FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s >= ?2 ORDER BY recorded_at_s";

const HIGH_WATER_MARK: &str = "SELECT MAX(total_value_cents) FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s >= ?2";

/// The most trades that are looked through for [`Ledger::fills`].
const FILLS_MAX: usize = 500;

impl Ledger {
    /// The trades since the latest reset, newest first: at most `limit`, and of those that came before the trade with
    /// the id `before`, when that is given.
    ///
    /// # Errors
    /// When there is no trade `before`, or the database does not answer.
    pub async fn trades(&self, limit: usize, before: Option<&str>) -> Result<TradesPage, ApiError> {
        let before = match before {
            None => i64::MAX,
            Some(id) => self.sequence_of(id).await?,
        };
        // One more than asked for tells whether there is another page.
        let rows = sqlx::query(TRADES_PAGE)
            .bind(ACCOUNT_ID)
            .bind(self.books().reset_after_sequence)
            .bind(before)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        let mut trades = rows.iter().map(read_trade).collect::<Result<Vec<_>, _>>().map_err(unavailable)?;
        let has_more = trades.len() > limit;
        trades.truncate(limit);
        let next_before = if has_more { trades.last().map(|trade| trade.id.clone()) } else { None };
        Ok(TradesPage { trades, next_before })
    }

    /// The trades of one ticker among the account's latest, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fills(&self, ticker: Ticker) -> Result<Vec<Trade>, ApiError> {
        let mut trades = self.trades(FILLS_MAX, None).await?.trades;
        trades.retain(|trade| trade.ticker == ticker);
        trades.reverse();
        Ok(trades)
    }

    async fn sequence_of(&self, id: &str) -> Result<i64, ApiError> {
        let found = sqlx::query_scalar(TRADE_SEQUENCE)
            .bind(id)
            .bind(ACCOUNT_ID)
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        found.ok_or_else(|| ApiError::InvalidParameter {
            parameter: "before".to_owned(),
            reason: "there is no trade with this id".to_owned(),
        })
    }

    /// The equity curve since the latest reset, over `range` up to `now`, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn equity(&self, range: HistoryRange, now: UtcInstant) -> Result<EquityHistory, ApiError> {
        let opened_at_s = self.books().opened_at.unix_ms().div_euclid(1_000);
        let since_s = range.seconds().map_or(i64::MIN, |seconds| now.unix_ms().div_euclid(1_000) - seconds);
        let rows = sqlx::query(EQUITY)
            .bind(ACCOUNT_ID)
            .bind(since_s.max(opened_at_s))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        let read = |row: &sqlx::sqlite::SqliteRow| -> Result<Snapshot, sqlx::Error> {
            Ok(Snapshot {
                recorded_at: UtcInstant::from_unix_ms(row.try_get::<i64, _>("recorded_at_s")?.saturating_mul(1_000)),
                total_value: Money::from_cents(row.try_get("total_value_cents")?),
            })
        };
        let snapshots = rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(unavailable)?;
        Ok(EquityHistory { snapshots: downsample(&snapshots, HISTORY_POINTS_MAX) })
    }

    /// The highest value since the latest reset, of those that are kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn high_water_mark(&self) -> Result<Option<Money>, ApiError> {
        let cents: Option<i64> = sqlx::query_scalar(HIGH_WATER_MARK)
            .bind(ACCOUNT_ID)
            .bind(self.books().opened_at.unix_ms().div_euclid(1_000))
            .fetch_one(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(cents.map(Money::from_cents))
    }
}

fn unavailable(cause: sqlx::Error) -> ApiError {
    error!(ledger.cause = %cause, "a read failed");
    ApiError::Busy
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use sqlx::Row;

    use super::*;
    use crate::server::ledger::store;

    #[rstest]
    #[case::trades_page(TRADES_PAGE, "trades_by_account")]
    #[case::trade_by_id(TRADE_SEQUENCE, "sqlite_autoindex_trades_1")]
    #[case::equity(EQUITY, "PRIMARY KEY")]
    #[case::high_water_mark(HIGH_WATER_MARK, "PRIMARY KEY")]
    #[case::order_id(
        "SELECT * FROM trades WHERE account_id = ?1 AND client_order_id = ?2",
        "trades_by_client_order_id"
    )]
    #[case::last_sequence("SELECT COALESCE(MAX(sequence), 0) FROM trades", "SEARCH trades")]
    #[tokio::test]
    async fn a_hot_query_uses_its_index(#[case] query: &'static str, #[case] index: &str) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("plan.db").display());
        let mut store = store::open(&url, UtcInstant::from_unix_ms(0)).await.unwrap();
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
        let rows = sqlx::query(explain).fetch_all(&mut store.connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN") || step.contains("TEMP B-TREE")), "{plan:?}");
    }
}
