//! One message of the conversation.

use leptos::prelude::*;

use super::{
    action::{ActionCard, show_misread},
    chat::{Chat, Row, question_before},
    citation::show_sources,
    text::show_blocks,
};
use crate::{
    app::erase::{Erase, show_when},
    domain::chat::Role,
};

#[component]
pub fn Message(row: Row, chat: Chat) -> impl IntoView {
    let line = row.line.clone();
    let (role, has_failed) = line.with_untracked(|line| (line.message.role, line.message.failure.is_some()));
    let text = line.with_untracked(|line| show_blocks(&line.text, &line.message.citations));
    let sources = line.with_untracked(|line| show_sources(&line.message.citations));
    let actions = {
        let row = row.clone();
        move || {
            let actions = line.with(|line| line.message.actions.clone());
            actions.into_iter().map(|action| view! { <ActionCard row=row.clone() action chat/> }).collect_view()
        }
    };
    let misread = row.line.with_untracked(|line| line.message.misread.iter().map(show_misread).collect_view());
    // Shown only if the newest turn failed: old questions need no retry.
    let key = row.key.clone();
    let is_last = move || chat.rows().last().is_some_and(|last| last.key == key);
    let key = row.key.clone();
    let retry = move || {
        let key = key.clone();
        let ask_again = move |_| {
            if let Some(question) = question_before(&untrack(|| chat.rows()), &key) {
                chat.send(question);
            }
        };
        view! {
            <button class="retry" disabled=Signal::derive(move || chat.is_answering()) on:click=ask_again>
                "Ask again"
            </button>
        }
        .erase()
    };
    view! {
        <article
            class="message"
            class:failed=has_failed
            data-testid="chat-message"
            data-role=role.as_str()
            aria-label=match role {
                Role::User => "You",
                Role::Assistant => "Copilot",
            }
        >
            <div class="message-text">{text}</div>
            {actions}
            {misread}
            {sources}
            {has_failed.then(move || show_when(is_last, retry))}
        </article>
    }
    .erase()
}
