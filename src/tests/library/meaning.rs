//! Search by meaning, with servers that embed and that put passages in order.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{document_id, settled, take_in, upload};
use crate::{
    app::TestApp,
    scripted::{Reply, Request, ScriptedServer},
};

const NOTES: &str = "Our rockets reached orbit twice in the spring, and both came back whole.\n";
const LUNCH: &str = "The canteen has a new cook, and lunch is better than it was for years.\n";

/// A direction for each text, by what it is about: words that mean the same share a dimension.
fn directions(request: &Request) -> Value {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let about = |text: &str, words: &[&str]| if words.iter().any(|word| text.contains(word)) { 1.0 } else { 0.05 };
    let direction = |text: &Value| {
        let text = text.as_str().unwrap().to_lowercase();
        [about(&text, &["rocket", "spacecraft"]), about(&text, &["canteen", "meals"]), about(&text, &["revenue"])]
    };
    let texts = body["input"].as_array().unwrap();
    let data: Vec<Value> =
        texts.iter().enumerate().map(|(index, text)| json!({ "index": index, "embedding": direction(text) })).collect();
    json!({ "data": data })
}

async fn app_with(embedding: &ScriptedServer) -> TestApp {
    let (address, model) = (embedding.url(), "scripted-embedder");
    TestApp::start_with(&[("EMBEDDING_BASE_URL", &address), ("EMBEDDING_MODEL", model), ("EMBEDDING_KEY", "secret")])
        .await
}

async fn search(app: &TestApp, query: &str) -> Value {
    app.client.read(&format!("/api/library/search?q={query}")).await
}

#[tokio::test]
async fn what_is_meant_is_found_where_no_word_is_shared() {
    let server = ScriptedServer::start(|request: &Request| Reply::json(&directions(request))).await;
    let app = app_with(&server).await;
    take_in(&app.client, "notes.txt", NOTES.as_bytes()).await;
    take_in(&app.client, "lunch.txt", LUNCH.as_bytes()).await;
    assert_eq!(app.client.read("/api/library/stats").await["search"], "hybrid");
    let asked = server.requests_to("/embeddings");
    assert_eq!(asked[0].headers["authorization"], "Bearer secret");

    let found = search(&app, "spacecraft&mode=dense").await;
    assert_eq!((&found["mode_used"], &found["note"]), (&json!("dense"), &Value::Null));
    assert!(found["hits"][0]["text"].as_str().unwrap().contains("rockets"), "{found}");
    let found = search(&app, "spacecraft").await;
    assert_eq!(found["mode_used"], "hybrid");
    assert!(found["hits"][0]["scores"]["dense"].as_f64().unwrap() > 0.9, "{found}");
    // Words alone do not know it.
    let found = search(&app, "spacecraft&mode=words").await;
    assert_eq!((&found["mode_used"], found["hits"].as_array().unwrap().len()), (&json!("words"), 0));
}

#[tokio::test]
async fn without_its_embedding_server_words_go_on_and_the_task_can_be_tried_again() {
    let server = ScriptedServer::start(|_: &Request| Reply::text(500, "{}")).await;
    let app = app_with(&server).await;
    let id = document_id(&upload(&app.client, "notes.txt", NOTES.as_bytes()).await);
    let document = settled(&app.client, &id).await;
    assert_eq!(
        (&document["state"], &document["task"]["state"], &document["task"]["error_code"]),
        (&json!("searchable"), &json!("failed"), &json!("embedding_unavailable"))
    );
    let found = search(&app, "rockets").await;
    assert_eq!((&found["mode_used"], found["hits"].as_array().unwrap().len()), (&json!("words"), 1));
    assert!(found["note"].as_str().unwrap().contains("does not answer"), "{found}");
    server.play(|request: &Request| Reply::json(&directions(request)));
    let task = document["task"]["id"].as_str().unwrap();
    let retried = app.client.post(&format!("/api/library/tasks/{task}/retry"), json!({})).await;
    assert_eq!(retried.status(), StatusCode::OK);
    assert_eq!(settled(&app.client, &id).await["state"], "done");
    assert_eq!(search(&app, "spacecraft").await["mode_used"], "hybrid");
}

#[tokio::test]
async fn a_rerank_server_has_the_last_word_unless_it_is_away() {
    let last_first = |request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let texts = body["documents"].as_array().unwrap();
        let score = |text: &Value| if text.as_str().unwrap().contains("second") { 1.0 } else { 0.1 };
        let results: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({ "index": index, "relevance_score": score(text) }))
            .collect();
        Reply::json(&json!({ "results": results }))
    };
    let server = ScriptedServer::start(last_first).await;
    let variables = [("RERANK_BASE_URL", server.url()), ("RERANK_MODEL", "scripted".to_owned())];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = TestApp::start_with(&variables).await;
    take_in(&app.client, "one.txt", b"Rockets rockets rockets: the first report, all of rockets.").await;
    take_in(&app.client, "two.txt", b"The second report names rockets once, among much else of other kinds.").await;
    let found = search(&app, "rockets").await;
    assert!(found["hits"][0]["text"].as_str().unwrap().contains("second"), "{found}");
    server.play(|_: &Request| Reply::Stall);
    let found = search(&app, "rockets").await;
    assert!(found["hits"][0]["text"].as_str().unwrap().contains("first"), "{found}");
    assert!(found["note"].as_str().unwrap().contains("rerank"), "{found}");
}
