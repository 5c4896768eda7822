//! The positions table: what is held, live, and all of it together.

use leptos::{
    ev::{AnimationEvent, FocusEvent, MouseEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{
    row::PositionRow,
    sorting::{Column, Sorting},
    standing::arrange,
};
use crate::{
    app::{
        account::Books,
        effects::{effect, memo},
        erase::{Erase, Piece},
        flash::end_animation,
        format::{or_missing, share_percent, signed_money, signed_percent, tone},
        modal::Modal,
        parts::{Part, show_part},
        resort_timer::ResortTimer,
        rows::rows_of,
        storage,
        virtual_list::VirtualList,
        workspace::Workspace,
    },
    domain::ticker::Ticker,
};

/// Where the browser remembers what the table is sorted by.
const SORTING_KEY: &str = "positions-sort";

#[component]
pub fn PositionsTab(workspace: Workspace) -> impl IntoView {
    let books = workspace.books;
    let resort = ResortTimer::start();
    let sorting = RwSignal::new(Sorting::FIRST);
    effect(move || {
        let recall = move |stored: &str| sorting.set(Sorting::read(stored));
        storage::keep(SORTING_KEY, move || sorting.get().words(), recall);
    });
    let rows = StoredValue::new(Vec::new());
    let order = memo(move || {
        let beats = resort.track();
        let held = books.held();
        let sorting = sorting.get();
        let held = untrack(|| sorted(books, &held, sorting));
        let standing = arrange(&rows.get_value(), &held, resort.is_still(), beats);
        let order = standing.iter().map(|row| row.ticker).collect::<Vec<_>>();
        rows.set_value(standing);
        order
    });
    let is_empty = memo(move || books.held().is_empty());
    let armed = RwSignal::new(None);
    let nothing = move || {
        let words = "No positions yet. Choose a ticker, a quantity, and buy.";
        is_empty.get().then(|| view! { <tr class="empty"><td colspan="10">{words}</td></tr> })
    };
    let scroller = NodeRef::new();
    let virtual_list = VirtualList::follow(scroller, order, books.market);
    let (standing, [above, below]) = virtual_list.cut();
    let totals = move || (!is_empty.get()).then(|| show_totals(books));
    view! {
        <div
            class="scroll"
            tabindex="0"
            role="region"
            aria-label="Positions"
            node_ref=scroller
            on:scroll=move |event| virtual_list.scroll(&event)
        >
            <table class="holdings" data-testid="positions-table">
                <thead>
                    <tr>
                        {Column::ALL.map(|column| show_header(column, sorting))}
                        <th scope="col"><span class="visually-hidden">"Sell"</span></th>
                    </tr>
                </thead>
                <tbody
                    translate="no"
                    on:pointerenter=move |_| resort.point(true)
                    on:pointerleave=move |_| resort.point(false)
                    on:focusin=move |event| resort.focus(is_by_keyboard(&event))
                    on:focusout=move |_| resort.focus(false)
                    on:animationend=|event: AnimationEvent| end_animation(&event, "data-lit")
                >
                    {above}
                    {rows_of(standing, move |ticker| view! { <PositionRow ticker workspace virtual_list armed/> }.erase())}
                    {below}
                    {nothing}
                </tbody>
                <tfoot translate="no">{totals}</tfoot>
            </table>
            <Modal is_open=workspace.writing_off.is_open label="Write the position off?" class="confirm">
                {show_part(Part::WriteOff)}
            </Modal>
        </div>
    }
    .erase()
}

/// Whether the focus came by keyboard. That of a click stays behind when the pointer has left, and holds nothing.
fn is_by_keyboard(event: &FocusEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.matches(":focus-visible").unwrap_or(true))
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

fn show_header(column: Column, sorting: RwSignal<Sorting>) -> Piece {
    let order = Signal::derive(move || sorting.get().aria(column));
    let arrow = Signal::derive(move || match order.get() {
        "ascending" => "▲",
        "descending" => "▼",
        _ => "",
    });
    let toggle = move |_: MouseEvent| sorting.update(|sorting| *sorting = sorting.toggle(column));
    view! {
        <th scope="col" aria-sort=order>
            <button class="sort" on:click=toggle>
                {column.title()}
                <span class="sort-mark" aria-hidden="true">{arrow}</span>
            </button>
        </th>
    }
    .erase()
}

/// All positions together; their cost is what their value is above their gain.
fn show_totals(books: Books) -> Piece {
    let value = memo(move || books.with_portfolio(|portfolio| portfolio.positions_value));
    let pnl = memo(move || books.with_portfolio(|portfolio| portfolio.unrealized_pnl));
    let day = memo(move || books.day_total());
    let count = Signal::derive(move || match books.held().len() {
        1 => "1 position".to_owned(),
        count => format!("{count} positions"),
    });
    let weight = Signal::derive(move || {
        let share = books.with_portfolio(|portfolio| portfolio.positions_value?.percent_of(portfolio.total_value?));
        or_missing(share.map(share_percent))
    });
    let percent = Signal::derive(move || {
        let percent = || value.get()?.checked_sub(pnl.get()?).and_then(|cost| pnl.get()?.percent_of(cost));
        or_missing(percent().map(signed_percent))
    });
    let day_class = Signal::derive(move || tone(day.get()));
    let pnl_class = Signal::derive(move || tone(pnl.get()));
    let day_words = Signal::derive(move || or_missing(day.get().map(signed_money)));
    let pnl_words = Signal::derive(move || or_missing(pnl.get().map(signed_money)));
    let value_words = Signal::derive(move || or_missing(value.get()));
    view! {
        <tr data-testid="positions-total">
            <th scope="row">{count}</th>
            <td></td>
            <td></td>
            <td></td>
            <td>{value_words}</td>
            <td>{weight}</td>
            <td class=day_class>{day_words}</td>
            <td class=pnl_class>{pnl_words}</td>
            <td class=pnl_class>{percent}</td>
            <td></td>
        </tr>
    }
    .erase()
}
