//! What sales realised, ticker by ticker, and in all; and the dividends.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::read_for;
use crate::{
    api::load_realized,
    app::{
        erase::{Erase, Piece},
        format::{money, or_missing, signed_money, signed_percent, tone},
        loading::{Loading, show_loading},
        parts::PartView,
        workspace::use_workspace,
    },
    domain::{
        money::Money,
        realized::{DividendLine, Realized, RealizedLine, total},
    },
};

#[wasm_split(trades, fallible)]
pub fn fetch_realized() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <RealizedTab/> }.erase())
}

#[component]
fn RealizedTab() -> impl IntoView {
    let books = use_workspace().books;
    let (lines, dividends) = (RwSignal::new(Vec::<RealizedLine>::new()), RwSignal::new(Vec::<DividendLine>::new()));
    let (loading, retries) = (RwSignal::new(Loading::Pending), RwSignal::new(0));
    read_for(books, retries, loading, load_realized, move |read: Realized| {
        lines.set(read.lines);
        dividends.set(read.dividends);
    });
    // The lines change with a sale, not with a tick.
    let rows = move || lines.get().into_iter().map(show_line).collect_view();
    let total = move || (!lines.with(Vec::is_empty)).then(|| lines.with(|lines| show_total(lines)));
    let nothing = move || {
        let is_empty = loading.get() == Loading::Ready && lines.with(Vec::is_empty) && dividends.with(Vec::is_empty);
        is_empty
            .then(|| view! { <p class="empty">"Nothing has been sold yet. What sales gain or lose adds up here."</p> })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Realised">
            <table data-testid="realised-table">
                <thead>
                    <tr>
                        {["Ticker", "Sales", "Proceeds", "Cost", "Realised", "%"]
                            .map(|title| view! { <th scope="col">{title}</th> })}
                    </tr>
                </thead>
                <tbody translate="no">{rows}</tbody>
                <tfoot translate="no">{total}</tfoot>
            </table>
            {move || show_dividends(dividends.get())}
            {nothing}
            {show_loading("What was realised", loading, retries)}
        </div>
    }
    .erase()
}

/// The dividends, newest first; nothing when there are none.
fn show_dividends(dividends: Vec<DividendLine>) -> Option<Piece> {
    let row = |line: DividendLine| {
        let state = if line.is_paid { "Paid" } else { "Owed" };
        let amount = line.amount;
        view! {
            <tr data-testid="dividend-row" data-ticker=line.ticker.to_string()>
                <th scope="row">{format!("Dividend {}", line.ticker)}</th>
                <td>{line.quantity.to_string()}</td>
                <td>{format!("{state} {}", line.pay_date)}</td>
                <td class=if line.is_paid { tone(Some(amount)) } else { "" }>{signed_money(amount)}</td>
            </tr>
        }
    };
    (!dividends.is_empty()).then(|| {
        let rows = dividends.into_iter().map(row).collect_view();
        view! {
            <table data-testid="dividends-table">
                <thead>
                    <tr>
                        {["Dividend", "Shares", "State", "Amount"].map(|title| view! { <th scope="col">{title}</th> })}
                    </tr>
                </thead>
                <tbody translate="no">{rows}</tbody>
            </table>
        }
        .erase()
    })
}

fn show_line(line: RealizedLine) -> Piece {
    let RealizedLine { ticker, sales, proceeds, pnl } = line;
    show_sums(ticker.to_string(), "realised-row", sales, Some((proceeds, pnl)))
}

fn show_total(lines: &[RealizedLine]) -> Piece {
    show_sums("Total".to_owned(), "realised-total", lines.iter().map(|line| line.sales).sum(), total(lines))
}

/// A row: its name, its sales, and what they brought and gained.
fn show_sums(name: String, test_id: &'static str, sales: u32, sums: Option<(Money, Money)>) -> Piece {
    let (proceeds, pnl) = (sums.map(|(proceeds, _)| proceeds), sums.map(|(_, pnl)| pnl));
    let cost = sums.and_then(|(proceeds, pnl)| proceeds.checked_sub(pnl));
    let percent = pnl.zip(cost).and_then(|(pnl, cost)| pnl.percent_of(cost));
    view! {
        <tr data-testid=test_id>
            <th scope="row">{name}</th>
            <td>{sales.to_string()}</td>
            <td>{or_missing(proceeds.map(money))}</td>
            <td>{or_missing(cost.map(money))}</td>
            <td class=tone(pnl)>{or_missing(pnl.map(signed_money))}</td>
            <td class=tone(pnl)>{or_missing(percent.map(signed_percent))}</td>
        </tr>
    }
    .erase()
}
