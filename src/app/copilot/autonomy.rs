//! The copilot's autonomy, as a switch with three positions.

use leptos::prelude::*;

use super::Chat;
use crate::{app::erase::Erase, domain::copilot::Autonomy};

#[component]
pub fn AutonomySwitch(chat: Chat) -> impl IntoView {
    let choice = move |autonomy: Autonomy| {
        view! {
            <button
                role="radio"
                aria-checked=move || (chat.autonomy() == autonomy).to_string()
                tabindex=move || if chat.autonomy() == autonomy { "0" } else { "-1" }
                data-autonomy=autonomy.as_str()
                title=explain(autonomy)
                on:click=move |_| chat.set_autonomy(autonomy)
            >
                {label(autonomy)}
            </button>
        }
    };
    let press = move |event: leptos::ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => 1,
            "ArrowLeft" | "ArrowUp" => Autonomy::ALL.len() - 1,
            _ => return,
        };
        event.prevent_default();
        let now = untrack(|| chat.autonomy());
        let index = Autonomy::ALL.iter().position(|autonomy| *autonomy == now).unwrap_or_default();
        let next = Autonomy::ALL[(index + step) % Autonomy::ALL.len()];
        chat.set_autonomy(next);
        focus(&event, next);
    };
    view! {
        <div class="autonomy" role="radiogroup" aria-label="What the copilot may do by itself" on:keydown=press>
            {Autonomy::ALL.map(choice).collect_view()}
        </div>
    }
    .erase()
}

fn label(autonomy: Autonomy) -> &'static str {
    match autonomy {
        Autonomy::Advise => "Advise",
        Autonomy::Propose => "Propose",
        Autonomy::Auto => "Auto in limits",
    }
}

fn explain(autonomy: Autonomy) -> &'static str {
    match autonomy {
        Autonomy::Advise => "Nothing runs; the copilot only advises",
        Autonomy::Propose => "Each action waits for one click of yours",
        Autonomy::Auto => "Actions run at once, within the limits",
    }
}

/// Moves the focus with the choice, as in any radio group.
fn focus(event: &leptos::ev::KeyboardEvent, autonomy: Autonomy) {
    use wasm_bindgen::JsCast;
    let group = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let selector = format!("[data-autonomy=\"{}\"]", autonomy.as_str());
    let choice = group.and_then(|group| group.query_selector(&selector).ok().flatten());
    if let Some(choice) = choice.and_then(|choice| choice.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Fails only for an element that has left the page.
        let _ = choice.focus();
    }
}
