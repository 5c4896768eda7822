//! What sales realised, ticker by ticker, and in all.

use leptos::prelude::*;

use super::read_for;
use crate::{
    api::load_realized,
    app::{
        account::Books,
        format::{money, or_missing, signed_money, signed_percent, tone},
        loading::{Loading, show_loading},
    },
    domain::realized::{RealizedLine, total},
};

#[component]
pub fn RealizedTab(books: Books) -> impl IntoView {
    let lines = RwSignal::new(Vec::<RealizedLine>::new());
    let (loading, retries) = (RwSignal::new(Loading::Pending), RwSignal::new(0));
    read_for(books, retries, loading, load_realized, move |read| lines.set(read));
    let is_empty = move || loading.get() == Loading::Ready && lines.with(Vec::is_empty);
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Realised">
            <table data-testid="realised-table">
                <thead>
                    <tr>
                        {["Ticker", "Sales", "Proceeds", "Cost", "Realised", "%"]
                            .map(|title| view! { <th scope="col">{title}</th> })}
                    </tr>
                </thead>
                // The lines change with a sale, not with a tick.
                <tbody>{move || lines.get().into_iter().map(show_line).collect_view()}</tbody>
                <tfoot>{move || (!lines.with(Vec::is_empty)).then(|| show_total(lines.get()))}</tfoot>
            </table>
            <Show when=is_empty>
                <p class="empty">"Nothing has been sold yet. What sales gain or lose adds up here."</p>
            </Show>
            {show_loading("What was realised", loading, retries)}
        </div>
    }
}

fn show_line(line: RealizedLine) -> impl IntoView {
    let pnl_tone = tone(Some(line.pnl));
    view! {
        <tr data-testid="realised-row" data-ticker=line.ticker.to_string()>
            <th scope="row">{line.ticker.to_string()}</th>
            <td>{line.sales}</td>
            <td>{money(line.proceeds)}</td>
            <td>{or_missing(line.cost().map(money))}</td>
            <td class=pnl_tone>{signed_money(line.pnl)}</td>
            <td class=pnl_tone>{or_missing(line.percent().map(signed_percent))}</td>
        </tr>
    }
}

fn show_total(lines: Vec<RealizedLine>) -> impl IntoView {
    let sum = total(&lines);
    let sales: u32 = lines.iter().map(|line| line.sales).sum();
    let (proceeds, pnl) = (sum.map(|(proceeds, _)| proceeds), sum.map(|(_, pnl)| pnl));
    let cost = sum.and_then(|(proceeds, pnl)| proceeds.checked_sub(pnl));
    let percent = pnl.zip(cost).and_then(|(pnl, cost)| pnl.percent_of(cost));
    view! {
        <tr data-testid="realised-total">
            <th scope="row">"Total"</th>
            <td>{sales}</td>
            <td>{or_missing(proceeds.map(money))}</td>
            <td>{or_missing(cost.map(money))}</td>
            <td class=tone(pnl)>{or_missing(pnl.map(signed_money))}</td>
            <td class=tone(pnl)>{or_missing(percent.map(signed_percent))}</td>
        </tr>
    }
}
