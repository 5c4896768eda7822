//! Fields of the form for an alert: subject, ticker, indicator, comparison, value, repeat, end and note.

use leptos::prelude::*;

use super::{
    words::repeat,
    written::{Against, Subject, Written},
};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
    },
    domain::{
        alerts::{Frequency, NOTE_LENGTH_MAX},
        candle::Interval,
        condition::{Comparison, operand::Basis},
    },
};

/// All fields; those of the condition only where the form can show it.
pub fn show_fields(written: RwSignal<Written>) -> Piece {
    let is_fixed = written.with_untracked(|written| written.is_fixed);
    view! {
        {(!is_fixed).then(|| show_condition(written))}
        {show_choice(
            "Repeat",
            "alert-frequency",
            Frequency::ALL.iter().map(|it| (it.as_str(), repeat(*it))).collect(),
            Signal::derive(move || written.with(|written| written.frequency.as_str())),
            move |word| written.update(|written| written.frequency = word.parse().unwrap_or(written.frequency)),
        )}
        <label class="field">
            <span class="label">"Until"</span>
            <input
                type="datetime-local"
                data-testid="alert-expires"
                value=written.with_untracked(|written| written.expires.clone())
                on:input:target=move |event| written.update(|written| written.expires = event.target().value())
            />
        </label>
        {text_field("Note", "alert-note", "text", "note", written, |written| &mut written.note)}
    }
    .erase()
}

fn show_condition(written: RwSignal<Written>) -> Piece {
    let has_ticker = memo(move || written.with(|written| written.subject.has_ticker()));
    let is_price = memo(move || written.with(|written| written.subject == Subject::Price));
    let has_indicator = memo(move || written.with(Written::has_indicator));
    let has_value = memo(move || !written.with(Written::is_against_average));
    view! {
        {show_choice(
            "When",
            "alert-subject",
            Subject::ALL.map(|(_, name, title)| (name, title)).to_vec(),
            Signal::derive(move || name_of(&Subject::ALL, written.with(|written| written.subject))),
            move |word| written.update(|written| written.subject = value_of(&Subject::ALL, &word).unwrap_or(written.subject)),
        )}
        {show_when(
            move || has_ticker.get(),
            move || text_field("Ticker", "alert-ticker", "text", "ticker", written, |written| &mut written.ticker),
        )}
        {show_choice(
            "Is",
            "alert-comparison",
            Comparison::ALL.iter().map(|it| (it.as_str(), comparison_words(*it))).collect(),
            Signal::derive(move || written.with(|written| written.comparison.as_str())),
            move |word| written.update(|written| written.comparison = word.parse().unwrap_or(written.comparison)),
        )}
        {show_when(move || is_price.get(), move || show_against(written))}
        {show_when(
            move || has_value.get(),
            move || text_field("Value", "alert-value", "decimal", "number", written, |written| &mut written.value),
        )}
        {show_when(move || has_indicator.get(), move || show_indicator(written))}
    }
    .erase()
}

fn show_against(written: RwSignal<Written>) -> Piece {
    show_choice(
        "Than",
        "alert-against",
        Against::ALL.map(|(_, name, title)| (name, title)).to_vec(),
        Signal::derive(move || name_of(&Against::ALL, written.with(|written| written.against))),
        move |word| {
            written.update(|written| written.against = value_of(&Against::ALL, &word).unwrap_or(written.against))
        },
    )
}

/// Period, interval, and whether only closed candles count.
fn show_indicator(written: RwSignal<Written>) -> Piece {
    const BASES: [(&str, &str); 2] = [("closed", "closed candles"), ("live", "the forming one too")];
    view! {
        {text_field("Period", "alert-period", "numeric", "number", written, |written| &mut written.period)}
        {show_choice(
            "Candles of",
            "alert-interval",
            Interval::ALL.map(|it| (it.as_str(), it.as_str())).to_vec(),
            Signal::derive(move || written.with(|written| written.interval.as_str())),
            move |word| written.update(|written| written.interval = word.parse().unwrap_or(written.interval)),
        )}
        {show_choice(
            "Counts",
            "alert-basis",
            BASES.to_vec(),
            Signal::derive(move || written.with(|written| written.basis.as_str())),
            move |word| written.update(|written| written.basis = word.parse().unwrap_or(Basis::Closed)),
        )}
    }
    .erase()
}

/// A field for text, a number or a ticker.
fn text_field(
    label: &'static str,
    id: &'static str,
    input_mode: &'static str,
    kind: &'static str,
    written: RwSignal<Written>,
    part: fn(&mut Written) -> &mut String,
) -> Piece {
    let (length, example) = match kind {
        "note" => (NOTE_LENGTH_MAX, "none"),
        "ticker" => (7, "NVDA"),
        _ => (30, ""),
    };
    let now = Signal::derive(move || written.with(|written| part(&mut written.clone()).clone()));
    view! {
        <label class=format!("field {kind}")>
            <span class="label">{label}</span>
            <input
                data-testid=id
                inputmode=input_mode
                autocomplete="off"
                autocapitalize="off"
                spellcheck=(kind == "note").to_string()
                maxlength=length.to_string()
                placeholder=example
                value=now.get_untracked()
                prop:value=now
                on:input:target=move |event| written.update(|written| *part(written) = event.target().value())
            />
        </label>
    }
    .erase()
}

fn show_choice(
    label: &'static str,
    id: &'static str,
    choices: Vec<(&'static str, &'static str)>,
    chosen: Signal<&'static str>,
    choose: impl Fn(String) + Send + Sync + 'static,
) -> Piece {
    show_options(label, id, choices, chosen, Callback::new(choose))
}

/// Compiled once for all choices.
fn show_options(
    label: &'static str,
    id: &'static str,
    choices: Vec<(&'static str, &'static str)>,
    chosen: Signal<&'static str>,
    choose: Callback<String>,
) -> Piece {
    let options: Vec<_> = choices
        .into_iter()
        .map(|(name, title)| view! { <option value=name selected=chosen.get_untracked() == name>{title}</option> })
        .collect();
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <select data-testid=id prop:value=chosen on:change:target=move |event| choose.run(event.target().value())>
                {options}
            </select>
        </label>
    }
    .erase()
}

/// Name of a value in a choice.
fn name_of<T: Copy + PartialEq>(all: &[(T, &'static str, &'static str)], value: T) -> &'static str {
    all.iter().find(|(other, ..)| *other == value).map_or("", |(_, name, _)| name)
}

fn value_of<T: Copy>(all: &[(T, &'static str, &'static str)], name: &str) -> Option<T> {
    all.iter().find(|(_, other, _)| *other == name).map(|(value, ..)| *value)
}

fn comparison_words(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Above => "above",
        Comparison::AtLeast => "at least",
        Comparison::Below => "below",
        Comparison::AtMost => "at most",
        Comparison::CrossesAbove => "crossing above",
        Comparison::CrossesBelow => "crossing below",
    }
}
