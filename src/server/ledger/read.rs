//! Reads of what is only in the file: past trades, what they realised, and the equity curve. They never wait for the writer.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    Ledger,
    corporate_actions::adjust,
    store::ACCOUNT_ID,
    trade::{read_receipt_of, read_trade},
};
use crate::{
    domain::{
        equity::{EquityHistory, HISTORY_POINTS_MAX, HistoryRange, Snapshot, downsample},
        instant::UtcInstant,
        order::{ClientOrderId, Trade, TradeReceipt, TradesPage},
        realized::RealizedLine,
        ticker::Ticker,
    },
    error::ApiError,
};

/// The most trades of a page.
pub const TRADES_MAX: usize = 500;

/// The most trades of a ticker that are marked on its chart.
const FILLS_MAX: i64 = 500;

/// The steps in which an equity curve is read, so that the cost of reading it does not grow with its length. A few more
/// than the points that are shown, because some steps have no value.
const CURVE_STEPS: i64 = HISTORY_POINTS_MAX as i64 * 101 / 100;

/// The values that are passed by, one after the other, on the way to the next step's before that is looked up instead: a
/// look takes about as long.
const PASSED_MAX: usize = 8;

/// The account's trades since its latest reset, newest first.
const TRADES_PAGE: &str = "SELECT * FROM trades
    WHERE account_id = ?1 AND sequence > ?2 AND sequence < ?3 ORDER BY sequence DESC LIMIT ?4";

/// How many there are.
const TRADES_COUNT: &str = "SELECT COUNT(*) FROM trades WHERE account_id = ?1 AND sequence > ?2";

/// A ticker's own trades, newest first: purchases and sales have an index each.
const FILLS: &str = "SELECT * FROM trades WHERE account_id = ?1 AND ticker = ?2 AND side = 'buy' AND sequence > ?3
    UNION ALL SELECT * FROM trades WHERE account_id = ?1 AND ticker = ?2 AND side = 'sell' AND sequence > ?3
    ORDER BY sequence DESC LIMIT ?4";

const REALIZED: &str =
    "SELECT ticker, COUNT(*) AS sales, SUM(notional_cents) AS proceeds, SUM(realized_pnl_cents) AS pnl
    FROM trades WHERE account_id = ?1 AND side = 'sell' AND sequence > ?2 GROUP BY ticker ORDER BY ticker";

const TRADE_SEQUENCE: &str = "SELECT sequence FROM trades WHERE id = ?1 AND account_id = ?2";

/// The values from ?2 to ?3.
const EQUITY: &str = "SELECT recorded_at_s, total_value_cents FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s >= ?2 AND recorded_at_s <= ?3 ORDER BY recorded_at_s";

const EQUITY_LATEST: &str = "SELECT recorded_at_s, total_value_cents FROM snapshots
    WHERE account_id = ?1 AND recorded_at_s BETWEEN ?2 AND ?3 ORDER BY recorded_at_s DESC LIMIT 1";

impl Ledger {
    /// The trades since the latest reset, newest first: at most `limit` and [`TRADES_MAX`], and of those that came before the trade with
    /// the id `before`, when that is given.
    ///
    /// # Errors
    /// When there is no trade `before`, or the database does not answer.
    pub async fn trades(&self, limit: usize, before: Option<&str>) -> Result<TradesPage, ApiError> {
        let limit = limit.min(TRADES_MAX);
        let reset_after = self.books().reset_after_sequence;
        let before = before.map(str::to_owned);
        let trades = self.readers.read(move |rows| {
            let before = match before {
                None => i64::MAX,
                Some(id) => match sequence_of(&id, rows)? {
                    None => return Ok(None),
                    Some(sequence) => sequence,
                },
            };
            // One more than asked for tells whether there is another page.
            let mut trades = read_trades(reset_after, before, limit + 1, rows)?;
            adjust(&mut trades, rows)?;
            Ok(Some(trades))
        });
        let mut trades = trades.await?.ok_or_else(|| ApiError::InvalidParameter {
            parameter: "before".to_owned(),
            reason: "there is no trade with this id".to_owned(),
        })?;
        let has_more = trades.len() > limit;
        trades.truncate(limit);
        let next_before = if has_more { trades.last().map(|trade| trade.id.clone()) } else { None };
        Ok(TradesPage { trades, next_before })
    }

    /// How many trades there are since the latest reset.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_trades(&self) -> Result<u64, ApiError> {
        let reset_after = self.books().reset_after_sequence;
        let count = self.readers.read(move |rows| {
            rows.prepare_cached(TRADES_COUNT)?.query_row(params![ACCOUNT_ID, reset_after], |row| row.get::<_, i64>(0))
        });
        Ok(count.await?.unsigned_abs())
    }

    /// The latest trades of one ticker since the latest reset, oldest first; at most [`FILLS_MAX`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fills(&self, ticker: Ticker) -> Result<Vec<Trade>, ApiError> {
        let reset_after = self.books().reset_after_sequence;
        let fills = self.readers.read(move |rows| {
            rows.prepare_cached(FILLS)?
                .query_map(params![ACCOUNT_ID, ticker, reset_after, FILLS_MAX], read_trade)?
                .collect::<rusqlite::Result<Vec<Trade>>>()
        });
        let mut fills = fills.await?;
        fills.reverse();
        Ok(fills)
    }

    /// What was answered to the order of this name; nothing when it was not filled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn receipt(&self, client_order_id: &ClientOrderId) -> Result<Option<TradeReceipt>, ApiError> {
        let client_order_id = client_order_id.clone();
        self.readers.read(move |rows| read_receipt_of(&client_order_id, rows)).await
    }

    /// What sales since the latest reset realised, in alphabetical order of their tickers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn realized(&self) -> Result<Vec<RealizedLine>, ApiError> {
        let reset_after = self.books().reset_after_sequence;
        let line = |row: &Row<'_>| {
            Ok(RealizedLine {
                ticker: row.get("ticker")?,
                sales: row.get("sales")?,
                proceeds: row.get("proceeds")?,
                pnl: row.get("pnl")?,
            })
        };
        self.readers
            .read(move |rows| {
                rows.prepare_cached(REALIZED)?.query_map(params![ACCOUNT_ID, reset_after], line)?.collect()
            })
            .await
    }

    /// The equity curve since the latest reset, over `range` up to `now`, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn equity(&self, range: HistoryRange, now: UtcInstant) -> Result<EquityHistory, ApiError> {
        let (opened_at_s, now_s) = (self.books().opened_at.unix_second(), now.unix_second());
        let since_s = range.seconds().map_or(opened_at_s, |seconds| opened_at_s.max(now_s - seconds));
        let step_s = (now_s - since_s) / CURVE_STEPS;
        // In one transaction: to begin one for each look would take longer than the look.
        let snapshots = self.readers.read(move |rows| {
            let rows = rows.transaction()?;
            read_curve(since_s, now_s, step_s, &rows)
        });
        Ok(EquityHistory { snapshots: downsample(&snapshots.await?, HISTORY_POINTS_MAX) })
    }
}

fn sequence_of(trade_id: &str, rows: &Connection) -> rusqlite::Result<Option<i64>> {
    rows.prepare_cached(TRADE_SEQUENCE)?.query_row([trade_id, ACCOUNT_ID], |row| row.get(0)).optional()
}

/// The latest trades whose sequence is between the two, newest first.
///
/// # Errors
/// The database's.
pub fn read_trades(after: i64, before: i64, limit: usize, rows: &Connection) -> rusqlite::Result<Vec<Trade>> {
    rows.prepare_cached(TRADES_PAGE)?
        .query_map(params![ACCOUNT_ID, after, before, i64::try_from(limit).unwrap_or(i64::MAX)], read_trade)?
        .collect()
}

/// The values recorded since then and until now (Unix seconds), oldest first: the first one of each step of so many seconds,
/// and the latest one. A step of a second leaves none out. After a clock went back there are later ones, which would be a
/// future that has not come.
///
/// # Errors
/// The database's.
pub fn read_curve(since_s: i64, now_s: i64, step_s: i64, rows: &Connection) -> rusqlite::Result<Vec<Snapshot>> {
    let (mut curve, mut step_start_s, step_s): (Vec<Snapshot>, _, _) = (Vec::new(), since_s, step_s.max(1));
    let mut values = rows.prepare_cached(EQUITY)?;
    'looks: loop {
        let mut following = values.query(params![ACCOUNT_ID, step_start_s, now_s])?;
        let mut passed = 0;
        while passed < PASSED_MAX {
            let Some(row) = following.next()? else {
                break 'looks;
            };
            let recorded_at_s: i64 = row.get(0)?;
            if recorded_at_s < step_start_s {
                passed += 1;
                continue;
            }
            curve.push(read_snapshot(row)?);
            // The steps between, if there are any, have no value.
            step_start_s = since_s + ((recorded_at_s - since_s) / step_s + 1) * step_s;
            passed = 0;
        }
    }
    let mut latest = rows.prepare_cached(EQUITY_LATEST)?;
    if let Some(latest) = latest.query_row(params![ACCOUNT_ID, since_s, now_s], read_snapshot).optional()? {
        // The same second may have another value by now.
        curve.pop_if(|last| last.recorded_at == latest.recorded_at);
        curve.push(latest);
    }
    Ok(curve)
}

fn read_snapshot(row: &Row<'_>) -> rusqlite::Result<Snapshot> {
    let recorded_at_s: i64 = row.get(0)?;
    Ok(Snapshot {
        recorded_at: UtcInstant::from_unix_ms(recorded_at_s.saturating_mul(1_000)),
        total_value: row.get(1)?,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        domain::money::Money,
        server::{
            ledger::{
                chat::{CHAT_PAGE, SPENT},
                snapshot::write_snapshot,
                store,
                trade::TRADE_BY_ORDER,
            },
            market::hours::Hours,
        },
    };

    #[rstest]
    #[case::trades_page(TRADES_PAGE, "trades_by_account")]
    #[case::trade_by_id(TRADE_SEQUENCE, "sqlite_autoindex_trades_1")]
    #[case::equity(EQUITY, "PRIMARY KEY")]
    #[case::equity_latest(EQUITY_LATEST, "PRIMARY KEY")]
    #[case::chat_page(CHAT_PAGE, "chat_messages_by_account")]
    #[case::copilot_trades(SPENT, "trades_by_copilot")]
    #[case::order_id(TRADE_BY_ORDER, "trades_by_client_order_id")]
    #[case::fills_bought(FILLS, "trades_bought")]
    #[case::fills_sold(FILLS, "trades_realized")]
    #[case::realized(REALIZED, "COVERING INDEX trades_realized")]
    #[case::latest_trade(store::LATEST_TRADE, "trades_by_account")]
    #[case::day_before(store::LATEST_OUTSIDE, "INTEGER PRIMARY KEY")]
    #[case::last_sequence("SELECT COALESCE(MAX(sequence), 0) FROM trades", "SEARCH trades")]
    #[tokio::test]
    async fn a_hot_query_uses_its_index(#[case] query: &'static str, #[case] index: &str) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("plan.db").display());
        let store = store::open(&url, UtcInstant::from_unix_ms(0), Hours::Continuous).await.unwrap();
        let mut explain = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        // Parameters that are not bound are NULL, which changes no plan.
        let plan: Vec<String> = explain.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>().unwrap();
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
        let whole: Vec<_> =
            plan.iter().filter(|step| step.starts_with("SCAN") || step.contains("TEMP B-TREE")).collect();
        assert!(whole.is_empty(), "{plan:?}");
    }

    #[tokio::test]
    async fn a_curve_is_read_in_steps_and_ends_with_its_latest_value() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("curve.db").display());
        let store = store::open(&url, UtcInstant::from_unix_ms(0), Hours::Continuous).await.unwrap();
        // The last one is of a future that has not come.
        for at_s in (0..100).chain([150, 155, 159, 160]) {
            let at = UtcInstant::from_unix_ms(at_s * 1_000);
            write_snapshot(Money::from_cents(at_s), at, &store.connection).unwrap();
        }
        let seconds = |since_s, step_s| -> Vec<i64> {
            let curve = read_curve(since_s, 159, step_s, &store.connection).unwrap();
            assert!(curve.iter().all(|point| point.recorded_at.unix_ms() == point.total_value.cents() * 1_000));
            curve.iter().map(|point| point.total_value.cents()).collect()
        };
        assert_eq!(seconds(0, 40), [0, 40, 80, 150, 159]);
        assert_eq!(seconds(80, 5), [80, 85, 90, 95, 150, 155, 159], "near enough to be passed by");
        assert_eq!(seconds(98, 1), [98, 99, 150, 155, 159], "a step of a second leaves nothing out");
        assert_eq!(seconds(159, 1), [159]);
        assert_eq!(seconds(160, 1), [0_i64; 0]);
    }
}
