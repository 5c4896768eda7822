//! The price stream through a proxy that delays, splits and cuts it: a reader that reconnects is soon up to date again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use finally::domain::compact_frame::{CompactReader, Reading};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{proxy::Proxy, rounds, variable};
use crate::{app::TestApp, scripted::eventually};

/// Default number of cuts per stream; set by `FINALLY_STREAM_CUTS`.
const CUTS: u64 = 40;

/// Concurrent readers, each of another kind.
const QUERIES: [&str; 4] = ["", "?changes=only", "?tickers=AAPL,V,ZZZZ", "?format=compact"];

/// A leaked place is noticed soon: there are only two spare ones, for streams whose end the server has not seen.
const PLACES: &str = "7";

/// Timeout for immediate operations on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

type Prices = BTreeMap<String, f64>;

#[tokio::test]
async fn readers_behind_a_bad_network_are_right_again_after_each_cut() {
    let cuts = variable("FINALLY_STREAM_CUTS", CUTS);
    let app = TestApp::start_with(&[("SIM_TICK_MS", "10"), ("SSE_MAX_PER_CLIENT", PLACES)]).await;
    let truth = Truth::listen(&app).await;
    let round = rounds(1).next().expect("a seed");
    println!("stream cuts, seed {}", round.seed);
    let proxy = Proxy::start(app.client.address, round.seed).await;
    let readers = QUERIES.map(|query| read_through(&app, &proxy, &truth, query, cuts / QUERIES.len() as u64));
    let counts = futures::future::join_all(readers).await;
    println!("stream cuts: {cuts}, prices compared {} times, all equal", counts.iter().sum::<u64>());
    for (query, compared) in QUERIES.iter().zip(&counts) {
        assert!(*compared > 0, "{query} was never compared");
    }

    drop((proxy, truth));
    eventually(PATIENCE, "every place is given back", async || {
        app.client.get("/metrics").await.text().await.unwrap().lines().any(|line| line == "finally_streams_open 0")
    })
    .await;
}

/// One reader with repeated cuts; returns how often its prices were compared.
async fn read_through(app: &TestApp, proxy: &Proxy, truth: &Truth, query: &str, cuts: u64) -> u64 {
    let mut reader = Reader::default();
    let url = format!("http://{}/api/stream/prices{query}", proxy.address);
    let (mut done, mut compared) = (0, 0);
    while done < cuts {
        // A new connection each time.
        let client = finally::server::https::client_builder().build().unwrap();
        if let Ok(response) = client.get(&url).send().await {
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                // The server has not seen the end of the last one yet.
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            assert_eq!(response.status(), StatusCode::OK);
            compared += reader.read_until_cut(response, truth).await;
        }
        done += 1;
    }
    // The final state equals the server's: read without the proxy, in one connection.
    let response = app.client.get(&format!("/api/stream/prices{query}")).await;
    compared + reader.read_until_compared(response, truth).await
}

/// Prices of each tick, from an undisturbed reader.
struct Truth {
    ticks: Arc<Mutex<BTreeMap<u64, Prices>>>,
    task: JoinHandle<()>,
}

impl Truth {
    async fn listen(app: &TestApp) -> Self {
        let mut response = app.client.get("/api/stream/prices").await;
        let ticks: Arc<Mutex<BTreeMap<u64, Prices>>> = Arc::default();
        let kept = Arc::clone(&ticks);
        let task = tokio::spawn(async move {
            let mut events = Events::default();
            while let Ok(Some(bytes)) = response.chunk().await {
                for (id, data) in events.take(&bytes) {
                    kept.lock().unwrap().insert(id, prices(&data));
                }
            }
        });
        Self { ticks, task }
    }

    /// Prices of a tick, once it came; `None` if this reader skipped it.
    async fn at(&self, id: u64) -> Option<Prices> {
        eventually(PATIENCE, "the tick reaches the undisturbed reader", async || {
            self.ticks.lock().unwrap().last_key_value().is_some_and(|(newest, _)| *newest >= id)
        })
        .await;
        self.ticks.lock().unwrap().get(&id).cloned()
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn prices(data: &str) -> Prices {
    let quotes: BTreeMap<String, Value> = serde_json::from_str(data).expect("a whole frame");
    quotes.into_iter().map(|(ticker, quote)| (ticker, quote["price"].as_f64().unwrap())).collect()
}

/// Parses the events in a stream of bytes; incomplete ones are never returned.
#[derive(Default)]
struct Events {
    bytes: Vec<u8>,
}

impl Events {
    /// Ids and data of the events that these bytes complete.
    fn take(&mut self, bytes: &[u8]) -> Vec<(u64, String)> {
        self.bytes.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
            let event = String::from_utf8(self.bytes.drain(..end + 2).collect()).unwrap();
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let (Some(id), Some(data)) = (field("id: "), field("data: ")) {
                events.push((id.parse().unwrap(), data));
            }
        }
        events
    }
}

/// State of one reader, over all its connections.
#[derive(Default)]
struct Reader {
    id: u64,
    prices: Prices,
    compact: CompactReader,
}

impl Reader {
    /// Reads until the proxy cuts, then compares; returns 1 if there was something to compare.
    async fn read_until_cut(&mut self, mut response: Response, truth: &Truth) -> u64 {
        let (mut events, mut is_first) = (Events::default(), true);
        while let Ok(Some(bytes)) = response.chunk().await {
            for (id, data) in events.take(&bytes) {
                self.take_in(id, &data, std::mem::take(&mut is_first));
            }
        }
        // The rest in `events` was cut off, and is discarded.
        if self.id == 0 { 0 } else { self.compare(truth).await }
    }

    async fn read_until_compared(&mut self, mut response: Response, truth: &Truth) -> u64 {
        let (mut events, mut is_first) = (Events::default(), true);
        loop {
            let bytes = response.chunk().await.unwrap().expect("the stream goes on");
            for (id, data) in events.take(&bytes) {
                self.take_in(id, &data, std::mem::take(&mut is_first));
                if self.compare(truth).await == 1 {
                    return 1;
                }
            }
        }
    }

    fn take_in(&mut self, id: u64, data: &str, is_first: bool) {
        // A stream may begin with the last known tick.
        assert!(if is_first { id >= self.id } else { id > self.id }, "ids grow: {id} after {}", self.id);
        self.id = id;
        if data.starts_with('{') {
            if is_first {
                self.prices.clear();
            }
            self.prices.extend(prices(data));
            return;
        }
        assert!(!is_first || data.starts_with('K'), "a connection begins with everything");
        assert_ne!(self.compact.read(data), Ok(Reading::Missed), "{data}");
        let price = |quote: &finally::domain::quote::Quote| {
            (quote.ticker.as_str().to_owned(), quote.price.units() as f64 / 10_000.0)
        };
        self.prices = self.compact.quotes().iter().map(price).collect();
    }

    async fn compare(&self, truth: &Truth) -> u64 {
        let Some(mut expected) = truth.at(self.id).await else { return 0 };
        expected.retain(|ticker, _| self.prices.len() > 2 || self.prices.contains_key(ticker));
        assert_eq!(self.prices, expected, "at tick {}", self.id);
        1
    }
}
