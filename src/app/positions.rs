//! The positions table: what is held, live.

use leptos::prelude::*;

use super::{
    account::Books,
    format::{MISSING, or_missing, signed_money, signed_percent, tone},
};
use crate::domain::{portfolio::Position, ticker::Ticker};

#[component]
pub fn Positions(books: Books, selected: RwSignal<Option<Ticker>>) -> impl IntoView {
    let held = Memo::new(move |_| books.held());
    view! {
        <section class="panel positions" aria-labelledby="positions-title">
            <div class="bar">
                <h2 id="positions-title">"Positions"</h2>
                <span class="label">{move || held.with(Vec::len)}</span>
            </div>
            <div class="scroll">
                <table data-testid="positions-table">
                    <thead>
                        <tr>
                            <th scope="col">"Ticker"</th>
                            <th scope="col">"Quantity"</th>
                            <th scope="col">"Avg cost"</th>
                            <th scope="col">"Price"</th>
                            <th scope="col">"Value"</th>
                            <th scope="col">"P&L"</th>
                            <th scope="col">"P&L %"</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || held.get() key=|ticker| *ticker let:ticker>
                            <PositionRow ticker books selected/>
                        </For>
                        <Show when=move || held.with(Vec::is_empty)>
                            <tr class="empty">
                                <td colspan="7">"No positions yet. Choose a ticker, a quantity, and buy."</td>
                            </tr>
                        </Show>
                    </tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn PositionRow(ticker: Ticker, books: Books, selected: RwSignal<Option<Ticker>>) -> impl IntoView {
    let position = Memo::new(move |_| books.position(ticker));
    let figure = move |read: fn(&Position) -> String| {
        move || position.with(|position| position.as_ref().map_or_else(|| MISSING.to_owned(), read))
    };
    let pnl_tone = move || tone(position.with(|position| position.as_ref()?.unrealized_pnl));
    view! {
        <tr data-testid="position-row" data-ticker=ticker.to_string()>
            <th scope="row">
                <button class="symbol" on:click=move |_| selected.set(Some(ticker))>{ticker.to_string()}</button>
            </th>
            <td data-testid="position-quantity">{figure(|position| position.quantity.to_string())}</td>
            <td data-testid="position-avg-cost">{figure(|position| or_missing(position.avg_cost))}</td>
            <td data-testid="position-price">{figure(|position| or_missing(position.current_price))}</td>
            <td>{figure(|position| or_missing(position.market_value))}</td>
            <td class=pnl_tone data-testid="position-pnl">
                {figure(|position| or_missing(position.unrealized_pnl.map(signed_money)))}
            </td>
            <td class=pnl_tone data-testid="position-pnl-percent">
                {figure(|position| or_missing(position.unrealized_pnl_percent.map(signed_percent)))}
            </td>
        </tr>
    }
}
