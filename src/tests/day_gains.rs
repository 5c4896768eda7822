//! The day's gain with dividends, splits and write-offs, before and after a restart.

use std::sync::Arc;

use finally::{
    domain::{
        corporate_action::{ActionKind, CorporateAction, DividendRate, ExchangeDate, SplitRatio},
        instant::UtcInstant,
        money::Price,
        order::Side,
        quote::Quote,
        ticker::Ticker,
    },
    server::{
        ledger::{ApplyAction, Ledger, PayDividends, PlaceOrder, Reset, WriteOff},
        market::feed::Tick,
    },
};
use rstest::rstest;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    app::fast_folder,
    ledger::{ACCOUNT, NOON_MS, noon, open, open_until, place, prices},
};

const DAY_MS: i64 = 86_400_000;

fn after_noon(offset_ms: i64) -> UtcInstant {
    UtcInstant::from_unix_ms(NOON_MS + offset_ms)
}

fn action(kind: ActionKind) -> CorporateAction {
    CorporateAction { id: "A1".to_owned(), ticker: "V".parse().unwrap(), ex_date: ExchangeDate::of(noon()), kind }
}

/// The account's gain on the day of an instant, in cents, with V's previous close at `close` dollars.
fn gain(ledger: &Ledger, at: UtcInstant, market: &Arc<Tick>, close: i64) -> Option<i64> {
    let (books, close) = (ledger.books(ACCOUNT), Price::from_units(close * 10_000).unwrap());
    let total_value = books.value(market).total_value;
    let quote = |ticker: Ticker| {
        let live = market.quotes.get(ticker).map(|quote| Quote { previous_close: close, ..*quote });
        live.or_else(|| books.last_prices.get(&ticker).map(|last| last.quote(ticker)))
    };
    books.today.gain(books.day_of(at), &books.account, total_value, quote).map(|gain| gain.amount.cents())
}

/// Closes the ledger and opens its file again.
async fn reopen(folder: &TempDir, closing: &CancellationToken, writer: finally::server::ledger::Ended) -> Ledger {
    closing.cancel();
    writer.cancelled().await;
    open(folder).await
}

async fn trade(ledger: &Ledger, id: usize, side: Side, shares: i64, market: &Arc<Tick>, offset_ms: i64) {
    let order = place(side, "V", shares * 1_000_000, market, id);
    ledger.submit(ACCOUNT, PlaceOrder { executed_at: after_noon(offset_ms), ..order }).await.unwrap();
}

#[tokio::test]
async fn a_dividend_counts_on_the_day_it_is_credited_also_after_a_restart() {
    let folder = fast_folder();
    let (market, closing) = (prices(&[("V", 1_000_000)]), CancellationToken::new());
    let (ledger, writer) = open_until(&folder, &closing).await;
    trade(&ledger, 1, Side::Buy, 7, &market, -2 * DAY_MS).await;
    let (rate, pay_date) = (DividendRate::from_billionths(245_000_000).unwrap(), ExchangeDate::of(noon()));
    let dividend = action(ActionKind::Dividend { rate, pay_date });
    ledger.submit(ACCOUNT, ApplyAction { action: dividend, prices: market.clone(), at: noon() }).await.unwrap();
    assert_eq!(gain(&ledger, noon(), &market, 100), Some(0), "it is only owed");
    ledger.submit(ACCOUNT, PayDividends { at: noon() }).await.unwrap();
    // 1.715 rounds half to even.
    assert_eq!(gain(&ledger, noon(), &market, 100), Some(172));
    let today = ledger.books(ACCOUNT).today.clone();

    let ledger = reopen(&folder, &closing, writer).await;
    assert_eq!(ledger.books(ACCOUNT).today, today);
    assert_eq!(gain(&ledger, after_noon(DAY_MS), &market, 100), Some(0), "the next day");
    // It counts with a trade of the same day, and not after one of the next.
    trade(&ledger, 2, Side::Sell, 1, &market, 1_000).await;
    assert_eq!(gain(&ledger, noon(), &market, 100), Some(172));
    trade(&ledger, 3, Side::Sell, 1, &market, DAY_MS).await;
    assert_eq!(gain(&ledger, after_noon(DAY_MS), &market, 100), Some(0));
}

#[tokio::test]
async fn a_dividend_of_before_a_reset_counts_no_more_after_a_restart() {
    let folder = fast_folder();
    let (market, closing) = (prices(&[("V", 1_000_000)]), CancellationToken::new());
    let (ledger, writer) = open_until(&folder, &closing).await;
    trade(&ledger, 1, Side::Buy, 7, &market, -2 * DAY_MS).await;
    let (rate, pay_date) = (DividendRate::from_billionths(245_000_000).unwrap(), ExchangeDate::of(noon()));
    let dividend = action(ActionKind::Dividend { rate, pay_date });
    ledger.submit(ACCOUNT, ApplyAction { action: dividend, prices: market.clone(), at: noon() }).await.unwrap();
    ledger.submit(ACCOUNT, PayDividends { at: noon() }).await.unwrap();
    ledger.submit(ACCOUNT, Reset { at: after_noon(1_000) }).await.unwrap();
    let ledger = reopen(&folder, &closing, writer).await;
    assert_eq!(ledger.books(ACCOUNT).today, Default::default());
}

/// Hours after noon, side, shares, and a price in dollars.
type DayTrade = (i64, Side, i64, i64);

/// Trades of the day of a 10:1 split at noon. The first share was bought the day before, at 200.
#[rstest]
#[case::before_the_exchanges_day(&[(-10, Side::Buy, 2, 200)])]
#[case::at_prices_of_a_late_vendor(&[(-2, Side::Buy, 3, 200), (-1, Side::Sell, 2, 200)])]
#[case::on_both_sides(&[(-2, Side::Buy, 3, 200), (1, Side::Buy, 5, 20), (2, Side::Sell, 7, 20)])]
#[case::after_it(&[(1, Side::Buy, 5, 20), (2, Side::Sell, 7, 20)])]
#[tokio::test]
async fn a_restart_on_the_day_of_a_split_keeps_the_days_gain(#[case] trades: &[DayTrade]) {
    let folder = fast_folder();
    let at_price = |dollars: i64| prices(&[("V", dollars * 10_000)]);
    let (market, closing) = (at_price(20), CancellationToken::new());
    let (ledger, writer) = open_until(&folder, &closing).await;
    trade(&ledger, 0, Side::Buy, 1, &at_price(200), -DAY_MS).await;
    let (before, after): (Vec<_>, Vec<_>) = trades.iter().enumerate().partition(|(_, (hours, ..))| *hours < 0);
    let run = async |some: Vec<(usize, &DayTrade)>| {
        for (index, (hours, side, shares, dollars)) in some {
            trade(&ledger, index + 1, *side, *shares, &at_price(*dollars), hours * 3_600_000).await;
        }
    };
    run(before).await;
    let ratio = SplitRatio { from: "1".parse().unwrap(), to: "10".parse().unwrap() };
    let split = action(ActionKind::Split(ratio));
    ledger.submit(ACCOUNT, ApplyAction { action: split, prices: market.clone(), at: noon() }).await.unwrap();
    run(after).await;
    // Everything was traded at the previous close, so nothing was gained.
    assert_eq!(gain(&ledger, noon(), &market, 20), Some(0));
    let today = ledger.books(ACCOUNT).today.clone();
    let ledger = reopen(&folder, &closing, writer).await;
    assert_eq!(ledger.books(ACCOUNT).today, today);
    assert_eq!(gain(&ledger, noon(), &market, 20), Some(0));
}

#[rstest]
#[case::held_over_night(-DAY_MS, 0)]
#[case::bought_on_the_day(-1_000, 1_000)]
#[tokio::test]
async fn a_write_off_leaves_the_days_gain_as_it_was(#[case] bought_after_noon_ms: i64, #[case] cents: i64) {
    let folder = fast_folder();
    let (bought_at, closing) = (prices(&[("V", 1_000_000)]), CancellationToken::new());
    let (ledger, writer) = open_until(&folder, &closing).await;
    trade(&ledger, 1, Side::Buy, 1, &bought_at, bought_after_noon_ms).await;
    let rise = finally::server::ledger::RecordPrices { prices: prices(&[("V", 1_100_000)]) };
    ledger.submit(ACCOUNT, rise).await.unwrap();
    let ticker: Ticker = "V".parse().unwrap();
    let market = Arc::new(Tick::new(2, Default::default()).with_unknown([ticker].into()));
    assert_eq!(gain(&ledger, noon(), &market, 100), Some(cents), "at the last known price");
    let write_off = WriteOff { ticker, prices: market.clone(), trade_id: "gone".to_owned(), at: noon() };
    ledger.submit(ACCOUNT, write_off).await.unwrap();
    assert_eq!(gain(&ledger, noon(), &market, 100), Some(cents));
    let ledger = reopen(&folder, &closing, writer).await;
    assert_eq!(gain(&ledger, noon(), &market, 100), Some(cents));
}
