//! A ticker's tape: its latest trade, and the detection of new ones.

use std::collections::{BTreeMap, btree_map};

use super::snapshot::{Snapshot, Snapshots};
use crate::{
    domain::{
        candle::{Candle, Interval},
        instant::UtcInstant,
        market_status::DELAY_MINUTES,
        quote::Quote,
        ticker::Ticker,
    },
    server::market::{Bar, Print, Update, hours::Hours},
};

/// Time after a minute's end until the vendor has the complete minute.
const SETTLE_SECONDS: i64 = 5;

/// A ticker's latest trade.
#[derive(Debug, Clone, Copy)]
pub struct Tape {
    quote: Quote,
    /// Time of the trade, from the vendor.
    traded_at: Option<UtcInstant>,
    /// Volume of the day up to that trade.
    day_volume: Option<u64>,
    /// Start of the first minute whose prints are not corrected yet.
    unsettled: Option<i64>,
}

/// The update from a poll: prints, confirmations and bars.
pub fn take_in(tapes: &mut BTreeMap<Ticker, Tape>, snapshots: &Snapshots, now: UtcInstant) -> Update {
    let mut update =
        Update { is_answer: true, delay_minutes: snapshots.is_delayed.then_some(DELAY_MINUTES), ..Update::default() };
    for (&ticker, snapshot) in &snapshots.by_ticker {
        let next = match tapes.entry(ticker) {
            btree_map::Entry::Vacant(entry) => {
                let tape = Tape::begin(ticker, snapshot, now);
                entry.insert(tape);
                if snapshot.is_traded {
                    Next::Traded(Print { quote: tape.quote, volume: 0 })
                } else {
                    Next::Stands(tape.quote)
                }
            }
            btree_map::Entry::Occupied(entry) => entry.into_mut().go_on(snapshot, now),
        };
        match next {
            Next::Traded(print) => update.prints.push(print),
            Next::Stands(quote) => update.confirmed.push(quote),
        }
        update.bars.extend(bars(ticker, snapshot, &tapes[&ticker]));
    }
    update
}

/// Time of a price's trade: the vendor's, whose clock may be ahead; else the end of the latest minute with trades, or
/// the latest time at which trades were possible.
fn traded_at_of(snapshot: &Snapshot, now: UtcInstant) -> UtcInstant {
    let minute_end = snapshot
        .minute
        .filter(|_| snapshot.is_traded)
        .map(|minute| UtcInstant::from_unix_ms((minute.time + Interval::Minute.seconds()) * 1_000 - 1));
    let told = snapshot.traded_at.or(minute_end).or(snapshot.updated_at.filter(|_| snapshot.is_traded));
    told.unwrap_or_else(|| Hours::Exchange.last_open(now)).min(now)
}

/// The minute and the day of a ticker's last trade, from the vendor.
fn bars(ticker: Ticker, snapshot: &Snapshot, tape: &Tape) -> impl Iterator<Item = Bar> + use<> {
    let minute = snapshot.minute.map(|candle| Bar { ticker, interval: Interval::Minute, candle });
    let date = Hours::Exchange.candle_day(tape.quote.at.unix_second());
    let day = snapshot.day.filter(|_| snapshot.is_traded);
    let day = day.map(|day| Bar { ticker, interval: Interval::Day, candle: Candle { time: date, ..day } });
    minute.into_iter().chain(day)
}

/// A ticker's change since the last poll.
enum Next {
    Traded(Print),
    Stands(Quote),
}

impl Tape {
    fn begin(ticker: Ticker, snapshot: &Snapshot, now: UtcInstant) -> Self {
        let Snapshot { price, traded_at, previous_close, day_open, day_volume, .. } = *snapshot;
        let previous_close = previous_close.or(day_open).unwrap_or(price);
        let at = traded_at_of(snapshot, now);
        let quote = Quote { ticker, price, previous_price: price, previous_close, at, is_stale: false };
        Self { quote, traded_at, day_volume, unsettled: None }
    }

    fn go_on(&mut self, snapshot: &Snapshot, now: UtcInstant) -> Next {
        let before = self.quote;
        self.quote.previous_price = before.price;
        self.quote.previous_close = snapshot.previous_close.unwrap_or(before.previous_close);
        if !snapshot.is_traded {
            // The day has no trade yet, and the last known one is as recent as its close.
            return Next::Stands(self.quote);
        }
        self.quote.price = snapshot.price;
        if !self.is_new(snapshot) {
            return Next::Stands(self.quote);
        }
        self.quote.at = traded_at_of(snapshot, now).max(before.at);
        self.traded_at = snapshot.traded_at.or(self.traded_at);
        self.unsettled.get_or_insert(Interval::Minute.start_of(self.quote.at.unix_second()));
        // A falling volume means a new day, or a correction.
        let volume = snapshot.day_volume.zip(self.day_volume).map_or(0, |(now, earlier)| now.saturating_sub(earlier));
        // After a snapshot without a volume, the next one's whole day must not count as new.
        self.day_volume = snapshot.day_volume.or(self.day_volume);
        Next::Traded(Print { quote: self.quote, volume })
    }

    /// Start of the minutes that are complete at a moment and not corrected yet; afterwards they count as corrected.
    pub fn settle(&mut self, now: UtcInstant) -> Option<i64> {
        let since =
            self.unsettled.filter(|start| now.unix_second() >= start + Interval::Minute.seconds() + SETTLE_SECONDS)?;
        let latest = Interval::Minute.start_of(self.quote.at.unix_second());
        self.unsettled = (latest > since).then_some(latest);
        Some(since)
    }

    /// Whether the snapshot's trade is later than the last one; `self.quote` already has its price.
    fn is_new(&self, snapshot: &Snapshot) -> bool {
        let has_moved = self.quote.price != self.quote.previous_price;
        match (snapshot.traded_at, self.traded_at) {
            (Some(at), Some(before)) => at > before || (at == before && has_moved),
            (Some(_), None) | (None, _) => has_moved || snapshot.day_volume > self.day_volume,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Price;

    /// 2026-11-24T17:00:00Z: noon in New York, on a Tuesday.
    const NOON_MS: i64 = 1_795_539_600_000;

    fn dollars(amount: f64) -> Price {
        Price::nearest(amount).unwrap()
    }

    /// A trade of V the given seconds after noon, if stated.
    fn snapshot(price: f64, second: Option<i64>, day_volume: Option<u64>) -> Snapshot {
        Snapshot {
            price: dollars(price),
            is_traded: true,
            traded_at: second.map(|second| UtcInstant::from_unix_ms(NOON_MS + second * 1_000)),
            previous_close: Some(dollars(10.0)),
            day_open: None,
            day_volume,
            updated_at: None,
            minute: None,
            day: None,
        }
    }

    /// V after each of these polls, 15 seconds apart: its previous and current price, the second of its trade, and the
    /// volume of a print; `None` if unchanged.
    fn poll(snapshots: &[Snapshot]) -> Vec<(f64, f64, i64, Option<u64>)> {
        let (mut tapes, ticker) = (BTreeMap::new(), "V".parse().unwrap());
        let poll = |(second, snapshot): (i64, &Snapshot)| {
            let snapshots = Snapshots { by_ticker: [(ticker, *snapshot)].into(), is_delayed: false };
            let update = take_in(&mut tapes, &snapshots, UtcInstant::from_unix_ms(NOON_MS + second * 1_000));
            let (quote, volume) = match (&update.prints[..], &update.confirmed[..]) {
                ([print], []) => (print.quote, Some(print.volume)),
                ([], [quote]) => (*quote, None),
                both => panic!("{both:?}"),
            };
            let second = (quote.at.unix_ms() - NOON_MS) / 1_000;
            (quote.previous_price.dollars(), quote.price.dollars(), second, volume)
        };
        (0..).step_by(15).zip(snapshots).map(poll).collect()
    }

    #[test]
    fn only_a_later_trade_is_a_print() {
        let polls = [
            (snapshot(11.0, Some(-60), Some(1_000)), (11.0, 11.0, -60, Some(0))),
            // The same again, then a trade, then the same with a higher volume but no trade.
            (snapshot(11.0, Some(-60), Some(1_000)), (11.0, 11.0, -60, None)),
            (snapshot(12.0, Some(20), Some(1_250)), (11.0, 12.0, 20, Some(250))),
            (snapshot(12.0, Some(20), Some(1_300)), (12.0, 12.0, 20, None)),
            (snapshot(12.0, Some(55), Some(1_310)), (12.0, 12.0, 55, Some(60))),
            // A cancelled trade, a volume that fell with the new day, a vendor's clock that is ahead.
            (snapshot(11.5, Some(20), Some(1_200)), (12.0, 11.5, 55, None)),
            (snapshot(13.0, Some(80), Some(20)), (11.5, 13.0, 80, Some(0))),
            (snapshot(13.5, Some(500), None), (13.0, 13.5, 105, Some(0))),
            (snapshot(13.6, Some(501), Some(50)), (13.5, 13.6, 120, Some(30))),
        ];
        let (snapshots, expected): (Vec<_>, Vec<_>) = polls.into_iter().unzip();
        assert_eq!(poll(&snapshots), expected);
    }

    #[test]
    fn without_instants_a_trade_is_known_by_price_and_volume() {
        let polls = [
            (snapshot(11.0, None, Some(1_000)), (11.0, 11.0, 0, Some(0))),
            (snapshot(11.0, None, Some(1_000)), (11.0, 11.0, 0, None)),
            (snapshot(11.0, None, Some(1_001)), (11.0, 11.0, 30, Some(1))),
            (snapshot(12.0, None, None), (11.0, 12.0, 45, Some(0))),
            (snapshot(12.0, None, None), (12.0, 12.0, 45, None)),
        ];
        let (snapshots, expected): (Vec<_>, Vec<_>) = polls.into_iter().unzip();
        assert_eq!(poll(&snapshots), expected);
    }

    #[test]
    fn a_minute_is_set_right_once_it_is_over() {
        let at = |second: i64| UtcInstant::from_unix_ms(NOON_MS + second * 1_000);
        let mut tape = Tape::begin("V".parse().unwrap(), &snapshot(11.0, Some(-600), None), at(0));
        assert_eq!(tape.settle(at(0)), None, "what came before is in the history");
        tape.go_on(&snapshot(12.0, Some(10), None), at(15));
        tape.go_on(&snapshot(12.5, Some(40), None), at(45));
        assert_eq!(tape.settle(at(64)), None, "the vendor has it not yet");
        tape.go_on(&snapshot(12.6, Some(61), None), at(65));
        let noon = NOON_MS / 1_000;
        assert_eq!(tape.settle(at(65)), Some(noon));
        assert_eq!((tape.settle(at(70)), tape.settle(at(130))), (None, Some(noon + 60)), "and then the next one");
        assert_eq!(tape.settle(at(1_000)), None, "nothing was traded since");
    }

    #[test]
    fn the_vendors_bars_are_those_of_the_last_trade() {
        let [open, high, low, close] = [10.0, 14.0, 9.0, 12.0].map(dollars);
        let bar = |time| Candle { time, open, high, low, close, volume: 7 };
        let told =
            Snapshot { minute: Some(bar(NOON_MS / 1_000)), day: Some(bar(0)), ..snapshot(12.0, Some(-3_600), None) };
        let ticker = "V".parse().unwrap();
        let snapshots = Snapshots { by_ticker: [(ticker, told)].into(), is_delayed: false };
        let update = take_in(&mut BTreeMap::new(), &snapshots, UtcInstant::from_unix_ms(NOON_MS));
        // A day is named by its date, as the second of that date's midnight in UTC.
        let day = Bar { ticker, interval: Interval::Day, candle: bar(NOON_MS / 1_000 - 17 * 3_600) };
        assert_eq!(update.bars, [Bar { ticker, interval: Interval::Minute, candle: bar(NOON_MS / 1_000) }, day]);
    }

    #[test]
    fn figures_that_the_vendor_empties_at_night_leave_the_last_trade() {
        let emptied = Snapshot { is_traded: false, previous_close: Some(dollars(11.8)), ..snapshot(11.8, None, None) };
        let told = poll(&[snapshot(12.0, Some(-60), Some(9)), emptied]);
        assert_eq!(told[1], (12.0, 12.0, -60, None));
        let first = poll(&[emptied]);
        assert_eq!(first, [(11.8, 11.8, 0, None)], "a close of yesterday is no trade of now");
    }

    #[test]
    fn the_previous_close_is_the_vendors_and_stays_where_it_is_missing() {
        let close =
            |price: Option<f64>| Snapshot { previous_close: price.map(dollars), ..snapshot(12.0, Some(0), None) };
        let mut tapes = BTreeMap::new();
        let told = [close(None), close(Some(9.0)), close(None), close(Some(9.5))].map(|snapshot| {
            let snapshots = Snapshots { by_ticker: [("V".parse().unwrap(), snapshot)].into(), is_delayed: true };
            let update = take_in(&mut tapes, &snapshots, UtcInstant::from_unix_ms(NOON_MS));
            assert_eq!((update.is_answer, update.delay_minutes), (true, Some(15)));
            let quotes = update.prints.iter().map(|print| print.quote).chain(update.confirmed);
            quotes.map(|quote| quote.previous_close.dollars()).next().unwrap()
        });
        assert_eq!(told, [12.0, 9.0, 9.0, 9.5]);
    }
}
