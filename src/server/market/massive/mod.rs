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
mod tape;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::StatusCode;
use tokio::time::{Instant, sleep_until};

use self::{
    backlog::{Backlog, Told},
    client::{Client, Failure},
    company_actions::CompanyActions,
    snapshot::{Snapshot, Snapshots, read_snapshots},
    tape::{Tape, take_in},
};
use super::{MarketSource, SourceError, Update, hours::Hours};
use crate::{
    domain::{instant::UtcInstant, ticker::Ticker},
    server::{clock::Clock, config::MassiveConfig, ledger::TickerSet, pacing::Backoff},
};

pub use reference::Reference;

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

/// So many polls in a row may fail before a price is stale…
const POLLS_MISSED_MAX: u32 = 3;
/// …but it counts for so long at the least, because a busy machine may be late.
const PRICE_COUNTS_MIN: Duration = Duration::from_secs(1);

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
