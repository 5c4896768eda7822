//! Orders that wait: what they cost at each tick, what many fills at one tick cost, and what they add to a start. Measured in
//! this process, by the server's own book and ledger; rounds are interleaved, as everywhere.

use std::{fs, hint::black_box, path::Path, sync::Arc, time::Duration};

use finally::{
    domain::{
        account_id::AccountId,
        instant::UtcInstant,
        money::{Price, Quantity},
        order::{OrderRequest, OrderSource, Side},
        orders::{
            accept::DayEnd,
            book::{OrderBook, Waiting},
            id::OrderId,
            request::NewOrder,
            rules::{FillModel, FillRules, Moment, Resting, Step},
            settle::Fired,
            span::Span,
            terms::{OrderType, Terms, TimeInForce, Trail},
        },
        quote::Quote,
        session::SessionKind,
        ticker::Ticker,
    },
    server::{
        ledger::{
            Ended, Ledger, PlaceOrder,
            orders::{FiredGroup, MatchTick, OrderMarket, SubmitOrder},
        },
        market::{feed::Tick, hours::Hours},
        metrics::Metrics,
    },
};
use futures::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Outcome, ROUNDS,
    program::Bench,
    table::{Bar, barred, median, row},
};

const FEW: u32 = 1_000;
const MANY: u32 = 100_000;
const TICKS: u32 = 2_000;
const FILLS: u128 = 1_000;
/// As many as an account may have open.
const OPEN: u128 = 10_000;
const NOON_MS: i64 = 1_795_348_800_000;

/// The bars.
const TICK: Bar = Bar::AtMost(1.5, " × with few");
const TRAILING: Bar = Bar::AtMost(2.0, " × plain");
const BYTES: Bar = Bar::AtMost(200.0, " bytes");
const FILLED: Bar = Bar::AtMost(1.3, " × market trades");
const START: Bar = Bar::AtMost(1.0, " µs");

pub async fn measure(bench: &Bench) -> Outcome<()> {
    measure_ticks();
    measure_memory()?;
    measure_fills(&bench.folder).await?;
    measure_start(&bench.folder).await
}

fn ticker() -> Ticker {
    "NVDA".parse().expect("a ticker")
}

fn price(cents: i64) -> Price {
    Price::from_units(cents * 100).expect("a price")
}

fn waiting(number: u32, side: Side, terms: Terms) -> Waiting {
    Waiting {
        id: OrderId::from_u128(u128::from(number)),
        ticker: ticker(),
        resting: Resting { side, terms, mark: Some(price(10_000)), is_elected: false, extended_hours: false },
        is_held: false,
        is_immediate: false,
        working_at: Some(UtcInstant::from_unix_ms(NOON_MS + i64::from(number))),
        expires_at: None,
    }
}

/// Orders far from the market: limits to buy below it and to sell above it, or trailing stops that many percent away.
fn book(count: u32, is_trailing: bool) -> OrderBook {
    let mut book = OrderBook::new(FillModel::Plain);
    for number in 0..count {
        let away = 1_000 + i64::from(number) % 3_000;
        let side = if number % 2 == 0 { Side::Buy } else { Side::Sell };
        let limit = price(if side == Side::Buy { 10_000 - away } else { 10_000 + away });
        let trail = Terms::TrailingStop { trail: Trail::Amount(price(away)) };
        book.insert(
            &waiting(number, side, if is_trailing { trail } else { Terms::Limit { limit } }),
            Some(price(10_000)),
        );
    }
    // Their first look, which comes once.
    look(&mut book, 10_000);
    book
}

fn look(book: &mut OrderBook, cents: i64) {
    let span = Span::tick(price(cents), None, false, SessionKind::Continuous);
    assert!(black_box(book.look(ticker(), &span, &FillRules::default())).is_empty(), "nothing fires");
}

/// Nanoseconds a tick, of prices that go up and down and reach nobody.
fn tick_ns(book: &mut OrderBook) -> f64 {
    let started = Instant::now();
    for tick in 0..TICKS {
        look(book, 10_000 + i64::from(tick * 37 % 101) - 50);
    }
    started.elapsed().as_nanos() as f64 / f64::from(TICKS)
}

fn measure_ticks() {
    let (mut few, mut many, mut trailing) = (book(FEW, false), book(MANY, false), book(MANY, true));
    let (mut few_ns, mut many_ns, mut trailing_ns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut by_count, mut by_kind) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [one, two, three] = [&mut few, &mut many, &mut trailing].map(tick_ns);
        by_count.push(two / one);
        by_kind.push(three / two);
        few_ns.push(one);
        many_ns.push(two);
        trailing_ns.push(three);
    }
    let (few, many) = (median(&mut few_ns), median(&mut many_ns));
    let times = median(&mut by_count);
    let figure = format!("{many:.0} ns, with 1,000 {few:.0} ns: {times:.2} ×");
    barred("a tick that fires none of 100,000 orders", &figure, times, TICK);
    let (trailing, times) = (median(&mut trailing_ns), median(&mut by_kind));
    let figure = format!("{trailing:.0} ns: {times:.2} ×");
    barred("a tick that fires none of 100,000 trailing stops", &figure, times, TRAILING);
}

/// Memory of an open order in the matcher's book.
fn measure_memory() -> Outcome<()> {
    let resident = || -> Outcome<f64> {
        let pages: f64 = fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).ok_or("no figure")?.parse()?;
        Ok(pages * 4_096.0)
    };
    let before = resident()?;
    let books = [book(MANY, false), book(MANY, false), book(MANY, false)];
    let bytes = (resident()? - before) / f64::from(MANY) / books.len() as f64;
    drop(black_box(books));
    barred("memory of a waiting order in the matcher's book", &format!("{bytes:.0} bytes"), bytes, BYTES);
    Ok(())
}

fn noon() -> UtcInstant {
    UtcInstant::from_unix_ms(NOON_MS)
}

fn market(cents: i64) -> OrderMarket {
    let price = price(cents);
    let (ticker, at) = (ticker(), noon());
    let quote = Quote { ticker, price, previous_price: price, previous_close: price, at, is_stale: false };
    let prices = Arc::new(Tick::new(1, [quote].into_iter().collect()));
    OrderMarket { prices, at, rules: FillRules::default() }
}

async fn open(folder: &Path, name: &str, is_new: bool) -> Outcome<(Ledger, Ended, CancellationToken)> {
    let path = folder.join(name);
    if is_new {
        for file in [path.clone(), path.with_extension("db-wal"), path.with_extension("db-shm")] {
            let _ = fs::remove_file(file);
        }
    }
    let closing = CancellationToken::new();
    let url = format!("sqlite://{}", path.display());
    let (ledger, ended) = Ledger::open(&url, noon, Hours::Continuous, Metrics::default(), closing.clone()).await?;
    Ok((ledger, ended, closing))
}

/// A limit order for a cent's worth, so that an account has cash for all.
fn submit(number: u128) -> SubmitOrder {
    let quantity = Quantity::from_millionths(100).expect("a quantity");
    let order = NewOrder::simple(ticker(), Side::Buy, OrderType::Limit, quantity);
    SubmitOrder {
        request: NewOrder { limit_price: Some(price(9_000)), time_in_force: TimeInForce::Gtc, ..order },
        market: market(10_000),
        day_end: DayEnd { regular: noon(), extended: noon() },
        tick: SubmitOrder::span(price(10_000), Some(SessionKind::Continuous)),
        is_open: true,
        source: OrderSource::Manual,
        ids: [0, 1, 2].map(|leg| OrderId::from_u128(number * 4 + leg)),
        trade_id: format!("submit-{number}"),
    }
}

async fn place(ledger: &Ledger, count: u128) -> Outcome<()> {
    let numbers: Vec<u128> = (0..count).collect();
    for some in numbers.chunks(500) {
        let placed = join_all(some.iter().map(|number| ledger.submit(AccountId::DEFAULT, submit(*number)))).await;
        placed.into_iter().collect::<Result<Vec<_>, _>>().map_err(|refusal| refusal.to_string())?;
    }
    Ok(())
}

/// The time of filling a thousand waiting orders at one tick, and of a thousand market trades that share commits.
async fn measure_fills(folder: &Path) -> Outcome<()> {
    let (mut fills_ms, mut trades_ms, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (ledger, ended, closing) = open(folder, "fills.db", true).await?;
        place(&ledger, FILLS).await?;
        let span = Span::tick(price(9_000), None, false, SessionKind::Continuous);
        let step = Step::Fill { price: price(9_000), moment: Moment::First };
        let fired = (0..FILLS).map(|number| {
            let id = OrderId::from_u128(number * 4);
            FiredGroup { leader: id, span, fired: vec![(Fired { id, step }, 1)], trade_id: format!("fill-{number}") }
        });
        let tick = MatchTick { fired: fired.collect(), market: market(9_000), tick: 2 };
        let started = Instant::now();
        let matched = ledger.submit(AccountId::DEFAULT, tick).await.map_err(|refusal| refusal.to_string())?;
        let filled = started.elapsed();
        assert_eq!(matched.fills as u128, FILLS);
        let started = Instant::now();
        let trades = join_all((0..FILLS).map(|number| ledger.submit(AccountId::DEFAULT, trade(number)))).await;
        let traded = started.elapsed();
        trades.into_iter().collect::<Result<Vec<_>, _>>().map_err(|refusal| refusal.to_string())?;
        fills_ms.push(ms(filled));
        trades_ms.push(ms(traded));
        times.push(filled.as_secs_f64() / traded.as_secs_f64());
        closing.cancel();
        ended.cancelled().await;
    }
    let (fills, trades, times) = (median(&mut fills_ms), median(&mut trades_ms), median(&mut times));
    let figure = format!("{fills:.1} ms, as many market trades {trades:.1} ms: {times:.2} ×");
    barred("1,000 fills at one tick", &figure, times, FILLED);
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn trade(number: u128) -> PlaceOrder {
    PlaceOrder {
        order: OrderRequest {
            ticker: ticker(),
            side: Side::Buy,
            quantity: Quantity::from_millionths(100).expect("a quantity"),
            client_order_id: None,
            expected_price: None,
            max_slippage_percent: None,
        },
        source: OrderSource::Manual,
        prices: market(9_000).prices,
        rules: FillRules::default(),
        trade_id: format!("trade-{number}"),
        executed_at: noon(),
    }
}

/// Start-up time of an open order: reading it into the books and inserting it into the matcher's book.
async fn measure_start(folder: &Path) -> Outcome<()> {
    for (name, count) in [("none.db", 0), ("open.db", OPEN)] {
        let (ledger, ended, closing) = open(folder, name, true).await?;
        place(&ledger, count).await?;
        closing.cancel();
        ended.cancelled().await;
    }
    let (mut none_ms, mut open_ms) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (name, figures) in [("none.db", &mut none_ms), ("open.db", &mut open_ms)] {
            let started = Instant::now();
            let (ledger, ended, closing) = open(folder, name, false).await?;
            let mut book = OrderBook::new(FillModel::Plain);
            let orders = ledger.books(AccountId::DEFAULT).orders.clone();
            let orders = orders.groups().flat_map(|listed| listed.group.orders());
            book.restore(orders.map(Waiting::from).collect());
            figures.push(ms(started.elapsed()));
            closing.cancel();
            ended.cancelled().await;
        }
    }
    let (none, open) = (median(&mut none_ms), median(&mut open_ms));
    let each_us = (open - none) * 1_000.0 / OPEN as f64;
    row("opening the ledger without open orders", &format!("{none:.1} ms"));
    barred("start, for each open order of 10,000", &format!("{each_us:.2} µs"), each_us, START);
    Ok(())
}
