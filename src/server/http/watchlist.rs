//! `/api/watchlist`: the followed tickers, with their prices.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{delete, get},
};

use super::{
    json::Json,
    json_body::{JsonObject, missing},
    openapi::{TickerText, WatchRequest},
    parameter::TickerInPath,
};
use crate::{
    domain::{
        ticker::Ticker,
        watchlist::{Watchlist, WatchlistEntry},
    },
    error::ApiError,
    server::{caller::Caller, ledger::Watched, state::AppState, watchlist::FIRST_PRICE_MAX},
};

pub fn router() -> Router<AppState> {
    Router::new().route("/api/watchlist", get(read).post(add)).route("/api/watchlist/{ticker}", delete(remove))
}

/// The watchlist, in the order added unless it was rearranged on the page, with prices and sparklines.
#[utoipa::path(get, path = "/api/watchlist", tag = "Watchlist", responses((status = 200, body = Watchlist)))]
pub async fn read(State(state): State<AppState>, caller: Caller) -> Json<Watchlist> {
    let (books, tick) = (state.ledger.books(caller.account), state.feed.latest());
    let tickers = books.watchlist.iter().map(|watched| state.watchlist_entry(*watched, &tick)).collect();
    Json(Watchlist { tickers })
}

/// Watch a ticker. It streams from the next tick on, for which the response waits. A ticker that belongs to no known
/// company is invented by the simulator, and refused if prices are real.
#[utoipa::path(
    post, path = "/api/watchlist", tag = "Watchlist",
    request_body(content = WatchRequest, example = json!({ "ticker": "XOM" })),
    responses(
        (status = 201, description = "It was added.", body = WatchlistEntry),
        (status = 200, description = "It was there already.", body = WatchlistEntry),
    )
)]
pub async fn add(
    State(state): State<AppState>,
    caller: Caller,
    mut body: JsonObject,
) -> Result<(StatusCode, Json<WatchlistEntry>), ApiError> {
    let ticker = body.take_string("ticker", ApiError::InvalidTicker)?.ok_or_else(|| missing("ticker"))?;
    body.finish()?;
    let ticker: Ticker = ticker.parse()?;
    state.watchlist.look_up(ticker).await?;
    let (status, watched) = match state.watchlist.add(caller.account, ticker).await? {
        Watched::Added(watched) => (StatusCode::CREATED, watched),
        Watched::Already(watched) => (StatusCode::OK, watched),
    };
    let tick = state.feed.tick_with(ticker, FIRST_PRICE_MAX).await;
    Ok((status, Json(state.watchlist_entry(watched, &tick))))
}

/// Stop watching a ticker. A held one keeps its live price.
#[utoipa::path(
    delete, path = "/api/watchlist/{ticker}", tag = "Watchlist",
    params(("ticker" = TickerText, Path, example = "XOM")),
    responses((status = 204, description = "It is no longer watched."))
)]
pub async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    TickerInPath(ticker): TickerInPath,
) -> Result<StatusCode, ApiError> {
    state.watchlist.remove(caller.account, ticker).await?;
    Ok(StatusCode::NO_CONTENT)
}
