//! Watching and unwatching tickers, and the history of their prices.

use finally::{api::WatchTicker, error::ApiError};
use leptos::server_fn::ServerFn;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, TestClient};

async fn watch(client: &TestClient, ticker: &str) -> (StatusCode, Value) {
    let response = client.post("/api/watchlist", json!({ "ticker": ticker })).await;
    (response.status(), response.json().await.unwrap())
}

async fn unwatch(client: &TestClient, ticker: &str) -> StatusCode {
    client.http.delete(client.url(&format!("/api/watchlist/{ticker}"))).send().await.unwrap().status()
}

async fn watched(client: &TestClient) -> Vec<String> {
    let list = client.read("/api/watchlist").await;
    list["tickers"].as_array().unwrap().iter().map(|entry| entry["ticker"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_ticker_is_added_once_with_its_price_and_can_be_traded_at_once() {
    let app = TestApp::start().await;
    let (status, entry) = watch(&app.client, " xom ").await;
    assert_eq!((status, &entry["ticker"]), (StatusCode::CREATED, &json!("XOM")));
    assert!(entry["price"].as_f64().unwrap() > 0.0);
    let (again, same) = watch(&app.client, "XOM").await;
    assert_eq!((again, &same["added_at"]), (StatusCode::OK, &entry["added_at"]));
    assert_eq!(watched(&app.client).await.last().unwrap(), "XOM");
    assert_eq!(app.client.trade("buy", 1.0, "XOM").await.0, StatusCode::OK);

    let app = app.restart().await;
    assert_eq!(watched(&app.client).await.len(), 11, "it is on disk");
}

#[tokio::test]
async fn an_order_right_behind_an_addition_finds_a_price() {
    // Long enough between ticks that the order arrives before the first one.
    let app = TestApp::start_with(&[("SIM_TICK_MS", "400")]).await;
    let (added, filled) = tokio::join!(watch(&app.client, "KO"), async {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        app.client.trade("buy", 1.0, "KO").await
    });
    assert_eq!((added.0, filled.0), (StatusCode::CREATED, StatusCode::OK));
}

#[tokio::test]
async fn a_removed_ticker_that_is_held_keeps_its_price_and_can_be_sold() {
    let app = TestApp::start().await;
    app.client.trade("buy", 2.0, "TSLA").await;
    assert_eq!(unwatch(&app.client, "tsla").await, StatusCode::NO_CONTENT);
    assert_eq!(unwatch(&app.client, "TSLA").await, StatusCode::NOT_FOUND);
    assert!(!watched(&app.client).await.contains(&"TSLA".to_owned()));

    let price = async || app.client.portfolio().await["positions"][0]["current_price"].as_f64().unwrap();
    let first = price().await;
    let mut moved = false;
    for _ in 0..40 {
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        moved |= price().await != first;
    }
    assert!(moved, "the price goes on");
    assert_eq!(app.client.trade("sell", 2.0, "TSLA").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_watchlist_has_a_bound() {
    let app = TestApp::start().await;
    let letters = ('A'..='Z').map(|letter| format!("Q{letter}")).chain(('A'..='N').map(|letter| format!("R{letter}")));
    for ticker in letters {
        assert_eq!(watch(&app.client, &ticker).await.0, StatusCode::CREATED, "{ticker}");
    }
    assert_eq!(watched(&app.client).await.len(), 50);
    let (status, problem) = watch(&app.client, "SX").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("watchlist_full")));
    assert_eq!(watch(&app.client, "AAPL").await.0, StatusCode::OK, "one that is there is no addition");
}

#[tokio::test]
async fn a_watchlist_request_that_is_not_one_says_why() {
    let app = TestApp::start().await;
    for (body, code) in [
        (json!({}), "missing_field"),
        (json!({ "ticker": 5 }), "invalid_ticker"),
        (json!({ "ticker": "<script>" }), "invalid_ticker"),
        (json!({ "ticker": "A".repeat(10_000) }), "invalid_ticker"),
        (json!({ "ticker": "XOM", "note": "x" }), "malformed_json"),
    ] {
        let response = app.client.post("/api/watchlist", body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.json::<Value>().await.unwrap()["code"], code);
    }
    assert_eq!(unwatch(&app.client, "12").await, StatusCode::BAD_REQUEST);
}

/// Result of a server function of the watchlist: its list's tickers, or the code of its refusal.
fn lines(answer: &Value) -> Result<Vec<String>, &'static str> {
    match answer["Ok"]["lines"].as_array() {
        Some(lines) => Ok(lines.iter().map(|line| line["ticker"].as_str().unwrap().to_owned()).collect()),
        None => Err(serde_json::from_value::<ApiError>(answer["Err"].clone()).unwrap().code()),
    }
}

#[tokio::test]
async fn the_page_moves_a_ticker_and_everyone_sees_the_new_order() {
    use finally::api::{MoveTicker, UnwatchTicker, WatchTicker};
    use leptos::server_fn::ServerFn;

    let app = TestApp::start().await;
    let call = async |path: &str, body: Value| -> Value { app.client.post(path, body).await.json().await.unwrap() };
    let moved = call(MoveTicker::PATH, json!({ "ticker": "NFLX", "before": "GOOGL" })).await;
    assert_eq!(lines(&moved).unwrap()[..3], ["AAPL", "NFLX", "GOOGL"]);
    let last = call(MoveTicker::PATH, json!({ "ticker": "AAPL", "before": null })).await;
    assert_eq!(lines(&last).unwrap()[9], "AAPL");
    let unknown = call(MoveTicker::PATH, json!({ "ticker": "XOM", "before": null })).await;
    assert_eq!(lines(&unknown), Err("not_found"));

    // An undone removal restores the place, with a price at once.
    let before = watched(&app.client).await;
    assert_eq!(lines(&call(UnwatchTicker::PATH, json!({ "ticker": "GOOGL" })).await).unwrap().len(), 9);
    let again = call(WatchTicker::PATH, json!({ "ticker": "GOOGL", "before": before[2] })).await;
    assert_eq!(lines(&again).unwrap(), before);
    assert!(again["Ok"]["quotes"].as_array().unwrap().iter().any(|quote| quote["ticker"] == "GOOGL"));

    let app = app.restart().await;
    assert_eq!(watched(&app.client).await, before, "it is on disk");
}

#[tokio::test]
async fn the_page_knows_what_is_listed() {
    use finally::api::LoadListings;
    use leptos::server_fn::ServerFn;

    let app = TestApp::start().await;
    let listings: Value = app.client.post(LoadListings::PATH, json!({})).await.json().await.unwrap();
    let listings = listings.as_array().unwrap();
    assert!(listings.len() >= 50);
    assert!(listings.contains(&json!({ "ticker": "AAPL", "company": "Apple" })));
}

#[tokio::test]
async fn candles_lead_up_to_the_live_price() {
    let app = TestApp::start().await;
    for (interval, seconds, at_least) in
        [("1s", 1, 300), ("1m", 60, 300), ("5m", 300, 300), ("1h", 3_600, 100), ("1d", 86_400, 200)]
    {
        let answer = app.client.read(&format!("/api/prices/aapl/candles?interval={interval}")).await;
        assert_eq!((&answer["ticker"], &answer["interval"]), (&json!("AAPL"), &json!(interval)));
        let candles = answer["candles"].as_array().unwrap();
        assert!((at_least..=500).contains(&candles.len()), "{interval}: {}", candles.len());
        let figure = |candle: &Value, name: &str| candle[name].as_f64().unwrap();
        let times: Vec<i64> = candles.iter().map(|candle| candle["time"].as_i64().unwrap()).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]) && times.iter().all(|time| time % seconds == 0));
        for candle in candles {
            let [open, high, low, close] = ["open", "high", "low", "close"].map(|name| figure(candle, name));
            assert!(low <= open.min(close) && high >= open.max(close) && low > 0.0, "{candle}");
        }
        let price = figure(&app.client.read("/api/watchlist").await["tickers"][0], "price");
        assert!((figure(candles.last().unwrap(), "close") / price - 1.0).abs() < 0.06, "{interval}");
    }
    assert_eq!(app.client.read("/api/prices/AAPL/candles?limit=7").await["candles"].as_array().unwrap().len(), 7);
    let unknown = app.client.get("/api/prices/XOM/candles").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(unknown.json::<Value>().await.unwrap()["code"], "not_found");
}

#[tokio::test]
async fn a_ticker_that_nobody_knows_is_a_made_up_stock_and_marked_so() {
    let app = TestApp::start().await;
    let response = app.client.post("/api/watchlist", json!({ "ticker": "zzzzq" })).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let entry: Value = response.json().await.unwrap();
    assert_eq!((&entry["ticker"], &entry["made_up"]), (&json!("ZZZZQ"), &json!(true)));
    assert!(entry["price"].as_f64().unwrap() > 0.0);
    app.client.post("/api/watchlist", json!({ "ticker": "XOM" })).await;
    for entry in app.client.read("/api/watchlist").await["tickers"].as_array().unwrap() {
        let mark = (entry["ticker"] == "ZZZZQ").then_some(&Value::Bool(true));
        assert_eq!(entry.get("made_up"), mark, "{entry}");
    }
}

#[tokio::test]
async fn what_the_copilot_watches_on_the_simulator_is_marked_where_it_is_made_up() {
    let app = TestApp::start().await;
    let answer = crate::copilot::ask(&app.client, "watch ZZZZQ and watch XOM").await;
    let statuses = [0, 1].map(|index| answer["watchlist_changes"][index]["status"].clone());
    assert_eq!(statuses, ["executed", "executed"], "{answer}");
    let watchlist = app.client.read("/api/watchlist").await;
    for line in watchlist["tickers"].as_array().unwrap() {
        assert_eq!(line.get("made_up").is_some(), line["ticker"] == "ZZZZQ", "{line}");
    }
}

#[tokio::test]
async fn the_page_adds_a_made_up_stock_only_on_a_person_s_word() {
    let app = TestApp::start().await;
    let watch = async |ticker: &str, word: bool| -> Value {
        let arguments = json!({ "ticker": ticker, "before": null, "may_be_made_up": word });
        app.client.post(WatchTicker::PATH, arguments).await.json().await.unwrap()
    };
    let refused = watch("ZZZZQ", false).await;
    assert_eq!(refused["Err"]["unknown_ticker"], json!({ "ticker": "ZZZZQ", "can_be_made_up": true }));
    assert_eq!(app.client.read("/api/watchlist").await["tickers"].as_array().unwrap().len(), 10);
    let line = |answer: &Value| answer["Ok"]["lines"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(line(&watch("XOM", false).await)["is_made_up"], false);
    assert_eq!(line(&watch("ZZZZQ", true).await)["is_made_up"], true);
}
