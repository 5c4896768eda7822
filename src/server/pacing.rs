//! Pauses before further requests to a server that failed.

use std::time::Duration;

use reqwest::header::HeaderValue;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::domain::instant::UtcInstant;

/// Longest wait after the first failure; each further failure doubles it.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Upper bound of the doubled wait.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// Longest honoured `Retry-After`.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Waits that grow with consecutive failures.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure: random between half of the doubled wait and all of it, so that a recovering
    /// server's clients do not return at the same time.
    pub fn next_wait(&mut self) -> Duration {
        let ceiling = BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Resets the wait after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Parses `Retry-After` (RFC 9110, 10.2.3), a number of seconds or a date; `None` if malformed. A past date is a wait
/// of zero, and no wait exceeds [`RETRY_AFTER_MAX`].
pub fn retry_after(header: &HeaderValue, now: UtcInstant) -> Option<Duration> {
    let text = header.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let unix_ms = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp().checked_mul(1_000)?;
            let wait_ms = unix_ms.saturating_sub(now.unix_ms()).max(0);
            Duration::from_millis(wait_ms.unsigned_abs())
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("7", Some(7))]
    #[case::blanks(" 7 ", Some(7))]
    #[case::zero("0", Some(0))]
    #[case::too_long("86400", Some(300))]
    #[case::date("Sun, 06 Nov 1994 08:50:37 GMT", Some(60))]
    #[case::date_in_the_past("Sun, 06 Nov 1994 08:00:00 GMT", Some(0))]
    #[case::date_far_away("Sun, 06 Nov 2094 08:49:37 GMT", Some(300))]
    #[case::negative("-1", None)]
    #[case::text("soon", None)]
    #[case::empty("", None)]
    fn retry_after_is_seconds_or_a_date(#[case] text: &str, #[case] seconds: Option<u64>) {
        let now = UtcInstant::from_unix_ms(784_111_777_000); // 1994-11-06T08:49:37Z
        let header = HeaderValue::from_str(text).unwrap();
        assert_eq!(retry_after(&header, now), seconds.map(Duration::from_secs));
    }

    #[test]
    fn waits_grow_up_to_a_bound_and_start_anew() {
        let mut backoff = Backoff::default();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let (wait, ceiling) = (backoff.next_wait(), Duration::from_secs(seconds));
            assert!(wait >= ceiling / 2 && wait <= ceiling, "{wait:?} of {ceiling:?}");
        }
        (0..100).for_each(|_| assert!(backoff.next_wait() <= BACKOFF_MAX));
        backoff.reset();
        assert!(backoff.next_wait() <= BACKOFF_FIRST);
    }
}
