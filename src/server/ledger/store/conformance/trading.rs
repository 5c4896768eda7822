//! Trades, resets and last prices.

use std::sync::Arc;

use super::{Bench, MAIN, after_noon, market, order, quantity, ticker};
use crate::{
    domain::{money::Money, order::Side, quote::Quotes},
    error::ApiError,
    server::{
        ledger::{PlaceOrder, RecordPrices, RecordSnapshot, Reset, WriteOff},
        market::feed::Tick,
    },
};

pub fn trade(bench: &mut Bench) {
    bench.submit(MAIN, order(Side::Buy, "AAPL", "10", "1", after_noon(1))).unwrap();
    bench.submit(MAIN, order(Side::Buy, "V", "2.5", "2", after_noon(1))).unwrap();
    bench.submit(MAIN, order(Side::Sell, "AAPL", "4", "3", after_noon(2))).unwrap();
    let again = bench.submit(MAIN, order(Side::Sell, "AAPL", "4", "3", after_noon(9))).unwrap();
    assert!(again.contains("replayed: true"), "{again}");
    let other = bench.submit(MAIN, order(Side::Sell, "AAPL", "5", "3", after_noon(9)));
    assert_eq!(other, Err(ApiError::OrderIdReused { client_order_id: "3".to_owned() }));
    let too_much = bench.submit(MAIN, order(Side::Buy, "V", "1000", "4", after_noon(3)));
    assert!(matches!(too_much, Err(ApiError::InsufficientCash { .. })), "{too_much:?}");
    let prices = market(&[("AAPL", 1_200_000), ("V", 900_000)]);
    let sell = PlaceOrder { prices, ..order(Side::Sell, "AAPL", "6", "5", after_noon(4)) };
    bench.submit(MAIN, sell).unwrap();
    let held = &bench.books[&MAIN].account;
    assert_eq!((held.holdings.len(), held.holdings[&ticker("V")].quantity), (1, quantity("2.5")));
    assert_eq!(held.realized_pnl, Money::from_cents(12_000));
}

pub fn reset(bench: &mut Bench) {
    bench.submit(MAIN, order(Side::Buy, "AAPL", "10", "1", after_noon(100))).unwrap();
    bench.submit(MAIN, Reset { at: after_noon(50) }).unwrap();
    bench.submit(MAIN, order(Side::Buy, "V", "1", "2", after_noon(51))).unwrap();
    let again = bench.submit(MAIN, order(Side::Buy, "AAPL", "10", "1", after_noon(52))).unwrap();
    assert!(again.contains("replayed: true"), "what was filled before is still known: {again}");
    assert_eq!(bench.books[&MAIN].account.holdings.len(), 1);
}

pub fn clock_back(bench: &mut Bench) {
    let value = |cents, seconds| RecordSnapshot { total_value: Money::from_cents(cents), at: after_noon(seconds) };
    bench.submit(MAIN, value(1_000_000, 1)).unwrap();
    bench.submit(MAIN, order(Side::Buy, "AAPL", "1", "1", after_noon(-10))).unwrap();
    assert_eq!(bench.books[&MAIN].opened_at, after_noon(-10));
    bench.submit(MAIN, value(1_100_000, -20)).unwrap();
    bench.submit(MAIN, value(1_050_000, -20)).unwrap();
    assert_eq!(bench.books[&MAIN].high_water_mark, Some(Money::from_cents(1_100_000)));
}

pub fn write_off(bench: &mut Bench) {
    let off = |symbol, prices| WriteOff {
        ticker: ticker(symbol),
        prices,
        trade_id: format!("off-{symbol}"),
        at: after_noon(60),
    };
    bench.submit(MAIN, order(Side::Buy, "XOM", "3", "1", after_noon(1))).unwrap();
    let live = bench.submit(MAIN, off("XOM", market(&[("XOM", 900_000)])));
    assert!(matches!(live, Err(ApiError::PriceIsLive { .. })), "{live:?}");
    assert_eq!(bench.submit(MAIN, off("KO", market(&[]))), Err(ApiError::NotHeld { ticker: ticker("KO") }));
    bench
        .submit(MAIN, off("XOM", Arc::new(Tick::new(2, Quotes::default()).with_unknown([ticker("XOM")].into()))))
        .unwrap();
    assert!(bench.books[&MAIN].account.holdings.is_empty());
}

pub fn last_prices(bench: &mut Bench) {
    bench.submit(MAIN, order(Side::Buy, "XOM", "3", "1", after_noon(1))).unwrap();
    bench.submit(MAIN, order(Side::Buy, "KO", "1", "2", after_noon(1))).unwrap();
    for units in [1_100_000, 1_100_000, 1_200_000] {
        bench.submit(MAIN, RecordPrices { prices: market(&[("XOM", units)]) }).unwrap();
    }
    assert_eq!(bench.books[&MAIN].last_prices[&ticker("XOM")].price.units(), 1_200_000);
}
