//! The ledger compared with a pure model.

use std::sync::Arc;

use finally::{
    domain::{
        account::{Account, INITIAL_DEPOSIT},
        account_id::AccountId,
        day::{DayTrades, Traded},
        equity::HistoryRange,
        freshness::Freshness,
        instant::UtcInstant,
        money::{Money, Price, Quantity},
        order::{OrderRequest, OrderSource, Side, TradeReceipt},
        orders::rules::FillRules,
        performance::flow::NewFlow,
        quote::Quote,
        ticker::Ticker,
        trading_day::TradingDay,
    },
    error::ApiError,
    server::{
        equity::Keeper,
        ledger::{
            Books, Ended, Ledger, PlaceOrder, RecordFlow, RecordSnapshot, Reset, StoreFault, Write, effect::Effects,
            store::Rows,
        },
        market::{feed::Tick, hours::Hours},
        metrics::Metrics,
    },
};
use proptest::prelude::*;
use rstest::rstest;
use sqlx::Connection;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::fast_folder;

pub const ACCOUNT: AccountId = AccountId::DEFAULT;

pub const NOON_MS: i64 = 1_795_348_800_000;

pub fn noon() -> UtcInstant {
    UtcInstant::from_unix_ms(NOON_MS)
}

pub async fn open(folder: &TempDir) -> Ledger {
    open_until(folder, &CancellationToken::new()).await.0
}

/// The ledger, open until told to close, with its writer, whose end closes the file.
pub async fn open_until(folder: &TempDir, closing: &CancellationToken) -> (Ledger, Ended) {
    Ledger::open(&url(folder), noon, Hours::Continuous, Metrics::default(), closing.clone()).await.unwrap()
}

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("ledger.db").display())
}

pub fn prices(units: &[(&str, i64)]) -> Arc<Tick> {
    let quote = |(symbol, units): &(&str, i64)| {
        let ticker: Ticker = symbol.parse().unwrap();
        let price = Price::from_units(*units).unwrap();
        Quote { ticker, price, previous_price: price, previous_close: price, at: noon(), is_stale: false }
    };
    Arc::new(Tick::new(1, units.iter().map(quote).collect()))
}

pub fn place(side: Side, symbol: &str, millionths: i64, prices: &Arc<Tick>, id: usize) -> PlaceOrder {
    let quantity = Quantity::from_millionths(millionths).unwrap();
    let client_order_id = Some(format!("order-{id}").parse().unwrap());
    PlaceOrder {
        order: OrderRequest {
            ticker: symbol.parse().unwrap(),
            side,
            quantity,
            client_order_id,
            expected_price: None,
            max_slippage_percent: None,
        },
        source: OrderSource::Manual,
        prices: prices.clone(),
        rules: FillRules::default(),
        trade_id: format!("trade-{id}"),
        executed_at: noon(),
    }
}

fn flow(cents: i64, id: usize) -> RecordFlow {
    let flow = NewFlow { amount: Money::from_cents(cents), note: None, client_flow_id: None };
    RecordFlow { flow, id: format!("flow-{id}"), prices: prices(&[]), at: noon() }
}

#[derive(Debug, Clone)]
enum Step {
    Order {
        side: Side,
        symbol: &'static str,
        millionths: i64,
        units: i64,
    },
    /// Repeats the previous order.
    Again,
    /// Deposits or withdraws cents.
    Flow(i64),
    Reset,
}

fn any_step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let symbol = prop_oneof![Just("AAPL"), Just("MSFT"), Just("BRK.B")];
    let millionths = prop_oneof![1_i64..1_000, 1_i64..30_000_000, Just(1_000_000_000_000_000)];
    let order = (side, symbol, millionths, 1_i64..6_000_000)
        .prop_map(|(side, symbol, millionths, units)| Step::Order { side, symbol, millionths, units });
    let flow = (-2_000_000_i64..2_000_000).prop_map(Step::Flow);
    prop_oneof![30 => order, 3 => Just(Step::Again), 3 => flow, 1 => Just(Step::Reset)]
}

/// Default total of steps; set by `FINALLY_LEDGER_STEPS`.
const STEPS: u32 = 10_000;

/// Consecutive steps per case.
const STEPS_OF_A_CASE: usize = 200;

fn cases() -> u32 {
    let steps = std::env::var("FINALLY_LEDGER_STEPS").map_or(STEPS, |steps| steps.parse().unwrap());
    steps.div_ceil(STEPS_OF_A_CASE as u32)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn the_ledger_never_diverges_from_its_model(steps in prop::collection::vec(any_step(), STEPS_OF_A_CASE)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = fast_folder();
            let file = open(&folder).await;
            let (memory, _) = Ledger::in_memory(noon, Hours::Continuous, CancellationToken::new()).unwrap();
            for ledger in [&file, &memory] {
                follow_model(ledger, &steps).await;
            }
            assert_eq!(memory.books(ACCOUNT), file.books(ACCOUNT));
            let trades = memory.trades(ACCOUNT, STEPS_OF_A_CASE, None).await.unwrap();
            assert_eq!(trades, file.trades(ACCOUNT, STEPS_OF_A_CASE, None).await.unwrap());
        });
    }

    #[test]
    fn writes_that_share_a_transaction_leave_what_they_would_alone(steps in prop::collection::vec(any_step(), STEPS_OF_A_CASE)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folders = [fast_folder(), fast_folder()];
            let (alone, metrics, closing) = (open(&folders[0]).await, Metrics::default(), CancellationToken::new());
            let (together, writer) = Ledger::open(&url(&folders[1]), noon, Hours::Continuous, metrics.clone(), closing.clone()).await.unwrap();

            let mut expected = Vec::new();
            for id in 0..steps.len() {
                expected.push(take_step(&alone, &steps, id).await);
            }
            // While another write blocks the writer, all of them queue up.
            let (began, (release, released)) = (Arc::new(Notify::new()), std::sync::mpsc::channel());
            let hold = together.submit(ACCOUNT, Hold { began: Arc::clone(&began), released });
            let steps_and_release = async {
                began.notified().await;
                let all = futures::future::join_all((0..steps.len()).map(|id| take_step(&together, &steps, id)));
                futures::join!(all, async { release.send(()).unwrap() }).0
            };
            let (held, outcomes) = futures::join!(hold, steps_and_release);
            assert_eq!((held, outcomes), (Ok(()), expected));
            assert!(metrics.write().unwrap().contains("finally_ledger_batch_size_count 2\n"), "they shared one");
            assert_eq!(together.books(ACCOUNT), alone.books(ACCOUNT));
            let trades = together.trades(ACCOUNT, STEPS_OF_A_CASE, None).await.unwrap();
            assert_eq!(trades.trades, alone.trades(ACCOUNT, STEPS_OF_A_CASE, None).await.unwrap().trades);
            let curve = together.equity(ACCOUNT, HistoryRange::All, noon()).await;
            assert_eq!(curve, alone.equity(ACCOUNT, HistoryRange::All, noon()).await);
            closing.cancel();
            writer.cancelled().await;
            assert_eq!(open(&folders[1]).await.books(ACCOUNT), alone.books(ACCOUNT), "in the file too");
        });
    }
}

/// Applies all steps to a ledger and to a pure model of it.
async fn follow_model(ledger: &Ledger, steps: &[Step]) {
    let mut model = Account::open(INITIAL_DEPOSIT);
    let mut before: Option<(Step, usize, bool)> = None;
    for (id, step) in steps.iter().enumerate() {
        match (step, &before) {
            (Step::Order { side, symbol, millionths, units }, _) => {
                let market = prices(&[(symbol, *units)]);
                let outcome = ledger.submit(ACCOUNT, place(*side, symbol, *millionths, &market, id)).await;
                let quantity = Quantity::from_millionths(*millionths).unwrap();
                let price = Price::from_units(*units).unwrap();
                let expected = model.apply(*side, symbol.parse().unwrap(), quantity, price);
                assert_eq!(outcome.is_ok(), expected.is_ok());
                if let (Ok(receipt), Ok(fill)) = (&outcome, &expected) {
                    assert_eq!(
                        (receipt.trade.notional, receipt.trade.realized_pnl),
                        (fill.notional, fill.realized_pnl)
                    );
                    assert_eq!(receipt.cash_balance, model.cash);
                }
                before = Some((step.clone(), id, outcome.is_ok()));
            }
            (Step::Again, Some((Step::Order { side, symbol, millionths, units }, id, true))) => {
                let market = prices(&[(symbol, *units)]);
                let outcome = ledger.submit(ACCOUNT, place(*side, symbol, *millionths, &market, *id)).await;
                assert!(outcome.unwrap().replayed);
            }
            (Step::Again, _) => {}
            (Step::Flow(cents), _) => {
                let outcome = ledger.submit(ACCOUNT, flow(*cents, id)).await;
                let expected = model.cash.cents() + cents >= 0 && *cents != 0;
                assert_eq!(outcome.is_ok(), expected, "{outcome:?}");
                if expected {
                    model.flow(Money::from_cents(*cents)).unwrap();
                }
            }
            (Step::Reset, _) => {
                ledger.submit(ACCOUNT, Reset { at: noon() }).await.unwrap();
                model = Account::open(INITIAL_DEPOSIT);
            }
        }
        assert_eq!(ledger.books(ACCOUNT).account, model);
        assert!(model.is_balanced());
    }
}

/// A write that blocks until released.
struct Hold {
    began: Arc<Notify>,
    released: std::sync::mpsc::Receiver<()>,
}

impl Write for Hold {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), Effects), ApiError> {
        self.began.notify_one();
        self.released.recv().unwrap();
        Ok(((), Effects::new()))
    }
}

/// Applies one of the steps; returns its result.
async fn take_step(ledger: &Ledger, steps: &[Step], id: usize) -> Result<Option<TradeReceipt>, ApiError> {
    match steps[id] {
        Step::Order { side, symbol, millionths, units } => {
            // A clock that goes back and forth, also to before the account was opened.
            let executed_at = UtcInstant::from_unix_ms(NOON_MS - (id % 3 * (id % 5)) as i64 * 1_000);
            let order = place(side, symbol, millionths, &prices(&[(symbol, units)]), id);
            ledger.submit(ACCOUNT, PlaceOrder { executed_at, ..order }).await.map(Some)
        }
        Step::Again => {
            let earlier = steps[..id].iter().rposition(|step| matches!(step, Step::Order { .. }));
            match earlier {
                Some(earlier) => Box::pin(take_step(ledger, steps, earlier)).await,
                None => Ok(None),
            }
        }
        Step::Flow(cents) => ledger.submit(ACCOUNT, flow(cents, id)).await.map(|_| None),
        Step::Reset => ledger.submit(ACCOUNT, Reset { at: noon() }).await.map(|()| None),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_trading_is_some_order_of_its_trades() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let market = prices(&[("AAPL", 1_900_333), ("V", 2_801_277), ("F", 123_456)]);
    let traders = (0..64_usize).map(|trader| {
        let (ledger, market) = (ledger.clone(), market.clone());
        tokio::spawn(async move {
            for step in 0..40_usize {
                let side = if (trader + step) % 3 == 2 { Side::Sell } else { Side::Buy };
                let symbol = ["AAPL", "V", "F"][(trader * 7 + step) % 3];
                let millionths = ((trader * 40 + step) as i64 * 7_919) % 60_000 + 1;
                // A refusal is as good as a fill here.
                let _ = ledger.submit(ACCOUNT, place(side, symbol, millionths, &market, trader * 1_000 + step)).await;
            }
        })
    });
    for trader in traders.collect::<Vec<_>>() {
        trader.await.unwrap();
    }

    let mut trades = Vec::new();
    let mut before = None;
    loop {
        let page = ledger.trades(ACCOUNT, 500, before.as_deref()).await.unwrap();
        trades.extend(page.trades);
        before = page.next_before;
        if before.is_none() {
            break;
        }
    }
    assert!(trades.len() > 500, "most of 2,560 orders are filled: {}", trades.len());
    let mut model = Account::open(INITIAL_DEPOSIT);
    for trade in trades.iter().rev() {
        let fill = model.apply(trade.side, trade.ticker, trade.quantity, trade.price).expect("it was filled");
        assert_eq!((fill.notional, fill.realized_pnl), (trade.notional, trade.realized_pnl));
    }
    assert_eq!(ledger.books(ACCOUNT).account, model);
    assert!(model.is_balanced());
}

#[tokio::test]
async fn a_year_of_snapshots_is_thinned_out_in_steps_and_read_within_its_bound() {
    let folder = fast_folder();
    let ledger = open(&folder).await;
    ledger.submit(ACCOUNT, Reset { at: UtcInstant::from_unix_ms(NOON_MS - 366 * 86_400_000) }).await.unwrap();
    // Two hours of a value each 30 s, nine days of one each 5 minutes, and the rest of a year of one each 20 minutes.
    let ages = (0..240_i64).map(|n| n * 30).chain((24..2_592).map(|n| n * 300)).chain((648..26_280).map(|n| n * 1_200));
    let record = async |age: i64| {
        let total_value = Money::from_cents(1_000_000 + age % 997);
        let at = UtcInstant::from_unix_ms(NOON_MS - age * 1_000);
        ledger.submit(ACCOUNT, RecordSnapshot { total_value, at }).await.unwrap();
    };
    // In groups that share a commit.
    for some in ages.collect::<Vec<_>>().chunks(500) {
        futures::future::join_all(some.iter().map(|age| record(*age))).await;
    }
    Keeper::new(ledger.clone()).thin(noon()).await.unwrap();
    let count = async |range| ledger.equity(ACCOUNT, range, noon()).await.unwrap().snapshots.len();
    assert_eq!(count(HistoryRange::Hour).await, 121, "full resolution for an hour");
    let week = count(HistoryRange::Week).await;
    assert!((1_900..=2_000).contains(&week), "{week}");
    assert_eq!(count(HistoryRange::All).await, 2_000, "bounded");
    let newest = *ledger.equity(ACCOUNT, HistoryRange::All, noon()).await.unwrap().snapshots.last().unwrap();
    assert_eq!(newest.recorded_at, noon());
}

#[tokio::test]
async fn the_high_water_mark_outlives_the_value_that_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let closing = CancellationToken::new();
    let (ledger, writer) = open_until(&folder, &closing).await;
    let before_noon = |ms: i64| UtcInstant::from_unix_ms(NOON_MS - ms);
    ledger.submit(ACCOUNT, Reset { at: before_noon(30 * 86_400_000) }).await.unwrap();
    let record = async |cents, at| {
        let total_value = Money::from_cents(cents);
        ledger.submit(ACCOUNT, RecordSnapshot { total_value, at }).await.unwrap();
    };
    // The highest is thinned out, the second highest is overwritten within its second.
    record(1_300_000, before_noon(20 * 86_400_000 + 1_800_000)).await;
    record(1_100_000, before_noon(20 * 86_400_000 + 1_000)).await;
    record(1_200_000, noon()).await;
    record(990_000, noon()).await;
    Keeper::new(ledger.clone()).thin(noon()).await.unwrap();
    let kept = ledger.equity(ACCOUNT, HistoryRange::All, noon()).await.unwrap().snapshots;
    assert_eq!(kept.iter().map(|snapshot| snapshot.total_value.cents()).max(), Some(1_100_000));
    let mark = Some(Money::from_cents(1_300_000));
    assert_eq!(ledger.books(ACCOUNT).high_water_mark, mark);
    closing.cancel();
    writer.cancelled().await;

    let ledger = open(&folder).await;
    assert_eq!(ledger.books(ACCOUNT).high_water_mark, mark, "in the file too");
    ledger.submit(ACCOUNT, Reset { at: noon() }).await.unwrap();
    assert_eq!(ledger.books(ACCOUNT).high_water_mark, Some(INITIAL_DEPOSIT), "a reset begins anew");
}

#[tokio::test]
async fn a_database_from_before_there_was_a_high_water_mark_takes_it_from_its_curve() {
    let folder = tempfile::tempdir().unwrap();
    let closing = CancellationToken::new();
    let (ledger, writer) = open_until(&folder, &closing).await;
    for (cents, second) in [(1_000_000, 0), (1_250_000, 30), (1_100_000, 60)] {
        let at = UtcInstant::from_unix_ms(NOON_MS + second * 1_000);
        ledger.submit(ACCOUNT, RecordSnapshot { total_value: Money::from_cents(cents), at }).await.unwrap();
    }
    closing.cancel();
    writer.cancelled().await;
    let mut file = sqlx::SqliteConnection::connect(&url(&folder)).await.unwrap();
    for statement in [
        "ALTER TABLE accounts DROP COLUMN high_water_mark_cents",
        "DELETE FROM _sqlx_migrations WHERE description = 'high water mark'",
        // A value of the account before the latest reset.
        "INSERT INTO snapshots VALUES ('default', 1795348799, 9000000)",
    ] {
        assert!(sqlx::query(statement).execute(&mut file).await.is_ok(), "{statement}");
    }
    file.close().await.unwrap();
    assert_eq!(open(&folder).await.books(ACCOUNT).high_water_mark, Some(Money::from_cents(1_250_000)));
}

#[tokio::test]
async fn the_days_trades_are_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let market = prices(&[("AAPL", 1_900_333), ("V", 2_801_277)]);
    let day = 86_400_000;
    let trade = |id: usize, symbol, side, at_ms| PlaceOrder {
        executed_at: UtcInstant::from_unix_ms(at_ms),
        ..place(side, symbol, 1_500_000, &market, id)
    };
    let closing = CancellationToken::new();
    let (ledger, writer) = open_until(&folder, &closing).await;
    ledger.submit(ACCOUNT, trade(1, "AAPL", Side::Buy, NOON_MS - day)).await.unwrap();
    ledger.submit(ACCOUNT, trade(2, "V", Side::Buy, NOON_MS)).await.unwrap();
    ledger.submit(ACCOUNT, trade(3, "AAPL", Side::Sell, NOON_MS + 1)).await.unwrap();
    let today = ledger.books(ACCOUNT).today.clone();
    closing.cancel();
    writer.cancelled().await;

    let ledger = open(&folder).await;
    assert_eq!(ledger.books(ACCOUNT).today, today);
    let quote = market.quotes.get("AAPL".parse().unwrap()).unwrap();
    let day = TradingDay::utc(noon());
    assert_eq!(today.pnl(day, None, quote).unwrap().amount, Money::ZERO, "yesterday's purchase is no part of today");
    ledger.submit(ACCOUNT, Reset { at: noon() }).await.unwrap();
    assert_eq!(ledger.books(ACCOUNT).today, Default::default());
}

/// Instants around midnight, in order of their writes, and the trades that the day then includes.
#[rstest]
#[case::one_that_comes_late(&[-5, 3, -1], &[1, 2])]
#[case::some_that_come_late(&[-5, 3, -1, 4, -2, -1], &[1, 2, 3, 4, 5])]
#[case::nothing_before_the_late_one(&[3, -1], &[0, 1])]
#[case::the_day_s_last_trades(&[-3_600_000, -5, -1], &[0, 1, 2])]
#[case::a_clock_that_was_put_back(&[3, -3_600_000, -1], &[1, 2])]
#[case::a_clock_that_was_put_forward_and_back(&[3, 10 * 86_400_000, 4], &[2])]
#[tokio::test]
async fn a_trade_that_is_written_late_leaves_the_day_as_it_is_and_so_does_a_restart(
    #[case] offsets_ms: &[i64],
    #[case] of_today: &[usize],
) {
    let folder = fast_folder();
    let market = prices(&[("V", 10_000)]);
    let midnight_ms = noon().start_of_next_day().unix_ms();
    let closing = CancellationToken::new();
    let (ledger, writer) = open_until(&folder, &closing).await;
    let mut expected = DayTrades::default();
    for (id, offset_ms) in offsets_ms.iter().enumerate() {
        let executed_at = UtcInstant::from_unix_ms(midnight_ms + offset_ms);
        // Each quantity is a different power of two, so that a sum identifies its trades.
        let order = place(Side::Buy, "V", 1_000_000 << id, &market, id);
        let (ticker, side) = (order.order.ticker, Side::Buy);
        if of_today.contains(&id) {
            let first = UtcInstant::from_unix_ms(midnight_ms + offsets_ms[of_today[0]]);
            let previous_close = market.quotes.get(ticker).map(|quote| quote.previous_close);
            let notional = Money::from_cents(100 << id);
            let traded = Traded { ticker, side, millionths: 1_000_000 << id, notional, previous_close };
            expected.record(TradingDay::utc(first), traded);
        }
        ledger.submit(ACCOUNT, PlaceOrder { executed_at, ..order }).await.unwrap();
    }
    assert_eq!(ledger.books(ACCOUNT).today, expected);
    closing.cancel();
    writer.cancelled().await;
    assert_eq!(open(&folder).await.books(ACCOUNT).today, expected);
}

fn at(moment: &str) -> UtcInstant {
    UtcInstant::from_rfc3339(moment).unwrap()
}

#[tokio::test]
async fn an_order_is_filled_at_a_price_of_now_while_the_market_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let ticker: Ticker = "AAPL".parse().unwrap();
    let quotes = &prices(&[("AAPL", 1_900_000)]).quotes;
    let market = |confirmed: &str| {
        let mut freshness = Freshness::of(45_000);
        freshness.confirm([ticker], at(confirmed));
        Arc::new(Tick::new(1, quotes.clone()).with_rules(freshness, Hours::Exchange))
    };
    let in_session = market("2026-11-24T15:00:00Z");
    let buy = |id, market: &Arc<Tick>, moment| {
        ledger
            .submit(ACCOUNT, PlaceOrder { executed_at: at(moment), ..place(Side::Buy, "AAPL", 1_000_000, market, id) })
    };
    assert!(buy(1, &in_session, "2026-11-24T15:00:45Z").await.is_ok());
    let stale = |age_seconds| Err(ApiError::StalePrice { ticker, age_seconds: Some(age_seconds) });
    assert_eq!(buy(2, &in_session, "2026-11-24T15:00:46Z").await, stale(46));
    assert_eq!(buy(2, &in_session, "2026-11-24T15:10:00Z").await, stale(600));
    assert!(buy(1, &in_session, "2026-11-24T15:10:00Z").await.unwrap().replayed, "what was filled stays filled");

    let after_hours = market("2026-11-24T21:00:00Z");
    let closed = buy(3, &after_hours, "2026-11-24T21:00:00Z").await;
    let Err(ApiError::MarketClosed { opens: Some(opens) }) = closed else { panic!("{closed:?}") };
    assert!(opens.starts_with("on Wednesday, 25 November 2026 at 9:30 in New York"), "{opens}");
    assert_eq!(ledger.books(ACCOUNT).account.holdings[&ticker].quantity.millionths(), 1_000_000);
}

#[tokio::test]
async fn a_purchase_of_the_session_gains_from_its_own_price_past_midnight_in_utc() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |closing: &CancellationToken| {
        Ledger::open(&url(&folder), noon, Hours::Exchange, Metrics::default(), closing.clone()).await.unwrap()
    };
    // It trades at 108, with a previous close of 100.
    let before = prices(&[("AAPL", 1_080_000)]);
    let quote = Quote { previous_close: Price::from_units(1_000_000).unwrap(), ..before.quotes[0] };
    let market = Arc::new(Tick::new(1, [quote].into_iter().collect()));
    let closing = CancellationToken::new();
    let (ledger, writer) = open(&closing).await;
    let buy =
        PlaceOrder { executed_at: at("2026-11-24T20:59:00Z"), ..place(Side::Buy, "AAPL", 10_000_000, &market, 1) };
    ledger.submit(ACCOUNT, buy).await.unwrap();
    let gain = |ledger: &Ledger, moment: &str| {
        let books = ledger.books(ACCOUNT);
        let held = books.account.holdings[&quote.ticker].quantity;
        books.today.pnl(books.day_of(at(moment)), Some(held), &quote).unwrap().amount.cents()
    };
    assert_eq!(
        ["2026-11-24T21:00:00Z", "2026-11-25T00:00:00Z", "2026-11-25T08:59:59Z"].map(|at| gain(&ledger, at)),
        [0; 3]
    );
    assert_eq!(
        gain(&ledger, "2026-11-25T09:00:00Z"),
        8_000,
        "the exchange's next day, when the vendor's close is another"
    );
    closing.cancel();
    writer.cancelled().await;
    let (ledger, _writer) = open(&CancellationToken::new()).await;
    assert_eq!(gain(&ledger, "2026-11-25T00:00:00Z"), 0, "after a restart too");
}

/// A write that panics.
struct Panicking;

impl Write for Panicking {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Ok(())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), Effects), ApiError> {
        panic!("on purpose");
    }
}

#[tokio::test]
async fn a_writer_that_panics_is_known_to_have_ended_and_answers_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, writer) = open_until(&folder, &CancellationToken::new()).await;
    assert_eq!(ledger.submit(ACCOUNT, Panicking).await, Err(ApiError::Internal));
    writer.cancelled().await;
    writer.cancelled().await;
    assert_eq!(ledger.submit(ACCOUNT, Reset { at: noon() }).await, Err(ApiError::Busy));
    assert!(!ledger.is_healthy().await);
}

/// A write that the database refuses.
struct Broken;

impl Write for Broken {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Err(rusqlite::Error::InvalidQuery.into())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), Effects), ApiError> {
        unreachable!("the rows are not found");
    }
}

/// A write that the disk refuses.
struct Failing;

impl Write for Failing {
    type Outcome = ();
    type Found = ();

    fn find(&self, _: AccountId, _: &Books, _: &mut dyn Rows) -> Result<(), StoreFault> {
        Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR), None).into())
    }

    fn decide(&self, _: &Books, (): &()) -> Result<((), Effects), ApiError> {
        unreachable!("the rows are not found");
    }
}

#[rstest]
#[case::by_the_disk(true, 1)]
#[case::by_a_write_of_its_own(false, 2)]
#[tokio::test]
async fn writes_that_wait_for_a_failing_disk_are_told_at_once_and_share_one_recovery(
    #[case] by_the_disk: bool,
    #[case] recoveries: i64,
) {
    const WAITING: usize = 100;
    let folder = fast_folder();
    let ledger = open(&folder).await;
    let rows = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
    // Each recovery writes another number there.
    let recovered = || rows.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap();
    let before = recovered();
    let (began, (release, released)) = (Arc::new(Notify::new()), std::sync::mpsc::channel());
    let hold = ledger.submit(ACCOUNT, Hold { began: Arc::clone(&began), released });
    let writes = async {
        began.notified().await;
        let good = (0..WAITING).map(|at| {
            let at = UtcInstant::from_unix_ms(NOON_MS + at as i64 * 1_000);
            ledger.submit(ACCOUNT, RecordSnapshot { total_value: INITIAL_DEPOSIT, at })
        });
        let good = futures::future::join_all(good);
        let bad = async {
            if by_the_disk { ledger.submit(ACCOUNT, Failing).await } else { ledger.submit(ACCOUNT, Broken).await }
        };
        futures::join!(good, bad, async { release.send(()).unwrap() })
    };
    let (held, (good, bad, ())) = futures::join!(hold, writes);
    assert_eq!((held, bad), (Ok(()), Err(ApiError::Busy)));
    let expected = if by_the_disk { Err(ApiError::Busy) } else { Ok(()) };
    assert_eq!(good, vec![expected; WAITING]);
    assert_eq!(recovered() - before, recoveries);
    ledger.submit(ACCOUNT, Reset { at: noon() }).await.unwrap();
}

#[tokio::test]
async fn books_that_could_not_be_read_after_a_failure_are_read_before_the_next_write() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let (file, away) = (folder.path().join("ledger.db"), folder.path().join("away.db"));
    std::fs::rename(&file, &away).unwrap();
    assert_eq!(ledger.submit(ACCOUNT, Broken).await, Err(ApiError::Busy));
    assert!(!file.exists(), "no empty database takes the place of the one that is away");
    std::fs::rename(&away, &file).unwrap();

    // Simulates data that a failed transaction may have left in the file.
    let mut other = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("DELETE FROM watchlist WHERE ticker = 'NFLX'").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    ledger.submit(ACCOUNT, RecordSnapshot { total_value: INITIAL_DEPOSIT, at: noon() }).await.unwrap();
    assert_eq!(ledger.books(ACCOUNT).watchlist.len(), 9);
}

#[tokio::test]
async fn so_many_positions_can_be_held_and_no_more() {
    let folder = fast_folder();
    let ledger = open(&folder).await;
    let letters = || 'A'..='Z';
    let symbols: Vec<String> = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}"))).take(501).collect();
    let priced: Vec<(&str, i64)> = symbols.iter().map(|symbol| (symbol.as_str(), 100)).collect();
    let prices = prices(&priced);
    let buy = |index: usize, id| ledger.submit(ACCOUNT, place(Side::Buy, &symbols[index], 1, &prices, id));
    let bought = futures::future::join_all((0..500).map(|index| buy(index, index))).await;
    assert!(bought.iter().all(Result::is_ok));
    let ticker = symbols[500].parse().unwrap();
    assert_eq!(buy(500, 1_000).await, Err(ApiError::TooManyPositions { ticker }));
    assert!(buy(7, 1_001).await.is_ok(), "more of what is held");
    assert!(ledger.submit(ACCOUNT, place(Side::Sell, &symbols[0], 1, &prices, 1_002)).await.is_ok());
    assert!(buy(500, 1_003).await.is_ok());
    assert_eq!(ledger.books(ACCOUNT).account.holdings.len(), 500);
}

#[tokio::test]
async fn a_ticker_s_fills_are_found_however_many_others_there_were() {
    let folder = fast_folder();
    let ledger = open(&folder).await;
    let prices = prices(&[("AAPL", 10_000), ("V", 10_000)]);
    let submit =
        async |side, symbol, id| ledger.submit(ACCOUNT, place(side, symbol, 1_000_000, &prices, id)).await.unwrap();
    for (id, side) in [Side::Buy, Side::Buy, Side::Sell].into_iter().enumerate() {
        submit(side, "V", id).await;
    }
    for id in 3..603 {
        submit(if id % 2 == 1 { Side::Buy } else { Side::Sell }, "AAPL", id).await;
    }
    submit(Side::Buy, "V", 603).await;
    let fills = ledger.fills(ACCOUNT, "V".parse().unwrap()).await.unwrap();
    let ids: Vec<_> = fills.iter().map(|fill| fill.id.as_str()).collect();
    assert_eq!(ids, ["trade-0", "trade-1", "trade-2", "trade-603"], "oldest first");
    let latest = ledger.fills(ACCOUNT, "AAPL".parse().unwrap()).await.unwrap();
    assert_eq!((latest.len(), latest[0].id.as_str(), latest[499].id.as_str()), (500, "trade-103", "trade-602"));

    ledger.submit(ACCOUNT, Reset { at: noon() }).await.unwrap();
    assert!(ledger.fills(ACCOUNT, "V".parse().unwrap()).await.unwrap().is_empty(), "a reset begins anew");
}
