//! The disk is full, or fails, at any call of a server, for a while; then it recovers.

use std::{collections::BTreeSet, time::Duration};

use rand::Rng;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

use super::{
    Round,
    audit::Audit,
    disk::Disk,
    layer::{DiskError, Layer},
    load::{Load, Told, receipts, trade},
    rounds, variable,
};
use crate::{
    app::{TestClient, TestProcess, assert_identity},
    scripted::eventually,
};

/// Default number of failures; set by `FINALLY_DISK_ROUNDS`.
const ROUNDS: u64 = 4;

/// Timeout for immediate operations on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_disk_that_fails_refuses_clearly_loses_nothing_and_recovers() {
    let (mut failed, mut refused, mut filled) = (0, 0, 0);
    for round in rounds(variable("FINALLY_DISK_ROUNDS", ROUNDS)) {
        println!("disk errors, round {}, seed {}", round.number, round.seed);
        let told = Bench::new().run(round, &mut failed).await;
        filled += receipts(&told).count();
        refused += told.iter().filter(|told| told.is_refused_for_the_disk()).count();
    }
    println!("disk errors: {failed} calls failed, {refused} trades refused, {filled} filled, none lost, none doubled");
    assert!(failed > 0 && filled > 0);
}

/// A commit is complete in the log before its sync fails; a start would find it there, though it was refused.
#[tokio::test]
async fn a_trade_that_was_refused_does_not_come_back_with_a_restart() {
    let bench = Bench::new();
    let server = TestProcess::start_command(bench.layer.command()).await;
    let mut refused = 0;
    // Each call of a trade fails once: the last one is the sync.
    for call in 1.. {
        let failed = bench.layer.failed();
        let next = bench.layer.calls() + call;
        bench.layer.fail(next..next + 1, DiskError::Io);
        let id = format!("refused-{call}");
        let order = json!({ "ticker": "V", "side": "buy", "quantity": 0.01, "client_order_id": id });
        let (status, _) = server.client.order(order).await;
        bench.layer.heal();
        if bench.layer.failed() == failed {
            break;
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            refused += 1;
            // The state that a start would find after a power loss now.
            let audit = Audit::of(&bench.layer.root()).await;
            assert!(!audit.trades.contains_key(&id), "refused at call {call}, and there all the same");
        }
    }
    assert!(refused > 3, "each write and the sync were refused: {refused}");
}

/// A server on a disk.
struct Bench {
    layer: Layer,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { layer: Layer::new(folder.path()), _folder: folder }
    }

    /// One failure; returns all responses to the clients before, during and after it.
    async fn run(&self, mut round: Round, failed: &mut u64) -> Vec<Told> {
        let server = TestProcess::start_command(self.layer.command()).await;
        let load = |number: u64| Load { seed: round.seed * 10 + number, clients: 4, orders: 12, waits: false };
        let (client, count) = (&server.client, watch::Sender::new(0));
        let mut told = trade(client, load(0), &count).await;

        let error = if round.rng.random() { DiskError::Full } else { DiskError::Io };
        let start = self.layer.calls() + round.rng.random_range(1..60);
        let is_lasting: bool = round.rng.random();
        let end = if is_lasting { u64::MAX } else { start + round.rng.random_range(1..40) };
        self.layer.fail(start..end, error);
        told.extend(trade(client, load(1), &count).await);
        if is_lasting {
            told.push(self.assert_out_of_order(client, &round).await);
        }
        self.layer.heal();
        *failed += self.layer.failed();

        eventually(PATIENCE, "the health is well again", async || health(client).await.0 == StatusCode::OK).await;
        let after = trade(client, load(2), &count).await;
        assert!(!after.iter().any(Told::is_refused_for_the_disk), "it goes on as soon as the disk does");
        told.extend(after);
        assert_chat_works(client).await;
        assert_identity(&client.portfolio().await);
        assert_eq!(orders_of(client).await, orders(receipts(&told)), "what was filled is what was acknowledged");

        self.end(server, round).await;
        let audit = Audit::of(&self.layer.root()).await;
        let filled: BTreeSet<_> = audit.trades.into_keys().collect();
        assert_eq!(filled, orders(receipts(&told)), "and is so on the disk");
        told
    }

    /// While the disk fails: trades are refused, health reports it, and reads still work.
    async fn assert_out_of_order(&self, client: &TestClient, round: &Round) -> Told {
        let order = json!({ "ticker": "V", "side": "buy", "quantity": 0.001, "client_order_id": format!("{}-out", round.seed) });
        let mut told = None;
        eventually(PATIENCE, "a trade is refused", async || {
            let (status, answer) = client.order(order.clone()).await;
            told = Some((status, answer));
            status != StatusCode::OK
        })
        .await;
        let (status, answer) = told.clone().unwrap();
        assert_eq!((status, &answer["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")));
        let (status, health) = health(client).await;
        assert_eq!((status, &health["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("degraded")));
        assert_eq!(health["database"], "failed");
        assert_identity(&client.portfolio().await);
        let answer = client.post("/api/chat", json!({ "message": "buy 0.001 V" })).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "the copilot cannot keep what was said");
        Told { order, answer: told }
    }

    /// Ends the server by a kill, a power loss, or normally.
    async fn end(&self, server: TestProcess, mut round: Round) {
        match round.rng.random_range(0..3) {
            0 => server.kill().await,
            1 => assert!(server.terminate().await.success()),
            _ => {
                server.kill().await;
                let journal = std::fs::read(self.layer.journal()).unwrap();
                Disk::default().replay(&journal).lose_power(&self.layer.root(), &mut round.rng);
            }
        }
        self.layer.assert_no_panic();
    }
}

impl Told {
    fn is_refused_for_the_disk(&self) -> bool {
        self.answer.as_ref().is_some_and(|(status, _)| *status == StatusCode::SERVICE_UNAVAILABLE)
    }
}

async fn health(client: &TestClient) -> (StatusCode, Value) {
    let response = client.get("/api/health").await;
    (response.status(), response.json().await.unwrap())
}

async fn assert_chat_works(client: &TestClient) {
    let answer = client.post("/api/chat", json!({ "message": "watch XOM" })).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["watchlist_changes"][0]["status"], "executed");
}

/// Ids of the receipts' orders.
fn orders<'a>(receipts: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    receipts.map(|receipt| receipt["trade"]["client_order_id"].as_str().unwrap().to_owned()).collect()
}

/// Ids of the orders in the history.
async fn orders_of(client: &TestClient) -> BTreeSet<String> {
    let history = client.read("/api/portfolio/trades?limit=500").await;
    assert_eq!(history["next_before"], Value::Null);
    let trades = history["trades"].as_array().unwrap();
    trades.iter().map(|trade| trade["client_order_id"].as_str().unwrap().to_owned()).collect()
}
