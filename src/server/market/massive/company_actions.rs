//! Corporate actions from massive.com: splits and cash dividends of a ticker.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    client::{Client, Failure},
    payload::Answer,
    snapshot::exact_ticker,
};
use crate::domain::{
    corporate_action::{ActionKind, CorporateAction, DividendRate, ExchangeDate, SplitRatio},
    ticker::Ticker,
};

/// Actions of a kind per request: those of many years.
const ACTIONS_MAX: usize = 1_000;

/// Longest accepted id of an action.
const ID_BYTES_MAX: usize = 128;

/// Wait after a refusal: a person must change a plan without this data.
const REFUSED_WAIT: Duration = Duration::from_secs(3_600);

/// massive.com did not answer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NoAnswer(#[from] Failure);

impl NoAnswer {
    /// Minimum wait before the next request.
    pub fn wait(&self) -> Duration {
        match &self.0 {
            Failure::Refused(_) => REFUSED_WAIT,
            Failure::Status { retry_after, .. } => retry_after.unwrap_or_default(),
            Failure::Unreachable(_) | Failure::TooLarge | Failure::Malformed { .. } | Failure::Failed => Duration::ZERO,
        }
    }
}

/// Source of splits and dividends. Clones share connections.
#[derive(Clone)]
pub struct CompanyActions {
    client: Client,
}

#[derive(Deserialize)]
struct SplitEntry<'a> {
    id: Option<String>,
    #[serde(deserialize_with = "exact_ticker")]
    ticker: Ticker,
    execution_date: String,
    // As original text, so that a fraction is exact.
    #[serde(borrow)]
    split_from: &'a RawValue,
    #[serde(borrow)]
    split_to: &'a RawValue,
}

#[derive(Deserialize)]
struct DividendEntry {
    id: Option<String>,
    #[serde(deserialize_with = "exact_ticker")]
    ticker: Ticker,
    ex_dividend_date: String,
    pay_date: Option<String>,
    cash_amount: f64,
    currency: Option<String>,
}

impl SplitEntry<'_> {
    /// `None` if it is malformed, or without effect.
    fn action(self) -> Option<CorporateAction> {
        let ex_date: ExchangeDate = self.execution_date.parse().ok()?;
        let ratio = SplitRatio { from: self.split_from.get().parse().ok()?, to: self.split_to.get().parse().ok()? };
        let id = name(self.id, "split", self.ticker, ex_date)?;
        let action = CorporateAction { id, ticker: self.ticker, ex_date, kind: ActionKind::Split(ratio) };
        (ratio.from != ratio.to).then_some(action)
    }
}

impl DividendEntry {
    /// `None` if it is malformed, or not in dollars.
    fn action(self) -> Option<CorporateAction> {
        let ex_date: ExchangeDate = self.ex_dividend_date.parse().ok()?;
        let pay_date = match self.pay_date {
            Some(date) => date.parse::<ExchangeDate>().ok()?.max(ex_date),
            None => ex_date,
        };
        // The cast saturates; neither end is a valid rate.
        let rate = DividendRate::from_billionths((self.cash_amount * 1e9).round() as i64)?;
        let id = name(self.id, "dividend", self.ticker, ex_date)?;
        let is_in_dollars = self.currency.is_none_or(|currency| currency.eq_ignore_ascii_case("USD"));
        let kind = ActionKind::Dividend { rate, pay_date };
        is_in_dollars.then_some(CorporateAction { id, ticker: self.ticker, ex_date, kind })
    }
}

/// The action's id, or one made from its fields if it has none.
fn name(id: Option<String>, kind: &str, ticker: Ticker, ex_date: ExchangeDate) -> Option<String> {
    let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("{kind}-{ticker}-{ex_date}"));
    (id.len() <= ID_BYTES_MAX).then_some(id)
}

impl CompanyActions {
    /// Uses a client that shares its connections with other requests.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Splits and cash dividends of a ticker from a date on, announced ones included, in order of dates.
    ///
    /// # Errors
    /// If one of the two requests fails.
    pub async fn actions(&self, ticker: Ticker, since: ExchangeDate) -> Result<Vec<CorporateAction>, NoAnswer> {
        let ask = async |path: &str, date: &str| {
            let query = format!("ticker={ticker}&{date}.gte={since}&limit={ACTIONS_MAX}&sort={date}&order=asc");
            self.client.get_in_turn(&format!("/v3/reference/{path}?{query}")).await
        };
        let splits = read_splits(&ask("splits", "execution_date").await?)?;
        let dividends = read_dividends(&ask("dividends", "ex_dividend_date").await?)?;
        let mut actions: Vec<CorporateAction> = splits.into_iter().chain(dividends).collect();
        actions.retain(|action| action.ticker == ticker && action.ex_date >= since);
        actions.sort_by_key(|action| action.ex_date);
        Ok(actions)
    }
}

/// The well-formed splits of an answer.
///
/// # Errors
/// If the answer as a whole is not the documented JSON, or reports a failure; likewise below.
fn read_splits(body: &[u8]) -> Result<Vec<CorporateAction>, Failure> {
    let entries = Answer::read(body)?.results.unwrap_or_default().into_iter().take(ACTIONS_MAX);
    Ok(entries.filter_map(|entry| serde_json::from_str::<SplitEntry<'_>>(entry.get()).ok()?.action()).collect())
}

fn read_dividends(body: &[u8]) -> Result<Vec<CorporateAction>, Failure> {
    let entries = Answer::read(body)?.results.unwrap_or_default().into_iter().take(ACTIONS_MAX);
    Ok(entries.filter_map(|entry| serde_json::from_str::<DividendEntry>(entry.get()).ok()?.action()).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn body(results: Value) -> Vec<u8> {
        json!({ "status": "OK", "results": results, "next_url": "x" }).to_string().into_bytes()
    }

    fn split() -> Value {
        json!({"id": "E1", "ticker": "NVDA", "execution_date": "2024-06-10", "split_from": 1, "split_to": 10})
    }

    fn dividend() -> Value {
        json!({
            "id": "E2", "ticker": "AAPL", "ex_dividend_date": "2026-11-09", "pay_date": "2026-11-12",
            "record_date": "2026-11-10", "declaration_date": "2026-10-29", "cash_amount": 0.26, "currency": "USD",
            "dividend_type": "CD", "frequency": 4,
        })
    }

    #[test]
    fn actions_are_read_as_documented() {
        let split = &read_splits(&body(json!([split()]))).unwrap()[0];
        let ratio = SplitRatio { from: "1".parse().unwrap(), to: "10".parse().unwrap() };
        assert_eq!((split.id.as_str(), split.ticker.as_str(), split.kind), ("E1", "NVDA", ActionKind::Split(ratio)));
        assert_eq!(split.ex_date.to_string(), "2024-06-10");
        let dividend = &read_dividends(&body(json!([dividend()]))).unwrap()[0];
        let rate = DividendRate::from_billionths(260_000_000).unwrap();
        assert_eq!(dividend.kind, ActionKind::Dividend { rate, pay_date: "2026-11-12".parse().unwrap() });
        assert_eq!(read_splits(br#"{"status":"OK"}"#).unwrap(), []);
    }

    #[rstest]
    #[case::no_date(json!({"execution_date": "soon"}))]
    #[case::from_nothing(json!({"split_from": 0}))]
    #[case::negative(json!({"split_to": -2}))]
    #[case::text(json!({"split_to": "many"}))]
    #[case::no_change(json!({"split_to": 1}))]
    #[case::another_case(json!({"ticker": "nvda"}))]
    #[case::no_ticker(json!({"ticker": "<script>"}))]
    #[case::long_id(json!({"id": "x".repeat(129)}))]
    fn a_bad_split_spoils_itself_only(#[case] change: Value) {
        let mut bad = split();
        bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(read_splits(&body(json!([bad, null, split()]))).unwrap().len(), 1);
    }

    #[rstest]
    #[case::no_date(json!({"ex_dividend_date": null}))]
    #[case::bad_pay_date(json!({"pay_date": "12 November"}))]
    #[case::nothing(json!({"cash_amount": 0}))]
    #[case::negative(json!({"cash_amount": -1}))]
    #[case::absurd(json!({"cash_amount": 1e9}))]
    #[case::other_money(json!({"currency": "CAD"}))]
    fn a_bad_dividend_spoils_itself_only(#[case] change: Value) {
        let mut bad = dividend();
        bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(read_dividends(&body(json!([bad, 7, dividend()]))).unwrap().len(), 1);
    }

    #[test]
    fn a_dividend_without_a_pay_date_is_paid_on_its_ex_date() {
        let mut entry = dividend();
        entry.as_object_mut().unwrap().remove("pay_date");
        entry.as_object_mut().unwrap().remove("id");
        let action = read_dividends(&body(json!([entry]))).unwrap().remove(0);
        assert!(matches!(action.kind, ActionKind::Dividend { pay_date, .. } if pay_date == action.ex_date));
        assert_eq!(action.id, "dividend-AAPL-2026-11-09");
    }
}
