//! One position, and what can be done with it at once.

use leptos::{prelude::*, task::spawn_local};

use super::Desk;
use crate::{
    app::{
        effects::memo,
        erase::{Erase, Piece},
        format::{MISSING, or_missing, share_percent, signed_money, signed_percent, tone},
        window::Window,
    },
    domain::{order::Side, portfolio::Position, sizing::Part, ticker::Ticker},
};

#[component]
pub fn PositionRow(ticker: Ticker, desk: Desk, window: Window) -> impl IntoView {
    let Desk { books, selected, .. } = desk;
    let figures = memo(move || {
        // Whoever trades sees what became of the position at once.
        books.track_changes();
        window.read(ticker, || (books.position(ticker), books.day_pnl(ticker)))
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
    let is_on = memo(move || selected.get() == Some(ticker));
    view! {
        <tr data-testid="position-row" data-ticker=ticker.to_string() data-lit=glow class:on=is_on>
            <th scope="row">
                <button class="symbol" on:click=move |_| selected.set(Some(ticker))>{ticker.to_string()}</button>
                {show_unwatched(ticker, desk)}
            </th>
            <td data-testid="position-quantity">{figure(|position| position.quantity.to_string())}</td>
            <td data-testid="position-avg-cost">{figure(|position| or_missing(position.avg_cost))}</td>
            <td data-testid="position-price">{figure(|position| or_missing(position.current_price))}</td>
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
                {show_sale(ticker, desk, Part::Half)}
                {show_sale(ticker, desk, Part::All)}
            </td>
        </tr>
    }
    .erase()
}

/// A button that sells a part of the position at once.
fn show_sale(ticker: Ticker, desk: Desk, part: Part) -> Piece {
    let (words, name, id) = match part {
        Part::All => ("Close", format!("Close {ticker}: sell all of it"), "position-close"),
        Part::Half | Part::Quarter => ("½", format!("Sell half of {ticker}"), "position-sell-half"),
    };
    let quantity = memo(move || part.of_holding(desk.books.quantity(ticker)?));
    let is_idle = memo(move || quantity.with(Option::is_none) || desk.ticket.is_working());
    let sell = move |_| {
        if let Some(quantity) = quantity.get_untracked() {
            desk.ticket.trade(ticker, quantity, Side::Sell);
        }
    };
    view! {
        <button
            class="small"
            title=name.clone()
            aria-label=name
            data-testid=id
            disabled=is_idle
            on:click=sell
        >
            {words}
        </button>
    }
    .erase()
}

/// What marks a position whose ticker is not on the watchlist, with a button that puts it there again.
fn show_unwatched(ticker: Ticker, desk: Desk) -> Piece {
    let Desk { watchlist, toasts, .. } = desk;
    let watch = move |_| {
        spawn_local(async move {
            if let Err(error) = watchlist.add(ticker).await {
                toasts.error(error.to_string());
            }
        });
    };
    let is_watched = memo(move || watchlist.contains(ticker));
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
