//! How current the prices are as a whole, the trading day, and a note to people about both.

use serde::Serialize;
use utoipa::ToSchema;

use super::{instant::UtcInstant, trading_day::TradingDay};

/// How current the prices are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Data {
    Live,
    /// Delayed as the source announces, but not stale.
    Delayed,
    /// Not confirmed for too long: not traded at.
    Stale,
}

impl Data {
    /// Name in JSON and in the page's attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Delayed => "delayed",
            Self::Stale => "stale",
        }
    }
}

/// Delay in minutes of plans without live prices.
pub const DELAY_MINUTES: u32 = 15;

/// The market's state as sent to the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketStatus {
    pub data: Data,
    /// Whether orders are filled now, by the exchange's hours.
    pub is_open: bool,
    pub day: TradingDay,
    /// Sentences for people about problems or closing, with advice; empty if there are none.
    pub note: String,
}

impl MarketStatus {
    /// An open market with live prices.
    pub fn live(day: TradingDay) -> Self {
        Self { data: Data::Live, is_open: true, day, note: String::new() }
    }

    /// Format in a key frame: `L+ 1795305600 1795305600 1795392000`, then the note. The letter is the data (`L`ive,
    /// `D`elayed, `S`tale), the sign is `+` if the market is open; the numbers are the day's.
    pub fn write(&self) -> String {
        let data = match self.data {
            Data::Live => 'L',
            Data::Delayed => 'D',
            Data::Stale => 'S',
        };
        let sign = if self.is_open { '+' } else { '-' };
        let TradingDay { date, starts_at, ends_at } = self.day;
        let gap = if self.note.is_empty() { "" } else { " " };
        // A frame is one line.
        format!("{data}{sign} {date} {starts_at} {ends_at}{gap}{}", self.note.replace(char::is_control, " "))
    }

    /// Parses the format of [`write`](Self::write); `None` if malformed.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.splitn(5, ' ');
        let (data, is_open) = match words.next()? {
            "L+" => (Data::Live, true),
            "L-" => (Data::Live, false),
            "D+" => (Data::Delayed, true),
            "D-" => (Data::Delayed, false),
            "S+" => (Data::Stale, true),
            "S-" => (Data::Stale, false),
            _ => return None,
        };
        let mut number = || words.next()?.parse::<i64>().ok();
        let day = TradingDay { date: number()?, starts_at: number()?, ends_at: number()? };
        Some(Self { data, is_open, day, note: words.next().unwrap_or_default().to_owned() })
    }
}

/// Inputs from which the market's status is derived.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    pub day: TradingDay,
    /// Whether no price has been confirmed for too long.
    pub is_silent: bool,
    /// Time of the source's last successful answer.
    pub answered_at: Option<UtcInstant>,
    /// Delay in minutes that the source announces.
    pub delay_minutes: Option<u32>,
    /// Reason why the source gives no prices until a person acts, in sentences.
    pub refusal: Option<&'a str>,
    /// Reason why the source's last request failed, without a full stop.
    pub failure: Option<&'a str>,
    /// Next opening of the exchange, in words, while it is closed.
    pub opens: Option<&'a str>,
    /// Whether the exchange's holidays are known for the current time.
    pub is_calendar_known: bool,
}

impl Situation<'_> {
    pub fn status(&self) -> MarketStatus {
        let data = match self.delay_minutes {
            _ if self.is_silent || self.refusal.is_some() => Data::Stale,
            Some(_) => Data::Delayed,
            None => Data::Live,
        };
        let trouble = match (data, self.refusal, self.delay_minutes) {
            (Data::Live, ..) => None,
            (Data::Delayed, _, minutes) => minutes.map(|minutes| format!("Prices are delayed {minutes} min.")),
            (Data::Stale, Some(refusal), _) => Some(refusal.to_owned()),
            (Data::Stale, None, _) => Some(self.silence()),
        };
        let closed = self.opens.map(|opens| format!("The exchange is closed; it opens {opens}."));
        let guess =
            "The exchange's holidays of this year are not known here: every weekday is taken for a trading day.";
        let guess = (!self.is_calendar_known).then(|| guess.to_owned());
        let note = [trouble, closed, guess].into_iter().flatten().collect::<Vec<_>>().join(" ");
        MarketStatus { data, is_open: self.opens.is_none(), day: self.day, note }
    }

    fn silence(&self) -> String {
        let cause = self.failure.map(|failure| format!(": {failure}")).unwrap_or_default();
        match self.answered_at {
            None => format!("There are no prices yet{cause}. It is tried again and again."),
            Some(at) => {
                let time = at.to_rfc3339();
                // The time of day, to the second.
                let time = time.get(11..19).unwrap_or(&time);
                format!("Prices are as they were at {time} UTC{cause}. Orders wait for new ones.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NOON: UtcInstant = UtcInstant::EPOCH;

    fn situation() -> Situation<'static> {
        Situation {
            day: TradingDay::utc(NOON),
            is_silent: false,
            answered_at: Some(NOON),
            delay_minutes: None,
            refusal: None,
            failure: None,
            opens: None,
            is_calendar_known: true,
        }
    }

    #[rstest]
    #[case::well(situation(), Data::Live, true, "")]
    #[case::late(
        Situation { delay_minutes: Some(15), ..situation() },
        Data::Delayed, true, "Prices are delayed 15 min."
    )]
    #[case::one_poll_failed(Situation { failure: Some("massive.com answered 500"), ..situation() }, Data::Live, true, "")]
    #[case::silent(
        Situation { is_silent: true, delay_minutes: Some(15), failure: Some("massive.com answered 500"), ..situation() },
        Data::Stale, true, "Prices are as they were at 00:00:00 UTC: massive.com answered 500. Orders wait for new ones."
    )]
    #[case::never_heard_of(
        Situation { is_silent: true, answered_at: None, ..situation() },
        Data::Stale, true, "There are no prices yet. It is tried again and again."
    )]
    #[case::refused(
        Situation { refusal: Some("The key has no access."), failure: Some("403"), ..situation() },
        Data::Stale, true, "The key has no access."
    )]
    #[case::closed(
        Situation { opens: Some("on Monday"), ..situation() },
        Data::Live, false, "The exchange is closed; it opens on Monday."
    )]
    #[case::closed_and_late(
        Situation { opens: Some("on Monday"), delay_minutes: Some(15), ..situation() },
        Data::Delayed, false,
        "Prices are delayed 15 min. The exchange is closed; it opens on Monday."
    )]
    #[case::unknown_year(
        Situation { is_calendar_known: false, ..situation() },
        Data::Live, true,
        "The exchange's holidays of this year are not known here: every weekday is taken for a trading day."
    )]
    fn a_status_says_what_a_person_should_know(
        #[case] situation: Situation<'_>,
        #[case] data: Data,
        #[case] is_open: bool,
        #[case] note: &str,
    ) {
        let status = situation.status();
        assert_eq!((status.data, status.is_open, status.note.as_str()), (data, is_open, note));
        assert_eq!(MarketStatus::read(&status.write()), Some(status), "the page reads what the server wrote");
    }

    #[rstest]
    #[case::nothing("")]
    #[case::another_letter("X+ 0 0 1")]
    #[case::no_day("L+ 0 0")]
    #[case::no_number("L+ a b c")]
    fn what_is_no_status_is_refused(#[case] text: &str) {
        assert_eq!(MarketStatus::read(text), None);
    }
}
