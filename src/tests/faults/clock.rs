//! Jumps of the wall clock while the server runs: an hour or a day, ahead and back. Past events keep their order, and
//! new ones are shown as new; the server measures durations with another clock, which never jumps.

use std::time::Duration;

use finally::domain::instant::UtcInstant;
use rand::seq::SliceRandom;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Round, layer::Layer, rounds, variable};
use crate::{
    app::{TestClient, TestProcess, assert_identity},
    copilot::{ask, messages, set_autonomy},
    scripted::eventually,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Default number of rounds of four jumps; set by `FINALLY_CLOCK_ROUNDS`.
const ROUNDS: u64 = 1;

/// Timeout for immediate operations on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than a test's duration, and less than any jump.
const SLACK_MS: i64 = 10 * MINUTE_MS;

#[tokio::test]
async fn a_clock_that_jumps_confuses_nothing() {
    let count = variable("FINALLY_CLOCK_ROUNDS", ROUNDS);
    for round in rounds(count) {
        println!("clock jumps, round {}, seed {}", round.number, round.seed);
        jump_about(round).await;
    }
    println!("clock jumps: {} in {count} rounds, nothing lost, everything in its order", 4 * count);
}

/// The copilot's notional limit per minute in dollars: one order of [`ORDER_DOLLARS`], not two.
const BUDGET: (&str, &str) = ("COPILOT_NOTIONAL_PER_MINUTE", "300");

const ORDER_DOLLARS: f64 = 200.0;

async fn jump_about(mut round: Round) {
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer::new(folder.path());
    let mut command = layer.command();
    // With limits that suffice for this test, unless a jump made their seconds longer.
    command.env("RATE_LIMIT", "500").env("SSE_MAX_PER_CLIENT", "6").env(BUDGET.0, BUDGET.1);
    let server = TestProcess::start_command(command).await;
    // Offset of the clock after each jump; no moment repeats.
    let mut jumps = [-DAY_MS, DAY_MS, -HOUR_MS, HOUR_MS];
    jumps.shuffle(&mut round.rng);
    let (mut ahead_ms, mut ids) = (0, Vec::new());
    for (number, jump) in jumps.into_iter().enumerate() {
        ids.push(assert_sane(&server.client, ahead_ms).await);
        if number % 2 == 1 {
            server.client.post("/api/portfolio/reset", json!({})).await.error_for_status().unwrap();
            ids.clear();
        }
        assert_budget(&server.client).await;
        set_autonomy(&server.client, "propose").await;
        assert_eq!(ask(&server.client, "buy 0.1 V").await["trades"][0]["status"], "proposed");
        let mut stream = server.client.get("/api/stream/prices").await;
        stream.chunk().await.unwrap().expect("its first bytes");
        ahead_ms = jump;
        layer.set_clock(ahead_ms);
        for _ in 0..5 {
            stream.chunk().await.unwrap().expect("the stream goes on");
        }
        assert_eq!(messages(&server.client).await.last().unwrap()["trades"][0]["status"], "lapsed");
        ids.push(assert_sane(&server.client, ahead_ms).await);
        assert_eq!(trades(&server.client).await, ids, "trades are in the order in which they were made");
    }
    layer.assert_no_panic();
    server.kill().await;
    let server = TestProcess::start(&layer.root()).await;
    assert_eq!(trades(&server.client).await, ids, "after a restart too");
    assert_identity(&server.client.portfolio().await);
}

/// All times are right, by a clock with this offset; returns the id of a trade that it made.
async fn assert_sane(client: &TestClient, ahead_ms: i64) -> String {
    let now_ms = finally::server::clock::system_clock().unix_ms() + ahead_ms;
    let is_now = |at_ms: i64| (now_ms - SLACK_MS..=now_ms + SLACK_MS).contains(&at_ms);
    let (status, receipt) = client.trade("buy", 0.01, "AAPL").await;
    assert_eq!(status, StatusCode::OK, "{receipt}");
    assert!(is_now(instant_ms(&receipt["trade"]["executed_at"])));
    assert_identity(&client.portfolio().await);

    let health = client.read("/api/health").await;
    assert!(health["market"]["last_tick_age_ms"].as_u64().unwrap() < 5_000, "{health}");
    for (interval, length_ms) in
        [("1s", 1_000), ("1m", MINUTE_MS), ("5m", 5 * MINUTE_MS), ("1h", HOUR_MS), ("1d", DAY_MS)]
    {
        // True from the next tick on.
        eventually(PATIENCE, "the newest candle is of now", async || {
            let started_ms = newest_candle_ms(client, interval).await;
            (now_ms - SLACK_MS - length_ms..=now_ms + SLACK_MS).contains(&started_ms)
        })
        .await;
    }
    for range in ["1h", "1d", "1w", "all"] {
        let history = client.read(&format!("/api/portfolio/history?range={range}")).await;
        let moments: Vec<_> =
            history["snapshots"].as_array().unwrap().iter().map(|point| instant_ms(&point["recorded_at"])).collect();
        assert!(moments.is_sorted(), "{range}: oldest first");
        assert!(
            is_now(*moments.last().expect("the trade's own value")),
            "{range}: it ends now, not in a future that never came"
        );
    }
    receipt["trade"]["id"].as_str().unwrap().to_owned()
}

/// The copilot's minute follows this clock: it may trade again, up to the limit.
async fn assert_budget(client: &TestClient) {
    set_autonomy(client, "auto").await;
    let watchlist = client.read("/api/watchlist").await;
    let entry = watchlist["tickers"].as_array().unwrap().iter().find(|entry| entry["ticker"] == "AAPL").unwrap();
    let order = format!("buy {:.3} AAPL", ORDER_DOLLARS / entry["price"].as_f64().unwrap());
    assert_eq!(ask(client, &order).await["trades"][0]["status"], "executed");
    assert_eq!(ask(client, &order).await["trades"][0]["status"], "rejected");
}

/// Also asserts that candles' times ascend.
async fn newest_candle_ms(client: &TestClient, interval: &str) -> i64 {
    let answer = client.read(&format!("/api/prices/AAPL/candles?interval={interval}&limit=300")).await;
    let times: Vec<_> =
        answer["candles"].as_array().unwrap().iter().map(|candle| candle["time"].as_i64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{interval}: {times:?}");
    times.last().expect("a candle") * 1_000
}

fn instant_ms(moment: &Value) -> i64 {
    serde_json::from_value::<UtcInstant>(moment.clone()).unwrap().unix_ms()
}

/// Ids of a person's trades, oldest first.
async fn trades(client: &TestClient) -> Vec<String> {
    let history = client.read("/api/portfolio/trades").await;
    let mut trades = history["trades"].as_array().unwrap().clone();
    trades.retain(|trade| trade["source"] == "manual");
    trades.iter().rev().map(|trade| trade["id"].as_str().unwrap().to_owned()).collect()
}
