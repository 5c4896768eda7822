//! Real prices: massive.com (formerly Polygon.io), asked over REST at a steady pace.
//!
//! # The pace
//! One snapshot of all wanted tickers a poll. A ticker that becomes wanted is asked for at once, within
//! [`EARLY_POLL_GAP`]. Between polls, one at a time, go the requests for histories ([`backlog`]); they never delay a
//! poll. Among them go those for minutes that are over: between two polls a price may have been higher or lower than both.
//!
//! # When it fails
//! [`Massive::next_update`] says so at once, and waits when it is called the next time: as long as the server asked
//! for (`Retry-After`, bounded), else ever longer ([`pacing`](crate::server::pacing)); nothing is asked in between. A history that fails has
//! waits of its own and never stops the quotes, unless the server says that there were too many requests. A refused key is
//! tried again at each poll, which costs no more requests than prices do, so that a changed plan counts at once.
//!
//! # What is a trade
//! A snapshot that is asked for twice tells the same trade twice, and at night and on weekends it tells the last one for
//! hours. So only a trade with a later instant than the one before is a [`Print`], which makes or moves candles; otherwise
//! the quote is confirmed as it stands. A vendor that tells no instants is told apart by price and volume.
//!
//! # The key
//! It is sent in a header, to the configured address only, and shows in no error and no log.

pub mod aggregates;
mod backlog;
mod client;
pub mod company_actions;
mod payload;
mod reference;
pub mod snapshot;

use std::{
    collections::{BTreeMap, btree_map},
    sync::Arc,
    time::Duration,
};

pub use reference::Reference;
use reqwest::StatusCode;
use tokio::time::{Instant, sleep_until};

use self::{
    backlog::{Backlog, Told},
    client::{Client, Failure},
    company_actions::CompanyActions,
    snapshot::{Snapshot, Snapshots, read_snapshots},
};
use super::{Bar, MarketSource, Print, SourceError, Update, hours::Hours};
use crate::{
    domain::{
        candle::{Candle, Interval},
        instant::UtcInstant,
        market_status::DELAY_MINUTES,
        quote::Quote,
        ticker::Ticker,
    },
    server::{clock::Clock, config::MassiveConfig, ledger::TickerSet, pacing::Backoff},
};

/// The most tickers that one request asks for.
const TICKERS_PER_REQUEST: usize = 250;

/// The least time from a poll to one that is early, for the sake of a ticker that is new.
const EARLY_POLL_GAP: Duration = Duration::from_secs(1);

/// Tickers that a poll asks for besides the wanted ones, after an answer without any of those. If one of these is answered,
/// the vendor has not emptied its snapshots (as at night), so that it does not know the tickers it leaves out.
const WITNESSES: [&str; 2] = ["AAPL", "SPY"];

/// The market as massive.com tells it. [`next_update`](MarketSource::next_update) may be given up at any time: what it
/// was about to do is done by the next call.
pub struct Massive {
    client: Client,
    poll_interval: Duration,
    clock: Clock,
    next_poll: Instant,
    /// Nothing is asked before.
    quiet_until: Instant,
    backoff: Backoff,
    /// When the last poll that asked for anything began…
    last_request: Option<Instant>,
    /// …and what the last poll asked for.
    asked: TickerSet,
    /// Wanted tickers that were missing in the last answer, though it had others.
    unknown: Arc<TickerSet>,
    /// The last answer had none of the wanted tickers.
    needs_witness: bool,
    tapes: BTreeMap<Ticker, Tape>,
    backlog: Backlog,
}

/// After a minute's end the vendor needs some time to have it whole.
const SETTLE_SECONDS: i64 = 5;

/// So many polls in a row may fail before a price is stale…
const POLLS_MISSED_MAX: u32 = 3;
/// …but it counts for so long at the least, because a busy machine may be late.
const PRICE_COUNTS_MIN: Duration = Duration::from_secs(1);

/// A ticker's latest trade.
#[derive(Debug, Clone, Copy)]
struct Tape {
    quote: Quote,
    /// As the vendor told it.
    traded_at: Option<UtcInstant>,
    /// Up to that trade.
    day_volume: Option<u64>,
    /// When the first minute starts whose prints are not set right yet.
    unsettled: Option<i64>,
}

impl Massive {
    /// The first poll is at once.
    ///
    /// # Errors
    /// When the machine has no means for an HTTPS client.
    pub fn new(config: MassiveConfig, clock: Clock) -> Result<Self, reqwest::Error> {
        let poll_interval = config.poll;
        let client = Client::new(config, clock)?;
        let now = Instant::now();
        Ok(Self {
            backlog: Backlog::new(client.clone(), clock),
            client,
            poll_interval,
            clock,
            next_poll: now,
            quiet_until: now,
            backoff: Backoff::default(),
            last_request: None,
            asked: TickerSet::new(),
            unknown: Arc::default(),
            needs_witness: false,
            tapes: BTreeMap::new(),
        })
    }

    /// Where splits and dividends are asked for, at the same pace.
    pub fn company_actions(&self) -> CompanyActions {
        CompanyActions::new(self.client.clone())
    }

    /// Turns to what is wanted now.
    fn follow(&mut self, wanted: &TickerSet) {
        self.tapes.retain(|ticker, _| wanted.contains(ticker));
        self.backlog.follow(wanted);
        if !wanted.is_subset(&self.asked) {
            let early = self.last_request.map_or_else(Instant::now, |last| last + EARLY_POLL_GAP);
            self.next_poll = self.next_poll.min(early.max(self.quiet_until));
        }
    }

    /// Waits for the next poll, unless something of the past is there before.
    async fn past_before_poll(&mut self) -> Option<Told> {
        loop {
            let outcome = tokio::select! {
                biased;
                () = sleep_until(self.next_poll) => return None,
                outcome = self.backlog.next() => outcome,
            };
            match outcome {
                Ok(told) => return Some(told),
                Err(Failure::Status { status: StatusCode::TOO_MANY_REQUESTS, retry_after }) => {
                    let wait = retry_after.unwrap_or_default().max(self.backoff.next_wait());
                    self.keep_quiet(wait);
                    self.next_poll = self.next_poll.max(self.quiet_until);
                }
                // The backlog has logged it, and tries again by itself.
                Err(_) => {}
            }
        }
    }

    /// Asks for the minutes that are over, whose prints may have missed their highs and lows.
    fn set_right(&mut self, delay_minutes: Option<u32>, now: UtcInstant) {
        let delay_ms = i64::from(delay_minutes.unwrap_or_default()) * 60_000;
        let now = UtcInstant::from_unix_ms(now.unix_ms() - delay_ms);
        for (ticker, tape) in &mut self.tapes {
            if let Some(since) = tape.settle(now) {
                self.backlog.set_right(*ticker, since);
            }
        }
    }

    fn keep_quiet(&mut self, wait: Duration) {
        self.quiet_until = self.quiet_until.max(Instant::now() + wait);
        self.backlog.pause_until(self.quiet_until);
    }

    fn wait_after(&mut self, failure: &Failure) -> Duration {
        let least = match failure {
            Failure::Refused(_) => {
                self.backoff.reset();
                return self.poll_interval;
            }
            Failure::Status { retry_after, .. } => retry_after.unwrap_or_default(),
            Failure::Unreachable(_) | Failure::TooLarge | Failure::Malformed { .. } | Failure::Failed => Duration::ZERO,
        };
        least.max(self.backoff.next_wait())
    }
}

impl MarketSource for Massive {
    const NAME: &'static str = "massive";

    async fn next_update(&mut self, wanted: &Arc<TickerSet>) -> Result<Update, SourceError> {
        self.follow(wanted);
        if let Some(told) = self.past_before_poll().await {
            return Ok(match told {
                Told::History(history) => Update { histories: vec![history], ..Update::default() },
                Told::Minutes(bars) => Update { bars, ..Update::default() },
            });
        }
        let began = Instant::now();
        let outcome = match self.needs_witness {
            true => poll(&self.client, &with_witnesses(wanted)).await,
            false => poll(&self.client, wanted).await,
        };
        if !wanted.is_empty() {
            self.last_request = Some(began);
        }
        self.asked.clone_from(wanted);
        match outcome {
            Ok(mut snapshots) => {
                self.backoff.reset();
                self.next_poll = began + self.poll_interval;
                self.unknown = Arc::new(left_out(wanted, &snapshots.by_ticker));
                snapshots.by_ticker.retain(|ticker, _| wanted.contains(ticker));
                self.needs_witness = !wanted.is_empty() && snapshots.by_ticker.is_empty();
                let now = (self.clock)();
                let update = take_in(&mut self.tapes, &snapshots, now);
                self.set_right(update.delay_minutes, now);
                Ok(update)
            }
            Err(failure) => {
                let wait = self.wait_after(&failure);
                self.keep_quiet(wait);
                self.next_poll = self.quiet_until;
                Err(SourceError { refusal: failure.refusal(), cause: failure.to_string() })
            }
        }
    }

    fn tick_interval(&self) -> Duration {
        self.poll_interval
    }

    fn hours(&self) -> Hours {
        Hours::Exchange
    }

    fn price_counts_for(&self) -> Option<Duration> {
        Some((self.poll_interval * POLLS_MISSED_MAX).max(PRICE_COUNTS_MIN))
    }

    fn retell(&mut self, ticker: Ticker) {
        self.backlog.retell(ticker);
    }

    fn unknown(&self) -> Arc<TickerSet> {
        Arc::clone(&self.unknown)
    }
}

/// The tickers that a good answer does not tell of. One that tells of none at all says nothing about any: at night
/// massive.com empties its snapshots.
fn left_out(asked: &TickerSet, told: &BTreeMap<Ticker, Snapshot>) -> TickerSet {
    if told.is_empty() {
        TickerSet::new()
    } else {
        asked.iter().filter(|ticker| !told.contains_key(ticker)).copied().collect()
    }
}

fn with_witnesses(wanted: &TickerSet) -> TickerSet {
    let witnesses = WITNESSES.iter().filter_map(|symbol| symbol.parse().ok());
    wanted.iter().copied().chain(witnesses).collect()
}

/// One snapshot of all wanted tickers, in as many requests as it takes; none when nothing is wanted.
async fn poll(client: &Client, wanted: &TickerSet) -> Result<Snapshots, Failure> {
    let tickers: Vec<&str> = wanted.iter().map(Ticker::as_str).collect();
    let mut snapshots = Snapshots::default();
    for some in tickers.chunks(TICKERS_PER_REQUEST) {
        let path = format!("/v2/snapshot/locale/us/markets/stocks/tickers?tickers={}", some.join(","));
        let part = read_snapshots(&client.get(&path).await?, wanted)?;
        snapshots.by_ticker.extend(part.by_ticker);
        snapshots.is_delayed |= part.is_delayed;
    }
    Ok(snapshots)
}

/// When a price was traded: as the vendor says, whose clock may be ahead of ours; else when the latest minute with trades
/// ended, or when there could have been a trade.
fn traded_at_of(snapshot: &Snapshot, now: UtcInstant) -> UtcInstant {
    let minute_end = snapshot
        .minute
        .filter(|_| snapshot.is_traded)
        .map(|minute| UtcInstant::from_unix_ms((minute.time + Interval::Minute.seconds()) * 1_000 - 1));
    let told = snapshot.traded_at.or(minute_end).or(snapshot.updated_at.filter(|_| snapshot.is_traded));
    told.unwrap_or_else(|| Hours::Exchange.last_open(now)).min(now)
}

/// The update that a poll makes: prints, confirmations and bars.
fn take_in(tapes: &mut BTreeMap<Ticker, Tape>, snapshots: &Snapshots, now: UtcInstant) -> Update {
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

/// The minute and the day of a ticker's last trade, as the vendor has them.
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
            // The day has no trade yet, and the last one known is as new as its close.
            return Next::Stands(self.quote);
        }
        self.quote.price = snapshot.price;
        if !self.is_new(snapshot) {
            return Next::Stands(self.quote);
        }
        self.quote.at = traded_at_of(snapshot, now).max(before.at);
        self.traded_at = snapshot.traded_at.or(self.traded_at);
        self.unsettled.get_or_insert(Interval::Minute.start_of(self.quote.at.unix_second()));
        // A volume that falls is a new day, or a correction.
        let volume = snapshot.day_volume.zip(self.day_volume).map_or(0, |(now, earlier)| now.saturating_sub(earlier));
        // A snapshot without a volume does not make the next one's whole day look new.
        self.day_volume = snapshot.day_volume.or(self.day_volume);
        Next::Traded(Print { quote: self.quote, volume })
    }

    /// When the minutes start that are over at a moment and not set right yet; from then on they count as such.
    fn settle(&mut self, now: UtcInstant) -> Option<i64> {
        let since =
            self.unsettled.filter(|start| now.unix_second() >= start + Interval::Minute.seconds() + SETTLE_SECONDS)?;
        let latest = Interval::Minute.start_of(self.quote.at.unix_second());
        self.unsettled = (latest > since).then_some(latest);
        Some(since)
    }

    /// Whether the snapshot's trade came after the last one; `self.quote` has its price already.
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

    /// A trade of V so many seconds after noon, where that is told.
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

    /// V after each of these polls, which are 15 seconds apart: its price before and now, the second of its
    /// trade, and the volume of a print; nothing where it stands.
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
            // The same again, then a trade, then the same with a volume that grew without one.
            (snapshot(11.0, Some(-60), Some(1_000)), (11.0, 11.0, -60, None)),
            (snapshot(12.0, Some(20), Some(1_250)), (11.0, 12.0, 20, Some(250))),
            (snapshot(12.0, Some(20), Some(1_300)), (12.0, 12.0, 20, None)),
            (snapshot(12.0, Some(55), Some(1_310)), (12.0, 12.0, 55, Some(60))),
            // A trade that was taken back, a volume that fell with the new day, a clock ahead of ours.
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
