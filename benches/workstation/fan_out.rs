//! One case of the stream's fan-out, compared with the bare program.

use std::{fs, io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use crate::{
    Outcome, ROUNDS, bare_stream,
    listeners::{self, Listeners},
    program::{self, Bench, Process},
    stream::{JSON, database},
    table::{Bar, barred, median, percentile, row},
};

const SECOND: Duration = Duration::from_secs(1);

/// Number of a case's readers that record when events arrive.
const LOOKING: usize = 50;

/// Fewer listeners would not dominate other growth of memory.
const LISTENERS_FOR_MEMORY: usize = 1_000;

const OF_BARE: Bar = Bar::AtLeast(0.7, " × bare");
const CONNECTION: Bar = Bar::AtMost(16.0, " KiB");

/// Numbers of tickers and of listeners.
pub struct Case {
    pub path: &'static str,
    pub tickers: usize,
    pub listeners: usize,
    /// Chosen so that neither program saturates the machine, since otherwise the load would be measured.
    pub tick_ms: u64,
}

impl Case {
    fn name(&self) -> String {
        let format = if self.path == JSON { "stream" } else { "compact stream" };
        format!("{format}, {} tickers, {} listeners", self.tickers, self.listeners)
    }

    pub async fn measure(&self, bench: &Bench) -> Outcome<()> {
        let server = bench.serve(&database(self.tickers), self.tick_ms)?;
        let frame = bench.path("frame");
        fs::write(&frame, capture_frame(&server, self.path).await?)?;
        let arguments = [bare_stream::NAME, &frame.to_string_lossy(), &self.tick_ms.to_string()];
        let bare = Process::start(program::bare(&[], &arguments)?)?;
        bare.pause()?;
        let mut ours = Side::connect(server, self).await?;
        bare.resume()?;
        let mut theirs = Side::connect(bare, self).await?;
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            // Alternates the order, so that neither always runs after the other.
            let (first, second) = if round % 2 == 0 { (&mut ours, &mut theirs) } else { (&mut theirs, &mut ours) };
            first.measure(self.tick_ms).await?;
            second.measure(self.tick_ms).await?;
            ratios.push(ours.latest() / theirs.latest());
        }
        let ratio = median(&mut ratios);
        let name = self.name();
        let (our_rate, their_rate) = (median(&mut ours.rates), median(&mut theirs.rates));
        let figure = format!("{our_rate:.0}, bare {their_rate:.0}: {ratio:.2}");
        barred(&format!("{name}: deliveries a CPU-second"), &figure, ratio, OF_BARE);
        let figure = format!("{}, bare {}", ours.delay(), theirs.delay());
        row(&format!("{name}: from tick to arrival, p50 / p99"), &figure);
        if self.listeners >= LISTENERS_FOR_MEMORY {
            let figure = format!("{:.1} KiB, bare {:.1} KiB", ours.connection_kib, theirs.connection_kib);
            barred(&format!("{name}: memory a connection"), &figure, ours.connection_kib, CONNECTION);
        }
        Ok(())
    }
}

/// One of the two programs with its listeners; paused except while measured.
struct Side {
    process: Process,
    listeners: Listeners,
    connection_kib: f64,
    rates: Vec<f64>,
    delays_ms: Vec<f64>,
}

impl Side {
    async fn connect(process: Process, case: &Case) -> Outcome<Self> {
        // The first half makes a process return its start-up memory; the second half measures the memory per listener.
        let (address, half) = (process.address, case.listeners / 2);
        // Until each has received some ticks.
        let some_ticks = (2 * SECOND).max(Duration::from_millis(3 * case.tick_ms));
        let mut listeners = Listeners::connect(address, case.path, half, LOOKING / 2).await?;
        sleep(some_ticks).await;
        let before_kib = process.resident_kib()?;
        listeners.add(address, case.path, half, LOOKING / 2).await?;
        sleep(some_ticks).await;
        let connection_kib = (process.resident_kib()? - before_kib) / half as f64;
        process.pause()?;
        Ok(Self { process, listeners, connection_kib, rates: Vec::new(), delays_ms: Vec::new() })
    }

    async fn measure(&mut self, tick_ms: u64) -> Outcome<()> {
        self.process.resume()?;
        sleep(Duration::from_millis(300 + tick_ms)).await;
        let arrived = &self.listeners.arrived;
        arrived.take_delays_ms();
        let (events, cpu) = (arrived.events(), self.process.cpu()?);
        sleep(SECOND.max(Duration::from_millis(2 * tick_ms))).await;
        let (events, cpu) = (arrived.events() - events, self.process.cpu()? - cpu);
        self.delays_ms.extend(arrived.take_delays_ms());
        self.process.pause()?;
        self.rates.push(events as f64 / cpu.as_secs_f64());
        // Bytes in transit arrive now, not during the other one's measurement.
        sleep(Duration::from_millis(50)).await;
        Ok(())
    }

    fn latest(&self) -> f64 {
        self.rates.last().copied().unwrap_or(f64::NAN)
    }

    fn delay(&mut self) -> String {
        let [half, most] = [50, 99].map(|percent| percentile(&mut self.delays_ms, percent));
        format!("{half:.1} / {most:.1} ms")
    }
}

/// A frame on the wire, in its chunk, with all digits of its time.
async fn capture_frame(server: &Process, path: &str) -> Outcome<Vec<u8>> {
    const DIGITS: usize = 13;
    let mut socket = TcpStream::connect(server.address).await?;
    socket.write_all(listeners::request(path).as_bytes()).await?;
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(socket.read_u8().await?);
    }
    // The first event opens the stream, and the next one may be a key frame.
    for _ in 0..2 {
        read_chunk(&mut socket).await?;
    }
    loop {
        let chunk = read_chunk(&mut socket).await?;
        if listeners::moment(&chunk).is_some_and(|moment| moment.len() >= DIGITS) && !is_key_frame(&chunk) {
            return Ok(chunk);
        }
    }
}

fn is_key_frame(chunk: &[u8]) -> bool {
    memchr::memmem::find(chunk, b"data: K").is_some()
}

async fn read_chunk(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::new();
    while !chunk.ends_with(b"\r\n") {
        chunk.push(socket.read_u8().await?);
    }
    let length = usize::from_str_radix(String::from_utf8_lossy(&chunk).trim(), 16).map_err(io::Error::other)?;
    let head = chunk.len();
    chunk.resize(head + length + 2, 0);
    socket.read_exact(&mut chunk[head..]).await?;
    Ok(chunk)
}
