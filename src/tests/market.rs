//! The simulated market continues: over restarts, on several servers, and independent of the account.

use std::{collections::BTreeMap, sync::OnceLock, time::Instant};

use finally::domain::instant::UtcInstant;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, TestClient, TestProcess, cents};

/// The seed is drawn, as with default settings.
const DRAWN: (&str, &str) = ("SIM_SEED", "");

/// Constant during a test, unless midnight comes: the candles of completed days, and the previous close of the day's
/// change.
async fn days(client: &TestClient, ticker: &str) -> Vec<Value> {
    let answer = client.read(&format!("/api/prices/{ticker}/candles?interval=1d&limit=40")).await;
    let mut days = answer["candles"].as_array().unwrap().clone();
    days.pop();
    days
}

/// In cents.
async fn previous_close(client: &TestClient, ticker: &str) -> i64 {
    let watchlist = client.read("/api/watchlist").await;
    let entry = watchlist["tickers"].as_array().unwrap().iter().find(|entry| entry["ticker"] == ticker).unwrap();
    cents(&entry["price"]) - cents(&entry["day_change"])
}

#[tokio::test]
async fn a_restart_goes_on_with_the_same_market() {
    let app = TestApp::start_with(&[DRAWN]).await;
    app.client.trade("buy", 1.5, "NVDA").await;
    let (before, close) = (days(&app.client, "NVDA").await, previous_close(&app.client, "NVDA").await);
    let app = app.restart_with(&[DRAWN]).await;
    assert_eq!(days(&app.client, "NVDA").await, before);
    assert_eq!(previous_close(&app.client, "NVDA").await, close);
    assert_eq!(close, cents(&before.last().unwrap()["close"]), "the day's change is from the last day's close");
}

#[tokio::test]
async fn a_drawn_market_is_another_one_for_each_database_and_survives_a_kill() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let server = TestProcess::start_with(folders[0].path(), &[DRAWN]).await;
    let before = days(&server.client, "AAPL").await;
    server.kill().await;
    let (again, other) = (
        TestProcess::start_with(folders[0].path(), &[DRAWN]).await,
        TestProcess::start_with(folders[1].path(), &[DRAWN]).await,
    );
    assert_eq!(days(&again.client, "AAPL").await, before);
    assert_ne!(days(&other.client, "AAPL").await, before);
}

#[tokio::test]
async fn a_seed_that_is_set_is_kept_and_another_one_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let started = |seed| TestProcess::start_with(folder.path(), seed);
    let seven = started(&[("SIM_SEED", "18446744073709551607")]).await;
    let before = days(&seven.client, "AAPL").await;
    assert_eq!(said_of_the_seed(seven).await, Vec::<String>::new(), "a new database has no market before");
    let kept = started(&[DRAWN]).await;
    assert_eq!(days(&kept.client, "AAPL").await, before);
    assert_eq!(said_of_the_seed(kept).await, Vec::<String>::new());
    let eight = started(&[("SIM_SEED", "8")]).await;
    assert_ne!(days(&eight.client, "AAPL").await, before);
    let said = said_of_the_seed(eight).await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("SIM_SEED=8 is another market") && said[0].contains("18446744073709551607"), "{said:?}");
}

/// Log lines about the seed.
async fn said_of_the_seed(server: TestProcess) -> Vec<String> {
    let log = server.terminate_and_read_log().await;
    log.lines().filter(|line| line.contains("SIM_SEED")).map(str::to_owned).collect()
}

/// Prices of the next ticks of a server, by instant and ticker.
async fn ticks(client: &TestClient, count: usize) -> BTreeMap<(String, String), String> {
    let mut stream = client.get("/api/stream/prices").await;
    let (mut text, mut prices) = (String::new(), BTreeMap::new());
    while text.matches("\ndata: ").count() <= count {
        text.push_str(str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    let whole = text.rsplit_once("\n\n").unwrap().0;
    for data in whole.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let tick: Value = serde_json::from_str(data).unwrap();
        for (ticker, quote) in tick.as_object().unwrap() {
            // The previous price is the one that this server showed before.
            let shown = json!([quote["price"], quote["day_change"], quote["day_change_percent"]]);
            prices.insert((quote["timestamp"].to_string(), ticker.clone()), shown.to_string());
        }
    }
    prices
}

#[tokio::test]
async fn two_servers_of_a_seed_show_the_same_quotes_and_days_at_the_same_instant() {
    let first = TestApp::start().await;
    first.client.post("/api/watchlist", json!({ "ticker": "ZZZZ" })).await;
    let second = TestApp::start().await;
    let (of_first, of_second) = tokio::join!(ticks(&first.client, 25), ticks(&second.client, 25));
    let common: Vec<_> = of_first.keys().filter(|key| of_second.contains_key(*key)).collect();
    assert!(common.len() > 50, "{} quotes of {} and {}", common.len(), of_first.len(), of_second.len());
    assert!(common.iter().all(|key| of_first[*key] == of_second[*key]));
    second.client.post("/api/watchlist", json!({ "ticker": "ZZZZ" })).await;
    for ticker in ["AAPL", "TSLA", "ZZZZ"] {
        assert_eq!(days(&first.client, ticker).await, days(&second.client, ticker).await, "{ticker}");
    }
}

#[tokio::test]
async fn days_do_not_depend_on_the_pace_of_the_ticks() {
    let (fast, slow) = (TestApp::start().await, TestApp::start_with(&[("SIM_TICK_MS", "60000")]).await);
    assert_eq!(days(&fast.client, "AAPL").await, days(&slow.client, "AAPL").await);
    assert_eq!(previous_close(&fast.client, "AAPL").await, previous_close(&slow.client, "AAPL").await);
    // A slow market prices a ticker that becomes wanted between two of its ticks.
    let entry: Value = slow.client.post("/api/watchlist", json!({ "ticker": "XOM" })).await.json().await.unwrap();
    assert!(entry["price"].as_f64().unwrap() > 0.0, "{entry}");
}

#[tokio::test]
async fn a_reset_of_the_account_leaves_the_market_alone() {
    let app = TestApp::start_with(&[DRAWN]).await;
    let (before, close) = (days(&app.client, "AAPL").await, previous_close(&app.client, "AAPL").await);
    app.client.post("/api/portfolio/reset", json!({})).await.error_for_status().unwrap();
    assert_eq!(days(&app.client, "AAPL").await, before);
    let app = app.restart_with(&[DRAWN]).await;
    assert_eq!(days(&app.client, "AAPL").await, before);
    assert_eq!(previous_close(&app.client, "AAPL").await, close);
}

#[tokio::test]
async fn candles_that_are_over_do_not_change_and_the_last_one_is_of_now() {
    let app = TestApp::start().await;
    let read = async |interval: &str| {
        let answer = app.client.read(&format!("/api/prices/AAPL/candles?interval={interval}&limit=1800")).await;
        answer["candles"].as_array().unwrap().clone()
    };
    for interval in ["1s", "1m", "5m", "1h"] {
        let (before, after) = (read(interval).await, read(interval).await);
        let ends = |candles: &[Value]| candles[candles.len() - 2]["time"].as_i64().unwrap();
        let over: Vec<_> = before.iter().filter(|candle| candle["time"].as_i64().unwrap() <= ends(&before)).collect();
        let again: BTreeMap<_, _> = after.iter().map(|candle| (candle["time"].as_i64().unwrap(), candle)).collect();
        // The oldest may have been removed for a new one.
        assert!(over.iter().skip(2).all(|candle| again[&candle["time"].as_i64().unwrap()] == *candle), "{interval}");
        assert!(before.len() > 700, "{interval}");
    }
}

/// A Saturday, 28 November 2026, 15:00 UTC.
fn on_saturday() -> UtcInstant {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    let elapsed = STARTED.get_or_init(Instant::now).elapsed().as_millis();
    UtcInstant::from_unix_ms(1_795_878_000_000 + elapsed as i64)
}

#[tokio::test]
async fn a_simulator_that_keeps_the_exchanges_hours_is_closed_at_the_weekend() {
    let app = TestApp::start_at(on_saturday, &[("SIM_HOURS", "nyse")]).await;
    let (status, problem) = app.client.trade("buy", 1.0, "AAPL").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("market_closed")));
    let market = app.client.read("/api/market").await;
    assert_eq!((&market["session"], &market["next"]["opens_at"]), (&Value::Null, &json!("2026-11-30T14:30:00Z")));
    // The latest candle is the last minute of Friday's late session.
    let candles = app.client.read("/api/prices/AAPL/candles?interval=1m&limit=2").await;
    assert_eq!(candles["candles"][1]["time"], 1_795_816_740);
    let days = days(&app.client, "AAPL").await;
    let close = cents(&days.last().unwrap()["close"]);
    assert_eq!(previous_close(&app.client, "AAPL").await, close, "the day's change is from Wednesday's last trade");

    let always_open = TestApp::start_at(on_saturday, &[]).await;
    assert_eq!(always_open.client.trade("buy", 1.0, "AAPL").await.0, StatusCode::OK);
}
