//! Prices that the vendor no longer confirms, delays, or omits.

use std::time::Duration;

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{SNAPSHOT, SOON, asked_for, entry, in_session, market_at, start, start_at, wait_for_price};
use crate::{
    app::{TestApp, TestProcess},
    copilot::{ask, set_autonomy},
    scripted::{Reply, ScriptedServer, eventually},
};

/// Makes every request fail.
async fn fail(server: &ScriptedServer) {
    server.play(|_| Reply::text(500, "canary"));
}

async fn market(app: &TestApp) -> Value {
    app.client.read("/api/market").await
}

async fn wait_for_data(app: &TestApp, data: &str) {
    eventually(SOON, data, async || market(app).await["data"] == data).await;
}

#[tokio::test]
async fn an_order_at_a_price_that_is_confirmed_no_more_is_refused_with_its_age() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.0, StatusCode::OK);
    assert_eq!(market(&app).await["data"], "live");
    fail(&server).await;
    wait_for_data(&app, "stale").await;

    let (status, problem) = app.client.trade("buy", 1.0, "AAPL").await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("stale_price")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("The price of AAPL is ") && detail.contains(" s old"), "{detail}");
    assert_eq!(app.client.trade("sell", 1.0, "AAPL").await.1["code"], "stale_price", "selling too");
    set_autonomy(&app.client, "auto").await;
    let action = ask(&app.client, "buy 1 AAPL").await["trades"][0].clone();
    assert_eq!(action["status"], "rejected");
    assert!(action["error"].as_str().unwrap().contains(" old"), "{action}");
    let portfolio = app.client.portfolio().await;
    assert_eq!(portfolio["positions"][0]["quantity"], 1.0, "nothing was traded");

    server.play(market_at(101.0));
    wait_for_price(&app, "AAPL", 101.0).await;
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.1["trade"]["price"], 101.0);
}

#[tokio::test]
async fn a_stale_price_is_shown_as_such_everywhere() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    let mut all = app.client.get("/api/stream/prices").await;
    let mut changes = app.client.get("/api/stream/prices?changes=only&tickers=AAPL").await;
    let mut compact = app.client.get("/api/stream/prices?format=compact").await;
    fail(&server).await;
    wait_for_data(&app, "stale").await;
    let watchlist = app.client.read("/api/watchlist").await;
    assert!(watchlist["tickers"].as_array().unwrap().iter().all(|line| line["stale"] == true), "{watchlist}");
    let health: Value = app.client.get("/api/health").await.json().await.unwrap();
    assert_eq!((&health["status"], &health["market"]["data"]), (&json!("degraded"), &json!("stale")));
    let note = health["market"]["note"].as_str().unwrap();
    assert!(note.starts_with("Prices are as they were at 15:") && note.contains("answered 500"), "{note}");
    for (stream, sign) in [(&mut all, "\"stale\":true"), (&mut changes, "\"stale\":true"), (&mut compact, "? @S+ ")] {
        let mut text = String::new();
        while !text.contains(sign) {
            text += str::from_utf8(&stream.chunk().await.unwrap().expect("it goes on")).unwrap();
        }
    }
    assert!(market(&app).await["since"].as_str().unwrap().starts_with("2026-11-24T15:"));
}

#[tokio::test]
async fn a_ticker_that_the_vendor_leaves_out_is_stale_and_the_others_are_not() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    server.play(|request| {
        if !request.path.starts_with(SNAPSHOT) {
            return Reply::text(404, "");
        }
        super::snapshot(asked_for(request).filter(|ticker| ticker != "AAPL").map(|ticker| entry(&ticker, 100.0)))
    });
    eventually(SOON, "stale", async || app.client.trade("buy", 1.0, "AAPL").await.1["code"] == "stale_price").await;
    assert_eq!(app.client.trade("buy", 1.0, "MSFT").await.0, StatusCode::OK);
    let stale = |line: &&Value| line["stale"] == true;
    eventually(SOON, "one is shown as stale", async || {
        let watchlist = app.client.read("/api/watchlist").await;
        watchlist["tickers"].as_array().unwrap().iter().filter(stale).count() == 1
    })
    .await;
    assert_eq!(market(&app).await["data"], "live");
    assert_eq!(app.client.get("/api/health").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_plan_with_late_prices_is_said_and_trades() {
    let server = ScriptedServer::start(|request| {
        if !request.path.starts_with(SNAPSHOT) {
            return Reply::text(404, "");
        }
        let tickers: Vec<_> = asked_for(request).map(|ticker| entry(&ticker, 100.0)).collect();
        Reply::json(&json!({ "status": "DELAYED", "tickers": tickers }))
    })
    .await;
    let app = start(&server).await;
    let told = market(&app).await;
    assert_eq!((&told["data"], &told["note"]), (&json!("delayed"), &json!("Prices are delayed 15 min.")));
    let health = app.client.read("/api/health").await;
    assert_eq!((&health["status"], &health["market"]["data"]), (&json!("ok"), &json!("delayed")));
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.0, StatusCode::OK);
}

#[rstest]
#[case::unauthorized(Reply::text(401, "{}"))]
#[case::forbidden(Reply::text(403, r#"{"status":"NOT_AUTHORIZED","message":"canary"}"#))]
#[case::not_authorized(Reply::text(200, r#"{"status":"NOT_AUTHORIZED","message":"canary"}"#))]
#[tokio::test]
async fn a_key_without_access_is_said_at_once_with_what_to_do(#[case] reply: Reply) {
    let server = ScriptedServer::start(move |_| reply.clone()).await;
    let app = start(&server).await;
    let health: Value = app.client.get("/api/health").await.json().await.unwrap();
    let note = health["market"]["note"].as_str().unwrap();
    assert!(note.starts_with("The key has no access to real-time snapshots: "), "{note}");
    assert!(note.contains("MASSIVE_API_KEY") && !note.contains("canary"), "{note}");
    assert_eq!((&health["status"], &health["market"]["data"]), (&json!("degraded"), &json!("stale")));
    // The page's stream reports it too, though there is no price.
    let mut compact = app.client.get("/api/stream/prices?format=compact").await;
    let mut text = String::new();
    // After the ping at the stream's start.
    while !text.contains(" @S") || !text.ends_with("\n\n") {
        text += str::from_utf8(&compact.chunk().await.unwrap().expect("a first frame")).unwrap();
    }
    assert!(text.contains(" @S+ ") && text.contains(note), "{text}");
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.1["code"], "no_price");
}

#[tokio::test]
async fn a_key_that_loses_its_access_is_said_with_the_next_poll() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    server.play(|_| Reply::text(403, "{}"));
    let refused =
        async || market(&app).await["note"].as_str().is_some_and(|note| note.starts_with("The key has no access"));
    eventually(Duration::from_millis(900), "it is said before any price is stale", refused).await;
}

#[tokio::test]
async fn a_vendor_that_is_away_leaves_the_container_alive() {
    let server = ScriptedServer::start(|_| Reply::Raw(Vec::new())).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = super::settings(&server);
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let process = TestProcess::start_with(folder.path(), &settings).await;
    assert_eq!(process.client.get("/api/health").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let port = process.client.address.port().to_string();
    let output = TestProcess::command(folder.path()).arg("--health").env("PORT", &port).output().await.unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("the server is alive, but degraded: "));
}

#[tokio::test]
async fn the_copilot_is_told_how_old_prices_are() {
    let prompts = ScriptedServer::start(|_| Reply::text(500, "")).await;
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = {
        let settings = super::settings(&server);
        let model = [
            ("LLM_MOCK", "false".to_owned()),
            ("LLM_BASE_URL", prompts.url()),
            ("LLM_TIMEOUT_SECONDS", "1".to_owned()),
        ];
        let all: Vec<_> = settings.iter().chain(&model).map(|(name, value)| (*name, value.as_str())).collect();
        TestApp::start_at(in_session, &all).await
    };
    fail(&server).await;
    wait_for_data(&app, "stale").await;
    app.client.post("/api/chat", json!({ "message": "How am I doing?" })).await;
    let body: Value = serde_json::from_slice(&prompts.requests()[0].body).unwrap();
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(
        system.contains("\"prices\":\"stale\"") && system.contains("\"stale_prices_since\":{\"AAPL\":\"2026-11-24T15:"),
        "{system}"
    );
}

#[tokio::test]
async fn a_start_without_the_vendor_does_not_wait_for_it() {
    let server = ScriptedServer::start(|_| Reply::text(500, "")).await;
    let app = start_at(in_session, &server).await;
    let told = market(&app).await;
    assert_eq!(
        told["note"],
        "There are no prices yet: massive.com answered 500 Internal Server Error. It is tried again and again."
    );
}
