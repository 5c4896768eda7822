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
    /// The order as it was taken, if it is one that waits.
    pub fn taken(&self) -> Option<&Value> {
        self.answer.as_ref().filter(|(status, _)| *status == StatusCode::CREATED).map(|(_, order)| order)
    }

    /// The receipt, if the trade was acknowledged.
    pub fn receipt(&self) -> Option<&Value> {
        self.answer.as_ref().filter(|(status, _)| *status == StatusCode::OK).map(|(_, receipt)| receipt)
    }
}

/// Acknowledged orders of `/api/orders`.
pub fn taken(told: &[Told]) -> impl Iterator<Item = &Value> {
    told.iter().filter_map(Told::taken)
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
    /// A fourth of the orders wait for a price near the market; some of them are brackets.
    pub waits: bool,
}

impl Load {
    /// Eight clients, until the server is gone.
    pub fn without_end(seed: u64) -> Self {
        Self { seed, clients: 8, orders: 100_000, waits: true }
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
    let market = if load.waits { prices(&client).await.unwrap_or_default() } else { Vec::new() };
    for step in 0..load.orders {
        let id = format!("{seed}-{trader}-{step}");
        let order = match draw_price(&market, &mut rng) {
            Some((ticker, price)) => draw_waiting(&mut rng, &id, ticker, price),
            None => draw_order(&mut rng, &id),
        };
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

/// Prices of the watchlist; `None` if the server is gone.
async fn prices(client: &TestClient) -> Option<Vec<(String, f64)>> {
    let list: Value = client.http.get(client.url("/api/watchlist")).send().await.ok()?.json().await.ok()?;
    let price = |entry: &Value| Some((entry["ticker"].as_str()?.to_owned(), entry["price"].as_f64()?));
    list["tickers"].as_array()?.iter().map(price).collect()
}

/// Now and then, a ticker and its price.
fn draw_price<'a>(market: &'a [(String, f64)], rng: &mut impl Rng) -> Option<(&'a str, f64)> {
    if market.is_empty() || !rng.random_bool(0.25) {
        return None;
    }
    let (ticker, price) = &market[rng.random_range(0..market.len())];
    Some((ticker, *price))
}

fn draw_waiting(rng: &mut impl Rng, id: &str, ticker: &str, price: f64) -> Value {
    let near = |factor: f64| (price * factor * 100.0).round() / 100.0;
    let quantity = f64::from(rng.random_range(1_u32..400_000)) / 1_000_000.0;
    let limit = near(rng.random_range(0.995..1.003));
    let mut order = json!({
        "ticker": ticker, "side": "buy", "type": "limit", "quantity": quantity, "limit_price": limit,
        "time_in_force": "gtc", "client_order_id": id,
    });
    if rng.random_bool(0.3) {
        order["class"] = json!("bracket");
        order["take_profit"] = json!({ "limit_price": near(1.01) });
        order["stop_loss"] = json!({ "trail_percent": 0.5 });
    }
    order
}

/// Places an order; `None` if there was no response.
pub async fn place(client: &TestClient, order: &Value) -> Option<(StatusCode, Value)> {
    let path = if order["type"].is_null() { "/api/portfolio/trade" } else { "/api/orders" };
    let response = client.http.post(client.url(path)).json(order).send().await.ok()?;
    let status = response.status();
    Some((status, response.json().await.ok()?))
}

/// Sends each acknowledged order again: the same trade is returned, marked as replayed. Returns whether the server was
/// there to the end.
pub async fn is_replayed(client: &TestClient, told: &[Told]) -> bool {
    for Told { order, answer } in told {
        if let Some((StatusCode::CREATED, taken)) = answer {
            let Some((status, again)) = place(client, order).await else { return false };
            assert_eq!((status, &again["id"]), (StatusCode::OK, &taken["id"]), "it is known: {again}");
        }
        let Some((StatusCode::OK, receipt)) = answer else { continue };
        let Some((status, replayed)) = place(client, order).await else { return false };
        assert_eq!(status, StatusCode::OK, "an acknowledged trade is there: {replayed}");
        let mut expected = receipt.clone();
        expected["replayed"] = json!(true);
        assert_eq!(replayed, expected, "and is the one that was answered");
    }
    true
}
