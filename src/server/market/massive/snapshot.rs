//! The snapshot: the latest price of many tickers in one answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    client::Failure,
    payload::{Answer, price, shares},
};
use crate::{
    domain::{money::Price, ticker::Ticker},
    server::ledger::TickerSet,
};

/// A ticker's entry in a snapshot. massive.com empties the figures at 3:30 at night, New York time, and writes zero
/// until the first trade of the day: zero means absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(deserialize_with = "exact_ticker")]
    ticker: Ticker,
    last_trade: Option<Trade>,
    min: Option<Bar>,
    day: Option<Bar>,
    prev_day: Option<Bar>,
}

#[derive(Deserialize)]
struct Trade {
    p: Option<f64>,
}

#[derive(Deserialize)]
struct Bar {
    o: Option<f64>,
    c: Option<f64>,
    v: Option<f64>,
    /// The day's volume so far.
    av: Option<f64>,
}

/// Case means something to massive.com: `BACPB` is not `BACpB`, a preferred share. So nothing is folded here.
fn exact_ticker<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ticker, D::Error> {
    let text = String::deserialize(deserializer)?;
    let ticker: Ticker = text.parse().map_err(D::Error::custom)?;
    if ticker.as_str() == text { Ok(ticker) } else { Err(D::Error::custom("a ticker is upper case")) }
}

/// What a snapshot says of one ticker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    pub price: Price,
    pub previous_close: Price,
    /// Shares traded today so far.
    pub day_volume: Option<u64>,
}

impl Entry {
    /// Nothing when it tells no price.
    fn snapshot(&self) -> Option<Snapshot> {
        let closed = |bar: &Option<Bar>| bar.as_ref().and_then(|bar| price(bar.c));
        let traded = self.last_trade.as_ref().and_then(|trade| price(trade.p));
        let latest =
            traded.or_else(|| closed(&self.min)).or_else(|| closed(&self.day)).or_else(|| closed(&self.prev_day))?;
        let opened = self.day.as_ref().and_then(|day| price(day.o)).or_else(|| closed(&self.prev_day));
        let day_volume = self.day.as_ref().and_then(|day| shares(day.v).filter(|volume| *volume > 0));
        Some(Snapshot {
            price: latest,
            previous_close: opened.unwrap_or(latest),
            day_volume: day_volume.or_else(|| self.min.as_ref().and_then(|min| shares(min.av))),
        })
    }
}

/// The snapshots of those tickers that were asked for and are told well. An answer without any is a good one: before
/// the market opens, massive.com has none.
///
/// # Errors
/// When the answer as a whole is not the documented JSON, or says that it failed.
pub fn read_snapshots(body: &[u8], asked: &TickerSet) -> Result<BTreeMap<Ticker, Snapshot>, Failure> {
    let entries = Answer::read(body)?.tickers.unwrap_or_default();
    let good = entries.into_iter().filter_map(|entry| serde_json::from_str::<Entry>(entry.get()).ok());
    let asked_for = good.filter(|entry| asked.contains(&entry.ticker));
    Ok(asked_for.filter_map(|entry| Some((entry.ticker, entry.snapshot()?))).collect())
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
        read_snapshots(body.to_string().as_bytes(), &asked).unwrap()
    }

    #[rstest]
    #[case::trade(json!({"lastTrade": {"p": 190.12345}, "min": {"c": 1}, "day": {"o": 189, "c": 2}}), 190.1235, 189.0)]
    #[case::no_trade(json!({"lastTrade": {"p": 0}, "min": {"c": 3.5}, "day": {"o": 189, "c": 2}}), 3.5, 189.0)]
    #[case::trade_is_null(json!({"lastTrade": null, "min": {"c": 3.5}}), 3.5, 3.5)]
    #[case::day(json!({"min": {"c": 0, "av": 0}, "day": {"o": 189, "c": 188}}), 188.0, 189.0)]
    #[case::before_the_open(json!({"day": {"o": 0, "c": 0}, "prevDay": {"c": 187.5}}), 187.5, 187.5)]
    #[case::no_open(json!({"lastTrade": {"p": 190}, "day": {"o": 0}, "prevDay": {"c": 187.5}}), 190.0, 187.5)]
    #[case::negative(json!({"lastTrade": {"p": -1}, "day": {"o": -1, "c": 188}}), 188.0, 188.0)]
    #[case::whole(json!({
        "day": {"o": 189.5, "h": 191, "l": 188, "c": 190.4, "v": 28_727_868, "vw": 190.1},
        "lastQuote": {"P": 190.44, "S": 4, "p": 190.4, "s": 8, "t": 1_605_192_959_994_246_100_i64},
        "lastTrade": {"c": [14, 41], "i": "71675577320245", "p": 190.42, "s": 236, "t": 1_605_192_959_994_246_100_i64, "x": 4},
        "min": {"av": 28_724_441, "c": 190.4, "h": 190.5, "l": 190.2, "n": 6, "o": 190.4, "t": 1_684_428_600_000_i64, "v": 5000, "vw": 190.4},
        "prevDay": {"c": 188.9, "h": 190, "l": 187, "o": 188, "v": 292_738, "vw": 188.5},
        "todaysChange": 0.98, "todaysChangePerc": 0.82, "updated": 1_605_192_894_630_916_600_i64
    }), 190.42, 189.5)]
    fn a_price_is_the_freshest_there_is(#[case] mut entry: Value, #[case] price: f64, #[case] previous_close: f64) {
        entry["ticker"] = "AAPL".into();
        let snapshot = read(json!([entry]), &["AAPL"])[&"AAPL".parse().unwrap()];
        assert_eq!((snapshot.price, snapshot.previous_close), (dollars(price), dollars(previous_close)));
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
        assert_eq!(read_snapshots(body, &asked).unwrap().len(), 1);
    }

    #[test]
    fn no_tickers_at_all_is_an_answer() {
        for body in [r#"{"status":"OK","count":0,"tickers":[]}"#, r#"{"status":"DELAYED","tickers":null}"#] {
            assert!(read_snapshots(body.as_bytes(), &TickerSet::new()).unwrap().is_empty());
        }
    }
}
