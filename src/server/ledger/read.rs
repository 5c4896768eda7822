//! Reads of what is only in the file: past trades, what they realised, and the equity curve. They never wait for the writer.

use sqlx::{Row, SqliteConnection};
use tracing::error;

use super::{
    Ledger,
    store::{ACCOUNT_ID, decode},
    trade::{TRADE_BY_ORDER, read_receipt, read_trade},
};
use crate::{
    domain::{
        equity::{EquityHistory, HISTORY_POINTS_MAX, HistoryRange, Snapshot, downsample},
        instant::UtcInstant,
        money::Money,
        order::{ClientOrderId, Trade, TradeReceipt, TradesPage},
        realized::RealizedLine,
        ticker::Ticker,
    },
    error::ApiError,
};

/// The most trades of a page.
pub const TRADES_MAX: usize = 500;

/// The steps in which an equity curve is read, so that the cost of reading it does not grow with its length. A few more
/// than the points that are shown, because some steps have no value.
const CURVE_STEPS: i64 = HISTORY_POINTS_MAX as i64 * 101 / 100;

/// The account's trades since its latest reset, newest first.
const TRADES_PAGE: &str = "SELECT * FROM trades
    WHERE account_id = ?1 AND sequence > ?2 AND sequence < ?3 ORDER BY sequence DESC LIMIT ?4";

const REALIZED: &str =
    "SELECT ticker, COUNT(*) AS sales, SUM(notional_cents) AS proceeds, SUM(realized_pnl_cents) AS pnl
    FROM trades WHERE account_id = ?1 AND side = 'sell' AND sequence > ?2 GROUP BY ticker ORDER BY ticker";

const TRADE_SEQUENCE: &str = "SELECT sequence FROM trades WHERE id = ?1 AND account_id = ?2";

/// The values from ?2 to ?3, written one after the other, because each row of an answer is handed from one thread to
/// another by itself, which takes longer than to read it.
const EQUITY: &str = "SELECT group_concat(recorded_at_s || ' ' || total_value_cents) FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s >= ?2 AND recorded_at_s <= ?3";

/// The first value at or after each second of the JSON array ?2: a look into the table for each, however many values lie
/// between them. Where no value does, one is there twice.
const EQUITY_STEPS: &str = "SELECT group_concat((
        SELECT recorded_at_s || ' ' || total_value_cents FROM snapshots
        WHERE account_id = ?1 AND recorded_at_s >= value ORDER BY recorded_at_s LIMIT 1
    )) FROM json_each(?2)";

const EQUITY_LATEST: &str = "SELECT recorded_at_s, total_value_cents FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s BETWEEN ?2 AND ?3 ORDER BY recorded_at_s DESC LIMIT 1";

const VALUE_BEFORE: &str = "SELECT total_value_cents FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s >= ?2 AND recorded_at_s < ?3 ORDER BY recorded_at_s DESC LIMIT 1";

impl Ledger {
    /// The trades since the latest reset, newest first: at most `limit` and [`TRADES_MAX`], and of those that came before the trade with
    /// the id `before`, when that is given.
    ///
    /// # Errors
    /// When there is no trade `before`, or the database does not answer.
    pub async fn trades(&self, limit: usize, before: Option<&str>) -> Result<TradesPage, ApiError> {
        let limit = limit.min(TRADES_MAX);
        let before = match before {
            None => i64::MAX,
            Some(id) => self.sequence_of(id).await?,
        };
        let reset_after = self.books().reset_after_sequence;
        let mut rows = self.readers.acquire().await.map_err(unavailable)?;
        // One more than asked for tells whether there is another page.
        let mut trades = read_trades(reset_after, before, limit + 1, &mut rows).await.map_err(unavailable)?;
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
        let mut trades = self.trades(TRADES_MAX, None).await?.trades;
        trades.retain(|trade| trade.ticker == ticker);
        trades.reverse();
        Ok(trades)
    }

    /// What the portfolio was last worth before `moment`; what it was opened with when that came later.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn value_before(&self, moment: UtcInstant) -> Result<Money, ApiError> {
        let books = self.books();
        let cents = sqlx::query_scalar(VALUE_BEFORE)
            .bind(ACCOUNT_ID)
            .bind(books.opened_at.unix_ms().div_euclid(1_000))
            .bind(moment.unix_ms().div_euclid(1_000))
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(cents.map_or(books.account.initial_deposit, Money::from_cents))
    }

    /// What was answered to the order of this name; nothing when it was not filled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn receipt(&self, client_order_id: &ClientOrderId) -> Result<Option<TradeReceipt>, ApiError> {
        let row = sqlx::query(TRADE_BY_ORDER)
            .bind(ACCOUNT_ID)
            .bind(client_order_id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        row.map(|row| read_receipt(&row)).transpose().map_err(unavailable)
    }

    /// What sales since the latest reset realised, in alphabetical order of their tickers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn realized(&self) -> Result<Vec<RealizedLine>, ApiError> {
        let rows = sqlx::query(REALIZED)
            .bind(ACCOUNT_ID)
            .bind(self.books().reset_after_sequence)
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        let read = |row: &sqlx::sqlite::SqliteRow| -> Result<RealizedLine, sqlx::Error> {
            Ok(RealizedLine {
                ticker: decode("ticker", row.try_get::<String, _>("ticker")?.parse())?,
                sales: row.try_get("sales")?,
                proceeds: Money::from_cents(row.try_get("proceeds")?),
                pnl: Money::from_cents(row.try_get("pnl")?),
            })
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(unavailable)
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
        let (opened_at_s, now_s) =
            (self.books().opened_at.unix_ms().div_euclid(1_000), now.unix_ms().div_euclid(1_000));
        let since_s = range.seconds().map_or(opened_at_s, |seconds| opened_at_s.max(now_s - seconds));
        let step_s = (now_s - since_s) / CURVE_STEPS;
        let mut rows = self.readers.acquire().await.map_err(unavailable)?;
        let snapshots = read_curve(since_s, now_s, step_s, &mut rows).await.map_err(unavailable)?;
        Ok(EquityHistory { snapshots: downsample(&snapshots, HISTORY_POINTS_MAX) })
    }
}

/// The latest trades whose sequence is between the two, newest first.
pub async fn read_trades(
    after: i64,
    before: i64,
    limit: usize,
    rows: &mut SqliteConnection,
) -> Result<Vec<Trade>, sqlx::Error> {
    let rows = sqlx::query(TRADES_PAGE)
        .bind(ACCOUNT_ID)
        .bind(after)
        .bind(before)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(rows)
        .await?;
    rows.iter().map(read_trade).collect()
}

/// The values recorded since then and until now (Unix seconds), oldest first: the first one of each step of so many seconds,
/// and the latest one. A step of a second leaves none out. After a clock went back there are later ones, which would be a
/// future that has not come.
pub async fn read_curve(
    since_s: i64,
    now_s: i64,
    step_s: i64,
    rows: &mut SqliteConnection,
) -> Result<Vec<Snapshot>, sqlx::Error> {
    // There is a row a second at the most, and one after the other they are read faster.
    let is_stepped = step_s > 1;
    let values: Option<String> = if is_stepped {
        let starts: Vec<i64> = (since_s..=now_s).step_by(usize::try_from(step_s).unwrap_or(usize::MAX)).collect();
        let starts = serde_json::json!(starts).to_string();
        sqlx::query_scalar(EQUITY_STEPS).bind(ACCOUNT_ID).bind(starts).fetch_one(&mut *rows).await?
    } else {
        sqlx::query_scalar(EQUITY).bind(ACCOUNT_ID).bind(since_s).bind(now_s).fetch_one(&mut *rows).await?
    };
    let mut curve = values.map_or(Ok(Vec::new()), |values| values.split(',').map(read_value).collect())?;
    // They come in their order, which SQL does not promise.
    curve.sort_by_key(|snapshot| snapshot.recorded_at);
    if is_stepped {
        curve.dedup_by_key(|snapshot| snapshot.recorded_at);
        // A step without a value before now found the first one after it.
        curve.pop_if(|last| last.recorded_at > UtcInstant::from_unix_ms(now_s.saturating_mul(1_000)));
        let latest =
            sqlx::query_as(EQUITY_LATEST).bind(ACCOUNT_ID).bind(since_s).bind(now_s).fetch_optional(rows).await?;
        if let Some(latest) = latest.map(snapshot) {
            // The same second may have another value by now.
            curve.pop_if(|last| last.recorded_at == latest.recorded_at);
            curve.push(latest);
        }
    }
    Ok(curve)
}

/// `1764360000 1000000`
fn read_value(text: &str) -> Result<Snapshot, sqlx::Error> {
    let (recorded_at_s, total_value_cents) = text.split_once(' ').unwrap_or_default();
    let seconds = decode("recorded_at_s", recorded_at_s.parse())?;
    Ok(snapshot((seconds, decode("total_value_cents", total_value_cents.parse())?)))
}

fn snapshot((recorded_at_s, total_value_cents): (i64, i64)) -> Snapshot {
    Snapshot {
        recorded_at: UtcInstant::from_unix_ms(recorded_at_s.saturating_mul(1_000)),
        total_value: Money::from_cents(total_value_cents),
    }
}

/// Logs why, and tells the caller to come again.
pub fn unavailable(cause: sqlx::Error) -> ApiError {
    error!(ledger.cause = %cause, "a read failed");
    ApiError::Busy
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use sqlx::Row;

    use super::*;
    use crate::server::ledger::{
        chat::{CHAT_PAGE, SPENT},
        snapshot::write_snapshot,
        store,
    };

    #[rstest]
    #[case::trades_page(TRADES_PAGE, "trades_by_account")]
    #[case::trade_by_id(TRADE_SEQUENCE, "sqlite_autoindex_trades_1")]
    #[case::equity(EQUITY, "PRIMARY KEY")]
    #[case::equity_steps(EQUITY_STEPS, "PRIMARY KEY")]
    #[case::equity_latest(EQUITY_LATEST, "PRIMARY KEY")]
    #[case::chat_page(CHAT_PAGE, "chat_messages_by_account")]
    #[case::copilot_trades(SPENT, "trades_by_copilot")]
    #[case::value_before(VALUE_BEFORE, "PRIMARY KEY")]
    #[case::order_id(TRADE_BY_ORDER, "trades_by_client_order_id")]
    #[case::realized(REALIZED, "COVERING INDEX trades_realized")]
    #[case::latest_trade(store::LATEST_TRADE, "trades_by_account")]
    #[case::day_before(store::LAST_OF_ANOTHER_DAY, "INTEGER PRIMARY KEY")]
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
        // An array that is handed in is gone through, and no table.
        let tables = plan.iter().filter(|step| !step.starts_with("SCAN json_each VIRTUAL TABLE"));
        let whole: Vec<_> = tables.filter(|step| step.starts_with("SCAN") || step.contains("TEMP B-TREE")).collect();
        assert!(whole.is_empty(), "{plan:?}");
    }

    #[tokio::test]
    async fn a_curve_is_read_in_steps_and_ends_with_its_latest_value() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("curve.db").display());
        let mut store = store::open(&url, UtcInstant::from_unix_ms(0)).await.unwrap();
        // The last one is of a future that has not come.
        for at_s in (0..100).chain([150, 155, 159, 160]) {
            let at = UtcInstant::from_unix_ms(at_s * 1_000);
            write_snapshot(Money::from_cents(at_s), at, &mut store.connection).await.unwrap();
        }
        let mut seconds = async |since_s, step_s| -> Vec<i64> {
            let curve = read_curve(since_s, 159, step_s, &mut store.connection).await.unwrap();
            assert!(curve.iter().all(|point| point.recorded_at.unix_ms() == point.total_value.cents() * 1_000));
            curve.iter().map(|point| point.total_value.cents()).collect()
        };
        assert_eq!(seconds(0, 40).await, [0, 40, 80, 150, 159]);
        assert_eq!(seconds(98, 1).await, [98, 99, 150, 155, 159], "a step of a second leaves nothing out");
        assert_eq!(seconds(159, 1).await, [159]);
        assert_eq!(seconds(160, 1).await, [0_i64; 0]);
    }
}
