//! The exchange's hours and days, with a test's clock.

use std::{sync::OnceLock, time::Instant};

use finally::domain::instant::UtcInstant;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{AGGREGATES, SNAPSHOT, SOON, asked_for, market_at, run_from, snapshot, start, start_at};
use crate::{
    app::TestApp,
    scripted::{Reply, Request, ScriptedServer, eventually},
};

/// A Saturday.
fn on_saturday() -> UtcInstant {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    run_from("2026-11-28T15:00:00Z", &STARTED)
}

/// The day after Thanksgiving, after its early close.
fn after_an_early_close() -> UtcInstant {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    run_from("2026-11-27T18:30:00Z", &STARTED)
}

#[tokio::test]
async fn an_order_while_the_exchange_is_closed_is_refused_with_when_it_opens() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start_at(on_saturday, &server).await;
    let (status, problem) = app.client.trade("buy", 1.0, "AAPL").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("market_closed")));
    assert_eq!(
        problem["detail"],
        "The exchange is closed; it opens on Monday, 30 November 2026 at 9:30 in New York (2026-11-30 14:30 UTC). \
         Nothing was traded."
    );
    let market = app.client.read("/api/market").await;
    assert_eq!(
        (&market["source"], &market["session"], &market["data"]),
        (&json!("massive"), &json!(null), &json!("live"))
    );
    let next = json!({
        "kind": "regular", "trade_date": "2026-11-30",
        "opens_at": "2026-11-30T14:30:00Z", "closes_at": "2026-11-30T21:00:00Z",
    });
    assert_eq!((&market["next"], &market["days"][0]), (&next, &next));
    assert_eq!(app.client.get("/api/health").await.status(), StatusCode::OK, "a closed exchange is no fault");
}

#[tokio::test]
async fn a_half_day_ends_at_its_early_close() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start_at(after_an_early_close, &server).await;
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.1["code"], "market_closed");
    let session = app.client.read("/api/market").await["session"].clone();
    assert_eq!((&session["kind"], &session["opens_at"]), (&json!("post"), &json!("2026-11-27T18:00:00Z")));
}

#[tokio::test]
async fn an_open_exchange_says_until_when() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let market = start(&server).await.client.read("/api/market").await;
    assert_eq!(
        (&market["session"]["kind"], &market["session"]["trade_date"]),
        (&json!("regular"), &json!("2026-11-24"))
    );
    assert_eq!(market["session"]["closes_at"], "2026-11-24T21:00:00Z");
    // Thursday is Thanksgiving, and Friday a half day.
    let days: Vec<_> =
        market["days"].as_array().unwrap().iter().map(|day| day["closes_at"].as_str().unwrap()).collect();
    assert_eq!(days[..3], ["2026-11-25T21:00:00Z", "2026-11-27T18:00:00Z", "2026-11-30T21:00:00Z"]);
}

#[tokio::test]
async fn the_simulated_market_never_closes() {
    let app = TestApp::start_at(on_saturday, &[]).await;
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.0, StatusCode::OK);
    let market = app.client.read("/api/market").await;
    assert_eq!(
        (&market["source"], &market["data"], &market["next"]),
        (&json!("simulator"), &json!("live"), &json!(null))
    );
    let session = json!({
        "kind": "continuous", "trade_date": "2026-11-28",
        "opens_at": "2026-11-28T00:00:00Z", "closes_at": "2026-11-29T00:00:00Z",
    });
    assert_eq!(market["session"], session);
}

/// AAPL's last trade with its time; the rest of the answer is empty.
fn traded(price: f64, at: &str, minute: Value) -> impl FnMut(&Request) -> Reply + Send + use<> {
    let at_ns = UtcInstant::from_rfc3339(at).unwrap().unix_ms() * 1_000_000;
    move |request| {
        if !request.path.starts_with(SNAPSHOT) {
            return Reply::json(&json!({ "status": "OK", "resultsCount": 0 }));
        }
        let minute = minute.clone();
        snapshot(asked_for(request).map(move |ticker| {
            json!({
                "ticker": ticker, "updated": at_ns,
                "day": {"o": 100, "h": 110, "l": 90, "c": price, "v": 1000}, "prevDay": {"c": 95},
                "lastTrade": {"p": price, "t": at_ns}, "min": minute,
            })
        }))
    }
}

async fn candles(app: &TestApp, interval: &str) -> Vec<Value> {
    let answer = app.client.read(&format!("/api/prices/AAPL/candles?interval={interval}")).await;
    answer["candles"].as_array().unwrap().clone()
}

async fn polls(server: &ScriptedServer, more: usize) {
    let before = server.requests_to(SNAPSHOT).len();
    eventually(SOON, "some polls", async || server.requests_to(SNAPSHOT).len() >= before + more).await;
}

#[tokio::test]
async fn candles_rest_while_nothing_is_traded() {
    // Friday's last trade, on Saturday.
    let server = ScriptedServer::start(traded(108.0, "2026-11-27T17:59:58Z", json!(null))).await;
    let app = start_at(on_saturday, &server).await;
    let second = UtcInstant::from_rfc3339("2026-11-27T17:59:58Z").unwrap().unix_second();
    let before = candles(&app, "1s").await;
    assert_eq!((before.len(), &before[0]["time"]), (1, &json!(second)));
    polls(&server, 4).await;
    for interval in ["1s", "1m", "5m", "1h", "1d"] {
        assert_eq!(candles(&app, interval).await.len(), 1, "{interval}");
    }
    let day = UtcInstant::from_rfc3339("2026-11-27T00:00:00Z").unwrap().unix_second();
    assert_eq!(candles(&app, "1d").await[0]["time"], day);
    let mut stream = app.client.get("/api/stream/prices").await;
    let mut text = String::new();
    while !text.ends_with("}}\n\n") {
        text += str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert!(text.contains(&format!("\"timestamp\":{second}.0")), "the quote has the instant of its trade: {text}");

    // A trade updates them, and the vendor's minute adds what the polls missed.
    let minute_ms = UtcInstant::from_rfc3339("2026-11-27T17:59:00Z").unwrap().unix_ms();
    let minute = json!({"t": minute_ms, "o": 106.5, "h": 109.5, "l": 105.0, "c": 107.0, "v": 300});
    server.play(traded(107.0, "2026-11-27T17:59:59Z", minute));
    eventually(SOON, "two seconds", async || candles(&app, "1s").await.len() == 2).await;
    let minutes = candles(&app, "1m").await;
    let bounds = ["open", "high", "low", "close"].map(|name| minutes[0][name].as_f64().unwrap());
    assert_eq!((minutes.len(), bounds), (1, [106.5, 109.5, 105.0, 107.0]));
}

#[tokio::test]
async fn minutes_that_are_over_are_asked_for_once_more() {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    // The first trade is from the minute before, which was completed long ago.
    let clock = || run_from("2026-11-24T15:00:30Z", &STARTED);
    let server = ScriptedServer::start(traded(100.0, "2026-11-24T14:59:10Z", json!(null))).await;
    let app = start_at(clock, &server).await;
    eventually(SOON, "all histories", async || server.requests_to(AGGREGATES).len() == 20).await;
    let second = |text: &str| UtcInstant::from_rfc3339(text).unwrap().unix_second();
    let minute = second("2026-11-24T14:59:00Z");
    let mut market = traded(101.0, "2026-11-24T14:59:20Z", json!(null));
    server.play(move |request| {
        if !request.path.contains(&format!("/range/1/minute/{}/", minute * 1_000)) {
            return market(request);
        }
        let bar = json!({"t": minute * 1_000, "o": 99.5, "h": 104.0, "l": 98.0, "c": 102.0, "v": 10.0});
        Reply::json(&json!({"status": "OK", "resultsCount": 1, "results": [bar]}))
    });
    let is_right = async || {
        let minutes = candles(&app, "1m").await;
        let found = minutes.iter().find(|candle| candle["time"] == minute).expect("the first trade's minute");
        ["open", "high", "low", "close"].map(|name| found[name].as_f64().unwrap()) == [99.5, 104.0, 98.0, 101.0]
    };
    eventually(SOON, "the minute as the vendor has it", is_right).await;
}

#[tokio::test]
async fn a_trade_beside_the_days_range_is_not_the_price() {
    let server = ScriptedServer::start(traded(108.0, "2026-11-24T14:59:00Z", json!(null))).await;
    let app = start(&server).await;
    server.play(|request| {
        if !request.path.starts_with(SNAPSHOT) {
            return Reply::text(404, "");
        }
        snapshot(asked_for(request).map(|ticker| {
            json!({
                "ticker": ticker, "day": {"o": 100, "h": 110, "l": 90, "c": 109, "v": 1100}, "prevDay": {"c": 95},
                "lastTrade": {"p": 250, "t": 1_795_532_400_000_000_000_i64},
            })
        }))
    });
    super::wait_for_price(&app, "AAPL", 109.0).await;
    let day = candles(&app, "1d").await;
    assert_eq!(day.last().unwrap()["high"], 110.0, "no candle has it either; the day is as the vendor has it");
    assert_eq!(app.client.read("/api/watchlist").await["tickers"][0]["day_change"], 14.0, "since the previous close");
}
