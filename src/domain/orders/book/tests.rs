use proptest::prelude::*;

use super::*;
use crate::domain::{
    money::TrailPercent,
    orders::{costs::SlippageBps, rules::FillModel},
    session::SessionKind,
};

fn ticker(n: u8) -> Ticker {
    ["NVDA", "V"][usize::from(n % 2)].parse().unwrap()
}

fn price(cents: i64) -> Price {
    Price::from_units(cents * 100).unwrap()
}

/// Reference model: a loop over every order.
#[derive(Default)]
struct Naive {
    orders: Vec<NaiveOrder>,
}

#[derive(Clone)]
struct NaiveOrder {
    waiting: Waiting,
    /// Whether it was marketable when accepted; `None` after its first look.
    first_look: Option<bool>,
    sequence: u64,
}

impl Naive {
    fn look(&mut self, ticker: Ticker, span: &Span, rules: &FillRules) -> Vec<(OrderId, Step)> {
        let mut fired = Vec::new();
        self.orders.retain_mut(|order| {
            let resting = order.waiting.resting;
            if order.waiting.ticker != ticker || order.waiting.is_held || !resting.is_eligible(span.session) {
                return true;
            }
            let step = resting.step(span, rules, order.first_look == Some(true));
            let is_over = step != Step::Rest || (order.waiting.is_immediate && order.first_look.is_some());
            order.first_look = None;
            order.waiting.resting.mark = resting.mark_after(span);
            if is_over {
                fired.push((step.moment().unwrap_or(Moment::Inside), order.sequence, order.waiting.id, step));
            }
            !is_over
        });
        fired.sort_by_key(|(moment, sequence, ..)| (*moment, *sequence));
        fired.into_iter().map(|(_, _, id, step)| (id, step)).collect()
    }

    fn expire(&mut self, now: UtcInstant) -> Vec<OrderId> {
        let mut expired = Vec::new();
        self.orders.retain(|order| {
            let is_due = order.waiting.expires_at.is_some_and(|end| end <= now);
            expired.extend(is_due.then_some(order.waiting.id));
            !is_due
        });
        expired.sort_unstable();
        expired
    }
}

#[derive(Debug, Clone)]
enum Event {
    Insert {
        waiting: Waiting,
        last: i64,
    },
    Remove(usize),
    Look {
        ticker: u8,
        ticks: Vec<i64>,
        is_gap: bool,
        session: SessionKind,
    },
    /// Puts back what the latest look took, unchanged or elected.
    PutBack {
        is_elected: bool,
    },
    Expire(i64),
    /// Moves all orders into another book, with their marks.
    Restart,
}

fn any_waiting() -> impl Strategy<Value = Waiting> {
    let cents = || 50_i64..150;
    let trail = prop_oneof![
        (1_i64..20).prop_map(|cents| Trail::Amount(price(cents))),
        (1_i64..300_000).prop_map(|count| Trail::Percent(TrailPercent::from_count(count).unwrap())),
    ];
    let terms = prop_oneof![
        1 => Just(Terms::Market),
        3 => cents().prop_map(|limit| Terms::Limit { limit: price(limit) }),
        3 => cents().prop_map(|stop| Terms::Stop { stop: price(stop) }),
        2 => (cents(), cents()).prop_map(|(stop, limit)| Terms::StopLimit { stop: price(stop), limit: price(limit) }),
        6 => trail.prop_map(|trail| Terms::TrailingStop { trail }),
    ];
    let flags = (any::<bool>(), 0_u8..8, 0_u8..10, prop::option::of(0_i64..100));
    (0_u8..2, terms, flags).prop_map(|(of, terms, (is_buy, kind, held, expires))| Waiting {
        id: OrderId::from_u128(0),
        ticker: ticker(of),
        resting: Resting {
            side: if is_buy { Side::Buy } else { Side::Sell },
            terms,
            mark: None,
            is_elected: false,
            extended_hours: kind == 0 && matches!(terms, Terms::Limit { .. }),
        },
        is_held: held == 0,
        is_immediate: kind == 1 && matches!(terms, Terms::Market | Terms::Limit { .. }),
        expires_at: expires.map(UtcInstant::from_unix_ms),
        working_at: None,
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let session = prop_oneof![5 => Just(SessionKind::Regular), 1 => Just(SessionKind::Pre)];
    let look = (0_u8..2, prop::collection::vec(50_i64..150, 1..4), any::<bool>(), session);
    prop_oneof![
        8 => (any_waiting(), 50_i64..150).prop_map(|(waiting, last)| Event::Insert { waiting, last }),
        1 => any::<prop::sample::Index>().prop_map(|index| Event::Remove(index.index(1_000))),
        8 => look.prop_map(|(ticker, ticks, is_gap, session)| Event::Look { ticker, ticks, is_gap, session }),
        3 => any::<bool>().prop_map(|is_elected| Event::PutBack { is_elected }),
        1 => (0_i64..100).prop_map(Event::Expire),
        1 => Just(Event::Restart),
    ]
}

/// The book and the reference model, side by side.
struct Pair {
    book: OrderBook,
    naive: Naive,
    rules: FillRules,
    /// Newest price of each ticker that trailing stops have seen.
    last: [i64; 2],
    now_ms: i64,
    taken: Vec<(Taken, NaiveOrder)>,
}

impl Pair {
    fn new(model: FillModel) -> Self {
        let rules = FillRules { model, slippage: SlippageBps::new(3).unwrap(), ..FillRules::default() };
        let book = OrderBook::new(model);
        Self { book, naive: Naive::default(), rules, last: [100, 100], now_ms: 0, taken: Vec::new() }
    }

    fn apply(&mut self, event: Event) -> Result<(), TestCaseError> {
        self.now_ms += 1;
        match event {
            Event::Insert { waiting, last } => self.insert(waiting, last),
            Event::Remove(n) => {
                if !self.naive.orders.is_empty() {
                    let order = self.naive.orders.remove(n % self.naive.orders.len());
                    prop_assert!(self.book.remove(order.waiting.id));
                    prop_assert!(!self.book.remove(order.waiting.id));
                }
            }
            Event::Look { ticker, ticks, is_gap, session } => self.look(ticker, &ticks, is_gap, session)?,
            Event::PutBack { is_elected } => self.put_back(is_elected),
            Event::Expire(ms) => {
                let now = UtcInstant::from_unix_ms(ms);
                let mut expired = self.book.expire(now);
                expired.sort_unstable();
                prop_assert_eq!(expired, self.naive.expire(now));
            }
            Event::Restart => self.restart()?,
        }
        self.compare()
    }

    fn insert(&mut self, waiting: Waiting, last: i64) {
        // A trail begins at the newest price of its session.
        let own_last = self.last[usize::from(waiting.ticker == ticker(1))];
        let is_trailing = waiting.resting.terms.trail().is_some();
        let last = price(if is_trailing { own_last } else { last });
        let mark = is_trailing.then_some(last);
        let working_at = Some(UtcInstant::from_unix_ms(self.now_ms));
        let id = OrderId::from_u128(self.now_ms as u128);
        let waiting = Waiting { id, resting: Resting { mark, ..waiting.resting }, working_at, ..waiting };
        self.book.insert(&waiting, Some(last));
        let first_look = Some(waiting.resting.is_marketable_at(last));
        self.naive.orders.push(NaiveOrder { waiting, first_look, sequence: self.book.next_sequence });
    }

    fn look(&mut self, of: u8, ticks: &[i64], is_gap: bool, session: SessionKind) -> Result<(), TestCaseError> {
        let ticks = ticks.iter().map(|cents| Span::tick(price(*cents), None, is_gap, session));
        let span = ticks.reduce(|span, tick| span.followed_by(&tick).unwrap()).unwrap();
        if session == SessionKind::Regular {
            self.last[usize::from(of)] = span.last.units() / 100;
        }
        let before = self.naive.orders.clone();
        let taken = self.book.look(ticker(of), &span, &self.rules);
        let found: Vec<(OrderId, Step)> = taken.iter().map(|taken| (taken.id, taken.step)).collect();
        prop_assert_eq!(&found, &self.naive.look(ticker(of), &span, &self.rules));
        let was = |id| before.iter().find(|order| order.waiting.id == id).cloned().unwrap();
        self.taken = taken
            .into_iter()
            .map(|taken| {
                let mut order = was(taken.id);
                order.waiting.resting.mark = order.waiting.resting.mark_after(&span);
                order.first_look = None;
                (taken, order)
            })
            .collect();
        Ok(())
    }

    fn put_back(&mut self, is_elected: bool) {
        for (taken, mut order) in std::mem::take(&mut self.taken) {
            let is_due = order.waiting.expires_at.is_some_and(|end| end.unix_ms() <= self.now_ms);
            if order.waiting.is_immediate || is_due {
                continue;
            }
            order.waiting.resting.is_elected |= is_elected && order.waiting.resting.terms.is_stop();
            self.book.put_back(&taken, &order.waiting);
            self.naive.orders.push(order);
        }
    }

    /// Marks are saved separately from the orders, and found again by the time at which an order began to work.
    fn restart(&mut self) -> Result<(), TestCaseError> {
        self.taken.clear();
        let saved = SavedMarks::new(UtcInstant::from_unix_ms(self.now_ms), self.book.trail_marks());
        let mut waiting: Vec<Waiting> = self.naive.orders.iter().map(|order| order.waiting).collect();
        for order in &mut waiting {
            let trails = order.resting.terms.trail().is_some() && !order.resting.is_elected && !order.is_held;
            if let (true, Some(working_at)) = (trails, order.working_at) {
                let mark = saved.of(order.ticker, order.resting.side, working_at);
                prop_assert_eq!(mark, order.resting.mark);
                order.resting.mark = mark;
            }
        }
        self.book = OrderBook::new(self.rules.model);
        self.book.restore(waiting);
        self.naive.orders.sort_by_key(|order| (order.waiting.working_at, order.waiting.id));
        for (order, sequence) in self.naive.orders.iter_mut().zip(1..) {
            (order.first_look, order.sequence) = (Some(false), sequence);
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.book.len(), self.naive.orders.len());
        for order in &self.naive.orders {
            let trails = order.waiting.resting.terms.trail().is_some() && !order.waiting.resting.is_elected;
            if trails && !order.waiting.is_held {
                prop_assert_eq!(self.book.mark(order.waiting.id), order.waiting.resting.mark);
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_book_does_what_the_naive_loop_does(events in prop::collection::vec(any_event(), 1..120), is_strict in any::<bool>()) {
        let mut pair = Pair::new(if is_strict { FillModel::Strict } else { FillModel::Plain });
        for event in events {
            pair.apply(event)?;
        }
    }
}

fn waiting(n: u128, terms: Terms, side: Side, mark: Option<Price>) -> Waiting {
    Waiting {
        id: OrderId::from_u128(n),
        ticker: ticker(0),
        resting: Resting { side, terms, mark, is_elected: false, extended_hours: false },
        is_held: false,
        is_immediate: false,
        expires_at: None,
        working_at: Some(UtcInstant::from_unix_ms(n as i64)),
    }
}

fn tick(cents: i64) -> Span {
    Span::tick(price(cents), None, false, SessionKind::Regular)
}

#[test]
fn equal_marks_are_one_group_however_many_orders_share_them() {
    let mut book = OrderBook::new(FillModel::Plain);
    let rules = FillRules::default();
    for n in 0..1_000 {
        let terms = Terms::TrailingStop { trail: Trail::Amount(price(1_000)) };
        let last = price(20_000 - n);
        book.insert(&waiting(n as u128, terms, Side::Sell, Some(last)), Some(last));
        assert!(book.look(ticker(0), &tick(20_000 - n), &rules).is_empty());
    }
    assert_eq!(book.trail_marks().len(), 1_000);
    book.look(ticker(0), &tick(20_000 - 500), &rules);
    assert_eq!(book.trail_marks().len(), 501);
    book.look(ticker(0), &tick(20_500), &rules);
    let [mark] = book.trail_marks()[..] else { panic!("one mark") };
    assert_eq!((mark.mark, mark.since), (price(20_500), UtcInstant::EPOCH));
    assert_eq!(book.look(ticker(0), &tick(19_500), &rules).len(), 1_000);
    assert!(book.is_empty());
}

#[test]
fn marks_that_changed_are_to_be_saved() {
    let mut book = OrderBook::new(FillModel::Plain);
    let terms = Terms::TrailingStop { trail: Trail::Amount(price(1_000)) };
    book.insert(&waiting(1, terms, Side::Buy, Some(price(100))), Some(price(100)));
    book.look(ticker(0), &tick(100), &FillRules::default());
    assert!(book.take_marks_changed() && !book.take_marks_changed());
    book.look(ticker(0), &tick(101), &FillRules::default());
    assert!(!book.take_marks_changed(), "it did not fall");
    book.look(ticker(0), &tick(99), &FillRules::default());
    assert!(book.take_marks_changed());
}

#[test]
fn a_mark_that_was_lost_is_that_of_the_younger_orders_at_least() {
    let mut book = OrderBook::new(FillModel::Plain);
    let terms = Terms::TrailingStop { trail: Trail::Amount(price(30)) };
    // The younger one has seen 120, so the older one has too.
    let orders = [(1, 100), (2, 120)].map(|(n, mark)| waiting(n, terms, Side::Sell, Some(price(mark))));
    book.restore(orders.to_vec());
    book.look(ticker(0), &tick(110), &FillRules::default());
    assert_eq!(book.mark(OrderId::from_u128(1)), Some(price(120)));
}

#[test]
fn an_order_that_began_after_the_marks_were_saved_has_its_own() {
    let at = UtcInstant::from_unix_ms;
    let mark = |since, cents| TrailMark { ticker: ticker(0), side: Side::Sell, since: at(since), mark: price(cents) };
    let saved = SavedMarks::new(at(10), [mark(1, 120), mark(5, 110)]);
    let found = [0, 1, 4, 5, 9, 10].map(|working| saved.of(ticker(0), Side::Sell, at(working)));
    assert_eq!(found, [None, Some(120), Some(120), Some(110), Some(110), None].map(|cents| cents.map(price)));
    assert_eq!(saved.of(ticker(0), Side::Buy, at(5)), None);
}

#[test]
fn an_order_takes_no_more_than_its_slots() {
    // Besides the slot: one entry each in the map of ids, a price index and the expiries.
    let entry = size_of::<(OrderId, SlotIndex)>() + 2 * size_of::<(i64, SlotIndex)>();
    assert!(size_of::<Slot>() + entry <= 170, "{} and {entry}", size_of::<Slot>());
}
