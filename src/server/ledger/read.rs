//! Reads of data that only the store has: past trades, their realised P&L, the equity curve and past events. They never
//! wait for the writer.

use super::{Ledger, change::EventsPage, corporate_actions::adjust};
use crate::{
    domain::{
        account_id::AccountId,
        equity::{EquityHistory, HISTORY_POINTS_MAX, HistoryRange, downsample},
        instant::UtcInstant,
        order::{ClientOrderId, Trade, TradeReceipt, TradesPage},
        realized::RealizedLine,
        ticker::Ticker,
    },
    error::ApiError,
};

/// Most trades of a page.
pub const TRADES_MAX: usize = 500;

/// The most trades that figures over the whole history are made of.
pub const HISTORY_TRADES_MAX: usize = 500_000;

/// The most trades of a ticker that are marked on its chart.
const FILLS_MAX: usize = 500;

/// Number of steps in which an equity curve is read, which bounds the cost of reading it. Slightly more than the points
/// shown, because some steps have no value.
const CURVE_STEPS: i64 = HISTORY_POINTS_MAX as i64 * 101 / 100;

impl Ledger {
    /// Trades since the latest reset, newest first: at most `limit` and [`TRADES_MAX`], and only those before the trade
    /// with the id `before`, if given.
    ///
    /// # Errors
    /// If there is no trade `before`, or the database does not respond.
    pub async fn trades(&self, account: AccountId, limit: usize, before: Option<&str>) -> Result<TradesPage, ApiError> {
        let limit = limit.min(TRADES_MAX);
        let reset_after = self.books(account).reset_after_sequence;
        let before = before.map(str::to_owned);
        let trades = self.read(move |rows| {
            let before = match before {
                None => i64::MAX,
                Some(id) => match rows.trade_sequence(account, &id)? {
                    None => return Ok(None),
                    Some(sequence) => sequence,
                },
            };
            // One more than requested shows whether there is another page.
            let mut trades = rows.trades(account, reset_after, before, limit + 1)?;
            adjust(&mut trades, &rows.splits(account, None)?);
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

    /// Number of trades since the latest reset.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn count_trades(&self, account: AccountId) -> Result<u64, ApiError> {
        let reset_after = self.books(account).reset_after_sequence;
        self.read(move |rows| rows.trades_count(account, reset_after)).await
    }

    /// The latest trades of one ticker since the latest reset, oldest first; at most [`FILLS_MAX`].
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn fills(&self, account: AccountId, ticker: Ticker) -> Result<Vec<Trade>, ApiError> {
        let reset_after = self.books(account).reset_after_sequence;
        let mut fills = self.read(move |rows| rows.fills(account, ticker, reset_after, FILLS_MAX)).await?;
        fills.reverse();
        Ok(fills)
    }

    /// All trades since the latest reset, of one ticker if it is given, oldest first, each with what it is in shares of
    /// today.
    ///
    /// # Errors
    /// When there are more than [`HISTORY_TRADES_MAX`], or the database does not answer.
    pub async fn trade_history(&self, account: AccountId, ticker: Option<Ticker>) -> Result<Vec<Trade>, ApiError> {
        let reset_after = self.books(account).reset_after_sequence;
        let limit = HISTORY_TRADES_MAX + 1;
        let mut trades = self
            .read(move |rows| {
                let mut trades = match ticker {
                    None => rows.trades(account, reset_after, i64::MAX, limit)?,
                    Some(ticker) => rows.fills(account, ticker, reset_after, limit)?,
                };
                adjust(&mut trades, &rows.splits(account, ticker)?);
                Ok(trades)
            })
            .await?;
        if trades.len() > HISTORY_TRADES_MAX {
            return Err(ApiError::InvalidParameter {
                parameter: "ticker".to_owned(),
                reason: format!("there are more than {HISTORY_TRADES_MAX} trades; it has to be of fewer"),
            });
        }
        trades.reverse();
        Ok(trades)
    }

    /// The receipt of the order of this name; nothing when it was not filled.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn receipt(
        &self,
        account: AccountId,
        client_order_id: &ClientOrderId,
    ) -> Result<Option<TradeReceipt>, ApiError> {
        let client_order_id = client_order_id.clone();
        self.read(move |rows| rows.receipt(account, &client_order_id)).await
    }

    /// Realised P&L of sales since the latest reset, in alphabetical order of tickers.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn realized(&self, account: AccountId) -> Result<Vec<RealizedLine>, ApiError> {
        let reset_after = self.books(account).reset_after_sequence;
        self.read(move |rows| rows.realized(account, reset_after)).await
    }

    /// The equity curve since the latest reset, over `range` up to `now`, oldest first.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn equity(
        &self,
        account: AccountId,
        range: HistoryRange,
        now: UtcInstant,
    ) -> Result<EquityHistory, ApiError> {
        let (opened_at_s, now_s) = (self.books(account).opened_at.unix_second(), now.unix_second());
        let since_s = range.seconds().map_or(opened_at_s, |seconds| opened_at_s.max(now_s - seconds));
        let step_s = (now_s - since_s) / CURVE_STEPS;
        let snapshots = self.read(move |rows| rows.curve(account, since_s, now_s, step_s)).await?;
        Ok(EquityHistory { snapshots: downsample(&snapshots, HISTORY_POINTS_MAX) })
    }

    /// Events after the number `after`; `None` if later events have been deleted, or the number is in the future.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn events_after(&self, account: AccountId, after: i64) -> Result<Option<EventsPage>, ApiError> {
        self.read(move |rows| rows.events_after(account, after)).await
    }
}
