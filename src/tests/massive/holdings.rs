//! What is traded and held besides the watchlist, with a vendor's prices.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{SNAPSHOT, asked_for, entry, market_at, snapshot, start};
use crate::scripted::{Reply, Request, ScriptedServer};

/// A market at a price that leaves some tickers out.
fn market_without(missing: &'static [&'static str], price: f64) -> impl FnMut(&Request) -> Reply + Send {
    move |request| {
        if request.path.starts_with(SNAPSHOT) {
            let known = asked_for(request).filter(|ticker| !missing.contains(&ticker.as_str()));
            snapshot(known.map(|ticker| entry(&ticker, price)))
        } else {
            Reply::json(&json!({ "status": "OK", "resultsCount": 0 }))
        }
    }
}

#[tokio::test]
async fn a_ticker_that_nobody_watches_is_asked_for_and_filled() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    let (status, receipt) = app.client.trade("buy", 2.0, "XOM").await;
    assert_eq!((status, &receipt["trade"]["price"]), (StatusCode::OK, &json!(100.0)));
    let watchlist = app.client.read("/api/watchlist").await;
    assert_eq!(watchlist["tickers"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn a_ticker_that_the_vendor_leaves_out_is_unknown() {
    let server = ScriptedServer::start(market_without(&["ZZZZQ"], 100.0)).await;
    let app = start(&server).await;
    let (status, problem) = app.client.trade("buy", 1.0, "ZZZZQ").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_ticker")), "{problem}");
    assert_eq!(app.client.portfolio().await["cash_balance"], 10_000.0);
    // One that has traded before is not unknown for being left out once, and an answer without anything says nothing.
    server.play(|request| {
        if request.path.starts_with(SNAPSHOT) { snapshot(std::iter::empty::<Value>()) } else { Reply::text(404, "") }
    });
    let (_, problem) = app.client.trade("buy", 1.0, "KO").await;
    assert_eq!(problem["code"], "no_price", "{problem}");
}
