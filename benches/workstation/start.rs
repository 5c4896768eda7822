//! Start time and sizes: the program, the files that browsers load, and memory over time.

use std::{fs, path::Path, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    Outcome, ROUNDS, account,
    client::{Client, metric},
    listeners::Listeners,
    program::Bench,
    table::{Bar, barred, median, row},
};

/// An hour at two ticks a second, at the simulator's fastest pace.
const HOUR_TICKS: f64 = 7_200.0;
const TICK_MS_MIN: u64 = 10;

/// Required bounds.
const START: Bar = Bar::AtMost(150.0, " ms");
const IDLE: Bar = Bar::AtMost(30.0, " MB");
const GROWTH: Bar = Bar::AtMost(1.05, " ×");

pub async fn measure(bench: &Bench) -> Outcome<()> {
    drop(account::seed(bench, "start.db")?);
    account::trade_for_a_year(bench, "year.db", 100_000)?;
    account::trade_in_a_day(bench, "day.db", 100_000)?;
    let kinds = [
        ("an existing database", "start.db"),
        ("100,000 trades in a year", "year.db"),
        ("100,000 trades today", "day.db"),
    ];
    for (kind, database) in kinds {
        let mut starts_ms = Vec::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let server = bench.serve(database, 500)?;
            Client::connect(server.address).await?.call("GET /api/health", "").await?;
            starts_ms.push(started.elapsed().as_secs_f64() * 1_000.0);
            server.stop()?;
        }
        let start_ms = median(&mut starts_ms);
        barred(&format!("start to first answer, {kind}"), &format!("{start_ms:.0} ms"), start_ms, START);
    }
    measure_memory(bench).await?;
    row("program", &format!("{:.1} MB", fs::metadata(&bench.program)?.len() as f64 / 1e6));
    measure_bundle(&bench.program.with_file_name("site"))
}

async fn measure_memory(bench: &Bench) -> Outcome<()> {
    let server = bench.serve("start.db", 500)?;
    sleep(Duration::from_secs(3)).await;
    let idle_mb = to_mb(server.resident_kib()?);
    barred("memory, idle", &format!("{idle_mb:.1} MB"), idle_mb, IDLE);
    server.stop()?;

    let server = bench.serve("start.db", TICK_MS_MIN)?;
    let _page = Listeners::connect(server.address, "/api/stream/prices", 1, 1).await?;
    let mut client = Client::connect(server.address).await?;
    let mut memory_mb = Vec::new();
    for quarter in 1..=4 {
        while metric(server.address, "finally_feed_ticks_total").await? < HOUR_TICKS / 4.0 * f64::from(quarter) {
            // Occasional requests of a page.
            for call in ["GET /api/portfolio", "GET /api/watchlist", "GET /api/portfolio/history"] {
                client.call(call, "").await?;
            }
            client.call("POST /api/portfolio/trade", r#"{"ticker":"V","side":"buy","quantity":0.001}"#).await?;
            sleep(Duration::from_millis(200)).await;
        }
        memory_mb.push(to_mb(server.resident_kib()?));
    }
    let growth = memory_mb[3] / memory_mb[0];
    let figures: Vec<String> = memory_mb.iter().map(|memory_mb| format!("{memory_mb:.1}")).collect();
    let what = "memory after each quarter of 7,200 ticks, with a reader and trades";
    barred(what, &format!("{} MB: {growth:.2} ×", figures.join(", ")), growth, GROWTH);
    Ok(())
}

/// Size of the page's files for a browser that accepts brotli.
fn measure_bundle(site: &Path) -> Outcome<()> {
    let mut parts = Vec::new();
    collect(site, &mut parts)?;
    parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let total: u64 = parts.iter().map(|(_, bytes)| bytes).sum();
    for (name, bytes) in parts {
        row(&format!("bundle, brotli: {name}"), &format!("{bytes} bytes"));
    }
    row("bundle, brotli: in all", &format!("{total} bytes"));
    Ok(())
}

fn collect(folder: &Path, parts: &mut Vec<(String, u64)>) -> Outcome<()> {
    // A separately built program has no bundle.
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), parts)?;
        } else if let Some(name) = name.strip_suffix(".br").filter(|name| !name.ends_with(".map")) {
            parts.push((name.to_owned(), entry.metadata()?.len()));
        }
    }
    Ok(())
}

fn to_mb(kib: f64) -> f64 {
    kib * 1_024.0 / 1e6
}
