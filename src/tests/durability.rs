//! What was acknowledged is there, whatever happens to the process.

use std::path::Path;

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
    let mut acknowledged: Vec<Value> = Vec::new();
    for round in 0..4 {
        acknowledged.extend(trade_until_killed(folder.path(), round).await);
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
    assert!(!acknowledged.is_empty());
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
    tokio::time::sleep(std::time::Duration::from_millis(150 + 70 * round as u64)).await;
    server.kill().await;
    futures::future::join_all(clients).await.into_iter().flat_map(Result::unwrap).collect()
}

/// `cash + Σ cost basis = deposit + realised`, as far as the answer shows it: cost basis is value less unrealised.
fn assert_identity(portfolio: &Value) {
    let cost_basis = cents(&portfolio["positions_value"]) - cents(&portfolio["unrealized_pnl"]);
    assert_eq!(cents(&portfolio["cash_balance"]) + cost_basis, 1_000_000 + cents(&portfolio["realized_pnl"]));
}
