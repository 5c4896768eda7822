//! Real market data, from a scripted massive.com.

mod failing;
mod holdings;
mod hours;
mod stale;

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use finally::{
    domain::{candle::Interval, instant::UtcInstant, ticker::Ticker},
    server::{
        clock::{Clock, system_clock},
        config::Config,
        ledger::TickerSet,
        market::{MarketSource, feed::Feed, massive::Massive},
    },
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    app::TestApp,
    scripted::{Reply, Request, ScriptedServer, eventually},
};

const KEY: &str = "canary-key-123";
const SNAPSHOT: &str = "/v2/snapshot/";
const AGGREGATES: &str = "/v2/aggs/";

const SOON: Duration = Duration::from_secs(6);

/// A market with one price for everything, and without a past.
fn market_at(price: f64) -> impl FnMut(&Request) -> Reply + Send {
    move |request| {
        if request.path.starts_with(SNAPSHOT) {
            snapshot(asked_for(request).map(|ticker| entry(&ticker, price)))
        } else {
            Reply::json(&json!({ "status": "OK", "resultsCount": 0 }))
        }
    }
}

fn snapshot(entries: impl Iterator<Item = Value>) -> Reply {
    let entries: Vec<_> = entries.collect();
    Reply::json(&json!({ "status": "OK", "count": entries.len(), "tickers": entries }))
}

/// A ticker that has just been traded.
fn entry(ticker: &str, price: f64) -> Value {
    let now_ns = system_clock().unix_ms() * 1_000_000;
    json!({
        "ticker": ticker, "todaysChange": 0.98, "todaysChangePerc": 0.82, "updated": now_ns,
        "day": {"o": 90.0, "h": 200.0, "l": 80.0, "c": price, "v": 28_727_868, "vw": 95.0},
        "lastTrade": {"p": price, "s": 236, "t": now_ns, "c": [14], "i": "1", "x": 4},
        "prevDay": {"o": 80.0, "h": 200.0, "l": 80.0, "c": 89.0, "v": 1, "vw": 95.0},
    })
}

fn asked_for(request: &Request) -> impl Iterator<Item = String> {
    let tickers = request.query.strip_prefix("tickers=").unwrap();
    tickers.split(',').map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn settings(server: &ScriptedServer) -> [(&'static str, String); 3] {
    [
        ("MASSIVE_API_KEY", KEY.to_owned()),
        ("MASSIVE_BASE_URL", server.url()),
        ("MASSIVE_POLL_SECONDS", "0.1".to_owned()),
    ]
}

async fn start(server: &ScriptedServer) -> TestApp {
    start_at(in_session, server).await
}

/// With a clock of its own, which determines whether the exchange is open.
async fn start_at(clock: Clock, server: &ScriptedServer) -> TestApp {
    let settings = settings(server);
    TestApp::start_at(clock, &settings.each_ref().map(|(name, value)| (*name, value.as_str()))).await
}

/// A clock that starts at a moment when first read.
fn run_from(moment: &str, started: &OnceLock<Instant>) -> UtcInstant {
    let since = started.get_or_init(Instant::now).elapsed();
    let start = UtcInstant::from_rfc3339(moment).unwrap();
    UtcInstant::from_unix_ms(start.unix_ms() + i64::try_from(since.as_millis()).unwrap())
}

/// A Tuesday, half an hour after the opening.
fn in_session() -> UtcInstant {
    // Each test has its own thread, and no minute ends within it.
    thread_local!(static STARTED: OnceLock<Instant> = const { OnceLock::new() });
    STARTED.with(|started| run_from("2026-11-24T15:00:00Z", started))
}

/// The watchlist's price of a ticker; null if it has none.
async fn price(app: &TestApp, ticker: &str) -> Value {
    let watchlist = app.client.read("/api/watchlist").await;
    let mut lines = watchlist["tickers"].as_array().unwrap().iter();
    lines.find(|line| line["ticker"] == ticker).unwrap()["price"].clone()
}

async fn wait_for_price(app: &TestApp, ticker: &str, expected: f64) {
    eventually(SOON, "the price", async || price(app, ticker).await == expected).await;
}

fn source(server: &ScriptedServer) -> Massive {
    let settings = settings(server);
    let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    Massive::new(Config::from_lookup(find).unwrap().massive.unwrap(), system_clock).unwrap()
}

fn tickers(symbols: &[&str]) -> Arc<TickerSet> {
    Arc::new(symbols.iter().map(|symbol| symbol.parse().unwrap()).collect())
}

#[tokio::test]
async fn quotes_are_the_vendors() {
    let server = ScriptedServer::start(market_at(100.25)).await;
    let app = start(&server).await;
    let health = app.client.read("/api/health").await;
    assert_eq!((&health["status"], &health["market"]["source"]), (&"ok".into(), &"massive".into()));
    let watchlist = app.client.read("/api/watchlist").await;
    let line = &watchlist["tickers"][0];
    assert_eq!(
        (&line["price"], &line["previous_price"], &line["day_change"]),
        (&json!(100.25), &json!(100.25), &json!(11.25)),
        "the change is since the previous close"
    );

    server.play(market_at(101.0));
    wait_for_price(&app, "AAPL", 101.0).await;
    assert_eq!(app.client.trade("buy", 2.0, "AAPL").await.1["trade"]["price"], 101.0);
}

#[tokio::test]
async fn only_what_is_wanted_is_asked_for_and_the_key_is_in_a_header() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    eventually(SOON, "all histories", async || server.requests_to(AGGREGATES).len() == 20).await;
    let watchlist = app.client.read("/api/watchlist").await;
    let watched: BTreeSet<_> = watchlist["tickers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["ticker"].as_str().unwrap().to_owned())
        .collect();
    for request in server.requests() {
        assert_eq!(
            (request.method.as_str(), request.headers["authorization"].as_str()),
            ("GET", "Bearer canary-key-123")
        );
        assert!(request.body.is_empty());
        assert!(!format!("{}?{}", request.path, request.query).contains("canary"));
    }
    for request in server.requests_to(SNAPSHOT) {
        assert_eq!(asked_for(&request).collect::<BTreeSet<_>>(), watched);
    }
    let histories: BTreeSet<_> = server.requests_to(AGGREGATES).into_iter().map(|request| request.path).collect();
    assert_eq!(histories.len(), 20, "minutes and days of each, once");
}

#[tokio::test]
async fn nothing_is_asked_when_nothing_is_wanted() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let mut source = source(&server);
    for _ in 0..3 {
        assert!(source.next_update(&Arc::default()).await.unwrap().prints.is_empty());
    }
    assert!(server.requests().is_empty());
    let update = source.next_update(&tickers(&["V"])).await.unwrap();
    assert_eq!(update.prints.len(), 1);
}

#[tokio::test]
async fn a_long_list_is_asked_for_in_parts() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let letters = || 'A'..='Z';
    let symbols: Vec<String> = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}"))).take(600).collect();
    let wanted = Arc::new(symbols.iter().map(|symbol| symbol.parse().unwrap()).collect());
    assert_eq!(source(&server).next_update(&wanted).await.unwrap().prints.len(), 600);
    let sizes: Vec<_> = server.requests().iter().map(|request| asked_for(request).count()).collect();
    assert_eq!(sizes, [250, 250, 100]);
}

#[tokio::test]
async fn an_entry_that_is_spoilt_leaves_the_others_alone() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let app = start(&server).await;
    server.play(|request| {
        if !request.path.starts_with(SNAPSHOT) {
            return Reply::text(404, "");
        }
        let told = asked_for(request).chain(["XOM".to_owned()]).filter(|ticker| ticker != "GOOGL");
        snapshot(told.map(|ticker| match ticker.as_str() {
            "AAPL" => json!({"ticker": "AAPL", "lastTrade": {"p": "much"}}),
            "MSFT" => json!({"ticker": "MSFT"}),
            "TSLA" => json!(null),
            _ => entry(&ticker, 102.0),
        }))
    });
    wait_for_price(&app, "NVDA", 102.0).await;
    for spoilt in ["AAPL", "MSFT", "TSLA", "GOOGL"] {
        assert_eq!(price(&app, spoilt).await, 100.0, "{spoilt} keeps its price");
    }
    assert_eq!(app.client.read("/api/watchlist").await["tickers"].as_array().unwrap().len(), 10);
}

/// A market with a past: a minute's candle an hour ago, and one of two days ago. (A day ago in UTC is today in New York, in
/// its evening.)
fn market_with_a_past(now: UtcInstant) -> impl FnMut(&Request) -> Reply + Send {
    let mut market = market_at(100.0);
    move |request| {
        if request.path.starts_with(SNAPSHOT) {
            return market(request);
        }
        let ago_ms = if request.path.contains("/range/1/minute/") { 3_600_000 } else { 2 * 86_400_000 };
        let t = now.unix_ms() - ago_ms;
        let good = json!({"t": t, "o": 98, "h": 99.5, "l": 97, "c": 99, "v": 1200.0, "vw": 98.5, "n": 12});
        Reply::json(&json!({"status": "DELAYED", "resultsCount": 2, "results": [{"t": t - 1}, good], "next_url": "x"}))
    }
}

#[tokio::test]
async fn a_chart_begins_with_the_past() {
    let now = system_clock();
    let server = ScriptedServer::start(market_with_a_past(now)).await;
    let (_wanted, receiver) = watch::channel(tickers(&["AAPL", "BRK.B"]));
    let (feed, _task) = Feed::start(source(&server), receiver, system_clock, CancellationToken::new()).await;
    let [aapl, brk]: [Ticker; 2] = ["AAPL", "BRK.B"].map(|symbol| symbol.parse().unwrap());
    let first = |ticker, interval: Interval| feed.candles(ticker, interval, 1_000).unwrap()[0];
    eventually(SOON, "both pasts", async || {
        [aapl, brk].iter().all(|ticker| first(*ticker, Interval::Day).open.dollars() == 98.0)
    })
    .await;
    let hour_ago = (now.unix_ms() - 3_600_000) / 1_000;
    for interval in [Interval::Minute, Interval::FiveMinutes, Interval::Hour] {
        let candle = first(aapl, interval);
        assert_eq!((candle.time, candle.volume), (interval.start_of(hour_ago), 1_200), "{interval:?}");
        assert_eq!(
            [candle.open, candle.high, candle.low, candle.close].map(|price| price.dollars()),
            [98.0, 99.5, 97.0, 99.0]
        );
    }
    let latest = feed.candles(aapl, Interval::Minute, 1).unwrap()[0];
    assert_eq!(latest.close.dollars(), 100.0, "the live price goes on after it");
    assert_ne!(first(aapl, Interval::Second).open.dollars(), 98.0, "seconds have no past");
}

#[tokio::test]
async fn a_history_that_stalls_or_fails_never_delays_a_poll() {
    let mut market = market_at(100.0);
    let server = ScriptedServer::start(move |request| match request.path.as_str() {
        path if path.starts_with("/v2/aggs/ticker/AAPL/") => Reply::Stall,
        path if path.starts_with(AGGREGATES) => Reply::text(500, ""),
        _ => market(request),
    })
    .await;
    let _app = start(&server).await;
    eventually(SOON, "twenty polls", async || server.requests_to(SNAPSHOT).len() >= 20).await;
    let polls = server.requests_to(SNAPSHOT);
    // The first interval includes the rest of the app's start.
    let slowest = polls.windows(2).skip(1).map(|pair| pair[1].at - pair[0].at).max().unwrap();
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert_eq!(server.requests_to(AGGREGATES).len(), 1, "one at a time");
}

#[tokio::test]
async fn a_new_ticker_is_asked_for_before_its_turn() {
    let server = ScriptedServer::start(market_at(100.0)).await;
    let settings = [("MASSIVE_API_KEY", KEY), ("MASSIVE_BASE_URL", &server.url()), ("MASSIVE_POLL_SECONDS", "60")];
    let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let mut source = Massive::new(Config::from_lookup(find).unwrap().massive.unwrap(), system_clock).unwrap();
    source.next_update(&tickers(&["AAPL"])).await.unwrap();
    let started = Instant::now();
    let update = loop {
        let update = source.next_update(&tickers(&["AAPL", "V"])).await.unwrap();
        if update.is_answer {
            break update;
        }
    };
    assert_eq!(update.prints.len() + update.confirmed.len(), 2);
    assert!(started.elapsed() < Duration::from_secs(3));
}

/// A market that lists only these tickers, and denies the others in both queries.
fn market_of(listed: &'static [&'static str], reference: fn(bool) -> Reply) -> impl FnMut(&Request) -> Reply + Send {
    move |request| match request.path.strip_prefix("/v3/reference/tickers/") {
        Some(ticker) => reference(listed.contains(&ticker)),
        None if request.path.starts_with(SNAPSHOT) => {
            let known = asked_for(request).filter(|ticker| listed.contains(&ticker.as_str()));
            snapshot(known.map(|ticker| entry(&ticker, 100.0)))
        }
        None => Reply::json(&json!({ "status": "OK", "resultsCount": 0 })),
    }
}

const LISTED: &[&str] = &["AAPL", "XOM"];

#[tokio::test]
async fn a_ticker_that_the_market_denies_is_refused() {
    let denied = |is_listed: bool| match is_listed {
        true => Reply::json(&json!({ "status": "OK", "results": { "ticker": "XOM" } })),
        false => Reply::text(404, r#"{"status":"NOT_FOUND"}"#),
    };
    let nothing_said = |_: bool| Reply::json(&json!({ "status": "OK" }));
    for reference in [denied, nothing_said] {
        let server = ScriptedServer::start(market_of(LISTED, reference)).await;
        let app = start(&server).await;
        let response = app.client.post("/api/watchlist", json!({ "ticker": "ZZZZQ" })).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "unknown_ticker");
        assert!(problem["detail"].as_str().unwrap().contains("ZZZZQ"), "{problem}");
        let response = app.client.post("/api/watchlist", json!({ "ticker": "XOM" })).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.json::<Value>().await.unwrap().get("made_up"), None);
        app.stop().await;
    }
}

#[tokio::test]
async fn the_copilot_watches_no_ticker_that_the_market_denies() {
    let reference = |is_listed: bool| match is_listed {
        true => Reply::json(&json!({ "status": "OK", "results": { "ticker": "XOM" } })),
        false => Reply::text(404, r#"{"status":"NOT_FOUND"}"#),
    };
    let server = ScriptedServer::start(market_of(LISTED, reference)).await;
    let app = start(&server).await;
    let answer = crate::copilot::ask(&app.client, "watch ZZZZQ and watch XOM").await;
    let changes = answer["watchlist_changes"].as_array().unwrap();
    let told = |index: usize| (changes[index]["ticker"].as_str().unwrap(), changes[index]["status"].as_str().unwrap());
    assert_eq!((told(0), told(1)), (("ZZZZQ", "rejected"), ("XOM", "executed")), "{answer}");
    assert!(changes[0]["error"].as_str().unwrap().contains("The market has no ZZZZQ"), "{answer}");
    let watchlist = app.client.read("/api/watchlist").await.to_string();
    assert!(watchlist.contains("XOM") && !watchlist.contains("ZZZZQ"), "{watchlist}");
    for (autonomy, status) in [("propose", "proposed"), ("advise", "advised")] {
        crate::copilot::set_autonomy(&app.client, autonomy).await;
        let answer = crate::copilot::ask(&app.client, "watch ZZZZQ and watch AAPL").await;
        let statuses = [0, 1].map(|index| answer["watchlist_changes"][index]["status"].clone());
        assert_eq!(statuses, ["rejected", status], "{answer}");
    }
}

#[tokio::test]
async fn a_market_that_cannot_be_asked_denies_nothing() {
    for reference in [|_| Reply::text(403, "{}"), |_| Reply::text(500, "{}"), |_| Reply::Cut] {
        let server = ScriptedServer::start(market_of(LISTED, reference)).await;
        let app = start(&server).await;
        let response = app.client.post("/api/watchlist", json!({ "ticker": "ZZZZQ" })).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        app.stop().await;
    }
}
