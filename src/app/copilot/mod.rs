//! The copilot's panel: the conversation, its replies' actions, and the input field.

mod action;
mod autonomy;
mod chat;
mod citation;
mod composer;
mod connect;
mod list;
mod message;
mod text;

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

pub use autonomy::AutonomySwitch;
pub use chat::Chat;
use composer::Composer;
pub use connect::fetch_model;
use list::MessageList;

use crate::{
    app::{
        erase::{Erase, Piece, show_when},
        parts::PartView,
        workspace::use_workspace,
    },
    domain::copilot::Availability,
};

#[wasm_split(copilot, fallible)]
pub fn fetch_panel() -> Result<PartView, SplitLoaderError> {
    Ok(panel)
}

pub fn panel() -> Piece {
    view! { <CopilotPanel/> }.erase()
}

#[component]
fn CopilotPanel() -> impl IntoView {
    let chat = use_workspace().chat;
    let is_off = move || chat.availability() == Availability::Off;
    let is_built_in = move || chat.availability() == Availability::BuiltIn;
    view! {
        <section class="panel copilot" data-testid="chat-panel" aria-labelledby="copilot-title">
            <div class="bar">
                <h2 id="copilot-title">"Copilot"</h2>
                <span class="label copilot-model">{Signal::derive(move || chat.model())}</span>
                {show_when(move || !chat.is_empty(), move || show_clear(chat))}
            </div>
            <div class="copilot-autonomy">
                <AutonomySwitch chat/>
            </div>
            <MessageList chat/>
            {show_when(is_built_in, move || show_built_in(chat))}
            {show_when(move || !is_off(), move || view! { <Composer chat/> }.erase())}
            {show_when(is_off, || view! { <div class="copilot-setup" role="note"><p>"The copilot is turned off: " <code>"COPILOT=off"</code></p></div> }.erase())}
        </section>
    }
    .erase()
}

/// Clearing cannot be undone, so it needs a confirmation.
fn show_clear(chat: Chat) -> Piece {
    let is_sure = RwSignal::new(false);
    let question = move || {
        view! {
            <span class="label">"Clear all?"</span>
            <button class="quiet" on:click=move |_| chat.clear()>"Clear"</button>
            <button class="quiet" on:click=move |_| is_sure.set(false)>"Keep"</button>
        }
        .erase()
    };
    let offer = move || view! { <button class="quiet" on:click=move |_| is_sure.set(true)>"Clear"</button> }.erase();
    view! {
        <span class="copilot-clear">
            {show_when(move || is_sure.get(), question)}
            {show_when(move || !is_sure.get(), offer)}
        </span>
    }
    .erase()
}

/// Hint about connecting a language model, in one line.
fn show_built_in(chat: Chat) -> Piece {
    view! {
        <p class="copilot-built-in">
            "It knows your account and plain orders. "
            <button class="quiet" on:click=move |_| chat.is_connecting.set(true)>"Connect a language model"</button>
        </p>
    }
    .erase()
}
