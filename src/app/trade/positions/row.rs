//! One position, and what can be done with it at once.

use std::time::Duration;

use leptos::{
    ev::{MouseEvent, PointerEvent},
    prelude::*,
    task::spawn_local,
};

use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece, show_when},
        format::{MISSING, local_time, or_missing, share_percent, signed_money, signed_percent, tone},
        presses::press_once,
        virtual_list::VirtualList,
        workspace::Workspace,
    },
    domain::{order::Side, portfolio::Position, sizing::Part, ticker::Ticker},
};

/// How long a first press waits for the second one, which sells.
const CONFIRM_TIME: Duration = Duration::from_secs(4);

/// The sale whose button was pressed once.
pub type Armed = RwSignal<Option<(Ticker, Part)>>;

#[component]
pub fn PositionRow(ticker: Ticker, workspace: Workspace, virtual_list: VirtualList, armed: Armed) -> impl IntoView {
    let Workspace { books, selected, .. } = workspace;
    let figures = memo(move || {
        // Whoever trades sees what became of the position at once.
        books.track_changes();
        virtual_list.read(ticker, || (books.position(ticker), books.day_pnl(ticker)))
    });
    let figure = move |read: fn(&Position) -> String| {
        Signal::derive(move || figures.with(|(position, _)| position.as_ref().map_or_else(|| MISSING.to_owned(), read)))
    };
    let day = move || figures.with(|(_, day)| *day);
    let pnl_class = Signal::derive(move || tone(figures.with(|(position, _)| position.as_ref()?.unrealized_pnl)));
    let day_class = Signal::derive(move || tone(day().map(|day| day.amount)));
    let day_amount = Signal::derive(move || or_missing(day().map(|day| signed_money(day.amount))));
    let day_percent = Signal::derive(move || day().and_then(|day| day.percent).map(signed_percent).unwrap_or_default());
    let glow = Signal::derive(move || books.glow(ticker));
    // Of a price that is not of now: when it was.
    let price_at = memo(move || figures.with(|(position, _)| position.as_ref()?.price_at));
    let age = Signal::derive(move || price_at.get().map(|at| format!("The last price known, of {}", local_time(at))));
    let is_stale = memo(move || price_at.get().is_some());
    let is_on = memo(move || selected.get() == Some(ticker));
    // A closed position keeps its place for a moment, with what became of it over its figures.
    let is_closed = memo(move || books.quantity(ticker).is_none());
    let test_id = Signal::derive(move || if is_closed.get() { "position-closed" } else { "position-row" });
    let end = move || {
        let words = workspace.ticket.end_of(ticker).unwrap_or_else(|| "No longer held".to_owned());
        view! { <span class="position-end">{words}</span> }.erase()
    };
    view! {
        <tr data-testid=test_id data-ticker=ticker.to_string() data-lit=glow class:on=is_on class:closed=is_closed>
            <th scope="row">
                <button class="symbol" on:click=move |_| selected.set(Some(ticker))>{ticker.to_string()}</button>
                {show_unwatched(ticker, workspace, is_closed)}
                {show_when(move || is_closed.get(), end)}
            </th>
            <td data-testid="position-quantity">{figure(|position| position.quantity.to_string())}</td>
            <td data-testid="position-avg-cost">{figure(|position| or_missing(position.avg_cost))}</td>
            <td data-testid="position-price" class:stale=is_stale title=age>
                {figure(|position| or_missing(position.current_price))}
            </td>
            <td data-testid="position-value">{figure(|position| or_missing(position.market_value))}</td>
            <td data-testid="position-weight">
                {figure(|position| or_missing(position.weight.map(share_percent)))}
            </td>
            <td class=day_class data-testid="position-day-pnl">
                {day_amount}
                <small>{day_percent}</small>
            </td>
            <td class=pnl_class data-testid="position-pnl">
                {figure(|position| or_missing(position.unrealized_pnl.map(signed_money)))}
            </td>
            <td class=pnl_class data-testid="position-pnl-percent">
                {figure(|position| or_missing(position.unrealized_pnl_percent.map(signed_percent)))}
            </td>
            <td class="row-actions">
                {move || match is_stale.get() {
                    true => show_write_off(ticker, workspace),
                    false => {
                        let sales = [Part::Half, Part::All].map(|part| show_sale(ticker, workspace, armed, part));
                        sales.erase()
                    }
                }}
            </td>
        </tr>
    }
    .erase()
}

/// A button that asks whether to write the position off.
fn show_write_off(ticker: Ticker, workspace: Workspace) -> Piece {
    view! {
        <button
            class="small"
            title=format!("{ticker} has no market price: close the position at the last one known")
            data-testid="position-write-off"
            on:click=move |_| workspace.writing_off.ask(ticker)
        >
            "Write off…"
        </button>
    }
    .erase()
}

/// A button that sells a part of the position: with its second press in place, or at once when that was chosen.
fn show_sale(ticker: Ticker, workspace: Workspace, armed: Armed, part: Part) -> Piece {
    // Both words are as wide, so that the second press finds the button in its place.
    let (words, question, name, id) = match part {
        Part::All => ("Close", "Sure?", format!("Close {ticker}: sell all of it"), "position-close"),
        Part::Half | Part::Quarter => ("½", "½?", format!("Sell half of {ticker}"), "position-sell-half"),
    };
    let this = Some((ticker, part));
    let quantity = memo(move || part.of_holding(workspace.books.quantity(ticker)?));
    let is_idle = memo(move || quantity.with(Option::is_none) || workspace.ticket.is_working());
    let is_armed = memo(move || armed.get() == this);
    let disarm = move || {
        // The row may be gone by now.
        if armed.try_get_untracked().flatten() == this {
            armed.set(None);
        }
    };
    let press = move |event: MouseEvent| {
        let Some(quantity) = quantity.get_untracked().filter(|_| !is_idle.get_untracked()) else {
            return;
        };
        let is_one_click = workspace.hands.is_one_click();
        if !is_one_click && !is_armed.get_untracked() {
            armed.set(this);
            set_timeout(disarm, CONFIRM_TIME);
            return;
        }
        armed.set(None);
        // The second half of a double click is no press of its own.
        if !is_one_click || event.detail() <= 1 {
            workspace.ticket.trade(ticker, quantity, Side::Sell);
        }
    };
    // A finger leaves with every press.
    let leave = move |event: PointerEvent| {
        if event.pointer_type() == "mouse" {
            disarm();
        }
    };
    let label = {
        let name = name.clone();
        Signal::derive(move || if is_armed.get() { format!("Press again: {name}") } else { name.clone() })
    };
    let words = Signal::derive(move || if is_armed.get() { question } else { words });
    let is_disabled = Signal::derive(move || is_idle.get().to_string());
    view! {
        <button
            class="small"
            class:armed=is_armed
            title=name
            aria-label=label
            data-testid=id
            aria-disabled=is_disabled
            on:click=press
            on:keydown=|event| press_once(&event)
            on:pointerleave=leave
            on:blur=move |_| disarm()
        >
            {words}
        </button>
    }
    .erase()
}

/// What marks a position whose ticker is not on the watchlist, with a button that puts it there again.
fn show_unwatched(ticker: Ticker, workspace: Workspace, is_closed: Memo<bool>) -> Piece {
    let Workspace { watchlist, toasts, .. } = workspace;
    let watch = move |_| {
        spawn_local(async move {
            if let Err(error) = watchlist.add(ticker).await {
                toasts.error(error.to_string());
            }
        });
    };
    let is_watched = memo(move || is_closed.get() || watchlist.contains(ticker));
    let mark = move || {
        (!is_watched.get()).then(|| {
            view! {
                <button
                    class="small unwatched"
                    title="Unwatched: it is held, but not on the watchlist. Watch it again."
                    aria-label=format!("{ticker} is unwatched: watch it again")
                    data-testid="position-watch"
                    on:click=watch
                >
                    <span class="unwatched-word">"unwatched "</span>
                    "+"
                </button>
            }
        })
    };
    mark.erase()
}
