//! Orders that wait, in the ledger, against a naive model: the production writes on the memory store and on a file, any orders,
//! changes, cancels, ticks, gaps, ends of the day, trades, resets and restarts.
//!
//! The model knows three things by itself: the price at which an order fires ([`naive_fill`], written from the rules and not
//! from the code), the account as the replay of its trades, and that what has ended stays as it ended.

use std::collections::{BTreeMap, HashMap, HashSet};

use finally::{
    domain::{
        account::{Account, INITIAL_DEPOSIT},
        instant::UtcInstant,
        money::{Money, Price, Quantity},
        order::{OrderSource, Side, Trade},
        orders::{
            accept::DayEnd,
            costs::{Commission, SlippageBps},
            hold::Holds,
            id::OrderId,
            order::{Order, Role, StatusWord},
            replace::ReplaceOrder,
            request::{NewOrder, Size, StopLoss, TakeProfit},
            rules::{FillModel, FillRules, Resting, Step as Fires},
            settle::Fired,
            span::Span,
            terms::{OrderClass, OrderType, Terms, TimeInForce},
            view::{OrderView, StatusFilter},
        },
        session::SessionKind,
        ticker::Ticker,
    },
    server::{
        ledger::{
            Ledger, PlaceOrder, Reset, UnwatchTicker,
            orders::{
                CancelOrder, CancelOrders, ChangeOrder, ExpireOrders, FiredGroup, GroupQuery, MatchTick, OrderMarket,
                SubmitOrder,
            },
        },
        market::hours::Hours,
    },
};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    app::fast_folder,
    ledger::{ACCOUNT, NOON_MS, noon, open_until, place, prices},
};

const SYMBOLS: [&str; 2] = ["AAPL", "V"];

/// Commission and slippage, so that every figure has to know of them.
fn rules() -> FillRules {
    let commission = Commission { per_order: Money::from_cents(35), per_share_units: 50, percent_count: 100 };
    FillRules { model: FillModel::Plain, slippage: SlippageBps::default(), commission }
}

#[derive(Debug, Clone)]
enum Step {
    Submit {
        side: Side,
        symbol: usize,
        kind: Kind,
        shares: i64,
        offset: i64,
        class: OrderClass,
        gtc: bool,
    },
    /// The order before, under its name once more.
    Again,
    /// The price moves by so many cents; a gap is the first tick of a session.
    Tick {
        symbol: usize,
        cents: i64,
        is_gap: bool,
    },
    Cancel {
        which: usize,
    },
    CancelAll {
        symbol: Option<usize>,
    },
    Replace {
        which: usize,
        offset: i64,
        shares: Option<i64>,
    },
    Trade {
        side: Side,
        symbol: usize,
        shares: i64,
    },
    /// The day ends.
    Expire,
    Reset,
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Market,
    Limit,
    Stop,
    StopLimit,
    Trailing,
    TrailingPercent,
}

fn any_step() -> impl Strategy<Value = Step> {
    let side = || prop_oneof![3 => Just(Side::Buy), 2 => Just(Side::Sell)];
    let kind = prop_oneof![
        Just(Kind::Market),
        Just(Kind::Limit),
        Just(Kind::Stop),
        Just(Kind::StopLimit),
        Just(Kind::Trailing),
        Just(Kind::TrailingPercent)
    ];
    let class = prop_oneof![
        5 => Just(OrderClass::Simple), 2 => Just(OrderClass::Bracket), 1 => Just(OrderClass::Oto), 1 => Just(OrderClass::Oco)
    ];
    let shares = || prop_oneof![4 => 1_i64..20, 1 => 20_i64..90];
    let submit = (side(), 0..SYMBOLS.len(), kind, shares(), -150_i64..400, class, any::<bool>()).prop_map(
        |(side, symbol, kind, shares, offset, class, gtc)| Step::Submit {
            side,
            symbol,
            kind,
            shares,
            offset,
            class,
            gtc,
        },
    );
    let cents = prop_oneof![6 => -120_i64..=120, 1 => -900_i64..=900, 1 => Just(0)];
    let tick = (0..SYMBOLS.len(), cents, prop::bool::weighted(0.1)).prop_map(|(symbol, cents, is_gap)| Step::Tick {
        symbol,
        cents,
        is_gap,
    });
    let replace = (0_usize..40, -150_i64..400, prop::option::of(1_i64..30))
        .prop_map(|(which, offset, shares)| Step::Replace { which, offset, shares });
    let trade =
        (side(), 0..SYMBOLS.len(), shares()).prop_map(|(side, symbol, shares)| Step::Trade { side, symbol, shares });
    prop_oneof![
        30 => submit, 40 => tick, 6 => (0_usize..40).prop_map(|which| Step::Cancel { which }), 6 => replace, 8 => trade,
        2 => Just(Step::Again), 2 => Just(Step::Expire), 1 => Just(Step::Reset), 1 => Just(Step::Restart),
        1 => prop::option::of(0..SYMBOLS.len()).prop_map(|symbol| Step::CancelAll { symbol }),
    ]
}

/// Steps in all; `FINALLY_LEDGER_STEPS` sets another number.
const STEPS: u32 = 10_000;

/// Steps in a row for one case.
const STEPS_OF_A_CASE: usize = 200;

fn cases() -> u32 {
    let steps = std::env::var("FINALLY_LEDGER_STEPS").map_or(STEPS, |steps| steps.parse().unwrap());
    steps.div_ceil(STEPS_OF_A_CASE as u32)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn orders_in_the_ledger_never_diverge_from_their_model(steps in prop::collection::vec(any_step(), STEPS_OF_A_CASE)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::begin().await;
            for step in &steps {
                run.take(step).await;
                run.check().await;
            }
            run.end().await;
        });
    }
}

/// Both ledgers and the model's state.
struct Run {
    folder: TempDir,
    file: Ledger,
    closing: CancellationToken,
    memory: Ledger,
    /// Cents by symbol.
    now: [i64; SYMBOLS.len()],
    seconds: i64,
    number: u64,
    /// Of working trailing stops.
    marks: HashMap<OrderId, Price>,
    /// Limits that were marketable when they began to work, before their first look.
    marketable: HashSet<OrderId>,
    /// Orders that have been looked at, or began before a look.
    known: HashSet<OrderId>,
    ended: BTreeMap<OrderId, OrderView>,
    account: Account,
    /// Trades since the latest reset, and the ids of all.
    trades_seen: usize,
    all_trades: HashSet<String>,
    last_request: Option<NewOrder>,
}

impl Run {
    async fn begin() -> Self {
        let (folder, closing) = (fast_folder(), CancellationToken::new());
        let (file, _) = open_until(&folder, &closing).await;
        let (memory, _) = Ledger::in_memory(noon, Hours::Continuous, CancellationToken::new()).unwrap();
        Self {
            folder,
            file,
            closing,
            memory,
            now: [10_000, 5_000],
            seconds: 0,
            number: 0,
            marks: HashMap::new(),
            marketable: HashSet::new(),
            known: HashSet::new(),
            ended: BTreeMap::new(),
            account: Account::open(INITIAL_DEPOSIT),
            trades_seen: 0,
            all_trades: HashSet::new(),
            last_request: None,
        }
    }

    fn at(&self) -> UtcInstant {
        UtcInstant::from_unix_ms(NOON_MS + self.seconds * 1_000)
    }

    fn day_end(&self) -> DayEnd {
        let end = UtcInstant::from_unix_ms(NOON_MS + (self.seconds / 500 + 1) * 500_000);
        DayEnd { regular: end, extended: end }
    }

    fn price(&self, symbol: usize) -> Price {
        cents(self.now[symbol])
    }

    fn market(&self) -> OrderMarket {
        let units: Vec<_> = SYMBOLS.iter().zip(self.now).map(|(symbol, cents)| (*symbol, cents * 100)).collect();
        OrderMarket { prices: prices(&units), at: self.at(), rules: rules() }
    }

    fn open_orders(&self) -> Vec<Order> {
        let books = self.memory.books(ACCOUNT);
        let mut orders: Vec<Order> =
            books.orders.groups().flat_map(|listed| listed.group.orders().to_vec()).filter(Order::is_open).collect();
        orders.sort_by_key(|order| order.id);
        orders
    }

    async fn take(&mut self, step: &Step) {
        self.seconds += 1;
        self.number += 1;
        match step {
            Step::Submit { side, symbol, kind, shares, offset, class, gtc } => {
                let mut request = self.request(*side, *symbol, (*kind, *class), *shares, *offset);
                request.time_in_force = if *gtc { TimeInForce::Gtc } else { TimeInForce::Day };
                request.client_order_id = Some(format!("order-{}", self.number).parse().unwrap());
                self.submit(request.clone(), *symbol).await;
                self.last_request = Some(request);
            }
            Step::Again => {
                if let Some(request) = self.last_request.clone() {
                    let symbol = SYMBOLS.iter().position(|symbol| *symbol == request.ticker.as_str()).unwrap();
                    let before = self.open_orders();
                    let was_taken = self.submit(request, symbol).await;
                    assert!(!was_taken.is_some_and(|replayed| replayed) || self.open_orders() == before);
                }
            }
            Step::Tick { symbol, cents, is_gap } => self.tick(*symbol, *cents, *is_gap).await,
            Step::Cancel { which } => {
                if let Some(order) = self.pick(*which) {
                    let cancel =
                        || CancelOrder { id: order.id, if_revision: Some(order.revision), market: self.market() };
                    let outcomes =
                        (self.file.submit(ACCOUNT, cancel()).await, self.memory.submit(ACCOUNT, cancel()).await);
                    assert_eq!(outcomes, (Ok(()), Ok(())));
                }
            }
            Step::CancelAll { symbol } => {
                let ticker = symbol.map(|symbol| SYMBOLS[symbol].parse().unwrap());
                let cancel = || CancelOrders { ticker, market: self.market() };
                let leaders = self.memory.submit(ACCOUNT, cancel()).await.unwrap();
                assert_eq!(self.file.submit(ACCOUNT, cancel()).await.unwrap(), leaders);
                let is_left = |order: &Order| ticker.is_none_or(|ticker| order.ticker == ticker);
                assert!(!self.open_orders().iter().any(is_left));
            }
            Step::Replace { which, offset, shares } => self.replace(*which, *offset, *shares).await,
            Step::Trade { side, symbol, shares } => {
                let market = self.market();
                let trade = || PlaceOrder {
                    rules: rules(),
                    executed_at: self.at(),
                    ..place(
                        *side,
                        SYMBOLS[*symbol],
                        shares * 1_000_000,
                        &market.prices,
                        1_000_000 + self.number as usize,
                    )
                };
                let outcome = self.memory.submit(ACCOUNT, trade()).await;
                assert_eq!(self.file.submit(ACCOUNT, trade()).await, outcome);
            }
            Step::Expire => {
                self.seconds = (self.seconds / 500 + 1) * 500;
                let leaders: Vec<OrderId> = self.open_orders().iter().map(Order::leader_id).collect();
                let expire = || ExpireOrders { leaders: leaders.clone(), market: self.market() };
                self.memory.submit(ACCOUNT, expire()).await.unwrap();
                self.file.submit(ACCOUNT, expire()).await.unwrap();
                let is_due = |order: &Order| order.expires_at.is_some_and(|end| end <= self.at());
                assert!(!self.open_orders().iter().any(is_due));
            }
            Step::Reset => {
                self.memory.submit(ACCOUNT, Reset { at: self.at() }).await.unwrap();
                self.file.submit(ACCOUNT, Reset { at: self.at() }).await.unwrap();
                (self.account, self.trades_seen) = (Account::open(INITIAL_DEPOSIT), 0);
                assert!(self.open_orders().is_empty(), "a reset cancels them");
            }
            Step::Restart => {
                self.closing.cancel();
                self.closing = CancellationToken::new();
                // The file is another's until its writer has closed it.
                while self.file.is_healthy().await {
                    tokio::task::yield_now().await;
                }
                (self.file, _) = open_until(&self.folder, &self.closing).await;
            }
        }
    }

    /// An order about `offset` cents away from the market; whether it fits the account is for the ledger to say.
    fn request(
        &self,
        side: Side,
        symbol: usize,
        (kind, class): (Kind, OrderClass),
        shares: i64,
        offset: i64,
    ) -> NewOrder {
        let ticker: Ticker = SYMBOLS[symbol].parse().unwrap();
        let sign = if side == Side::Buy { 1 } else { -1 };
        let near = |away: i64| Some(cents((self.now[symbol] + away).max(100)));
        let quantity = Quantity::from_millionths(shares * 1_000_000).unwrap();
        let kind = if class == OrderClass::Oco { Kind::Limit } else { kind };
        let order_type = match kind {
            Kind::Market => OrderType::Market,
            Kind::Limit => OrderType::Limit,
            Kind::Stop => OrderType::Stop,
            Kind::StopLimit => OrderType::StopLimit,
            Kind::Trailing | Kind::TrailingPercent => OrderType::TrailingStop,
        };
        let mut order = NewOrder { class, ..NewOrder::simple(ticker, side, order_type, quantity) };
        match kind {
            Kind::Market => {}
            Kind::Limit => order.limit_price = near(-sign * offset),
            Kind::Stop => order.stop_price = near(sign * (offset.abs() + 1)),
            Kind::StopLimit => {
                order.stop_price = near(sign * (offset.abs() + 1));
                order.limit_price = near(sign * (offset.abs() + 30));
            }
            Kind::Trailing => order.trail_amount = Some(cents(offset.abs() + 1)),
            Kind::TrailingPercent => order.trail_percent = Some("2.5".parse().unwrap()),
        }
        let exit = if class == OrderClass::Oco { sign } else { -sign };
        if matches!(class, OrderClass::Bracket) {
            order.take_profit = Some(TakeProfit { limit_price: cents((self.now[symbol] - exit * 500).max(100)) });
        }
        if class != OrderClass::Simple {
            order.stop_loss = Some(match shares % 3 {
                0 => StopLoss { trail_amount: Some(cents(60)), ..StopLoss::default() },
                1 => StopLoss { trail_percent: Some("3".parse().unwrap()), ..StopLoss::default() },
                _ => StopLoss { stop_price: near(exit * 450), ..StopLoss::default() },
            });
        }
        order
    }

    /// Whether an accepted order was a replay; `None` if it was refused.
    async fn submit(&mut self, request: NewOrder, symbol: usize) -> Option<bool> {
        let ids = [0, 1, 2].map(|leg| OrderId::from_u128(u128::from(self.number) * 16 + leg));
        let submit = || SubmitOrder {
            request: request.clone(),
            market: self.market(),
            day_end: self.day_end(),
            tick: SubmitOrder::span(self.price(symbol), Some(SessionKind::Continuous)),
            is_open: true,
            source: OrderSource::Manual,
            ids,
            trade_id: format!("at-once-{}", self.number),
        };
        let outcome = self.memory.submit(ACCOUNT, submit()).await;
        assert_eq!(self.file.submit(ACCOUNT, submit()).await, outcome);
        outcome.ok().map(|submitted| submitted.replayed)
    }

    fn pick(&self, which: usize) -> Option<Order> {
        let open = self.open_orders();
        (!open.is_empty()).then(|| open[which % open.len()].clone())
    }

    async fn replace(&mut self, which: usize, offset: i64, shares: Option<i64>) {
        let Some(order) = self.pick(which) else { return };
        let symbol = SYMBOLS.iter().position(|symbol| *symbol == order.ticker.as_str()).unwrap();
        let sign = if order.side == Side::Buy { 1 } else { -1 };
        let near = |away: i64| Some(cents((self.now[symbol] + away).max(100)));
        let mut request = ReplaceOrder { if_revision: Some(order.revision), ..ReplaceOrder::default() };
        match order.terms {
            Terms::Market | Terms::TrailingStop { .. } => {}
            Terms::Limit { .. } => request.limit_price = near(-sign * offset),
            Terms::Stop { .. } => request.stop_price = near(sign * (offset.abs() + 1)),
            Terms::StopLimit { .. } => request.limit_price = near(sign * offset),
        }
        request.quantity = shares.map(|shares| Quantity::from_millionths(shares * 1_000_000).unwrap());
        let change = || ChangeOrder {
            id: order.id,
            request: request.clone(),
            market: self.market(),
            day_end: self.day_end(),
            last: self.price(symbol),
            mark: self.marks.get(&order.id).copied(),
        };
        let outcome = self.memory.submit(ACCOUNT, change()).await;
        assert_eq!(self.file.submit(ACCOUNT, change()).await, outcome);
        if outcome.is_ok() {
            // It is looked at as a new one.
            self.known.remove(&order.id);
        }
    }

    /// Orders that began, or were changed, since the last look wait for this one with what they were at then.
    fn meet(&mut self) {
        for order in self.open_orders().iter().filter(|order| order.status.is_working()) {
            if self.known.insert(order.id) {
                let symbol = SYMBOLS.iter().position(|symbol| *symbol == order.ticker.as_str()).unwrap();
                if Resting::from(order).is_marketable_at(self.price(symbol)) {
                    self.marketable.insert(order.id);
                } else {
                    self.marketable.remove(&order.id);
                }
                if let Some(mark) = order.high_water_mark {
                    self.marks.insert(order.id, mark);
                }
            }
        }
    }

    async fn tick(&mut self, symbol: usize, moves: i64, is_gap: bool) {
        self.meet();
        self.now[symbol] = (self.now[symbol] + moves).max(300);
        let (ticker, price): (Ticker, Price) = (SYMBOLS[symbol].parse().unwrap(), self.price(symbol));
        let span = Span::tick(price, None, is_gap, SessionKind::Continuous);
        let mut fired: BTreeMap<OrderId, Vec<(Fired, u32)>> = BTreeMap::new();
        let looked_at = self.open_orders();
        for order in looked_at.iter().filter(|order| order.ticker == ticker && order.status.is_working()) {
            let is_marketable = self.marketable.remove(&order.id);
            let mark = self.marks.get(&order.id).copied();
            let resting = Resting { mark, ..Resting::from(order) };
            let step = resting.step(&span, &rules(), is_marketable);
            let naive = naive_fill(order, mark, price, is_gap || is_marketable);
            assert_eq!(fill_price(step), naive, "{order:?} at {price}, marked {mark:?}");
            if step == Fires::Rest {
                if let Some(mark) = resting.mark_after(&span) {
                    self.marks.insert(order.id, mark);
                }
            } else {
                fired.entry(order.leader_id()).or_default().push((Fired { id: order.id, step }, order.revision));
            }
        }
        let groups = fired.iter().map(|(leader, fired)| FiredGroup {
            leader: *leader,
            span,
            fired: fired.clone(),
            trade_id: format!("{}-{leader}", self.number),
        });
        let groups: Vec<FiredGroup> = groups.collect();
        let (market, number) = (self.market(), self.number);
        let tick = || MatchTick { fired: groups.clone(), market: market.clone(), tick: number };
        let matched = self.memory.submit(ACCOUNT, tick()).await.unwrap();
        assert_eq!(self.file.submit(ACCOUNT, tick()).await.unwrap(), matched);
        assert!(matched.fills <= fired.len(), "a group has one fill a tick");
        self.check_fired(&fired).await;
        // Twice is once.
        let before = self.memory.books(ACCOUNT);
        let again = self.memory.submit(ACCOUNT, tick()).await.unwrap();
        assert!(again.fills == 0 || groups.is_empty(), "the same tick fills nothing twice");
        assert_eq!(self.memory.books(ACCOUNT).account, before.account);
        self.file.submit(ACCOUNT, tick()).await.unwrap();
    }

    /// Of each group that fired, one order acted: it was filled or rejected, or its stop was elected.
    async fn check_fired(&mut self, fired: &BTreeMap<OrderId, Vec<(Fired, u32)>>) {
        for (leader, fired) in fired {
            let recorded = self.memory.order(ACCOUNT, *leader).await.unwrap();
            let all: Vec<&OrderView> = std::iter::once(&recorded).chain(&recorded.legs).collect();
            let acted = fired.iter().filter(|(fired, revision)| {
                let order = all.iter().find(|order| order.id == fired.id).unwrap();
                order.revision > *revision
            });
            assert!(acted.count() >= 1, "what fires acts: {recorded:?}");
            let both = all.iter().filter(|order| order.role != Role::Leader && order.status == StatusWord::Filled);
            assert!(both.count() <= 1, "never both legs: {recorded:?}");
            if self.memory.books(ACCOUNT).orders.get(*leader).is_none() {
                self.ended.insert(*leader, recorded);
            }
        }
    }

    async fn check(&mut self) {
        let (books, file) = (self.memory.books(ACCOUNT), self.file.books(ACCOUNT));
        assert_eq!(books, file, "both stores, and after a restart");
        assert!(books.account.is_balanced());
        let orders: Vec<Order> = books.orders.groups().flat_map(|listed| listed.group.orders().to_vec()).collect();
        assert_eq!(Holds::of(&orders).as_ref(), Some(books.orders.holds()), "holds are those of the open orders");
        for order in orders.iter().filter(|order| !order.is_open()) {
            assert_eq!((order.held.cash, order.held.shares), (Money::ZERO, None), "no hold outlives its order");
        }
        // The exits of a sale, which buy back, may hold more than it brought; nothing that is placed may.
        let placed = orders.iter().filter(|order| order.role == Role::Leader);
        let held = placed.fold(Money::ZERO, |sum, order| sum.checked_add(order.held.cash).unwrap());
        assert!(held <= books.account.cash && books.account.cash >= Money::ZERO, "{held}");
        for (ticker, held) in &books.orders.holds().shares {
            assert!(books.account.holdings.get(ticker).is_some_and(|holding| holding.quantity >= *held));
            assert!(books.wants(*ticker), "an order's ticker has prices");
        }
        for order in &orders {
            if let (Some(filled), Some(left)) = (order.filled_quantity(), order.left()) {
                let whole = filled.checked_add(left).unwrap();
                assert!(matches!(order.size, Size::Shares(size) if size == whole));
            }
        }
        self.replay_trades().await;
    }

    /// Replays the new trades on the model's account and compares.
    async fn replay_trades(&mut self) {
        let page = self.memory.trades(ACCOUNT, 500, None).await.unwrap().trades;
        let new: Vec<&Trade> = page[..page.len() - self.trades_seen.min(page.len())].iter().rev().collect();
        for trade in new {
            assert!(self.all_trades.insert(trade.id.clone()), "no trade twice");
            let Trade { side, ticker, quantity, price, commission, .. } = *trade;
            let fill = self.account.fill_with(side, ticker, quantity, price, commission).unwrap();
            assert_eq!((fill.notional, fill.realized_pnl), (trade.notional, trade.realized_pnl));
            (self.account.cash, self.account.realized_pnl) = (fill.cash_after, fill.realized_pnl_after);
            match fill.holding {
                Some(holding) => self.account.holdings.insert(ticker, holding),
                None => self.account.holdings.remove(&ticker),
            };
        }
        self.trades_seen = page.len();
        assert_eq!(self.memory.books(ACCOUNT).account, self.account);
    }

    /// Every order that was ever placed, as both ledgers tell it.
    async fn end(&mut self) {
        let query = GroupQuery { status: StatusFilter::All, ticker: None, before: i64::MAX, limit: 500 };
        let orders = self.memory.orders(ACCOUNT, query).await.unwrap().orders;
        assert_eq!(orders, self.file.orders(ACCOUNT, query).await.unwrap().orders);
        let mut filled = 0;
        for order in orders.iter().flat_map(|order| std::iter::once(order).chain(&order.legs)) {
            let numbers: Vec<u32> = order.fills.iter().map(|fill| fill.number).collect();
            assert!(numbers.iter().copied().eq(1..=numbers.len() as u32), "{numbers:?}");
            let sum: f64 = order.fills.iter().map(|fill| fill.quantity.millionths() as f64 / 1e6).sum();
            assert!((sum - order.filled_quantity).abs() < 1e-9);
            assert!(order.fills.iter().all(|fill| self.all_trades.contains(&fill.trade_id)));
            filled += order.fills.len();
        }
        for (leader, ended) in &self.ended {
            let now = orders.iter().find(|order| order.id == *leader);
            assert_eq!(now, Some(ended), "what has ended stays as it ended");
        }
        let of_orders = self.all_trades.iter().filter(|id| !id.starts_with("trade-")).count();
        assert_eq!(filled, of_orders, "each fill is a trade, and each trade of an order a fill");
    }
}

fn cents(cents: i64) -> Price {
    Price::from_units(cents * 100).unwrap()
}

fn fill_price(step: Fires) -> Option<Option<Price>> {
    match step {
        Fires::Rest => None,
        Fires::Elect(_) => Some(None),
        Fires::Fill { price, .. } => Some(Some(price)),
    }
}

/// Effect of a tick on an order by the written rules: `None` if it rests, `Some(None)` if it is elected only, else its fill price.
fn naive_fill(order: &Order, mark: Option<Price>, p: Price, gap: bool) -> Option<Option<Price>> {
    let is_buy = order.side == Side::Buy;
    let stop_is_reached = |stop: Price| if is_buy { p >= stop } else { p <= stop };
    let at_limit = |limit: Price, gap: bool| {
        let is_reached = if is_buy { p <= limit } else { p >= limit };
        is_reached.then_some(Some(if gap { p } else { limit }))
    };
    let is_elected = order.elected_at.is_some();
    match order.terms {
        Terms::Market => Some(Some(p)),
        Terms::Limit { limit } => at_limit(limit, gap),
        Terms::Stop { .. } | Terms::TrailingStop { .. } if is_elected => Some(Some(p)),
        Terms::Stop { stop } => stop_is_reached(stop).then_some(Some(p)),
        Terms::StopLimit { limit, .. } if is_elected => at_limit(limit, gap),
        // Filled at the electing tick if that is within the limit.
        Terms::StopLimit { stop, limit } => {
            let is_within = if is_buy { p <= limit } else { p >= limit };
            stop_is_reached(stop).then_some(is_within.then_some(p))
        }
        Terms::TrailingStop { trail } => {
            let stop = trail.stop(order.side, mark.expect("it works, and so has a mark")).expect("a stop in reach");
            stop_is_reached(stop).then_some(Some(p))
        }
    }
}

/// An order's ticker is wanted for as long as the order is open, watched or not.
#[tokio::test]
async fn never_an_order_whose_ticker_left_the_watchlist_and_gets_no_more_prices() {
    let (ledger, _) = Ledger::in_memory(noon, Hours::Continuous, CancellationToken::new()).unwrap();
    let mut run = Run::begin().await;
    run.memory = ledger;
    run.number = 1;
    let request = run.request(Side::Buy, 1, (Kind::Limit, OrderClass::Simple), 1, 300);
    run.submit(request, 1).await;
    let v: Ticker = "V".parse().unwrap();
    run.memory.submit(ACCOUNT, UnwatchTicker { ticker: v }).await.unwrap();
    assert!(!run.memory.books(ACCOUNT).watches(v) && run.memory.wanted().borrow().contains(&v));
    let order = run.open_orders().remove(0);
    let cancel = CancelOrder { id: order.id, if_revision: None, market: run.market() };
    run.memory.submit(ACCOUNT, cancel).await.unwrap();
    assert!(!run.memory.wanted().borrow().contains(&v));
    assert_eq!(run.memory.order(ACCOUNT, order.id).await.unwrap().status, StatusWord::Canceled);
}
