//! The watchlist: tickers with their prices, one of them selected.

mod add;
mod drag;
mod lights;
mod row;
mod sorting;
pub mod store;
mod suggest;

use leptos::{
    ev::{AnimationEvent, Event, KeyboardEvent, PointerEvent},
    html::{Input, Ul},
    prelude::*,
    task::{spawn_local, tick},
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use self::{
    add::AddTicker, drag::Drag, lights::show_lights, row::WatchlistRow, sorting::Sorting, store::WatchlistStore,
};
use crate::app::{
    account::Books,
    commands::Section,
    effects::{detach, effect, memo},
    erase::{Erase, Piece},
    flash::end_animation,
    market::Market,
    resort_timer::ResortTimer,
    rows::rows_of,
    storage,
    toast::Toasts,
    trade::alerts::open_form,
    virtual_list::VirtualList,
    workspace::Workspace,
};
use crate::{
    domain::{ticker::Ticker, watchlist::WATCHLIST_MAX},
    error::ApiError,
};

/// Where the browser remembers what the list is sorted by.
const SORTING_KEY: &str = "watchlist-sort";

/// What the panel's parts share; copies share it too.
#[derive(Clone, Copy)]
struct Panel {
    watchlist: WatchlistStore,
    market: Market,
    books: Books,
    toasts: Toasts,
    selected: RwSignal<Option<Ticker>>,
    list: NodeRef<Ul>,
    sorting: RwSignal<Sorting>,
    /// The tickers as they are shown.
    order: Memo<Vec<Ticker>>,
    virtual_list: VirtualList,
    /// The row that was focused last…
    focused: RwSignal<Option<Ticker>>,
    /// …and the one that the tab key reaches.
    tab_stop: Memo<Option<Ticker>>,
    drag: Drag,
    /// What a screen reader is told.
    news: RwSignal<String>,
    /// Nothing where the page has no other panels.
    workspace: Option<Workspace>,
}

/// The list's keys, where the page has shortcuts.
fn register_keys(field: NodeRef<Input>) {
    let Some(commands) = use_context::<Workspace>().map(|workspace| workspace.commands) else {
        return;
    };
    commands.add(Section::Watchlist, "Add a ticker", Some("/"), move || {
        if let Some(field) = field.get_untracked() {
            // Only an element that has left the page refuses the focus.
            let _ = field.focus();
        }
    });
    commands.note(Section::Watchlist, "Go up and down the list", "↑ ↓");
    commands.note(Section::Watchlist, "Move the row", "Alt+↑ Alt+↓");
    commands.note(Section::Watchlist, "Select the ticker", "Enter");
    commands.note(Section::Watchlist, "Remove the ticker", "Delete");
    commands.note(Section::Watchlist, "Alert on the ticker", "⇧A");
}

#[component]
pub fn Watchlist(
    watchlist: WatchlistStore,
    market: Market,
    books: Books,
    toasts: Toasts,
    selected: RwSignal<Option<Ticker>>,
) -> impl IntoView {
    let (list, field) = (NodeRef::<Ul>::new(), NodeRef::<Input>::new());
    let (sorting, focused, resort) = (RwSignal::new(Sorting::Manual), RwSignal::new(None), ResortTimer::start());
    effect(move || {
        let recall = move |stored: &str| sorting.set(Sorting::from_name(stored).unwrap_or(Sorting::Manual));
        storage::keep(SORTING_KEY, move || sorting.get().as_str().to_owned(), recall);
    });
    let order = memo(move || {
        resort.track();
        let (tickers, sorting) = (watchlist.tickers(), sorting.get());
        untrack(|| sorting.sort(tickers, |ticker| market.quote(ticker)))
    });
    let tab_stop = memo(move || {
        let is_there = |ticker: &Ticker| order.with(|order| order.contains(ticker));
        focused
            .get()
            .filter(is_there)
            .or_else(|| selected.get().filter(is_there))
            .or_else(|| order.get().first().copied())
    });
    let (drag, news) = (Drag::new(list), RwSignal::new(String::new()));
    let virtual_list = VirtualList::follow(list, order, market);
    let panel = Panel {
        watchlist,
        market,
        books,
        toasts,
        selected,
        list,
        sorting,
        order,
        virtual_list,
        focused,
        tab_stop,
        drag,
        news,
        workspace: use_context(),
    };
    register_keys(field);
    let count = Signal::derive(move || format!("{} of {WATCHLIST_MAX}", order.with(Vec::len)));
    let sorting_name = Signal::derive(move || sorting.get().as_str());
    let nothing = move || {
        let words = "No ticker is watched. Add one above, such as AAPL.";
        order.with(Vec::is_empty).then(|| view! { <p class="empty">{words}</p> })
    };
    let row = move |ticker| untrack(|| watchlist.line(ticker)).map(|line| view! { <WatchlistRow line panel/> }).erase();
    view! {
        <section class="panel watchlist" data-testid="watchlist" aria-labelledby="watchlist-title">
            <div class="bar">
                <h2 id="watchlist-title">"Watchlist"</h2>
                <span class="label" translate="no">{count}</span>
                {show_sorting(sorting)}
            </div>
            <AddTicker watchlist field added=move |ticker| panel.point_out(ticker)/>
            <ul
                class="rows"
                translate="no"
                node_ref=list
                data-sorting=sorting_name
                on:scroll=move |event| virtual_list.scroll(&event)
                on:keydown=move |event| panel.press(&event)
                on:pointerdown=move |event: PointerEvent| if panel.is_arranged() { drag.press(&event) }
                on:pointermove=move |event: PointerEvent| order.with_untracked(|order| drag.hover(&event, order))
                on:pointerup=move |_| panel.drop()
                on:pointercancel=move |_| drag.cancel()
                on:pointerenter=move |_| resort.point(true)
                on:pointerleave=move |_| resort.point(false)
                on:focusin=move |_| resort.focus(true)
                on:focusout=move |_| resort.focus(false)
                on:animationend=|event: AnimationEvent| end_animation(&event, "data-lit")
            >
                {rows_of(order, row)}
                {show_lights(list, market, order, virtual_list)}
            </ul>
            {nothing}
            <p class="visually-hidden" role="status">{news}</p>
        </section>
    }
    .erase()
}

fn show_sorting(sorting: RwSignal<Sorting>) -> Piece {
    let choose = move |event: Event| {
        if let Some(chosen) = Sorting::from_name(&event_target_value(&event)) {
            sorting.set(chosen);
        }
    };
    let name = Signal::derive(move || sorting.get().as_str());
    view! {
        <label class="sorting">
            <span class="label">"Sort"</span>
            <select data-testid="watchlist-sort" prop:value=name on:change=choose>
                {Sorting::ALL.map(|sorting| view! { <option value=sorting.as_str()>{sorting.title()}</option> })}
            </select>
        </label>
    }
    .erase()
}

impl Panel {
    /// Whether the list is in the order that a person gave it, and may change.
    fn is_arranged(self) -> bool {
        self.sorting.get_untracked() == Sorting::Manual
    }

    /// The arrow keys, Home and End go through the rows; with Alt they move a row; Delete removes it.
    fn press(self, event: &KeyboardEvent) {
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let Some(ticker) = element.as_ref().and_then(row::ticker_at) else {
            return;
        };
        let key = event.key();
        match key.as_str() {
            // One that is held down takes no more away.
            "Delete" | "Backspace" if event.repeat() => {}
            "Delete" | "Backspace" => self.remove(ticker),
            "A" if event.shift_key() => self.watch_for(ticker),
            "Escape" if self.drag.dragged.get_untracked().is_some() => self.drag.cancel(),
            "ArrowUp" | "ArrowDown" if event.alt_key() => self.shift(ticker, key == "ArrowDown"),
            _ => match self.order.with_untracked(|order| neighbour(order, ticker, &key)) {
                Some(next) => self.focus(next),
                None => return,
            },
        }
        event.prevent_default();
    }

    /// Opens the form for an alert on a ticker.
    fn watch_for(self, ticker: Ticker) {
        if let Some(workspace) = self.workspace {
            open_form(workspace, Some(ticker));
        }
    }

    /// Moves a row by one.
    fn shift(self, ticker: Ticker, is_down: bool) {
        if !self.is_arranged() {
            return self.news.set("The list is sorted; choose Manual to move rows.".to_owned());
        }
        let before = self.order.with_untracked(|order| {
            let index = order.iter().position(|other| *other == ticker)?;
            let to = if is_down { index + 2 } else { index.checked_sub(1)? };
            (!is_down || index + 1 < order.len()).then(|| order.get(to).copied())
        });
        if let Some(before) = before {
            self.place(ticker, before);
            // The browser takes the focus from an element that is moved, as the effects do by the next tick.
            detach(async move {
                tick().await;
                self.focus(ticker);
            });
        }
    }

    /// A dragged row is let go.
    fn drop(self) {
        if let Some((ticker, before)) = self.drag.release()
            && before != Some(ticker)
        {
            self.place(ticker, before);
        }
    }

    fn place(self, ticker: Ticker, before: Option<Ticker>) {
        spawn_local(async move {
            match self.watchlist.place_before(ticker, before).await {
                Ok(()) => self.tell_place(ticker),
                Err(error) => self.toasts.error(format!("The order was not kept. {error}")),
            }
        });
    }

    fn tell_place(self, ticker: Ticker) {
        let place =
            self.order.try_with_untracked(|order| (order.iter().position(|other| *other == ticker), order.len()));
        if let Some((Some(index), count)) = place {
            self.news.try_set(format!("{ticker} is now {} of {count}.", index + 1));
        }
    }

    /// Takes a ticker off the list, with a way back to where it was.
    fn remove(self, ticker: Ticker) {
        let Self { watchlist, books, toasts, selected, .. } = self;
        let follower = watchlist.follower(ticker);
        let neighbour = self.order.with_untracked(|order| {
            let index = order.iter().position(|other| *other == ticker)?;
            order.get(index + 1).or_else(|| order.get(index.checked_sub(1)?)).copied()
        });
        let is_held = untrack(|| books.quantity(ticker)).is_some();
        let had_focus = self.focused.get_untracked() == Some(ticker);
        if let Some(neighbour) = neighbour.filter(|_| had_focus) {
            self.focus(neighbour);
        }
        spawn_local(async move {
            if let Err(error) = watchlist.remove(ticker).await {
                return match error {
                    // Another page was faster.
                    ApiError::NotWatched { .. } => drop(watchlist.reload().await),
                    error => toasts.error(format!("{ticker} was not removed. {error}")),
                };
            }
            if selected.try_get_untracked().flatten() == Some(ticker) && !is_held {
                selected.set(neighbour);
            }
            let words = if is_held { " It is still held, so its price goes on." } else { "" };
            toasts.offer(format!("{ticker} is no longer watched.{words}"), "Undo", move || {
                self.restore(ticker, follower)
            });
        });
    }

    fn restore(self, ticker: Ticker, before: Option<Ticker>) {
        spawn_local(async move {
            match self.watchlist.add_before(ticker, before, true).await {
                Ok(()) => self.tell_place(ticker),
                Err(error) => self.toasts.error(error.to_string()),
            }
        });
    }

    /// Shows where a ticker is that has just been added, or was there already.
    fn point_out(self, ticker: Ticker) {
        self.tell_place(ticker);
        // Its row stands after the effects of the change.
        request_animation_frame(move || {
            if let Some(row) = self.symbol(ticker) {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                row.scroll_into_view_with_scroll_into_view_options(&options);
                light(&row);
            }
        });
    }

    /// Focuses a row at once: the next key may come before the next animation frame.
    fn focus(self, ticker: Ticker) {
        self.focused.set(Some(ticker));
        if let Some(symbol) = self.symbol(ticker) {
            // Only an element that has left the page refuses.
            let _ = symbol.focus();
        }
    }

    fn symbol(self, ticker: Ticker) -> Option<HtmlElement> {
        let list = self.list.try_get_untracked()??;
        let symbol = list.query_selector(&format!("[data-ticker=\"{ticker}\"] .symbol")).ok()??;
        symbol.dyn_into().ok()
    }
}

/// Lights the row up that an element stands in.
fn light(element: &HtmlElement) {
    if let Ok(Some(row)) = element.closest(".row") {
        // Only a malformed name could be refused.
        let _ = row.set_attribute("data-lit", "once");
    }
}

/// The row that a key goes to.
fn neighbour(order: &[Ticker], ticker: Ticker, key: &str) -> Option<Ticker> {
    let index = order.iter().position(|other| *other == ticker)?;
    let next = match key {
        "ArrowDown" => index + 1,
        "ArrowUp" => index.checked_sub(1)?,
        "Home" => 0,
        "End" => order.len() - 1,
        _ => return None,
    };
    order.get(next).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_through_the_rows_and_stop_at_the_ends() {
        let order = ["AAPL", "F", "V"].map(|ticker| ticker.parse::<Ticker>().unwrap());
        let next = |from: usize, key| neighbour(&order, order[from], key).map(|ticker| ticker.to_string());
        assert_eq!(next(0, "ArrowDown").as_deref(), Some("F"));
        assert_eq!(next(2, "ArrowDown"), None);
        assert_eq!(next(0, "ArrowUp"), None);
        assert_eq!((next(0, "End").as_deref(), next(2, "Home").as_deref()), (Some("V"), Some("AAPL")));
        assert_eq!(next(1, "a"), None);
    }
}
