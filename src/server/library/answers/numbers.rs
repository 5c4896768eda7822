//! Finds the numbers of a text, with their units, and tells whether a number occurs in a source.

use super::decimal::Decimal;
use crate::domain::library::words::number_length;

/// A number found in a text. Signs are ignored: a loss of 5 may be written `(5)`, `-5` or in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The number as written, without its unit.
    pub written: String,
    pub value: Decimal,
    pub unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// No unit follows; it may stand in the table's head.
    Bare,
    Percent,
    /// A power of ten: 6 for millions.
    Power(i32),
}

impl Number {
    /// Whether the number is a year. Sources often state years in a head.
    pub fn is_year(&self) -> bool {
        let year = self.written.len() == 4 && !self.written.contains([',', '.']);
        year && self.unit == Unit::Bare && (self.written.starts_with("19") || self.written.starts_with("20"))
    }

    /// Whether `source` is the same number after units are applied: 1,577 million equals 1.577 billion. A source's
    /// number without a unit may be in one of these `scales`, powers of ten ([`scales`]).
    pub fn stands_as(&self, source: &Self, scales: &[i32]) -> bool {
        match (self.unit, source.unit) {
            (Unit::Percent, Unit::Percent | Unit::Bare) | (Unit::Bare, Unit::Percent) => self.value == source.value,
            (Unit::Percent, Unit::Power(_)) | (Unit::Power(_), Unit::Percent) => false,
            (Unit::Bare, Unit::Bare) => self.value == source.value,
            (Unit::Power(own), Unit::Power(other)) => self.value.shifted(own) == source.value.shifted(other),
            (Unit::Bare, Unit::Power(power)) => {
                Some(self.value) == source.value.shifted(power) || self.value == source.value
            }
            (Unit::Power(power), Unit::Bare) => {
                let full = self.value.shifted(power);
                scales.iter().any(|scale| full == source.value.shifted(*scale))
            }
        }
    }
}

/// Powers of ten that a passage's numbers without a unit may be in: those that it states, "in millions", and none; any where
/// it states none, since the head of its table may stand elsewhere.
pub fn scales(passage: &str) -> Vec<i32> {
    let lower = passage.to_lowercase();
    let units = [(3, "thousands"), (6, "millions"), (9, "billions")];
    let stated = |word: &str| {
        lower.match_indices(word).any(|(at, _)| {
            let before = lower[..at].trim_end();
            before.ends_with(" in") || before.ends_with("(in") || before == "in" || before.ends_with('$')
        })
    };
    let mut scales: Vec<i32> = units.iter().filter(|(_, word)| stated(word)).map(|(power, _)| *power).collect();
    if scales.is_empty() {
        scales = units.iter().map(|(power, _)| *power).collect();
    }
    scales.insert(0, 0);
    scales
}

/// Numbers of a text, in order. Digits within a name, such as `10-K` or `Q4`, are skipped.
pub fn numbers(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find(|character: char| character.is_ascii_digit()).map(|offset| at + offset) {
        let end = begin + number_length(&text[begin..]);
        at = end;
        let written = &text[begin..end];
        let before = text[..begin].chars().next_back();
        let after = &text[end..];
        let is_name = before.is_some_and(char::is_alphabetic) || is_name_after(after);
        if let (Some(value), false) = (Decimal::parse(written), is_name) {
            found.push(Number { written: written.to_owned(), value, unit: unit(after) });
        }
    }
    found
}

/// Whether the letters after a number make it a name: `K` of `10-K`, `th` of `4th`; one-letter units do not.
fn is_name_after(after: &str) -> bool {
    let mut letters = after.strip_prefix('-').unwrap_or(after).chars();
    match letters.next() {
        Some(first) if first.is_alphabetic() => {
            let is_joined = !after.starts_with('-');
            let word: String =
                std::iter::once(first).chain(letters.take_while(|letter| letter.is_alphabetic())).collect();
            if is_joined { power(&word).is_none() && word != "x" } else { word.len() == 1 }
        }
        _ => false,
    }
}

fn unit(after: &str) -> Unit {
    let rest = after.trim_start_matches([' ', '\u{a0}', '-', ')']);
    if rest.starts_with('%') {
        return Unit::Percent;
    }
    let word: String = rest.chars().take_while(|letter| letter.is_alphabetic()).collect();
    match word.to_lowercase().as_str() {
        "percent" | "pct" => Unit::Percent,
        _ => power(&word).map_or(Unit::Bare, Unit::Power),
    }
}

fn power(word: &str) -> Option<i32> {
    match word.to_lowercase().as_str() {
        "thousand" | "thousands" | "k" => Some(3),
        "million" | "millions" | "mn" | "mm" | "m" => Some(6),
        "billion" | "billions" | "bn" | "b" => Some(9),
        "trillion" | "trillions" | "tn" => Some(12),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn one(text: &str) -> Number {
        let found = numbers(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found.into_iter().next().unwrap()
    }

    #[rstest]
    #[case("$1.577 billion", "1,577 million", true)]
    #[case("$66,608 million", "Revenues   $ 66,608", true)]
    #[case("$66.608 billion", "Revenues   $ 66,608", true)]
    #[case("66,608", "$ 66,608", true)]
    #[case("7%", "7 percent", true)]
    #[case("7%", "7", true)]
    #[case("(4.5)", "-4.50", true)]
    #[case("$66.6 billion", "66,608", false)]
    #[case("66,808", "66,608", false)]
    #[case("7%", "7 million", false)]
    #[case("5 million", "5 billion", false)]
    fn a_number_is_the_same_in_another_unit(#[case] text: &str, #[case] source: &str, #[case] same: bool) {
        assert_eq!(one(text).stands_as(&one(source), &scales("")), same);
    }

    #[rstest]
    #[case("$66,608 million", "(Dollars in millions)", true)]
    #[case("$66.608 billion", "(Dollars in millions)", true)]
    #[case("66,608", "(Dollars in millions)", true)]
    #[case("$66,608 billion", "(Dollars in millions)", false)]
    #[case("$66,608 thousand", "(In millions)", false)]
    #[case("$66,608 million", "($ in thousands, except per share data)", false)]
    #[case("$66,608 billion", "Revenue rose by millions.", true)]
    fn the_unit_that_a_passage_states_is_the_one_of_its_numbers(
        #[case] text: &str,
        #[case] head: &str,
        #[case] same: bool,
    ) {
        assert_eq!(one(text).stands_as(&one("Revenues   $ 66,608"), &scales(head)), same);
    }

    #[test]
    fn digits_of_names_are_no_numbers() {
        let found = numbers("The 10-K for Q4 says the 4th of 12 units sold 3.5x in FY2022, 2m more.");
        let written: Vec<_> = found.iter().map(|number| number.written.as_str()).collect();
        assert_eq!(written, ["12", "3.5", "2"]);
        assert!(one("in 2022").is_year() && !one("2,022 units").is_year());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,60}") {
            numbers(&text);
        }
    }
}
