//! Durable trades over REST, compared with the same statements in a bare SQLite loop.

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    Outcome, ROUNDS, account, bare_trades,
    client::{Client, metric},
    program::{self, Bench, Process},
    slow_disk::{self, DELAY_MS},
    table::{Bar, barred, median, row},
    tracer::Tracer,
};

const DATABASE: &str = "trades.db";

/// Duration of one round of one kind.
const ROUND: Duration = Duration::from_secs(1);

/// Numbers of concurrent clients.
const CLIENTS: [usize; 3] = [1, 8, 64];

/// Required bounds.
const OF_SINGLE: Bar = Bar::AtLeast(20.0, " × one a commit");
const OF_BARE: Bar = Bar::AtLeast(0.6, " × bare");
const SYNCS_UNDER_LOAD: Bar = Bar::AtMost(0.0625, "");
const SYNCS_IDLE: Bar = Bar::AtMost(1.0, "");

pub async fn measure(bench: &Bench) -> Outcome<()> {
    let bare = bench.path("bare.db");
    drop(account::seed(bench, DATABASE)?);
    fs::copy(bench.path(DATABASE), &bare)?;

    let server = bench.serve(DATABASE, 500)?;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        rounds.run(&server, &[], &bare).await?;
    }
    rounds.tell("");
    let resident_mb = server.resident_kib_max()? * 1_024.0 / 1e6;
    row("memory, after the trades of 64 clients, at most", &format!("{resident_mb:.1} MB"));
    server.stop()?;
    measure_slow_disk(bench, &bare).await?;
    measure_syncs(bench).await
}

/// The same on a simulated slower disk.
async fn measure_slow_disk(bench: &Bench, bare: &Path) -> Outcome<()> {
    let Some(starter) = slow_disk::starter(&bench.folder)? else {
        row("on a slow disk", "not measured: there is no C compiler");
        return Ok(());
    };
    let server = bench.serve_under(&starter, DATABASE, 500)?;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        rounds.run(&server, &starter, bare).await?;
    }
    rounds.tell(&format!(" on a disk that takes {DELAY_MS} ms more an fsync"));
    server.stop()
}

/// Number of waits for the disk, in a separate run.
async fn measure_syncs(bench: &Bench) -> Outcome<()> {
    let Some(tracer) = Tracer::find(&bench.path("syncs")) else {
        row("fsyncs a trade", "not measured: there is no strace");
        return Ok(());
    };
    let server = bench.serve_under(&tracer.command, DATABASE, 500)?;
    // The equity curve's keeper writes at the server's start, and then not for half a minute.
    sleep(ROUND).await;
    for (clients, bar) in [(1, SYNCS_IDLE), (64, SYNCS_UNDER_LOAD)] {
        let (commits, moves) = syncs_a_trade(&tracer, &server, clients).await?;
        let figure = format!("{commits:.4}, and {moves:.4} of checkpoints");
        barred(&format!("fsyncs a trade, {clients} clients"), &figure, commits, bar);
    }
    server.stop()
}

/// Waits for the disk per trade: by commits, and by checkpoints.
async fn syncs_a_trade(tracer: &Tracer, server: &Process, clients: usize) -> Outcome<(f64, f64)> {
    let before = tracer.syncs()?;
    let (trades, _) = trade_for(server.address, clients, 2 * ROUND).await?;
    let after = tracer.syncs()?;
    // A checkpoint syncs the log once more, then the database, and then the head of the restarted log.
    let moves = after.database - before.database;
    let commits = after.log - before.log - 2 * moves;
    Ok((commits as f64 / trades as f64, 3.0 * moves as f64 / trades as f64))
}

/// Trades per second, and CPU microseconds per trade, of each kind.
#[derive(Default)]
struct Rounds {
    clients: [Rates; 3],
    single: Rates,
    /// Bare loop with the batch size that the server reached with the most clients in the same round.
    batched: Rates,
    batches: Vec<f64>,
    of_single: Vec<f64>,
    of_batched: Vec<f64>,
}

#[derive(Default)]
struct Rates {
    a_second: Vec<f64>,
    cpu_us: Vec<f64>,
}

impl Rates {
    fn add(&mut self, (a_second, cpu_us): (f64, f64)) -> f64 {
        self.a_second.push(a_second);
        self.cpu_us.push(cpu_us);
        a_second
    }

    fn tell(&mut self) -> String {
        format!("{:.0} /s, {:.0} µs of CPU each", median(&mut self.a_second), median(&mut self.cpu_us))
    }
}

impl Rounds {
    async fn run(&mut self, server: &Process, starter: &[String], bare: &Path) -> Outcome<()> {
        let single = self.single.add(bare_rate(starter, bare, 1)?);
        let (mut most, mut batch) = (0.0, 1.0);
        for (clients, rates) in CLIENTS.into_iter().zip(&mut self.clients) {
            let before = batches(server).await?;
            let cpu = server.cpu()?;
            let (trades, time) = trade_for(server.address, clients, ROUND).await?;
            let cpu_us = (server.cpu()? - cpu).as_micros() as f64 / trades as f64;
            most = rates.add((trades as f64 / time.as_secs_f64(), cpu_us));
            let after = batches(server).await?;
            batch = (after.0 - before.0) / (after.1 - before.1);
        }
        let batched = self.batched.add(bare_rate(starter, bare, batch.round() as usize)?);
        self.batches.push(batch);
        self.of_single.push(most / single);
        self.of_batched.push(most / batched);
        Ok(())
    }

    fn tell(mut self, where_: &str) {
        row(&format!("bare SQLite{where_}, one trade a commit"), &self.single.tell());
        for (clients, rates) in CLIENTS.into_iter().zip(&mut self.clients) {
            row(&format!("durable trades over REST{where_}, {clients} clients"), &rates.tell());
        }
        let batch = median(&mut self.batches);
        row(&format!("trades a commit{where_}, 64 clients"), &format!("{batch:.1}"));
        row(&format!("bare SQLite{where_}, as many trades a commit"), &self.batched.tell());
        let ratio = median(&mut self.of_batched);
        barred(&format!("64 clients{where_}, of bare SQLite at equal batch"), &format!("{ratio:.2}"), ratio, OF_BARE);
        let ratio = median(&mut self.of_single);
        let (what, figure) = (format!("64 clients{where_}, of bare SQLite one a commit"), format!("{ratio:.1} ×"));
        barred(&what, &figure, ratio, OF_SINGLE);
        // The possible gain from sharing a commit on this disk.
        let gain = median(&mut self.batched.a_second) / median(&mut self.single.a_second);
        row(&format!("bare SQLite{where_}, as many trades a commit, of one a commit"), &format!("{gain:.1} ×"));
    }
}

/// Numbers of committed writes and of commits.
async fn batches(server: &Process) -> io::Result<(f64, f64)> {
    let [writes, commits] = ["finally_ledger_batch_size_sum", "finally_ledger_batch_size_count"];
    Ok((metric(server.address, writes).await?, metric(server.address, commits).await?))
}

/// Trades per second, and CPU microseconds per trade.
fn bare_rate(starter: &[String], database: &Path, batch: usize) -> Outcome<(f64, f64)> {
    let (database, batch, seconds) =
        (database.to_string_lossy(), batch.max(1).to_string(), ROUND.as_secs_f64().to_string());
    let output = program::bare(starter, &[bare_trades::NAME, &database, &batch, &seconds])?.output()?;
    let text = String::from_utf8(output.stdout)?;
    let (rate, cpu_us) = text.trim().split_once(' ').ok_or("the bare loop failed")?;
    let rate: f64 = rate.parse()?;
    Ok((rate, cpu_us.parse::<f64>()? / (rate * ROUND.as_secs_f64())))
}

/// Runs clients that buy and sell concurrently; returns the number of acknowledged trades, and the time.
async fn trade_for(address: SocketAddr, clients: usize, time: Duration) -> Outcome<(usize, Duration)> {
    let started = Instant::now();
    let clients: Vec<_> = (0..clients).map(|_| tokio::spawn(trade_until(address, started + time))).collect();
    let mut total = 0;
    for client in clients {
        total += client.await??;
    }
    Ok((total, started.elapsed()))
}

/// Buys and sells in turn.
async fn trade_until(address: SocketAddr, end: Instant) -> io::Result<usize> {
    let mut client = Client::connect(address).await?;
    let mut trades = 0;
    while Instant::now() < end {
        for side in ["buy", "sell"] {
            let body = format!(r#"{{"ticker":"V","side":"{side}","quantity":0.01}}"#);
            client.call("POST /api/portfolio/trade", &body).await?;
            trades += 1;
        }
    }
    Ok(trades)
}
