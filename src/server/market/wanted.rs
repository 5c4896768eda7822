//! The tickers that the feed follows: those that the ledger wants, and for a while each one that somebody wants a price
//! of, such as an order's.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{domain::ticker::Ticker, server::ledger::TickerSet};

/// The tickers that are followed for a while at the same time; one more takes the place of the one that was asked for
/// first.
pub const VISITORS_MAX: usize = 100;

/// How long a ticker is followed after it was last asked for.
pub const VISIT_LENGTH: Duration = Duration::from_secs(60);

/// The handle to what is followed; clones share it.
#[derive(Clone)]
pub struct Wanted(Arc<Shared>);

struct Shared {
    /// Watched or held.
    by_ledger: watch::Receiver<Arc<TickerSet>>,
    /// Until when each of the others is followed.
    visitors: Mutex<BTreeMap<Ticker, Instant>>,
    all: watch::Sender<Arc<TickerSet>>,
}

impl Wanted {
    /// Follows the ledger's tickers, and lets visitors go in time, until `shutdown`.
    pub fn start(by_ledger: watch::Receiver<Arc<TickerSet>>, shutdown: CancellationToken) -> Self {
        let (all, _) = watch::channel(by_ledger.borrow().clone());
        let wanted = Self(Arc::new(Shared { by_ledger, visitors: Mutex::default(), all }));
        let keeper = Self::clone(&wanted);
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = keeper.keep() => {}
            }
        });
        wanted
    }

    /// All that is followed, and notice when that changes.
    pub fn subscribe(&self) -> watch::Receiver<Arc<TickerSet>> {
        self.0.all.subscribe()
    }

    /// Follows a ticker for [`VISIT_LENGTH`] from now on, unless the ledger wants it anyway.
    pub fn visit(&self, ticker: Ticker) {
        if !self.0.by_ledger.borrow().contains(&ticker) {
            self.change(|visitors| admit(visitors, ticker, Instant::now()));
        }
    }

    async fn keep(&self) {
        let mut by_ledger = self.0.by_ledger.clone();
        let mut all = self.0.all.subscribe();
        loop {
            // First, so that no visitor is overlooked who comes meanwhile.
            all.mark_unchanged();
            let next_end = self.change(|visitors| {
                let now = Instant::now();
                visitors.retain(|_, until| *until > now);
                visitors.values().min().copied()
            });
            let end = async {
                match next_end {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = by_ledger.changed() => {
                    // The ledger has closed, and so does the server.
                    if changed.is_err() {
                        return;
                    }
                }
                // A visitor came, who may be the next to leave; a sender of ours lives, so this does not fail.
                _ = all.changed() => {}
                () = end => {}
            }
        }
    }

    /// Changes the visitors, and publishes what that makes. In one step, so that none undoes another.
    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<Ticker, Instant>) -> T) -> T {
        // Nothing panics while it is held.
        let mut visitors = self.0.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut visitors);
        let by_ledger = self.0.by_ledger.borrow().clone();
        let all = if visitors.keys().all(|ticker| by_ledger.contains(ticker)) {
            by_ledger
        } else {
            Arc::new(by_ledger.iter().chain(visitors.keys()).copied().collect())
        };
        self.0.all.send_if_modified(|current| {
            let is_new = *current != all;
            if is_new {
                *current = all;
            }
            is_new
        });
        outcome
    }
}

/// Takes in a visitor, or lets it stay longer.
fn admit(visitors: &mut BTreeMap<Ticker, Instant>, ticker: Ticker, now: Instant) {
    if visitors.len() >= VISITORS_MAX && !visitors.contains_key(&ticker) {
        let first = visitors.iter().min_by_key(|(_, until)| **until).map(|(ticker, _)| *ticker);
        first.map(|first| visitors.remove(&first));
    }
    visitors.insert(ticker, now + VISIT_LENGTH);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(symbols: &[&str]) -> Arc<TickerSet> {
        Arc::new(symbols.iter().map(|symbol| symbol.parse().unwrap()).collect())
    }

    fn ticker(symbol: &str) -> Ticker {
        symbol.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_visitor_is_followed_for_a_while_and_longer_when_asked_for_again() {
        let (ledger, by_ledger) = watch::channel(set(&["AAPL"]));
        let wanted = Wanted::start(by_ledger, CancellationToken::new());
        let mut all = wanted.subscribe();
        wanted.visit(ticker("XOM"));
        assert_eq!(*all.borrow_and_update(), set(&["AAPL", "XOM"]), "at once");

        tokio::time::sleep(VISIT_LENGTH / 2).await;
        wanted.visit(ticker("XOM"));
        wanted.visit(ticker("V"));
        ledger.send_replace(set(&["MSFT"]));
        let expected = set(&["MSFT", "V", "XOM"]);
        all.wait_for(|all| *all == expected).await.unwrap();
        tokio::time::sleep(VISIT_LENGTH * 3 / 4).await;
        assert_eq!(*all.borrow_and_update(), expected);
        tokio::time::sleep(VISIT_LENGTH / 2).await;
        assert_eq!(*all.borrow_and_update(), set(&["MSFT"]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_ledger_wants_takes_no_visitor_s_place() {
        let (ledger, by_ledger) = watch::channel(set(&["AAPL"]));
        let wanted = Wanted::start(by_ledger, CancellationToken::new());
        let mut all = wanted.subscribe();
        wanted.visit(ticker("AAPL"));
        ledger.send_replace(set(&[]));
        tokio::time::timeout(VISIT_LENGTH / 2, all.wait_for(|all| all.is_empty())).await.unwrap().unwrap();
    }

    #[test]
    fn visitors_are_bounded_and_the_first_one_leaves() {
        let mut visitors = BTreeMap::new();
        let start = Instant::now();
        let symbol = |index: usize| {
            let letter = |index: usize| char::from(b'A' + u8::try_from(index % 26).unwrap());
            ticker(&format!("{}{}", letter(index / 26), letter(index)))
        };
        for index in 0..VISITORS_MAX + 5 {
            admit(&mut visitors, symbol(index), start + Duration::from_millis(index as u64));
        }
        assert_eq!(visitors.len(), VISITORS_MAX);
        assert!(!visitors.contains_key(&symbol(4)) && visitors.contains_key(&symbol(5)));
        admit(&mut visitors, symbol(5), start);
        assert_eq!(visitors.len(), VISITORS_MAX, "one that is there takes no other's place");
    }
}
