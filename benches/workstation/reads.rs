//! Reads, with little and with much data.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    Outcome, ROUNDS, account,
    client::{Client, get, metric},
    program::{Bench, Process},
    table::{Bar, barred, median},
};

/// Reads whose cost must not depend on the number of trades…
const OF_TRADES: [(&str, &str); 5] = [
    ("portfolio", "/api/portfolio"),
    ("watchlist", "/api/watchlist"),
    ("the latest trade", "/api/portfolio/trades?limit=1"),
    ("history, 1d", "/api/portfolio/history"),
    ("history, all", "/api/portfolio/history?range=all"),
];

/// …and on the number of ticks.
const OF_TICKS: [(&str, &str); 3] = [
    ("portfolio", "/api/portfolio"),
    ("watchlist", "/api/watchlist"),
    ("candles", "/api/prices/AAPL/candles?interval=1s&limit=1800"),
];

const TRADES: i64 = 100_000;
const TICKERS: usize = 1_000;
const TICKS: f64 = 1_000.0;

/// Duration of repeating one read.
const ROUND: Duration = Duration::from_millis(150);

/// More than noise, and far less than the growth of the data.
const GROWTH: Bar = Bar::AtMost(1.5, " ×");

pub async fn measure(bench: &Bench) -> Outcome<()> {
    account::trade_once(bench, "one-trade.db")?;
    account::trade_for_a_year(bench, "many-trades.db", TRADES)?;
    // No ticks happen during the measurements.
    let (one, many) = (bench.serve("one-trade.db", 60_000)?, bench.serve("many-trades.db", 60_000)?);
    let mut costs = OF_TRADES.map(|(name, path)| Cost::new(name, path));
    for _ in 0..ROUNDS {
        for cost in &mut costs {
            cost.compare(&one, &many).await?;
        }
    }
    costs.into_iter().for_each(|cost| cost.tell("100,000 trades and a year"));
    drop((one, many));
    measure_ticks(bench).await
}

/// Compares a server after a million prices with one that has just started, at the same tick rate.
async fn measure_ticks(bench: &Bench) -> Outcome<()> {
    const TICK_MS: u64 = 20;
    for database in ["fresh.db", "ticked.db"] {
        account::follow(bench, database, TICKERS)?;
    }
    let ticked = bench.serve("ticked.db", TICK_MS)?;
    while metric(ticked.address, "finally_feed_ticks_total").await? < TICKS {
        sleep(Duration::from_secs(1)).await;
    }
    let mut costs = OF_TICKS.map(|(name, path)| Cost::new(name, path));
    for _ in 0..ROUNDS {
        ticked.pause()?;
        let fresh = bench.serve("fresh.db", TICK_MS)?;
        for cost in &mut costs {
            cost.compare(&fresh, &ticked).await?;
        }
    }
    costs.into_iter().for_each(|cost| cost.tell("1,000,000 ticks"));
    Ok(())
}

struct Cost {
    name: &'static str,
    path: &'static str,
    little_us: Vec<f64>,
    much_us: Vec<f64>,
    ratios: Vec<f64>,
}

impl Cost {
    fn new(name: &'static str, path: &'static str) -> Self {
        Self { name, path, little_us: Vec::new(), much_us: Vec::new(), ratios: Vec::new() }
    }

    async fn compare(&mut self, little: &Process, much: &Process) -> Outcome<()> {
        much.pause()?;
        little.resume()?;
        let little_us = cpu_us(little, self.path).await?;
        little.pause()?;
        much.resume()?;
        let much_us = cpu_us(much, self.path).await?;
        self.little_us.push(little_us);
        self.much_us.push(much_us);
        self.ratios.push(much_us / little_us);
        Ok(())
    }

    fn tell(mut self, behind: &str) {
        let ratio = median(&mut self.ratios);
        let (little_us, much_us) = (median(&mut self.little_us), median(&mut self.much_us));
        let what = format!("CPU of a read: {}, with {behind} behind it", self.name);
        barred(&what, &format!("{much_us:.0} µs, with little {little_us:.0} µs: {ratio:.2} ×"), ratio, GROWTH);
    }
}

/// CPU time of the server per call.
async fn cpu_us(server: &Process, path: &str) -> Outcome<f64> {
    const WARM_UP: usize = 20;
    // A paused server may close its connections.
    get(server.address, path).await?;
    let mut client = Client::connect(server.address).await?;
    let request = format!("GET {path}");
    for _ in 0..WARM_UP {
        client.call(&request, "").await?;
    }
    let (started, cpu, mut calls) = (Instant::now(), server.cpu()?, 0_u32);
    while started.elapsed() < ROUND {
        client.call(&request, "").await?;
        calls += 1;
    }
    Ok((server.cpu()? - cpu).as_micros() as f64 / f64::from(calls))
}
