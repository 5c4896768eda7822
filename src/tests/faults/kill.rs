//! `kill -9`, repeatedly, while clients trade.

use std::time::Duration;

use rand::Rng;
use tokio::sync::watch;

use super::{
    Round,
    audit::Audit,
    load::{Load, Told, is_replayed, receipts, taken, trade},
    rounds, variable,
};
use crate::app::{TestClient, TestProcess, assert_identity, cents};

/// Default number of kills under load; set by `FINALLY_KILL_ROUNDS`.
const ROUNDS: u64 = 10;

#[tokio::test]
async fn kills_under_load_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut total, mut ran, mut waiting, mut before) = (0, 0, 0, Vec::new());
    for round in rounds(variable("FINALLY_KILL_ROUNDS", ROUNDS)) {
        println!("kill, round {}, seed {}", round.number, round.seed);
        let server = TestProcess::start(folder.path()).await;
        assert!(is_replayed(&server.client, &before).await);
        let portfolio = server.client.portfolio().await;
        assert_identity(&portfolio);
        assert_holds(&server.client, &portfolio).await;
        before = trade_until_killed(server, round).await;
        let audit = Audit::of(folder.path()).await;
        assert_eq!(
            audit.missing(receipts(&before)),
            Vec::<&serde_json::Value>::new(),
            "what was acknowledged is there"
        );
        assert_eq!(audit.missing_orders(taken(&before)), Vec::<&serde_json::Value>::new(), "and so is what waits");
        waiting += taken(&before).count();
        total += receipts(&before).count() as u64;
        ran += 1;
    }
    println!("kill: {ran} rounds, {total} acknowledged trades, none lost, none doubled");
    assert!(waiting > 0, "orders wait too");
    assert!(total > ran, "{total} trades were acknowledged in {ran} rounds");
}

/// What the open orders hold is what the portfolio says, between two writes of the matcher at least.
async fn assert_holds(client: &TestClient, portfolio: &serde_json::Value) {
    let mut portfolio = portfolio.clone();
    for _ in 0..200 {
        let orders = client.read("/api/orders?limit=500").await;
        let open = orders["orders"].as_array().unwrap();
        let legs = open.iter().flat_map(|order| std::iter::once(order).chain(order["legs"].as_array().unwrap()));
        let held: i64 = legs.map(|order| cents(&order["held_amount"])).sum();
        let is_whole = orders["next_cursor"].is_null();
        if !is_whole || held == cents(&portfolio["held_for_orders"]) {
            return;
        }
        portfolio = client.portfolio().await;
    }
    panic!("the holds are not those of the open orders: {portfolio}");
}

/// Kills shortly after a number of responses: both are drawn, so the machine's speed does not matter.
async fn trade_until_killed(server: TestProcess, mut round: Round) -> Vec<Told> {
    let answers = round.rng.random_range(1..150);
    let moment = Duration::from_micros(round.rng.random_range(0..4_000));
    let (answered, mut count) = watch::channel(0);
    let client = server.client.clone();
    let kill = async {
        count.wait_for(|count| *count >= answers).await.unwrap();
        tokio::time::sleep(moment).await;
        server.kill().await;
    };
    tokio::join!(trade(&client, Load::without_end(round.seed), &answered), kill).0
}
