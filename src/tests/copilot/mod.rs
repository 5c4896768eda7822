//! The copilot, over a scripted OpenAI-compatible server.

mod answers;
mod built_in;
mod conversation;
mod decisions;
mod faults;
mod hostile;
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

/// Must show nowhere but in the header that it is sent in.
const KEY: &str = "canary-key-7f3a";

const COMPLETIONS: &str = "/chat/completions";

/// What a model's server answers when the model wrote `content`.
fn completion(content: impl Into<String>) -> Reply {
    counted(&content.into(), 900)
}

/// The same, of a prompt with so many tokens.
fn counted(content: &str, prompt_tokens: usize) -> Reply {
    Reply::json(&json!({
        "id": "gen-1", "model": "scripted/model",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": prompt_tokens, "completion_tokens": 40 },
    }))
}

/// The same, for a reply of the form asked for.
fn reply(content: &Value) -> Reply {
    completion(content.to_string())
}

fn says(message: &str) -> Value {
    json!({ "message": message, "trades": [], "watchlist_changes": [] })
}

fn buys(quantity: f64, ticker: &str) -> Value {
    json!({ "message": "Buying.", "trades": [{ "ticker": ticker, "side": "buy", "quantity": quantity }] })
}

/// A server whose copilot is `model`, with these variables besides.
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

/// A server, and a model that always answers the same.
async fn start_answering(content: Value) -> (TestApp, ScriptedServer) {
    let model = ScriptedServer::start(move |_| reply(&content)).await;
    (start(&model).await, model)
}

async fn say(client: &TestClient, message: &str) -> (StatusCode, Value) {
    let response = client.post("/api/chat", json!({ "message": message })).await;
    (response.status(), response.json().await.unwrap())
}

/// The copilot's answer, which has to be one.
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

/// Sets the autonomy as the page does.
pub async fn set_autonomy(client: &TestClient, autonomy: &str) {
    let answer = call::<SetAutonomy>(client, json!({ "autonomy": autonomy })).await;
    assert_eq!(answer, json!(null));
}

/// What the page gets from one of its own functions.
pub async fn call<F: ServerFn>(client: &TestClient, arguments: Value) -> Value {
    let response = client.post(F::PATH, arguments).await;
    assert_eq!(response.status(), StatusCode::OK, "{}", F::PATH);
    response.json().await.unwrap()
}

/// What the database has, also of what nobody is shown.
async fn rows(database: &Path, query: &'static str) -> Vec<SqliteRow> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    sqlx::query(query).fetch_all(&mut connection).await.unwrap()
}

async fn count(database: &Path, query: &'static str) -> i64 {
    rows(database, query).await[0].get(0)
}

/// The JSON of a request to the model's server.
fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// What the model was told of the account.
fn account_data(request: &Request) -> Value {
    let body = body(request);
    let system = body["messages"][0]["content"].as_str().unwrap().to_owned();
    serde_json::from_str(system.lines().last().unwrap()).unwrap()
}
