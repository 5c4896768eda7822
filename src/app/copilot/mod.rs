//! The copilot's panel: the conversation, what its replies did or propose to do, and the field to write in.

mod action;
mod autonomy;
mod chat;
mod composer;
mod list;
mod message;
mod text;

use leptos::prelude::*;

pub use autonomy::AutonomySwitch;
pub use chat::Chat;
use composer::Composer;
use list::MessageList;

use crate::{
    app::erase::{Erase, Piece, show_when},
    domain::copilot::Availability,
};

#[component]
pub fn CopilotPanel(chat: Chat) -> impl IntoView {
    let without_model = move || chat.availability() == Availability::NotConfigured;
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
            {show_when(move || !without_model(), move || view! { <Composer chat/> }.erase())}
            {show_when(without_model, || view! { <NotConfigured/> }.erase())}
        </section>
    }
    .erase()
}

/// Clearing cannot be undone, so it takes a second word.
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

/// How to get a copilot; everything else works without one.
#[component]
fn NotConfigured() -> impl IntoView {
    view! {
        <div class="copilot-setup" role="note">
            <p>"No language model is set up. Any of these, in the environment or in " <code>".env"</code> ", turns the copilot on:"</p>
            <ul>
                <li><code>"OPENROUTER_API_KEY=…"</code>" with a key from openrouter.ai"</li>
                <li><code>"LLM_BASE_URL=http://localhost:8080/v1"</code>" for a model on this machine"</li>
                <li><code>"LLM_MOCK=true"</code>" to try it without a model"</li>
            </ul>
            <p>"Then start the server again."</p>
        </div>
    }
    .erase()
}
