//! What narrows a question: filters that were set, and those that were read from the question itself.

use leptos::prelude::*;

use super::{ask::use_ask, narrowing::show_chip, place::Tab};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
    },
    domain::library::Filters,
};

/// Where a filter is.
type TextField = fn(&mut Filters) -> &mut Option<String>;
type YearField = fn(&mut Filters) -> &mut Option<i32>;

/// The filters that hold a text: their name, and where they are.
const TEXTS: [(&str, TextField); 4] = [
    ("Ticker", |filters| &mut filters.ticker),
    ("Issuer", |filters| &mut filters.issuer),
    ("Form", |filters| &mut filters.form),
    ("Tag", |filters| &mut filters.tag),
];

const YEARS: [(&str, YearField); 2] = [("From", |filters| &mut filters.from), ("To", |filters| &mut filters.to)];

pub fn show_filters() -> Piece {
    let ask = use_ask();
    let is_open = RwSignal::new(false);
    view! {
        <div class="library-chips" aria-label="Filters" role="group">
            {move || show_set(&ask.filters.get())}
            {show_found()}
            <button
                class="link"
                aria-expanded=move || is_open.get().to_string()
                on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
            >
                "+ Filter"
            </button>
        </div>
        {show_when(move || is_open.get(), show_form)}
    }
    .erase()
}

/// A chip for each filter that was set.
fn show_set(filters: &Filters) -> Piece {
    let ask = use_ask();
    let mut filters = filters.clone();
    let mut chips: Vec<Piece> = Vec::new();
    if let Some(id) = filters.document.take() {
        let title =
            ask.shelf.document(&id).map_or_else(|| "the one that was read".to_owned(), |document| document.title);
        chips.push(show_chip("Document", title, move |()| ask.narrow(move |filters| filters.document = None)));
    }
    for (name, field) in TEXTS {
        if let Some(value) = field(&mut filters).clone() {
            chips.push(show_chip(name, value, move |()| ask.narrow(move |filters| *field(filters) = None)));
        }
    }
    for (name, field) in YEARS {
        if let Some(year) = *field(&mut filters) {
            chips.push(show_chip(name, year.to_string(), move |()| ask.narrow(move |filters| *field(filters) = None)));
        }
    }
    chips.collect_view().erase()
}

/// A chip for what was read from the question, of the answer or the search that is shown.
fn show_found() -> Piece {
    let ask = use_ask();
    let found = memo(move || match ask.shelf.place.with(|place| place.tab) {
        Tab::Answer => ask.answer.filters(),
        Tab::Passages => ask.result.with(|result| result.as_ref().map(|result| result.filters.clone())),
        Tab::History => None,
    });
    let chips = move || {
        let mut found = found.get().unwrap_or_default();
        let names = std::mem::take(&mut found.found);
        let chip = |name: String| {
            let (title, field) = TEXTS.into_iter().find(|(title, _)| title.to_lowercase() == name)?;
            let value = field(&mut found).clone()?;
            Some(show_chip(title, value, move |()| ask.narrow(move |filters| filters.as_given = true)))
        };
        let chips: Vec<Piece> = names.into_iter().filter_map(chip).collect();
        chips.collect_view().erase()
    };
    let again = move || {
        view! {
            <button class="link" on:click=move |_| ask.narrow(move |filters| filters.as_given = false)>
                "Let the question choose the company"
            </button>
        }
        .erase()
    };
    view! {
        {chips}
        {show_when(move || ask.filters.with(|filters| filters.as_given), again)}
    }
    .erase()
}

fn show_form() -> Piece {
    let ask = use_ask();
    let text = move |(name, field): (&'static str, TextField)| {
        let value = move || field(&mut ask.filters.get()).clone().unwrap_or_default();
        let set = move |typed: String| {
            let typed = typed.trim().to_owned();
            ask.narrow(move |filters| *field(filters) = Some(typed).filter(|typed| !typed.is_empty()));
        };
        show_field(name, value, set)
    };
    let year = move |(name, field): (&'static str, YearField)| {
        let value = move || field(&mut ask.filters.get()).map(|year| year.to_string()).unwrap_or_default();
        let set = move |typed: String| {
            let year = typed.trim().parse().ok().filter(|year| (1900..=2200).contains(year));
            ask.narrow(move |filters| *field(filters) = year);
        };
        show_field(name, value, set)
    };
    let read = move || ask.shelf.place.with(|place| place.document.clone());
    let only = move || {
        let pick = move |_| {
            let document = ask.shelf.place.with_untracked(|place| place.document.clone());
            ask.narrow(move |filters| filters.document = document.clone());
        };
        view! { <button class="small" on:click=pick>"Only the document that is read"</button> }.erase()
    };
    view! {
        <div class="library-filter-form">
            {TEXTS.map(text).collect_view()}
            {YEARS.map(year).collect_view()}
            {show_when(move || read().is_some(), only)}
        </div>
    }
    .erase()
}

/// A field that takes effect when it is left, or with Enter.
fn show_field(
    name: &'static str,
    value: impl Fn() -> String + Send + Sync + 'static,
    set: impl Fn(String) + 'static,
) -> Piece {
    let label = match name {
        "From" => "Years from",
        "To" => "Years to",
        name => name,
    };
    view! {
        <label>
            <span class="label">{label}</span>
            <input maxlength="120" prop:value=value on:change:target=move |event| set(event.target().value())/>
        </label>
    }
    .erase()
}
