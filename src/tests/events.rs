//! The account's events, as a script reads them.

use std::time::{Duration, Instant};

use finally::{
    api::{
        ClearConversation, DismissAction, MoveTicker, PlaceOrder, ResetAccount, SetAutonomy, UnwatchTicker, WatchTicker,
    },
    domain::{
        copilot::Autonomy,
        order::{OrderRequest, Side},
    },
};
use leptos::server_fn::ServerFn;
use reqwest::{RequestBuilder, Response, StatusCode};
use rstest::rstest;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tokio::time::timeout;

use crate::app::{TestApp, TestClient, TestProcess};

/// Timeout for immediate operations on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub kind: String,
    id: Option<i64>,
    pub data: Value,
}

/// A stream of events, read one by one.
pub struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    async fn open(client: &TestClient, query: &str) -> Self {
        Self::of(client.http.get(client.url(&format!("/api/events{query}")))).await
    }

    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Self { response, buffer: String::new() }
    }

    /// A stream that begins now, with its starting number.
    pub async fn begin(client: &TestClient) -> (Self, i64) {
        let mut events = Self::open(client, "").await;
        let hello = events.next().await.unwrap();
        assert_eq!((hello.kind.as_str(), hello.id), ("hello", hello.data["version"].as_i64()), "{hello:?}");
        (events, hello.id.unwrap())
    }

    /// The next event other than a ping; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            let block = timeout(PATIENCE, self.block()).await.expect("an event in time")?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let Some(data) = field("data: ").filter(|_| field("event: ").as_deref() != Some("ping")) {
                return Some(Told {
                    kind: field("event: ").expect("a named event"),
                    id: field("id: ").map(|id| id.parse().unwrap()),
                    data: serde_json::from_str(&data).unwrap(),
                });
            }
        }
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block = self.buffer[..end].to_owned();
                self.buffer.drain(..end + 2);
                return Some(block);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.buffer.push_str(str::from_utf8(&chunk).unwrap());
        }
    }

    /// All events up to the one with this number.
    async fn until(&mut self, id: i64) -> Vec<Told> {
        let mut told = Vec::new();
        while told.last().is_none_or(|last: &Told| last.id.unwrap() < id) {
            told.push(self.next().await.unwrap());
        }
        told
    }

    /// Kinds and objects of the next events.
    async fn kinds(&mut self, count: usize) -> Vec<(String, Value)> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let told = self.next().await.unwrap();
            assert_eq!((told.data["kind"].as_str(), told.data["version"].as_i64()), (Some(&*told.kind), told.id));
            kinds.push((told.kind, told.data["id"].clone()));
        }
        kinds
    }
}

async fn version(client: &TestClient) -> i64 {
    Events::begin(client).await.1
}

/// Calls a server function of the page, which must succeed.
async fn function<F: ServerFn + Serialize>(client: &TestClient, function: F) {
    let answer = client.post(F::PATH, serde_json::to_value(function).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", F::PATH);
}

#[tokio::test]
async fn a_trade_of_a_script_is_told_at_once_with_the_next_number() {
    let app = TestApp::start().await;
    let (mut events, start) = Events::begin(&app.client).await;
    let started = Instant::now();
    assert_eq!(app.client.trade("buy", 5.0, "AAPL").await.0, StatusCode::OK);
    let told = events.next().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let expected = json!({ "kind": "account", "id": "default", "version": start + 1 });
    assert_eq!(told, Told { kind: "account".to_owned(), id: Some(start + 1), data: expected });
}

#[tokio::test]
async fn what_is_refused_or_replayed_is_no_event() {
    let app = TestApp::start().await;
    let start = version(&app.client).await;
    let order = json!({ "ticker": "V", "side": "buy", "quantity": 1, "client_order_id": "once" });
    for _ in 0..2 {
        assert_eq!(app.client.order(order.clone()).await.0, StatusCode::OK);
    }
    app.client.trade("sell", 5.0, "NVDA").await;
    app.client.post("/api/watchlist", json!({ "ticker": "V" })).await;
    app.client.http.delete(app.client.url("/api/watchlist/XOM")).send().await.unwrap();
    let autonomy = json!({ "autonomy": "auto" });
    app.client.http.patch(app.client.url("/api/settings")).json(&autonomy).send().await.unwrap();
    assert_eq!(version(&app.client).await, start + 1, "the first trade alone");
}

#[tokio::test]
async fn each_kind_of_change_by_rest_is_told() {
    let app = TestApp::start().await;
    let client = &app.client;
    let (mut events, _) = Events::begin(client).await;
    client.trade("buy", 1.0, "V").await;
    assert_eq!(events.kinds(1).await, [("account".to_owned(), json!("default"))]);
    client.post("/api/watchlist", json!({ "ticker": "XOM" })).await;
    assert_eq!(events.next().await.unwrap().data["action"], "added");
    client.http.delete(client.url("/api/watchlist/XOM")).send().await.unwrap();
    assert_eq!(events.next().await.unwrap().data["action"], "removed");
    let answer = client.http.patch(client.url("/api/settings")).json(&json!({ "autonomy": "propose" })).send();
    assert_eq!(answer.await.unwrap().json::<Value>().await.unwrap()["autonomy"], "propose");
    let told = events.next().await.unwrap();
    assert_eq!((told.kind.as_str(), &told.data["autonomy"]), ("settings", &json!("propose")));
    client.post("/api/portfolio/reset", json!({})).await;
    let told = events.next().await.unwrap();
    assert_eq!((told.kind.as_str(), &told.data["reset"]), ("account", &json!(true)));
    client.http.delete(client.url("/api/chat")).send().await.unwrap();
    let told = events.next().await.unwrap();
    assert_eq!((told.kind.as_str(), &told.data["cleared"]), ("chat", &json!(true)));
}

#[tokio::test]
async fn each_kind_of_change_by_the_page_is_told() {
    let app = TestApp::start().await;
    let (mut events, _) = Events::begin(&app.client).await;
    let (ticker, quantity) = ("XOM".parse().unwrap(), "1".parse().unwrap());
    let mut heard = async |kind: &str| assert_eq!(events.next().await.unwrap().kind, kind);
    let order = OrderRequest {
        ticker: "V".parse().unwrap(),
        side: Side::Buy,
        quantity,
        client_order_id: None,
        expected_price: None,
        max_slippage_percent: None,
    };
    function(&app.client, PlaceOrder { order }).await;
    heard("account").await;
    function(&app.client, WatchTicker { ticker, before: None, may_be_made_up: None }).await;
    heard("watchlist").await;
    function(&app.client, MoveTicker { ticker, before: Some("AAPL".parse().unwrap()) }).await;
    heard("watchlist").await;
    function(&app.client, UnwatchTicker { ticker }).await;
    heard("watchlist").await;
    function(&app.client, SetAutonomy { autonomy: Autonomy::Advise }).await;
    heard("settings").await;
    function(&app.client, ResetAccount {}).await;
    heard("account").await;
    function(&app.client, ClearConversation {}).await;
    heard("chat").await;
}

#[tokio::test]
async fn what_the_copilot_does_is_told_as_what_it_is() {
    let app = TestApp::start().await;
    let (mut events, start) = Events::begin(&app.client).await;
    let message = json!({ "message": "buy 2 NVDA and add XOM" });
    assert_eq!(app.client.post("/api/chat", message).await.status(), StatusCode::OK);
    let end = version(&app.client).await;
    let told = events.until(end).await;
    let kinds: Vec<_> = told.iter().map(|told| told.kind.as_str()).collect();
    for kind in ["chat", "account", "watchlist"] {
        assert!(kinds.contains(&kind), "{kind} is among {kinds:?}");
    }
    let messages = app.client.read("/api/chat").await["messages"].clone();
    for message in messages.as_array().unwrap() {
        assert!(told.iter().any(|told| told.data["id"] == message["id"]), "{message} is told");
    }
    assert!(told.iter().all(|told| told.id.unwrap() > start));
}

#[tokio::test]
async fn a_proposal_and_a_word_on_it_are_told() {
    let app = TestApp::start().await;
    function(&app.client, SetAutonomy { autonomy: Autonomy::Propose }).await;
    let answer = app.client.post("/api/chat", json!({ "message": "buy 1 V" })).await.json::<Value>().await.unwrap();
    let (mut events, _) = Events::begin(&app.client).await;
    let action_id = answer["trades"][0]["id"].as_str().unwrap().to_owned();
    function(&app.client, DismissAction { action_id }).await;
    assert_eq!(events.kinds(1).await, [("chat".to_owned(), answer["id"].clone())]);
}

#[tokio::test]
async fn many_changes_share_frames_and_none_is_left_out() {
    const TRADES: i64 = 60;
    let app = TestApp::start().await;
    let (mut events, start) = Events::begin(&app.client).await;
    let started = Instant::now();
    let trades = async {
        for _ in 0..TRADES {
            assert_eq!(app.client.trade("buy", 0.01, "V").await.0, StatusCode::OK);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (told, ()) = tokio::join!(events.until(start + TRADES), trades);
    let frames_max = started.elapsed().as_millis() as usize / 500 + 1;
    assert!(told.len() <= frames_max, "{} frames in {:?}", told.len(), started.elapsed());
    assert!(told.is_sorted_by(|one, next| one.id < next.id));
}

#[tokio::test]
async fn one_who_comes_back_misses_nothing() {
    let app = TestApp::start().await;
    let (events, start) = Events::begin(&app.client).await;
    drop(events);
    app.client.trade("buy", 1.0, "V").await;
    app.client.post("/api/watchlist", json!({ "ticker": "XOM" })).await;
    app.client.trade("sell", 1.0, "V").await;
    // The second trade's event includes the first: only the account's last state counts.
    let expected = [("watchlist".to_owned(), start + 2), ("account".to_owned(), start + 3)];
    let by_query = Events::open(&app.client, &format!("?after={start}")).await;
    let request = app.client.http.get(app.client.url("/api/events?after=0")).header("Last-Event-ID", start.to_string());
    for mut events in [by_query, Events::of(request).await] {
        let told = events.until(start + 3).await;
        assert_eq!(told.into_iter().map(|told| (told.kind, told.id.unwrap())).collect::<Vec<_>>(), expected);
        app.client.trade("buy", 0.5, "V").await;
        assert_eq!(events.next().await.unwrap().kind, "account", "and then it goes on");
        app.client.trade("sell", 0.5, "V").await;
    }
}

#[tokio::test]
async fn events_stand_over_a_restart() {
    let app = TestApp::start().await;
    let start = version(&app.client).await;
    app.client.trade("buy", 1.0, "V").await;
    let app = app.restart().await;
    let told = Events::open(&app.client, &format!("?after={start}")).await.next().await.unwrap();
    assert_eq!((told.kind.as_str(), told.id), ("account", Some(start + 1)));
    assert_eq!(version(&app.client).await, start + 1);
}

/// Sets the number of events, as if most of them had been long ago.
async fn age_events(database: &std::path::Path, count: i64) {
    let mut file = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    let insert =
        "WITH RECURSIVE numbers (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1)
        INSERT INTO events SELECT 'default', number, 'account', 'default',
            json_object('kind', 'account', 'id', 'default', 'version', number) FROM numbers";
    sqlx::query(insert).bind(count).execute(&mut file).await.unwrap();
    file.close().await.unwrap();
}

#[tokio::test]
async fn one_who_was_away_too_long_or_comes_from_elsewhere_is_told_to_read_everything() {
    let app = TestApp::start().await;
    let (database, folder) = (app.database(), app.stop_and_keep().await);
    age_events(&database, 10_200).await;
    let url = format!("sqlite://{}", database.display());
    let app = TestApp::start_with(&[("DATABASE_URL", &url)]).await;
    for (after, kind) in [("199", "reset"), ("200", "account"), ("10199", "account"), ("10201", "reset")] {
        let told = Events::open(&app.client, &format!("?after={after}")).await.next().await.unwrap();
        assert_eq!((told.kind.as_str(), told.id), (kind, Some(10_200)), "after {after}");
    }
    let request = app.client.http.get(app.client.url("/api/events")).header("Last-Event-ID", "another server's");
    let mut events = Events::of(request).await;
    assert_eq!(events.next().await.unwrap().kind, "reset");
    app.client.trade("buy", 1.0, "V").await;
    assert_eq!(events.next().await.unwrap().id, Some(10_201), "and then it goes on");
    drop((app, folder));
}

#[tokio::test]
async fn a_listener_can_choose() {
    let app = TestApp::start().await;
    let mut events = Events::open(&app.client, "?types=watchlist,%20chat").await;
    assert_eq!(events.next().await.unwrap().kind, "hello");
    app.client.trade("buy", 1.0, "V").await;
    app.client.post("/api/watchlist", json!({ "ticker": "XOM" })).await;
    assert_eq!(events.next().await.unwrap().kind, "watchlist");
}

#[rstest]
#[case::no_such_type("?types=account,price")]
#[case::no_type("?types=")]
#[case::no_number("?after=yesterday")]
#[case::less_than_nothing("?after=-1")]
#[case::unknown("?since=1")]
#[tokio::test]
async fn what_cannot_be_asked_is_refused(#[case] query: &str) {
    let app = TestApp::start().await;
    let answer = app.client.get(&format!("/api/events{query}")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "invalid_parameter");
}

#[tokio::test]
async fn a_shutdown_ends_the_stream_with_a_last_event() {
    let app = TestApp::start().await;
    let (mut events, _) = Events::begin(&app.client).await;
    let (told, ()) = tokio::join!(events.next(), app.stop());
    assert_eq!(told.unwrap().kind, "done");
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_client_has_so_many_places_and_gets_them_back() {
    let app = TestApp::start_with(&[("SSE_MAX_PER_CLIENT", "2")]).await;
    let (first, _) = Events::begin(&app.client).await;
    let prices = app.client.get("/api/stream/prices").await;
    let refused = app.client.get("/api/events").await;
    assert_eq!(
        (refused.status(), refused.headers().contains_key("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, true)
    );
    drop(first);
    crate::scripted::eventually(PATIENCE, "the place is free again", async || {
        app.client.get("/api/events").await.status() == StatusCode::OK
    })
    .await;
    drop(prices);
}

#[tokio::test]
async fn a_quiet_stream_of_either_kind_says_ping_in_time_and_which_build_it_is_of() {
    let app = TestApp::start_with(&[("SIM_TICK_MS", "60000")]).await;
    let build = app.client.read("/api/health").await["build"].clone();
    assert!(!build.as_str().unwrap().is_empty());
    let wait = async |path: &str| {
        let mut events = Events::of(app.client.http.get(app.client.url(path))).await;
        let started = Instant::now();
        let ping = loop {
            let block = timeout(PATIENCE, events.block()).await.expect("a ping").unwrap();
            if block.contains("event: ping") {
                break block;
            }
        };
        assert!(started.elapsed() <= Duration::from_secs(15), "{path}: {:?}", started.elapsed());
        let data: Value = serde_json::from_str(ping.split_once("data: ").unwrap().1).unwrap();
        assert_eq!((&data["build"], &data["seconds_max"]), (&build, &json!(15)));
        started.elapsed()
    };
    let (.., at_once) = tokio::join!(
        wait("/api/events"),
        wait("/api/stream/prices"),
        wait("/api/stream/prices?changes=only"),
        wait("/api/stream/prices?format=compact"),
    );
    assert!(at_once < Duration::from_secs(2), "the page is told the build at once");
}

#[tokio::test]
async fn a_kill_leaves_an_event_for_each_trade_and_a_trade_for_each_event() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3_u64 {
        let server = TestProcess::start(folder.path()).await;
        let client = server.client.clone();
        let trading = tokio::spawn(async move {
            let http = client.http.clone();
            let body = json!({ "ticker": "V", "side": "buy", "quantity": 0.001 });
            // Until the server is gone.
            futures::future::join_all((0..8).map(|_| async {
                while http.post(client.url("/api/portfolio/trade")).json(&body).send().await.is_ok() {}
            }))
            .await;
        });
        tokio::time::sleep(Duration::from_millis(150 + 37 * round)).await;
        server.kill().await;
        trading.await.unwrap();
        let database = folder.path().join("db/finally.db");
        let mut file = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
        let counts = "SELECT (SELECT COUNT(*) FROM trades), (SELECT COALESCE(MAX(sequence), 0) FROM events)";
        let (trades, changes): (i64, i64) = sqlx::query_as(counts).fetch_one(&mut file).await.unwrap();
        file.close().await.unwrap();
        assert!(trades > 0);
        assert_eq!(trades, changes);
    }
}
