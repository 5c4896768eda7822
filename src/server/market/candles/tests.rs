//! Tests of candles.

use proptest::prelude::*;

use super::*;
use crate::domain::{instant::UtcInstant, quote::Quote};
use crate::{
    domain::{
        corporate_action::{ExchangeDate, SplitRatio},
        money::Price,
        watchlist::SPARKLINE_POINTS_MAX,
    },
    server::market::History,
};

fn price(cents: i64) -> Price {
    Price::from_units(cents * 100).unwrap()
}

fn print(cents: i64, at_ms: i64, volume: u64) -> Print {
    let at = UtcInstant::from_unix_ms(at_ms);
    let (ticker, price) = ("V".parse().unwrap(), price(cents));
    Print { quote: Quote { ticker, price, previous_price: price, previous_close: price, at, is_stale: false }, volume }
}

fn candles(prints: &[(i64, i64)]) -> Candles {
    let mut candles = Candles::default();
    prints.iter().for_each(|(cents, at_ms)| candles.add(&print(*cents, *at_ms, 10)));
    candles
}

#[test]
fn prints_within_an_interval_are_one_candle() {
    let candles = candles(&[(100, 59_000), (105, 60_000), (103, 60_500), (107, 119_000), (101, 120_000)]);
    let minutes = candles.latest(Interval::Minute, 10);
    let expected =
        Candle { time: 60, open: price(105), high: price(107), low: price(103), close: price(107), volume: 30 };
    assert_eq!(minutes, [Candle::new(0, price(100), 10), expected, Candle::new(120, price(101), 10)]);
    assert_eq!(candles.latest(Interval::Hour, 10).len(), 1);
    assert_eq!(candles.latest(Interval::Minute, 1).len(), 1);
}

#[test]
fn a_minute_of_the_source_fills_in_what_prints_missed() {
    let mut candles = candles(&[(100, 45_000), (105, 60_000), (103, 75_000)]);
    let bar = |time, open, high, low| Candle {
        open: price(open),
        high: price(high),
        low: price(low),
        ..Candle::new(time, price(1), 99)
    };
    candles.set_right(Interval::Minute, &bar(60, 104, 120, 90));
    candles.set_right(Interval::Minute, &bar(0, 98, 101, 97));
    candles.set_right(Interval::Minute, &bar(300_000, 1, 1, 1));
    candles.add(&print(104, 90_000, 10));
    let minutes = candles.latest(Interval::Minute, 10);
    let expected =
        Candle { time: 60, open: price(104), high: price(120), low: price(90), close: price(104), volume: 30 };
    assert_eq!(minutes, [Candle { close: price(100), volume: 10, ..bar(0, 98, 101, 97) }, expected]);
    let hour = candles.latest(Interval::Hour, 1)[0];
    assert_eq!((hour.open, hour.high, hour.low, hour.close), (price(100), price(120), price(90), price(104)));
    candles.set_right(Interval::Day, &bar(0, 99, 130, 80));
    let day = candles.latest(Interval::Day, 1)[0];
    assert_eq!((day.open, day.high, day.low, day.close), (price(99), price(130), price(80), price(104)));
    assert_eq!(candles.latest(Interval::Hour, 1)[0], hour, "no hour is known of a day");
    let seconds = candles.latest(Interval::Second, 10);
    assert_eq!(seconds.iter().map(|second| second.high).max(), Some(price(105)), "no second is known of a minute");
}

#[test]
fn the_exchanges_evening_is_part_of_its_own_day() {
    // 19:29:59 and 19:30 in New York, and the next morning: all on 2026-12-01 in UTC.
    let evening_ms = 1_796_083_200_000;
    let prints = [(100, evening_ms - 1_000), (101, evening_ms + 1_800_000), (102, evening_ms + 40_000_000)];
    let days = |hours| {
        let mut candles = Candles::of(Depth::Whole, hours);
        prints.iter().for_each(|(cents, at_ms)| candles.add(&print(*cents, *at_ms, 1)));
        candles.latest(Interval::Day, 10).iter().map(|day| (day.time, day.volume)).collect::<Vec<_>>()
    };
    let midnight = evening_ms / 1_000;
    assert_eq!(days(Hours::Exchange), [(midnight - 86_400, 2), (midnight, 1)]);
    assert_eq!(days(Hours::Continuous), [(midnight - 86_400, 1), (midnight, 2)]);
}

#[test]
fn as_many_are_kept_as_have_room() {
    let prints: Vec<_> = (0..2_000).map(|second| (100 + second, second * 1_000)).collect();
    let seconds = candles(&prints).latest(Interval::Second, usize::MAX);
    assert_eq!((seconds.len(), seconds[0].time, seconds[1_799].time), (1_800, 200, 1_999));
}

#[test]
fn little_is_kept_briefly_and_the_past_that_is_told_anew_takes_its_place() {
    let mut candles = Candles::of(Depth::Brief, Hours::Continuous);
    let second = |second: i64| print(100 + second % 7, second * 1_000, 1);
    let whole: Vec<Print> = (0..20_000).map(second).collect();
    whole.iter().for_each(|print| candles.add(print));
    for interval in Interval::ALL {
        let kept = candles.latest(interval, usize::MAX);
        let all = folded(interval, &whole);
        assert!(kept.len() <= BRIEF_CAPACITY);
        assert_eq!(kept, all[all.len() - kept.len()..], "{interval:?}: the newest, as they are");
    }
    assert!(candles.set_depth(Depth::Whole) && !candles.is_whole());
    // A print arrives before the history.
    let next = second(20_000);
    candles.add(&next);
    let [seconds, minutes, five_minutes, hours, days] = Interval::ALL.map(|interval| folded(interval, &whole));
    candles.prepend(History { ticker: "V".parse().unwrap(), seconds, minutes, five_minutes, hours, days });
    assert!(candles.is_whole());
    let all: Vec<Print> = whole.into_iter().chain([next]).collect();
    for interval in Interval::ALL {
        let (kept, all) = (candles.latest(interval, usize::MAX), folded(interval, &all));
        let times = |candles: &[Candle]| candles.iter().map(|candle| candle.time).collect::<Vec<_>>();
        assert_eq!(times(&kept), times(&all[all.len() - kept.len()..]), "{interval:?}");
        assert!(kept.len() == all.len() || kept.len() > 1_000, "{interval:?}");
        assert_eq!(kept.last().unwrap().close, all.last().unwrap().close);
    }
    assert!(!candles.set_depth(Depth::Brief) && candles.set_depth(Depth::Whole), "it is cut again");
    assert!(!Candles::default().set_depth(Depth::Whole), "one whose past comes anyway");
}

#[test]
fn a_split_divides_the_past_once() {
    let day: ExchangeDate = "2026-11-30".parse().unwrap();
    let ratio = SplitRatio { from: "1".parse().unwrap(), to: "10".parse().unwrap() };
    let start = day.starts_at().unix_ms();
    // At 200 the day before; today once more at 200, from a delayed source, and then at 20.
    let mut candles = candles(&[(20_000, start - 3_600_000), (20_000, start + 60_000), (2_000, start + 61_000)]);
    for _ in 0..2 {
        candles.split(ratio, day, price(2_000));
        for interval in Interval::ALL {
            let all = candles.latest(interval, 10);
            let prices: Vec<_> = all.iter().flat_map(|c| [c.open, c.high, c.low, c.close]).collect();
            assert!(prices.iter().all(|found| *found == price(2_000)), "{interval:?} {all:?}");
        }
    }
    assert_eq!(candles.latest(Interval::Hour, 10)[0].volume, 100, "shares of today");
}

#[test]
fn a_clock_that_goes_back_begins_no_candle() {
    let seconds = candles(&[(102, 2_000), (103, 1_900)]).latest(Interval::Second, 10);
    assert_eq!(seconds.iter().map(|candle| (candle.time, candle.close)).collect::<Vec<_>>(), [(2, price(103))]);
}

#[test]
fn the_past_goes_before_the_present_and_meets_it_in_one_candle() {
    let mut candles = candles(&[(105, 60_500), (106, 120_000)]);
    candles.prepend(History {
        ticker: "V".parse().unwrap(),
        seconds: vec![],
        minutes: vec![Candle::new(0, price(100), 1), Candle::new(60, price(104), 1)],
        five_minutes: vec![],
        hours: vec![],
        days: vec![],
    });
    let minutes = candles.latest(Interval::Minute, 10);
    assert_eq!(minutes.iter().map(|candle| candle.time).collect::<Vec<_>>(), [0, 60, 120]);
    assert_eq!((minutes[1].open, minutes[1].close, minutes[1].volume), (price(104), price(105), 11));
}

#[test]
fn a_sparkline_is_bounded_and_ends_at_the_newest_price() {
    let prints: Vec<_> = (0..2_000).map(|second| (100 + second, second * 1_000)).collect();
    let prices = candles(&prints).sparkline();
    assert_eq!(prices.len(), SPARKLINE_POINTS_MAX);
    assert_eq!(prices.last(), Some(&price(2_099)));
    assert!(prices.is_sorted());
}

#[test]
fn a_clock_that_goes_far_back_takes_the_future_away() {
    let mut candles = candles(&[(100, 0), (101, 60_000), (102, 120_000), (103, 3_600_000)]);
    candles.add(&print(104, 90_000, 1));
    let minutes = candles.latest(Interval::Minute, 10);
    assert_eq!(minutes.iter().map(|candle| candle.time).collect::<Vec<_>>(), [0, 60]);
    assert_eq!(minutes[1].close, price(104));
    assert_eq!(candles.latest(Interval::Second, 10).last().unwrap().time, 90);
    candles.add(&print(105, 60_000, 1));
    assert_eq!(candles.latest(Interval::Second, 10).last().unwrap().time, 90, "a little back is taken in");
}

/// Reference model: the candles of an interval, folded directly. A clock that goes back a little stands still.
fn folded(interval: Interval, prints: &[Print]) -> Vec<Candle> {
    let (mut candles, mut time): (Vec<Candle>, i64) = (Vec::new(), 0);
    for print in prints {
        time = time.max(print.quote.at.unix_second());
        let candle = Candle::new(interval.start_of(time), print.quote.price, print.volume);
        match candles.last_mut() {
            Some(newest) if newest.time == candle.time => newest.extend(&candle),
            _ => candles.push(candle),
        }
    }
    candles
}

proptest! {
    #[test]
    fn candles_are_their_prints_folded_whenever_they_are_read(
        steps in prop::collection::vec((1_i64..10_000, -20_000_i64..90_000, 0_u64..100), 1..300),
        earlier in 0_usize..300,
    ) {
        let mut latest_ms = 0;
        let prints: Vec<Print> = steps.iter().map(|(cents, pause_ms, volume)| {
            let at_ms = latest_ms + pause_ms;
            latest_ms = latest_ms.max(at_ms);
            print(*cents, at_ms.max(0), *volume)
        }).collect();
        let mut candles = Candles::default();
        for (count, print) in (1..).zip(&prints) {
            candles.add(print);
            if count % 7 == 0 || count == prints.len() {
                for interval in Interval::ALL {
                    prop_assert_eq!(candles.latest(interval, CANDLES_MAX), folded(interval, &prints[..count]), "{:?}", interval);
                }
            }
        }
        // The same prints, with the earlier ones delivered as history.
        let (before, after) = prints.split_at(earlier.min(prints.len()));
        let mut candles = Candles::default();
        after.iter().for_each(|print| candles.add(print));
        let [seconds, minutes, five_minutes, hours, days] = Interval::ALL.map(|interval| folded(interval, before));
        candles.prepend(History { ticker: "V".parse().unwrap(), seconds, minutes, five_minutes, hours, days });
        for interval in Interval::ALL {
            let all = candles.latest(interval, CANDLES_MAX);
            let expected = folded(interval, &prints);
            prop_assert_eq!(all.iter().map(|candle| candle.volume).sum::<u64>(), expected.iter().map(|candle| candle.volume).sum::<u64>());
            prop_assert_eq!(all.last(), expected.last(), "{:?}", interval);
        }
    }

    #[test]
    fn every_interval_agrees_on_the_whole(steps in prop::collection::vec((1_i64..10_000, 0_i64..40_000, 0_u64..100), 1..200)) {
        let (mut candles, mut at_ms) = (Candles::default(), 0);
        for (cents, pause_ms, volume) in &steps {
            at_ms += pause_ms;
            candles.add(&print(*cents, at_ms, *volume));
        }
        for interval in Interval::ALL {
            let all = candles.latest(interval, CANDLES_MAX);
            prop_assert!(all.windows(2).all(|pair| pair[0].time < pair[1].time));
            prop_assert!(all.iter().all(|candle| candle.time % interval.seconds() == 0));
            prop_assert!(all.iter().all(|c| c.low <= c.open.min(c.close) && c.high >= c.open.max(c.close)));
            prop_assert_eq!(all.iter().map(|candle| candle.volume).sum::<u64>(), steps.iter().map(|step| step.2).sum::<u64>());
            prop_assert_eq!(all.iter().map(|candle| candle.high).max(), steps.iter().map(|step| price(step.0)).max());
            prop_assert_eq!(all.last().unwrap().close, price(steps.last().unwrap().0));
        }
    }
}
