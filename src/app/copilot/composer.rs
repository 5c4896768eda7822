//! The input field of the conversation.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    prelude::*,
};

use super::chat::Chat;
use crate::app::{erase::Erase, media::use_media, presses::is_composed};

/// On touch devices Enter starts a new line; a button sends.
const TOUCH_QUERY: &str = "(pointer: coarse)";

#[component]
pub fn Composer(chat: Chat) -> impl IntoView {
    let draft = chat.draft;
    let cannot_send = move || chat.is_answering() || draft.with(|draft| draft.trim().is_empty());
    let send = move || {
        if !untrack(cannot_send) {
            chat.send(draft.get_untracked());
        }
    };
    let is_touch = use_media(TOUCH_QUERY);
    let press = move |event: KeyboardEvent| {
        let sends = event.ctrl_key() || event.meta_key() || !(event.shift_key() || is_touch.get_untracked());
        // During a composition, Enter belongs to the composition.
        if event.key() == "Enter" && sends && !is_composed(&event) {
            event.prevent_default();
            send();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    view! {
        <form class="chat-composer" on:submit=submit>
            <textarea
                data-testid="chat-input"
                aria-label="Message to the copilot"
                placeholder="Ask, or say what to trade…"
                rows="1"
                maxlength="4000"
                prop:value=draft
                on:input:target=move |event| draft.set(event.target().value())
                on:keydown=press
            ></textarea>
            <button class="send" type="submit" data-testid="chat-send" disabled=cannot_send>
                "Send"
            </button>
        </form>
    }
    .erase()
}
