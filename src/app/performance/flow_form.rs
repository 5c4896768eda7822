//! The form for a deposit or a withdrawal. It sends under a name that stays while the same is tried again, so that nothing is
//! recorded twice.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{ev::SubmitEvent, prelude::*};

use super::{store::Desk, words};
use crate::{
    api::record_flow,
    app::{
        effects::detach,
        erase::{Erase, Piece},
        format::money,
        names::new_name,
    },
    domain::{
        money::Money,
        performance::flow::{ClientFlowId, FlowReceipt, NOTE_LENGTH_MAX, NewFlow},
    },
    error::ApiError,
};

/// Most resends of a flow without an answer, under the same name.
const RESENDS_MAX: u32 = 3;
const RESEND_DELAY: Duration = Duration::from_secs(1);

/// What is typed, and what becomes of it.
#[derive(Clone, Copy)]
struct Form {
    is_withdrawal: RwSignal<bool>,
    amount: RwSignal<String>,
    note: RwSignal<String>,
    refusal: RwSignal<Option<String>>,
    is_sending: RwSignal<bool>,
    /// The last one sent, while it is not known whether it was recorded.
    in_doubt: StoredValue<Option<NewFlow>>,
}

pub fn show_form(desk: Desk) -> Piece {
    let form = Form {
        is_withdrawal: RwSignal::new(false),
        amount: RwSignal::new(String::new()),
        note: RwSignal::new(String::new()),
        refusal: RwSignal::new(None),
        is_sending: RwSignal::new(false),
        in_doubt: StoredValue::new(None),
    };
    let Form { is_withdrawal, amount, note, refusal, is_sending, .. } = form;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        form.submit(desk);
    };
    let kind = |own: bool, name: &'static str, test_id: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="flow-kind"
                    data-testid=test_id
                    prop:checked=move || is_withdrawal.get() == own
                    on:change=move |_| is_withdrawal.set(own)
                />
                <span>{name}</span>
            </label>
        }
        .erase()
    };
    let verb = move || if is_withdrawal.get() { "Withdraw" } else { "Deposit" };
    let refused = move || {
        let reason = refusal.get()?;
        Some(view! { <p class="flow-refusal down" role="alert" id="flow-refusal" data-testid="flow-refusal">{reason}</p> }.erase())
    };
    view! {
        <form class="flow-form" on:submit=submit aria-label="Deposit or withdraw">
            <fieldset class="segments">
                <legend class="visually-hidden">"What to do"</legend>
                {kind(false, "Deposit", "flow-deposit")}
                {kind(true, "Withdraw", "flow-withdraw")}
            </fieldset>
            <label class="field">
                <span class="label">"Amount in $"</span>
                <input
                    data-testid="flow-amount"
                    inputmode="decimal"
                    autocomplete="off"
                    aria-invalid=move || refusal.with(Option::is_some).to_string()
                    aria-describedby=move || refusal.with(Option::is_some).then_some("flow-refusal")
                    prop:value=amount
                    on:input:target=move |event| amount.set(event.target().value())
                />
            </label>
            <label class="field flow-note-field">
                <span class="label">"Note, if you like"</span>
                <input
                    data-testid="flow-note"
                    maxlength=NOTE_LENGTH_MAX.to_string()
                    autocomplete="off"
                    prop:value=note
                    on:input:target=move |event| note.set(event.target().value())
                />
            </label>
            <button class="flow-submit" type="submit" data-testid="flow-submit" disabled=is_sending>{verb}</button>
            {refused}
        </form>
    }
    .erase()
}

impl Form {
    fn submit(self, desk: Desk) {
        if self.is_sending.get_untracked() {
            return;
        }
        let amount = match self.amount.with_untracked(|typed| words::read_amount(typed)) {
            Ok(amount) => amount,
            Err(reason) => return self.refusal.set(Some(reason)),
        };
        let amount = if self.is_withdrawal.get_untracked() { Money::from_cents(-amount.cents()) } else { amount };
        let note = Some(self.note.with_untracked(|note| note.trim().to_owned())).filter(|note| !note.is_empty());
        let name = match new_name().parse::<ClientFlowId>() {
            Ok(name) => name,
            Err(error) => return self.refusal.set(Some(error.to_string())),
        };
        let flow = named(NewFlow { amount, note, client_flow_id: None }, self.in_doubt.get_value().as_ref(), name);
        self.in_doubt.set_value(Some(flow.clone()));
        self.refusal.set(None);
        self.is_sending.set(true);
        detach(async move {
            let answer = send(flow).await;
            self.is_sending.try_set(false);
            self.take(desk, answer);
        });
    }

    fn take(self, desk: Desk, answer: Result<FlowReceipt, ApiError>) {
        match answer {
            Ok(FlowReceipt { flow, cash_balance, .. }) => {
                let size = Money::from_cents(flow.amount.cents().saturating_abs());
                let verb = if flow.amount < Money::ZERO { "Withdrew" } else { "Deposited" };
                desk.toasts.success(format!("{verb} {}. Cash is {}.", money(size), money(cash_balance)));
                // The view may be closed by now.
                self.in_doubt.try_update_value(|flow| *flow = None);
                self.amount.try_set(String::new());
                self.note.try_set(String::new());
            }
            Err(ApiError::Unreachable | ApiError::Internal) => {
                let words = "No answer. It may have been recorded; send it again: it is recorded only once.";
                if self.refusal.try_set(Some(words.to_owned())).is_some() {
                    desk.toasts.error(words.to_owned());
                }
            }
            Err(refusal) => {
                self.in_doubt.try_update_value(|flow| *flow = None);
                let words = refusal.to_string();
                // `Some` is what could not be set: the view is closed.
                if let Some(Some(words)) = self.refusal.try_set(Some(words)) {
                    desk.toasts.error(words);
                }
            }
        }
        // Also after a refusal: the cash that was thought to be there is not.
        desk.books.refresh();
    }
}

/// A flow under its name: that of the one in doubt where it is the same flow, else a new one.
fn named(flow: NewFlow, in_doubt: Option<&NewFlow>, new_name: ClientFlowId) -> NewFlow {
    let same = in_doubt.filter(|before| before.amount == flow.amount && before.note == flow.note);
    let name = same.and_then(|before| before.client_flow_id.clone()).unwrap_or(new_name);
    NewFlow { client_flow_id: Some(name), ..flow }
}

async fn send(flow: NewFlow) -> Result<FlowReceipt, ApiError> {
    let mut sendings = 0;
    loop {
        match record_flow(flow.clone()).await.flatten() {
            // It may have been recorded before the answer was lost.
            Err(ApiError::Unreachable | ApiError::Internal) if sendings < RESENDS_MAX => sendings += 1,
            answer => return answer,
        }
        sleep(RESEND_DELAY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_flow_keeps_its_name_while_it_is_in_doubt() {
        let name = |text: &str| text.parse::<ClientFlowId>().unwrap();
        let flow = |cents: i64, note: Option<&str>| NewFlow {
            amount: Money::from_cents(cents),
            note: note.map(str::to_owned),
            client_flow_id: None,
        };
        let first = named(flow(500, None), None, name("a"));
        assert_eq!(first.client_flow_id, Some(name("a")));
        let again = named(flow(500, None), Some(&first), name("b"));
        assert_eq!(again.client_flow_id, Some(name("a")));
        for other in [flow(501, None), flow(500, Some("rent")), flow(-500, None)] {
            assert_eq!(named(other, Some(&first), name("c")).client_flow_id, Some(name("c")));
        }
    }
}
