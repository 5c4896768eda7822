//! Evaluates a condition over time, and detects when it becomes true.
//!
//! - If any operand is unknown, the whole condition is unknown. Then nothing fires, and the watch's memory is
//!   unchanged.
//! - `crosses_above` is true if the left side is above the right one now and was not at the previous evaluation; it is
//!   never true at the first one.
//! - A watch fires when its condition becomes true, which includes the first known evaluation, and again only after the
//!   condition was false.

use super::{Comparison, Condition, Node, operand::Operand};
use crate::domain::words::word_enum;

/// Source of operands' values.
pub trait Values {
    /// The operand's current value, in its unit; `None` if unknown.
    fn value(&self, operand: &Operand) -> Option<f64>;
}

word_enum! {
    /// Value of a condition.
    pub enum Verdict {
        True = "true",
        False = "false",
        /// A value is not known.
        Unknown = "unknown",
    }
}

/// State of a watch between evaluations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    was_true: Option<bool>,
    /// For each crossing comparison, from left to right: whether it was beyond at the previous evaluation.
    beyond: Vec<Option<bool>>,
}

/// Outcome of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    pub verdict: Verdict,
    /// Whether the condition has just become true.
    pub fires: bool,
}

impl Watch {
    /// Evaluates the condition.
    pub fn evaluate(&mut self, condition: &Condition, values: &impl Values) -> Evaluation {
        let mut crossings = Crossings { before: &self.beyond, now: Vec::new() };
        let Some(is_true) = holds(condition.root(), values, &mut crossings) else {
            return Evaluation { verdict: Verdict::Unknown, fires: false };
        };
        self.beyond = crossings.now;
        let fires = is_true && self.was_true != Some(true);
        self.was_true = Some(is_true);
        Evaluation { verdict: if is_true { Verdict::True } else { Verdict::False }, fires }
    }

    /// The condition's value at the last known evaluation, to be saved.
    pub fn was_true(&self) -> Option<bool> {
        self.was_true
    }

    /// Restores a watch after a restart: it fires again only after the condition was false.
    pub fn resumed(was_true: Option<bool>) -> Self {
        Self { was_true, beyond: Vec::new() }
    }
}

struct Crossings<'a> {
    before: &'a [Option<bool>],
    now: Vec<Option<bool>>,
}

/// Evaluates a node; `None` if an operand is unknown. Every part is evaluated, so that each crossing sees each price.
fn holds(node: &Node, values: &impl Values, crossings: &mut Crossings<'_>) -> Option<bool> {
    let mut each = |parts: &[Node]| -> Option<Vec<bool>> {
        let verdicts: Vec<Option<bool>> = parts.iter().map(|part| holds(part, values, crossings)).collect();
        verdicts.into_iter().collect()
    };
    match node {
        Node::All(parts) => Some(each(parts)?.into_iter().all(|is_true| is_true)),
        Node::Any(parts) => Some(each(parts)?.into_iter().any(|is_true| is_true)),
        Node::Not(part) => holds(part, values, crossings).map(|is_true| !is_true),
        Node::Compare { left, op, right } => {
            let sides = known(left, values).zip(known(right, values));
            compare(*op, sides, crossings)
        }
    }
}

fn known(operand: &Operand, values: &impl Values) -> Option<f64> {
    match operand {
        Operand::Number(number) => Some(*number),
        other => values.value(other),
    }
    .filter(|value| !value.is_nan())
}

fn compare(op: Comparison, sides: Option<(f64, f64)>, crossings: &mut Crossings<'_>) -> Option<bool> {
    let is_beyond = |is_beyond: Option<bool>, crossings: &mut Crossings<'_>| {
        let before = crossings.before.get(crossings.now.len()).copied().flatten();
        crossings.now.push(is_beyond);
        Some(is_beyond? && before == Some(false))
    };
    match op {
        Comparison::Above => sides.map(|(left, right)| left > right),
        Comparison::AtLeast => sides.map(|(left, right)| left >= right),
        Comparison::Below => sides.map(|(left, right)| left < right),
        Comparison::AtMost => sides.map(|(left, right)| left <= right),
        Comparison::CrossesAbove => is_beyond(sides.map(|(left, right)| left > right), crossings),
        Comparison::CrossesBelow => is_beyond(sides.map(|(left, right)| left < right), crossings),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// Prices of A and B.
    struct Prices(HashMap<&'static str, f64>);

    impl Values for Prices {
        fn value(&self, operand: &Operand) -> Option<f64> {
            let Operand::Price(ticker) = operand else { return None };
            self.0.get(ticker.as_str()).copied()
        }
    }

    fn prices(a: Option<f64>, b: Option<f64>) -> Prices {
        Prices([("A", a), ("B", b)].into_iter().filter_map(|(ticker, price)| Some((ticker, price?))).collect())
    }

    fn condition(json: serde_json::Value) -> Condition {
        serde_json::from_value(json).unwrap()
    }

    fn above(ticker: &str, price: f64) -> serde_json::Value {
        json!({"left": {"price": ticker}, "op": ">", "right": price})
    }

    #[rstest]
    #[case::above(">", [false, false, true])]
    #[case::at_least(">=", [false, true, true])]
    #[case::below("<", [true, false, false])]
    #[case::at_most("<=", [true, true, false])]
    fn a_comparison_compares(#[case] op: &str, #[case] expected: [bool; 3]) {
        let condition = condition(json!({"left": {"price": "A"}, "op": op, "right": 190.42}));
        let found = [190.41, 190.42, 190.43]
            .map(|price| Watch::default().evaluate(&condition, &prices(Some(price), None)).verdict == Verdict::True);
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case::all("all", [false, false, true])]
    #[case::any("any", [false, true, true])]
    fn groups_combine(#[case] group: &str, #[case] expected: [bool; 3]) {
        let condition = condition(json!({group: [above("A", 100.0), above("B", 100.0)]}));
        let found = [(1.0, 1.0), (101.0, 1.0), (101.0, 101.0)]
            .map(|(a, b)| Watch::default().evaluate(&condition, &prices(Some(a), Some(b))).verdict == Verdict::True);
        assert_eq!(found, expected);
    }

    #[test]
    fn not_turns_it_round() {
        let condition = condition(json!({"not": above("A", 100.0)}));
        let verdict = |price| Watch::default().evaluate(&condition, &prices(Some(price), None)).verdict;
        assert_eq!((verdict(99.0), verdict(101.0)), (Verdict::True, Verdict::False));
    }

    #[rstest]
    #[case::any(json!({"any": [above("A", 100.0), above("B", 100.0)]}))]
    #[case::all(json!({"all": [above("A", 1000.0), above("B", 100.0)]}))]
    #[case::not(json!({"not": above("B", 100.0)}))]
    fn an_operand_that_is_not_known_makes_it_unknown(#[case] json: serde_json::Value) {
        let mut watch = Watch::default();
        let evaluation = watch.evaluate(&condition(json), &prices(Some(101.0), None));
        assert_eq!(evaluation, Evaluation { verdict: Verdict::Unknown, fires: false });
        assert_eq!(watch, Watch::default());
    }

    /// Steps of A's prices at which the condition fires; `None` is an unknown price.
    fn fires(json: serde_json::Value, steps: &[Option<f64>]) -> Vec<usize> {
        let (condition, mut watch) = (condition(json), Watch::default());
        let evaluations = steps.iter().map(|price| watch.evaluate(&condition, &prices(*price, None)));
        evaluations.enumerate().filter(|(_, evaluation)| evaluation.fires).map(|(step, _)| step).collect()
    }

    fn known_prices(prices: &[f64]) -> Vec<Option<f64>> {
        prices.iter().copied().map(Some).collect()
    }

    #[test]
    fn it_fires_when_it_becomes_true_and_again_only_after_it_was_false() {
        let steps = known_prices(&[99.0, 101.0, 102.0, 99.0, 101.0, 101.0]);
        assert_eq!(fires(above("A", 100.0), &steps), [1, 4]);
        assert_eq!(fires(above("A", 100.0), &known_prices(&[101.0, 101.0])), [0], "it is true from the start");
    }

    #[test]
    fn what_is_not_known_in_between_is_passed_over() {
        let steps = [Some(99.0), None, Some(101.0), None, Some(102.0)];
        assert_eq!(fires(above("A", 100.0), &steps), [2]);
        let crossing = json!({"left": {"price": "A"}, "op": "crosses_above", "right": 100});
        assert_eq!(fires(crossing, &steps), [2]);
    }

    #[rstest]
    #[case::above("crosses_above", &[101.0, 102.0, 99.0, 101.0, 100.0, 101.0], &[3, 5])]
    #[case::below("crosses_below", &[99.0, 98.0, 101.0, 99.0, 100.0, 99.0], &[3, 5])]
    #[case::reached_exactly("crosses_above", &[99.0, 100.0, 100.01], &[2])]
    fn a_crossing_needs_the_other_side_before(#[case] op: &str, #[case] steps: &[f64], #[case] expected: &[usize]) {
        let condition = json!({"left": {"price": "A"}, "op": op, "right": 100});
        assert_eq!(fires(condition, &known_prices(steps)), expected);
    }

    #[test]
    fn every_crossing_sees_every_price() {
        // The first part alone would decide the result.
        let crossing = |level: u32| json!({"left": {"price": "A"}, "op": "crosses_above", "right": level});
        let either = json!({"any": [crossing(100), crossing(200)]});
        assert_eq!(fires(either, &known_prices(&[99.0, 101.0, 150.0, 201.0])), [1, 3]);
    }

    #[test]
    fn a_watch_that_goes_on_does_not_fire_again() {
        let condition = condition(above("A", 100.0));
        let mut watch = Watch::resumed(Some(true));
        assert!(!watch.evaluate(&condition, &prices(Some(101.0), None)).fires);
        assert!(!watch.evaluate(&condition, &prices(Some(99.0), None)).fires);
        assert!(watch.evaluate(&condition, &prices(Some(101.0), None)).fires);
    }
}
