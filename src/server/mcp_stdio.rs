//! `finally --mcp`: the Model Context Protocol over standard input and output, for clients that start a program of their
//! own. Each message goes to the server that runs at `HOST` and `PORT`, with the token in `FINALLY_TOKEN`, if there is one.

use std::{
    env,
    io::{Write, stdin, stdout},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{config::Config, https::client_builder, reachable};

/// A tool may wait for a price, or for the database.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Name of the variable that holds the token.
const TOKEN: &str = "FINALLY_TOKEN";

/// JSON-RPC's code of a message that is not JSON.
const PARSE_ERROR: i64 = -32_700;
/// A code of our own, from JSON-RPC's range for servers: the server refused, or was not there.
const NO_ANSWER: i64 = -32_000;

/// Hands messages on until standard input ends.
pub fn run() -> ExitCode {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string()),
    };
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&format!("the runtime cannot start: {cause}")),
    };
    let address = reachable(SocketAddr::new(config.host, config.port));
    match serve(&runtime, format!("http://{address}/mcp")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(&reason),
    }
}

fn fail(reason: &str) -> ExitCode {
    // Standard output belongs to the protocol.
    eprintln!("finally --mcp: {reason}");
    ExitCode::FAILURE
}

/// Answers one message after the other.
fn serve(runtime: &Runtime, url: String) -> Result<(), String> {
    let client = client_builder().no_proxy().timeout(TIMEOUT).build().map_err(|cause| cause.to_string())?;
    let mut bridge = Bridge { client, url, token: env::var(TOKEN).ok(), version: None };
    for line in stdin().lines() {
        let line = line.map_err(|cause| cause.to_string())?;
        if line.trim().is_empty() {
            continue;
        }
        if let Some(answer) = runtime.block_on(bridge.answer(&line)) {
            let mut output = stdout().lock();
            writeln!(output, "{answer}").and_then(|()| output.flush()).map_err(|cause| cause.to_string())?;
        }
    }
    Ok(())
}

struct Bridge {
    client: Client,
    url: String,
    token: Option<String>,
    /// The protocol's version, once it was agreed upon.
    version: Option<String>,
}

impl Bridge {
    /// The answer to a message; `None` to a notification.
    async fn answer(&mut self, line: &str) -> Option<Value> {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            return Some(failure(&Value::Null, PARSE_ERROR, "The message is not JSON."));
        };
        let id = message.get("id").cloned();
        match self.post(&message).await {
            Ok(answer) => {
                if let Some(version) = answer.as_ref().and_then(|answer| answer["result"]["protocolVersion"].as_str()) {
                    self.version = Some(version.to_owned());
                }
                answer
            }
            Err(reason) => id.map(|id| failure(&id, NO_ANSWER, &reason)),
        }
    }

    async fn post(&self, message: &Value) -> Result<Option<Value>, String> {
        let mut request = self.client.post(&self.url).json(message);
        request = request.header(header::ACCEPT, "application/json, text/event-stream");
        if let Some(version) = &self.version {
            request = request.header("mcp-protocol-version", version);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response =
            request.send().await.map_err(|_| format!("FinAlly does not answer at {}; start it first.", self.url))?;
        let status = response.status();
        let body = response.text().await.map_err(|cause| cause.to_string())?;
        match status {
            StatusCode::ACCEPTED => Ok(None),
            status if status.is_success() => {
                let text = body.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or(&body);
                serde_json::from_str(text).map(Some).map_err(|_| "The server's answer cannot be read.".to_owned())
            }
            status => {
                let problem: Option<Value> = serde_json::from_str(&body).ok();
                let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
                Err(detail.map_or_else(|| format!("The server answered {status}."), str::to_owned))
            }
        }
    }
}

fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
