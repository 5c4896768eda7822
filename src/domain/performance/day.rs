//! A day of an account: what it was worth, kept for good.

use super::super::{
    corporate_action::ExchangeDate,
    instant::UtcInstant,
    money::{Money, Quantity},
    ticker::Ticker,
};

/// A holding at the close of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayPosition {
    pub ticker: Ticker,
    /// In shares of that day.
    pub quantity: Quantity,
    /// At the last price known, or at cost where none ever was.
    pub value: Money,
}

/// How much of the account's history, since it was opened or last reset, a day's close includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub trades: u64,
    /// Without the opening cash.
    pub flows: u64,
    /// Dividends paid.
    pub dividends: u64,
}

/// An account, valued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valued {
    pub cash: Money,
    /// In alphabetical order.
    pub positions: Vec<DayPosition>,
    pub counts: Counts,
    pub at: UtcInstant,
}

/// A day of an account, up to its close or, while it is going on, up to the latest value. It opens with the close of the day
/// before, or the opening cash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDay {
    /// The market's date.
    pub date: ExchangeDate,
    /// The lowest and the highest value that was seen on the day.
    pub low: Money,
    pub high: Money,
    /// The last value.
    pub last: Valued,
}

impl Valued {
    /// Cash and positions; at the bounds of its type it saturates.
    pub fn total(&self) -> Money {
        let total = self.positions.iter().map(|held| held.value.cents()).fold(self.cash.cents(), i64::saturating_add);
        Money::from_cents(total)
    }

    /// The value of the positions.
    pub fn invested(&self) -> Money {
        Money::from_cents(self.total().cents().saturating_sub(self.cash.cents()))
    }

    pub fn position(&self, ticker: Ticker) -> Option<&DayPosition> {
        self.positions.iter().find(|held| held.ticker == ticker)
    }
}

impl AccountDay {
    /// The day that a value on `today` belongs to, which is at least the one `before`: a clock that went back begins no earlier
    /// one.
    #[must_use]
    pub fn following(before: Option<&Self>, today: ExchangeDate, last: Valued) -> Self {
        let value = last.total();
        let same = before.filter(|before| before.date >= today);
        match same {
            Some(day) => Self { date: day.date, low: day.low.min(value), high: day.high.max(value), last },
            None => Self { date: today, low: value, high: value, last },
        }
    }

    pub fn close(&self) -> Money {
        self.last.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valued(cents: i64) -> Valued {
        let at = UtcInstant::EPOCH;
        Valued { cash: Money::from_cents(cents), positions: Vec::new(), counts: Counts::default(), at }
    }

    #[test]
    fn a_day_keeps_its_extremes_and_its_last_value() {
        let date = ExchangeDate::from_days;
        let mut day = AccountDay::following(None, date(5), valued(100));
        for (today, cents) in [(5, 90), (5, 120), (4, 110)] {
            day = AccountDay::following(Some(&day), date(today), valued(cents));
        }
        let figures = |day: &AccountDay| (day.date.days(), day.low.cents(), day.high.cents(), day.close().cents());
        assert_eq!(figures(&day), (5, 90, 120, 110));
        let next = AccountDay::following(Some(&day), date(7), valued(80));
        assert_eq!(figures(&next), (7, 80, 80, 80));
    }
}
