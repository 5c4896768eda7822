//! A condition as a sentence: `NVDA is above 850 and RSI(14) of NVDA on closed 1h candles is below 30`.

use std::fmt;

use super::{
    Comparison, Condition, Node,
    operand::{Account, Basis, Indicator, Operand, PositionField, Study},
};

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(|number| number.to_string()))
    }
}

impl Condition {
    /// The condition in words, with its numbers written by `number`: a client without exact float formatting has its own.
    pub fn sentence(&self, number: fn(f64) -> String) -> String {
        words(self.root(), Joined::Alone, number)
    }
}

/// Context of a part, which decides whether it needs brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    Alone,
    InGroup,
}

fn words(node: &Node, joined: Joined, number: fn(f64) -> String) -> String {
    let group = |parts: &[Node], word: &str| {
        let inside = if parts.len() > 1 { Joined::InGroup } else { joined };
        let text = parts.iter().map(|part| words(part, inside, number)).collect::<Vec<_>>().join(word);
        if parts.len() > 1 && joined == Joined::InGroup { format!("({text})") } else { text }
    };
    match node {
        Node::All(parts) => group(parts, " and "),
        Node::Any(parts) => group(parts, " or "),
        Node::Not(part) => format!("not ({})", words(part, Joined::Alone, number)),
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
            format!("{} {verb} {}", side(left, number), side(right, number))
        }
    }
}

/// `NVDA`, `the day's change of NVDA in percent`, `850`.
impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&side(self, |number| number.to_string()))
    }
}

/// One side of a comparison in words.
fn side(operand: &Operand, number: fn(f64) -> String) -> String {
    match operand {
        Operand::Number(value) => number(*value),
        Operand::Price(ticker) => ticker.to_string(),
        Operand::DayChangePercent(ticker) => format!("the day's change of {ticker} in percent"),
        Operand::Volume(ticker) => format!("the day's volume of {ticker}"),
        Operand::Indicator(indicator) => indicator.to_string(),
        Operand::Account(account) => account_words(*account).to_owned(),
        Operand::Position { ticker, field: PositionField::Quantity } => format!("the shares held of {ticker}"),
        Operand::Position { ticker, field: PositionField::WeightPercent } => {
            format!("the weight of {ticker} in percent")
        }
        Operand::Position { ticker, field: PositionField::UnrealizedPnlPercent } => {
            format!("the unrealised P&L of {ticker} in percent")
        }
        Operand::Time(time) => format!("the minutes since {time} {}", time.zone),
    }
}

fn account_words(account: Account) -> &'static str {
    match account {
        Account::Cash => "cash",
        Account::TotalValue => "the total value",
        Account::DayPnl => "the day's P&L",
        Account::DrawdownPercent => "the drawdown in percent",
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
