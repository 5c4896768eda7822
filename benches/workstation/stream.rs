//! The price stream: its fan-out and its guarantees.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, net::TcpSocket, time::sleep};

use crate::{
    Outcome, account,
    client::metric,
    fan_out::Case,
    listeners::{self, Listeners},
    program::Bench,
    table::{Bar, barred},
};

pub const JSON: &str = "/api/stream/prices";
const COMPACT: &str = "/api/stream/prices?format=compact";

const SECOND: Duration = Duration::from_secs(1);

/// Required bounds.
const TICKER_BYTES: Bar = Bar::AtMost(4.0, "");
const SERIALISATIONS: Bar = Bar::AtMost(1.0, "");
const LOST: Bar = Bar::AtMost(0.0, "");

pub async fn measure(bench: &Bench) -> Outcome<()> {
    for (tickers, ticks_ms) in [(10, [10, 20, 100]), (100, [10, 40, 200]), (1_000, [30, 300, 1_500])] {
        account::follow(bench, &database(tickers), tickers)?;
        for (listeners, tick_ms) in [100, 1_000, 5_000].into_iter().zip(ticks_ms) {
            Case { path: JSON, tickers, listeners, tick_ms }.measure(bench).await?;
        }
    }
    for (listeners, tick_ms) in [(100, 20), (1_000, 60), (5_000, 300)] {
        Case { path: COMPACT, tickers: 1_000, listeners, tick_ms }.measure(bench).await?;
    }
    measure_compact_size(bench).await?;
    measure_serialisations(bench).await?;
    measure_stalled(bench).await
}

/// Name of the database whose account follows this many tickers.
pub fn database(tickers: usize) -> String {
    format!("{tickers}-tickers.db")
}

/// Bytes on the wire, between two key frames.
async fn measure_compact_size(bench: &Bench) -> Outcome<()> {
    const TICKERS: usize = 1_000;
    let server = bench.serve(&database(TICKERS), 50)?;
    let listeners = Listeners::connect(server.address, COMPACT, 1, 1).await?;
    sleep(SECOND).await;
    let (events, bytes) = (listeners.arrived.events(), listeners.arrived.bytes());
    sleep(5 * SECOND).await;
    let events = listeners.arrived.events() - events;
    let ticker_bytes = (listeners.arrived.bytes() - bytes) as f64 / (events as usize * TICKERS) as f64;
    let figure = format!("{ticker_bytes:.2}");
    barred("compact stream, 1000 tickers: bytes a ticker and tick", &figure, ticker_bytes, TICKER_BYTES);
    Ok(())
}

/// Number of JSON serialisations per tick, with a thousand readers.
async fn measure_serialisations(bench: &Bench) -> Outcome<()> {
    const WRITTEN: &str = "finally_stream_frames_written_total";
    const TICKS: &str = "finally_feed_ticks_total";
    let server = bench.serve(&database(10), 20)?;
    let _listeners = Listeners::connect(server.address, JSON, 1_000, 1).await?;
    sleep(SECOND).await;
    let before = [metric(server.address, WRITTEN).await?, metric(server.address, TICKS).await?];
    sleep(2 * SECOND).await;
    let written = metric(server.address, WRITTEN).await? - before[0];
    let rate = written / (metric(server.address, TICKS).await? - before[1]);
    let rounded = (rate * 100.0).round() / 100.0;
    barred("stream, 1000 listeners: serialisations a tick", &format!("{rounded:.2}"), rounded, SERIALISATIONS);
    Ok(())
}

/// Loss of other readers while one does not read at all.
async fn measure_stalled(bench: &Bench) -> Outcome<()> {
    const OTHERS: usize = 99;
    let server = bench.serve(&database(1_000), 100)?;
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4_096)?;
    let mut stalled = socket.connect(server.address).await?;
    stalled.write_all(listeners::request(JSON).as_bytes()).await?;
    let others = Listeners::connect(server.address, JSON, OTHERS, OTHERS).await?;
    sleep(5 * SECOND).await;
    let (events, lost) = (others.arrived.events(), others.arrived.lost());
    let figure = format!("{lost} of {events} events");
    barred("stream, one reader stalled: lost by 99 others", &figure, lost as f64, LOST);
    Ok(())
}
