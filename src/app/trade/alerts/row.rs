//! One alert, with what can be done with it.

use leptos::{ev::KeyboardEvent, prelude::*};

use super::{
    AlertId, Purpose,
    acts::{change, delete},
    words,
};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
        parts::{Part, show_part},
        presses::press_once,
        workspace::{Workspace, use_workspace},
    },
    domain::alerts::{
        AlertStatus,
        request::{AlertView, ChangeAlert},
    },
};

/// The row of an alert, with the form for it below while that is open.
pub fn show_row(id: AlertId) -> Piece {
    let Workspace { alerts: book, selected, .. } = use_workspace();
    let alert = memo(move || book.alert(id));
    let figure = move |read: fn(&AlertView) -> String| {
        Signal::derive(move || alert.with(|alert| alert.as_ref().map(read).unwrap_or_default()))
    };
    let is_active = memo(move || alert.with(|alert| alert.as_ref().is_some_and(|it| it.status == AlertStatus::Active)));
    let can_resume = memo(move || alert.with(|alert| alert.as_ref().is_some_and(|it| words::can_resume(it.status))));
    let is_edited = memo(move || book.form.get() == Some(Purpose::Edit(id)));
    let note = figure(|alert| alert.note.clone().unwrap_or_default());
    let end = move || delete(book, id);
    let press = move |event: KeyboardEvent| {
        press_once(&event);
        let is_button = is_button(&event);
        if is_button && matches!(event.key().as_str(), "Delete" | "Backspace") && !event.repeat() {
            event.prevent_default();
            end();
        }
    };
    let choose = move |_| {
        let ticker = alert.with_untracked(|alert| alert.as_ref()?.condition.tickers().first().copied());
        if ticker.is_some() {
            selected.set(ticker);
        }
    };
    let named =
        move |verb: &'static str| Signal::derive(move || format!("{verb}: {}", figure(|it| it.sentence.clone()).get()));
    view! {
        <li
            class="alert-row"
            data-testid="alert-row"
            data-status=figure(|alert| alert.status.as_str().to_owned())
            data-verdict=figure(|alert| alert.verdict.as_str().to_owned())
            on:keydown=press
        >
            <button class="alert-sentence" translate="no" data-testid="alert-sentence" title="Show it on the chart" on:click=choose>
                {figure(|alert| alert.sentence.clone())}
            </button>
            <span class="alert-state" data-testid="alert-state">{figure(words::state)}</span>
            <span class="alert-terms muted" translate="no" data-testid="alert-terms">{figure(words::terms)}</span>
            <span class="alert-note muted" hidden=move || note.with(String::is_empty)>{note}</span>
            <span class="row-actions">
                {show_when(move || is_active.get(), move || show_pause(id, true, named("Pause")))}
                {show_when(move || can_resume.get(), move || show_pause(id, false, named("Resume")))}
                <button
                    class="small"
                    data-testid="alert-edit"
                    data-alert=id.to_string()
                    aria-label=named("Edit")
                    aria-expanded=move || is_edited.get().to_string()
                    on:click=move |_| book.form.update(|form| *form = (*form != Some(Purpose::Edit(id))).then_some(Purpose::Edit(id)))
                >
                    "Edit"
                </button>
                <button class="small" data-testid="alert-delete" aria-label=named("Delete") on:click=move |_| end()>
                    "×"
                </button>
            </span>
            {show_when(move || is_edited.get(), || show_part(Part::AlertForm))}
        </li>
    }
    .erase()
}

fn show_pause(id: AlertId, is_pause: bool, name: Signal<String>) -> Piece {
    let book = use_workspace().alerts;
    let (test_id, label) = if is_pause { ("alert-pause", "Pause") } else { ("alert-resume", "Resume") };
    let act = move |_| {
        let told: fn(&str) -> String = if is_pause {
            |words| format!("Alert paused: {words}.")
        } else {
            |words| format!("Alert resumed: {words}.")
        };
        change(book, id, ChangeAlert { paused: Some(is_pause), ..ChangeAlert::default() }, told);
    };
    view! { <button class="small" data-testid=test_id aria-label=name on:click=act>{label}</button> }.erase()
}

/// Returns true for a key pressed at a button.
fn is_button(event: &KeyboardEvent) -> bool {
    use wasm_bindgen::JsCast;
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.tag_name() == "BUTTON" && target.closest("form").ok().flatten().is_none())
}
