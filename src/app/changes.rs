//! Reads parts of the account again after changes from any source.

use std::time::Duration;

use leptos::prelude::*;

use super::{
    account::Books,
    copilot::Chat,
    effects::detach,
    feed::{POSITION, wait},
    trade::{alerts::AlertBook, orders::OrderBook, watchlist::store::WatchlistStore},
};

/// Time for which changes are collected: the page's own changes have been read by then.
const GATHER_TIME: Duration = Duration::from_millis(150);

/// Minimum interval of reads in a hidden tab; it reads at once when shown.
const HIDDEN_INTERVAL: Duration = Duration::from_secs(5);

/// Longest wait before a failed read is retried.
const RETRY_MAX: Duration = Duration::from_secs(15);

/// Parts of the page, one bit each.
type Parts = u8;

const ACCOUNT: Parts = 1;
const WATCHLIST: Parts = 2;
const CHAT: Parts = 4;
const ORDERS: Parts = 8;
const ALL: Parts = ACCOUNT | WATCHLIST | CHAT | ORDERS;

/// Counts changes of the library; its view reads again when a count rises. Copies share the counts.
#[derive(Clone, Copy)]
pub struct LibraryNews {
    /// Documents, and the tasks that read them.
    pub documents: RwSignal<u32>,
    pub answers: RwSignal<u32>,
}

impl LibraryNews {
    pub fn new() -> Self {
        Self { documents: RwSignal::new(0), answers: RwSignal::new(0) }
    }

    fn hear(self, what: &str, is_new: bool) {
        let (documents, answers) = match what {
            "document" | "task" => (true, false),
            "answer" => (false, true),
            "reset" => (true, true),
            POSITION => (is_new, is_new),
            _ => (false, false),
        };
        for (signal, _) in [(self.documents, documents), (self.answers, answers)].iter().filter(|(_, is)| *is) {
            // The page may be gone by now.
            signal.try_update(|count| *count += 1);
        }
    }
}

/// The handle to what is to be read; copies share it.
#[derive(Clone, Copy)]
pub struct Changes {
    books: Books,
    watchlist: WatchlistStore,
    chat: Chat,
    library: LibraryNews,
    orders: OrderBook,
    alerts: AlertBook,
    state: StoredValue<State>,
}

#[derive(Default)]
struct State {
    /// Number of the latest known change.
    version: i64,
    due: Parts,
    is_reading: bool,
}

impl Changes {
    /// For a page that includes all changes up to this number.
    pub fn new(
        version: i64,
        (books, watchlist, chat, orders, alerts): (Books, WatchlistStore, Chat, OrderBook, AlertBook),
        library: LibraryNews,
    ) -> Self {
        let state = StoredValue::new(State { version, ..State::default() });
        Self { books, watchlist, chat, orders, alerts, library, state }
    }

    /// Number of the latest known change; no earlier one is missing.
    pub fn version(self) -> i64 {
        self.state.try_with_value(|state| state.version).unwrap_or_default()
    }

    /// Records a change.
    pub fn hear(self, version: i64, what: &str) {
        let mut is_new = false;
        let begins = self.state.try_update_value(|state| {
            is_new = version > state.version;
            state.due |= parts(what, is_new);
            // After a reset the server may count from another beginning.
            state.version = if what == "reset" { version } else { state.version.max(version) };
            let begins = state.due > 0 && !state.is_reading;
            state.is_reading |= begins;
            begins
        });
        self.library.hear(what, is_new);
        if what == "alert" || what == "reset" || (what == POSITION && is_new) {
            // Also in a hidden tab, at once: a notification is for those who look elsewhere.
            self.alerts.refresh();
        }
        if begins == Some(true) {
            detach(self.read());
        }
    }

    /// Reads all due parts, until none is left.
    async fn read(self) {
        let mut delay = GATHER_TIME;
        loop {
            wait(if document().hidden() { delay.max(HIDDEN_INTERVAL) } else { delay }).await;
            let due = self.state.try_update_value(|state| {
                state.is_reading = state.due > 0;
                (std::mem::take(&mut state.due), state.version)
            });
            let Some((due @ 1.., version)) = due else { return };
            let failed = self.read_parts(due, version).await;
            delay = if failed == 0 { GATHER_TIME } else { (delay * 2).min(RETRY_MAX) };
            self.state.try_update_value(|state| state.due |= failed);
        }
    }

    /// Returns the parts that could not be read.
    async fn read_parts(self, due: Parts, version: i64) -> Parts {
        let mut failed = 0;
        // The page has read its own changes by now; after a reset the numbers may restart.
        let is_old = |known: Option<i64>| due == ALL || known < Some(version);
        if due & ACCOUNT > 0 && is_old(self.books.version()) && self.books.reload().await.is_err() {
            failed |= ACCOUNT;
        }
        if due & WATCHLIST > 0 && is_old(self.watchlist.version()) && self.watchlist.reload().await.is_err() {
            failed |= WATCHLIST;
        }
        if due & CHAT > 0 && self.chat.follow().await.is_err() {
            failed |= CHAT;
        }
        if due & ORDERS > 0 {
            // The views that show orders read them, and retry.
            self.orders.refresh();
        }
        failed
    }
}

/// Parts to read after a change; none for data that is not shown. A new tab gets the number of the latest change, which
/// it may have missed.
fn parts(what: &str, is_new: bool) -> Parts {
    match what {
        "account" => ACCOUNT,
        "watchlist" => WATCHLIST,
        "order" | "fill" => ORDERS,
        "chat" | "settings" => CHAT,
        "reset" => ALL,
        POSITION if is_new => ALL,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_where_it_is_shown() {
        assert_eq!(parts("account", true), ACCOUNT);
        assert_eq!(parts("settings", false), CHAT);
        assert_eq!((parts("order", true), parts("fill", true)), (ORDERS, ORDERS));
        assert_eq!(parts("reset", false), ALL);
        assert_eq!((parts(POSITION, true), parts(POSITION, false)), (ALL, 0));
        assert_eq!(parts("document", true), 0);
    }
}
