//! The server functions: what the page asks of the server. Each hands on to the room that does the work.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    domain::{
        account::Account,
        candle::{Candle, Interval},
        equity::{EquityCurve, HistoryRange},
        order::{OrderRequest, Trade, TradeReceipt},
        ticker::Ticker,
        workstation::Workstation,
    },
    error::ApiError,
};

/// Everything that the first paint shows, with the chart of `selected` where that is followed.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_workstation(selected: Option<Ticker>) -> Result<Workstation, ApiError> {
    Ok(crate::server::state()?.workstation(selected))
}

/// The account as it is now.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_account() -> Result<Account, ApiError> {
    Ok(crate::server::state()?.ledger.books().account.clone())
}

/// The latest candles, or those from `since` (Unix seconds) on, oldest first; empty when the ticker is neither watched nor
/// held.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_candles(ticker: Ticker, interval: Interval, since: Option<i64>) -> Result<Vec<Candle>, ApiError> {
    Ok(crate::server::state()?.chart(ticker, interval, since))
}

/// The latest trades of one ticker, oldest first.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_fills(ticker: Ticker) -> Result<Vec<Trade>, ApiError> {
    crate::server::state()?.ledger.fills(ticker).await
}

/// What the portfolio was worth.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_equity(range: HistoryRange) -> Result<EquityCurve, ApiError> {
    crate::server::state()?.equity_curve(range).await
}

/// Fills a market order; see `server::execution`. The inner result is the order's: a refusal is an answer, not a failed
/// request, so that browsers do not report it as one.
#[server(prefix = "/api/fn", input = Json)]
pub async fn place_order(order: OrderRequest) -> Result<Result<TradeReceipt, ApiError>, ApiError> {
    let source = crate::domain::order::OrderSource::Manual;
    Ok(crate::server::state()?.execution.execute(order, source).await)
}
