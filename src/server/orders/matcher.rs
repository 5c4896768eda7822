//! The matcher: looks at each print with all orders that wait, and settles those that fire.
//!
//! It takes the feed's [tape](crate::server::market::feed::tape), on which no print is missing. All that a tick does to the
//! orders of an account is one write; an order that a tick fires is out of the [book](OrderBook) until that write is on disk,
//! and back in it when it is still open then. So a fill is made once, and a crash before the write leaves the order as it was:
//! the next start looks at it over a gap.
//!
//! An order acts on ticks after the one at which it was accepted, armed or replaced (`since_tick` in the books).

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tracing::{error, warn};
use uuid::Uuid;

use crate::{
    domain::{
        account_id::AccountId,
        candle::Interval,
        instant::UtcInstant,
        money::Price,
        order::Side,
        orders::{
            book::{OrderBook, SavedMarks, Taken, Waiting},
            id::OrderId,
            rules::{FillRules, Resting},
            span::Span,
        },
        ticker::Ticker,
    },
    error::ApiError,
    server::{
        clock::Clock,
        ledger::{
            Ledger, Write,
            orders::{ExpireOrders, FiredGroup, ListedGroup, MatchTick, OpenOrders, OrderMarket, SaveTrailMarks},
        },
        market::feed::{
            Feed,
            tape::{Frame, Tape},
        },
        metrics::Metrics,
        parts::Parts,
    },
};

/// Interval between checks for expired orders while no prints arrive.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Marks of trailing stops that have moved are saved so often.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// A matcher that has not looked at everything for longer has failed, and the server's health says so.
const BEHIND_MAX: Duration = Duration::from_secs(15);

/// Delay before a write is retried after the ledger was busy.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// The minutes back in which the best price since an order began to work is looked for after a start.
const CANDLES_BACK: usize = 1_500;

/// The matcher as others see it: the marks of trailing stops as they are now, and whether it keeps up. Clones share it.
#[derive(Clone)]
pub struct Marks {
    book: Arc<Mutex<OrderBook>>,
    looked_at: Arc<Mutex<Instant>>,
}

impl Marks {
    /// The best price that a trailing stop has seen since it began to work.
    pub fn of(&self, id: OrderId) -> Option<Price> {
        lock(&self.book).mark(id)
    }

    /// Whether all prints were matched within [`BEHIND_MAX`].
    pub fn is_on_time(&self) -> bool {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < BEHIND_MAX
    }
}

/// Nothing panics while it is held.
fn lock(book: &Mutex<OrderBook>) -> MutexGuard<'_, OrderBook> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the open orders in and starts the matcher.
///
/// # Errors
/// When the saved marks cannot be read.
pub async fn start(
    ledger: &Ledger,
    feed: &Feed,
    (clock, rules): (Clock, FillRules),
    metrics: Metrics,
    parts: &Parts,
) -> Result<Marks, ApiError> {
    let saved = ledger.saved_marks().await?;
    let mut matcher = Matcher {
        ledger: ledger.clone(),
        feed: feed.clone(),
        clock,
        rules,
        book: Arc::new(Mutex::new(OrderBook::new(rules.model))),
        entries: HashMap::new(),
        seen: HashMap::new(),
        last_prices: HashMap::new(),
        saved_at: Instant::now(),
        looked_at: Arc::new(Mutex::new(Instant::now())),
        metrics,
    };
    matcher.restore(&saved);
    let marks = Marks { book: Arc::clone(&matcher.book), looked_at: Arc::clone(&matcher.looked_at) };
    let shutdown = parts.shutdown();
    let (tape, changed) = (feed.tape(), ledger.orders_changed());
    parts.spawn("the matcher of orders", async move {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = matcher.run(&tape, &changed) => {}
        }
    });
    Ok(marks)
}

/// An order in the book.
struct Entry {
    account: AccountId,
    leader: OrderId,
    /// The order's revision that the book has.
    revision: u32,
    waiting: Waiting,
}

struct Matcher {
    ledger: Ledger,
    feed: Feed,
    clock: Clock,
    rules: FillRules,
    book: Arc<Mutex<OrderBook>>,
    /// All open orders that have been taken in.
    entries: HashMap<OrderId, Entry>,
    /// The books' orders as they were taken in.
    seen: HashMap<AccountId, OpenOrders>,
    /// Of the prints that were looked at.
    last_prices: HashMap<Ticker, Price>,
    saved_at: Instant,
    looked_at: Arc<Mutex<Instant>>,
    metrics: Metrics,
}

/// Fired orders of one account, by group.
type FiredGroups = BTreeMap<OrderId, (Span, Vec<(Taken, u32)>)>;

impl Matcher {
    async fn run(&mut self, tape: &Tape, changed: &Notify) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = tape.rung() => {}
                () = changed.notified() => {}
                _ = looks.tick() => {}
            }
            // The prints of this tick, and of all before it, are on the tape by now.
            let seen_tick = self.feed.latest().version;
            for frame in tape.take() {
                self.take_in(frame.first_tick);
                let began = Instant::now();
                let fills = self.look(&frame).await;
                self.metrics.tick_matched(self.entries.len(), fills, began.elapsed());
                self.last_prices.extend(frame.spans.iter().map(|(ticker, span)| (*ticker, span.last)));
            }
            self.take_in(seen_tick + 1);
            self.expire().await;
            self.save_marks().await;
            *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }

    /// Puts the open orders of the database in, each with the best price since it began to work, as far as that is known.
    fn restore(&mut self, saved: &SavedMarks) {
        let mut all = Vec::new();
        for account in self.ledger.accounts() {
            let open = self.ledger.books(account).orders.clone();
            for listed in open.groups() {
                let leader = listed.group.leader().id;
                for order in listed.group.orders().iter().filter(|order| order.is_open()) {
                    let mut waiting = Waiting::from(order);
                    if let (Some(mark), Some(working_at)) = (waiting.resting.mark, waiting.working_at) {
                        let kept = saved.of(order.ticker, order.side, working_at).unwrap_or(mark);
                        waiting.resting.mark = Some(self.raised(&waiting, kept, working_at));
                    }
                    all.push(waiting);
                    let revision = order.revision;
                    self.entries.insert(order.id, Entry { account, leader, revision, waiting });
                }
            }
            self.seen.insert(account, open);
        }
        lock(&self.book).restore(all);
    }

    /// A mark with the best price of the candles since.
    fn raised(&self, waiting: &Waiting, mark: Price, since: UtcInstant) -> Price {
        let candles = self.feed.candles(waiting.ticker, Interval::Minute, CANDLES_BACK).unwrap_or_default();
        let later = candles.iter().filter(|candle| candle.time.saturating_mul(1_000) >= since.unix_ms());
        later.fold(mark, |mark, candle| match waiting.resting.side {
            Side::Sell => mark.max(candle.high),
            Side::Buy => mark.min(candle.low),
        })
    }

    /// Takes in what has changed in the books before a tick was published; what was accepted at it, or later, has to wait.
    fn take_in(&mut self, before_tick: u64) {
        for account in self.ledger.accounts() {
            let now = self.ledger.books(account).orders.clone();
            let seen = self.seen.remove(&account).unwrap_or_default();
            if now.is_same(&seen) {
                self.seen.insert(account, now);
                continue;
            }
            let mut taken_in = now.clone();
            for (was, is) in now.changes_since(&seen) {
                let is_later = is.is_some_and(|is| is.since_tick >= before_tick);
                match (was, is) {
                    (Some(was), Some(_)) if is_later => taken_in.put(Arc::clone(&was.group), was.since_tick),
                    (None, Some(is)) if is_later => taken_in.forget(is.group.leader().id),
                    _ => self.take_in_group(account, was, is),
                }
            }
            self.seen.insert(account, taken_in);
        }
    }

    fn take_in_group(&mut self, account: AccountId, was: Option<&ListedGroup>, is: Option<&ListedGroup>) {
        let mut book = lock(&self.book);
        let is = is.map(|listed| &listed.group);
        for order in was.into_iter().flat_map(|listed| listed.group.orders()) {
            let is_open = is.and_then(|group| group.get(order.id)).is_some_and(|order| order.is_open());
            if !is_open && self.entries.remove(&order.id).is_some() {
                book.remove(order.id);
            }
        }
        let Some(group) = is else { return };
        for order in group.orders().iter().filter(|order| order.is_open()) {
            let waiting = Waiting::from(order);
            let is_known = self.entries.get(&order.id).is_some_and(|entry| same(&entry.waiting, &waiting));
            if !is_known || !book.contains(order.id) {
                // The price at its acceptance: no later tick has been looked at.
                book.insert(&waiting, self.last_prices.get(&order.ticker).copied());
            }
            let (leader, revision) = (group.leader().id, order.revision);
            self.entries.insert(order.id, Entry { account, leader, revision, waiting });
        }
    }

    /// Looks at all orders with a frame's prices, and settles what fires; gives how many fills that made.
    async fn look(&mut self, frame: &Frame) -> usize {
        let mut fired: BTreeMap<AccountId, FiredGroups> = BTreeMap::new();
        {
            let mut book = lock(&self.book);
            for (ticker, span) in &*frame.spans {
                for taken in book.look(*ticker, span, &self.rules) {
                    if let Some(Entry { account, leader, revision, .. }) = self.entries.get(&taken.id) {
                        let groups = fired.entry(*account).or_default();
                        groups.entry(*leader).or_insert_with(|| (*span, Vec::new())).1.push((taken, *revision));
                    }
                }
            }
        }
        let mut fills = 0;
        for (account, groups) in fired {
            fills += self.settle(account, frame, groups).await;
        }
        fills
    }

    /// Settles what fired of an account in one write, and puts back what is still open then.
    async fn settle(&mut self, account: AccountId, frame: &Frame, groups: FiredGroups) -> usize {
        let fired: Vec<FiredGroup> = groups
            .iter()
            .map(|(leader, (span, taken))| FiredGroup {
                leader: *leader,
                span: *span,
                fired: taken.iter().map(|(taken, revision)| ((*taken).into(), *revision)).collect(),
                trade_id: Uuid::now_v7().to_string(),
            })
            .collect();
        let market = OrderMarket { prices: self.feed.latest(), at: frame.at, rules: self.rules };
        let write = || MatchTick { fired: fired.clone(), market: market.clone(), tick: frame.last_tick };
        let matched = self.write(account, write).await.unwrap_or_default();
        let open = self.ledger.books(account).orders.clone();
        let mut book = lock(&self.book);
        for (leader, (_, taken)) in groups {
            let group = open.get(leader).map(|listed| &listed.group);
            for (taken, _) in taken {
                let order = group.and_then(|group| group.get(taken.id)).filter(|order| order.is_open());
                match order.map(|order| (Waiting::from(order), order.revision)) {
                    Some((waiting, revision)) => {
                        book.put_back(&taken, &waiting);
                        self.entries.insert(taken.id, Entry { account, leader, revision, waiting });
                    }
                    None => _ = self.entries.remove(&taken.id),
                }
            }
        }
        matched.fills
    }

    /// Ends the orders whose time has come.
    async fn expire(&mut self) {
        let at = (self.clock)();
        let due = lock(&self.book).expire(at);
        let mut by_account: BTreeMap<AccountId, Vec<OrderId>> = BTreeMap::new();
        for entry in due.into_iter().filter_map(|id| self.entries.remove(&id)) {
            let leaders = by_account.entry(entry.account).or_default();
            if !leaders.contains(&entry.leader) {
                leaders.push(entry.leader);
            }
        }
        for (account, leaders) in by_account {
            let market = OrderMarket { prices: self.feed.latest(), at, rules: self.rules };
            self.write(account, || ExpireOrders { leaders: leaders.clone(), market: market.clone() }).await;
        }
    }

    /// Makes a write, however long the ledger is busy; gives nothing when it was refused.
    async fn write<W: Write>(&self, account: AccountId, write: impl Fn() -> W) -> Option<W::Outcome> {
        loop {
            match self.ledger.submit(account, write()).await {
                Ok(outcome) => return Some(outcome),
                Err(ApiError::Busy) => sleep(RETRY_DELAY).await,
                Err(cause) => {
                    error!(orders.cause = %cause, "what fired could not be settled; the orders stay as they are");
                    return None;
                }
            }
        }
    }

    async fn save_marks(&mut self) {
        if self.saved_at.elapsed() < SAVE_EVERY {
            return;
        }
        self.saved_at = Instant::now();
        let (saved_at, marks) = {
            let mut book = lock(&self.book);
            if !book.take_marks_changed() {
                return;
            }
            ((self.clock)(), book.trail_marks())
        };
        if let Err(cause) = self.ledger.submit(AccountId::DEFAULT, SaveTrailMarks { saved_at, marks }).await {
            warn!(orders.cause = %cause, "the marks of trailing stops were not saved; those of before are there");
        }
    }
}

/// Whether the book has it as it is now; its mark moves in the book alone.
fn same(one: &Waiting, other: &Waiting) -> bool {
    let without_mark = |waiting: &Waiting| Waiting { resting: Resting { mark: None, ..waiting.resting }, ..*waiting };
    without_mark(one) == without_mark(other)
}
