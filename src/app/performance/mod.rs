//! Performance: what the account did in a range of days, compared with what, at which risk, and from which trades.
//!
//! All figures are the server's. The view only compounds the days' returns for its pictures ([`shapes`]), each of which has its
//! figures as a table too. Printed, it is a statement of one page ([`statement`]).

mod bar;
mod calendar;
mod chart;
mod contribution;
mod days;
mod figures;
mod flow_form;
mod flows;
mod histogram;
mod lists;
mod lots;
mod pictures;
#[cfg(test)]
mod samples;
mod shapes;
mod statement;
mod store;
mod table;
mod words;

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use self::store::Desk;
pub use self::{
    days::{fetch_days, fetch_statement},
    lists::fetch_lists,
    pictures::fetch_pictures,
};
use super::{
    effects::{effect, memo},
    erase::{Erase, Piece, show_when},
    loading::Loading,
    parts::{Part, PartView, show_part, show_quiet_part},
    workspace::use_workspace,
};

#[wasm_split(performance, fallible)]
pub fn fetch_performance() -> Result<PartView, SplitLoaderError> {
    Ok(performance)
}

fn performance() -> Piece {
    let desk = Desk::follow();
    provide_context(desk);
    let parts = use_workspace().parts;
    effect(move || parts.fetch(Part::PerformanceStatement));
    let has_days = memo(move || desk.view.with(|view| view.as_ref().is_none_or(|view| !view.days.is_empty())));
    let is_failed = memo(move || matches!(desk.loading.get(), Loading::Failed(_)));
    view! {
        <div class="performance-desk" aria-busy=move || (desk.loading.get() == Loading::Pending).to_string()>
            <h2 class="visually-hidden">"Performance"</h2>
            {bar::show_bar(desk)}
            {show_failure(desk)}
            {show_teaching(desk)}
            {show_when(move || desk.is_waiting(), || view! { <p class="visually-hidden" role="status">"Loading…"</p> }.erase())}
            <div
                class="performance-body"
                data-waiting=move || desk.is_waiting().to_string()
                hidden=move || is_failed.get() || !has_days.get()
            >
                {figures::show_tiles(desk)}
                <div class="performance-panels">
                    {show_part(Part::PerformancePictures)}
                    {show_part(Part::PerformanceDays)}
                    {figures::show_figures(desk)}
                    {show_part(Part::PerformanceLists)}
                </div>
            </div>
            {show_quiet_part(Part::PerformanceStatement)}
        </div>
    }
    .erase()
}

fn show_failure(desk: Desk) -> Piece {
    let retry = move |_| desk.retries.update(|count| *count += 1);
    let words = move || {
        let Loading::Failed(reason) = desk.loading.get() else { return None };
        Some(
            view! {
                <p class="panel-error" role="alert" data-testid="performance-error">
                    {format!("The performance could not be read. {reason}")}
                    <button on:click=retry>"Try again"</button>
                </p>
            }
            .erase(),
        )
    };
    words.erase()
}

/// For an account that has done nothing yet, and for a range without days.
fn show_teaching(desk: Desk) -> Piece {
    let is_empty = memo(move || desk.view.with(|view| view.as_ref().is_some_and(|view| view.days.is_empty())));
    let is_new = memo(move || {
        desk.view.with(|view| {
            view.as_ref().is_some_and(|view| {
                let performance = &view.performance;
                let trades = [performance.bought, performance.sold];
                view.days.len() < 2 && performance.gain.is_zero() && trades.iter().all(|amount| amount.is_zero())
            })
        })
    });
    let teach = || {
        view! {
            <section class="performance-teaching" data-testid="performance-empty" aria-label="How this works">
                <h3>"Nothing was gained or lost yet"</h3>
                <p>
                    "Buy something in Trade, and this view follows it: what the account returned day by day, how far it fell, "
                    "how it compares with the benchmark and with holding still, and which trades it came from."
                </p>
                <p>
                    "A day has one return, so figures of risk need some days; until then they say “not enough data”. Deposits and "
                    "withdrawals are no gain: they are left out of the returns."
                </p>
            </section>
        }
        .erase()
    };
    let no_days = || {
        view! {
            <p class="empty" data-testid="performance-no-days">
                "The account has no day in this range. Choose a longer one, or other dates."
            </p>
        }
        .erase()
    };
    view! {
        {show_when(move || is_new.get() && !is_empty.get(), teach)}
        {show_when(move || is_empty.get(), no_days)}
    }
    .erase()
}
