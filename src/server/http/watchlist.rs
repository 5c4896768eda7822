//! `/api/watchlist`: the tickers that are followed, with their prices.

use axum::{Json, Router, extract::State, routing::get};

use crate::{
    domain::watchlist::{Watchlist, WatchlistEntry},
    server::state::AppState,
};

pub fn router() -> Router<AppState> {
    Router::new().route("/watchlist", get(read))
}

async fn read(State(state): State<AppState>) -> Json<Watchlist> {
    let (books, tick) = (state.ledger.books(), state.feed.latest());
    let entry = |watched: &_| {
        let crate::domain::watchlist::WatchedTicker { ticker, .. } = *watched;
        WatchlistEntry::new(*watched, tick.quotes.get(&ticker), state.feed.sparkline(ticker))
    };
    Json(Watchlist { tickers: books.watchlist.iter().map(entry).collect() })
}
