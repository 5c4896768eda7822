//! Trading clients, each drawing its orders from the round's seed, and their responses.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::app::TestClient;

/// An order and its response: `None` if there was none.
#[derive(Debug, Clone)]
pub struct Told {
    pub order: Value,
    pub answer: Option<(StatusCode, Value)>,
}

impl Told {
    /// The receipt, if the trade was acknowledged.
    pub fn receipt(&self) -> Option<&Value> {
        self.answer.as_ref().filter(|(status, _)| *status == StatusCode::OK).map(|(_, receipt)| receipt)
    }
}

/// Receipts of acknowledged trades.
pub fn receipts(told: &[Told]) -> impl Iterator<Item = &Value> {
    told.iter().filter_map(Told::receipt)
}

/// Load by the clients.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub seed: u64,
    /// Number of concurrent clients.
    pub clients: u64,
    /// Orders per client.
    pub orders: usize,
}

impl Load {
    /// Eight clients, until the server is gone.
    pub fn without_end(seed: u64) -> Self {
        Self { seed, clients: 8, orders: 100_000 }
    }
}

/// Trades until all orders are sent, or the server is gone; `answered` counts the responses.
pub async fn trade(client: &TestClient, load: Load, answered: &watch::Sender<u64>) -> Vec<Told> {
    let traders = (0..load.clients).map(|trader| trade_alone(client.clone(), load, trader, answered));
    futures::future::join_all(traders).await.into_iter().flatten().collect()
}

async fn trade_alone(client: TestClient, load: Load, trader: u64, answered: &watch::Sender<u64>) -> Vec<Told> {
    let seed = load.seed;
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (trader + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut told = Vec::new();
    for step in 0..load.orders {
        let order = draw_order(&mut rng, &format!("{seed}-{trader}-{step}"));
        let answer = place(&client, &order).await;
        let is_gone = answer.is_none();
        told.push(Told { order, answer });
        if is_gone {
            break;
        }
        answered.send_modify(|count| *count += 1);
    }
    told
}

fn draw_order(rng: &mut impl Rng, id: &str) -> Value {
    let ticker = ["AAPL", "JPM", "NVDA", "V"][rng.random_range(0..4)];
    let side = if rng.random_bool(0.55) { "buy" } else { "sell" };
    let quantity = f64::from(rng.random_range(1_u32..1_500_000)) / 1_000_000.0;
    json!({ "ticker": ticker, "side": side, "quantity": quantity, "client_order_id": id })
}

/// Places an order; `None` if there was no response.
pub async fn place(client: &TestClient, order: &Value) -> Option<(StatusCode, Value)> {
    let response = client.http.post(client.url("/api/portfolio/trade")).json(order).send().await.ok()?;
    let status = response.status();
    Some((status, response.json().await.ok()?))
}

/// Sends each acknowledged order again: the same trade is returned, marked as replayed. Returns whether the server was
/// there to the end.
pub async fn is_replayed(client: &TestClient, told: &[Told]) -> bool {
    for Told { order, answer } in told {
        let Some((StatusCode::OK, receipt)) = answer else { continue };
        let Some((status, replayed)) = place(client, order).await else { return false };
        assert_eq!(status, StatusCode::OK, "an acknowledged trade is there: {replayed}");
        let mut expected = receipt.clone();
        expected["replayed"] = json!(true);
        assert_eq!(replayed, expected, "and is the one that was answered");
    }
    true
}
