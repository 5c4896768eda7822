//! The copilot, with a scripted OpenAI-compatible server.

mod answers;
mod built_in;
mod conversation;
mod decisions;
mod faults;
mod hostile;
mod library;
mod orders;
mod proposals;
mod real;
mod servers;
mod turns;

use std::path::Path;

use finally::api::SetAutonomy;
use leptos::server_fn::ServerFn;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{
    ConnectOptions, Row,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use crate::{
    app::{TestApp, TestClient},
    scripted::{Reply, Request, ScriptedServer},
};

/// Must appear nowhere but in the header that it is sent in.
const KEY: &str = "canary-key-7f3a";

const COMPLETIONS: &str = "/chat/completions";

/// Response of a model's server for the model's text `content`.
fn completion(content: impl Into<String>) -> Reply {
    counted(&content.into(), 900)
}

/// The same, for a prompt with this many tokens.
fn counted(content: &str, prompt_tokens: usize) -> Reply {
    Reply::json(&json!({
        "id": "gen-1", "model": "scripted/model",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": prompt_tokens, "completion_tokens": 40 },
    }))
}

/// The same, for a reply in the requested format.
fn reply(content: &Value) -> Reply {
    completion(content.to_string())
}

fn says(message: &str) -> Value {
    json!({ "message": message, "trades": [], "watchlist_changes": [] })
}

fn buys(quantity: f64, ticker: &str) -> Value {
    json!({ "message": "Buying.", "trades": [{ "ticker": ticker, "side": "buy", "quantity": quantity }] })
}

/// A server whose copilot is `model`, with these variables added.
async fn start_with(model: &ScriptedServer, variables: &[(&str, &str)]) -> TestApp {
    let url = model.url();
    let mut all = vec![
        ("LLM_MOCK", "false"),
        ("LLM_BASE_URL", url.as_str()),
        ("OPENROUTER_API_KEY", KEY),
        ("LLM_TIMEOUT_SECONDS", "2"),
    ];
    all.extend(variables);
    TestApp::start_with(&all).await
}

async fn start(model: &ScriptedServer) -> TestApp {
    start_with(model, &[]).await
}

/// A server, and a model that always gives the same reply.
async fn start_answering(content: Value) -> (TestApp, ScriptedServer) {
    let model = ScriptedServer::start(move |_| reply(&content)).await;
    (start(&model).await, model)
}

async fn say(client: &TestClient, message: &str) -> (StatusCode, Value) {
    let response = client.post("/api/chat", json!({ "message": message })).await;
    (response.status(), response.json().await.unwrap())
}

/// The copilot's answer; the response must be successful.
pub async fn ask(client: &TestClient, message: &str) -> Value {
    let (status, answer) = say(client, message).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

pub async fn messages(client: &TestClient) -> Vec<Value> {
    client.read("/api/chat").await["messages"].as_array().unwrap().clone()
}

async fn trades(client: &TestClient) -> Vec<Value> {
    client.read("/api/portfolio/trades").await["trades"].as_array().unwrap().clone()
}

async fn watched(client: &TestClient) -> Vec<String> {
    let list = client.read("/api/watchlist").await;
    list["tickers"].as_array().unwrap().iter().map(|entry| entry["ticker"].as_str().unwrap().to_owned()).collect()
}

/// Sets the autonomy through REST, like the page.
pub async fn set_autonomy(client: &TestClient, autonomy: &str) {
    let answer = call::<SetAutonomy>(client, json!({ "autonomy": autonomy })).await;
    assert_eq!(answer, json!(null));
}

/// Result of one of the page's server functions.
pub async fn call<F: ServerFn>(client: &TestClient, arguments: Value) -> Value {
    let response = client.post(F::PATH, arguments).await;
    assert_eq!(response.status(), StatusCode::OK, "{}", F::PATH);
    response.json().await.unwrap()
}

/// Rows of the database, including those that nobody is shown.
async fn rows(database: &Path, query: &'static str) -> Vec<SqliteRow> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    sqlx::query(query).fetch_all(&mut connection).await.unwrap()
}

async fn count(database: &Path, query: &'static str) -> i64 {
    rows(database, query).await[0].get(0)
}

/// JSON of a request to the model's server.
fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// The account's data in the prompt.
fn account_data(request: &Request) -> Value {
    let body = body(request);
    let system = body["messages"][0]["content"].as_str().unwrap().to_owned();
    serde_json::from_str(system.lines().last().unwrap()).unwrap()
}
