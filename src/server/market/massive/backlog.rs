//! Queue of histories to fetch, one request at a time, between polls.

use std::{
    collections::{BTreeSet, VecDeque},
    future::pending,
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use super::{
    aggregates::{aggregate, read_candles},
    client::{Client, Failure},
};
use crate::{
    domain::{
        candle::{Candle, Interval},
        instant::UtcInstant,
        ticker::Ticker,
    },
    server::{
        clock::Clock,
        ledger::TickerSet,
        market::{Bar, History},
        pacing::Backoff,
    },
};

/// Pause between two requests, to avoid bursts.
const GAP: Duration = Duration::from_millis(50);

/// Attempts at a ticker's history.
const ATTEMPTS_MAX: u32 = 5;

/// Time span of minute candles: more than a long weekend.
const MINUTES_SPAN_MS: i64 = 4 * 86_400_000;
/// Time span of daily candles.
const DAYS_SPAN_MS: i64 = 365 * 86_400_000;

/// A part of the past to fetch.
struct Job {
    ticker: Ticker,
    part: Part,
    failures: u32,
}

/// The next request of a job.
enum Part {
    /// Minutes of a history,
    Minutes,
    /// …and then its days.
    Days { minutes: Vec<Candle> },
    /// Minutes from this Unix second on, to correct the candles made from prints.
    Latest { since: i64 },
}

/// A fetched history, or minutes.
pub enum Told {
    History(History),
    Minutes(Vec<Bar>),
}

/// Queue of jobs. The front one is in progress.
pub struct Backlog {
    client: Client,
    clock: Clock,
    jobs: VecDeque<Job>,
    /// Every ticker that was ever queued and is still wanted.
    known: BTreeSet<Ticker>,
    /// Request of the front job; kept across calls that were dropped.
    request: Option<BoxFuture<'static, Result<Vec<Candle>, Failure>>>,
    not_before: Instant,
    backoff: Backoff,
}

impl Backlog {
    pub fn new(client: Client, clock: Clock) -> Self {
        Self {
            client,
            clock,
            jobs: VecDeque::new(),
            known: BTreeSet::new(),
            request: None,
            not_before: Instant::now(),
            backoff: Backoff::default(),
        }
    }

    /// Queues new tickers, and drops those no longer wanted.
    pub fn follow(&mut self, wanted: &TickerSet) {
        if self.jobs.front().is_some_and(|job| !wanted.contains(&job.ticker)) {
            self.request = None;
        }
        self.jobs.retain(|job| wanted.contains(&job.ticker));
        self.jobs.extend(wanted.difference(&self.known).map(|&ticker| Job {
            ticker,
            part: Part::Minutes,
            failures: 0,
        }));
        self.known.clone_from(wanted);
    }

    /// Fetches the history of a wanted ticker again, unless it is already queued.
    pub fn retell(&mut self, ticker: Ticker) {
        if self.jobs.iter().all(|job| job.ticker != ticker || job.since().is_some()) {
            self.known.remove(&ticker);
        }
    }

    /// Fetches completed minutes of a wanted ticker from `since` (Unix seconds) on, unless one of its queued jobs
    /// includes them.
    pub fn set_right(&mut self, ticker: Ticker, since: i64) {
        let does_it = |job: &Job| job.ticker == ticker && !matches!(job.part, Part::Days { .. });
        if !self.jobs.iter().any(does_it) {
            self.jobs.push_back(Job { ticker, part: Part::Latest { since }, failures: 0 });
        }
    }

    /// Starts no request before `instant`.
    pub fn pause_until(&mut self, instant: Instant) {
        self.not_before = self.not_before.max(instant);
    }

    /// Fetches the next result; waits forever if the queue is empty. The future may be dropped without loss.
    ///
    /// # Errors
    /// If a request failed; the job is retried later, unless that was its last attempt.
    pub async fn next(&mut self) -> Result<Told, Failure> {
        loop {
            let Some(job) = self.jobs.front_mut() else {
                return pending().await;
            };
            if self.request.is_none() {
                sleep_until(self.not_before).await;
            }
            let (client, clock, since, interval) = (&self.client, self.clock, job.since(), job.interval());
            let request =
                self.request.get_or_insert_with(|| Box::pin(fetch(client.clone(), job.ticker, interval, since, clock)));
            let outcome = request.await;
            self.request = None;
            self.not_before = self.not_before.max(Instant::now() + GAP);
            let candles = outcome.map_err(|failure| self.put_off(failure))?;
            self.backoff.reset();
            if let Some(told) = self.advance(candles) {
                return Ok(told);
            }
        }
    }

    /// Gives the front job its candles; returns the job's result once it is complete.
    fn advance(&mut self, candles: Vec<Candle>) -> Option<Told> {
        let Job { ticker, part, failures } = self.jobs.pop_front()?;
        let minutes = match part {
            Part::Minutes => {
                self.jobs.push_front(Job { ticker, part: Part::Days { minutes: candles }, failures });
                return None;
            }
            Part::Latest { .. } => {
                let bar = |candle| Bar { ticker, interval: Interval::Minute, candle };
                return Some(Told::Minutes(candles.into_iter().map(bar).collect()));
            }
            Part::Days { minutes } => minutes,
        };
        Some(Told::History(History {
            ticker,
            seconds: Vec::new(),
            five_minutes: aggregate(&minutes, Interval::FiveMinutes),
            hours: aggregate(&minutes, Interval::Hour),
            minutes,
            days: candles,
        }))
    }

    /// Moves the front job to the back, or removes it.
    fn put_off(&mut self, failure: Failure) -> Failure {
        let wait = self.backoff.next_wait();
        self.pause_until(Instant::now() + wait);
        if let Some(mut job) = self.jobs.pop_front() {
            job.failures += 1;
            if matches!(job.part, Part::Latest { .. }) {
                // The next minute is requested soon.
                debug!(market.ticker = %job.ticker, market.cause = %failure, "no latest minutes");
            } else if job.failures < ATTEMPTS_MAX {
                debug!(market.ticker = %job.ticker, market.cause = %failure, "no history yet");
                self.jobs.push_back(job);
            } else {
                warn!(market.ticker = %job.ticker, market.cause = %failure, "no history; its chart starts now");
            }
        }
        failure
    }
}

impl Job {
    fn interval(&self) -> Interval {
        match self.part {
            Part::Minutes | Part::Latest { .. } => Interval::Minute,
            Part::Days { .. } => Interval::Day,
        }
    }

    fn since(&self) -> Option<i64> {
        match self.part {
            Part::Minutes | Part::Days { .. } => None,
            Part::Latest { since } => Some(since),
        }
    }
}

/// The latest minutes or days of a ticker, or those since a Unix second.
async fn fetch(
    client: Client,
    ticker: Ticker,
    interval: Interval,
    since: Option<i64>,
    clock: Clock,
) -> Result<Vec<Candle>, Failure> {
    let now = clock();
    let body = client.get_in_turn(&path(ticker, interval, since, now)).await?;
    read_candles(&body, interval, now)
}

fn path(ticker: Ticker, interval: Interval, since: Option<i64>, now: UtcInstant) -> String {
    let range = if interval == Interval::Day {
        // RFC 3339 starts with the date.
        let date = |moment: UtcInstant| moment.to_rfc3339()[..10].to_owned();
        let start = UtcInstant::from_unix_ms(now.unix_ms() - DAYS_SPAN_MS);
        format!("day/{}/{}", date(start), date(now))
    } else {
        // A whole hour, so that the first hourly candle is complete.
        let long_ago = || Interval::Hour.start_of((now.unix_ms() - MINUTES_SPAN_MS).div_euclid(1_000));
        let start_ms = since.unwrap_or_else(long_ago) * 1_000;
        format!("minute/{start_ms}/{}", now.unix_ms())
    };
    format!("/v2/aggs/ticker/{ticker}/range/1/{range}?adjusted=true&sort=asc&limit=50000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_a_range_of_time() {
        let now = UtcInstant::from_unix_ms(1_795_356_131_512); // 2026-11-22T14:02:11.512Z
        let ticker = "BRK.B".parse().unwrap();
        assert_eq!(
            path(ticker, Interval::Day, None, now),
            "/v2/aggs/ticker/BRK.B/range/1/day/2025-11-22/2026-11-22?adjusted=true&sort=asc&limit=50000"
        );
        assert_eq!(
            path(ticker, Interval::Minute, None, now),
            "/v2/aggs/ticker/BRK.B/range/1/minute/1795010400000/1795356131512?adjusted=true&sort=asc&limit=50000"
        );
        assert_eq!(
            path(ticker, Interval::Minute, Some(1_795_356_060), now),
            "/v2/aggs/ticker/BRK.B/range/1/minute/1795356060000/1795356131512?adjusted=true&sort=asc&limit=50000"
        );
    }
}
