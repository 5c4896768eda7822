//! Autonomy: advice, proposals that wait for approval, and their outcomes.

use finally::api::{ApproveAction, DismissAction, LoadConversation};
use leptos::server_fn::ServerFn;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use super::{ask, body, call, messages, set_autonomy, start_answering, trades, watched};
use crate::{app::TestApp, scripted::ScriptedServer};

fn content() -> Value {
    json!({
        "message": "I suggest this.",
        "trades": [{ "ticker": "V", "side": "buy", "quantity": 2 }],
        "watchlist_changes": [{ "ticker": "XOM", "action": "add" }],
    })
}

/// A copilot that proposes, with the ids of the proposed trade and addition.
async fn start_proposing() -> (TestApp, ScriptedServer, String, String) {
    let (app, model) = start_answering(content()).await;
    set_autonomy(&app.client, "propose").await;
    let answer = ask(&app.client, "What now?").await;
    let id = |list: &str| answer[list][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&answer["trades"][0]["status"], &answer["watchlist_changes"][0]["status"]),
        (&json!("proposed"), &json!("proposed"))
    );
    assert!(answer["trades"][0]["price"].as_f64().unwrap() > 0.0);
    assert!(trades(&app.client).await.is_empty());
    let (trade, addition) = (id("trades"), id("watchlist_changes"));
    (app, model, trade, addition)
}

/// State of an action after a person's decision.
async fn decide<F: ServerFn>(app: &TestApp, id: &str) -> Value {
    let answer = call::<F>(&app.client, json!({ "action_id": id })).await;
    let actions = answer["Ok"]["message"]["actions"].as_array().expect("the reply that it is part of").clone();
    actions.into_iter().find(|action| action["id"] == id).unwrap()
}

async fn change_record(app: &TestApp, statement: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(app.database()).connect().await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn advice_runs_nothing() {
    let (app, model) = start_answering(content()).await;
    set_autonomy(&app.client, "advise").await;
    let answer = ask(&app.client, "What now?").await;
    assert_eq!(answer["trades"][0]["status"], "advised");
    assert_eq!(answer["watchlist_changes"][0]["status"], "advised");
    assert!(trades(&app.client).await.is_empty());
    assert_eq!(watched(&app.client).await.len(), 10);
    assert!(body(&model.requests()[0]).to_string().contains("advise only"), "the model is told");
    let id = answer["trades"][0]["id"].as_str().unwrap();
    assert_eq!(decide::<ApproveAction>(&app, id).await["status"], "advised", "it was no proposal");
    assert!(trades(&app.client).await.is_empty());
}

#[tokio::test]
async fn the_setting_is_kept_and_checked() {
    let app = TestApp::start().await;
    set_autonomy(&app.client, "propose").await;
    let app = app.restart().await;
    let seen = call::<LoadConversation>(&app.client, json!({ "before": null })).await;
    assert_eq!((&seen["autonomy"], &seen["availability"]), (&json!("propose"), &json!("mock")));
    assert_eq!(ask(&app.client, "buy 1 V").await["trades"][0]["status"], "proposed");
}

#[tokio::test]
async fn a_proposal_runs_once_when_it_is_approved() {
    let (app, _model, trade, addition) = start_proposing().await;
    let (first, second) = tokio::join!(decide::<ApproveAction>(&app, &trade), decide::<ApproveAction>(&app, &trade));
    assert_eq!((&first["status"], &second["status"]), (&json!("executed"), &json!("executed")));
    let trades = trades(&app.client).await;
    assert_eq!(trades.len(), 1);
    let (ticker, quantity, source) = (&trades[0]["ticker"], &trades[0]["quantity"], &trades[0]["source"]);
    assert_eq!((ticker, quantity, source), (&json!("V"), &json!(2.0), &json!("copilot")));
    assert_eq!(decide::<DismissAction>(&app, &trade).await["status"], "executed", "too late");
    assert_eq!(decide::<ApproveAction>(&app, &addition).await["status"], "executed");
    assert!(watched(&app.client).await.contains(&"XOM".to_owned()));
    assert_eq!(messages(&app.client).await[1]["trades"][0]["status"], "executed");
}

#[tokio::test]
async fn a_dismissed_proposal_stays_so() {
    let (app, _model, trade, _) = start_proposing().await;
    assert_eq!(decide::<DismissAction>(&app, &trade).await["status"], "dismissed");
    assert_eq!(decide::<ApproveAction>(&app, &trade).await["status"], "dismissed");
    assert!(trades(&app.client).await.is_empty());
}

#[tokio::test]
async fn a_proposal_lapses_after_two_minutes() {
    let (app, _model, trade, _) = start_proposing().await;
    change_record(&app, "UPDATE chat_actions SET decided_at_ms = decided_at_ms - 120001").await;
    assert_eq!(messages(&app.client).await[1]["trades"][0]["status"], "lapsed");
    let action = decide::<ApproveAction>(&app, &trade).await;
    assert_eq!(
        (&action["status"], &action["error"]),
        (&json!("lapsed"), &json!("It was not approved within 2 minutes."))
    );
    assert!(trades(&app.client).await.is_empty());
}

#[tokio::test]
async fn a_proposal_lapses_when_its_price_moves() {
    let (app, _model, trade, _) = start_proposing().await;
    // Two percent from the proposed price: the market does not move that far during a test.
    change_record(&app, "UPDATE chat_actions SET price_units = price_units * 102 / 100 WHERE kind = 'buy'").await;
    let action = decide::<ApproveAction>(&app, &trade).await;
    assert_eq!(action["status"], "lapsed");
    assert!(action["error"].as_str().unwrap().starts_with("The price moved from "), "{action}");
    assert!(trades(&app.client).await.is_empty());
}

#[tokio::test]
async fn an_approval_passes_no_limit() {
    let (app, _model) = start_answering(json!({ "message": "", "trades": [
        { "ticker": "AAPL", "side": "buy", "quantity": 1000 }
    ] }))
    .await;
    set_autonomy(&app.client, "propose").await;
    let answer = ask(&app.client, "What now?").await;
    let action = decide::<ApproveAction>(&app, answer["trades"][0]["id"].as_str().unwrap()).await;
    assert_eq!(action["status"], "rejected");
    assert!(action["error"].as_str().unwrap().starts_with("Buying 1,000 AAPL costs"));
}

#[tokio::test]
async fn an_approval_of_nothing_says_so() {
    let app = TestApp::start().await;
    let answer = call::<ApproveAction>(&app.client, json!({ "action_id": "nothing" })).await;
    assert_eq!(answer, json!({ "Err": "not_found" }));
    assert_eq!(app.client.get("/api/health").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_proposal_that_cannot_be_done_is_refused_when_it_is_made() {
    let (app, _model) = start_answering(json!({
        "message": "I suggest this.",
        "trades": [
            { "ticker": "TSLA", "side": "buy", "quantity": 100_000 },
            { "ticker": "NVDA", "side": "sell", "quantity": 1 },
            { "ticker": "V", "side": "buy", "quantity": 2 },
        ],
    }))
    .await;
    set_autonomy(&app.client, "propose").await;
    let answer = ask(&app.client, "What now?").await;
    let [dear, missing, good] = [0, 1, 2].map(|index| &answer["trades"][index]);
    assert_eq!(dear["status"], "rejected");
    assert!(dear["error"].as_str().unwrap().starts_with("Buying 100,000 TSLA costs $"), "{dear}");
    assert!(dear["estimate"]["cash_after"].as_f64().unwrap() < 0.0, "{dear}");
    assert_eq!(missing["status"], "rejected");
    assert_eq!(missing["error"], "Selling 1 NVDA is not possible; you hold none.");
    assert_eq!((&good["status"], good.get("error")), (&json!("proposed"), None));
    let (cost, after) =
        (crate::app::cents(&good["estimate"]["notional"]), crate::app::cents(&good["estimate"]["cash_after"]));
    assert_eq!(cost + after, 1_000_000, "what it costs, and the cash after");
    assert_eq!(messages(&app.client).await[1]["trades"], answer["trades"], "it is kept so");
    let refused = dear["id"].as_str().unwrap();
    assert_eq!(decide::<ApproveAction>(&app, refused).await["status"], "rejected", "there is nothing to approve");
    assert!(trades(&app.client).await.is_empty());
}
