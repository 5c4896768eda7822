//! The server functions: what the page asks of the server. Each hands on to the room that does the work.

use leptos::{prelude::*, server_fn::codec::Json};

use crate::{
    domain::{
        account::Account,
        candle::{Candle, Interval},
        money::Money,
        order::{OrderRequest, TradeReceipt},
        ticker::Ticker,
        workstation::Workstation,
    },
    error::ApiError,
};

/// Everything that the first paint shows, with the chart of `selected` where that is followed.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_workstation(selected: Option<Ticker>) -> Result<Workstation, ApiError> {
    Ok(crate::server::state()?.workstation(selected).await)
}

/// The account as it is now.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_account() -> Result<Account, ApiError> {
    Ok(crate::server::state()?.ledger.books().account.clone())
}

/// The latest candles, oldest first; empty when the ticker is neither watched nor held.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_candles(ticker: Ticker, interval: Interval) -> Result<Vec<Candle>, ApiError> {
    Ok(crate::server::state()?.chart(ticker, interval))
}

/// Fills a market order; see `server::execution`. The inner result is the order's: a refusal is an answer, not a failed
/// request, so that browsers do not report it as one.
#[server(prefix = "/api/fn", input = Json)]
pub async fn place_order(order: OrderRequest) -> Result<Result<TradeReceipt, ApiError>, ApiError> {
    let source = crate::domain::order::OrderSource::Manual;
    Ok(crate::server::state()?.execution.execute(order, source).await)
}

/// What the portfolio was worth when the UTC day began; nothing while the database does not answer.
#[server(prefix = "/api/fn", input = Json)]
pub async fn load_day_start() -> Result<Option<Money>, ApiError> {
    Ok(crate::server::state()?.day_start_value().await)
}

/// Gives the account its deposit back, and nothing else.
#[server(prefix = "/api/fn", input = Json)]
pub async fn reset_account() -> Result<(), ApiError> {
    crate::server::state()?.reset().await
}
