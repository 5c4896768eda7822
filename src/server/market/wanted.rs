//! The tickers that the feed follows: those that the ledger wants, and temporarily any ticker whose price is requested,
//! such as an order's.
//!
//! A chart takes much memory, so the whole past is kept only for watched tickers and for the latest opened charts.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::feed::Followed;
use crate::{
    domain::ticker::Ticker,
    server::{ledger::TickerSet, parts::Parts},
};

/// Most temporarily followed tickers; another one replaces the oldest.
pub const VISITORS_MAX: usize = 100;

/// Time for which a ticker is followed after its last request.
pub const VISIT_LENGTH: Duration = Duration::from_secs(60);

/// Charts kept of unwatched tickers; another one replaces the least recently opened.
pub const CHARTS_MAX: usize = 16;

/// Handle to the followed tickers; clones share it.
#[derive(Clone)]
pub struct Wanted(Arc<Shared>);

struct Shared {
    /// Watched or held tickers.
    by_ledger: watch::Receiver<Arc<TickerSet>>,
    watched: watch::Receiver<Arc<TickerSet>>,
    guests: Mutex<Guests>,
    all: watch::Sender<Arc<TickerSet>>,
    charted: watch::Sender<Arc<TickerSet>>,
}

/// Tickers that are followed or charted without being watched.
#[derive(Default)]
struct Guests {
    /// Time until which each is followed.
    visitors: BTreeMap<Ticker, Instant>,
    /// Tickers of opened charts, the latest at the end.
    looked_at: VecDeque<Ticker>,
}

impl Wanted {
    /// Follows the ledger's tickers, and removes visitors in time, until the server stops. `watched` changes before
    /// `by_ledger` does.
    pub fn start(
        by_ledger: watch::Receiver<Arc<TickerSet>>,
        watched: watch::Receiver<Arc<TickerSet>>,
        parts: &Parts,
    ) -> Self {
        let (all, _) = watch::channel(by_ledger.borrow().clone());
        let (charted, _) = watch::channel(watched.borrow().clone());
        let wanted = Self(Arc::new(Shared { by_ledger, watched, guests: Mutex::default(), all, charted }));
        let (keeper, shutdown) = (Self::clone(&wanted), parts.shutdown());
        parts.spawn("what is followed", async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = keeper.keep() => {}
            }
        });
        wanted
    }

    /// All followed tickers, with notification of changes.
    pub fn subscribe(&self) -> Followed {
        Followed { wanted: self.0.all.subscribe(), charted: Some(self.0.charted.subscribe()) }
    }

    /// Follows a ticker for [`VISIT_LENGTH`] from now on, unless the ledger wants it anyway.
    pub fn visit(&self, ticker: Ticker) {
        if !self.0.by_ledger.borrow().contains(&ticker) {
            self.change(|guests| admit(&mut guests.visitors, ticker, Instant::now()));
        }
    }

    /// Keeps the whole past of a ticker from now on; returns whether it was not kept before.
    pub fn look_at(&self, ticker: Ticker) -> bool {
        if self.0.watched.borrow().contains(&ticker) {
            return false;
        }
        self.change(|Guests { looked_at, .. }| {
            let before = looked_at.iter().position(|other| *other == ticker);
            match before {
                Some(index) => _ = looked_at.remove(index),
                None if looked_at.len() >= CHARTS_MAX => _ = looked_at.pop_front(),
                None => {}
            }
            looked_at.push_back(ticker);
            before.is_none()
        })
    }

    async fn keep(&self) {
        let (mut by_ledger, mut watched) = (self.0.by_ledger.clone(), self.0.watched.clone());
        let mut all = self.0.all.subscribe();
        loop {
            // First, so that no visitor arriving meanwhile is missed.
            all.mark_unchanged();
            let next_end = self.change(|Guests { visitors, .. }| {
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
            // The ledger closes when the server does.
            tokio::select! {
                changed = by_ledger.changed() => if changed.is_err() { return },
                changed = watched.changed() => if changed.is_err() { return },
                // A new visitor may be the next to leave. This cannot fail, since a sender is alive here.
                _ = all.changed() => {}
                () = end => {}
            }
        }
    }

    /// Changes the guests and publishes the result in one step, so that concurrent changes are not lost.
    fn change<T>(&self, change: impl FnOnce(&mut Guests) -> T) -> T {
        // Nothing panics while the lock is held.
        let mut guests = self.0.guests.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut guests);
        let by_ledger = self.0.by_ledger.borrow().clone();
        // Read afterwards, since it changes first: a watched ticker always has its chart.
        let watched = self.0.watched.borrow().clone();
        publish(&self.0.charted, with(watched, guests.looked_at.iter()));
        publish(&self.0.all, with(by_ledger, guests.visitors.keys()));
        outcome
    }
}

fn with<'a>(set: Arc<TickerSet>, others: impl Iterator<Item = &'a Ticker> + Clone) -> Arc<TickerSet> {
    if others.clone().all(|ticker| set.contains(ticker)) {
        return set;
    }
    Arc::new(set.iter().copied().chain(others.copied()).collect())
}

fn publish(sender: &watch::Sender<Arc<TickerSet>>, set: Arc<TickerSet>) {
    sender.send_if_modified(|current| {
        let is_new = *current != set;
        if is_new {
            *current = set;
        }
        is_new
    });
}

/// Adds a visitor, or extends its stay.
fn admit(visitors: &mut BTreeMap<Ticker, Instant>, ticker: Ticker, now: Instant) {
    if visitors.len() >= VISITORS_MAX && !visitors.contains_key(&ticker) {
        let first = visitors.iter().min_by_key(|(_, until)| **until).map(|(ticker, _)| *ticker);
        first.map(|first| visitors.remove(&first));
    }
    visitors.insert(ticker, now + VISIT_LENGTH);
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

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
        let wanted = Wanted::start(by_ledger.clone(), by_ledger, &Parts::new(CancellationToken::new()));
        let mut all = wanted.subscribe().wanted;
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
        let wanted = Wanted::start(by_ledger.clone(), by_ledger, &Parts::new(CancellationToken::new()));
        let mut all = wanted.subscribe().wanted;
        wanted.visit(ticker("AAPL"));
        ledger.send_replace(set(&[]));
        tokio::time::timeout(VISIT_LENGTH / 2, all.wait_for(|all| all.is_empty())).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn charts_are_kept_of_what_is_watched_and_of_a_few_others() {
        let (_ledger, by_ledger) = watch::channel(set(&["AAPL", "V"]));
        let (_list, watched) = watch::channel(set(&["AAPL"]));
        let wanted = Wanted::start(by_ledger, watched, &Parts::new(CancellationToken::new()));
        let charted = wanted.subscribe().charted.unwrap();
        assert_eq!(*charted.borrow(), set(&["AAPL"]));
        assert!(!wanted.look_at(ticker("AAPL")) && wanted.look_at(ticker("V")));
        for index in 1..CHARTS_MAX {
            assert!(wanted.look_at(symbol(index)));
        }
        assert!(!wanted.look_at(ticker("V")));
        assert!(wanted.look_at(symbol(CHARTS_MAX)), "takes another one's place");
        let kept = charted.borrow().clone();
        assert_eq!(kept.len(), 1 + CHARTS_MAX);
        assert!(kept.contains(&ticker("V")) && !kept.contains(&symbol(1)));
    }

    fn symbol(index: usize) -> Ticker {
        let letter = |index: usize| char::from(b'A' + u8::try_from(index % 26).unwrap());
        ticker(&format!("{}{}", letter(index / 26), letter(index)))
    }

    #[test]
    fn visitors_are_bounded_and_the_first_one_leaves() {
        let mut visitors = BTreeMap::new();
        let start = Instant::now();
        for index in 0..VISITORS_MAX + 5 {
            admit(&mut visitors, symbol(index), start + Duration::from_millis(index as u64));
        }
        assert_eq!(visitors.len(), VISITORS_MAX);
        assert!(!visitors.contains_key(&symbol(4)) && visitors.contains_key(&symbol(5)));
        admit(&mut visitors, symbol(5), start);
        assert_eq!(visitors.len(), VISITORS_MAX, "one that is there takes no other's place");
    }
}
