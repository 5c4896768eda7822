//! The snapshot: the latest price of many tickers in one response.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    client::Failure,
    payload::{Answer, instant, price, shares},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        instant::UtcInstant,
        money::Price,
        ticker::Ticker,
    },
    server::ledger::TickerSet,
};

/// A ticker's entry in a snapshot. massive.com clears the figures at 3:30 at night, New York time, and sends zero until
/// the first trade of the day: zero means absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(deserialize_with = "exact_ticker")]
    ticker: Ticker,
    last_trade: Option<Trade>,
    min: Option<Bar>,
    day: Option<Bar>,
    prev_day: Option<Bar>,
    updated: Option<i64>,
}

#[derive(Deserialize)]
struct Trade {
    p: Option<f64>,
    t: Option<i64>,
}

#[derive(Deserialize)]
struct Bar {
    o: Option<f64>,
    h: Option<f64>,
    l: Option<f64>,
    c: Option<f64>,
    v: Option<f64>,
    /// Volume of the day so far.
    av: Option<f64>,
    /// Start of a minute.
    t: Option<i64>,
}

impl Bar {
    /// Whether a price is within the bar's range; true if there is no range.
    fn holds(&self, traded: Price) -> bool {
        price(self.l).is_none_or(|low| traded >= low) && price(self.h).is_none_or(|high| traded <= high)
    }

    /// The minute as a candle; `None` if incomplete.
    fn minute(&self) -> Option<Candle> {
        self.candle(Interval::Minute.start_of(instant(self.t)?.unix_second()))
    }

    /// A candle that starts then; `None` if incomplete.
    fn candle(&self, time: i64) -> Option<Candle> {
        let [open, high, low, close] = [self.o, self.h, self.l, self.c].map(price);
        let (open, high, low, close) = (open?, high?, low?, close?);
        let is_consistent = low <= open.min(close) && high >= open.max(close);
        is_consistent.then(|| Candle { time, open, high, low, close, volume: shares(self.v).unwrap_or_default() })
    }
}

/// Parses a ticker without folding its case: for massive.com `BACPB` is not `BACpB`, a preferred share.
pub fn exact_ticker<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ticker, D::Error> {
    let text = String::deserialize(deserializer)?;
    let ticker: Ticker = text.parse().map_err(D::Error::custom)?;
    if ticker.as_str() == text { Ok(ticker) } else { Err(D::Error::custom("a ticker is upper case")) }
}

/// A snapshot of one ticker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    pub price: Price,
    /// Whether the price is from a trade of this day; otherwise from an earlier one, the latest that the vendor has.
    pub is_traded: bool,
    /// Time of the trade; `None` if not stated.
    pub traded_at: Option<UtcInstant>,
    /// Time of the vendor's last change for the ticker, its quotes included.
    pub updated_at: Option<UtcInstant>,
    /// Close of the previous trading day.
    pub previous_close: Option<Price>,
    pub day_open: Option<Price>,
    /// Shares traded today so far.
    pub day_volume: Option<u64>,
    /// The latest minute with trades.
    pub minute: Option<Candle>,
    /// The day so far, without its date.
    pub day: Option<Candle>,
}

/// The snapshots of an answer.
#[derive(Debug, Default)]
pub struct Snapshots {
    pub by_ticker: BTreeMap<Ticker, Snapshot>,
    /// Whether the key's plan has delayed prices.
    pub is_delayed: bool,
}

impl Entry {
    /// `None` if it contains no price.
    fn snapshot(&self) -> Option<Snapshot> {
        let closed = |bar: &Option<Bar>| bar.as_ref().and_then(|bar| price(bar.c));
        let is_in_range = |traded: &Price| self.day.as_ref().is_none_or(|day| day.holds(*traded));
        let last_trade = self.last_trade.as_ref().and_then(|trade| {
            // Odd lots and late reported trades affect neither the day's range nor its price.
            let traded = price(trade.p).filter(is_in_range)?;
            Some((traded, instant(trade.t)))
        });
        let of_bars = || {
            let latest = closed(&self.min).filter(is_in_range).or_else(|| closed(&self.day))?;
            Some((latest, None))
        };
        let today = last_trade.or_else(of_bars);
        let previous_close = closed(&self.prev_day);
        let (price_now, traded_at) = today.or_else(|| Some((previous_close?, None)))?;
        let day_volume = self.day.as_ref().and_then(|day| shares(day.v).filter(|volume| *volume > 0));
        Some(Snapshot {
            price: price_now,
            is_traded: today.is_some(),
            traded_at,
            updated_at: instant(self.updated),
            previous_close,
            day_open: self.day.as_ref().and_then(|day| price(day.o)),
            day_volume: day_volume.or_else(|| self.min.as_ref().and_then(|min| shares(min.av))),
            minute: self.min.as_ref().and_then(Bar::minute),
            day: self.day.as_ref().and_then(|day| day.candle(0)),
        })
    }
}

/// Well-formed snapshots of the requested tickers. An answer without any is valid: massive.com has none before the
/// market opens.
///
/// # Errors
/// If the answer as a whole is not the documented JSON, or reports a failure.
pub fn read_snapshots(body: &[u8], asked: &TickerSet) -> Result<Snapshots, Failure> {
    let answer = Answer::read(body)?;
    let is_delayed = answer.is_delayed;
    let entries = answer.tickers.unwrap_or_default();
    let good = entries.into_iter().filter_map(|entry| serde_json::from_str::<Entry>(entry.get()).ok());
    let asked_for = good.filter(|entry| asked.contains(&entry.ticker));
    let by_ticker = asked_for.filter_map(|entry| Some((entry.ticker, entry.snapshot()?))).collect();
    Ok(Snapshots { by_ticker, is_delayed })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn dollars(amount: f64) -> Price {
        Price::nearest(amount).unwrap()
    }

    fn read(entries: Value, asked: &[&str]) -> BTreeMap<Ticker, Snapshot> {
        let asked = asked.iter().map(|symbol| symbol.parse().unwrap()).collect();
        let body = json!({ "status": "OK", "count": 1, "tickers": entries });
        read_snapshots(body.to_string().as_bytes(), &asked).unwrap().by_ticker
    }

    const DAY: &str = r#"{"o": 189, "h": 191, "l": 188, "c": 190.4, "v": 28727868, "vw": 190.1}"#;

    fn day() -> Value {
        serde_json::from_str(DAY).unwrap()
    }

    #[rstest]
    #[case::trade(json!({"lastTrade": {"p": 190.12345}, "min": {"c": 1}, "day": {"o": 189, "c": 2}}), 190.1235, true)]
    #[case::no_trade(json!({"lastTrade": {"p": 0}, "min": {"c": 3.5}, "day": {"o": 189, "c": 2}}), 3.5, true)]
    #[case::trade_is_null(json!({"lastTrade": null, "min": {"c": 3.5}}), 3.5, true)]
    #[case::day(json!({"min": {"c": 0, "av": 0}, "day": {"o": 189, "c": 188}}), 188.0, true)]
    #[case::before_the_open(json!({"day": {"o": 0, "c": 0}, "prevDay": {"c": 187.5}}), 187.5, false)]
    #[case::negative(json!({"lastTrade": {"p": -1}, "day": {"o": -1, "c": 188}}), 188.0, true)]
    #[case::within_the_day(json!({"lastTrade": {"p": 188}, "day": day()}), 188.0, true)]
    #[case::above_the_day(json!({"lastTrade": {"p": 191.01}, "min": {"c": 190.5}, "day": day()}), 190.5, true)]
    #[case::below_the_day(json!({"lastTrade": {"p": 18.8}, "day": day()}), 190.4, true)]
    #[case::both_beside_it(json!({"lastTrade": {"p": 18.8}, "min": {"c": 18.9}, "day": day()}), 190.4, true)]
    #[case::a_day_without_a_range(json!({"lastTrade": {"p": 1}, "day": {"o": 0, "h": 0, "l": 0, "c": 0}}), 1.0, true)]
    #[case::whole(json!({
        "day": day(),
        "lastQuote": {"P": 190.44, "S": 4, "p": 190.4, "s": 8, "t": 1_605_192_959_994_246_100_i64},
        "lastTrade": {"c": [14, 41], "i": "71675577320245", "p": 190.42, "s": 236, "t": 1_605_192_959_994_246_100_i64, "x": 4},
        "min": {"av": 28_724_441, "c": 190.4, "h": 190.5, "l": 190.2, "n": 6, "o": 190.4, "t": 1_684_428_600_000_i64, "v": 5000, "vw": 190.4},
        "prevDay": {"c": 188.9, "h": 190, "l": 187, "o": 188, "v": 292_738, "vw": 188.5},
        "todaysChange": 0.98, "todaysChangePerc": 0.82, "updated": 1_605_192_894_630_916_600_i64
    }), 190.42, true)]
    fn a_price_is_the_freshest_of_the_days_there_is(
        #[case] mut entry: Value,
        #[case] price: f64,
        #[case] is_traded: bool,
    ) {
        entry["ticker"] = "AAPL".into();
        let snapshot = read(json!([entry]), &["AAPL"])[&"AAPL".parse().unwrap()];
        assert_eq!((snapshot.price, snapshot.is_traded), (dollars(price), is_traded));
    }

    #[rstest]
    #[case::of_the_trade(json!({"lastTrade": {"p": 1, "t": 1_605_192_959_994_246_100_i64}, "updated": 1_605_192_894_630_916_600_i64}), Some(1_605_192_959_994))]
    #[case::not_of_the_entry(json!({"lastTrade": {"p": 1}, "updated": 1_605_192_894_630_916_600_i64}), None)]
    #[case::of_nothing(json!({"lastTrade": {"p": 1, "t": 0}, "updated": 0}), None)]
    #[case::of_no_trade(json!({"min": {"c": 1}, "updated": 1_605_192_894_630_916_600_i64}), None)]
    fn a_price_has_the_instant_of_its_trade(#[case] mut entry: Value, #[case] unix_ms: Option<i64>) {
        entry["ticker"] = "AAPL".into();
        let snapshot = read(json!([entry]), &["AAPL"])[&"AAPL".parse().unwrap()];
        assert_eq!(snapshot.traded_at.map(UtcInstant::unix_ms), unix_ms);
    }

    #[rstest]
    #[case::told(json!({"day": {"o": 189}, "prevDay": {"c": 187.5}}), Some(187.5), Some(189.0))]
    #[case::first_day(json!({"day": {"o": 189}, "prevDay": {"c": 0}}), None, Some(189.0))]
    #[case::nothing(json!({}), None, None)]
    fn the_previous_close_is_the_day_befores(
        #[case] mut entry: Value,
        #[case] close: Option<f64>,
        #[case] open: Option<f64>,
    ) {
        entry["ticker"] = "AAPL".into();
        entry["lastTrade"] = json!({"p": 190});
        let snapshot = read(json!([entry]), &["AAPL"])[&"AAPL".parse().unwrap()];
        assert_eq!((snapshot.previous_close, snapshot.day_open), (close.map(dollars), open.map(dollars)));
    }

    #[rstest]
    #[case::told(json!({"o": 2, "h": 4, "l": 1, "c": 3, "v": 7, "t": 1_684_428_605_000_i64}), true)]
    #[case::no_time(json!({"o": 2, "h": 4, "l": 1, "c": 3}), false)]
    #[case::no_open(json!({"h": 4, "l": 1, "c": 3, "t": 1_684_428_600_000_i64}), false)]
    #[case::contradicts_itself(json!({"o": 5, "h": 4, "l": 1, "c": 3, "t": 1_684_428_600_000_i64}), false)]
    fn a_minute_is_a_candle_when_it_is_told_whole(#[case] minute: Value, #[case] is_one: bool) {
        let entry = json!({"ticker": "AAPL", "min": minute, "lastTrade": {"p": 3}});
        let told = read(json!([entry]), &["AAPL"])[&"AAPL".parse().unwrap()].minute;
        let [open, high, low, close] = [2.0, 4.0, 1.0, 3.0].map(dollars);
        assert_eq!(told, is_one.then_some(Candle { time: 1_684_428_600, open, high, low, close, volume: 7 }));
    }

    #[rstest]
    #[case::none(json!({}), None)]
    #[case::day(json!({"day": {"v": 1000.6}, "min": {"av": 5}}), Some(1_001))]
    #[case::day_not_begun(json!({"day": {"v": 0}, "min": {"av": 5}}), Some(5))]
    #[case::negative(json!({"day": {"v": -3}}), None)]
    fn the_volume_is_the_days(#[case] mut entry: Value, #[case] volume: Option<u64>) {
        entry["ticker"] = "AAPL".into();
        entry["lastTrade"] = json!({"p": 1});
        assert_eq!(read(json!([entry]), &["AAPL"])[&"AAPL".parse().unwrap()].day_volume, volume);
    }

    #[rstest]
    #[case::no_price(json!({"ticker": "AAPL"}))]
    #[case::nothing(json!({}))]
    #[case::null(json!(null))]
    #[case::text(json!("AAPL"))]
    #[case::number(json!(1))]
    #[case::wrong_type(json!({"ticker": "AAPL", "lastTrade": {"p": "190"}}))]
    #[case::wrong_shape(json!({"ticker": "AAPL", "lastTrade": 190}))]
    #[case::no_ticker(json!({"lastTrade": {"p": 190}}))]
    #[case::lower_case(json!({"ticker": "aapl", "lastTrade": {"p": 190}}))]
    #[case::not_asked_for(json!({"ticker": "XOM", "lastTrade": {"p": 190}}))]
    #[case::too_dear(json!({"ticker": "AAPL", "lastTrade": {"p": 1e300}}))]
    fn a_bad_entry_spoils_itself_only(#[case] entry: Value) {
        let good = json!({"ticker": "MSFT", "lastTrade": {"p": 420.5}, "something": {"new": []}});
        let snapshots = read(json!([entry, good]), &["AAPL", "MSFT"]);
        assert_eq!(snapshots.keys().map(Ticker::as_str).collect::<Vec<_>>(), ["MSFT"]);
    }

    #[test]
    fn a_number_beyond_all_bounds_spoils_its_entry_only() {
        let body = br#"{"status":"OK","tickers":[{"ticker":"AAPL","lastTrade":{"p":1e999}},{"ticker":"V","lastTrade":{"p":2}}]}"#;
        let asked = ["AAPL", "V"].iter().map(|symbol| symbol.parse().unwrap()).collect();
        assert_eq!(read_snapshots(body, &asked).unwrap().by_ticker.len(), 1);
    }

    #[test]
    fn no_tickers_at_all_is_an_answer() {
        for body in [r#"{"status":"OK","count":0,"tickers":[]}"#, r#"{"status":"DELAYED","tickers":null}"#] {
            assert!(read_snapshots(body.as_bytes(), &TickerSet::new()).unwrap().by_ticker.is_empty());
        }
    }
}
