//! What massive.com answers, read with suspicion: an entry that is not as documented spoils itself only.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Failure;
use crate::domain::money::Price;

/// The envelope of every answer. Its entries stay text at first, so that each is read on its own.
#[derive(Deserialize)]
pub struct Answer<'a> {
    status: Option<String>,
    /// Of a snapshot.
    #[serde(borrow)]
    pub tickers: Option<Vec<&'a RawValue>>,
    /// Of aggregates; absent when there are none.
    #[serde(borrow)]
    pub results: Option<Vec<&'a RawValue>>,
}

impl<'a> Answer<'a> {
    /// # Errors
    /// When it is not the documented JSON, or says that the request failed.
    pub fn read(body: &'a [u8]) -> Result<Self, Failure> {
        let answer: Self = serde_json::from_slice(body)?;
        match answer.status.as_deref() {
            Some("OK" | "DELAYED") => Ok(answer),
            Some("NOT_AUTHORIZED") => Err(Failure::Refused(StatusCode::OK)),
            Some(_) => Err(Failure::Failed),
            // Every documented answer has a status.
            None => Err(Failure::Malformed { line: 1, column: 1 }),
        }
    }
}

/// Nothing for what is not a price, such as the zero that stands for none.
pub fn price(dollars: Option<f64>) -> Option<Price> {
    dollars.and_then(Price::nearest)
}

/// Whole shares; massive.com writes fractions of them too.
pub fn shares(volume: Option<f64>) -> Option<u64> {
    // A volume of more than u64's is not one; the cast keeps what is in range.
    volume.filter(|volume| volume.is_finite() && *volume >= 0.0).map(|volume| volume.round() as u64)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

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
