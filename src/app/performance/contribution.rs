//! Which tickers earned the gain, and who traded; each adds up to the whole gain.

use leptos::prelude::*;

use super::{
    store::Desk,
    table::{Panel, show_panel},
    words,
};
use crate::{
    app::{
        erase::{Erase, Piece},
        format::{signed_money, tone},
        trade::chart::{Choice, show_choice},
    },
    domain::{money::Money, performance::report::Performance},
};

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Ticker,
    Source,
}

/// A part of the gain.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    name: String,
    gain: Money,
    percent: Option<f64>,
}

pub fn show_contribution(desk: Desk) -> Piece {
    let by = RwSignal::new(By::Ticker);
    let choices = [(By::Ticker, "ticker", "Ticker"), (By::Source, "who", "Who")].map(|(own, key, label)| {
        let words = format!("Contribution by {key}");
        show_choice(
            Choice { test_id: "contribution-by", key, words, label: label.to_owned() },
            move || by.get() == own,
            move || by.set(own),
        )
    });
    let controls = view! { <div class="choices" role="group" aria-label="Contribution by">{choices}</div> }.erase();
    let read = move || {
        desk.view.with(|view| view.as_ref().map(|view| (lines(&view.performance, by.get()), view.performance.gain)))
    };
    let shown = crate::app::effects::memo(read);
    let rows = move || {
        let (lines, _) = shown.get()?;
        let largest = lines.iter().map(|line| line.gain.cents().unsigned_abs()).max().unwrap_or_default();
        Some(lines.into_iter().map(|line| show_line(line, largest)).collect_view())
    };
    let total = move || {
        let (_, gain) = shown.get()?;
        Some(
            view! {
                <tr data-testid="contribution-total">
                    <th scope="row" colspan="2">"All"</th>
                    <td class=tone(Some(gain))>{signed_money(gain)}</td>
                    <td>{if gain.is_zero() { "" } else { "100.0%" }}</td>
                </tr>
            }
            .erase(),
        )
    };
    let nothing = move || shown.with(|shown| shown.as_ref().is_some_and(|(lines, _)| lines.is_empty()));
    let body = view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Parts of the gain">
            <table class="contribution" data-testid="contribution">
                <thead class="visually-hidden">
                    <tr>
                        {["From", "Bar", "Gain", "Part"].map(|title| view! { <th scope="col">{title}</th> })}
                    </tr>
                </thead>
                <tbody translate="no">{rows}</tbody>
                <tfoot translate="no">{total}</tfoot>
            </table>
            <p class="empty" hidden=move || !nothing()>"Nothing was held or sold in this range."</p>
        </div>
    }
    .erase();
    show_panel(Panel { name: "contribution", title: "Contribution", controls, body })
}

fn lines(performance: &Performance, by: By) -> Vec<Line> {
    match by {
        By::Ticker => performance
            .by_ticker
            .iter()
            .map(|line| Line { name: line.ticker.to_string(), gain: line.gain, percent: line.percent })
            .collect(),
        By::Source => performance
            .by_source
            .iter()
            .map(|line| Line {
                name: words::source_word(line.source).to_owned(),
                gain: line.gain,
                percent: line.percent,
            })
            .collect(),
    }
}

/// Half of the bar's width, in its own units: gains go to the right, losses to the left.
const HALF: u64 = 100;

fn show_line(line: Line, largest: u64) -> Piece {
    let Line { name, gain, percent } = line;
    let width = (u128::from(gain.cents().unsigned_abs()) * u128::from(HALF))
        .checked_div(u128::from(largest))
        .unwrap_or_default() as u64;
    let x = if gain < Money::ZERO { HALF - width } else { HALF };
    view! {
        <tr data-testid="contribution-row">
            <th scope="row">{name}</th>
            <td>
                <svg viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true">
                    <line x1="100" x2="100" y1="0" y2="10"></line>
                    <rect class=tone(Some(gain)) x=x.to_string() y="1" width=width.to_string() height="8"></rect>
                </svg>
            </td>
            <td class=tone(Some(gain))>{signed_money(gain)}</td>
            <td class="muted">{words::part(percent)}</td>
        </tr>
    }
    .erase()
}
