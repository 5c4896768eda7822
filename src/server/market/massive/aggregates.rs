//! Aggregates: the candles of the past.

use serde::Deserialize;

use super::{
    client::Failure,
    payload::{Answer, price, shares},
};
use crate::domain::{
    candle::{Candle, Interval},
    instant::UtcInstant,
};

#[derive(Deserialize)]
struct Aggregate {
    /// Start in Unix milliseconds; a day starts at New York's midnight, which has the same date in UTC.
    t: i64,
    o: f64,
    h: f64,
    l: f64,
    c: f64,
    v: f64,
}

impl Aggregate {
    /// `None` if its prices contradict each other.
    fn candle(&self, interval: Interval) -> Option<Candle> {
        let [open, high, low, close] = [self.o, self.h, self.l, self.c].map(|dollars| price(Some(dollars)));
        let candle = Candle {
            time: interval.start_of(self.t.div_euclid(1_000)),
            open: open?,
            high: high?,
            low: low?,
            close: close?,
            volume: shares(Some(self.v))?,
        };
        let is_consistent = candle.low <= candle.open.min(candle.close) && candle.high >= candle.open.max(candle.close);
        is_consistent.then_some(candle)
    }
}

/// Candles of an answer, oldest first, none in the future; malformed and unordered ones are omitted.
///
/// # Errors
/// If the answer as a whole is not the documented JSON, or reports a failure.
pub fn read_candles(body: &[u8], interval: Interval, now: UtcInstant) -> Result<Vec<Candle>, Failure> {
    let now_seconds = now.unix_second();
    let mut candles: Vec<Candle> = Vec::new();
    for entry in Answer::read(body)?.results.unwrap_or_default() {
        let candle = serde_json::from_str(entry.get()).ok().and_then(|bar: Aggregate| bar.candle(interval));
        let last_time = candles.last().map_or(0, |last| last.time);
        candles.extend(candle.filter(|candle| candle.time > last_time && candle.time <= now_seconds));
    }
    Ok(candles)
}

/// Aggregates candles into a longer interval.
pub fn aggregate(candles: &[Candle], interval: Interval) -> Vec<Candle> {
    let mut longer: Vec<Candle> = Vec::new();
    for candle in candles {
        let time = interval.start_of(candle.time);
        match longer.last_mut() {
            Some(last) if last.time == time => last.extend(candle),
            _ => longer.push(Candle { time, ..*candle }),
        }
    }
    longer
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::money::Price;

    fn dollars(amount: f64) -> Price {
        Price::nearest(amount).unwrap()
    }

    fn bar(t_seconds: i64, prices: [f64; 4], v: f64) -> Value {
        let [o, h, l, c] = prices;
        json!({"t": t_seconds * 1_000, "o": o, "h": h, "l": l, "c": c, "v": v, "vw": 1.0, "n": 3})
    }

    fn candles(bars: Value) -> Vec<Candle> {
        let body = json!({ "ticker": "AAPL", "status": "DELAYED", "results": bars, "next_url": "x" }).to_string();
        read_candles(body.as_bytes(), Interval::Minute, UtcInstant::from_unix_ms(1_000_000_000)).unwrap()
    }

    #[test]
    fn an_aggregate_is_a_candle_at_the_start_of_its_minute() {
        let read = candles(json!([bar(65, [1.0, 3.0, 0.5, 2.00004], 10.4)]));
        let expected = Candle {
            time: 60,
            open: dollars(1.0),
            high: dollars(3.0),
            low: dollars(0.5),
            close: dollars(2.0),
            volume: 10,
        };
        assert_eq!(read, [expected]);
    }

    #[rstest]
    #[case::high_is_low(bar(120, [1.0, 0.5, 1.0, 1.0], 1.0))]
    #[case::low_is_high(bar(120, [1.0, 3.0, 2.0, 1.0], 1.0))]
    #[case::zero(bar(120, [0.0, 1.0, 0.0, 1.0], 1.0))]
    #[case::negative_volume(bar(120, [1.0, 1.0, 1.0, 1.0], -1.0))]
    #[case::same_minute(bar(70, [1.0, 1.0, 1.0, 1.0], 1.0))]
    #[case::back_in_time(bar(0, [1.0, 1.0, 1.0, 1.0], 1.0))]
    #[case::future(bar(1_000_060, [1.0, 1.0, 1.0, 1.0], 1.0))]
    #[case::no_close(json!({"t": 120_000, "o": 1, "h": 1, "l": 1, "v": 1}))]
    #[case::null(json!(null))]
    fn a_bad_aggregate_is_left_out(#[case] bad: Value) {
        let good = |t| bar(t, [1.0, 2.0, 0.5, 1.5], 1.0);
        let times: Vec<_> = candles(json!([good(60), bad, good(180)])).iter().map(|candle| candle.time).collect();
        assert_eq!(times, [60, 180]);
    }

    #[test]
    fn minutes_become_hours() {
        let minutes = candles(json!([
            bar(3_540, [1.0, 2.0, 1.0, 2.0], 5.0),
            bar(3_600, [3.0, 4.0, 3.0, 3.5], 7.0),
            bar(7_140, [3.5, 9.0, 0.5, 6.0], 8.0),
        ]));
        let hours = aggregate(&minutes, Interval::Hour);
        assert_eq!(hours.iter().map(|candle| (candle.time, candle.volume)).collect::<Vec<_>>(), [(0, 5), (3_600, 15)]);
        let Candle { open, high, low, close, .. } = hours[1];
        assert_eq!([open, high, low, close], [3.0, 9.0, 0.5, 6.0].map(dollars));
    }

    #[test]
    fn no_results_are_no_candles() {
        let body = br#"{"ticker":"AAPL","status":"OK","resultsCount":0}"#;
        assert_eq!(read_candles(body, Interval::Day, UtcInstant::from_unix_ms(0)).unwrap(), []);
    }
}
