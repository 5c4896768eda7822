//! The stored alert, and changes to it.

use super::{
    AlertStatus, Frequency,
    request::{AlertView, ChangeAlert, InvalidNote, NewAlert, check_note},
};
use crate::domain::{
    condition::{Condition, watch::Verdict},
    instant::UtcInstant,
};

/// An alert of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// A UUID v7.
    pub id: String,
    pub condition: Condition,
    pub frequency: Frequency,
    pub status: AlertStatus,
    pub expires_at: Option<UtcInstant>,
    pub note: Option<String>,
    /// The condition at the last known evaluation that was saved.
    pub was_true: Option<bool>,
    /// Number of firings.
    pub firings: u64,
    pub fired_at: Option<UtcInstant>,
    /// Number of the user's version, from 1. A firing found for an earlier revision is dropped.
    pub revision: u32,
    pub created_at: UtcInstant,
    pub updated_at: UtcInstant,
}

/// Why a request for an alert is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAlert {
    #[error(transparent)]
    Note(#[from] InvalidNote),
    #[error("it has to be in the future")]
    ExpiresInThePast,
    #[error("an alert that never expires has no expires_at")]
    ExpiresAndNever,
}

impl InvalidAlert {
    /// The field of the request that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Note(_) => "note",
            Self::ExpiresInThePast => "expires_at",
            Self::ExpiresAndNever => "never_expires",
        }
    }
}

impl Alert {
    /// # Errors
    /// When its note is too long, or it would have expired.
    pub fn new(id: String, request: &NewAlert, at: UtcInstant) -> Result<Self, InvalidAlert> {
        check_note(request.note.as_deref())?;
        check_end(request.expires_at, at)?;
        Ok(Self {
            id,
            condition: request.condition.clone(),
            frequency: request.frequency,
            status: AlertStatus::Active,
            expires_at: request.expires_at,
            note: request.note.clone().filter(|note| !note.is_empty()),
            was_true: None,
            firings: 0,
            fired_at: None,
            revision: 1,
            created_at: at,
            updated_at: at,
        })
    }

    /// The alert after a person's change. One that is let go on, has another condition or a new end watches from anew: it
    /// fires when its condition is found true.
    ///
    /// # Errors
    /// When its note is too long, its new end is in the past, or it is to end and never to.
    pub fn changed(&self, change: &ChangeAlert, at: UtcInstant) -> Result<Self, InvalidAlert> {
        check_note(change.note.as_deref())?;
        check_end(change.expires_at, at)?;
        let never_expires = change.never_expires == Some(true);
        if never_expires && change.expires_at.is_some() {
            return Err(InvalidAlert::ExpiresAndNever);
        }
        let mut after = self.clone();
        if let Some(condition) = &change.condition {
            after.condition = condition.clone();
        }
        after.frequency = change.frequency.unwrap_or(self.frequency);
        after.expires_at = change.expires_at.or(self.expires_at.filter(|_| !never_expires));
        if let Some(note) = &change.note {
            after.note = Some(note.clone()).filter(|note| !note.is_empty());
        }
        after.status = match (change.paused, self.status) {
            (Some(true), AlertStatus::Active) => AlertStatus::Paused,
            (Some(false), AlertStatus::Paused | AlertStatus::TooFrequent | AlertStatus::Done) => AlertStatus::Active,
            // A later end lets it go on.
            (Some(false) | None, AlertStatus::Expired) if change.expires_at.is_some() || never_expires => {
                AlertStatus::Active
            }
            (_, status) => status,
        };
        let begins_anew = after.condition != self.condition || after.status != self.status;
        if begins_anew && after.status == AlertStatus::Active {
            after.was_true = None;
        }
        if after != *self {
            (after.revision, after.updated_at) = (self.revision + 1, at);
        }
        Ok(after)
    }

    /// The alert as JSON shows it, with the current value of its condition.
    pub fn view(&self, verdict: Verdict) -> AlertView {
        AlertView {
            id: self.id.clone(),
            condition: self.condition.clone(),
            sentence: self.condition.to_string(),
            verdict,
            frequency: self.frequency,
            status: self.status,
            expires_at: self.expires_at,
            note: self.note.clone(),
            firings: self.firings,
            fired_at: self.fired_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

fn check_end(expires_at: Option<UtcInstant>, at: UtcInstant) -> Result<(), InvalidAlert> {
    if expires_at.is_some_and(|end| end <= at) { Err(InvalidAlert::ExpiresInThePast) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn at(seconds: i64) -> UtcInstant {
        UtcInstant::from_unix_ms(seconds * 1_000)
    }

    fn new() -> NewAlert {
        serde_json::from_value(json!({
            "condition": {"left": {"price": "NVDA"}, "op": ">", "right": 850}, "frequency": "once", "note": "sell half"
        }))
        .unwrap()
    }

    fn alert(status: AlertStatus) -> Alert {
        Alert { status, was_true: Some(true), ..Alert::new("a".to_owned(), &new(), at(1)).unwrap() }
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_field() {
        let note = NewAlert { note: Some("x".repeat(201)), ..new() };
        assert_eq!(Alert::new(String::new(), &note, at(1)).unwrap_err().field(), "note");
        let past = NewAlert { expires_at: Some(at(1)), ..new() };
        assert_eq!(Alert::new(String::new(), &past, at(1)), Err(InvalidAlert::ExpiresInThePast));
    }

    #[rstest]
    #[case::paused(AlertStatus::Active, Some(true), AlertStatus::Paused, Some(true))]
    #[case::goes_on(AlertStatus::Paused, Some(false), AlertStatus::Active, None)]
    #[case::again(AlertStatus::Done, Some(false), AlertStatus::Active, None)]
    #[case::too_frequent(AlertStatus::TooFrequent, Some(false), AlertStatus::Active, None)]
    #[case::is_on(AlertStatus::Active, Some(false), AlertStatus::Active, Some(true))]
    #[case::it_is_over(AlertStatus::Expired, Some(false), AlertStatus::Expired, Some(true))]
    #[case::has_fired(AlertStatus::Done, Some(true), AlertStatus::Done, Some(true))]
    fn it_is_paused_and_goes_on(
        #[case] before: AlertStatus,
        #[case] paused: Option<bool>,
        #[case] after: AlertStatus,
        #[case] was_true: Option<bool>,
    ) {
        let change = ChangeAlert { paused, ..ChangeAlert::default() };
        let changed = alert(before).changed(&change, at(9)).unwrap();
        assert_eq!((changed.status, changed.was_true), (after, was_true));
        assert_eq!(changed.revision, if before == after { 1 } else { 2 });
    }

    #[test]
    fn another_condition_begins_anew_and_another_note_does_not() {
        let note = ChangeAlert { note: Some(String::new()), ..ChangeAlert::default() };
        let changed = alert(AlertStatus::Active).changed(&note, at(9)).unwrap();
        assert_eq!((changed.note, changed.was_true, changed.updated_at), (None, Some(true), at(9)));
        let condition = json!({"condition": {"left": {"price": "NVDA"}, "op": ">", "right": 900}});
        let change: ChangeAlert = serde_json::from_value(condition).unwrap();
        assert_eq!(alert(AlertStatus::Active).changed(&change, at(9)).unwrap().was_true, None);
        let later = ChangeAlert { expires_at: Some(at(90)), ..ChangeAlert::default() };
        assert_eq!(alert(AlertStatus::Expired).changed(&later, at(9)).unwrap().status, AlertStatus::Active);
        let never = ChangeAlert { never_expires: Some(true), ..ChangeAlert::default() };
        let ended = Alert { expires_at: Some(at(5)), ..alert(AlertStatus::Expired) };
        let changed = ended.changed(&never, at(9)).unwrap();
        assert_eq!((changed.status, changed.expires_at), (AlertStatus::Active, None));
        let both = ChangeAlert { expires_at: Some(at(90)), ..never };
        assert_eq!(ended.changed(&both, at(9)).unwrap_err().field(), "never_expires");
    }
}
