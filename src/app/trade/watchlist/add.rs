//! Adding a ticker: a field that checks what is typed and suggests known ones.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html::Input,
    prelude::*,
    task::spawn_local,
};

use super::{store::WatchlistStore, suggest::suggest};
use crate::{
    api::load_listings,
    app::{
        effects::memo,
        erase::{Erase, Piece},
        presses::is_composed,
    },
    domain::{ticker::Ticker, watchlist::WATCHLIST_MAX, workstation::Listed},
    error::ApiError,
};

/// What the field knows; copies share it.
#[derive(Clone, Copy)]
struct Adding {
    watchlist: WatchlistStore,
    /// Told of each ticker that was added, or was there already.
    added: Callback<Ticker>,
    text: RwSignal<String>,
    listings: RwSignal<Vec<Listed>>,
    is_open: RwSignal<bool>,
    /// The suggestion that the arrow keys have gone to.
    active: RwSignal<Option<usize>>,
    suggestions: Memo<Vec<Listed>>,
    problem: RwSignal<Option<String>>,
    /// The ticker that nobody knows, about which a person is asked.
    questioned: RwSignal<Option<Ticker>>,
    is_pending: RwSignal<bool>,
}

impl Adding {
    /// Adds what was typed or chosen.
    fn add(self, text: &str) {
        let ticker = match text.parse::<Ticker>() {
            _ if self.is_pending.get_untracked() => return,
            Err(error) => return self.refuse(ApiError::from(error)),
            Ok(ticker) => ticker,
        };
        self.is_open.set(false);
        if untrack(|| self.watchlist.contains(ticker)) {
            self.text.set(String::new());
            return self.added.run(ticker);
        }
        if untrack(|| self.watchlist.tickers()).len() >= WATCHLIST_MAX {
            return self.refuse(ApiError::WatchlistFull);
        }
        self.ask_for(ticker, false);
    }

    /// Asks the server for a ticker; `may_be_made_up` is a person's word on one that nobody knows.
    fn ask_for(self, ticker: Ticker, may_be_made_up: bool) {
        self.is_pending.set(true);
        spawn_local(async move {
            match self.watchlist.add_before(ticker, None, may_be_made_up).await {
                Ok(()) => {
                    self.text.try_set(String::new());
                    self.problem.try_set(None);
                    self.questioned.try_set(None);
                    self.added.try_run(ticker);
                }
                Err(error) => {
                    let is_question = matches!(error, ApiError::UnknownTicker { can_be_made_up: true, .. });
                    self.questioned.try_set(is_question.then_some(ticker));
                    self.refuse(error);
                }
            }
            self.is_pending.try_set(false);
        });
    }

    fn refuse(self, error: ApiError) {
        self.is_open.try_set(false);
        self.problem.try_set(Some(error.to_string()));
    }

    /// What was said about the text before no longer holds.
    fn dismiss(self) {
        self.problem.set(None);
        self.questioned.set(None);
    }

    fn write(self, text: String) {
        self.text.set(text);
        self.dismiss();
        self.active.set(None);
        self.is_open.set(true);
    }

    /// The arrow keys go through the suggestions, Escape closes them, and then leaves the field.
    fn press(self, event: &KeyboardEvent, field: NodeRef<Input>) {
        if is_composed(event) {
            return;
        }
        let count = self.suggestions.with_untracked(Vec::len);
        let is_listed = self.is_open.get_untracked() && count > 0;
        let active = self.active.get_untracked();
        match event.key().as_str() {
            "ArrowDown" if is_listed => self.active.set(Some(active.map_or(0, |index| (index + 1) % count))),
            "ArrowUp" if is_listed => self.active.set(Some(active.map_or(count, |index| index.max(1)) - 1)),
            "Escape" if is_listed => self.is_open.set(false),
            "Escape" => {
                if let Some(field) = field.get_untracked() {
                    // Only an element that has left the page refuses.
                    let _ = field.blur();
                }
                return;
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn submit(self) {
        let chosen = self.active.get_untracked().filter(|_| self.is_open.get_untracked());
        let listed = chosen.and_then(|index| self.suggestions.with_untracked(|found| found.get(index).cloned()));
        match listed {
            Some(listed) => self.add(listed.ticker.as_str()),
            None => self.add(&self.text.get_untracked()),
        }
    }

    /// Known tickers are read once, when someone is about to type. Without them any ticker can be typed all the same.
    fn load(self) {
        if self.listings.with_untracked(Vec::is_empty) {
            spawn_local(async move {
                if let Ok(listings) = load_listings().await {
                    self.listings.try_set(listings);
                }
            });
        }
    }
}

#[component]
pub fn AddTicker(
    watchlist: WatchlistStore,
    field: NodeRef<Input>,
    #[prop(into)] added: Callback<Ticker>,
) -> impl IntoView {
    let (text, listings) = (RwSignal::new(String::new()), RwSignal::new(Vec::new()));
    let adding = Adding {
        watchlist,
        added,
        text,
        listings,
        is_open: RwSignal::new(false),
        active: RwSignal::new(None),
        suggestions: memo(move || text.with(|text| listings.with(|listings| suggest(listings, text)))),
        problem: RwSignal::new(None),
        questioned: RwSignal::new(None),
        is_pending: RwSignal::new(false),
    };
    let is_hidden = memo(move || !adding.is_open.get() || adding.suggestions.with(Vec::is_empty));
    let is_expanded = Signal::derive(move || (!is_hidden.get()).to_string());
    let is_invalid = Signal::derive(move || adding.problem.with(Option::is_some).to_string());
    let active_id = Signal::derive(move || adding.active.get().map(|index| format!("suggestion-{index}")));
    let suggestions = move || {
        let found = adding.suggestions.get().into_iter().enumerate();
        found.map(|(index, listed)| show_suggestion(adding, index, listed)).collect_view()
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        adding.submit();
    };
    view! {
        <form class="add" role="search" aria-label="Add a ticker" on:submit=submit>
            <input
                node_ref=field
                data-testid="watchlist-add-input"
                role="combobox"
                aria-label="Ticker to watch"
                aria-autocomplete="list"
                aria-controls="watchlist-suggestions"
                aria-expanded=is_expanded
                aria-activedescendant=active_id
                aria-invalid=is_invalid
                aria-describedby="watchlist-add-problem"
                placeholder="Add ticker"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                maxlength="40"
                prop:value=text
                on:input:target=move |event| adding.write(event.target().value())
                on:focus=move |_| adding.load()
                on:blur=move |_| adding.is_open.set(false)
                on:keydown=move |event| adding.press(&event, field)
            />
            <button type="submit" class="small" data-testid="watchlist-add-button" disabled=adding.is_pending>"Add"</button>
            <ul class="suggestions" id="watchlist-suggestions" role="listbox" aria-label="Known tickers" hidden=is_hidden>
                {suggestions}
            </ul>
            <p class="add-problem" id="watchlist-add-problem" role="alert">{adding.problem}</p>
            {move || adding.questioned.get().map(|ticker| show_question(adding, ticker))}
        </form>
    }
    .erase()
}

/// A person's word is asked for before a stock is made up.
fn show_question(adding: Adding, ticker: Ticker) -> Piece {
    view! {
        <p class="add-question">
            "Add it as a made-up stock? "
            <button
                type="button"
                class="small"
                data-testid="watchlist-add-made-up"
                disabled=adding.is_pending
                on:click=move |_| adding.ask_for(ticker, true)
            >
                {format!("Add {ticker}")}
            </button>
            <button type="button" class="small" on:click=move |_| adding.dismiss()>"No"</button>
        </p>
    }
    .erase()
}

fn show_suggestion(adding: Adding, index: usize, Listed { ticker, company }: Listed) -> Piece {
    let is_active = Signal::derive(move || (adding.active.get() == Some(index)).to_string());
    view! {
        <li
            role="option"
            id=format!("suggestion-{index}")
            aria-selected=is_active
            // The focus stays in the field, whose blur would close the list before the click.
            on:pointerdown=|event| event.prevent_default()
            on:mousedown=|event| event.prevent_default()
            on:click=move |_| adding.add(ticker.as_str())
        >
            <b>{ticker.to_string()}</b>
            <small>{company}</small>
            {move || adding.watchlist.contains(ticker).then(|| view! { <small class="muted">"watched"</small> })}
        </li>
    }
    .erase()
}
