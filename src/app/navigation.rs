//! Navigation between addresses within the page: the browser's history, back and forward, and links.

use leptos::{
    ev::{self, MouseEvent},
    prelude::*,
};
use wasm_bindgen::JsValue;

use super::{
    address::{Address, View},
    effects::effect,
};
use crate::domain::ticker::Ticker;

/// Handle to the page's address; copies share it.
#[derive(Clone, Copy)]
pub struct Navigation {
    address: RwSignal<Address>,
    selected: RwSignal<Option<Ticker>>,
    /// Ticker of an address that names none: the one selected when the page was loaded.
    home: StoredValue<Option<Ticker>>,
    /// Query of the library's address: empty, or `?…`. It is kept while other views are shown.
    library: RwSignal<String>,
}

impl Navigation {
    /// Follows the browser's history; the selection follows the address, and the address follows the selection.
    pub fn follow(here: Address, selected: RwSignal<Option<Ticker>>) -> Self {
        let home = StoredValue::new(selected.get_untracked());
        let navigation = Self { address: RwSignal::new(here), selected, home, library: RwSignal::default() };
        effect(move || {
            navigation.read_query();
            let listener = window_event_listener(ev::popstate, move |_| navigation.arrive());
            on_cleanup(move || listener.remove());
        });
        let last = StoredValue::new(None);
        effect(move || {
            let now = selected.get();
            let before = last.get_value();
            last.set_value(Some(now));
            // The initial address is already in the history.
            if before.is_some_and(|before| before != now) && navigation.is_open(View::Trade) {
                navigation.go(navigation.trade());
            }
        });
        navigation
    }

    /// The view; tracked. Unknown addresses show no page, and never occur here.
    pub fn view(self) -> View {
        self.address.get().view().unwrap_or(View::Trade)
    }

    /// Whether a view is open; untracked.
    pub fn is_open(self, view: View) -> bool {
        untrack(|| self.view()) == view
    }

    /// Current address of the trade view; untracked.
    fn trade(self) -> Address {
        let selected = self.selected.get_untracked();
        Address::Trade(selected.filter(|_| selected != self.home.get_value()))
    }

    /// Opens a view.
    pub fn open(self, view: View) {
        self.go(match view {
            View::Trade => self.trade(),
            View::Performance => Address::Performance,
            View::Library => Address::Library,
            View::Account => Address::Account,
        });
    }

    /// Query of the library's address; tracked.
    pub fn library(self) -> String {
        self.library.get()
    }

    /// Shows something else of the library, as a new entry of the history.
    pub fn show_in_library(self, query: String) {
        if query == self.library.get_untracked() && self.is_open(View::Library) {
            return;
        }
        self.library.set(query);
        self.address.set(Address::Library);
        // Refused only where a page changes its address hundreds of times within seconds.
        let _ = history().push_state_with_url(&JsValue::NULL, "", Some(&self.path(Address::Library)));
    }

    /// The path of an address, and what follows it.
    fn path(self, address: Address) -> String {
        let query = if address == Address::Library { self.library.get_untracked() } else { String::new() };
        format!("{address}{query}")
    }

    /// The library's query, where its address is the one shown.
    fn read_query(self) {
        if Address::here() == Address::Library {
            self.library.set(location().search().unwrap_or_default());
        }
    }

    fn go(self, to: Address) {
        let from = self.address.get_untracked();
        if from == to || self.shows(from, to) {
            return;
        }
        // Refused only where a page changes its address hundreds of times within seconds; the view changes all the same.
        let _ = history().push_state_with_url(&JsValue::NULL, "", Some(&self.path(to)));
        self.address.set(to);
    }

    /// Whether an address already shows the same as another one.
    fn shows(self, from: Address, to: Address) -> bool {
        let home = self.home.get_value();
        matches!((from, to), (Address::Trade(from), Address::Trade(to)) if from.or(home) == to.or(home))
    }

    /// Shows the address that the browser went back or forward to.
    fn arrive(self) {
        let here = Address::here();
        self.read_query();
        if let Address::Trade(named) = here {
            let ticker = named.or(self.home.get_value());
            if ticker != self.selected.get_untracked() {
                // Before the selection changes, so that this adds no entry to the history.
                self.address.set(here);
                self.selected.set(ticker);
                return;
            }
        }
        self.address.set(here);
    }
}

fn history() -> web_sys::History {
    // Invariant: every window of a document has one.
    window().history().expect("the window has a history")
}

/// Whether a click on a link opens it here, not in another tab or window.
pub fn opens_here(event: &MouseEvent) -> bool {
    event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key())
}
