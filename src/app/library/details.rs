//! Details of a document, found by itself or set by hand, and its removal.

use leptos::{ev::SubmitEvent, prelude::*};

use super::{
    calls::{self, Change},
    reader::{Reading, use_reading},
};
use crate::{
    app::{
        effects::detach,
        erase::{Erase, Piece},
    },
    domain::library::Document,
};

/// Where a field is.
type Field = fn(&mut Change) -> &mut String;

/// The fields that are a text: name, and where it is.
const FIELDS: [(&str, Field); 5] = [
    ("Title", |change| &mut change.title),
    ("Issuer", |change| &mut change.issuer),
    ("Ticker", |change| &mut change.ticker),
    ("Form", |change| &mut change.form),
    ("Period", |change| &mut change.period),
];

pub fn show_details() -> Piece {
    let reading = use_reading();
    let is_open = reading.has_details;
    let draft = RwSignal::new(read(reading.document.get_untracked().as_ref()));
    let tags = RwSignal::new(draft.with_untracked(|draft| draft.tags.join(", ")));
    let failure = RwSignal::new(None::<String>);
    let is_sure = RwSignal::new(false);
    let id = move || reading.document.with_untracked(|document| document.as_ref().map(|document| document.id.clone()));
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(id) = id() else { return };
        let mut change = draft.get_untracked();
        change.tags = split(&tags.get_untracked());
        detach(async move {
            match calls::change(&id, &change).await {
                Ok(document) => {
                    reading.document.try_set(Some(document));
                    is_open.try_set(false);
                    reading.shelf.reload();
                }
                Err(error) => {
                    failure.try_set(Some(error.to_string()));
                }
            }
        });
    };
    let delete = move |_| {
        let Some(id) = id() else { return };
        if !is_sure.get_untracked() {
            return is_sure.set(true);
        }
        detach(async move {
            match calls::delete(&id).await {
                Ok(()) => {
                    reading.shelf.go(|place| place.document = None);
                    reading.shelf.reload();
                }
                Err(error) => reading.shelf.tell(&error),
            }
        });
    };
    let fields = FIELDS.map(|(name, field)| show_field(name, draft, field));
    view! {
        <form class="library-details" on:submit=save>
            {fields}
            <label>
                <span class="label">"Tags"</span>
                <input
                    placeholder="with commas between"
                    prop:value=tags
                    on:input:target=move |event| tags.set(event.target().value())
                />
            </label>
            {show_tags(reading)}
            {move || failure.get().map(|reason| view! { <p class="panel-error" role="alert">{reason}</p> }.erase())}
            <div class="library-buttons">
                <button class="send" type="submit">"Save"</button>
                <button class="small" type="button" on:click=move |_| is_open.set(false)>"Close"</button>
                <button class="small danger" type="button" on:click=delete>
                    {move || if is_sure.get() { "Delete it for good" } else { "Delete…" }}
                </button>
            </div>
        </form>
    }
    .erase()
}

fn read(document: Option<&Document>) -> Change {
    let Some(document) = document else { return Change::default() };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Change {
        title: document.title.clone(),
        issuer: text(&document.issuer),
        ticker: text(&document.ticker),
        form: text(&document.form),
        period: text(&document.period),
        tags: document.tags.clone(),
    }
}

fn split(tags: &str) -> Vec<String> {
    tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

fn show_field(name: &'static str, draft: RwSignal<Change>, field: Field) -> Piece {
    view! {
        <label>
            <span class="label">{name}</span>
            <input
                maxlength="200"
                prop:value=move || field(&mut draft.get()).clone()
                on:input:target=move |event| draft.update(|draft| *field(draft) = event.target().value())
            />
        </label>
    }
    .erase()
}

/// Its tags and ticker, each a way to the documents that have it too.
fn show_tags(reading: Reading) -> Piece {
    let narrowing = reading.shelf.narrowing;
    let view = move || {
        let document = reading.document.get()?;
        let tags = document.tags.into_iter().map(|tag| {
            let label = format!("All with {tag}");
            view! {
                <button class="chip" type="button" on:click=move |_| narrowing.update(|narrowing| narrowing.tag = Some(tag.clone()))>
                    {label}
                </button>
            }
        });
        let tags: Vec<_> = tags.collect();
        let ticker = document.ticker.map(|ticker| {
            let label = format!("All of {ticker}");
            view! {
                <button class="chip" type="button" on:click=move |_| narrowing.update(|narrowing| narrowing.ticker = Some(ticker.clone()))>
                    {label}
                </button>
            }
        });
        Some(view! { <div class="library-chips">{ticker}{tags}</div> }.erase())
    };
    view.erase()
}
