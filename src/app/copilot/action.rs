//! A reply's actions, executed or proposed: the record, beside the claims of its text.

use std::time::Duration;

use leptos::{ev::MouseEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::chat::{Chat, Row};
use crate::{
    app::{
        effects::effect,
        erase::{Erase, Piece},
        format::{money, or_missing},
        presses::{is_meant, press_once},
    },
    domain::{
        chat::{Action, ActionStatus, MisreadAction, RecordedAction},
        instant::UtcInstant,
        order::Side,
    },
};

#[component]
pub fn ActionCard(row: Row, action: RecordedAction, chat: Chat) -> impl IntoView {
    let RecordedAction { id, status, error, .. } = action.clone();
    let decide = {
        let row = row.clone();
        move |is_approved| chat.decide(row.clone(), id.clone(), is_approved)
    };
    let buttons = (status == ActionStatus::Proposed).then(|| {
        lapse_in_time(row, &action);
        let (approve, dismiss) = (decide.clone(), decide);
        let what = describe(&action.action, ActionStatus::Proposed);
        view! {
            <div class="action-buttons">
                <button
                    class="approve"
                    aria-label=format!("Approve: {what}")
                    on:click=move |event| {
                        if is_meant(&event) {
                            focus_card(&event);
                            approve(true);
                        }
                    }
                    on:keydown=|event| press_once(&event)
                >
                    "Approve"
                </button>
                <button
                    class="dismiss"
                    aria-label=format!("Dismiss: {what}")
                    on:click=move |event| {
                        if is_meant(&event) {
                            focus_card(&event);
                            dismiss(false);
                        }
                    }
                    on:keydown=|event| press_once(&event)
                >
                    "Dismiss"
                </button>
            </div>
        }
        .erase_to_change()
    });
    view! {
        <div class="action" tabindex="-1" data-testid="chat-action" data-status=status.as_str()>
            <p class="action-title">
                <b>{describe(&action.action, status)}</b>
                <span>{outcome(&action)}</span>
            </p>
            {estimate(&action).map(|words| view! { <p class="action-note" data-testid="chat-estimate">{words}</p> })}
            <p class="action-note">{error.unwrap_or_else(|| note(&action))}</p>
            {buttons}
        </div>
    }
    .erase_to_change()
}

/// An invalid action, as the model wrote it.
pub fn show_misread(misread: &MisreadAction) -> Piece {
    let MisreadAction { verb, quantity, ticker, error, .. } = misread;
    view! {
        <div class="action" data-testid="chat-action" data-status="rejected">
            <p class="action-title">
                <b>{[verb.as_str(), quantity, ticker].join(" ")}</b>
                <span>"✕ Rejected"</span>
            </p>
            <p class="action-note">{error.clone()}</p>
        </div>
    }
    .erase()
}

/// Keeps the focus on the action after its buttons are removed by a decision.
fn focus_card(event: &MouseEvent) {
    let button = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let card = button.and_then(|button| button.closest(".action").ok().flatten());
    if let Some(card) = card.and_then(|card| card.dyn_into::<HtmlElement>().ok()) {
        // Fails only for an element that has left the page.
        let _ = card.focus();
    }
}

/// `Bought 2 NVDA` for an executed action, `Buy 2 NVDA` for others.
fn describe(action: &Action, status: ActionStatus) -> String {
    let is_done = status == ActionStatus::Executed;
    let verb = match (action, is_done) {
        (Action::Trade { side: Side::Buy, .. }, true) => "Bought",
        (Action::Trade { side: Side::Buy, .. }, false) => "Buy",
        (Action::Trade { side: Side::Sell, .. }, true) => "Sold",
        (Action::Trade { side: Side::Sell, .. }, false) => "Sell",
        (Action::Watch(_), true) => "Watching",
        (Action::Watch(_), false) => "Watch",
        (Action::Unwatch(_), true) => "No longer watching",
        (Action::Unwatch(_), false) => "Stop watching",
        (Action::Order(_), true) => "Placed:",
        (Action::Order(_), false) => "Place:",
        (Action::Cancel(_) | Action::Alert(_), true) => "Done:",
        (Action::Cancel(_) | Action::Alert(_), false) => "Do:",
    };
    match action {
        Action::Trade { ticker, quantity, .. } => format!("{verb} {quantity} {ticker}"),
        Action::Watch(ticker) | Action::Unwatch(ticker) => format!("{verb} {ticker}"),
        Action::Order(_) | Action::Cancel(_) | Action::Alert(_) => format!("{verb} {action}"),
    }
}

/// A price, or a word that explains why there is none.
fn outcome(action: &RecordedAction) -> String {
    match action.status {
        ActionStatus::Executed | ActionStatus::Proposed if action.price.is_some() => {
            format!("at {}", or_missing(action.price))
        }
        ActionStatus::Executed => "✓ Done".to_owned(),
        ActionStatus::Proposed => "Proposed".to_owned(),
        ActionStatus::Pending => "Waiting".to_owned(),
        ActionStatus::Rejected => "✕ Rejected".to_owned(),
        ActionStatus::Dismissed => "Dismissed".to_owned(),
        ActionStatus::Lapsed => "Lapsed".to_owned(),
        ActionStatus::Advised => "Advice".to_owned(),
    }
}

/// Estimate of a proposed trade: `Costs $1,600.00; cash after: $8,400.00`.
fn estimate(action: &RecordedAction) -> Option<String> {
    let (Action::Trade { side, .. }, Some(estimate)) = (&action.action, action.estimate) else {
        return None;
    };
    let verb = match side {
        Side::Buy => "Costs",
        Side::Sell => "Brings",
    };
    let is_shown = matches!(action.status, ActionStatus::Proposed | ActionStatus::Rejected);
    is_shown.then(|| format!("{verb} {}; cash after: {}", money(estimate.notional), money(estimate.cash_after)))
}

/// Note for an action without an error.
fn note(action: &RecordedAction) -> String {
    let time = time_of_day(action.decided_at);
    match action.status {
        ActionStatus::Executed => format!("Executed {time} UTC"),
        ActionStatus::Proposed => match action.expires_at() {
            Some(end) => format!("Waits for your approval until {} UTC, or a move of 1 %", time_of_day(end)),
            None => String::new(),
        },
        ActionStatus::Dismissed => format!("You dismissed it at {time} UTC"),
        ActionStatus::Advised => "Nothing runs while the copilot may only advise".to_owned(),
        ActionStatus::Pending | ActionStatus::Rejected | ActionStatus::Lapsed => String::new(),
    }
}

/// `14:02:11`
fn time_of_day(at: UtcInstant) -> String {
    at.to_rfc3339().get(11..19).unwrap_or_default().to_owned()
}

/// Lets a proposal lapse on the page when its time is over.
fn lapse_in_time(row: Row, action: &RecordedAction) {
    let Some(end) = action.expires_at() else {
        return;
    };
    let id = action.id.clone();
    effect(move || {
        let (row, id) = (row.clone(), id.clone());
        let left_ms = end.unix_ms() as f64 - js_sys::Date::now();
        let left = Duration::from_millis(left_ms.max(0.0) as u64 + 1);
        let lapse = move || {
            row.line.update(|line| {
                for action in line.message.actions.iter_mut().filter(|action| action.id == id) {
                    let now = UtcInstant::from_unix_ms(js_sys::Date::now() as i64);
                    *action = action.clone().at(now);
                }
            });
        };
        if let Ok(timer) = set_timeout_with_handle(lapse, left) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{
        chat::{Cancelled, WaitingOrder},
        orders::terms::{Terms, TimeInForce},
    };

    fn buy() -> Action {
        Action::Trade { ticker: "NVDA".parse().unwrap(), side: Side::Buy, quantity: "2.5".parse().unwrap() }
    }

    fn order() -> Action {
        Action::Order(WaitingOrder {
            ticker: "NVDA".parse().unwrap(),
            side: Side::Buy,
            quantity: "2".parse().unwrap(),
            terms: Terms::Limit { limit: "120".parse().unwrap() },
            time_in_force: TimeInForce::Day,
        })
    }

    #[rstest]
    #[case::done(buy(), ActionStatus::Executed, "Bought 2.5 NVDA")]
    #[case::refused(buy(), ActionStatus::Rejected, "Buy 2.5 NVDA")]
    #[case::proposed(Action::Watch("XOM".parse().unwrap()), ActionStatus::Proposed, "Watch XOM")]
    #[case::ordered(order(), ActionStatus::Executed, "Placed: buy 2 NVDA at 120.00")]
    #[case::cancels(Action::Cancel(Cancelled::All), ActionStatus::Proposed, "Do: cancel all orders")]
    #[case::removed(Action::Unwatch("XOM".parse().unwrap()), ActionStatus::Executed, "No longer watching XOM")]
    fn only_what_is_done_is_said_to_be(#[case] action: Action, #[case] status: ActionStatus, #[case] text: &str) {
        assert_eq!(describe(&action, status), text);
    }

    #[test]
    fn a_moment_is_told_by_its_time() {
        assert_eq!(time_of_day(UtcInstant::from_unix_ms(1_795_356_131_512)), "14:02:11");
    }
}
