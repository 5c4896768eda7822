//! The list of messages, which stays at its end unless a person scrolls up.

use leptos::{html::Div, prelude::*};
use web_sys::HtmlDivElement;

use super::{
    chat::{Chat, Remedy, Row},
    message::Message,
};
use crate::{
    app::{
        effects::{detach, effect},
        erase::{Erase, Piece, show_when},
        rows::list_of,
    },
    domain::{chat::Role, copilot::Availability},
};

/// Distance from the end that counts as the end.
const END_PIXELS: i32 = 48;

/// Suggested first questions.
const SUGGESTIONS: [&str; 4] =
    ["How am I doing?", "How concentrated am I?", "What moved today?", "Buy 1 NVDA and watch XOM"];

#[component]
pub fn MessageList(chat: Chat) -> impl IntoView {
    let scroller = NodeRef::<Div>::new();
    let is_at_end = RwSignal::new(true);
    let place = StoredValue::new(0);
    let note_place = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            let top = scroller.scroll_top();
            let left = scroller.scroll_height() - top - scroller.client_height();
            // Browsers report a scroll with a delay, when more content may be below: without scrolling up, the list is
            // still at its end.
            let goes_up = place.try_update_value(|place| std::mem::replace(place, top) > top).unwrap_or_default();
            let now = left <= END_PIXELS || (is_at_end.get_untracked() && !goes_up);
            if is_at_end.get_untracked() != now {
                is_at_end.set(now);
            }
        }
    };
    let to_end = move || {
        if let Some(scroller) = scroller.get_untracked() {
            scroller.set_scroll_top(scroller.scroll_height());
        }
    };
    keep_place(chat, scroller, is_at_end);
    view! {
        <div class="messages-frame">
            <div class="messages" node_ref=scroller tabindex="0" role="log" aria-live="polite" aria-label="Conversation" on:scroll=note_place>
                {show_when(move || chat.has_more(), move || show_earlier(chat))}
                {list_of(move || chat.rows(), |row| row.key.clone(), move |row| view! { <Message row chat/> }.erase())}
                <Thinking chat/>
                <Welcome chat/>
                <TroubleNote chat/>
            </div>
            {show_when(
                move || !is_at_end.get(),
                move || view! { <button class="to-end" on:click=move |_| to_end()>"↓ Newest"</button> }.erase(),
            )}
        </div>
    }
    .erase()
}

fn show_earlier(chat: Chat) -> Piece {
    let label = move || if chat.is_loading_earlier() { "Reading…" } else { "Earlier messages" };
    view! {
        <button
            class="earlier"
            disabled=Signal::derive(move || chat.is_loading_earlier())
            on:click=move |_| chat.load_earlier()
        >
            {Signal::derive(label)}
        </button>
    }
    .erase()
}

/// State of the list when its scroll position was last set.
#[derive(Clone, Default)]
struct Seen {
    first: Option<String>,
    last: Option<String>,
    height: i32,
}

/// Scrolls to a new message, unless a person has scrolled up; always for their own message. Earlier messages do not
/// move the view.
fn keep_place(chat: Chat, scroller: NodeRef<Div>, is_at_end: RwSignal<bool>) {
    let seen = StoredValue::new(Seen::default());
    effect(move || {
        chat.rows();
        chat.is_answering();
        chat.trouble();
        // Once the browser has rendered the change.
        request_animation_frame(move || {
            if let Some(scroller) = scroller.try_get_untracked().flatten() {
                see_to_place(&untrack(|| chat.rows()), &scroller, is_at_end.get_untracked(), seen);
            }
        });
    });
}

fn see_to_place(rows: &[Row], scroller: &HtmlDivElement, is_at_end: bool, seen: StoredValue<Seen>) {
    let before = seen.get_value();
    let key = |row: Option<&Row>| row.map(|row| row.key.clone());
    let now = Seen { first: key(rows.first()), last: key(rows.last()), height: scroller.scroll_height() };
    let is_own = rows.last().is_some_and(|row| row.line.read_untracked().message.role == Role::User);
    if before.first.is_some() && before.first != now.first && before.last == now.last {
        scroller.set_scroll_top(scroller.scroll_top() + now.height - before.height);
    } else if is_at_end || (is_own && before.last != now.last) {
        scroller.set_scroll_top(now.height);
    }
    seen.set_value(now);
}

/// Shows that an answer is in progress, with a button to cancel it.
#[component]
fn Thinking(chat: Chat) -> impl IntoView {
    let thinking = move || {
        view! {
            <div class="thinking" data-testid="chat-loading">
                <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>
                <span class="spoken">"The copilot is answering"</span>
                <span class="label">{Signal::derive(move || chat.notice())}</span>
                <button class="quiet" on:click=move |_| chat.cancel()>"Stop"</button>
            </div>
        }
        .erase()
    };
    show_when(move || chat.is_answering(), thinking)
}

#[component]
fn Welcome(chat: Chat) -> impl IntoView {
    let is_shown = move || chat.is_empty() && chat.trouble().is_none() && chat.availability() != Availability::Off;
    let suggestion = move |text: &'static str| {
        view! { <li><button class="suggestion" on:click=move |_| chat.send(text.to_owned())>{text}</button></li> }
            .erase()
    };
    let welcome = move || {
        view! {
            <div class="welcome">
                <p>
                    "Ask about your portfolio, or say what to trade. The copilot sees your account as it is now, and keeps \
                     within your limits."
                </p>
                <ul>{SUGGESTIONS.map(suggestion).collect_view()}</ul>
            </div>
        }
        .erase()
    };
    show_when(is_shown, welcome)
}

#[component]
fn TroubleNote(chat: Chat) -> impl IntoView {
    let try_again = move |remedy| match remedy {
        Remedy::Resend => chat.send(chat.draft.get_untracked()),
        Remedy::Reload => detach(chat.reload()),
    };
    let note = move || {
        chat.trouble().map(|trouble| {
            view! {
                <div class="trouble">
                    <p>{trouble.reason}</p>
                    <button class="retry" on:click=move |_| try_again(trouble.remedy)>"Try again"</button>
                </div>
            }
            .erase()
        })
    };
    note.erase()
}
