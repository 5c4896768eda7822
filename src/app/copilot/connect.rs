//! Connection of a language model, in a dialog of the settings: from OpenRouter, with a key, or on the server's
//! machine. The key is sent to the server once, and never shown again.

use leptos::{ev::SubmitEvent, prelude::*};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::Chat;
use crate::{
    api::change_model,
    app::{
        effects::{detach, effect},
        erase::{Erase, Piece, show_when},
        parts::PartView,
        workspace::use_workspace,
    },
    domain::copilot::{Availability, FoundModel, ModelChange, ModelPlace, ModelState},
};

/// Default model in the field.
const MODEL: &str = "openai/gpt-oss-120b";

/// State of the dialog; copies share it.
#[derive(Clone, Copy)]
struct Connecting {
    chat: Chat,
    state: RwSignal<Option<ModelState>>,
    /// Progress or error, in words.
    words: RwSignal<String>,
    is_busy: RwSignal<bool>,
}

impl Connecting {
    fn ask(self, change: ModelChange, doing: &'static str) {
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        self.words.set(doing.to_owned());
        let is_look = matches!(change, ModelChange::Look);
        let is_search = matches!(change, ModelChange::Find);
        detach(async move {
            let outcome = change_model(change).await.flatten();
            self.is_busy.try_set(false);
            let words = match outcome {
                Ok(state) => {
                    let words = match (is_search, state.found.is_empty()) {
                        (true, true) => "No model answers on this machine. Start one, and look again.",
                        (true, false) => "Choose one:",
                        (false, _) => "",
                    };
                    self.state.try_set(Some(state));
                    if !is_look && !is_search {
                        self.chat.reload().await;
                    }
                    words.to_owned()
                }
                Err(error) => error.to_string(),
            };
            self.words.try_set(words);
        });
    }

    fn is(self, availability: Availability) -> bool {
        self.state.with(|state| state.as_ref().is_some_and(|state| state.availability == availability))
    }

    fn is_open_to_us(self) -> bool {
        self.state.with(|state| state.as_ref().is_some_and(|state| !state.is_set_by_environment))
    }
}

#[wasm_split(account, fallible)]
pub fn fetch_model() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <Model/> }.erase())
}

/// Content of the dialog.
#[component]
fn Model() -> impl IntoView {
    let chat = use_workspace().chat;
    let (state, words, is_busy) = (RwSignal::new(None), RwSignal::new(String::new()), RwSignal::new(false));
    let connecting = Connecting { chat, state, words, is_busy };
    effect(move || connecting.ask(ModelChange::Look, ""));
    let who = move || state.with(|state| state.as_ref().and_then(|state| state.model.clone()).unwrap_or_default());
    view! {
        <p>"Answers now: " <b data-testid="model-name">{Signal::derive(who)}</b></p>
        {show_when(
            move || connecting.is(Availability::Ready) && connecting.is_open_to_us(),
            move || view! {
                <button class="plain" on:click=move |_| connecting.ask(ModelChange::Remove, "")>
                    "Disconnect, and forget the key"
                </button>
            }.erase(),
        )}
        {show_when(
            move || state.with(|state| state.is_some()) && !connecting.is_open_to_us(),
            || view! { <p>"The server's environment says who answers, and wins over what is chosen here."</p> }.erase(),
        )}
        {show_when(move || connecting.is_open_to_us(), move || show_choices(connecting))}
        <p role="status" data-testid="model-words">{words}</p>
    }
    .erase()
}

fn show_choices(connecting: Connecting) -> Piece {
    let (key, model) = (RwSignal::new(String::new()), RwSignal::new(MODEL.to_owned()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let change = ModelChange::Connect {
            place: ModelPlace::OpenRouter,
            model: model.get_untracked(),
            key: Some(key.get_untracked()),
        };
        key.set(String::new());
        connecting.ask(change, "Asking the model…");
    };
    let found = move || {
        let found = connecting.state.with(|state| state.as_ref().map(|state| state.found.clone()).unwrap_or_default());
        found.into_iter().map(|found| show_found(connecting, found)).collect_view()
    };
    view! {
        <form class="model-form" on:submit=submit>
            <label>
                "Key of openrouter.ai"
                <input
                    type="password"
                    autocomplete="off"
                    required
                    prop:value=key
                    on:input:target=move |event| key.set(event.target().value())
                />
            </label>
            <label>
                "Model"
                <input required prop:value=model on:input:target=move |event| model.set(event.target().value())/>
            </label>
            <button class="plain" disabled=connecting.is_busy>"Connect"</button>
        </form>
        <div class="model-form">
            <button
                class="plain"
                disabled=connecting.is_busy
                on:click=move |_| connecting.ask(ModelChange::Find, "Looking…")
            >
                "Look for a model on this machine"
            </button>
            {found}
        </div>
    }
    .erase()
}

fn show_found(connecting: Connecting, found: FoundModel) -> Piece {
    let FoundModel { server, port, model } = found;
    let name = [server.as_str(), &model].join(": ");
    let connect = move |_| {
        let change = ModelChange::Connect { place: ModelPlace::Here { port }, model: model.clone(), key: None };
        connecting.ask(change, "Asking the model; it may have to be loaded first…");
    };
    view! { <button class="plain" data-testid="model-found" disabled=connecting.is_busy on:click=connect>{name}</button> }
        .erase()
}
