//! Alerts in requests and responses.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AlertStatus, Frequency, NOTE_LENGTH_MAX};
use crate::domain::{
    condition::{Condition, watch::Verdict},
    instant::UtcInstant,
};

/// The body of `POST /api/alerts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAlert {
    pub condition: Condition,
    pub frequency: Frequency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UtcInstant>,
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The body of `PATCH /api/alerts/{id}`; a missing field keeps its value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAlert {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UtcInstant>,
    /// True removes the expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never_expires: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Pauses or resumes the alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

/// The note is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a note has at most {NOTE_LENGTH_MAX} characters")]
pub struct InvalidNote;

/// Checks a note's length.
///
/// # Errors
/// If it is too long.
pub fn check_note(note: Option<&str>) -> Result<(), InvalidNote> {
    match note {
        Some(note) if note.chars().count() > NOTE_LENGTH_MAX => Err(InvalidNote),
        Some(_) | None => Ok(()),
    }
}

/// An alert in a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// A UUID v7.
    pub id: String,
    pub condition: Condition,
    /// The condition in words.
    pub sentence: String,
    /// Current value of the condition; `unknown` for an inactive alert.
    pub verdict: Verdict,
    pub frequency: Frequency,
    pub status: AlertStatus,
    pub expires_at: Option<UtcInstant>,
    pub note: Option<String>,
    /// Number of firings.
    pub firings: u64,
    pub fired_at: Option<UtcInstant>,
    pub created_at: UtcInstant,
    pub updated_at: UtcInstant,
}

/// One firing of an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Firing {
    /// A UUID v7.
    pub id: String,
    pub alert_id: String,
    /// The condition in words at the time of the firing.
    pub sentence: String,
    pub note: Option<String>,
    /// Values of the condition's operands.
    pub values: Vec<FiringValue>,
    pub fired_at: UtcInstant,
    /// Whether a person has read it.
    pub is_read: bool,
}

/// An operand's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FiringValue {
    pub operand: String,
    pub value: f64,
}

/// Part of an account's firings, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FiringsPage {
    pub firings: Vec<Firing>,
    pub next_cursor: Option<String>,
    /// Number of unread firings, of all alerts.
    pub unread: u64,
}

/// All alerts with the latest firings, for the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertsAndFirings {
    /// The number of the latest change that this holds.
    pub version: i64,
    /// Newest first.
    pub alerts: Vec<AlertView>,
    pub firings: FiringsPage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_a_longest() {
        assert_eq!(check_note(Some(&"é".repeat(NOTE_LENGTH_MAX))), Ok(()));
        assert_eq!(check_note(Some(&"é".repeat(NOTE_LENGTH_MAX + 1))), Err(InvalidNote));
    }
}
