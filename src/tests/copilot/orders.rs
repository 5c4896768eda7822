//! Orders that wait, cancellations and alerts of the copilot.

use serde_json::{Value, json};

use super::{ask, set_autonomy};
use crate::{app::TestApp, app::cents};

/// The built-in copilot; the prices stay as they are for the time of a test.
async fn start(variables: &[(&str, &str)]) -> TestApp {
    let unset = [("LLM_MOCK", "false"), ("SIM_TICK_MS", "60000")];
    TestApp::start_with(&[&unset, variables].concat()).await
}

async fn open_orders(app: &TestApp) -> Vec<Value> {
    app.client.read("/api/orders").await["orders"].as_array().unwrap().clone()
}

#[tokio::test]
async fn it_places_orders_that_wait_tells_them_and_cancels_them() {
    let app = start(&[]).await;
    let asked = ask(&app.client, "buy 5 NVDA at 2").await;
    let order = &asked["orders"][0];
    assert_eq!(
        (&order["status"], &order["type"], &order["limit_price"]),
        (&json!("executed"), &json!("limit"), &json!(2.0))
    );
    assert_eq!((&asked["trades"], &order["ticker"]), (&json!([]), &json!("NVDA")));
    let open = open_orders(&app).await;
    assert_eq!((open.len(), &open[0]["source"], cents(&open[0]["held_amount"])), (1, &json!("copilot"), 1_000));
    let told = ask(&app.client, "what are my open orders?").await["message"].as_str().unwrap().to_owned();
    assert!(told.contains("1 open order") && told.contains("- buy 5 NVDA at 2.00 (working)"), "{told}");
    let stop = ask(&app.client, "sell 5 NVDA stop 1").await;
    assert_eq!(stop["orders"][0]["status"], "rejected", "there is nothing to sell");
    assert!(stop["orders"][0]["error"].as_str().unwrap().contains("shares"), "{stop}");
    let cancelled = ask(&app.client, "cancel my orders").await;
    assert_eq!(cancelled["cancellations"][0]["status"], "executed", "{cancelled}");
    assert!(open_orders(&app).await.is_empty());
    let again = ask(&app.client, "cancel my orders").await;
    assert_eq!(again["cancellations"][0]["status"], "rejected");
    let history = app.client.read("/api/chat").await;
    let kept: Vec<&Value> =
        history["messages"].as_array().unwrap().iter().filter(|said| said["role"] == "assistant").collect();
    assert_eq!(kept[0]["orders"], asked["orders"], "it is kept as it was told");
}

#[tokio::test]
async fn what_waits_counts_in_its_limits() {
    let app = start(&[("COPILOT_NOTIONAL_PER_MINUTE", "3000")]).await;
    assert_eq!(ask(&app.client, "buy 1000 V at 2").await["orders"][0]["status"], "executed");
    let second = ask(&app.client, "buy 1000 V at 2").await;
    assert_eq!(second["orders"][0]["status"], "rejected", "{second}");
    assert!(second["orders"][0]["error"].as_str().unwrap().contains("$2,000.00 is used"), "{second}");
    let large = ask(&app.client, "buy 5000 F at 1.5").await;
    assert!(large["orders"][0]["error"].as_str().unwrap().contains("50 %"), "{large}");
    assert_eq!(open_orders(&app).await.len(), 1);
}

#[tokio::test]
async fn it_proposes_orders_and_alerts_and_a_click_places_them() {
    let app = start(&[]).await;
    set_autonomy(&app.client, "propose").await;
    let asked = ask(&app.client, "buy 5 NVDA at 2 and alert me when NVDA is above 100000").await;
    let (order, alert) = (&asked["orders"][0], &asked["alerts"][0]);
    assert_eq!(
        (&order["status"], &alert["status"], &alert["when"]),
        (&json!("proposed"), &json!("proposed"), &json!("above"))
    );
    assert!(open_orders(&app).await.is_empty());
    for action in [order, alert] {
        let approve = json!({ "action_id": action["id"] });
        super::call::<finally::api::ApproveAction>(&app.client, approve).await;
    }
    assert_eq!(open_orders(&app).await.len(), 1);
    let alerts = app.client.read("/api/alerts").await;
    assert_eq!(alerts["alerts"][0]["sentence"], "NVDA is above 100000");
}
