//! The server under test, in this process or in a separate one.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use finally::server::{
    Server,
    clock::{Clock, system_clock},
    config::{Config, Patience},
    http::Site,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A folder in memory if possible, since syncs take much of a test's time. Tests of the disk use a folder on one.
pub fn fast_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A server in this process, with its own database file.
pub struct TestApp {
    pub client: TestClient,
    server: Server,
    folder: TempDir,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With these variables added to, or replacing, the default ones.
    pub async fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::start_in(fast_folder(), variables, Patience::default(), system_clock).await
    }

    /// With another clock than the machine's.
    pub async fn start_at(clock: Clock, variables: &[(&str, &str)]) -> Self {
        Self::start_in(fast_folder(), variables, Patience::default(), clock).await
    }

    /// With other time limits than the default ones, and these variables added.
    pub async fn start_impatient(patience: Patience, variables: &[(&str, &str)]) -> Self {
        Self::start_in(fast_folder(), variables, patience, system_clock).await
    }

    async fn start_in(folder: TempDir, variables: &[(&str, &str)], patience: Patience, clock: Clock) -> Self {
        let mut settings = settings(folder.path());
        settings.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut config = Config::from_lookup(|name| settings.get(name).cloned()).unwrap();
        (config.patience, config.clock) = (patience, clock);
        // Ports of the test's own model servers.
        let ports = settings.get("TEST_MODEL_PORTS").into_iter().flat_map(|ports| ports.split(','));
        config.copilot.model_ports = ports.map(|port| ("Scripted", port.parse().unwrap())).collect();
        // Program that reads documents, since the running program is the test binary.
        config.library.program = Some(settings.get("TEST_LIBRARY_PROGRAM").map_or(PROGRAM, String::as_str).into());
        let site = Site { root: folder.path().join("site"), hash_files: false };
        let server = Server::start(config, site).await.unwrap();
        Self { client: TestClient::new(server.address), server, folder }
    }

    /// Stops the server and starts another on the same file.
    pub async fn restart(self) -> Self {
        self.restart_with(&[]).await
    }

    /// A server on the file of a stopped one.
    pub async fn start_on(folder: TempDir, variables: &[(&str, &str)], clock: Clock) -> Self {
        Self::start_in(folder, variables, Patience::default(), clock).await
    }

    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Stops the server, and returns its folder, which exists until dropped.
    pub async fn stop_and_keep(self) -> TempDir {
        self.server.stop().await;
        self.folder
    }

    /// Sign-in link for a browser on another machine.
    pub fn sign_in_link(&self) -> Option<&str> {
        self.server.sign_in_link.as_deref()
    }

    /// Stops the server and starts another on the same file, with these variables added to the default ones.
    pub async fn restart_with(self, variables: &[(&str, &str)]) -> Self {
        self.server.stop().await;
        Self::start_in(self.folder, variables, Patience::default(), system_clock).await
    }

    /// Folder of the page's files, which is empty.
    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("db/finally.db")
    }
}

/// A free port, a fixed market that ticks fast, no network, no limits.
fn settings(folder: &Path) -> HashMap<String, String> {
    let database = format!("sqlite://{}", folder.join("db/finally.db").display());
    [
        ("PORT", "0"),
        ("DATABASE_URL", &database),
        ("SIM_SEED", "1"),
        ("SIM_TICK_MS", "20"),
        ("LLM_MOCK", "true"),
        ("RATE_LIMIT", "0"),
        ("SSE_MAX_PER_CLIENT", "0"),
        ("SSE_MAX_TOTAL", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_finally");

/// A server in a separate process, which can be killed; killed when dropped.
pub struct TestProcess {
    pub client: TestClient,
    child: Child,
}

impl TestProcess {
    /// Waits until it reports that it is ready.
    pub async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// With these variables added to, or replacing, the default ones.
    pub async fn start_with(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Self::command(folder);
        command.envs(variables.iter().copied());
        Self::start_command(command).await
    }

    /// With one of the commands below.
    pub async fn start_command(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(line) = lines.next_line().await.unwrap() else {
            let output = child.wait_with_output().await.unwrap();
            panic!("the server did not start: {}", String::from_utf8_lossy(&output.stderr));
        };
        let address = line.rsplit("http://").next().unwrap().parse().unwrap();
        Self { client: TestClient::new(address), child }
    }

    /// The same, for a program that may be killed before it is ready: returns its exit status then.
    pub async fn try_start_command(mut command: Command) -> Result<Self, ExitStatus> {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(line) = lines.next_line().await.unwrap() else { return Err(child.wait().await.unwrap()) };
        let address = line.rsplit("http://").next().unwrap().parse().unwrap();
        Ok(Self { client: TestClient::new(address), child })
    }

    /// Waits until something other than the test kills the program.
    pub async fn wait_killed(mut self) {
        let status = self.child.wait().await.unwrap();
        assert_eq!(status.code(), None, "it was killed, and did not end by itself");
    }

    /// The program with the default settings, run in `folder`.
    pub fn command(folder: &Path) -> Command {
        Self::prepare(Command::new(PROGRAM), folder)
    }

    /// The same, for a copied program.
    pub fn command_of(program: &Path, folder: &Path) -> Command {
        Self::prepare(Command::new(program), folder)
    }

    /// The same, with a limit of open files and sockets.
    pub fn command_with_files(folder: &Path, files: u32) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\""), PROGRAM]);
        Self::prepare(shell, folder)
    }

    fn prepare(mut command: Command, folder: &Path) -> Command {
        command
            .current_dir(folder)
            .env_clear()
            .envs(settings(folder))
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Sends SIGTERM, and returns the exit status.
    pub async fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        self.child.wait().await.unwrap()
    }

    /// Sends SIGTERM, and returns the whole log.
    pub async fn terminate_and_read_log(self) -> String {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        String::from_utf8(self.child.wait_with_output().await.unwrap().stderr).unwrap()
    }

    /// Resident memory of the process, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends SIGKILL, and waits until the program has ended.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A client of the API, like a script's.
#[derive(Clone)]
pub struct TestClient {
    pub http: Client,
    pub address: SocketAddr,
}

impl TestClient {
    fn new(address: SocketAddr) -> Self {
        Self { http: finally::server::https::client_builder().build().unwrap(), address }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    /// The response's JSON; the response must be successful.
    pub async fn read(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.http.post(self.url(path)).json(&body).send().await.unwrap()
    }

    /// Places an order and returns the response's status and JSON.
    pub async fn trade(&self, side: &str, quantity: f64, ticker: &str) -> (StatusCode, Value) {
        self.order(json!({ "ticker": ticker, "side": side, "quantity": quantity })).await
    }

    pub async fn order(&self, order: Value) -> (StatusCode, Value) {
        let response = self.post("/api/portfolio/trade", order).await;
        (response.status(), response.json().await.unwrap())
    }

    pub async fn portfolio(&self) -> Value {
        self.read("/api/portfolio").await
    }
}

/// A JSON amount of dollars, as whole cents.
pub fn cents(amount: &Value) -> i64 {
    (amount.as_f64().expect("an amount of money") * 100.0).round() as i64
}

/// `cash + Σ cost basis = deposit + realised`, as far as the response shows it: cost basis is value less unrealised
/// P&L.
pub fn assert_identity(portfolio: &Value) {
    let cost_basis = cents(&portfolio["positions_value"]) - cents(&portfolio["unrealized_pnl"]);
    assert_eq!(cents(&portfolio["cash_balance"]) + cost_basis, 1_000_000 + cents(&portfolio["realized_pnl"]));
}
