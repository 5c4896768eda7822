//! Alerts in words: state and its cause, repeat, end, and what was true at a firing.

use crate::{
    app::format::{decimal, local_time},
    domain::{
        alerts::{
            AlertStatus, FIRINGS_MAX, FIRINGS_WINDOW_MS, Frequency,
            request::{AlertView, Firing},
        },
        condition::watch::Verdict,
    },
};

/// Seconds in a minute, in milliseconds.
const MINUTE_MS: i64 = 60_000;

/// State, with its cause where that is not obvious.
pub fn state(alert: &AlertView) -> String {
    match (alert.status, alert.verdict) {
        (AlertStatus::Active, Verdict::False) => "Waiting".to_owned(),
        (AlertStatus::Active, Verdict::True) => "True now: fires again after it was false".to_owned(),
        (AlertStatus::Active, Verdict::Unknown) => "Waiting: a value is not known yet".to_owned(),
        (AlertStatus::Paused, _) => "Paused by you".to_owned(),
        (AlertStatus::TooFrequent, _) => {
            format!("Paused itself: more than {FIRINGS_MAX} firings in {} minutes", FIRINGS_WINDOW_MS / MINUTE_MS)
        }
        (AlertStatus::Done, _) => "Fired, and ended".to_owned(),
        (AlertStatus::Expired, _) => "Expired".to_owned(),
    }
}

pub fn repeat(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Once => "Once",
        Frequency::OncePerBar => "Once per bar",
        Frequency::Always => "Always",
    }
}

/// `Once · until 2026-12-01 14:30:00 · fired 2 times, last 2026-11-30 14:03:26`
pub fn terms(alert: &AlertView) -> String {
    let mut words = repeat(alert.frequency).to_owned();
    if let Some(end) = alert.expires_at {
        words.push_str(&format!(" · until {}", local_time(end)));
    }
    let last = alert.fired_at.map(|at| format!(", last {}", local_time(at))).unwrap_or_default();
    match alert.firings {
        0 => words.push_str(" · not fired yet"),
        1 => words.push_str(&format!(" · fired once{last}")),
        count => words.push_str(&format!(" · fired {count} times{last}")),
    }
    words
}

/// What was true: `NVDA was 851.20`
pub fn values(firing: &Firing) -> String {
    let value = |number: f64| decimal(number, if number.abs() < 1.0 { 4 } else { 2 });
    let words: Vec<String> =
        firing.values.iter().map(|found| format!("{} was {}", found.operand, value(found.value))).collect();
    words.join(", ")
}

/// The sentence of a firing with what was true, and its note: `NVDA is above 850: NVDA was 851.20. Sell half?`
pub fn told(firing: &Firing) -> String {
    let mut words = firing.sentence.clone();
    if !firing.values.is_empty() {
        words.push_str(&format!(": {}", values(firing)));
    }
    match &firing.note {
        Some(note) => format!("{words}. {note}"),
        None => format!("{words}."),
    }
}

/// Returns true for an alert that can be let go on.
pub fn can_resume(status: AlertStatus) -> bool {
    matches!(status, AlertStatus::Paused | AlertStatus::TooFrequent | AlertStatus::Done)
}

#[cfg(test)]
pub mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::domain::{alerts::request::FiringValue, instant::UtcInstant};

    pub fn alert(status: AlertStatus) -> AlertView {
        let condition = json!({"left": {"price": "NVDA"}, "op": ">", "right": 850});
        AlertView {
            id: "01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f".to_owned(),
            condition: serde_json::from_value(condition).unwrap(),
            sentence: "NVDA is above 850".to_owned(),
            verdict: Verdict::False,
            frequency: Frequency::Once,
            status,
            expires_at: None,
            note: None,
            firings: 0,
            fired_at: None,
            created_at: UtcInstant::EPOCH,
            updated_at: UtcInstant::EPOCH,
        }
    }

    pub fn firing(id: &str) -> Firing {
        Firing {
            id: id.to_owned(),
            alert_id: "01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f".to_owned(),
            sentence: "NVDA is above 850".to_owned(),
            note: None,
            values: vec![FiringValue { operand: "NVDA".to_owned(), value: 851.2 }],
            fired_at: UtcInstant::EPOCH,
            is_read: false,
        }
    }

    #[rstest]
    #[case(AlertStatus::Active, "Waiting")]
    #[case(AlertStatus::Paused, "Paused by you")]
    #[case(AlertStatus::TooFrequent, "Paused itself: more than 15 firings in 3 minutes")]
    #[case(AlertStatus::Done, "Fired, and ended")]
    #[case(AlertStatus::Expired, "Expired")]
    fn a_state_has_its_cause(#[case] status: AlertStatus, #[case] words: &str) {
        assert_eq!(state(&alert(status)), words);
    }

    #[test]
    fn terms_tell_how_often_and_how_long() {
        assert_eq!(terms(&alert(AlertStatus::Active)), "Once · not fired yet");
        let fired = AlertView {
            frequency: Frequency::Always,
            expires_at: Some(UtcInstant::EPOCH),
            firings: 2,
            fired_at: Some(UtcInstant::EPOCH),
            ..alert(AlertStatus::Active)
        };
        assert_eq!(
            terms(&fired),
            "Always · until 1970-01-01 00:00:00 UTC · fired 2 times, last 1970-01-01 00:00:00 UTC"
        );
    }

    #[test]
    fn a_firing_tells_what_was_true() {
        assert_eq!(told(&firing("a")), "NVDA is above 850: NVDA was 851.20.");
        let noted = Firing { note: Some("Sell half?".to_owned()), ..firing("a") };
        assert_eq!(told(&noted), "NVDA is above 850: NVDA was 851.20. Sell half?");
    }
}
