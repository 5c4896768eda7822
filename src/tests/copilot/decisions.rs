//! Decisions made when an action is applied: autonomy, a proposal's age and its price bound, regardless of earlier
//! checks.

use std::{sync::Arc, time::Duration};

use finally::{
    domain::{
        account_id::AccountId,
        chat::{Action, ActionStatus, RecordedAction},
        copilot::{Autonomy, CopilotLimits, PROPOSAL_MS_MAX},
        instant::UtcInstant,
        money::Price,
        order::{OrderRequest, OrderSource, Side},
        quote::Quote,
        ticker::Ticker,
    },
    server::{
        ledger::{
            Ledger, PlaceOrder,
            chat::{ActionRun, BeginTurn, NewAction, Provenance, RecordReply, RunActions, SetAutonomy, Step},
        },
        market::{feed::Tick, hours::Hours},
        metrics::Metrics,
    },
};
use rstest::rstest;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{reply, say, set_autonomy, start_with, trades};
use crate::scripted::{Reply, ScriptedServer, eventually};

/// Delay of the model's reply: enough for a person to change a setting.
const THOUGHT: Duration = Duration::from_secs(1);

#[rstest]
#[case::advise("advise", "advised")]
#[case::propose("propose", "proposed")]
#[tokio::test]
async fn a_purchase_of_a_running_turn_obeys_the_autonomy_that_was_answered(
    #[case] autonomy: &str,
    #[case] becomes: &str,
) {
    let content = json!({ "message": "Buying.", "trades": [{ "ticker": "V", "side": "buy", "quantity": 1 }] });
    let model = ScriptedServer::start(move |_| late(reply(&content))).await;
    let app = start_with(&model, &[]).await;
    let client = app.client.clone();
    let asking = tokio::spawn(async move { say(&client, "Buy one V").await });
    eventually(Duration::from_secs(5), "the model is asked", async || model.requests().len() == 1).await;
    set_autonomy(&app.client, autonomy).await;
    let (_, answer) = asking.await.unwrap();
    assert_eq!(answer["trades"][0]["status"], becomes, "{answer}");
    assert!(trades(&app.client).await.is_empty());
}

/// The same reply, delayed.
fn late(answer: Reply) -> Reply {
    let Reply::Answer { body, .. } = answer else { unreachable!("a reply is an answer") };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Reply::Slow(vec![[head.as_bytes(), &body].concat()], THOUGHT)
}

const NOON_MS: i64 = 1_795_348_800_000;

fn after_noon(ms: i64) -> UtcInstant {
    UtcInstant::from_unix_ms(NOON_MS + ms)
}

fn ticker() -> Ticker {
    "V".parse().unwrap()
}

fn price(units: i64) -> Price {
    Price::from_units(units).unwrap()
}

/// An order for one share of V at a price, prepared some time before it is applied.
fn order(action_id: &str, units: i64, at: UtcInstant) -> ActionRun {
    let quote = Quote {
        ticker: ticker(),
        price: price(units),
        previous_price: price(units),
        previous_close: price(units),
        at,
        is_stale: false,
    };
    let step = Step::Trade(Box::new(PlaceOrder {
        order: OrderRequest {
            ticker: ticker(),
            side: Side::Buy,
            quantity: "1".parse().unwrap(),
            client_order_id: None,
            expected_price: None,
            max_slippage_percent: None,
        },
        source: OrderSource::Copilot,
        prices: Arc::new(Tick::new(1, [quote].into_iter().collect())),
        rules: finally::domain::orders::rules::FillRules::default(),
        trade_id: format!("trade-of-{action_id}"),
        executed_at: at,
    }));
    ActionRun { action_id: action_id.to_owned(), step }
}

/// A ledger with a reply that asks for one share of V at 100, judged under one autonomy and recorded under another.
async fn record(folder: &TempDir, judged: Autonomy, recorded: Autonomy) -> Ledger {
    let url = format!("sqlite://{}", folder.path().join("ledger.db").display());
    let clock = || UtcInstant::from_unix_ms(NOON_MS);
    let (metrics, closing) = (Metrics::default(), CancellationToken::new());
    let (ledger, _) = Ledger::open(&url, clock, Hours::Continuous, metrics, closing).await.unwrap();
    let (text, at) = ("Buy 1 V".parse().unwrap(), after_noon(0));
    ledger
        .submit(AccountId::DEFAULT, BeginTurn { id: "question".to_owned(), text, client_message_id: None, at })
        .await
        .unwrap();
    ledger.submit(AccountId::DEFAULT, SetAutonomy(recorded)).await.unwrap();
    let action = Action::Trade { ticker: ticker(), side: Side::Buy, quantity: "1".parse().unwrap() };
    let status = ActionStatus::Pending.under(judged);
    let reply = RecordReply {
        id: "reply".to_owned(),
        in_reply_to: "question".to_owned(),
        message: "Buying.".to_owned(),
        failure: None,
        provenance: Provenance::default(),
        actions: vec![NewAction {
            id: "a".to_owned(),
            action,
            status,
            price: Some(price(1_000_000)),
            error: None,
            estimate: None,
        }],
        misread: Vec::new(),
        citations: Vec::new(),
        runs: vec![order("a", 1_000_000, at)],
        limits: CopilotLimits::default(),
        autonomy_max: Autonomy::Auto,
        at,
    };
    ledger.submit(AccountId::DEFAULT, reply).await.unwrap();
    ledger
}

async fn action(ledger: &Ledger) -> RecordedAction {
    ledger.action(AccountId::DEFAULT, "a", after_noon(0)).await.unwrap().unwrap()
}

#[rstest]
#[case::taken_back(Autonomy::Auto, Autonomy::Advise, ActionStatus::Advised)]
#[case::to_be_asked(Autonomy::Auto, Autonomy::Propose, ActionStatus::Proposed)]
#[case::no_longer_proposed(Autonomy::Propose, Autonomy::Advise, ActionStatus::Advised)]
#[case::given_meanwhile(Autonomy::Advise, Autonomy::Auto, ActionStatus::Advised)]
#[case::as_it_was(Autonomy::Auto, Autonomy::Auto, ActionStatus::Executed)]
#[tokio::test]
async fn a_reply_is_recorded_under_the_autonomy_of_that_moment(
    #[case] judged: Autonomy,
    #[case] recorded: Autonomy,
    #[case] becomes: ActionStatus,
) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = record(&folder, judged, recorded).await;
    let action = action(&ledger).await;
    assert_eq!(action.status, becomes);
    let has_price = matches!(becomes, ActionStatus::Executed | ActionStatus::Proposed);
    assert_eq!(action.price.is_some(), has_price);
    assert_eq!(ledger.books(AccountId::DEFAULT).account.holdings.is_empty(), becomes != ActionStatus::Executed);
}

#[rstest]
#[case::at_the_bound(1_010_000, 0, None)]
#[case::beyond_it(1_010_001, 0, Some("The price moved from 100.00 to 101.0001"))]
#[case::below_it(989_999, 0, Some("The price moved from 100.00 to 98.9999"))]
#[case::just_in_time(1_000_000, PROPOSAL_MS_MAX, None)]
#[case::too_late(1_000_000, PROPOSAL_MS_MAX + 1, Some("It was not approved within 2 minutes."))]
#[case::from_the_future(1_000_000, -PROPOSAL_MS_MAX - 1, Some("It was not approved within 2 minutes."))]
#[tokio::test]
async fn a_proposal_is_bound_to_the_price_that_fills_it_and_to_the_time_that_it_is_applied_at(
    #[case] fills_at: i64,
    #[case] ms: i64,
    #[case] lapse: Option<&str>,
) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = record(&folder, Autonomy::Propose, Autonomy::Propose).await;
    let (limits, at) = (CopilotLimits::default(), after_noon(ms));
    let approve = RunActions { from: ActionStatus::Proposed, runs: vec![order("a", fills_at, at)], limits, at };
    ledger.submit(AccountId::DEFAULT, approve).await.unwrap();
    let action = action(&ledger).await;
    match lapse {
        None => assert_eq!((action.status, action.price), (ActionStatus::Executed, Some(price(fills_at)))),
        Some(reason) => {
            assert_eq!((action.status, action.price), (ActionStatus::Lapsed, Some(price(1_000_000))), "as proposed");
            assert!(action.error.as_deref().unwrap().starts_with(reason), "{action:?}");
            assert!(ledger.books(AccountId::DEFAULT).account.holdings.is_empty());
        }
    }
}

#[tokio::test]
async fn a_proposal_is_not_approved_while_the_copilot_may_only_advise() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = record(&folder, Autonomy::Propose, Autonomy::Propose).await;
    ledger.submit(AccountId::DEFAULT, SetAutonomy(Autonomy::Advise)).await.unwrap();
    let (limits, at) = (CopilotLimits::default(), after_noon(0));
    let approve = RunActions { from: ActionStatus::Proposed, runs: vec![order("a", 1_000_000, at)], limits, at };
    ledger.submit(AccountId::DEFAULT, approve).await.unwrap();
    assert_eq!(action(&ledger).await.status, ActionStatus::Advised);
    assert!(ledger.books(AccountId::DEFAULT).account.holdings.is_empty());
}
