//! Alerts as people type them: `alert NVDA > 850`, `alert NVDA below 100`, `alert NVDA rsi < 30`, `alert NVDA sma 50 1d > 800`.

use super::{
    candle::Interval,
    condition::{
        Comparison, Condition,
        operand::{Basis, Indicator, Operand, PERIOD_MAX, Study},
    },
    fixed_point::{count_of, format_decimal, parse_decimal},
    money::Price,
    ticker::Ticker,
    typed_number::{Unreadable, read_number},
};

/// A typed alert that is not confirmed yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TypedAlert {
    pub ticker: Ticker,
    pub subject: TypedSubject,
    /// Side of the value that is waited for; nothing for a bare price, whose side follows from the market.
    pub comparison: Option<Comparison>,
    /// Dollars, percent, or points of an RSI.
    pub value: f64,
}

/// Figure that a typed alert watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedSubject {
    Price,
    DayChange,
    Indicator { study: Study, period: u32, interval: Interval },
}

/// An alert written as text.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    Alert(TypedAlert),
    /// Only its ticker is written so far.
    Begun(Ticker),
    /// Its number is ambiguous between two.
    Doubtful {
        /// The ambiguity, in words.
        reason: String,
        readings: [TypedAlert; 2],
    },
    /// Its value is not one that its subject can have.
    Refused(String),
}

/// Candles of an indicator without an interval.
const INTERVAL: Interval = Interval::Minute;

impl TypedAlert {
    /// Parses `alert`, a ticker, an optional subject (`rsi`, `sma` or `ema` with an optional period and interval, or
    /// `day`), an optional comparison (`>`, `above`, `crosses above`, …) and a [number](read_number).
    pub fn read(text: &str) -> Option<Typed> {
        let spaced = spaced(text);
        let mut words = spaced.split_whitespace();
        let is_alert = words.next()?.eq_ignore_ascii_case("alert");
        let ticker = words.next().filter(|_| is_alert)?.parse().ok()?;
        let rest: Vec<String> = words.map(str::to_ascii_lowercase).collect();
        if rest.is_empty() {
            return Some(Typed::Begun(ticker));
        }
        let (subject, rest) = take_subject(&rest)?;
        let (comparison, rest) = take_comparison(rest);
        if comparison.is_none() && subject != TypedSubject::Price {
            return None;
        }
        let typed = rest.join(" ");
        let number = typed.trim_start_matches('$').trim_end_matches('%');
        let alert = |number: &str| Some(Self { ticker, subject, comparison, value: read_value(number)? });
        match read_number(number) {
            Ok(number) => {
                let alert = alert(&number)?;
                let fault = fault(subject, &number, alert.value);
                Some(fault.map_or(Typed::Alert(alert), |words| Typed::Refused(words.to_owned())))
            }
            Err(Unreadable::NotANumber) => None,
            Err(Unreadable::Doubtful { grouped, decimal }) => {
                let reason = format!("{number} may be {grouped} or {decimal}; write the one that you mean");
                Some(Typed::Doubtful { reason, readings: [alert(&grouped)?, alert(&decimal)?] })
            }
        }
    }

    /// The condition; a bare price waits on the far side of `last`, or above it while that is not known.
    pub fn condition(&self, last: Option<Price>) -> Condition {
        let Self { ticker, subject, value, .. } = *self;
        let is_below = last.is_some_and(|last| value < last.dollars());
        let bare = if is_below { Comparison::Below } else { Comparison::Above };
        let left = match subject {
            TypedSubject::Price => Operand::Price(ticker),
            TypedSubject::DayChange => Operand::DayChangePercent(ticker),
            TypedSubject::Indicator { study, period, interval } => {
                Operand::Indicator(Indicator { study, ticker, period, interval, on: Basis::Closed })
            }
        };
        Condition::compare(left, self.comparison.unwrap_or(bare), Operand::Number(value))
    }
}

/// A normalised number with at most six decimal places. Not by `f64`'s own parser, which the client omits.
pub fn read_value(number: &str) -> Option<f64> {
    const DECIMALS: u32 = 6;
    Some(parse_decimal(number, DECIMALS).ok()? as f64 / 1e6)
}

/// A number as it is typed: `850`, `0.25`; one of more than six decimal places is rounded.
pub fn plain(number: f64) -> String {
    const DECIMALS: u32 = 6;
    let rounded = count_of(number, DECIMALS).unwrap_or((number * 1e6).round() as i64);
    format_decimal(rounded, DECIMALS, 0).replace(',', "")
}

/// The text with spaces around signs of comparison.
fn spaced(text: &str) -> String {
    let mut spaced = String::new();
    for sign in text.chars() {
        let is_glued = sign == '=' && spaced.ends_with(['<', '>']);
        let is_sign = matches!(sign, '<' | '>' | '≥' | '≤');
        let was_sign = spaced.ends_with(['<', '>', '=', '≥', '≤']);
        if is_sign || (was_sign && !is_glued) {
            spaced.push(' ');
        }
        spaced.push(sign);
    }
    spaced
}

/// The subject, and the words behind it; the price where none is named.
fn take_subject(words: &[String]) -> Option<(TypedSubject, &[String])> {
    let (first, rest) = words.split_first()?;
    let study = match first.as_str() {
        "price" => return Some((TypedSubject::Price, rest)),
        "day" | "change" => return Some((TypedSubject::DayChange, rest)),
        word => word.parse::<Study>().ok(),
    };
    let Some(study) = study else { return Some((TypedSubject::Price, words)) };
    let usual = if study == Study::Rsi { 14 } else { 20 };
    let period = rest.first().and_then(|word| word.parse::<u32>().ok());
    if period.is_some_and(|period| !(1..=PERIOD_MAX).contains(&period)) {
        return None;
    }
    let rest = &rest[usize::from(period.is_some())..];
    let interval = rest.first().and_then(|word| word.parse::<Interval>().ok());
    let rest = &rest[usize::from(interval.is_some())..];
    let period = period.unwrap_or(usual);
    Some((TypedSubject::Indicator { study, period, interval: interval.unwrap_or(INTERVAL) }, rest))
}

fn take_comparison(words: &[String]) -> (Option<Comparison>, &[String]) {
    let is_crossing = words.first().is_some_and(|word| matches!(word.as_str(), "crosses" | "cross" | "crossing"));
    let words = &words[usize::from(is_crossing || words.first().is_some_and(|word| word == "is"))..];
    let comparison = words.first().and_then(|word| match (word.as_str(), is_crossing) {
        ("above" | "over", true) => Some(Comparison::CrossesAbove),
        ("below" | "under", true) => Some(Comparison::CrossesBelow),
        (">" | "above" | "over", false) => Some(Comparison::Above),
        (">=" | "≥", false) => Some(Comparison::AtLeast),
        ("<" | "below" | "under", false) => Some(Comparison::Below),
        ("<=" | "≤", false) => Some(Comparison::AtMost),
        _ => None,
    });
    (comparison, &words[usize::from(comparison.is_some())..])
}

/// Why a subject never has a value, if so.
fn fault(subject: TypedSubject, number: &str, value: f64) -> Option<&'static str> {
    match subject {
        TypedSubject::Indicator { study: Study::Rsi, .. } => {
            (!(0.0..=100.0).contains(&value)).then_some("An RSI is from 0 to 100.")
        }
        TypedSubject::DayChange => (value < -100.0).then_some("A price cannot fall by more than 100%."),
        TypedSubject::Price | TypedSubject::Indicator { study: Study::Sma | Study::Ema, .. } => {
            number.parse::<Price>().err().map(|_| "A price is more than 0, with at most 4 decimal places.")
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("alert NVDA > 850", "NVDA is above 850")]
    #[case("ALERT nvda>850", "NVDA is above 850")]
    #[case("alert NVDA >= $850,25", "NVDA is at least 850.25")]
    #[case("alert NVDA below 100", "NVDA is below 100")]
    #[case("alert NVDA is under 1 000.5", "NVDA is below 1000.5")]
    #[case("alert NVDA crosses above 850", "NVDA crosses above 850")]
    #[case("alert NVDA rsi < 30", "RSI(14) of NVDA on closed 1m candles is below 30")]
    #[case("alert NVDA rsi 7 1h > 70", "RSI(7) of NVDA on closed 1h candles is above 70")]
    #[case("alert brk.b sma 50 1d < 400", "SMA(50) of BRK.B on closed 1d candles is below 400")]
    #[case("alert NVDA day < -3%", "the day's change of NVDA in percent is below -3")]
    #[case("alert NVDA 700", "NVDA is below 700")]
    #[case("alert NVDA 900", "NVDA is above 900")]
    fn an_alert_is_read(#[case] text: &str, #[case] sentence: &str) {
        let Some(Typed::Alert(alert)) = TypedAlert::read(text) else { panic!("{text} is an alert") };
        assert_eq!(alert.condition(Some("800".parse().unwrap())).to_string(), sentence);
    }

    #[test]
    fn a_doubtful_number_has_two_readings() {
        let Some(Typed::Doubtful { reason, readings }) = TypedAlert::read("alert NVDA > 1,850") else { panic!() };
        assert_eq!(readings.map(|alert| alert.value), [1850.0, 1.85]);
        assert!(reason.starts_with("1,850 may be 1850 or 1.850"), "{reason}");
    }

    #[test]
    fn a_ticker_alone_is_a_beginning() {
        assert_eq!(TypedAlert::read("alert nvda"), Some(Typed::Begun("NVDA".parse().unwrap())));
    }

    #[rstest]
    #[case::rsi("alert NVDA rsi > 130", "An RSI is from 0 to 100.")]
    #[case::price("alert NVDA > -5", "A price is more than 0, with at most 4 decimal places.")]
    #[case::zero("alert NVDA below 0", "A price is more than 0, with at most 4 decimal places.")]
    #[case::change("alert NVDA day < -120", "A price cannot fall by more than 100%.")]
    fn what_can_never_be_is_refused(#[case] text: &str, #[case] words: &str) {
        assert_eq!(TypedAlert::read(text), Some(Typed::Refused(words.to_owned())));
    }

    #[rstest]
    #[case::nothing("alert")]
    #[case::another_word("alarm NVDA > 850")]
    #[case::no_number("alert NVDA > cheap")]
    #[case::no_comparison("alert NVDA rsi 30 1h")]
    #[case::period("alert NVDA rsi 0 < 30")]
    #[case::two("alert NVDA > 850 < 900")]
    #[case::no_ticker("alert 850")]
    fn what_is_no_alert_is_none(#[case] text: &str) {
        assert_eq!(TypedAlert::read(text), None);
    }
}
