//! The tab of the alerts: those that wait, those that are over, and the log of firings.

use std::time::Duration;

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{AlertId, Purpose, desktop::show_choices, log::show_log, row::show_row};
use crate::{
    app::{
        effects::{effect, memo},
        erase::{Erase, Piece},
        loading::show_loading,
        parts::{Part, PartView, show_part},
        rows::list_of,
        workspace::{Workspace, use_workspace},
    },
    domain::alerts::{AlertStatus, request::AlertsAndFirings},
};

/// The alerts that are shown at first, and more with each press.
const PAGE: usize = 100;

/// Interval of reads while alerts are shown: what conditions are changes without an event.
const VERDICT_INTERVAL: Duration = Duration::from_secs(4);

#[wasm_split(alerts, fallible)]
pub fn fetch_alerts() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <AlertsTab/> }.erase())
}

#[component]
fn AlertsTab() -> impl IntoView {
    let book = use_workspace().alerts;
    book.follow();
    follow_verdicts();
    let shown = RwSignal::new(PAGE);
    let ids = memo(move || {
        let ids = book.with(|known| known.alerts.iter().filter_map(|alert| AlertId::of(&alert.id)).collect::<Vec<_>>());
        ids.unwrap_or_default()
    });
    let rows = move || ids.with(|ids| ids.iter().take(shown.get()).copied().collect::<Vec<_>>());
    let has_more = memo(move || ids.with(Vec::len) > shown.get());
    let is_empty = memo(move || book.is_known() && ids.with(Vec::is_empty));
    let words = Signal::derive(move || book.with(summary).unwrap_or_default());
    view! {
        <div class="scroll orders alerts" tabindex="0" role="region" aria-label="Alerts">
            <div class="orders-bar">
                <span class="muted" translate="no" data-testid="alerts-summary">{words}</span>
                {show_new()}
                <span class="alert-tools">{show_choices()}</span>
            </div>
            {show_new_form()}
            <p class="empty" data-testid="alerts-empty" hidden=move || !is_empty.get()>
                "No alerts yet. Set one above, press A on the chart, or type “alert NVDA > 850” into the palette."
            </p>
            <ul class="alert-rows" data-testid="alerts-list" aria-label="Alerts" hidden=move || ids.with(Vec::is_empty)>
                {list_of(rows, |id| id.to_string(), show_row)}
            </ul>
            <div class="more" hidden=move || !has_more.get()>
                <button class="small" on:click=move |_| shown.update(|shown| *shown += PAGE)>"Show more"</button>
            </div>
            {show_log()}
            {show_loading("The alerts", book.loading, book.wanted)}
        </div>
    }
    .erase()
}

/// Reads the alerts again and again while they are shown and seen.
fn follow_verdicts() {
    let book = use_workspace().alerts;
    effect(move || {
        let look = move || {
            let has_active = |known: &AlertsAndFirings| known.alerts.iter().any(|it| it.status == AlertStatus::Active);
            if !document().hidden() && untrack(|| book.with(has_active)) == Some(true) {
                book.refresh();
            }
        };
        // Only a page without timers refuses.
        if let Ok(timer) = set_interval_with_handle(look, VERDICT_INTERVAL) {
            on_cleanup(move || timer.clear());
        }
    });
}

fn show_new() -> Piece {
    let Workspace { alerts: book, selected, .. } = use_workspace();
    let is_open = memo(move || matches!(book.form.get(), Some(Purpose::New(_))));
    let toggle = move |_| {
        let purpose = (!is_open.get_untracked()).then(|| Purpose::New(selected.get_untracked()));
        book.form.set(purpose);
    };
    view! {
        <button class="small" data-testid="alert-new" aria-expanded=move || is_open.get().to_string() on:click=toggle>
            "New alert"
        </button>
    }
    .erase()
}

/// The form for a new alert, anew each time that it is asked for.
fn show_new_form() -> Piece {
    let book = use_workspace().alerts;
    let form = move || matches!(book.form.get(), Some(Purpose::New(_))).then(|| show_part(Part::AlertForm));
    form.erase()
}

/// `2 waiting of 3 · 1 unread`
fn summary(known: &AlertsAndFirings) -> String {
    let active = known.alerts.iter().filter(|alert| alert.status == AlertStatus::Active).count();
    let unread = match known.firings.unread {
        0 => String::new(),
        unread => format!(" · {unread} unread"),
    };
    match known.alerts.len() {
        0 => format!("None set{unread}"),
        all if all == active => format!("{active} waiting{unread}"),
        all => format!("{active} waiting of {all}{unread}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words::tests::alert, *};
    use crate::domain::alerts::request::FiringsPage;

    #[test]
    fn the_summary_counts_what_waits() {
        let known = |alerts, unread| {
            let firings = FiringsPage { firings: Vec::new(), next_cursor: None, unread };
            summary(&AlertsAndFirings { version: 1, alerts, firings })
        };
        assert_eq!(known(Vec::new(), 0), "None set");
        assert_eq!(known(vec![alert(AlertStatus::Active)], 2), "1 waiting · 2 unread");
        assert_eq!(known(vec![alert(AlertStatus::Active), alert(AlertStatus::Done)], 0), "1 waiting of 2");
    }
}
