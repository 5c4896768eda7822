//! Real prices from massive.com (formerly Polygon.io), polled over REST.
//!
//! # Polling
//! One snapshot of all wanted tickers per poll. A newly wanted ticker is requested at once, within [`EARLY_POLL_GAP`].
//! Requests for histories ([`backlog`]) run between polls, one at a time; they never delay a poll. They include
//! completed minutes, because a price may have been higher or lower between two polls.
//!
//! # Failures
//! [`Massive::next_update`] returns an error at once, and waits at its next call: for the server's `Retry-After`
//! (bounded), else for increasing times ([`pacing`](crate::server::pacing)); no requests are made meanwhile. A failing
//! history has its own waits and never stops the quotes, except after "too many requests". A refused key is retried at
//! each poll, which costs no more requests than prices do, so that a changed plan takes effect at once.
//!
//! # New trades
//! Two snapshots may contain the same trade, and at night and on weekends the last one for hours. So only a trade later
//! than the previous one is a [`Print`], which creates or changes candles; otherwise the quote is confirmed unchanged.
//! Without times, trades are distinguished by price and volume.
//!
//! # The key
//! It is sent in a header, only to the configured address, and appears in no error and no log.

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

/// Most tickers per request.
const TICKERS_PER_REQUEST: usize = 250;

/// Minimum time from a poll to an early one for a new ticker.
const EARLY_POLL_GAP: Duration = Duration::from_secs(1);

/// Tickers that a poll adds after an answer without any wanted ticker. If one of these is answered, the vendor has not
/// cleared its snapshots (as at night), so it does not know the tickers that it omits.
const WITNESSES: [&str; 2] = ["AAPL", "SPY"];

/// The market from massive.com. [`next_update`](MarketSource::next_update) may be dropped at any time: the next call
/// continues its work.
pub struct Massive {
    client: Client,
    poll_interval: Duration,
    clock: Clock,
    next_poll: Instant,
    /// Earliest time of the next request.
    quiet_until: Instant,
    backoff: Backoff,
    /// Start of the last poll with a request…
    last_request: Option<Instant>,
    /// …and the tickers that it requested.
    asked: TickerSet,
    /// Wanted tickers that the last answer omitted, though it had others.
    unknown: Arc<TickerSet>,
    /// Whether the last answer had none of the wanted tickers.
    needs_witness: bool,
    tapes: BTreeMap<Ticker, Tape>,
    backlog: Backlog,
}

/// Consecutive polls that may fail before a price is stale…
const POLLS_MISSED_MAX: u32 = 3;
/// …but prices stay valid for at least this time, because a busy machine may be late.
const PRICE_COUNTS_MIN: Duration = Duration::from_secs(1);

impl Massive {
    /// Creates the source; the first poll is immediate.
    ///
    /// # Errors
    /// If the machine lacks the means for an HTTPS client.
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

    /// Source of splits and dividends, with the same pauses.
    pub fn company_actions(&self) -> CompanyActions {
        CompanyActions::new(self.client.clone())
    }

    /// Follows the wanted tickers.
    fn follow(&mut self, wanted: &TickerSet) {
        self.tapes.retain(|ticker, _| wanted.contains(ticker));
        self.backlog.follow(wanted);
        if !wanted.is_subset(&self.asked) {
            let early = self.last_request.map_or_else(Instant::now, |last| last + EARLY_POLL_GAP);
            self.next_poll = self.next_poll.min(early.max(self.quiet_until));
        }
    }

    /// Waits for the next poll, or for a part of the past if that comes first.
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
                // The backlog has logged it, and retries by itself.
                Err(_) => {}
            }
        }
    }

    /// Queues completed minutes, whose prints may have missed highs and lows.
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

/// Tickers that a good answer omits. An answer without any ticker proves nothing: at night massive.com clears its
/// snapshots.
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

/// Snapshots of all wanted tickers, in as many requests as needed; none if nothing is wanted.
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
