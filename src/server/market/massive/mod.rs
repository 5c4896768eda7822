//! Real prices: massive.com (formerly Polygon.io), asked over REST at a steady pace.
//!
//! # The pace
//! One snapshot of all wanted tickers a poll. A ticker that becomes wanted is asked for at once, within
//! [`EARLY_POLL_GAP`]. Between polls, one at a time, go the requests for histories ([`backlog`]); they never delay a
//! poll.
//!
//! # When it fails
//! [`Massive::next_update`] says so at once, and waits when it is called the next time: as long as the server asked
//! for (`Retry-After`, bounded), else ever longer ([`pacing`](crate::server::pacing)); nothing is asked in between. A history that fails has
//! waits of its own and never stops the quotes, unless the server says that there were too many requests.
//!
//! # The key
//! It is sent in a header, to the configured address only, and shows in no error and no log.

pub mod aggregates;
mod backlog;
mod client;
mod payload;
pub mod snapshot;

use std::{
    collections::{BTreeMap, btree_map},
    sync::Arc,
    time::Duration,
};

use reqwest::StatusCode;
use tokio::time::{Instant, sleep_until};

use self::{
    backlog::Backlog,
    client::{Client, Failure},
    snapshot::{Snapshot, read_snapshots},
};
use super::{History, MarketSource, Print, SourceError, Update};
use crate::{
    domain::{instant::UtcInstant, money::Price, quote::Quote, ticker::Ticker},
    server::{clock::Clock, config::MassiveConfig, ledger::TickerSet, pacing::Backoff},
};

/// The most tickers that one request asks for.
const TICKERS_PER_REQUEST: usize = 250;

/// The least time from a poll to one that is early, for the sake of a ticker that is new.
const EARLY_POLL_GAP: Duration = Duration::from_secs(1);

/// The wait after the key was refused: a person has to do something about it.
const REFUSED_WAIT: Duration = Duration::from_secs(60);

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
    /// What it left out of an answer that told of others.
    unknown: Arc<TickerSet>,
    tapes: BTreeMap<Ticker, Tape>,
    backlog: Backlog,
}

/// What the next print of a ticker follows on.
#[derive(Debug, Clone, Copy)]
struct Tape {
    price: Price,
    day_volume: Option<u64>,
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
            tapes: BTreeMap::new(),
        })
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

    /// Waits for the next poll, unless a history is there before.
    async fn history_before_poll(&mut self) -> Option<History> {
        loop {
            let outcome = tokio::select! {
                biased;
                () = sleep_until(self.next_poll) => return None,
                outcome = self.backlog.next() => outcome,
            };
            match outcome {
                Ok(history) => return Some(history),
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

    fn keep_quiet(&mut self, wait: Duration) {
        self.quiet_until = self.quiet_until.max(Instant::now() + wait);
        self.backlog.pause_until(self.quiet_until);
    }

    fn wait_after(&mut self, failure: &Failure) -> Duration {
        let least = match failure {
            Failure::Refused(_) => REFUSED_WAIT,
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
        if let Some(history) = self.history_before_poll().await {
            return Ok(Update { prints: Vec::new(), histories: vec![history] });
        }
        let began = Instant::now();
        let outcome = poll(&self.client, wanted).await;
        if !wanted.is_empty() {
            self.last_request = Some(began);
        }
        self.asked.clone_from(wanted);
        match outcome {
            Ok(snapshots) => {
                self.backoff.reset();
                self.next_poll = began + self.poll_interval;
                self.unknown = Arc::new(left_out(wanted, &snapshots));
                let at = (self.clock)();
                let prints =
                    snapshots.into_iter().map(|(ticker, snapshot)| print(&mut self.tapes, ticker, snapshot, at));
                Ok(Update { prints: prints.collect(), histories: Vec::new() })
            }
            Err(failure) => {
                let wait = self.wait_after(&failure);
                self.keep_quiet(wait);
                self.next_poll = self.quiet_until;
                Err(SourceError(failure.to_string()))
            }
        }
    }

    fn tick_interval(&self) -> Duration {
        self.poll_interval
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

/// One snapshot of all wanted tickers, in as many requests as it takes; none when nothing is wanted.
async fn poll(client: &Client, wanted: &TickerSet) -> Result<BTreeMap<Ticker, Snapshot>, Failure> {
    let tickers: Vec<&str> = wanted.iter().map(Ticker::as_str).collect();
    let mut snapshots = BTreeMap::new();
    for some in tickers.chunks(TICKERS_PER_REQUEST) {
        let path = format!("/v2/snapshot/locale/us/markets/stocks/tickers?tickers={}", some.join(","));
        snapshots.extend(read_snapshots(&client.get(&path).await?, wanted)?);
    }
    Ok(snapshots)
}

/// A ticker's next print, which its tape then ends with.
fn print(tapes: &mut BTreeMap<Ticker, Tape>, ticker: Ticker, snapshot: Snapshot, at: UtcInstant) -> Print {
    let Snapshot { price, previous_close, day_volume } = snapshot;
    let before = match tapes.entry(ticker) {
        btree_map::Entry::Vacant(entry) => *entry.insert(Tape { price, day_volume }),
        btree_map::Entry::Occupied(mut entry) => {
            // A snapshot without a volume does not make the next one's whole day look new.
            let day_volume = day_volume.or(entry.get().day_volume);
            entry.insert(Tape { price, day_volume })
        }
    };
    // A volume that falls is a new day, or a correction.
    let volume = day_volume.zip(before.day_volume).map_or(0, |(now, earlier)| now.saturating_sub(earlier));
    Print { quote: Quote { ticker, price, previous_price: before.price, previous_close, at }, volume }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_follows_on_the_one_before() {
        let mut tapes = BTreeMap::new();
        let mut next = |dollars, day_volume| {
            let [price, previous_close] = [dollars, 10.0].map(|dollars| Price::nearest(dollars).unwrap());
            let snapshot = Snapshot { price, previous_close, day_volume };
            let print = print(&mut tapes, "V".parse().unwrap(), snapshot, UtcInstant::from_unix_ms(0));
            (print.quote.previous_price.dollars(), print.quote.price.dollars(), print.volume)
        };
        assert_eq!(next(11.0, Some(1_000)), (11.0, 11.0, 0), "the first one");
        assert_eq!(next(12.0, Some(1_250)), (11.0, 12.0, 250));
        assert_eq!(next(12.0, Some(1_250)), (12.0, 12.0, 0), "nothing was traded");
        assert_eq!(next(12.5, None), (12.0, 12.5, 0), "no volume is told");
        assert_eq!(next(12.5, Some(1_300)), (12.5, 12.5, 50));
        assert_eq!(next(13.0, Some(20)), (12.5, 13.0, 0), "a new day");
        assert_eq!(next(13.0, Some(50)), (13.0, 13.0, 30));
    }
}
