//! Lots by a method: what is held since when, what was sold with which gain, and the sum that is the same by every method.

use leptos::prelude::*;

use super::{
    store::{Desk, LotsDesk},
    words,
};
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
        format::{money, or_missing, signed_money, tone},
        loading::show_loading,
        trade::chart::{Choice, show_choice},
    },
    domain::{
        instant::UtcInstant,
        money::Money,
        performance::lots::{ClosedLot, LotMethod, LotsPage, OpenLot},
        ticker::Ticker,
    },
};

/// Most rows of a list; the export has all of them.
const ROWS_MAX: usize = 200;

type Page = RwSignal<Option<LotsPage>>;

pub fn show_lots(desk: Desk) -> Piece {
    let LotsDesk { page, loading, retries } = LotsDesk::follow(desk);
    let is_closed = RwSignal::new(false);
    let count = move |of_closed: bool| {
        page.with(|page| {
            page.as_ref().map(|page| if of_closed { page.closed_count } else { page.open.len() }).unwrap_or_default()
        })
    };
    let choices = [(false, "open", "Open lots"), (true, "closed", "Closed lots")].map(|(own, key, label)| {
        view! {
            <button
                data-testid="lots-shown"
                data-choice=key
                aria-pressed=move || (is_closed.get() == own).to_string()
                on:click=move |_| is_closed.set(own)
            >
                {label}
                " "
                <small translate="no">{move || count(own).to_string()}</small>
            </button>
        }
        .erase()
    });
    view! {
        <section class="performance-panel performance-lots" aria-labelledby="performance-lots-title">
            <div class="bar">
                <h3 id="performance-lots-title">"Lots"</h3>
                <div class="choices" role="group" aria-label="Which lots">{choices}</div>
                {show_methods(desk.method)}
            </div>
            {show_totals(desk, page)}
            {show_when(move || !is_closed.get(), move || show_open(desk, page))}
            {show_when(move || is_closed.get(), move || show_closed(page))}
            {show_loading("The lots", loading, retries)}
        </section>
    }
    .erase()
}

/// The method as a row of buttons: each sale takes its shares by it.
fn show_methods(method: RwSignal<LotMethod>) -> Piece {
    let choices = LotMethod::ALL.map(|own| {
        show_choice(
            Choice {
                test_id: "lots-method",
                key: own.as_str(),
                words: format!("{}: {}", method_word(own), words::method_title(own)),
                label: method_word(own).to_owned(),
            },
            move || method.get() == own,
            move || method.set(own),
        )
    });
    view! { <div class="choices" role="group" aria-label="A sale takes">{choices}</div> }.erase()
}

fn method_word(method: LotMethod) -> &'static str {
    match method {
        LotMethod::Fifo => "FIFO",
        LotMethod::Lifo => "LIFO",
        LotMethod::Hifo => "HIFO",
        LotMethod::Average => "Average",
    }
}

/// Realised and unrealised gains, and their sum.
fn show_totals(desk: Desk, page: Page) -> Piece {
    let value = memo(move || desk.books.with_portfolio(|portfolio| portfolio.positions_value));
    let sums = memo(move || {
        page.with(|page| page.as_ref().map(|page| (page.method, page.realized_gain, page.open_cost_basis)))
    });
    let unrealized = move || value.get()?.checked_sub(sums.get()?.2);
    let total = move || unrealized()?.checked_add(sums.get()?.1);
    let line = |name: &'static str, test_id: &'static str, amount: Signal<Option<Money>>, is_gain: bool| {
        let words = move || or_missing(amount.get().map(if is_gain { signed_money } else { money }));
        let tone = move || if is_gain { tone(amount.get()) } else { "" };
        view! {
            <div>
                <dt>{name}</dt>
                <dd class=tone data-testid=test_id>{words}</dd>
            </div>
        }
        .erase()
    };
    let by = move || sums.get().map(|(method, ..)| words::method_title(method));
    view! {
        <dl class="lots-totals" translate="no">
            <div>
                <dt>"Method"</dt>
                <dd data-testid="lots-method-shown">{by}</dd>
            </div>
            {line("Realised", "lots-realised", Signal::derive(move || sums.get().map(|sums| sums.1)), true)}
            {line("Cost of what is held", "lots-cost", Signal::derive(move || sums.get().map(|sums| sums.2)), false)}
            {line("Unrealised", "lots-unrealised", Signal::derive(unrealized), true)}
            {line("Together, by every method", "lots-total", Signal::derive(total), true)}
        </dl>
    }
    .erase()
}

fn show_head(titles: Vec<&'static str>) -> Piece {
    view! {
        <thead>
            <tr>{titles.into_iter().map(|title| view! { <th scope="col">{title}</th> }).collect_view()}</tr>
        </thead>
    }
    .erase()
}

fn show_table(label: &'static str, test_id: &'static str, head: Piece, rows: Piece, after: Piece) -> Piece {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table data-testid=test_id>
                {head}
                <tbody translate="no">{rows}</tbody>
            </table>
            {after}
        </div>
    }
    .erase()
}

fn show_open(desk: Desk, page: Page) -> Piece {
    let price_of = move |ticker: Ticker| {
        desk.books.with_portfolio(|portfolio| portfolio.position(ticker).and_then(|position| position.current_price))
    };
    let row = move |lot: &OpenLot| {
        let OpenLot { ticker, quantity, cost_basis, opened_at, .. } = lot.clone();
        let value = memo(move || Money::of(quantity, price_of(ticker)?));
        let gain = move || value.get()?.checked_sub(cost_basis);
        let held = words::held(opened_at, UtcInstant::from_unix_ms(js_sys::Date::now() as i64));
        view! {
            <tr data-testid="open-lot" data-ticker=ticker.to_string()>
                <th scope="row">{ticker.to_string()}</th>
                <td>{quantity.to_string()}</td>
                <td>{crate::app::format::local_time(opened_at)}</td>
                <td>{held}</td>
                <td>{money(cost_basis)}</td>
                <td>{move || or_missing(value.get().map(money))}</td>
                <td class=move || tone(gain())>{move || or_missing(gain().map(signed_money))}</td>
            </tr>
        }
        .erase()
    };
    let rows = move || page.with(|page| page.as_ref().map(|page| page.open.iter().map(row).collect_view()));
    let nothing = move || {
        page.with(|page| page.as_ref().is_some_and(|page| page.open.is_empty())).then(|| {
            view! { <p class="empty">"Nothing is held. Each purchase is a lot, listed here until it is sold."</p> }
                .erase()
        })
    };
    let head = show_head(vec!["Ticker", "Quantity", "Bought", "Held", "Cost", "Value", "Unrealised"]);
    show_table("Open lots", "open-lots", head, rows.erase(), nothing.erase())
}

fn show_closed(page: Page) -> Piece {
    let row = |lot: &ClosedLot| {
        let ClosedLot { ticker, quantity, proceeds, cost_basis, gain, opened_at, closed_at, .. } = lot.clone();
        view! {
            <tr data-testid="closed-lot" data-ticker=ticker.to_string()>
                <th scope="row">{ticker.to_string()}</th>
                <td>{quantity.to_string()}</td>
                <td>{crate::app::format::local_time(opened_at)}</td>
                <td>{crate::app::format::local_time(closed_at)}</td>
                <td>{words::held(opened_at, closed_at)}</td>
                <td>{money(proceeds)}</td>
                <td>{money(cost_basis)}</td>
                <td class=tone(Some(gain))>{signed_money(gain)}</td>
            </tr>
        }
        .erase()
    };
    let rows =
        move || page.with(|page| page.as_ref().map(|page| page.closed.iter().take(ROWS_MAX).map(row).collect_view()));
    let after = move || page.with(|page| page.as_ref().and_then(describe_rest));
    let head = show_head(vec!["Ticker", "Quantity", "Bought", "Sold", "Held", "Proceeds", "Cost", "Gain"]);
    show_table("Closed lots", "closed-lots", head, rows.erase(), after.erase())
}

/// What the list of closed lots lacks, or that there are none.
fn describe_rest(page: &LotsPage) -> Option<Piece> {
    let rest = page.closed_count.saturating_sub(page.closed.len().min(ROWS_MAX));
    match (page.closed_count, rest) {
        (0, _) => Some(view! { <p class="empty">"Nothing was sold yet."</p> }.erase()),
        (_, 0) => None,
        (_, rest) => Some(
            view! {
                <p class="empty">
                    {format!("{} more, which the totals include; the export has all of them.", words::counted(rest, "lot", "lots"))}
                </p>
            }
            .erase(),
        ),
    }
}
