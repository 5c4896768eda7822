//! The form for a new alert, or for one that is edited.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html::Form,
    prelude::*,
    task::spawn_local,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{AlertBook, Purpose, fields::show_fields, words::repeat, written::Written};
use crate::{
    api::{change_alert, create_alert},
    app::{
        effects::{effect, memo},
        erase::{Erase, Piece},
        format::read_local_time,
        parts::PartView,
        presses::is_composed,
        workspace::{Workspace, use_workspace},
    },
    domain::{
        alerts::{
            AlertStatus,
            request::{AlertView, ChangeAlert, NewAlert},
        },
        condition::{Comparison, Node, operand::Operand},
        instant::UtcInstant,
        money::Price,
        typed_alert::plain,
    },
};

#[wasm_split(alert_form, fallible)]
pub fn fetch_form() -> Result<PartView, SplitLoaderError> {
    Ok(show_form)
}

/// The form for what it was opened for; nothing where that is gone.
fn show_form() -> Piece {
    let workspace = use_workspace();
    let book = workspace.alerts;
    let (before, alert) = match untrack(|| book.form.get()) {
        Some(Purpose::New(ticker)) => (Written::new(ticker), None),
        Some(Purpose::Edit(id)) => match untrack(|| book.alert(id)) {
            Some(alert) => (Written::of(&alert), Some(alert)),
            None => return ().erase(),
        },
        None => return ().erase(),
    };
    let written = RwSignal::new(before.clone());
    let (problem, is_pending) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let form = focus_first();
    let course = memo(move || written.with(|written| course(written, workspace)));
    let name = alert.as_ref().map_or("New alert".to_owned(), |alert| format!("Edit: {}", alert.sentence));
    let label = if alert.is_none() { "Set the alert" } else { "Change it" };
    let fixed = alert.as_ref().filter(|_| before.is_fixed).map(|alert| format!("When {}", alert.sentence));
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        if is_pending.get_untracked() {
            return;
        }
        let asked = written.with_untracked(|written| Asked::read(alert.as_ref(), written, &before));
        match asked {
            Ok(asked) => {
                is_pending.set(true);
                spawn_local(async move {
                    match asked.send(book).await {
                        Ok(()) => close(book),
                        Err(words) => drop(problem.try_set(Some(words))),
                    }
                    is_pending.try_set(false);
                    book.refresh();
                });
            }
            Err(words) => problem.set(Some(words)),
        }
    };
    let leave = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !is_composed(&event) {
            event.prevent_default();
            event.stop_propagation();
            close(book);
        }
    };
    let words = memo(move || problem.get().unwrap_or_default());
    view! {
        <form class="order-form alert-form" node_ref=form aria-label=name data-testid="alert-form" on:submit=save on:keydown=leave>
            {fixed.map(|words| view! { <p class="alert-fixed">{words}</p> })}
            {show_fields(written)}
            <button class="small" type="submit" data-testid="alert-save" aria-disabled=move || is_pending.get().to_string()>{label}</button>
            <button class="small" type="button" on:click=move |_| close(book)>"Leave it"</button>
            <p class="alert-course muted" role="status" translate="no" data-testid="alert-course">{course}</p>
            <p class="order-problem" role="alert" data-testid="alert-problem">{words}</p>
        </form>
    }
    .erase()
}

/// Puts the focus into the field that is to be written: the value, or the ticker while there is none.
fn focus_first() -> NodeRef<Form> {
    let form = NodeRef::<Form>::new();
    effect(move || {
        let Some(form) = form.get() else { return };
        let find =
            |selector: &str| form.query_selector(selector).ok().flatten()?.dyn_into::<web_sys::HtmlInputElement>().ok();
        let ticker = find("[data-testid=alert-ticker]").filter(|field| field.value().is_empty());
        if let Some(field) = ticker.or_else(|| find("[data-testid=alert-value]")).or_else(|| find("input")) {
            field.select();
            // Only an element that has left the page refuses.
            let _ = field.focus();
        }
    });
    form
}

/// A request that the form makes.
enum Asked {
    New(NewAlert),
    Change(String, ChangeAlert),
}

impl Asked {
    fn read(alert: Option<&AlertView>, written: &Written, before: &Written) -> Result<Self, String> {
        let now = UtcInstant::from_unix_ms(js_sys::Date::now() as i64);
        let Some(alert) = alert else {
            return Ok(Self::New(written.alert(read_local_time, now)?));
        };
        let change = written.change(before, read_local_time, now)?;
        // One that has ended by firing goes on when it is changed.
        let paused = (change.condition.is_some() && alert.status == AlertStatus::Done).then_some(false);
        Ok(Self::Change(alert.id.clone(), ChangeAlert { paused, ..change }))
    }

    async fn send(self, book: AlertBook) -> Result<(), String> {
        let answer = match self {
            Self::New(alert) => {
                create_alert(alert).await.flatten().map(|alert| format!("Alert set: {}.", alert.sentence))
            }
            Self::Change(id, change) => {
                change_alert(id, change).await.flatten().map(|alert| format!("Alert changed: {}.", alert.sentence))
            }
        };
        match answer {
            Ok(words) => {
                book.toasts.success(words);
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What the alert would do, or why there is none; tracked.
fn course(written: &Written, workspace: Workspace) -> String {
    if written.is_fixed {
        return String::new();
    }
    let condition = match written.condition() {
        Ok(condition) => condition,
        Err(words) => return words,
    };
    let at_once = match condition.root() {
        Node::Compare { left: Operand::Price(ticker), op, right: Operand::Number(value) } => workspace
            .market
            .price(*ticker)
            .filter(|price| is_true_now(*price, *op, *value))
            .map(|price| (*ticker, price)),
        _ => None,
    };
    let how_often = repeat(written.frequency).to_ascii_lowercase();
    let sentence = condition.sentence(plain);
    match at_once {
        Some((ticker, price)) => format!("Fires when {sentence}, {how_often}; {ticker} is at {price}, so at once."),
        None => format!("Fires when {sentence}, {how_often}."),
    }
}

fn is_true_now(price: Price, comparison: Comparison, value: f64) -> bool {
    match comparison {
        Comparison::Above => price.dollars() > value,
        Comparison::AtLeast => price.dollars() >= value,
        Comparison::Below => price.dollars() < value,
        Comparison::AtMost => price.dollars() <= value,
        Comparison::CrossesAbove | Comparison::CrossesBelow => false,
    }
}

/// Closes the form, with the focus back on the button that had opened it.
fn close(book: AlertBook) {
    // The page may be gone by now.
    let purpose = book.form.try_get_untracked().flatten();
    book.form.try_set(None);
    let selector = match purpose {
        Some(Purpose::Edit(id)) => format!("[data-alert='{id}']"),
        Some(Purpose::New(_)) | None => "[data-testid=alert-new]".to_owned(),
    };
    request_animation_frame(move || {
        let button = document().query_selector(&selector).ok().flatten();
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            // Only an element that has left the page refuses.
            let _ = button.focus();
        }
    });
}
