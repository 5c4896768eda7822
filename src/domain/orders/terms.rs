//! The words of an order: its type with the prices that belong to it, its time in force, and its class.
//!
//! | type            | prices                        | becomes                                   |
//! |-----------------|-------------------------------|-------------------------------------------|
//! | `market`        | none                          | filled at the newest price                |
//! | `limit`         | limit                         | filled there or better                    |
//! | `stop`          | stop                          | a market order when elected               |
//! | `stop_limit`    | stop, limit                   | a limit order when elected                |
//! | `trailing_stop` | trail, an amount or percent   | a market order when elected               |

use serde::{Deserialize, Serialize};

use crate::domain::{
    fixed_point::div_half_even,
    money::{Price, TrailPercent},
    order::Side,
    words::word_enum,
};

word_enum! {
    pub enum OrderType {
        Market = "market",
        Limit = "limit",
        /// Becomes a market order when the stop is reached.
        Stop = "stop",
        /// Becomes a limit order when the stop is reached.
        StopLimit = "stop_limit",
        /// A stop that follows the best price since acceptance.
        TrailingStop = "trailing_stop",
    }
}

word_enum! {
    #[derive(Default)]
    pub enum TimeInForce {
        /// Until the close of its session.
        #[default]
        Day = "day",
        /// Until it is cancelled, for at most 90 days.
        Gtc = "gtc",
        /// Until `expires_at`.
        Gtd = "gtd",
        /// As much as possible at the first eligible tick; the rest is cancelled.
        Ioc = "ioc",
        /// All at the first eligible tick, or nothing.
        Fok = "fok",
    }
}

word_enum! {
    #[derive(Default)]
    pub enum OrderClass {
        #[default]
        Simple = "simple",
        /// Two orders that reduce each other: a fill of one reduces, and finally cancels, the other.
        Oco = "oco",
        /// An order that triggers another one.
        Oto = "oto",
        /// An entry, then a take-profit and a stop-loss as a reducing pair.
        Bracket = "bracket",
    }
}

impl TimeInForce {
    /// Whether it ends at its first eligible tick.
    pub fn is_immediate(self) -> bool {
        match self {
            Self::Ioc | Self::Fok => true,
            Self::Day | Self::Gtc | Self::Gtd => false,
        }
    }
}

/// Distance of a trailing stop from the best price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trail {
    /// Dollars.
    Amount(Price),
    Percent(TrailPercent),
}

impl Trail {
    /// The stop at a mark: for a sell `mark − amount` or `mark × (1 − percent)`, for a buy with a plus. The
    /// percentage's part is rounded half to even, at least a hundredth of a cent. `None` if the stop is out of a
    /// price's range and cannot be reached.
    pub fn stop(self, side: Side, mark: Price) -> Option<Price> {
        let distance = match self {
            Self::Amount(amount) => amount.units(),
            Self::Percent(percent) => percent_of(mark, percent),
        };
        Price::from_units(match side {
            Side::Sell => mark.units() - distance,
            Side::Buy => mark.units() + distance,
        })
    }
}

/// In hundredths of a cent. A percentage is below the whole, so the result fits wherever the price does.
fn percent_of(mark: Price, percent: TrailPercent) -> i64 {
    let part = div_half_even(i128::from(mark.units()) * i128::from(percent.count()), i128::from(TrailPercent::WHOLE));
    i64::try_from(part).unwrap_or(mark.units()).max(1)
}

/// An order's type with its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Terms {
    Market,
    Limit { limit: Price },
    Stop { stop: Price },
    StopLimit { stop: Price, limit: Price },
    TrailingStop { trail: Trail },
}

impl Terms {
    pub fn order_type(self) -> OrderType {
        match self {
            Self::Market => OrderType::Market,
            Self::Limit { .. } => OrderType::Limit,
            Self::Stop { .. } => OrderType::Stop,
            Self::StopLimit { .. } => OrderType::StopLimit,
            Self::TrailingStop { .. } => OrderType::TrailingStop,
        }
    }

    pub fn limit(self) -> Option<Price> {
        match self {
            Self::Limit { limit } | Self::StopLimit { limit, .. } => Some(limit),
            Self::Market | Self::Stop { .. } | Self::TrailingStop { .. } => None,
        }
    }

    pub fn trail(self) -> Option<Trail> {
        match self {
            Self::TrailingStop { trail } => Some(trail),
            Self::Market | Self::Limit { .. } | Self::Stop { .. } | Self::StopLimit { .. } => None,
        }
    }

    /// The present stop; for a trailing stop it follows the mark.
    pub fn stop(self, side: Side, mark: Option<Price>) -> Option<Price> {
        match self {
            Self::Stop { stop } | Self::StopLimit { stop, .. } => Some(stop),
            Self::TrailingStop { trail } => trail.stop(side, mark?),
            Self::Market | Self::Limit { .. } => None,
        }
    }

    /// Whether it must be elected first.
    pub fn is_stop(self) -> bool {
        match self {
            Self::Stop { .. } | Self::StopLimit { .. } | Self::TrailingStop { .. } => true,
            Self::Market | Self::Limit { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::sell(Side::Sell, Trail::Amount(price("2")), "100", Some("98"))]
    #[case::buy(Side::Buy, Trail::Amount(price("2")), "100", Some("102"))]
    #[case::percent(Side::Sell, Trail::Percent("1.5".parse().unwrap()), "200", Some("197"))]
    #[case::buy_percent(Side::Buy, Trail::Percent("1.5".parse().unwrap()), "200", Some("203"))]
    #[case::half_to_even(Side::Sell, Trail::Percent("50".parse().unwrap()), "0.0005", Some("0.0003"))]
    #[case::at_least_a_step(Side::Sell, Trail::Percent("0.0001".parse().unwrap()), "1", Some("0.9999"))]
    #[case::below_zero(Side::Sell, Trail::Amount(price("2")), "1.5", None)]
    #[case::beyond_the_dearest(Side::Buy, Trail::Amount(price("9999999")), "2", None)]
    fn a_trail_follows_its_mark(
        #[case] side: Side,
        #[case] trail: Trail,
        #[case] mark: &str,
        #[case] stop: Option<&str>,
    ) {
        assert_eq!(trail.stop(side, price(mark)), stop.map(price));
    }
}
