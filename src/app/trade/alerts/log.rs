//! The log of firings, newest first, each with what was true.

use leptos::prelude::*;

use super::words;
use crate::{
    api::{load_firings, mark_firings_read},
    app::{
        effects::{effect, memo, spawn},
        erase::{Erase, Piece},
        format::local_time,
        rows::list_of,
        workspace::use_workspace,
    },
    domain::alerts::request::{Firing, FiringsPage},
};

/// The log with a button for older firings. Those that are shown are marked as read while the page is seen.
pub fn show_log() -> Piece {
    let book = use_workspace().alerts;
    // Pages after the first one.
    let older = RwSignal::new(Vec::<FiringsPage>::new());
    let firings = memo(move || {
        let mut all = book.with(|known| known.firings.firings.clone()).unwrap_or_default();
        older.with(|pages| {
            let more = pages.iter().flat_map(|page| &page.firings);
            let more: Vec<Firing> = more.filter(|it| all.iter().all(|known| known.id != it.id)).cloned().collect();
            all.extend(more);
        });
        all
    });
    let cursor = memo(move || match older.with(|pages| pages.last().map(|page| page.next_cursor.clone())) {
        Some(next) => next,
        None => book.with(|known| known.firings.next_cursor.clone()).flatten(),
    });
    mark_read(firings);
    let is_pending = RwSignal::new(false);
    let more = move |_| {
        is_pending.set(true);
        let cursor = cursor.get_untracked();
        spawn(async move {
            match load_firings(cursor).await {
                Ok(page) => drop(older.try_update(|pages| pages.push(page))),
                Err(error) => book.toasts.error(format!("Older firings could not be read. {error}")),
            }
            is_pending.try_set(false);
        });
    };
    let is_empty = memo(move || firings.with(Vec::is_empty));
    view! {
        <section class="firings" aria-labelledby="firings-title" hidden=is_empty>
            <h3 id="firings-title">"Fired"</h3>
            <ol data-testid="firings">
                {list_of(move || firings.get(), |firing| firing.id.clone(), show_firing)}
            </ol>
            <div class="more" hidden=move || cursor.with(Option::is_none)>
                <button class="small" data-testid="firings-more" disabled=is_pending on:click=more>"Show older"</button>
            </div>
        </section>
    }
    .erase()
}

/// Marks what is shown as read, again after each change, while the page is seen.
fn mark_read(firings: Memo<Vec<Firing>>) {
    let book = use_workspace().alerts;
    let is_seen = RwSignal::new(true);
    effect(move || {
        is_seen.set(!document().hidden());
        let listener = window_event_listener(leptos::ev::visibilitychange, move |_| is_seen.set(!document().hidden()));
        on_cleanup(move || listener.remove());
    });
    effect(move || {
        let newest = firings.with(|firings| firings.first().map(|firing| firing.id.clone()));
        if book.unread.get() == 0 || newest.is_none() || !is_seen.get() {
            return;
        }
        spawn(async move {
            // After a failure the next change tries again.
            if let Ok(unread) = mark_firings_read(newest).await {
                book.unread.try_set(unread);
            }
        });
    });
}

fn show_firing(firing: Firing) -> Piece {
    let mark = (!firing.is_read).then(|| view! { <span class="unread">"new"</span> });
    let values = words::values(&firing);
    view! {
        <li data-testid="firing">
            <time class="muted" translate="no">{local_time(firing.fired_at)}</time>
            <span translate="no">{firing.sentence}</span>
            <span class="muted" translate="no" data-testid="firing-values">{values}</span>
            {firing.note.map(|note| view! { <span class="muted">{note}</span> })}
            {mark}
        </li>
    }
    .erase()
}
