//! Failures of massive.com.

use std::time::{Duration, Instant};

use finally::server::market::MarketSource;
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{AGGREGATES, KEY, SNAPSHOT, SOON, market_at, price, settings, source, start, tickers, wait_for_price};
use crate::{
    app::TestProcess,
    scripted::{Reply, Request, ScriptedServer, eventually},
};

/// Replies to snapshots; other requests get normal replies.
fn snapshots_are(reply: Reply) -> impl FnMut(&Request) -> Reply + Send {
    let mut market = market_at(100.0);
    move |request| if request.path.starts_with(SNAPSHOT) { reply.clone() } else { market(request) }
}

#[rstest]
#[case::not_json(Reply::text(200, "<html>"))]
#[case::empty(Reply::text(200, ""))]
#[case::truncated(Reply::text(200, r#"{"status":"OK","tickers":[{"ticker":"AAPL","lastTr"#))]
#[case::error(Reply::text(200, r#"{"status":"ERROR","error":"canary"}"#))]
#[case::too_large(Reply::text(200, format!(r#"{{"status":"OK","tickers":[],"x":"{}"}}"#, "x".repeat(5 << 20))))]
#[case::cut(Reply::Cut)]
#[case::not_http(Reply::Raw(b"canary\r\n\r\n".to_vec()))]
#[case::no_answer(Reply::Raw(Vec::new()))]
#[case::redirect(Reply::text(302, "").with_header("location", "http://127.0.0.1:1/canary"))]
#[case::server_error(Reply::text(500, "canary"))]
#[case::stall(Reply::Stall)]
#[tokio::test]
async fn a_bad_answer_is_survived(#[case] reply: Reply) {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let (mut source, wanted) = (source(&server), tickers(&["AAPL"]));
    assert_eq!(source.next_update(&wanted).await.unwrap().prints.len(), 1);
    server.play(snapshots_are(reply));
    let error = loop {
        match source.next_update(&wanted).await {
            Ok(update) => assert!(update.prints.is_empty(), "a history at most"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(!error.contains("canary") && !error.contains(&server.url()), "{error}");
    server.play(market_at(101.0));
    while source.next_update(&wanted).await.unwrap().prints.is_empty() {}
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    eventually(SOON, "all histories", async || server.requests_to(AGGREGATES).len() == 20).await;
    let mut refusals = 1;
    server.play(move |request| {
        if refusals > 0 {
            refusals -= 1;
            return Reply::text(429, "").with_header("retry-after", "2");
        }
        market_at(101.0)(request)
    });
    wait_for_price(&app, "AAPL", 101.0).await;
    let gaps = server.requests().windows(2).filter(|pair| pair[1].at - pair[0].at >= Duration::from_secs(2)).count();
    assert_eq!(gaps, 1);
}

#[tokio::test]
async fn a_history_that_is_one_request_too_many_quiets_all_requests() {
    let mut refused = false;
    let server = ScriptedServer::start(move |request| {
        if request.path.starts_with(AGGREGATES) && !std::mem::replace(&mut refused, true) {
            return Reply::text(429, "").with_header("retry-after", "1");
        }
        market_at(100.0)(request)
    })
    .await;
    let _app = start(&server).await;
    eventually(SOON, "all histories", async || server.requests_to(AGGREGATES).len() == 21).await;
    let requests = server.requests();
    let refusal = requests.iter().position(|request| request.path.starts_with(AGGREGATES)).unwrap();
    assert!(requests[refusal + 1].at - requests[refusal].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_failing_server_is_asked_less_and_less() {
    let server = ScriptedServer::start(snapshots_are(Reply::text(503, ""))).await;
    let mut source = source(&server);
    let wanted = tickers(&["AAPL"]);
    let started = Instant::now();
    for _ in 0..3 {
        source.next_update(&wanted).await.unwrap_err();
    }
    // At least half of one and of two seconds, and only snapshots.
    assert!(started.elapsed() >= Duration::from_millis(1_500));
    assert_eq!(server.requests().len(), server.requests_to(SNAPSHOT).len());
    server.play(market_at(100.0));
    source.next_update(&wanted).await.unwrap();
}

#[rstest]
#[case::unauthorized(401)]
#[case::forbidden(403)]
#[tokio::test]
async fn a_refused_key_is_said_and_tried_again_with_each_poll(#[case] status: u16) {
    let server = ScriptedServer::start(snapshots_are(Reply::text(status, KEY))).await;
    let (mut source, wanted) = (source(&server), tickers(&["AAPL"]));
    let started = Instant::now();
    for _ in 0..4 {
        let error = source.next_update(&wanted).await.unwrap_err().to_string();
        assert!(error.contains("MASSIVE_API_KEY") && !error.contains("canary"), "{error}");
    }
    assert!(started.elapsed() >= Duration::from_millis(300), "no more often than for prices");
    assert_eq!(server.requests().len(), 4);
    server.play(market_at(100.0));
    let again = tokio::time::timeout(Duration::from_secs(1), source.next_update(&wanted)).await;
    assert_eq!(again.expect("within about one poll").unwrap().prints.len(), 1);
}

#[tokio::test]
async fn a_dead_source_keeps_its_prices_degrades_health_and_recovers() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    server.play(|_| Reply::Raw(Vec::new()));
    let health = async || app.client.get("/api/health").await;
    eventually(Duration::from_secs(8), "degraded", async || health().await.status() == StatusCode::SERVICE_UNAVAILABLE)
        .await;
    assert_eq!(health().await.json::<Value>().await.unwrap()["status"], "degraded");
    assert_eq!(price(&app, "AAPL").await, 100.0);
    server.play(market_at(101.0));
    eventually(Duration::from_secs(8), "well again", async || health().await.status() == StatusCode::OK).await;
    assert_eq!(price(&app, "AAPL").await, 101.0);
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_found_later() {
    let server = ScriptedServer::start(|_| Reply::Raw(Vec::new())).await;
    let app = start(&server).await;
    assert_eq!(app.client.get("/api/health").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(price(&app, "AAPL").await, Value::Null);
    assert_eq!(app.client.trade("buy", 1.0, "AAPL").await.1["code"], "no_price");
    server.play(market_at(100.0));
    wait_for_price(&app, "AAPL", 100.0).await;
}

#[tokio::test]
async fn the_key_is_in_no_log() {
    let replies = [
        Reply::text(500, KEY),
        Reply::Raw(format!("{KEY}\r\n\r\n").into_bytes()),
        Reply::text(200, format!(r#"{{"status":"{KEY}"}}"#)),
        Reply::text(401, KEY),
    ];
    let mut replies = replies.into_iter();
    let server = ScriptedServer::start(move |_| replies.next().unwrap_or(Reply::Stall)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = TestProcess::command(folder.path());
    command.envs(settings(&server)).env("RUST_LOG", "debug,hyper=info");
    let mut child = command.spawn().unwrap();
    // Read while it runs, so that its output never blocks.
    let log = tokio::spawn(read_all(child.stderr.take().unwrap()));
    let said = tokio::spawn(read_all(child.stdout.take().unwrap()));
    eventually(Duration::from_secs(12), "four polls", async || server.requests().len() >= 4).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    child.kill().await.unwrap();
    let (log, said) = (log.await.unwrap(), said.await.unwrap());
    assert!(log.contains("the last prices stay"), "{log}");
    assert!(!said.contains("canary") && !log.contains("canary"), "{log}");
}

async fn read_all(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}
