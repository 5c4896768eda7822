//! Alerts: a condition that is watched, and the firings when it becomes true.
//!
//! An alert fires when its condition becomes true, and again only after the condition was false. More than
//! [`FIRINGS_MAX`] firings in [`FIRINGS_WINDOW_MS`] pause it until a person resumes it. Each firing is a row of its
//! own, with the values of the condition's operands.

pub mod record;
pub mod request;

use super::{
    condition::{
        Condition,
        operand::Operand,
        watch::{Values, Verdict, Watch},
    },
    instant::UtcInstant,
    words::word_enum,
};

/// Most firings within [`FIRINGS_WINDOW_MS`]; one more pauses the alert.
pub const FIRINGS_MAX: usize = 15;
/// Window for counting firings: three minutes.
pub const FIRINGS_WINDOW_MS: i64 = 180_000;

/// Most alerts of an account.
pub const ALERTS_MAX: usize = 500;

/// The longest note, in characters.
pub const NOTE_LENGTH_MAX: usize = 200;

word_enum! {
    /// Frequency at which an alert may fire.
    pub enum Frequency {
        /// The first time only.
        Once = "once",
        /// At most once per bar: of the shortest interval of its indicators, or of a minute.
        OncePerBar = "once_per_bar",
        /// Each time the condition becomes true.
        Always = "always",
    }
}

word_enum! {
    /// Status of an alert.
    pub enum AlertStatus {
        Active = "active",
        /// A person paused it.
        Paused = "paused",
        /// It fired too often and paused itself.
        TooFrequent = "too_frequent",
        /// It has fired its one time.
        Done = "done",
        Expired = "expired",
    }
}

/// Outcome of a look at an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    Nothing,
    Fires,
    /// It fires, and is paused for firing too often.
    FiresAndPauses,
    Expires,
}

/// State of an alert that is being watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub condition: Condition,
    pub frequency: Frequency,
    pub expires_at: Option<UtcInstant>,
    pub status: AlertStatus,
    verdict: Verdict,
    watch: Watch,
    /// The bar of the latest firing, in bars since the Unix epoch.
    fired_bar: Option<i64>,
    /// The latest firings, oldest first; at most [`FIRINGS_MAX`] + 1.
    recent: Vec<UtcInstant>,
}

impl Watched {
    pub fn new(condition: Condition, frequency: Frequency, expires_at: Option<UtcInstant>) -> Self {
        Self {
            condition,
            frequency,
            expires_at,
            status: AlertStatus::Active,
            verdict: Verdict::Unknown,
            watch: Watch::default(),
            fired_bar: None,
            recent: Vec::new(),
        }
    }

    /// Restores the state after a restart, from the latest firings, oldest first, and the condition's last known value.
    pub fn resumed(self, status: AlertStatus, was_true: Option<bool>, firings: &[UtcInstant]) -> Self {
        let recent = firings[firings.len().saturating_sub(FIRINGS_MAX)..].to_vec();
        let fired_bar = recent.last().map(|at| self.bar_of(*at));
        Self { status, watch: Watch::resumed(was_true), fired_bar, recent, ..self }
    }

    /// Evaluates the condition at a moment.
    pub fn look(&mut self, values: &impl Values, at: UtcInstant) -> Reaction {
        if self.status != AlertStatus::Active {
            return Reaction::Nothing;
        }
        if self.expires_at.is_some_and(|end| end <= at) {
            self.status = AlertStatus::Expired;
            return Reaction::Expires;
        }
        let evaluation = self.watch.evaluate(&self.condition, values);
        let becomes_true = evaluation.fires;
        self.verdict = evaluation.verdict;
        let bar = self.bar_of(at);
        let is_second_in_bar = self.frequency == Frequency::OncePerBar && self.fired_bar == Some(bar);
        if !becomes_true || is_second_in_bar {
            return Reaction::Nothing;
        }
        self.fired_bar = Some(bar);
        self.recent.retain(|fired| at.unix_ms() - fired.unix_ms() < FIRINGS_WINDOW_MS);
        self.recent.push(at);
        match self.frequency {
            Frequency::Once => {
                self.status = AlertStatus::Done;
                Reaction::Fires
            }
            Frequency::OncePerBar | Frequency::Always if self.recent.len() > FIRINGS_MAX => {
                self.status = AlertStatus::TooFrequent;
                Reaction::FiresAndPauses
            }
            Frequency::OncePerBar | Frequency::Always => Reaction::Fires,
        }
    }

    /// Pauses the alert on a person's request.
    pub fn pause(&mut self) {
        if self.status == AlertStatus::Active {
            self.status = AlertStatus::Paused;
        }
    }

    /// Resumes the alert on a person's request; it fires when its condition next becomes true.
    pub fn resume(&mut self) {
        if matches!(self.status, AlertStatus::Paused | AlertStatus::TooFrequent | AlertStatus::Done) {
            self.status = AlertStatus::Active;
            self.watch = Watch::default();
            self.recent.clear();
        }
    }

    /// The condition's value at the last evaluation.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The condition's value at the last known evaluation, to be saved.
    pub fn was_true(&self) -> Option<bool> {
        self.watch.was_true()
    }

    /// Each operand that is not a constant, in words, with its value.
    pub fn values(&self, values: &impl Values) -> Vec<(String, f64)> {
        let mut found: Vec<(String, f64)> = Vec::new();
        for operand in self.condition.operands() {
            let words = operand.to_string();
            let is_news = !matches!(operand, Operand::Number(_)) && found.iter().all(|(known, _)| *known != words);
            if let Some(value) = values.value(operand).filter(|_| is_news) {
                found.push((words, value));
            }
        }
        found
    }

    fn bar_of(&self, at: UtcInstant) -> i64 {
        at.unix_second().div_euclid(self.bar_seconds())
    }

    fn bar_seconds(&self) -> i64 {
        const MINUTE: i64 = 60;
        let interval = |operand: &Operand| match operand {
            Operand::Indicator(indicator) => Some(indicator.interval.seconds()),
            _ => None,
        };
        self.condition.operands().into_iter().filter_map(interval).min().unwrap_or(MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The same price for every ticker.
    struct Price(f64);

    impl Values for Price {
        fn value(&self, _: &Operand) -> Option<f64> {
            Some(self.0)
        }
    }

    fn alert(frequency: Frequency) -> Watched {
        let condition = json!({"left": {"price": "NVDA"}, "op": ">", "right": 850});
        Watched::new(serde_json::from_value(condition).unwrap(), frequency, None)
    }

    fn at(seconds: i64) -> UtcInstant {
        UtcInstant::from_unix_ms(seconds * 1_000)
    }

    /// Seconds at which the alert fires if the price is above at each even second and below at each odd one.
    fn firings(alert: &mut Watched, seconds: std::ops::Range<i64>) -> Vec<i64> {
        seconds
            .filter(|second| {
                let price = if second % 2 == 0 { 851.0 } else { 849.0 };
                matches!(alert.look(&Price(price), at(*second)), Reaction::Fires | Reaction::FiresAndPauses)
            })
            .collect()
    }

    #[test]
    fn once_is_once() {
        let mut alert = alert(Frequency::Once);
        assert_eq!(firings(&mut alert, 1..10), [2]);
        assert_eq!(alert.status, AlertStatus::Done);
        alert.resume();
        assert_eq!(firings(&mut alert, 11..20), [12]);
    }

    #[test]
    fn always_is_each_time_it_becomes_true() {
        let mut alert = alert(Frequency::Always);
        assert_eq!(firings(&mut alert, 1..8), [2, 4, 6]);
        assert_eq!(alert.look(&Price(851.0), at(8)), Reaction::Fires);
        assert_eq!(alert.look(&Price(852.0), at(9)), Reaction::Nothing, "it stays true");
    }

    #[test]
    fn once_per_bar_is_once_a_minute() {
        let mut alert = alert(Frequency::OncePerBar);
        assert_eq!(firings(&mut alert, 1..130), [2, 60, 120]);
    }

    #[test]
    fn a_bar_is_that_of_the_shortest_indicator() {
        let sma = json!({"indicator": "sma", "ticker": "V", "period": 2, "interval": "5m"});
        let condition = json!({"left": {"price": "V"}, "op": ">", "right": sma});
        let alert = Watched::new(serde_json::from_value(condition).unwrap(), Frequency::OncePerBar, None);
        assert_eq!(alert.bar_seconds(), 300);
    }

    #[test]
    fn an_alert_that_fires_too_often_pauses_itself() {
        let mut alert = alert(Frequency::Always);
        let fired = firings(&mut alert, 1..100);
        assert_eq!((fired.len(), alert.status), (FIRINGS_MAX + 1, AlertStatus::TooFrequent));
        alert.resume();
        assert_eq!(firings(&mut alert, 101..104), [102]);
    }

    #[test]
    fn firings_over_a_longer_time_do_not_pause_it() {
        let mut alert = alert(Frequency::Always);
        for n in 0..100 {
            assert_eq!(alert.look(&Price(849.0), at(n * 12)), Reaction::Nothing);
            assert_eq!(alert.look(&Price(851.0), at(n * 12 + 1)), Reaction::Fires);
        }
    }

    #[test]
    fn an_alert_expires() {
        let mut alert = Watched { expires_at: Some(at(5)), ..alert(Frequency::Always) };
        assert_eq!(alert.look(&Price(851.0), at(4)), Reaction::Fires);
        assert_eq!(alert.look(&Price(849.0), at(5)), Reaction::Expires);
        assert_eq!(alert.look(&Price(851.0), at(6)), Reaction::Nothing);
        assert_eq!(alert.status, AlertStatus::Expired);
    }

    #[test]
    fn a_paused_alert_does_not_look() {
        let mut alert = alert(Frequency::Always);
        alert.pause();
        assert!(firings(&mut alert, 1..10).is_empty());
        alert.resume();
        assert_eq!(firings(&mut alert, 11..14), [12]);
    }

    #[test]
    fn after_a_restart_it_goes_on() {
        let goes_on = |was_true| alert(Frequency::Always).resumed(AlertStatus::Active, was_true, &[at(1)]);
        assert_eq!(goes_on(Some(true)).look(&Price(851.0), at(100)), Reaction::Nothing);
        assert_eq!(goes_on(Some(false)).look(&Price(851.0), at(100)), Reaction::Fires);
        let fired: Vec<UtcInstant> = (0..100).map(at).collect();
        let mut often = alert(Frequency::Always).resumed(AlertStatus::Active, Some(false), &fired);
        assert_eq!(often.look(&Price(851.0), at(100)), Reaction::FiresAndPauses);
    }

    #[test]
    fn a_firing_tells_what_was_true() {
        assert_eq!(alert(Frequency::Once).values(&Price(851.0)), [("NVDA".to_owned(), 851.0)]);
    }
}
