//! Messages, replies, and the outcomes of their actions.

use super::{Bench, MAIN, after_noon, order, price, quantity, ticker};
use crate::{
    domain::{
        account_id::AccountId,
        chat::{Action, ActionStatus, MisreadAction},
        copilot::{Autonomy, CopilotLimits},
        library::Citation,
        order::{OrderSource, Side},
    },
    error::ApiError,
    server::ledger::{
        PlaceOrder, UnwatchTicker, WatchTicker,
        chat::{
            ActionRun, BeginTurn, ClearChat, CloseTurns, DismissAction, NewAction, Provenance, RecordReply, RunActions,
            SetAutonomy, Step,
        },
    },
};

/// Stores a person's message.
pub fn say(bench: &mut Bench, account: AccountId, id: &str) {
    bench.submit(account, begin(id, None)).unwrap();
}

fn begin(id: &str, name: Option<&str>) -> BeginTurn {
    BeginTurn {
        id: id.to_owned(),
        text: format!("Buy V, says {id}").parse().unwrap(),
        client_message_id: name.map(|name| name.parse().unwrap()),
        at: after_noon(10),
    }
}

fn action(id: &str, action: Action, status: ActionStatus) -> NewAction {
    let price = matches!(action, Action::Trade { .. }).then(|| price(1_000_000));
    NewAction { id: id.to_owned(), action, status, price, error: None, estimate: None }
}

fn buy(id: &str) -> NewAction {
    action(id, Action::Trade { ticker: ticker("V"), side: Side::Buy, quantity: quantity("2") }, ActionStatus::Pending)
}

fn run_buy(id: &str) -> ActionRun {
    let order = PlaceOrder { source: OrderSource::Copilot, ..order(Side::Buy, "V", "2", id, after_noon(11)) };
    ActionRun { action_id: id.to_owned(), step: Step::Trade(Box::new(order)) }
}

fn reply(id: &str, to: &str, actions: Vec<NewAction>, runs: Vec<ActionRun>) -> RecordReply {
    RecordReply {
        id: id.to_owned(),
        in_reply_to: to.to_owned(),
        message: "Done.".to_owned(),
        failure: None,
        provenance: Provenance { model: Some("m".to_owned()), latency_ms: Some(5), ..Provenance::default() },
        actions,
        misread: Vec::new(),
        citations: Vec::new(),
        runs,
        limits: CopilotLimits::default(),
        autonomy_max: Autonomy::Auto,
        at: after_noon(11),
    }
}

pub fn converse(bench: &mut Bench) {
    bench.submit(MAIN, begin("q1", Some("m1"))).unwrap();
    bench.submit(MAIN, begin("q1", Some("m1"))).unwrap();
    let other = bench.submit(MAIN, begin("q2", Some("m1")));
    assert_eq!(other, Err(ApiError::MessageIdReused { client_message_id: "m1".to_owned() }));
    let watch = action("watch", Action::Watch(ticker("KO")), ActionStatus::Pending);
    let unwatch = action("unwatch", Action::Unwatch(ticker("XOM")), ActionStatus::Pending);
    let runs = vec![
        ActionRun {
            action_id: "watch".to_owned(),
            step: Step::Watch(WatchTicker { ticker: ticker("KO"), before: None, at: after_noon(11) }),
        },
        run_buy("buy"),
        ActionRun { action_id: "unwatch".to_owned(), step: Step::Unwatch(UnwatchTicker { ticker: ticker("XOM") }) },
    ];
    let misread = MisreadAction {
        ordinal: 1,
        is_trade: true,
        verb: "buy".to_owned(),
        quantity: "-1".to_owned(),
        ticker: "V".to_owned(),
        error: "That is not a quantity.".to_owned(),
    };
    let citation = Citation {
        source: "S1".to_owned(),
        document: "d".to_owned(),
        title: "Report".to_owned(),
        page: 4,
        start: 10,
        end: 31,
        quote: "Revenue   $ 5   \"é\"".to_owned(),
        context: "Acme · 10-K".to_owned(),
    };
    let reply1 = RecordReply {
        misread: vec![misread],
        citations: vec![citation],
        ..reply("r1", "q1", vec![watch, buy("buy"), unwatch], runs)
    };
    bench.submit(MAIN, reply1).unwrap();
    assert_eq!(bench.books[&MAIN].account.holdings[&ticker("V")].quantity, quantity("2"));

    bench.submit(MAIN, SetAutonomy(Autonomy::Propose)).unwrap();
    say(bench, MAIN, "q3");
    bench.submit(MAIN, reply("r3", "q3", vec![buy("later"), buy("never")], vec![run_buy("later")])).unwrap();
    bench.submit(MAIN, DismissAction { action_id: "never".to_owned(), at: after_noon(12) }).unwrap();
    let approve = || RunActions {
        from: ActionStatus::Proposed,
        runs: vec![run_buy("later"), run_buy("never"), run_buy("unknown")],
        limits: CopilotLimits::default(),
        at: after_noon(13),
    };
    bench.submit(MAIN, approve()).unwrap();
    bench.submit(MAIN, approve()).unwrap();
    assert_eq!(bench.books[&MAIN].account.holdings[&ticker("V")].quantity, quantity("4"));
    bench.submit(MAIN, ClearChat).unwrap();
    say(bench, MAIN, "q4");
}

pub fn cut_off(bench: &mut Bench) {
    say(bench, MAIN, "q1");
    bench.submit(MAIN, CloseTurns { at: after_noon(20) }).unwrap();
    bench.submit(MAIN, CloseTurns { at: after_noon(21) }).unwrap();
    say(bench, MAIN, "q2");
    bench.submit(MAIN, reply("r2", "q2", vec![buy("a")], Vec::new())).unwrap();
    say(bench, MAIN, "q3");
    let failed = RecordReply { failure: Some("llm_timeout"), ..reply("r3", "q3", Vec::new(), Vec::new()) };
    bench.submit(MAIN, failed).unwrap();
    bench.submit(MAIN, CloseTurns { at: after_noon(22) }).unwrap();
}
