//! The books for readers: those of each account after its latest commit.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use tokio::sync::watch;

use super::{Books, TickerSet, store::AllBooks};
use crate::{
    domain::{account_id::AccountId, ticker::Ticker},
    server::market::hours::Hours,
};

/// Books of all accounts, replaced one account at a time. Clones share them.
#[derive(Clone)]
pub struct PublishedBooks {
    accounts: Arc<RwLock<HashMap<AccountId, watch::Sender<Arc<Books>>>>>,
    /// Hours for accounts that are opened later.
    hours: Hours,
}

impl PublishedBooks {
    pub fn new(hours: Hours, accounts: AllBooks) -> Self {
        let senders = accounts.into_iter().map(|(account, books)| (account, watch::Sender::new(Arc::new(books))));
        Self { accounts: Arc::new(RwLock::new(senders.collect())), hours }
    }

    pub fn hours(&self) -> Hours {
        self.hours
    }

    /// Books of an open account.
    pub fn get(&self, account: AccountId) -> Option<Arc<Books>> {
        self.read().get(&account).map(|sender| Arc::clone(&sender.borrow()))
    }

    /// Books of an account; empty if there is no such account.
    pub fn get_or_unopened(&self, account: AccountId) -> Arc<Books> {
        self.get(account).unwrap_or_else(|| Arc::new(Books::unopened(self.hours)))
    }

    /// Notification of each commit that changes an account; ends at once if there is no such account.
    pub fn subscribe(&self, account: AccountId) -> watch::Receiver<Arc<Books>> {
        let unopened = || watch::channel(Arc::new(Books::unopened(self.hours))).1;
        self.read().get(&account).map_or_else(unopened, watch::Sender::subscribe)
    }

    /// All accounts, in alphabetical order.
    pub fn accounts(&self) -> Vec<AccountId> {
        let mut accounts: Vec<_> = self.read().keys().copied().collect();
        accounts.sort_unstable();
        accounts
    }

    /// Replaces an account's books.
    pub fn put(&self, account: AccountId, books: Books) {
        let books = Arc::new(books);
        if let Some(sender) = self.read().get(&account) {
            sender.send_replace(books);
            return;
        }
        // Nothing panics while the lock is held.
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account, watch::Sender::new(books));
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<AccountId, watch::Sender<Arc<Books>>>> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Union of the accounts' sets of tickers, with a reference count per ticker.
pub struct TickerUnion {
    counts: BTreeMap<Ticker, usize>,
    union: watch::Sender<Arc<TickerSet>>,
}

impl TickerUnion {
    pub fn of(sets: impl IntoIterator<Item = TickerSet>) -> Self {
        let mut counts = BTreeMap::new();
        for ticker in sets.into_iter().flatten() {
            *counts.entry(ticker).or_default() += 1;
        }
        let union = watch::Sender::new(Arc::new(counts.keys().copied().collect()));
        Self { counts, union }
    }

    pub fn subscribe(&self) -> watch::Receiver<Arc<TickerSet>> {
        self.union.subscribe()
    }

    /// Replaces an account's set, and notifies if the union changes.
    pub fn replace(&mut self, before: &TickerSet, after: &TickerSet) {
        for ticker in after.difference(before) {
            *self.counts.entry(*ticker).or_default() += 1;
        }
        for ticker in before.difference(after) {
            if let Some(count) = self.counts.get_mut(ticker) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(ticker);
                }
            }
        }
        self.union.send_if_modified(|current| {
            let is_new = !current.iter().eq(self.counts.keys());
            if is_new {
                *current = Arc::new(self.counts.keys().copied().collect());
            }
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(symbols: &[&str]) -> TickerSet {
        symbols.iter().map(|symbol| symbol.parse().unwrap()).collect()
    }

    #[test]
    fn a_ticker_leaves_the_union_with_the_last_account_that_has_it() {
        let mut union = TickerUnion::of([set(&["AAPL", "V"]), set(&["V"])]);
        let mut seen = union.subscribe();
        assert_eq!(**seen.borrow_and_update(), set(&["AAPL", "V"]));
        union.replace(&set(&["AAPL", "V"]), &set(&["AAPL"]));
        assert!(!seen.has_changed().unwrap(), "another account has it still");
        union.replace(&set(&["V"]), &set(&["KO"]));
        assert_eq!(**seen.borrow_and_update(), set(&["AAPL", "KO"]));
    }
}
