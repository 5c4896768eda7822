//! What was acknowledged is there, whatever happens to the process.

use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, TestProcess, cents};

#[tokio::test]
async fn a_restart_finds_everything_as_it_was() {
    let app = TestApp::start().await;
    let (_, receipt) = app.client.trade("buy", 2.5, "NVDA").await;
    let app = app.restart().await;
    let portfolio = app.client.portfolio().await;
    assert_eq!(portfolio["cash_balance"], receipt["cash_balance"]);
    for field in ["quantity", "avg_cost"] {
        assert_eq!(portfolio["positions"][0][field], receipt["position"][field]);
    }
}

#[tokio::test]
async fn a_stop_leaves_everything_in_the_database_file() {
    let app = TestApp::start().await;
    let (_, receipt) = app.client.trade("buy", 2.0, "V").await;
    let (database, folder) = (app.database(), tempfile::tempdir().unwrap());
    let copy = folder.path().join("copy.db");
    let log = database.with_extension("db-wal");
    let kept = app.stop_and_keep().await;
    assert!(std::fs::metadata(log).map_or(true, |log| log.len() == 0), "the write-ahead log is empty or gone");
    std::fs::copy(&database, &copy).unwrap();
    drop(kept);
    let url = format!("sqlite://{}", copy.display());
    let app = TestApp::start_with(&[("DATABASE_URL", &url)]).await;
    assert_eq!(app.client.portfolio().await["cash_balance"], receipt["cash_balance"]);
}

#[tokio::test]
async fn a_trade_survives_a_kill_right_after_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestProcess::start(folder.path()).await;
    let (status, receipt) = server.client.trade("buy", 1.0, "AAPL").await;
    server.kill().await;
    assert_eq!(status, StatusCode::OK);
    let server = TestProcess::start(folder.path()).await;
    assert_eq!(server.client.portfolio().await["cash_balance"], receipt["cash_balance"]);
}

#[tokio::test]
async fn kills_under_load_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rounds =
        std::env::var("FINALLY_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(KILL_ROUNDS);
    let mut total = 0;
    for round in 0..rounds {
        let acknowledged = trade_until_killed(folder.path(), round).await;
        total += acknowledged.len();
        assert_sound(&folder.path().join("db/finally.db")).await;
        let server = TestProcess::start(folder.path()).await;
        for receipt in &acknowledged {
            let trade = &receipt["trade"];
            let order = json!({
                "ticker": trade["ticker"], "side": trade["side"], "quantity": trade["quantity"],
                "client_order_id": trade["client_order_id"],
            });
            let (status, replayed) = server.client.order(order).await;
            assert_eq!(
                (status, &replayed["replayed"]),
                (StatusCode::OK, &json!(true)),
                "an acknowledged trade is there"
            );
            assert_eq!(replayed["trade"], *trade, "and is the one that was answered");
        }
        assert_identity(&server.client.portfolio().await);
        server.kill().await;
    }
    assert!(total > rounds, "{total} trades were acknowledged in {rounds} rounds");
}

/// How often the server is killed under load; `FINALLY_KILL_ROUNDS` sets another number.
const KILL_ROUNDS: usize = 50;

async fn assert_sound(database: &Path) {
    use sqlx::{ConnectOptions, Connection};
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    let finding: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(finding, "ok");
    connection.close().await.unwrap();
}

/// A file system of its own that is soon full; needs root, which tests in a container have.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let is_mounted = Self::run("mount", &["-t", "tmpfs", "-o", "size=400k", "tmpfs", path.to_str().unwrap()]);
        is_mounted.then(|| Self(path.to_owned()))
    }

    fn grow(&self) {
        assert!(Self::run("mount", &["-o", "remount,size=16m", self.0.to_str().unwrap()]));
    }

    fn run(program: &str, arguments: &[&str]) -> bool {
        std::process::Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Self::run("umount", &["--lazy", self.0.to_str().unwrap()]);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_clearly_loses_nothing_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("db")) else {
        eprintln!("this user may not mount a small file system; the full disk is not tested");
        return;
    };
    let server = TestProcess::start(folder.path()).await;
    let mut last = Value::Null;
    let refused = loop {
        let (status, answer) = server.client.trade("buy", 0.001, "V").await;
        if status != StatusCode::OK {
            break (status, answer);
        }
        last = answer;
    };
    assert_eq!((refused.0, &refused.1["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")));
    assert_eq!(server.client.portfolio().await["cash_balance"], last["cash_balance"]);

    disk.grow();
    let (status, answer) = server.client.trade("buy", 0.001, "V").await;
    assert_eq!(status, StatusCode::OK, "it goes on as soon as there is room");
    server.kill().await;
    let server = TestProcess::start(folder.path()).await;
    assert_eq!(server.client.portfolio().await["cash_balance"], answer["cash_balance"]);
}

/// Eight clients buy and sell until the server is killed among them; gives what was acknowledged.
async fn trade_until_killed(folder: &Path, round: usize) -> Vec<Value> {
    let server = TestProcess::start(folder).await;
    let clients = (0..8).map(|client| {
        let http = server.client.clone();
        tokio::spawn(async move {
            let mut receipts = Vec::new();
            for step in 0.. {
                let side = if step % 2 == 0 { "buy" } else { "sell" };
                let order = json!({
                    "ticker": "JPM", "side": side, "quantity": 0.25, "client_order_id": format!("{round}-{client}-{step}"),
                });
                let request = http.http.post(http.url("/api/portfolio/trade")).json(&order).send().await;
                let Ok(response) = request else { break };
                let Ok(receipt) = response.json::<Value>().await else { break };
                if receipt.get("trade").is_some() {
                    receipts.push(receipt);
                }
            }
            receipts
        })
    });
    let clients: Vec<_> = clients.collect();
    tokio::time::sleep(std::time::Duration::from_millis(60 + 17 * (round as u64 % 9))).await;
    server.kill().await;
    futures::future::join_all(clients).await.into_iter().flat_map(Result::unwrap).collect()
}

/// `cash + Σ cost basis = deposit + realised`, as far as the answer shows it: cost basis is value less unrealised.
fn assert_identity(portfolio: &Value) {
    let cost_basis = cents(&portfolio["positions_value"]) - cents(&portfolio["unrealized_pnl"]);
    assert_eq!(cents(&portfolio["cash_balance"]) + cost_basis, 1_000_000 + cents(&portfolio["realized_pnl"]));
}
