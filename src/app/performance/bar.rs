//! The choices above the figures: range, dates, benchmark; and the ways out: statement and exports.

use leptos::prelude::*;

use super::{store::Desk, words};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece},
        trade::chart::{Choice, show_choice},
    },
    domain::{corporate_action::ExchangeDate, performance::range::Range, ticker::Ticker},
};

pub fn show_bar(desk: Desk) -> Piece {
    let ranges: Vec<Piece> = Range::NAMED.into_iter().map(|range| show_range(desk, range)).collect();
    let span = desk.read(words::span_words);
    let at = memo(move || desk.view.with(|view| view.as_ref().map(|view| view.at)));
    let time = move || at.get().map(|at| format!("as of {}", crate::app::format::local_time(at)));
    view! {
        <div class="performance-bar">
            <div class="choices" role="group" aria-label="Range">{ranges}</div>
            {show_dates(desk)}
            <p class="performance-span muted" translate="no">
                <span data-testid="performance-span">{move || span.get()}</span>
                " "
                <span class="performance-at">{time}</span>
            </p>
            {show_benchmark(desk)}
            <div class="performance-exits">
                <button class="small" data-testid="statement-print" on:click=move |_| print()>"Statement"</button>
                {show_exports(desk)}
            </div>
        </div>
    }
    .erase()
}

fn print() {
    // Refused only where the browser cannot print, which says so itself.
    let _ = window().print();
}

fn show_range(desk: Desk, range: Range) -> Piece {
    let key = match range {
        Range::Week => "1w",
        Range::Month => "1m",
        Range::Quarter => "3m",
        Range::YearToDate => "ytd",
        Range::Year => "1y",
        Range::All | Range::Dates { .. } => "all",
    };
    show_choice(
        Choice {
            test_id: "performance-range",
            key,
            words: format!("{}: {}", words::range_word(range), words::range_title(range)),
            label: words::range_word(range).to_owned(),
        },
        move || desk.range.get() == range,
        move || desk.range.set(range),
    )
}

/// Two dates, which show the range and change it.
fn show_dates(desk: Desk) -> Piece {
    let shown = desk.read(|performance| (performance.from.clone(), performance.to.clone()));
    let (from, to) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refusal = RwSignal::new(None::<&'static str>);
    crate::app::effects::effect(move || {
        if let Some((first, last)) = shown.get() {
            // A range without days keeps the dates that were typed.
            if let (Some(first), Some(last)) = (first, last) {
                from.set(first);
                to.set(last);
            }
            refusal.set(None);
        }
    });
    let apply = move || {
        let read = |text: RwSignal<String>| text.with_untracked(|text| text.parse::<ExchangeDate>().ok());
        match (read(from), read(to)) {
            (Some(from), Some(to)) if from <= to => {
                refusal.set(None);
                desk.range.set(Range::Dates { from, to });
            }
            (Some(_), Some(_)) => refusal.set(Some("The first date is after the last one.")),
            _ => refusal.set(Some("Both dates are needed.")),
        }
    };
    let field = |name: &'static str, test_id: &'static str, text: RwSignal<String>| {
        view! {
            <label>
                <span>{name}</span>
                <input
                    type="date"
                    data-testid=test_id
                    aria-describedby="performance-dates-refusal"
                    prop:value=move || text.get()
                    on:change:target=move |event| {
                        text.set(event.target().value());
                        apply();
                    }
                />
            </label>
        }
        .erase()
    };
    view! {
        <div class="performance-dates" role="group" aria-label="Dates">
            {field("From", "performance-from", from)}
            {field("to", "performance-to", to)}
            <span id="performance-dates-refusal" class="down" role="status">{move || refusal.get()}</span>
        </div>
    }
    .erase()
}

fn show_benchmark(desk: Desk) -> Piece {
    let shown = desk.read(|performance| performance.benchmark);
    let is_refused = RwSignal::new(false);
    let value = move || desk.benchmark.get().or(shown.get()).map(|ticker| ticker.to_string()).unwrap_or_default();
    view! {
        <label class="performance-benchmark">
            <span>"Against"</span>
            <input
                data-testid="performance-benchmark"
                size="6"
                maxlength="7"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                aria-invalid=move || is_refused.get().to_string()
                aria-describedby="performance-benchmark-refusal"
                prop:value=value
                on:change:target=move |event| {
                    let typed = event.target().value();
                    match typed.trim().parse::<Ticker>() {
                        Ok(ticker) => {
                            is_refused.set(false);
                            desk.benchmark.set(Some(ticker));
                        }
                        // Emptied, it is the server's own again.
                        Err(_) if typed.trim().is_empty() => {
                            is_refused.set(false);
                            desk.benchmark.set(None);
                        }
                        Err(_) => is_refused.set(true),
                    }
                }
            />
            <span id="performance-benchmark-refusal" class="down" role="status">
                {move || is_refused.get().then_some("That is no ticker.")}
            </span>
        </label>
    }
    .erase()
}

/// The exports as files, for the range and the method that are shown.
fn show_exports(desk: Desk) -> Piece {
    let days = move || {
        let benchmark = desk.benchmark.get().map(|ticker| format!("&benchmark={ticker}")).unwrap_or_default();
        format!("/api/exports/days.csv?range={}{benchmark}", desk.range.get())
    };
    let lots = move || format!("/api/exports/lots.csv?method={}", desk.method.get());
    let link = |name: &'static str, file: &'static str, address: Signal<String>| {
        view! {
            <a href=move || address.get() download=format!("finally-{file}") rel="external" data-testid=format!("export-{file}")>
                {name}
            </a>
        }
        .erase()
    };
    let fixed = |address: &'static str| Signal::derive(move || address.to_owned());
    view! {
        <nav class="performance-exports" aria-label="Exports as CSV">
            <span class="muted">"CSV"</span>
            {link("Days", "days.csv", Signal::derive(days))}
            {link("Lots", "lots.csv", Signal::derive(lots))}
            {link("Flows", "flows.csv", fixed("/api/exports/flows.csv"))}
            {link("Trades", "trades.csv", fixed("/api/exports/trades.csv"))}
        </nav>
    }
    .erase()
}
