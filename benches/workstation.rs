//! Measures a running FinAlly from outside: start, memory, trades, and the stream. Prints one table.
//!
//! The server is the release bundle, in a process of its own, on a database of its own in the working folder's file
//! system; its CPU and memory come from `/proc`. The load comes from this process, over real sockets on the loopback
//! address. Trades are set beside the same statements in a bare SQLite loop, in the same run, because these figures
//! mean little from one machine to the next; medians of interleaved rounds keep the machine's noise out.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ROUNDS: usize = 7;
const TRADE_TIME: Duration = Duration::from_secs(1);
const STREAM_TIME: Duration = Duration::from_secs(3);
/// The kernel's unit for CPU times in `/proc`, the same on every Linux.
const CLOCK_TICKS_A_SECOND: f64 = 100.0;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let program = std::env::var("FINALLY_PROGRAM").unwrap_or_else(|_| "dist/finally".to_owned());
    let program = fs::canonicalize(program)?;
    let folder = PathBuf::from("target/bench");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;

    println!("| what | figure |\n|---|---|");
    measure_start(&program, &folder).await?;
    measure_trades(&program, &folder).await?;
    for listeners in [100, 1_000] {
        measure_stream(&program, &folder, listeners).await?;
    }
    Ok(())
}

async fn measure_start(program: &Path, folder: &Path) -> Outcome<()> {
    drop(Server::start(program, folder, "500")?);
    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let server = Server::start(program, folder, "500")?;
        Client::connect(server.address).await?.call("GET /api/health", "").await?;
        starts.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    row("start to first answer, existing database", &format!("{:.0} ms", median(&mut starts)));
    let server = Server::start(program, folder, "500")?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    row("memory, idle", &format!("{:.1} MB", server.resident_mb()?));
    row("program", &format!("{:.1} MB", fs::metadata(program)?.len() as f64 / 1e6));
    Ok(())
}

async fn measure_trades(program: &Path, folder: &Path) -> Outcome<()> {
    let server = Server::start(program, folder, "500")?;
    let mut bare = Vec::new();
    let mut rates = [(1, Vec::new()), (8, Vec::new()), (64, Vec::new())];
    let mut cpu_seconds = 0.0;
    let mut trades = 0;
    for _ in 0..ROUNDS {
        bare.push(bare_sqlite(folder).await?);
        for (clients, rates) in &mut rates {
            let cpu_before = server.cpu_seconds()?;
            let count = trade_for(server.address, *clients, TRADE_TIME).await?;
            cpu_seconds += server.cpu_seconds()? - cpu_before;
            trades += count;
            rates.push(count as f64 / TRADE_TIME.as_secs_f64());
        }
    }
    let bare = median(&mut bare);
    row("bare SQLite, the same statements, one a commit", &format!("{bare:.0} /s"));
    for (clients, mut rates) in rates {
        let rate = median(&mut rates);
        row(
            &format!("durable trades over REST, {clients} clients"),
            &format!("{rate:.0} /s, {:.1} × bare", rate / bare),
        );
    }
    row("CPU a trade, over all of these", &format!("{:.2} ms", cpu_seconds * 1_000.0 / trades as f64));
    Ok(())
}

/// Commits a second, each of the statements that a buy makes.
async fn bare_sqlite(folder: &Path) -> Outcome<f64> {
    let path = folder.join("bare.db");
    let mut connection: SqliteConnection = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    for statement in [
        "CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, cash INTEGER) STRICT, WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS positions (ticker TEXT PRIMARY KEY, quantity INTEGER) STRICT, WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS trades (sequence INTEGER PRIMARY KEY, ticker TEXT, quantity INTEGER) STRICT",
        "INSERT INTO accounts VALUES ('default', 0) ON CONFLICT DO NOTHING",
    ] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    let started = Instant::now();
    let mut commits = 0;
    while started.elapsed() < TRADE_TIME {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for statement in [
            "UPDATE accounts SET cash = cash - 1 WHERE id = 'default'",
            "INSERT INTO positions VALUES ('V', 1) ON CONFLICT DO UPDATE SET quantity = quantity + 1",
            "INSERT INTO trades (ticker, quantity) VALUES ('V', 1)",
        ] {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        commits += 1;
    }
    let rate = f64::from(commits) / started.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(rate)
}

/// Lets clients buy and sell at once; gives how many trades were acknowledged.
async fn trade_for(address: SocketAddr, clients: usize, time: Duration) -> Outcome<usize> {
    let end = Instant::now() + time;
    let counts = futures::future::join_all((0..clients).map(|_| tokio::spawn(trade_until(address, end)))).await;
    let mut total = 0;
    for count in counts {
        total += count??;
    }
    Ok(total)
}

/// Buys and sells in turn.
async fn trade_until(address: SocketAddr, end: Instant) -> io::Result<usize> {
    let mut client = Client::connect(address).await?;
    let mut trades = 0;
    while Instant::now() < end {
        for side in ["buy", "sell"] {
            let body = format!(r#"{{"ticker":"V","side":"{side}","quantity":0.01}}"#);
            let answer = client.call("POST /api/portfolio/trade", &body).await?;
            if !answer.starts_with("HTTP/1.1 200") {
                return Err(io::Error::other(answer));
            }
            trades += 1;
        }
    }
    Ok(trades)
}

async fn measure_stream(program: &Path, folder: &Path, listeners: usize) -> Outcome<()> {
    let server = Server::start(program, folder, "20")?;
    let before_mb = server.resident_mb()?;
    let mut sockets = Vec::new();
    for _ in 0..listeners {
        let mut socket = TcpStream::connect(server.address).await?;
        socket.write_all(b"GET /api/stream/prices HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        sockets.push(socket);
    }
    let readers = sockets.into_iter().map(|mut socket| {
        tokio::spawn(async move {
            let end = tokio::time::Instant::now() + STREAM_TIME;
            let (mut frames, mut buffer) = (0_u64, vec![0; 64 * 1024]);
            while let Ok(Ok(length @ 1..)) = tokio::time::timeout_at(end, socket.read(&mut buffer)).await {
                frames += buffer[..length].windows(4).filter(|bytes| bytes == b"id: ").count() as u64;
            }
            frames
        })
    });
    let cpu_before = server.cpu_seconds()?;
    let frames: u64 = futures::future::join_all(readers).await.into_iter().flatten().sum();
    let cpu_seconds = server.cpu_seconds()? - cpu_before;
    let connection_kib = (server.resident_mb()? - before_mb) * 1e6 / 1_024.0 / listeners as f64;
    row(
        &format!("stream, 10 tickers, {listeners} listeners"),
        &format!("{:.0} deliveries a CPU-second, {connection_kib:.1} KiB a connection", frames as f64 / cpu_seconds),
    );
    Ok(())
}

fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The program in a process of its own; it ends with this value.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(program: &Path, folder: &Path, tick_ms: &str) -> Outcome<Self> {
        let mut child = Command::new(program)
            .current_dir(folder)
            .envs([
                ("PORT", "0"),
                ("SIM_SEED", "1"),
                ("SIM_TICK_MS", tick_ms),
                ("LLM_MOCK", "true"),
                ("RATE_LIMIT", "0"),
                ("SSE_MAX_PER_CLIENT", "0"),
                ("SSE_MAX_TOTAL", "0"),
                ("RUST_LOG", "warn"),
            ])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().rsplit("http://").next().unwrap_or_default().parse()?;
        Ok(Self { child, address })
    }

    fn resident_mb(&self) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
        Ok(kib * 1_024.0 / 1e6)
    }

    /// User and system time of all its threads.
    fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / CLOCK_TICKS_A_SECOND)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is all that is wanted here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One kept-alive connection that reads whole answers, with as little work of its own as it can.
struct Client {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, buffer: Vec::new() })
    }

    async fn call(&mut self, request_line: &str, body: &str) -> io::Result<String> {
        let length = body.len();
        let request = format!(
            "{request_line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.socket.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(answer) = whole_answer(&self.buffer) {
                return Ok(answer.to_owned());
            }
        }
    }
}

/// The answer, once its head and as many bytes as that announces are there.
fn whole_answer(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    (body.len() >= length).then_some(text)
}
