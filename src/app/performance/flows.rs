//! Deposits and withdrawals: the form, and the list.

use leptos::prelude::*;

use super::{
    flow_form::show_form,
    store::{Desk, FlowsDesk},
    table::{Panel, show_panel},
    words,
};
use crate::{
    app::{
        effects::{detach, memo},
        erase::{Erase, Piece, show_when},
        format::{local_time, money, signed_money},
        loading::show_loading,
    },
    domain::performance::flow::Flow,
};

pub fn show_flows(desk: Desk) -> Piece {
    let flows = FlowsDesk::follow(desk.books);
    let FlowsDesk { page, loading, retries } = flows;
    let rows = move || flows.list().iter().map(show_row).collect_view();
    let sum = memo(move || page.with(|page| page.as_ref().map(|page| (page.total, page.sum))));
    let total = move || {
        let (count, sum) = sum.get()?;
        Some(
            view! {
                <tr>
                    <th scope="row">{words::counted(usize::try_from(count).unwrap_or(usize::MAX), "flow", "flows")}</th>
                    <td></td>
                    <td data-testid="flows-sum">{signed_money(sum)}</td>
                    <td></td>
                </tr>
            }
            .erase(),
        )
    };
    let has_more = memo(move || page.with(|page| page.as_ref().is_some_and(|page| page.next_cursor.is_some())));
    let is_busy = RwSignal::new(false);
    let more = move || {
        let load = move |_| {
            is_busy.set(true);
            detach(async move {
                flows.load_more(desk.toasts).await;
                is_busy.try_set(false);
            });
        };
        view! { <button class="small" disabled=is_busy on:click=load>"Show more"</button> }.erase()
    };
    let body = view! {
        {show_form(desk)}
        <div class="scroll" tabindex="0" role="region" aria-label="List of deposits and withdrawals">
            <table data-testid="flows">
                <thead>
                    <tr>
                        {["What", "When", "Amount", "Cash after"].map(|title| view! { <th scope="col">{title}</th> })}
                    </tr>
                </thead>
                <tbody translate="no">{rows}</tbody>
                <tfoot translate="no">{total}</tfoot>
            </table>
            {show_when(move || has_more.get(), more)}
            {show_loading("The deposits and withdrawals", loading, retries)}
        </div>
    }
    .erase();
    show_panel(Panel { name: "flows", title: "Deposits and withdrawals", controls: ().erase(), body })
}

fn show_row(flow: &Flow) -> Piece {
    let note = flow.note.clone().map(|note| view! { <small class="muted flow-note">{note}</small> }.erase());
    view! {
        <tr data-testid="flow-row" data-id=flow.id.clone()>
            <th scope="row">{words::flow_word(flow.kind)}{note}</th>
            <td>{local_time(flow.recorded_at)}</td>
            <td>{signed_money(flow.amount)}</td>
            <td>{money(flow.cash_after)}</td>
        </tr>
    }
    .erase()
}
