//! Operands of comparisons.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
    ser::SerializeMap,
};

use crate::domain::{candle::Interval, ticker::Ticker, words::word_enum};

word_enum! {
    pub enum Study {
        /// The simple moving average of closes, in dollars.
        Sma = "sma",
        /// The exponential moving average of closes, in dollars.
        Ema = "ema",
        /// Wilder's relative strength index, from 0 to 100.
        Rsi = "rsi",
    }
}

word_enum! {
    /// Candles that an indicator is computed from.
    pub enum Basis {
        /// Completed candles only.
        Closed = "closed",
        /// Completed candles and the forming one.
        Live = "live",
    }
}

word_enum! {
    pub enum Account {
        /// Dollars.
        Cash = "cash",
        /// Dollars.
        TotalValue = "total_value",
        /// Dollars since the day began.
        DayPnl = "day_pnl",
        /// Percent below the account's highest value: 0 at the high, 25 a quarter below it.
        DrawdownPercent = "drawdown_percent",
    }
}

word_enum! {
    pub enum PositionField {
        /// Shares; 0 if the ticker is not held.
        Quantity = "quantity",
        /// Percent of the total value.
        WeightPercent = "weight_percent",
        /// Percent of the cost basis.
        UnrealizedPnlPercent = "unrealized_pnl_percent",
    }
}

/// An indicator over the closes of a ticker's candles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Indicator {
    pub study: Study,
    pub ticker: Ticker,
    /// Candles; from 1 to [`PERIOD_MAX`].
    pub period: u32,
    pub interval: Interval,
    pub on: Basis,
}

pub const PERIOD_MAX: u32 = 400;

/// A time of day in a time zone. Its value is the number of minutes since then on the zone's current day, negative
/// before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimeOfDay {
    /// From 0 to 1,439.
    pub minute_of_day: u16,
    /// A zone of the IANA database, such as `America/New_York`.
    pub zone: String,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Number(f64),
    /// Dollars.
    Price(Ticker),
    DayChangePercent(Ticker),
    /// Shares traded since the day began.
    Volume(Ticker),
    Indicator(Indicator),
    Account(Account),
    Position {
        ticker: Ticker,
        field: PositionField,
    },
    Time(TimeOfDay),
}

impl Operand {
    /// The operand's ticker, if it has one.
    pub fn ticker(&self) -> Option<Ticker> {
        match self {
            Self::Price(ticker)
            | Self::DayChangePercent(ticker)
            | Self::Volume(ticker)
            | Self::Position { ticker, .. } => Some(*ticker),
            Self::Indicator(indicator) => Some(indicator.ticker),
            Self::Number(_) | Self::Account(_) | Self::Time(_) => None,
        }
    }
}

/// Reason why an object is not a valid operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOperand {
    #[error(
        "an operand is a number, or an object with one of price, day_change_percent, volume, indicator, account, position \
         or time, and with the fields that belong to it"
    )]
    Form,
    #[error("a period is from 1 to {PERIOD_MAX} candles")]
    Period,
    #[error("a time is written as 15:45")]
    Time,
    #[error("a zone is a name such as America/New_York or UTC")]
    Zone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOperand {
    price: Option<Ticker>,
    day_change_percent: Option<Ticker>,
    volume: Option<Ticker>,
    indicator: Option<Study>,
    account: Option<Account>,
    position: Option<Ticker>,
    time: Option<String>,
    ticker: Option<Ticker>,
    period: Option<u32>,
    interval: Option<Interval>,
    on: Option<Basis>,
    field: Option<PositionField>,
    zone: Option<String>,
}

impl RawOperand {
    /// Takes the fields of one kind of operand; leftover fields are an error.
    fn operand(mut self) -> Result<Operand, InvalidOperand> {
        let operand = self.take_operand()?;
        let Self { price, day_change_percent, volume, indicator, account, position, time, .. } = &self;
        let Self { ticker, period, interval, on, field, zone, .. } = &self;
        let tickers = [price, day_change_percent, volume, position, ticker];
        let has_more = tickers.into_iter().any(Option::is_some)
            || indicator.is_some()
            || account.is_some()
            || time.is_some()
            || period.is_some()
            || interval.is_some()
            || on.is_some()
            || field.is_some()
            || zone.is_some();
        if has_more { Err(InvalidOperand::Form) } else { Ok(operand) }
    }

    fn take_operand(&mut self) -> Result<Operand, InvalidOperand> {
        if let Some(ticker) = self.price.take() {
            return Ok(Operand::Price(ticker));
        }
        if let Some(ticker) = self.day_change_percent.take() {
            return Ok(Operand::DayChangePercent(ticker));
        }
        if let Some(ticker) = self.volume.take() {
            return Ok(Operand::Volume(ticker));
        }
        if let Some(account) = self.account.take() {
            return Ok(Operand::Account(account));
        }
        if let Some(ticker) = self.position.take() {
            let field = self.field.take().ok_or(InvalidOperand::Form)?;
            return Ok(Operand::Position { ticker, field });
        }
        if let Some(study) = self.indicator.take() {
            return self.take_indicator(study);
        }
        let (Some(time), Some(zone)) = (self.time.take(), self.zone.take()) else {
            return Err(InvalidOperand::Form);
        };
        TimeOfDay::parse(&time, zone).map(Operand::Time)
    }

    fn take_indicator(&mut self, study: Study) -> Result<Operand, InvalidOperand> {
        let (Some(ticker), Some(period), Some(interval)) =
            (self.ticker.take(), self.period.take(), self.interval.take())
        else {
            return Err(InvalidOperand::Form);
        };
        if !(1..=PERIOD_MAX).contains(&period) {
            return Err(InvalidOperand::Period);
        }
        let on = self.on.take().unwrap_or(Basis::Closed);
        Ok(Operand::Indicator(Indicator { study, ticker, period, interval, on }))
    }
}

impl TimeOfDay {
    const ZONE_LENGTH_MAX: usize = 64;

    /// Parses a time such as `15:45`.
    ///
    /// # Errors
    /// If it is not a time of day, or the zone is not well-formed. Whether the zone exists is checked elsewhere.
    pub fn parse(time: &str, zone: String) -> Result<Self, InvalidOperand> {
        let number = |digits: &str| {
            let is_good = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_good.then(|| digits.parse::<u16>().ok()).flatten()
        };
        let (hour, minute) = time.split_once(':').ok_or(InvalidOperand::Time)?;
        let (Some(hour @ 0..24), Some(minute @ 0..60)) = (number(hour), number(minute)) else {
            return Err(InvalidOperand::Time);
        };
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        if !(1..=Self::ZONE_LENGTH_MAX).contains(&zone.len()) || !zone.bytes().all(is_sign) {
            return Err(InvalidOperand::Zone);
        }
        Ok(Self { minute_of_day: hour * 60 + minute, zone })
    }
}

/// `15:45`
impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minute_of_day / 60, self.minute_of_day % 60)
    }
}

impl Serialize for Operand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Number(number) = self {
            return serializer.serialize_f64(*number);
        }
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Number(_) => {}
            Self::Price(ticker) => map.serialize_entry("price", ticker)?,
            Self::DayChangePercent(ticker) => map.serialize_entry("day_change_percent", ticker)?,
            Self::Volume(ticker) => map.serialize_entry("volume", ticker)?,
            Self::Account(account) => map.serialize_entry("account", account)?,
            Self::Position { ticker, field } => {
                map.serialize_entry("position", ticker)?;
                map.serialize_entry("field", field)?;
            }
            Self::Indicator(indicator) => {
                map.serialize_entry("indicator", &indicator.study)?;
                map.serialize_entry("ticker", &indicator.ticker)?;
                map.serialize_entry("period", &indicator.period)?;
                map.serialize_entry("interval", &indicator.interval)?;
                map.serialize_entry("on", &indicator.on)?;
            }
            Self::Time(time) => {
                map.serialize_entry("time", &time.to_string())?;
                map.serialize_entry("zone", &time.zone)?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Operand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrObject;
        impl<'de> Visitor<'de> for NumberOrObject {
            type Value = Operand;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or an object such as {\"price\": \"NVDA\"}")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Operand, E> {
                Ok(Operand::Number(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Operand, E> {
                Ok(Operand::Number(number as f64))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Operand, E> {
                Ok(Operand::Number(number as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Operand, A::Error> {
                RawOperand::deserialize(MapAccessDeserializer::new(map))?.operand().map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(NumberOrObject)
    }
}
