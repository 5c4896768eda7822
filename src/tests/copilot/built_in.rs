//! The built-in copilot, and a model that a person connects in the page.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use finally::api::{ChangeModel, LoadConversation};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{KEY, ask, call, count, reply, says, set_autonomy, trades};
use crate::{
    app::{TestApp, TestProcess},
    events::Events,
    scripted::{Reply, ScriptedServer},
};

/// No model is configured; prices do not change during a test.
const UNSET: [(&str, &str); 2] = [("LLM_MOCK", "false"), ("SIM_TICK_MS", "60000")];

async fn start_unset() -> TestApp {
    TestApp::start_with(&UNSET).await
}

/// `$1,234.50`
fn dollars(amount: &Value) -> String {
    let cents = crate::app::cents(amount);
    let whole = (cents.abs() / 100).to_string();
    let groups =
        whole.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect::<Vec<_>>().join(",");
    format!("{}${groups}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() % 100)
}

#[tokio::test]
async fn without_any_setting_the_built_in_copilot_answers_with_exact_figures() {
    let app = start_unset().await;
    assert_eq!(app.client.read("/api/health").await["copilot"], "built_in");
    let asked = ask(&app.client, "Buy 3 more AAPL, buy two shares of nvidia and watch XOM").await;
    let statuses: Vec<_> = asked["trades"].as_array().unwrap().iter().map(|trade| &trade["status"]).collect();
    assert_eq!(statuses, ["executed", "executed"], "{asked}");
    assert_eq!(asked["watchlist_changes"][0]["status"], "executed");

    let portfolio = app.client.portfolio().await;
    let told = ask(&app.client, "How am I doing?").await;
    let message = told["message"].as_str().unwrap();
    for figure in ["total_value", "cash_balance", "positions_value"] {
        assert!(message.contains(&dollars(&portfolio[figure])), "{figure} in {message}");
    }
    let largest = ask(&app.client, "What is my largest position?").await["message"].as_str().unwrap().to_owned();
    let nvda = portfolio["positions"].as_array().unwrap().iter().find(|held| held["ticker"] == "NVDA").unwrap();
    assert!(largest.contains("**NVDA** (NVIDIA): 2 shares worth"), "{largest}");
    assert!(largest.contains(&dollars(&nvda["market_value"])), "{largest}");
    let traded = ask(&app.client, "What did I trade?").await["message"].as_str().unwrap().to_owned();
    for trade in trades(&app.client).await {
        let line = format!("bought {} {} at", trade["quantity"].as_f64().unwrap(), trade["ticker"].as_str().unwrap());
        assert!(traded.contains(&line) && traded.contains(&dollars(&trade["notional"])), "{line} in {traded}");
    }
    let why = ask(&app.client, "Why did my total fall today?").await["message"].as_str().unwrap().to_owned();
    assert!(why.starts_with(&format!("Your total is {}", dollars(&portfolio["total_value"]))), "{why}");

    let sold = ask(&app.client, "sell all my AAPL").await;
    assert_eq!((&sold["trades"][0]["quantity"], &sold["trades"][0]["status"]), (&json!(3.0), &json!("executed")));
    assert_eq!(ask(&app.client, "should I buy 5 AAPL?").await["trades"], json!([]));
}

#[tokio::test]
async fn how_the_month_went_is_answered_from_the_figures_of_performance() {
    let app = start_unset().await;
    assert_eq!(app.client.trade("buy", 3.0, "NVDA").await.0, StatusCode::OK);
    app.client.post("/api/flows", json!({ "amount": 250 })).await;
    // The benchmark is followed from the first answer on, which makes a tick; the next one comes a minute later.
    app.client.read("/api/performance?range=1m").await;
    let figures = app.client.read("/api/performance?range=1m").await;
    let told = ask(&app.client, "How did I do this month?").await["message"].as_str().unwrap().to_owned();
    for amount in ["opening_value", "closing_value"] {
        assert!(told.contains(&dollars(&figures[amount])), "{amount} in {told}");
    }
    let twr = figures["figures"]["twr"]["value"].as_f64().unwrap();
    assert!(told.contains(&format!("Time-weighted return: {twr:+.2} %")), "{told}");
    assert!(told.contains("+$250.00 of deposits less withdrawals"), "{told}");
    assert!(told.contains("[Performance](/performance), range 1m"), "{told}");
    let ratio = ask(&app.client, "What is my Sharpe ratio?").await["message"].as_str().unwrap().to_owned();
    assert!(ratio.contains("Sharpe ratio: not enough data yet") && ratio.contains("range all"), "{ratio}");
}

#[tokio::test]
async fn the_page_says_that_there_is_no_language_model_and_how_to_connect_one() {
    let app = start_unset().await;
    let html = app.client.get("/").await.text().await.unwrap();
    assert!(html.contains("built-in, no language model"));
    assert!(html.contains("Connect a language model"), "the line that says how");
    let seen = call::<LoadConversation>(&app.client, json!({ "before": null })).await;
    assert_eq!((&seen["availability"], &seen["model"]), (&json!("built_in"), &json!("built-in, no language model")));
}

#[tokio::test]
async fn settings_are_read_and_changed_over_rest() {
    let app = start_unset().await;
    let copilot = json!({ "kind": "built_in", "model": "built-in, no language model", "set_by_environment": false });
    assert_eq!(app.client.read("/api/settings").await, json!({ "autonomy": "auto", "copilot": copilot }));
    let patch = async |body: Value| {
        let request = app.client.http.request(Method::PATCH, app.client.url("/api/settings")).json(&body);
        let response = request.send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let (status, changed) = patch(json!({ "autonomy": "advise" })).await;
    assert_eq!((status, &changed["autonomy"]), (StatusCode::OK, &json!("advise")));
    assert_eq!(ask(&app.client, "buy 1 V").await["trades"][0]["status"], "advised");
    for (body, code) in [
        (json!({ "autonomy": "always" }), "invalid_parameter"),
        (json!({ "autonomy": 1 }), "invalid_parameter"),
        (json!({}), "missing_field"),
        (json!({ "autonomy": "auto", "key": "x" }), "malformed_json"),
    ] {
        let (status, problem) = patch(body).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!(code)));
    }
    assert_eq!(app.client.read("/api/settings").await["autonomy"], "advise");
    set_autonomy(&app.client, "auto").await;
    assert_eq!(app.client.read("/api/settings").await["autonomy"], "auto");
}

/// A model server on this machine with two models, one of which answers.
async fn start_local() -> ScriptedServer {
    ScriptedServer::start(|request| match request.path.as_str() {
        "/v1/models" => Reply::json(&json!({ "object": "list", "data": [{ "id": "tiny:1b" }, { "id": "broken" }] })),
        _ if String::from_utf8_lossy(&request.body).contains("\"broken\"") => Reply::text(400, "{}"),
        _ => reply(&says("From the model")),
    })
    .await
}

async fn change(app: &TestApp, change: Value) -> Value {
    call::<ChangeModel>(&app.client, json!({ "change": change })).await
}

fn connect(port: u16, model: &str, key: Option<&str>) -> Value {
    json!({ "Connect": { "place": { "Here": { "port": port } }, "model": model, "key": key } })
}

/// `GET` and `PATCH` return the same model state.
async fn assert_settings(app: &TestApp, kind: &str, model: &str) {
    let read = app.client.read("/api/settings").await;
    assert_eq!(read["copilot"], json!({ "kind": kind, "model": model, "set_by_environment": false }));
    let request = app.client.http.request(Method::PATCH, app.client.url("/api/settings"));
    let patched = request.json(&json!({ "autonomy": read["autonomy"] })).send().await.unwrap();
    assert_eq!(patched.json::<Value>().await.unwrap(), read);
}

#[tokio::test]
async fn a_model_of_this_machine_is_found_tried_kept_and_let_go() {
    let model = start_local().await;
    let (port, silent) = (model.address.port(), ScriptedServer::start(|_| Reply::Stall).await);
    let ports = format!("{port},{}", silent.address.port());
    let variables = [UNSET[0], UNSET[1], ("TEST_MODEL_PORTS", ports.as_str()), ("LLM_TIMEOUT_SECONDS", "3")];
    let app = TestApp::start_with(&variables).await;
    assert!(model.requests().is_empty(), "nobody is asked before a click");

    let found = change(&app, json!("Find")).await["Ok"]["found"].clone();
    let entry = |name: &str| json!({ "server": "Scripted", "port": port, "model": name });
    assert_eq!(found, json!([entry("tiny:1b"), entry("broken")]));
    assert_eq!(model.requests().len(), 1);

    let refused = change(&app, connect(port, "broken", Some(KEY))).await;
    assert!(refused["Err"]["llm_unavailable"].is_object(), "{refused}");
    assert_eq!(app.client.read("/api/health").await["copilot"], "built_in", "one that does not answer is not kept");
    let file = app.folder().join("db/finally.db.model");
    assert!(!file.exists());

    let (mut events, _) = Events::begin(&app.client).await;
    let connected = change(&app, connect(port, "tiny:1b", Some(KEY))).await;
    assert_eq!(events.next().await.unwrap().kind, "settings", "other pages follow");
    assert_settings(&app, "ready", "tiny:1b").await;
    assert_eq!((&connected["Ok"]["availability"], &connected["Ok"]["model"]), (&json!("ready"), &json!("tiny:1b")));
    assert_eq!(ask(&app.client, "Hello").await["message"], "From the model");
    assert_eq!(model.requests().last().unwrap().headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&file).unwrap().contains(KEY), "kept with the database, and not in it");
    assert_eq!(count(&app.database(), "SELECT COUNT(*) FROM chat_messages WHERE raw_reply LIKE '%canary%'").await, 0);

    // It is kept over a restart; the environment's setting takes precedence, and the page is told so.
    let app = app.restart_with(&variables).await;
    assert_eq!(ask(&app.client, "Again").await["message"], "From the model");
    let app = app.restart_with(&[("LLM_MOCK", "true")]).await;
    assert_eq!(app.client.read("/api/settings").await["copilot"]["set_by_environment"], true);
    assert_eq!(app.client.read("/api/health").await["copilot"], "mock");
    assert!(change(&app, json!("Remove")).await["Err"]["invalid_parameter"].is_object());

    let app = app.restart_with(&variables).await;
    let (mut events, _) = Events::begin(&app.client).await;
    let removed = change(&app, json!("Remove")).await;
    assert_eq!(events.next().await.unwrap().kind, "settings");
    assert_settings(&app, "built_in", "built-in, no language model").await;
    assert_eq!(removed["Ok"]["availability"], "built_in");
    assert!(!file.exists());
    let app = app.restart_with(&variables).await;
    assert_eq!(app.client.read("/api/health").await["copilot"], "built_in");
}

#[rstest]
#[case::another_port(connect(1, "m", None))]
#[case::no_model(connect(9, " ", None))]
#[case::no_key(json!({ "Connect": { "place": "OpenRouter", "model": "m", "key": null } }))]
#[case::a_key_that_is_none(json!({ "Connect": { "place": "OpenRouter", "model": "m", "key": "two words" } }))]
#[case::a_key_with_a_line(json!({ "Connect": { "place": "OpenRouter", "model": "m", "key": "canary\r\nx-evil: 1" } }))]
#[tokio::test]
async fn what_cannot_be_connected_is_refused_without_asking_anybody(#[case] wanted: Value) {
    let app = TestApp::start_with(&[UNSET[0], UNSET[1], ("TEST_MODEL_PORTS", "9")]).await;
    let answer = change(&app, wanted).await;
    assert!(answer["Err"]["invalid_parameter"].is_object(), "{answer}");
    assert!(!answer.to_string().contains("canary"));
}

#[tokio::test]
async fn a_server_does_not_find_itself() {
    let app = TestApp::start_with(&UNSET).await;
    let port = app.client.address.port();
    let own = port.to_string();
    let app = app.restart_with(&[UNSET[0], UNSET[1], ("PORT", &own), ("TEST_MODEL_PORTS", &own)]).await;
    assert_eq!(change(&app, json!("Find")).await["Ok"]["found"], json!([]));
    assert!(change(&app, connect(port, "m", None)).await["Err"].is_object());
}

/// Checks everything that a person can see, and everything that is written.
async fn assert_key_shows_nowhere(process: TestProcess, folder: &Path) {
    for path in ["/", "/api/health", "/api/settings", "/api/openapi.json", "/metrics", "/api/chat", "/api/portfolio"] {
        assert!(!process.client.get(path).await.text().await.unwrap().contains(KEY), "{path}");
    }
    let log = process.terminate_and_read_log().await;
    assert!(log.contains("POST /api/fn/"), "the requests are logged: {log}");
    assert!(!log.contains(KEY), "{log}");
    for entry in fs::read_dir(folder.join("db")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{}", path.display());
    }
}

#[tokio::test]
async fn a_key_that_was_refused_shows_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    // This proxy reaches no server.
    let variables = [
        ("LLM_MOCK", "false"),
        ("RUST_LOG", "trace"),
        ("LLM_TIMEOUT_SECONDS", "1"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ];
    let process = TestProcess::start_with(folder.path(), &variables).await;
    let wanted = json!({ "Connect": { "place": "OpenRouter", "model": "a/b", "key": KEY } });
    let answer = call::<ChangeModel>(&process.client, json!({ "change": wanted })).await;
    assert!(answer["Err"]["llm_unavailable"].is_object() && !answer.to_string().contains(KEY), "{answer}");
    assert_key_shows_nowhere(process, folder.path()).await;
}

#[tokio::test]
async fn a_variable_that_is_misspelt_is_named_and_quotes_are_taken_off() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("LLM_MOCK", "\"false\""),
        ("SIM_SEEED", KEY),
        ("LLM_TIMEOUT", "5"),
        ("RUST_LOG", "'warn'"),
        ("SIM_TICK_MS", "\"50\""),
    ];
    let process = TestProcess::start_with(folder.path(), &variables).await;
    assert_eq!(process.client.read("/api/health").await["copilot"], "built_in");
    let log = process.terminate_and_read_log().await;
    assert!(
        log.contains("the variable SIM_SEEED is not known and has no effect; SIM_SEED may be what is meant"),
        "{log}"
    );
    assert!(log.contains("LLM_TIMEOUT_SECONDS may be what is meant"), "{log}");
    assert!(!log.contains(KEY) && !log.contains("INFO"), "{log}");
}
