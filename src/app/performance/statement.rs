//! The statement: one page on paper of the range that is shown, which adds up.

use leptos::prelude::*;

use super::{store::Desk, words};
use crate::{
    app::{
        erase::{Erase, Piece},
        format::{local_time, money, signed_money},
    },
    domain::{
        money::Money,
        performance::{
            names::FigureName,
            report::{Performance, PerformanceView},
        },
    },
};

/// The figures of a statement.
const FIGURES: [FigureName; 14] = [
    FigureName::Twr,
    FigureName::Mwr,
    FigureName::BenchmarkReturn,
    FigureName::HoldingReturn,
    FigureName::MaxDrawdown,
    FigureName::Volatility,
    FigureName::Sharpe,
    FigureName::Sortino,
    FigureName::BestDay,
    FigureName::WorstDay,
    FigureName::Trades,
    FigureName::WinRate,
    FigureName::ProfitFactor,
    FigureName::Exposure,
];

/// Most tickers that are listed, so that it stays on one page; the rest is one line.
const TICKERS_MAX: usize = 12;

pub fn show_statement(desk: Desk) -> Piece {
    let content = move || desk.view.with(|view| view.as_ref().map(show));
    view! {
        <section class="account-statement print-only" aria-label="Statement" data-testid="statement" translate="no">
            {content}
        </section>
    }
    .erase()
}

fn show(view: &PerformanceView) -> Piece {
    let performance = &view.performance;
    let figures = FIGURES.iter().filter_map(|name| {
        let figure = *performance.figures.get(name)?;
        let title = match name {
            FigureName::BenchmarkReturn => performance.benchmark.to_string(),
            _ => name.title().to_owned(),
        };
        Some(show_line(title, words::figure(*name, figure)))
    });
    view! {
        <h1>"FinAlly · Statement of the account"</h1>
        <p>{format!("{} · as of {}", words::span_words(performance), local_time(view.at))}</p>
        <div class="statement-columns">
            {show_table("Value", true, balance(performance).map(|(name, amount)| show_line(name.to_owned(), amount)).collect_view().erase())}
            {show_table("Trades", false, trades(performance).map(|(name, words)| show_line(name.to_owned(), words)).collect_view().erase())}
            {show_table("Figures", false, figures.collect_view().erase())}
            {show_table("Gain by ticker", true, show_tickers(performance))}
        </div>
        <p>
            "Opening value + deposits + withdrawals + gain = closing value. The gain is after commissions, and includes dividends. "
            "All of it is practice money at simulated or delayed prices."
        </p>
    }
    .erase()
}

/// The lines that add up to the closing value.
fn balance(performance: &Performance) -> std::array::IntoIter<(&'static str, String), 5> {
    [
        ("Opening value", money(performance.opening_value)),
        ("Deposits", signed_money(performance.deposits)),
        ("Withdrawals", signed_money(performance.withdrawals)),
        ("Gain", signed_money(performance.gain)),
        ("Closing value", money(performance.closing_value)),
    ]
    .into_iter()
}

fn trades(performance: &Performance) -> std::array::IntoIter<(&'static str, String), 4> {
    [
        ("Bought", money(performance.bought)),
        ("Sold", money(performance.sold)),
        ("Commissions", money(performance.fees)),
        ("Dividends", money(performance.dividends)),
    ]
    .into_iter()
}

fn show_tickers(performance: &Performance) -> Piece {
    let (listed, rest) = performance.by_ticker.split_at(performance.by_ticker.len().min(TICKERS_MAX));
    let lines = listed.iter().map(|line| show_line(line.ticker.to_string(), signed_money(line.gain)));
    let other = (!rest.is_empty()).then(|| {
        let sum = rest.iter().fold(0_i64, |sum, line| sum.saturating_add(line.gain.cents()));
        show_line(words::counted(rest.len(), "other ticker", "other tickers"), signed_money(Money::from_cents(sum)))
    });
    let all = show_line("All".to_owned(), signed_money(performance.gain));
    view! {
        {lines.collect_view()}
        {other}
        {all}
    }
    .erase()
}

/// `adds_up` sets the last row apart as the sum.
fn show_table(title: &'static str, adds_up: bool, rows: Piece) -> Piece {
    view! {
        <table class:adds-up=adds_up>
            <caption>{title}</caption>
            <tbody>{rows}</tbody>
        </table>
    }
    .erase()
}

fn show_line(name: String, words: String) -> Piece {
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>{words}</td>
        </tr>
    }
    .erase()
}
