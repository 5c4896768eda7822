//! Responses of massive.com, checked on arrival: a malformed entry is dropped by itself.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Failure;
use crate::domain::{instant::UtcInstant, money::Price};

/// Envelope of every response. Its entries stay text at first, so that each is parsed separately.
#[derive(Deserialize)]
pub struct Answer<'a> {
    status: Option<String>,
    /// Whether the key's plan has delayed prices.
    #[serde(skip)]
    pub is_delayed: bool,
    /// Entries of a snapshot.
    #[serde(borrow)]
    pub tickers: Option<Vec<&'a RawValue>>,
    /// Entries of aggregates; absent if there are none.
    #[serde(borrow)]
    pub results: Option<Vec<&'a RawValue>>,
}

impl<'a> Answer<'a> {
    /// Parses a response.
    ///
    /// # Errors
    /// If it is not the documented JSON, or reports a failure.
    pub fn read(body: &'a [u8]) -> Result<Self, Failure> {
        let answer: Self = serde_json::from_slice(body)?;
        match answer.status.as_deref() {
            Some("OK") => Ok(answer),
            Some("DELAYED") => Ok(Self { is_delayed: true, ..answer }),
            Some("NOT_AUTHORIZED") => Err(Failure::Refused(StatusCode::OK)),
            Some(_) => Err(Failure::Failed),
            // Every documented response has a status.
            None => Err(Failure::Malformed { line: 1, column: 1 }),
        }
    }
}

/// `None` for an invalid price, such as zero, which means absent.
pub fn price(dollars: Option<f64>) -> Option<Price> {
    dollars.and_then(Price::nearest)
}

/// A moment with a unit that follows from its size: the vendor uses nanoseconds for trades and milliseconds for bars.
/// `None` for zero, which means absent.
pub fn instant(count: Option<i64>) -> Option<UtcInstant> {
    /// The year 2001 in milliseconds, microseconds and nanoseconds.
    const LEAST: [(i64, i64); 3] =
        [(1_000_000_000_000_000_000, 1_000_000), (1_000_000_000_000_000, 1_000), (1_000_000_000_000, 1)];
    let count = count?;
    let (_, in_a_ms) = LEAST.into_iter().find(|(least, _)| count >= *least)?;
    Some(UtcInstant::from_unix_ms(count / in_a_ms))
}

/// Whole shares; massive.com sends fractions too.
pub fn shares(volume: Option<f64>) -> Option<u64> {
    // The cast saturates for volumes beyond u64.
    volume.filter(|volume| volume.is_finite() && *volume >= 0.0).map(|volume| volume.round() as u64)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::of_a_trade(1_795_356_131_512_345_678, Some(1_795_356_131_512))]
    #[case::in_microseconds(1_795_356_131_512_345, Some(1_795_356_131_512))]
    #[case::of_a_bar(1_795_356_120_000, Some(1_795_356_120_000))]
    #[case::none(0, None)]
    #[case::negative(-1, None)]
    #[case::too_small(1_795_356_120, None)]
    fn a_moment_is_read_in_its_unit(#[case] count: i64, #[case] unix_ms: Option<i64>) {
        assert_eq!(instant(Some(count)).map(UtcInstant::unix_ms), unix_ms);
    }

    #[test]
    fn a_plan_with_late_prices_says_so() {
        let is_delayed = |status: &str| Answer::read(status.as_bytes()).unwrap().is_delayed;
        assert!(is_delayed(r#"{"status":"DELAYED"}"#) && !is_delayed(r#"{"status":"OK"}"#));
    }

    #[rstest]
    #[case::empty("")]
    #[case::markup("<html></html>")]
    #[case::truncated(r#"{"status":"OK","tickers":[{"ticker":"AAPL""#)]
    #[case::no_fields("{}")]
    #[case::list("[]")]
    #[case::null("null")]
    #[case::not_a_list(r#"{"status":"OK","tickers":{}}"#)]
    #[case::error(r#"{"status":"ERROR","error":"canary"}"#)]
    #[case::not_authorized(r#"{"status":"NOT_AUTHORIZED","message":"canary"}"#)]
    #[case::unknown(r#"{"status":"canary"}"#)]
    #[case::status_of_another_type(r#"{"status":["canary"],"tickers":[]}"#)]
    #[case::control_character("{\"status\":\"OK\"\u{0}")]
    fn a_bad_answer_is_a_failure_that_quotes_nothing(#[case] body: &str) {
        let Err(failure) = Answer::read(body.as_bytes()) else { panic!("it is accepted") };
        assert!(!failure.to_string().contains("canary"), "{failure}");
    }
}
