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

use crate::domain::copilot::Availability;

#[component]
pub fn CopilotPanel(chat: Chat) -> impl IntoView {
    let is_clearing = RwSignal::new(false);
    let clear = move |_| {
        is_clearing.set(false);
        chat.clear();
    };
    view! {
        <section class="panel copilot" data-testid="chat-panel" aria-labelledby="copilot-title">
            <div class="bar">
                <h2 id="copilot-title">"Copilot"</h2>
                <span class="label copilot-model">{move || chat.model()}</span>
                <Show when=move || !chat.is_empty()>
                    <span class="copilot-clear">
                        <Show
                            when=move || is_clearing.get()
                            fallback=move || view! {
                                <button class="quiet" on:click=move |_| is_clearing.set(true)>"Clear"</button>
                            }
                        >
                            <span class="label">"Clear the conversation?"</span>
                            <button class="quiet" autofocus on:click=clear>"Clear"</button>
                            <button class="quiet" on:click=move |_| is_clearing.set(false)>"Keep"</button>
                        </Show>
                    </span>
                </Show>
            </div>
            <div class="copilot-autonomy">
                <AutonomySwitch chat/>
            </div>
            <MessageList chat/>
            <Show when=move || chat.availability() == Availability::NotConfigured fallback=move || view! { <Composer chat/> }>
                <NotConfigured/>
            </Show>
        </section>
    }
    .into_any()
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
    .into_any()
}
