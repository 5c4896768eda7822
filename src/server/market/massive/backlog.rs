//! The histories that are still to be fetched, one request at a time, whenever there is time.

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
    server::{clock::Clock, ledger::TickerSet, market::History, pacing::Backoff},
};

/// Between two requests, so that a long watchlist does not come as a burst.
const GAP: Duration = Duration::from_millis(50);

/// A ticker whose history failed so often goes without.
const ATTEMPTS_MAX: u32 = 5;

/// How far back minutes go: over a long weekend.
const MINUTES_SPAN_MS: i64 = 4 * 86_400_000;
/// How far back days go.
const DAYS_SPAN_MS: i64 = 365 * 86_400_000;

/// A history in the making.
struct Job {
    ticker: Ticker,
    /// The first of its two requests; nothing while it is to be asked.
    minutes: Option<Vec<Candle>>,
    failures: u32,
}

/// What is left to fetch. The job at the front is the one that is being worked on.
pub struct Backlog {
    client: Client,
    clock: Clock,
    jobs: VecDeque<Job>,
    /// Every ticker that was ever put into `jobs` and is still wanted.
    known: BTreeSet<Ticker>,
    /// The front job's request; it is kept when nobody has time to wait for it.
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

    /// Takes in the tickers that are new, and lets go of those that are wanted no more.
    pub fn follow(&mut self, wanted: &TickerSet) {
        if self.jobs.front().is_some_and(|job| !wanted.contains(&job.ticker)) {
            self.request = None;
        }
        self.jobs.retain(|job| wanted.contains(&job.ticker));
        self.jobs.extend(wanted.difference(&self.known).map(|&ticker| Job { ticker, minutes: None, failures: 0 }));
        self.known.clone_from(wanted);
    }

    /// Fetches the history of a wanted ticker once more, unless that is still to be done.
    pub fn retell(&mut self, ticker: Ticker) {
        if self.jobs.iter().all(|job| job.ticker != ticker) {
            self.known.remove(&ticker);
        }
    }

    /// Begins no request before `instant`.
    pub fn pause_until(&mut self, instant: Instant) {
        self.not_before = self.not_before.max(instant);
    }

    /// The next history; waits for ever when none is left to fetch. Nothing is lost when the wait is given up.
    ///
    /// # Errors
    /// When a request failed; the job is tried again later, unless that was its last attempt.
    pub async fn next(&mut self) -> Result<History, Failure> {
        loop {
            let Some(job) = self.jobs.front_mut() else {
                return pending().await;
            };
            if self.request.is_none() {
                sleep_until(self.not_before).await;
            }
            let (client, clock, interval) = (&self.client, self.clock, job.interval());
            let request =
                self.request.get_or_insert_with(|| Box::pin(fetch(client.clone(), job.ticker, interval, clock)));
            let outcome = request.await;
            self.request = None;
            self.not_before = self.not_before.max(Instant::now() + GAP);
            let candles = outcome.map_err(|failure| self.put_off(failure))?;
            self.backoff.reset();
            if let Some(history) = self.advance(candles) {
                return Ok(history);
            }
        }
    }

    /// Hands the front job what it asked for; gives its history when that was all.
    fn advance(&mut self, candles: Vec<Candle>) -> Option<History> {
        let job = self.jobs.front_mut()?;
        let Some(minutes) = job.minutes.take() else {
            job.minutes = Some(candles);
            return None;
        };
        let ticker = job.ticker;
        self.jobs.pop_front();
        Some(History {
            ticker,
            seconds: Vec::new(),
            five_minutes: aggregate(&minutes, Interval::FiveMinutes),
            hours: aggregate(&minutes, Interval::Hour),
            minutes,
            days: candles,
        })
    }

    /// Moves the front job to the back, or out.
    fn put_off(&mut self, failure: Failure) -> Failure {
        let wait = self.backoff.next_wait();
        self.pause_until(Instant::now() + wait);
        if let Some(mut job) = self.jobs.pop_front() {
            job.failures += 1;
            if job.failures < ATTEMPTS_MAX {
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
        if self.minutes.is_none() { Interval::Minute } else { Interval::Day }
    }
}

/// The latest minutes or days of a ticker.
async fn fetch(client: Client, ticker: Ticker, interval: Interval, clock: Clock) -> Result<Vec<Candle>, Failure> {
    let now = clock();
    let body = client.get(&path(ticker, interval, now)).await?;
    read_candles(&body, interval, now)
}

fn path(ticker: Ticker, interval: Interval, now: UtcInstant) -> String {
    let range = if interval == Interval::Day {
        // RFC 3339 starts with the date.
        let date = |moment: UtcInstant| moment.to_rfc3339()[..10].to_owned();
        let start = UtcInstant::from_unix_ms(now.unix_ms() - DAYS_SPAN_MS);
        format!("day/{}/{}", date(start), date(now))
    } else {
        // A whole hour, so that the first hour is not half a one.
        let start = Interval::Hour.start_of((now.unix_ms() - MINUTES_SPAN_MS).div_euclid(1_000)) * 1_000;
        format!("minute/{start}/{}", now.unix_ms())
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
            path(ticker, Interval::Day, now),
            "/v2/aggs/ticker/BRK.B/range/1/day/2025-11-22/2026-11-22?adjusted=true&sort=asc&limit=50000"
        );
        assert_eq!(
            path(ticker, Interval::Minute, now),
            "/v2/aggs/ticker/BRK.B/range/1/minute/1795010400000/1795356131512?adjusted=true&sort=asc&limit=50000"
        );
    }
}
