//! Questions that were asked before, with their answers.

use leptos::{ev::MouseEvent, prelude::*};

use super::ask::use_ask;
use crate::{
    app::{
        erase::{Erase, Piece, show_when},
        format::local_time,
        loading::Loading,
        navigation::opens_here,
        rows::list_of,
    },
    domain::{
        instant::UtcInstant,
        library::{Answer, AnswerState},
    },
};

pub fn show_history() -> Piece {
    let ask = use_ask();
    let state = move || match (ask.history_loading.get(), ask.history.with(Vec::is_empty)) {
        (Loading::Failed(reason), _) => Some(
            view! {
                <p class="panel-error" role="alert">
                    {format!("The history could not be read. {reason} ")}
                    <button on:click=move |_| ask.acts.read_history.run(false)>"Try again"</button>
                </p>
            }
            .erase(),
        ),
        (Loading::Pending, true) => {
            Some(view! { <div class="skeletons" role="status" aria-label="Loading"><i></i><i></i></div> }.erase())
        }
        (Loading::Ready, true) => Some(
            view! { <p class="empty">"Questions that you ask are kept here, with their answers and sources."</p> }
                .erase(),
        ),
        (_, false) => None,
    };
    let more = move || {
        view! { <button class="library-more" on:click=move |_| ask.acts.read_history.run(true)>"Show more"</button> }
            .erase()
    };
    let rows = move || ask.history.get();
    view! {
        {state}
        <ul class="library-history" aria-label="Questions that were asked">
            {list_of(rows, |answer| format!("{} {}", answer.id, answer.state), show_row)}
        </ul>
        {show_when(move || ask.history_cursor.with(Option::is_some), more)}
    }
    .erase()
}

fn show_row(answer: Answer) -> Piece {
    let acts = use_ask().acts;
    let Answer { id, question, state, kind, created_at, .. } = answer;
    let words = match (state, kind.as_deref()) {
        (AnswerState::Queued | AnswerState::Running, _) => "being answered",
        (AnswerState::Failed, _) => "not answered",
        (AnswerState::Cancelled, _) => "cancelled",
        (AnswerState::Done, Some("extract")) => "passages",
        (AnswerState::Done, Some("none")) => "the library does not say",
        (AnswerState::Done, _) => "answered",
    };
    let at = UtcInstant::from_rfc3339(&created_at).map(local_time).unwrap_or_default();
    let (href, asked) = (format!("/library?answer={id}"), question.clone());
    let open = move |event: MouseEvent| {
        if opens_here(&event) {
            event.prevent_default();
            acts.show.run((id.clone(), asked.clone()));
        }
    };
    view! {
        <li>
            <a href=href on:click=open>
                <b>{question}</b>
                <span class="muted">{words}" · "<span>{at}</span></span>
            </a>
        </li>
    }
    .erase()
}
