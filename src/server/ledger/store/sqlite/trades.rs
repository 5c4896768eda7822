//! Rows of trades.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteRows;
use crate::{
    domain::{
        account::Holding,
        account_id::AccountId,
        instant::UtcInstant,
        money::Money,
        order::{ClientOrderId, OrderSource, Side, Trade, TradeReceipt},
        portfolio::Position,
        realized::RealizedLine,
        ticker::Ticker,
    },
    server::ledger::store::{StoreFault, TradeRows},
};

const TRADE_BY_ORDER: &str = "SELECT * FROM trades WHERE account_id = ?1 AND client_order_id = ?2";

/// The account's trades between two sequences, newest first.
const TRADES_PAGE: &str = "SELECT * FROM trades
    WHERE account_id = ?1 AND sequence > ?2 AND sequence < ?3 ORDER BY sequence DESC LIMIT ?4";

/// A ticker's trades, newest first: purchases and sales have separate indices.
const FILLS: &str = "SELECT * FROM trades WHERE account_id = ?1 AND ticker = ?2 AND side = 'buy' AND sequence > ?3
    UNION ALL SELECT * FROM trades WHERE account_id = ?1 AND ticker = ?2 AND side = 'sell' AND sequence > ?3
    ORDER BY sequence DESC LIMIT ?4";

const REALIZED: &str =
    "SELECT ticker, COUNT(*) AS sales, SUM(notional_cents) AS proceeds, SUM(realized_pnl_cents) AS pnl
    FROM trades WHERE account_id = ?1 AND side = 'sell' AND sequence > ?2 GROUP BY ticker ORDER BY ticker";

const TRADE_SEQUENCE: &str = "SELECT sequence FROM trades WHERE id = ?1 AND account_id = ?2";

const TRADES_COUNT: &str = "SELECT COUNT(*) FROM trades WHERE account_id = ?1 AND sequence > ?2";

const LATEST_SEQUENCE: &str = "SELECT COALESCE(MAX(sequence), 0) FROM trades WHERE account_id = ?1";

const SPENT: &str = "SELECT COALESCE(SUM(notional_cents), 0) FROM trades
    WHERE account_id = ?1 AND source = 'copilot' AND executed_at_ms > ?2 AND executed_at_ms < ?3";

impl TradeRows for SqliteRows<'_> {
    fn receipt(&mut self, account: AccountId, id: &ClientOrderId) -> Result<Option<TradeReceipt>, StoreFault> {
        let mut receipt = self.rows.prepare_cached(TRADE_BY_ORDER)?;
        Ok(receipt.query_row(params![account, id], read_receipt).optional()?)
    }

    fn latest_trade(&mut self, account: AccountId) -> Result<i64, StoreFault> {
        Ok(self.rows.prepare_cached(LATEST_SEQUENCE)?.query_row([account], |row| row.get(0))?)
    }

    fn trade_sequence(&mut self, account: AccountId, id: &str) -> Result<Option<i64>, StoreFault> {
        let mut sequence = self.rows.prepare_cached(TRADE_SEQUENCE)?;
        Ok(sequence.query_row(params![id, account], |row| row.get(0)).optional()?)
    }

    fn trades(&mut self, account: AccountId, after: i64, before: i64, limit: usize) -> Result<Vec<Trade>, StoreFault> {
        read_all(TRADES_PAGE, params![account, after, before, limit_of(limit)], self.rows)
    }

    fn trades_count(&mut self, account: AccountId, after: i64) -> Result<u64, StoreFault> {
        let mut count = self.rows.prepare_cached(TRADES_COUNT)?;
        Ok(count.query_row(params![account, after], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    fn trades_back_to(&mut self, account: AccountId, after: i64, from: UtcInstant) -> Result<Vec<Trade>, StoreFault> {
        let mut trades = self.rows.prepare_cached(TRADES_PAGE)?;
        let found = trades.query_map(params![account, after, i64::MAX, i64::MAX], read_trade)?;
        let is_back = |trade: &rusqlite::Result<Trade>| trade.as_ref().is_ok_and(|trade| trade.executed_at < from);
        Ok(found.take_while(|trade| !is_back(trade)).collect::<rusqlite::Result<_>>()?)
    }

    fn fills(
        &mut self,
        account: AccountId,
        ticker: Ticker,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Trade>, StoreFault> {
        read_all(FILLS, params![account, ticker, after, limit_of(limit)], self.rows)
    }

    fn realized(&mut self, account: AccountId, after: i64) -> Result<Vec<RealizedLine>, StoreFault> {
        let line = |row: &Row<'_>| {
            Ok(RealizedLine {
                ticker: row.get("ticker")?,
                sales: row.get("sales")?,
                proceeds: row.get("proceeds")?,
                pnl: row.get("pnl")?,
            })
        };
        let mut realized = self.rows.prepare_cached(REALIZED)?;
        Ok(realized.query_map(params![account, after], line)?.collect::<rusqlite::Result<_>>()?)
    }

    fn copilot_notional(
        &mut self,
        account: AccountId,
        after: UtcInstant,
        before: UtcInstant,
    ) -> Result<Money, StoreFault> {
        let mut spent = self.rows.prepare_cached(SPENT)?;
        Ok(spent.query_row(params![account, after, before], |row| row.get(0))?)
    }
}

/// A limit as a statement's parameter.
pub fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn read_all(query: &str, values: impl rusqlite::Params, rows: &Connection) -> Result<Vec<Trade>, StoreFault> {
    Ok(rows.prepare_cached(query)?.query_map(values, read_trade)?.collect::<rusqlite::Result<_>>()?)
}

/// One row of `trades`.
fn read_trade(row: &Row<'_>) -> rusqlite::Result<Trade> {
    Ok(Trade {
        id: row.get("id")?,
        client_order_id: row.get("client_order_id")?,
        ticker: row.get("ticker")?,
        side: row.get::<_, Side>("side")?,
        quantity: row.get("quantity_millionths")?,
        price: row.get("price_units")?,
        notional: row.get("notional_cents")?,
        realized_pnl: row.get("realized_pnl_cents")?,
        source: row.get::<_, OrderSource>("source")?,
        executed_at: row.get("executed_at_ms")?,
        correction: row.get("correction")?,
        adjusted: None,
        order_id: row.get("order_id")?,
        commission: row.get("commission_cents")?,
    })
}

/// The receipt as originally returned: the position is valued at the trade's own price.
fn read_receipt(row: &Row<'_>) -> rusqlite::Result<TradeReceipt> {
    let trade = read_trade(row)?;
    let total_value = row.get("total_value_cents_after")?;
    let after = Option::zip(row.get("quantity_millionths_after")?, row.get("cost_basis_cents_after")?);
    let position = after.map(|(quantity, cost_basis)| {
        Position::value(trade.ticker, Holding { quantity, cost_basis }, Some(trade.price), total_value)
    });
    Ok(TradeReceipt { cash_balance: row.get("cash_cents_after")?, trade, position, total_value, replayed: false })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{
        super::{
            alerts::{ALERTS, FIRINGS, FIRINGS_OF, UNREAD_AFTER},
            chat::{ACTION, CHAT_PAGE, NAMED_MESSAGE, PENDING_ACTIONS},
            curve::{EQUITY, EQUITY_LATEST},
            kept::{EVENTS_AFTER, TOKENS},
            load::{LATEST_OUTSIDE, LATEST_TRADE},
            orders::{FILLS_OF_ORDER, GROUP, LEADER, LEADERS, OPEN},
            outbox::LATEST_EVENT,
            test_store,
        },
        *,
    };

    #[rstest]
    #[case::trades_page(TRADES_PAGE, "trades_by_account")]
    #[case::trades_count(TRADES_COUNT, "trades_by_account")]
    #[case::trade_by_id(TRADE_SEQUENCE, "sqlite_autoindex_trades_1")]
    #[case::equity(EQUITY, "PRIMARY KEY")]
    #[case::equity_latest(EQUITY_LATEST, "PRIMARY KEY")]
    #[case::chat_page(CHAT_PAGE, "chat_messages_by_account")]
    #[case::chat_action(ACTION, "PRIMARY KEY")]
    #[case::pending_actions(PENDING_ACTIONS, "chat_actions_pending")]
    #[case::message_by_name(NAMED_MESSAGE, "chat_messages_by_client_message_id")]
    #[case::copilot_trades(SPENT, "trades_by_copilot")]
    #[case::order_id(TRADE_BY_ORDER, "trades_by_client_order_id")]
    #[case::fills_bought(FILLS, "trades_bought")]
    #[case::fills_sold(FILLS, "trades_realized")]
    #[case::realized(REALIZED, "COVERING INDEX trades_realized")]
    #[case::latest_trade(LATEST_TRADE, "trades_by_account")]
    #[case::day_before(LATEST_OUTSIDE, "INTEGER PRIMARY KEY")]
    #[case::last_sequence(LATEST_SEQUENCE, "trades_by_account")]
    #[case::open_orders(OPEN, "orders_open")]
    #[case::orders_page(LEADERS, "orders_by_account")]
    #[case::order_by_id(LEADER, "sqlite_autoindex_orders_1")]
    #[case::group(GROUP, "orders_of_group")]
    #[case::fills_of_order(FILLS_OF_ORDER, "trades_by_order")]
    #[case::alerts(ALERTS, "alerts_by_account")]
    #[case::firings(FIRINGS, "alert_firings_by_account")]
    #[case::firings_of_alert(FIRINGS_OF, "alert_firings_by_alert")]
    #[case::unread(UNREAD_AFTER, "alert_firings_unread")]
    #[case::events(EVENTS_AFTER, "PRIMARY KEY")]
    #[case::latest_event(LATEST_EVENT, "PRIMARY KEY")]
    #[case::tokens(TOKENS, "tokens_by_account")]
    #[tokio::test]
    async fn a_hot_query_uses_its_index(#[case] query: &'static str, #[case] index: &str) {
        let folder = tempfile::tempdir().unwrap();
        let store = test_store(&folder).await;
        let mut explain = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        // Unbound parameters are NULL, which does not affect the plan.
        let plan: Vec<String> = explain.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>().unwrap();
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
        let whole: Vec<_> =
            plan.iter().filter(|step| step.starts_with("SCAN") || step.contains("TEMP B-TREE")).collect();
        assert!(whole.is_empty(), "{plan:?}");
    }
}
