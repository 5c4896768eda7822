//! The positions table: what is held, live, and all of it together.

use leptos::{
    ev::{AnimationEvent, MouseEvent},
    prelude::*,
};

use super::{
    Desk,
    row::PositionRow,
    sorting::{Column, Sorting},
};
use crate::{
    app::{
        account::Books,
        beat::Beat,
        flash::end_animation,
        format::{decimal, or_missing, signed_money, signed_percent, tone},
    },
    domain::{money::Money, ticker::Ticker},
};

#[component]
pub fn PositionsTab(desk: Desk) -> impl IntoView {
    let books = desk.books;
    let beat = Beat::start();
    let sorting = RwSignal::new(Sorting::FIRST);
    let order = Memo::new(move |_| {
        beat.track();
        let held = books.held();
        let sorting = sorting.get();
        untrack(|| sorted(books, &held, sorting))
    });
    let is_empty = move || order.with(Vec::is_empty);
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Positions">
            <table data-testid="positions-table">
                <thead>
                    <tr>
                        {Column::ALL.map(|column| show_header(column, sorting))}
                        <th scope="col"><span class="visually-hidden">"Sell"</span></th>
                    </tr>
                </thead>
                <tbody
                    on:pointerenter=move |_| beat.point(true)
                    on:pointerleave=move |_| beat.point(false)
                    on:focusin=move |_| beat.focus(true)
                    on:focusout=move |_| beat.focus(false)
                    on:animationend=|event: AnimationEvent| end_animation(&event, "data-lit")
                >
                    <For each=move || order.get() key=|ticker| *ticker let:ticker>
                        <PositionRow ticker desk/>
                    </For>
                    <Show when=is_empty>
                        <tr class="empty">
                            <td colspan="10">"No positions yet. Choose a ticker, a quantity, and buy."</td>
                        </tr>
                    </Show>
                </tbody>
                <tfoot>{move || (!is_empty()).then(|| show_totals(books))}</tfoot>
            </table>
        </div>
    }
}

/// The tickers held, as the sorting has them at this moment.
fn sorted(books: Books, held: &[Ticker], sorting: Sorting) -> Vec<Ticker> {
    let mut positions: Vec<_> = held
        .iter()
        .filter_map(|ticker| Some((books.position(*ticker)?, books.day_pnl(*ticker).map(|day| day.amount))))
        .collect();
    sorting.sort(&mut positions);
    positions.into_iter().map(|(position, _)| position.ticker).collect()
}

fn show_header(column: Column, sorting: RwSignal<Sorting>) -> impl IntoView {
    let arrow = move || match sorting.get().aria(column) {
        "ascending" => "▲",
        "descending" => "▼",
        _ => "",
    };
    let toggle = move |_: MouseEvent| sorting.update(|sorting| *sorting = sorting.toggle(column));
    view! {
        <th scope="col" class=column.class() aria-sort=move || sorting.get().aria(column)>
            <button class="sort" on:click=toggle>
                {column.title()}
                <span class="sort-mark" aria-hidden="true">{arrow}</span>
            </button>
        </th>
    }
}

/// All positions together; their cost is what their value is above their gain.
fn show_totals(books: Books) -> impl IntoView {
    let count = move || match books.held().len() {
        1 => "1 position".to_owned(),
        count => format!("{count} positions"),
    };
    let value = Memo::new(move |_| books.with_portfolio(|portfolio| portfolio.positions_value));
    let pnl = Memo::new(move |_| books.with_portfolio(|portfolio| portfolio.unrealized_pnl));
    let weight = move || {
        let share = books.with_portfolio(|portfolio| portfolio.positions_value?.percent_of(portfolio.total_value?));
        or_missing(share.map(|percent| format!("{}%", decimal(percent, 1))))
    };
    let day = Memo::new(move |_| {
        let held = books.held();
        held.into_iter().try_fold(Money::ZERO, |sum, ticker| sum.checked_add(books.day_pnl(ticker)?.amount))
    });
    let percent = move || {
        let cost = value.get()?.checked_sub(pnl.get()?)?;
        pnl.get()?.percent_of(cost).map(signed_percent)
    };
    view! {
        <tr data-testid="positions-total">
            <th scope="row">{count}</th>
            <td></td>
            <td></td>
            <td></td>
            <td>{move || or_missing(value.get())}</td>
            <td class=Column::Weight.class()>{weight}</td>
            <td class=move || format!("{} {}", Column::Day.class(), tone(day.get()))>
                {move || or_missing(day.get().map(signed_money))}
            </td>
            <td class=move || tone(pnl.get())>{move || or_missing(pnl.get().map(signed_money))}</td>
            <td class=move || tone(pnl.get())>{move || or_missing(percent())}</td>
            <td></td>
        </tr>
    }
}
