//! A condition as a sentence: `NVDA is above 850 and RSI(14) of NVDA on closed 1h candles is below 30`.

use std::fmt;

use super::{
    Comparison, Condition, Node,
    operand::{Account, Basis, Indicator, Operand, PositionField, Study},
};

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(self.root(), Joined::Alone))
    }
}

/// Context of a part, which decides whether it needs brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    Alone,
    InGroup,
}

fn words(node: &Node, joined: Joined) -> String {
    let group = |parts: &[Node], word: &str| {
        let inside = if parts.len() > 1 { Joined::InGroup } else { joined };
        let text = parts.iter().map(|part| words(part, inside)).collect::<Vec<_>>().join(word);
        if parts.len() > 1 && joined == Joined::InGroup { format!("({text})") } else { text }
    };
    match node {
        Node::All(parts) => group(parts, " and "),
        Node::Any(parts) => group(parts, " or "),
        Node::Not(part) => format!("not ({})", words(part, Joined::Alone)),
        Node::Compare { left: Operand::Time(time), op, right: Operand::Number(0.0) } => {
            let when = match op {
                Comparison::Above => "is after",
                Comparison::AtLeast => "is at or after",
                Comparison::Below => "is before",
                Comparison::AtMost => "is at or before",
                Comparison::CrossesAbove => "passes",
                Comparison::CrossesBelow => "falls back before",
            };
            format!("the time {when} {time} {}", time.zone)
        }
        Node::Compare { left, op, right } => {
            let verb = match op {
                Comparison::Above => "is above",
                Comparison::AtLeast => "is at least",
                Comparison::Below => "is below",
                Comparison::AtMost => "is at most",
                Comparison::CrossesAbove => "crosses above",
                Comparison::CrossesBelow => "crosses below",
            };
            format!("{left} {verb} {right}")
        }
    }
}

/// `NVDA`, `the day's change of NVDA in percent`, `850`.
impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Price(ticker) => write!(f, "{ticker}"),
            Self::DayChangePercent(ticker) => write!(f, "the day's change of {ticker} in percent"),
            Self::Volume(ticker) => write!(f, "the day's volume of {ticker}"),
            Self::Indicator(indicator) => indicator.fmt(f),
            Self::Account(Account::Cash) => f.write_str("cash"),
            Self::Account(Account::TotalValue) => f.write_str("the total value"),
            Self::Account(Account::DayPnl) => f.write_str("the day's P&L"),
            Self::Account(Account::DrawdownPercent) => f.write_str("the drawdown in percent"),
            Self::Position { ticker, field: PositionField::Quantity } => write!(f, "the shares held of {ticker}"),
            Self::Position { ticker, field: PositionField::WeightPercent } => {
                write!(f, "the weight of {ticker} in percent")
            }
            Self::Position { ticker, field: PositionField::UnrealizedPnlPercent } => {
                write!(f, "the unrealised P&L of {ticker} in percent")
            }
            Self::Time(time) => write!(f, "the minutes since {time} {}", time.zone),
        }
    }
}

/// `RSI(14) of NVDA on closed 1h candles`
impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.study {
            Study::Sma => "SMA",
            Study::Ema => "EMA",
            Study::Rsi => "RSI",
        };
        let basis = match self.on {
            Basis::Closed => "closed",
            Basis::Live => "live",
        };
        write!(f, "{name}({}) of {} on {basis} {} candles", self.period, self.ticker, self.interval.as_str())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case::price(json!({"left": {"price": "NVDA"}, "op": ">", "right": 850}), "NVDA is above 850")]
    #[case::crossing(
        json!({"left": {"price": "NVDA"}, "op": "crosses_below",
            "right": {"indicator": "sma", "ticker": "NVDA", "period": 20, "interval": "1d", "on": "live"}}),
        "NVDA crosses below SMA(20) of NVDA on live 1d candles"
    )]
    #[case::time(
        json!({"left": {"time": "15:45", "zone": "America/New_York"}, "op": ">=", "right": 0}),
        "the time is at or after 15:45 America/New_York"
    )]
    #[case::minutes(
        json!({"left": {"time": "09:30", "zone": "UTC"}, "op": "<", "right": 30}),
        "the minutes since 09:30 UTC is below 30"
    )]
    #[case::groups(
        json!({"all": [
            {"any": [{"left": {"account": "cash"}, "op": "<=", "right": 5.5}, {"left": {"volume": "V"}, "op": ">", "right": 1}]},
            {"not": {"left": {"position": "V", "field": "quantity"}, "op": ">=", "right": 1}}
        ]}),
        "(cash is at most 5.5 or the day's volume of V is above 1) and not (the shares held of V is at least 1)"
    )]
    #[case::group_of_one(json!({"any": [{"all": [{"left": 1, "op": "<", "right": 2}]}]}), "1 is below 2")]
    fn a_condition_is_a_sentence(#[case] condition: Value, #[case] sentence: &str) {
        assert_eq!(serde_json::from_value::<Condition>(condition).unwrap().to_string(), sentence);
    }
}
