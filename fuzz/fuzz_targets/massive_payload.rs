//! For any response of massive.com, prices are positive, and candles are consistent, in order and not in the future.
#![no_main]

use std::collections::BTreeSet;

use finally::{
    domain::{candle::Interval, instant::UtcInstant, ticker::Ticker},
    server::market::massive::{
        aggregates::{aggregate, read_candles},
        snapshot::read_snapshots,
    },
};
use libfuzzer_sys::fuzz_target;

const NOW_MS: i64 = 1_795_356_131_512;

fuzz_target!(|body: &[u8]| {
    let asked: BTreeSet<Ticker> = ["AAPL", "BRK.B", "V"].iter().map(|symbol| symbol.parse().unwrap()).collect();
    if let Ok(snapshots) = read_snapshots(body, &asked) {
        for (ticker, snapshot) in snapshots.by_ticker {
            assert!(asked.contains(&ticker));
            assert!(snapshot.price.units() > 0 && snapshot.previous_close.is_none_or(|close| close.units() > 0));
            assert!(snapshot.minute.is_none_or(|minute| minute.low <= minute.high && minute.time % 60 == 0));
        }
    }
    for interval in [Interval::Minute, Interval::Hour, Interval::Day] {
        let Ok(candles) = read_candles(body, interval, UtcInstant::from_unix_ms(NOW_MS)) else { continue };
        assert!(candles.windows(2).all(|pair| pair[0].time < pair[1].time));
        for candle in &candles {
            assert!(candle.time > 0 && candle.time <= NOW_MS / 1_000 && candle.time % interval.seconds() == 0);
            assert!(candle.low.units() > 0 && candle.low <= candle.open.min(candle.close));
            assert!(candle.high >= candle.open.max(candle.close));
        }
        let longer = aggregate(&candles, Interval::Day);
        assert!(longer.windows(2).all(|pair| pair[0].time < pair[1].time));
        assert_eq!(longer.iter().map(|candle| candle.high).max(), candles.iter().map(|candle| candle.high).max());
        assert_eq!(longer.iter().map(|candle| candle.low).min(), candles.iter().map(|candle| candle.low).min());
    }
});
