//! The alert that the form's fields make, or why they make none.

use crate::{
    app::format::{decimal, local_time},
    domain::{
        alerts::{
            Frequency, NOTE_LENGTH_MAX,
            request::{AlertView, ChangeAlert, NewAlert},
        },
        candle::Interval,
        condition::{
            Comparison, Condition, Node,
            operand::{Account, Basis, Indicator, Operand, PERIOD_MAX, PositionField, Study},
        },
        instant::UtcInstant,
        money::Price,
        ticker::Ticker,
        typed_alert::{plain, read_value},
        typed_number::{Unreadable, read_number},
    },
};

/// What an alert watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Price,
    DayChange,
    Volume,
    Study(Study),
    Position(PositionField),
    Account(Account),
}

impl Subject {
    /// Each with its name in the form's choice, and its title.
    pub const ALL: [(Self, &str, &str); 13] = [
        (Self::Price, "price", "Price"),
        (Self::DayChange, "day_change", "Day's change, %"),
        (Self::Volume, "volume", "Day's volume"),
        (Self::Study(Study::Rsi), "rsi", "RSI"),
        (Self::Study(Study::Sma), "sma", "SMA"),
        (Self::Study(Study::Ema), "ema", "EMA"),
        (Self::Position(PositionField::UnrealizedPnlPercent), "position_pnl", "P&L of the position, %"),
        (Self::Position(PositionField::WeightPercent), "weight", "Weight, %"),
        (Self::Position(PositionField::Quantity), "shares", "Shares held"),
        (Self::Account(Account::DayPnl), "day_pnl", "Day's P&L, $"),
        (Self::Account(Account::DrawdownPercent), "drawdown", "Drawdown, %"),
        (Self::Account(Account::TotalValue), "total_value", "Total value, $"),
        (Self::Account(Account::Cash), "cash", "Cash, $"),
    ];

    pub fn has_ticker(self) -> bool {
        match self {
            Self::Price | Self::DayChange | Self::Volume | Self::Study(_) | Self::Position(_) => true,
            Self::Account(_) => false,
        }
    }

    /// The values that it can have.
    fn range(self) -> (f64, f64) {
        match self {
            Self::Study(Study::Rsi)
            | Self::Account(Account::DrawdownPercent)
            | Self::Position(PositionField::WeightPercent) => (0.0, 100.0),
            Self::DayChange | Self::Position(PositionField::UnrealizedPnlPercent) => (-100.0, f64::INFINITY),
            Self::Account(Account::DayPnl) => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Price
            | Self::Volume
            | Self::Study(Study::Sma | Study::Ema)
            | Self::Position(PositionField::Quantity)
            | Self::Account(Account::TotalValue | Account::Cash) => (0.0, f64::INFINITY),
        }
    }

    fn is_price(self) -> bool {
        matches!(self, Self::Price | Self::Study(Study::Sma | Study::Ema))
    }
}

/// What a price is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    Value,
    Average(Study),
}

impl Against {
    pub const ALL: [(Self, &str, &str); 3] = [
        (Self::Value, "value", "a price"),
        (Self::Average(Study::Sma), "sma", "its SMA"),
        (Self::Average(Study::Ema), "ema", "its EMA"),
    ];
}

/// Texts and choices of the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub subject: Subject,
    pub ticker: String,
    pub period: String,
    pub interval: Interval,
    pub basis: Basis,
    pub comparison: Comparison,
    pub against: Against,
    pub value: String,
    pub frequency: Frequency,
    /// As a field for date and time has it.
    pub expires: String,
    pub note: String,
    /// The condition is one that the form's fields do not cover, and stays as it is.
    pub is_fixed: bool,
}

impl Written {
    pub fn new(ticker: Option<Ticker>) -> Self {
        Self {
            subject: Subject::Price,
            ticker: ticker.map(|ticker| ticker.to_string()).unwrap_or_default(),
            period: "14".to_owned(),
            interval: Interval::Minute,
            basis: Basis::Closed,
            comparison: Comparison::Above,
            against: Against::Value,
            value: String::new(),
            frequency: Frequency::Once,
            expires: String::new(),
            note: String::new(),
            is_fixed: false,
        }
    }

    /// The fields of an alert that is edited.
    pub fn of(alert: &AlertView) -> Self {
        let fields = Self {
            frequency: alert.frequency,
            expires: alert.expires_at.map(local_field).unwrap_or_default(),
            note: alert.note.clone().unwrap_or_default(),
            is_fixed: true,
            ..Self::new(None)
        };
        let Node::Compare { left, op, right } = alert.condition.root() else {
            return fields;
        };
        let fields = Self { comparison: *op, ..fields };
        fields.with_operands(left, right).unwrap_or(fields)
    }

    /// `None` for operands that the form has no fields for.
    fn with_operands(&self, left: &Operand, right: &Operand) -> Option<Self> {
        let fields = Self { ticker: left.ticker().map(|it| it.to_string()).unwrap_or_default(), ..self.clone() };
        let subject = match left {
            Operand::Price(_) => Subject::Price,
            Operand::DayChangePercent(_) => Subject::DayChange,
            Operand::Volume(_) => Subject::Volume,
            Operand::Indicator(indicator) => Subject::Study(indicator.study),
            Operand::Position { field, .. } => Subject::Position(*field),
            Operand::Account(account) => Subject::Account(*account),
            Operand::Number(_) | Operand::Time(_) => return None,
        };
        let fields = Self { subject, is_fixed: false, ..fields };
        let fields = if let Operand::Indicator(indicator) = left { fields.with_indicator(indicator) } else { fields };
        match right {
            Operand::Number(number) => Some(Self { value: plain(*number), ..fields }),
            Operand::Indicator(indicator)
                if subject == Subject::Price
                    && left.ticker() == Some(indicator.ticker)
                    && indicator.study != Study::Rsi =>
            {
                Some(Self { against: Against::Average(indicator.study), ..fields.with_indicator(indicator) })
            }
            _ => None,
        }
    }

    fn with_indicator(self, indicator: &Indicator) -> Self {
        let Indicator { period, interval, on, .. } = *indicator;
        Self { period: period.to_string(), interval, basis: on, ..self }
    }

    /// Whether it has a period and an interval.
    pub fn has_indicator(&self) -> bool {
        matches!(self.subject, Subject::Study(_)) || self.is_against_average()
    }

    pub fn is_against_average(&self) -> bool {
        self.subject == Subject::Price && self.against != Against::Value
    }

    /// # Errors
    /// Why there is none, in words.
    pub fn condition(&self) -> Result<Condition, String> {
        let left = self.left()?;
        let right = match self.against {
            Against::Average(study) if self.subject == Subject::Price => {
                Operand::Indicator(self.indicator(study, self.ticker()?)?)
            }
            _ => Operand::Number(self.number()?),
        };
        Ok(Condition::compare(left, self.comparison, right))
    }

    fn left(&self) -> Result<Operand, String> {
        Ok(match self.subject {
            Subject::Price => Operand::Price(self.ticker()?),
            Subject::DayChange => Operand::DayChangePercent(self.ticker()?),
            Subject::Volume => Operand::Volume(self.ticker()?),
            Subject::Study(study) => Operand::Indicator(self.indicator(study, self.ticker()?)?),
            Subject::Position(field) => Operand::Position { ticker: self.ticker()?, field },
            Subject::Account(account) => Operand::Account(account),
        })
    }

    fn ticker(&self) -> Result<Ticker, String> {
        match self.ticker.trim() {
            "" => Err("Write the ticker.".to_owned()),
            text => text.parse().map_err(|_| format!("{text} is not a ticker.")),
        }
    }

    fn indicator(&self, study: Study, ticker: Ticker) -> Result<Indicator, String> {
        let period = self.period.trim().parse().ok().filter(|period| (1..=PERIOD_MAX).contains(period));
        let period = period.ok_or_else(|| format!("A period is a whole number from 1 to {PERIOD_MAX}."))?;
        Ok(Indicator { study, ticker, period, interval: self.interval, on: self.basis })
    }

    fn number(&self) -> Result<f64, String> {
        let typed = self.value.trim();
        if typed.is_empty() {
            return Err("Write the value to compare with.".to_owned());
        }
        let text = match read_number(typed.trim_start_matches('$').trim_end_matches('%')) {
            Ok(text) => text,
            Err(Unreadable::NotANumber) => return Err(format!("{typed} is not a number.")),
            Err(Unreadable::Doubtful { grouped, decimal }) => {
                return Err(format!("{typed} may be {grouped} or {decimal}; write the one that you mean."));
            }
        };
        if self.subject.is_price() {
            let price: Price = text.parse().map_err(|error| format!("Not a price: {error}."))?;
            return Ok(price.dollars());
        }
        let number = read_value(&text).ok_or_else(|| format!("{typed} is too large, or has more than 6 decimals."))?;
        self.check_range(number)
    }

    /// Refuses a value that the subject never passes.
    fn check_range(&self, number: f64) -> Result<f64, String> {
        let (low, high) = self.subject.range();
        let is_never = match self.comparison {
            Comparison::Above | Comparison::CrossesAbove => number >= high || number < low,
            Comparison::Below | Comparison::CrossesBelow => number <= low || number > high,
            Comparison::AtLeast | Comparison::AtMost => !(low..=high).contains(&number),
        };
        if !is_never {
            return Ok(number);
        }
        Err(match (low.is_finite(), high.is_finite()) {
            (_, true) => format!("It is from {} to {}: choose a value in between.", whole(low), whole(high)),
            _ => format!("It is never below {}: choose a value above that.", whole(low)),
        })
    }

    fn note(&self) -> Result<String, String> {
        let note = self.note.trim();
        match note.chars().count() {
            ..=NOTE_LENGTH_MAX => Ok(note.to_owned()),
            length => Err(format!("The note has {length} characters; {NOTE_LENGTH_MAX} are possible.")),
        }
    }

    /// The end; `read` reads the field by the browser's clock.
    fn end(&self, read: fn(&str) -> Option<UtcInstant>, now: UtcInstant) -> Result<Option<UtcInstant>, String> {
        match read(&self.expires) {
            Some(end) if end <= now => Err("The end is in the past.".to_owned()),
            None if !self.expires.is_empty() => Err("The end is not a date with a time.".to_owned()),
            end => Ok(end),
        }
    }

    /// # Errors
    /// Why there is no alert, in words.
    pub fn alert(&self, read: fn(&str) -> Option<UtcInstant>, now: UtcInstant) -> Result<NewAlert, String> {
        let note = self.note()?;
        Ok(NewAlert {
            condition: self.condition()?,
            frequency: self.frequency,
            expires_at: self.end(read, now)?,
            note: (!note.is_empty()).then_some(note),
        })
    }

    /// The change of an edited alert: what is not as it was `before`.
    ///
    /// # Errors
    /// Why it is refused, in words.
    pub fn change(
        &self,
        before: &Self,
        read: fn(&str) -> Option<UtcInstant>,
        now: UtcInstant,
    ) -> Result<ChangeAlert, String> {
        let is_same_condition = self.is_fixed || self.condition() == before.condition();
        let is_same_end = self.expires == before.expires;
        let note = self.note()?;
        Ok(ChangeAlert {
            condition: if is_same_condition { None } else { Some(self.condition()?) },
            frequency: (self.frequency != before.frequency).then_some(self.frequency),
            expires_at: if is_same_end { None } else { self.end(read, now)? },
            never_expires: (!is_same_end && self.expires.is_empty()).then_some(true),
            note: (note != before.note).then_some(note),
            paused: None,
        })
    }
}

/// `-100`
fn whole(number: f64) -> String {
    decimal(number, 0).replace('−', "-")
}

/// `2026-12-01T14:30`, as a field for date and time has it.
fn local_field(at: UtcInstant) -> String {
    let text = local_time(at).replace(' ', "T");
    text.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{app::trade::alerts::words::tests::alert, domain::alerts::AlertStatus};

    fn written() -> Written {
        Written { value: "850".to_owned(), ..Written::new("NVDA".parse().ok()) }
    }

    /// Seconds since the epoch, as a test writes an end.
    fn read(text: &str) -> Option<UtcInstant> {
        Some(UtcInstant::from_unix_ms(text.parse::<i64>().ok()? * 1_000))
    }

    const NOW: UtcInstant = UtcInstant::EPOCH;

    #[test]
    fn a_price_has_a_ticker_and_a_value() {
        assert_eq!(written().condition().unwrap().to_string(), "NVDA is above 850");
        let nameless = Written { ticker: String::new(), ..written() };
        assert_eq!(nameless.condition().unwrap_err(), "Write the ticker.");
        let odd = Written { ticker: "N V".to_owned(), ..written() };
        assert_eq!(odd.condition().unwrap_err(), "N V is not a ticker.");
    }

    #[rstest]
    #[case(Subject::Study(Study::Rsi), Comparison::Below, "30", Ok("RSI(14) of NVDA on closed 1m candles is below 30"))]
    #[case(Subject::DayChange, Comparison::Below, "-2,5%", Ok("the day's change of NVDA in percent is below -2.5"))]
    #[case(
        Subject::Account(Account::DrawdownPercent),
        Comparison::AtLeast,
        "10 %",
        Ok("the drawdown in percent is at least 10")
    )]
    #[case(
        Subject::Position(PositionField::WeightPercent),
        Comparison::Above,
        "25",
        Ok("the weight of NVDA in percent is above 25")
    )]
    #[case(Subject::Account(Account::DayPnl), Comparison::Below, "$-50", Ok("the day's P&L is below -50"))]
    #[case(Subject::Price, Comparison::Above, "1,850", Err("1,850 may be 1850 or 1.850; write the one that you mean."))]
    #[case(Subject::Price, Comparison::Above, "cheap", Err("cheap is not a number."))]
    #[case(Subject::Price, Comparison::Above, "", Err("Write the value to compare with."))]
    #[case(
        Subject::Price,
        Comparison::Below,
        "0",
        Err("Not a price: a price is a number of dollars, more than 0, with at most 4 decimal places.")
    )]
    #[case(
        Subject::Study(Study::Rsi),
        Comparison::Above,
        "100",
        Err("It is from 0 to 100: choose a value in between.")
    )]
    #[case(
        Subject::Study(Study::Rsi),
        Comparison::AtLeast,
        "130",
        Err("It is from 0 to 100: choose a value in between.")
    )]
    #[case(Subject::DayChange, Comparison::Below, "-100", Err("It is never below -100: choose a value above that."))]
    #[case(Subject::Volume, Comparison::Above, "1e999", Err("1e999 is too large, or has more than 6 decimals."))]
    fn a_value_is_read_or_refused(
        #[case] subject: Subject,
        #[case] comparison: Comparison,
        #[case] value: &str,
        #[case] expected: Result<&str, &str>,
    ) {
        let written = Written { subject, comparison, value: value.to_owned(), ..written() };
        let sentence = written.condition().map(|condition| condition.to_string());
        assert_eq!(sentence.as_deref().map_err(String::as_str), expected);
    }

    #[rstest]
    #[case(850.0, "850")]
    #[case(0.25, "0.25")]
    #[case(-2.5, "-2.5")]
    #[case(85_000.5, "85000.5")]
    fn a_number_is_written_as_it_is_typed(#[case] number: f64, #[case] text: &str) {
        assert_eq!(plain(number), text);
    }

    #[test]
    fn a_price_may_be_compared_with_its_average() {
        let average = Written {
            against: Against::Average(Study::Sma),
            comparison: Comparison::CrossesAbove,
            period: "20".to_owned(),
            interval: Interval::Hour,
            ..written()
        };
        let sentence = "NVDA crosses above SMA(20) of NVDA on closed 1h candles";
        assert_eq!(average.condition().unwrap().to_string(), sentence);
        let never = Written { period: "401".to_owned(), ..average };
        assert_eq!(never.condition().unwrap_err(), "A period is a whole number from 1 to 400.");
    }

    #[test]
    fn an_end_in_the_past_and_a_long_note_are_refused() {
        let until = |expires: &str| Written { expires: expires.to_owned(), ..written() }.alert(read, NOW);
        assert_eq!(until("60").unwrap().expires_at, Some(UtcInstant::from_unix_ms(60_000)));
        assert_eq!(until("0").unwrap_err(), "The end is in the past.");
        assert_eq!(until("soon").unwrap_err(), "The end is not a date with a time.");
        let note = Written { note: "x".repeat(201), ..written() };
        assert_eq!(note.alert(read, NOW).unwrap_err(), "The note has 201 characters; 200 are possible.");
    }

    #[test]
    fn an_alert_is_edited_as_it_was_written() {
        let before = Written::of(&alert(AlertStatus::Active));
        assert_eq!((before.ticker.as_str(), before.value.as_str(), before.is_fixed), ("NVDA", "850", false));
        assert_eq!(before.change(&before, read, NOW), Ok(ChangeAlert::default()));
        let after = Written { value: "860".to_owned(), note: " sell ".to_owned(), ..before.clone() };
        let change = after.change(&before, read, NOW).unwrap();
        assert_eq!(change.condition.unwrap().to_string(), "NVDA is above 860");
        assert_eq!(change.note.as_deref(), Some("sell"));
        let dated = Written { expires: "60".to_owned(), ..before.clone() };
        assert_eq!(before.change(&dated, read, NOW).unwrap().never_expires, Some(true));
    }

    #[rstest]
    #[case(serde_json::json!({"any": [{"left": {"price": "V"}, "op": ">", "right": 1}]}))]
    #[case(serde_json::json!({"left": 850, "op": ">", "right": {"price": "V"}}))]
    #[case(serde_json::json!({"left": {"price": "V"}, "op": ">", "right": {"price": "MA"}}))]
    #[case(serde_json::json!({"left": {"time": "15:45", "zone": "UTC"}, "op": ">", "right": 0}))]
    fn a_condition_without_fields_stays_as_it_is(#[case] condition: serde_json::Value) {
        let alert = AlertView { condition: serde_json::from_value(condition).unwrap(), ..alert(AlertStatus::Active) };
        let before = Written::of(&alert);
        assert!(before.is_fixed);
        let after = Written { frequency: Frequency::Always, ..before.clone() };
        let change = after.change(&before, read, NOW).unwrap();
        assert_eq!((change.condition, change.frequency), (None, Some(Frequency::Always)));
    }
}
