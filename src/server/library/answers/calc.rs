//! Evaluates a model's calculation on the server: numbers, `+ - * /` and brackets, in exact decimals.

use super::decimal::Decimal;
use crate::domain::library::words::number_length;

/// Longest calculation, in characters.
const CHARS_MAX: usize = 200;
const DEPTH_MAX: usize = 16;

/// A calculation with its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calculated {
    /// Values of the numbers in it.
    pub operands: Vec<Decimal>,
    pub result: Decimal,
}

/// Evaluates a calculation; `None` if it cannot be parsed, divides by zero or exceeds 30 digits.
pub fn calculate(text: &str) -> Option<Calculated> {
    if text.chars().count() > CHARS_MAX {
        return None;
    }
    let text: String = text.chars().filter(|mark| !mark.is_whitespace() && *mark != '$').collect();
    let text = text.replace(['×', '·'], "*").replace(['÷', '∕'], "/").replace(['−', '–'], "-");
    let mut parser = Parser { rest: &text, operands: Vec::new(), depth: 0 };
    let result = parser.sum()?;
    (parser.rest.is_empty() && parser.operands.len() >= 2).then_some(Calculated { operands: parser.operands, result })
}

struct Parser<'a> {
    rest: &'a str,
    operands: Vec<Decimal>,
    depth: usize,
}

impl Parser<'_> {
    fn takes(&mut self, mark: char) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn sum(&mut self) -> Option<Decimal> {
        let mut sum = self.product()?;
        loop {
            if self.takes('+') {
                sum = sum.add(self.product()?)?;
            } else if self.takes('-') {
                sum = sum.add(self.product()?.negated())?;
            } else {
                return Some(sum);
            }
        }
    }

    fn product(&mut self) -> Option<Decimal> {
        let mut product = self.factor()?;
        loop {
            if self.takes('*') {
                product = product.times(self.factor()?)?;
            } else if self.takes('/') {
                product = product.divided_by(self.factor()?)?;
            } else {
                return Some(product);
            }
        }
    }

    fn factor(&mut self) -> Option<Decimal> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let factor = if self.takes('-') {
            self.factor()?.negated()
        } else if self.takes('(') {
            let sum = self.sum()?;
            self.takes(')').then_some(sum)?
        } else {
            let length = number_length(self.rest);
            let number = Decimal::parse(&self.rest[..length])?;
            self.rest = &self.rest[length..];
            self.operands.push(number);
            if self.takes('%') { number.divided_by(Decimal::HUNDRED)? } else { number }
        };
        self.depth -= 1;
        Some(factor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("66,608 - 62,286", "4322")]
    #[case("(66608-62286)/62286*100", "6.9389589956")]
    #[case("2*(3+4)-5", "9")]
    #[case("-3 + 5", "2")]
    #[case("$ 10 ÷ 4", "2.5")]
    #[case("50% * 10", "5")]
    fn a_calculation_is_exact(#[case] text: &str, #[case] result: &str) {
        assert_eq!(calculate(text).unwrap().result.rounded(10).to_string(), result);
    }

    #[rstest]
    #[case("5")]
    #[case("1/0")]
    #[case("1+")]
    #[case("(1+2")]
    #[case("1+2)")]
    #[case("system(1)")]
    #[case("1 2")]
    #[case("((((((((((((((((((1+1))))))))))))))))))")]
    fn what_is_none_is_refused(#[case] text: &str) {
        assert_eq!(calculate(text), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9.,+*/()% -]{0,60}") {
            calculate(&text);
        }
    }
}
