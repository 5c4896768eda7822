//! Orders as people type them: `buy 5 NVDA`.

use super::{
    money::Quantity,
    order::Side,
    ticker::Ticker,
    typed_number::{UnreadableQuantity, read_quantity},
};

/// A typed order that is not confirmed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypedOrder {
    pub side: Side,
    pub quantity: Quantity,
    pub ticker: Ticker,
}

/// An order written as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Order(TypedOrder),
    /// Its number is ambiguous between two.
    Doubtful {
        /// The ambiguity, in words.
        reason: String,
        readings: [TypedOrder; 2],
    },
}

/// Most words of a number: spaces may group its digits.
const NUMBER_WORDS_MAX: usize = 4;

impl TypedOrder {
    /// Parses a side, a [quantity](read_quantity) and a ticker, the last two in either order, and nothing else; `b` and
    /// `s` are sides too.
    pub fn read(text: &str) -> Option<Typed> {
        let mut words = text.split_whitespace();
        let side = match words.next()?.to_ascii_lowercase().as_str() {
            "buy" | "b" => Side::Buy,
            "sell" | "s" => Side::Sell,
            _ => return None,
        };
        let words: Vec<&str> = words.take(NUMBER_WORDS_MAX + 2).collect();
        if words.len() > NUMBER_WORDS_MAX + 1 {
            return None;
        }
        let (last, before) = words.split_last()?;
        let (first, behind) = words.split_first()?;
        Self::read_parts(side, before, last).or_else(|| Self::read_parts(side, behind, first))
    }

    fn read_parts(side: Side, number: &[&str], ticker: &str) -> Option<Typed> {
        let ticker = ticker.parse().ok()?;
        let order = |quantity| Self { side, quantity, ticker };
        match read_quantity(&number.join(" ")) {
            Ok(quantity) => Some(Typed::Order(order(quantity))),
            Err(UnreadableQuantity::Invalid(_)) => None,
            Err(error @ UnreadableQuantity::Doubtful { .. }) => {
                let reason = error.to_string();
                let UnreadableQuantity::Doubtful { grouped, decimal, .. } = error else { return None };
                let readings = [order(grouped.parse().ok()?), order(decimal.parse().ok()?)];
                Some(Typed::Doubtful { reason, readings })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("buy 5 NVDA", Side::Buy, "5", "NVDA")]
    #[case("  SELL  2.5  brk.b ", Side::Sell, "2.5", "BRK.B")]
    #[case("buy nvda 5", Side::Buy, "5", "NVDA")]
    #[case("s 1000 v", Side::Sell, "1000", "V")]
    #[case("buy 2,5 NVDA", Side::Buy, "2.5", "NVDA")]
    #[case("buy 0,001 NVDA", Side::Buy, "0.001", "NVDA")]
    #[case("sell NVDA 1,234,567", Side::Sell, "1234567", "NVDA")]
    #[case("buy 1 234,5 F", Side::Buy, "1234.5", "F")]
    #[case("buy F 1 234 567", Side::Buy, "1234567", "F")]
    fn an_order_is_read(#[case] text: &str, #[case] side: Side, #[case] quantity: &str, #[case] ticker: &str) {
        let (quantity, ticker) = (quantity.parse().unwrap(), ticker.parse().unwrap());
        assert_eq!(TypedOrder::read(text), Some(Typed::Order(TypedOrder { side, quantity, ticker })));
    }

    #[rstest]
    #[case("buy 1,000 NVDA", "1000", "1")]
    #[case("sell NVDA 1,500", "1500", "1.5")]
    fn an_order_whose_number_is_one_of_two_is_neither(
        #[case] text: &str,
        #[case] grouped: &str,
        #[case] decimal: &str,
    ) {
        let Some(Typed::Doubtful { reason, readings }) = TypedOrder::read(text) else { panic!("{text} is doubtful") };
        assert_eq!(readings.map(|order| order.quantity), [grouped, decimal].map(|number| number.parse().unwrap()));
        assert!(reason.contains(" may be "), "{reason}");
    }

    #[rstest]
    #[case::nothing("")]
    #[case::no_quantity("buy NVDA")]
    #[case::no_ticker("buy 5")]
    #[case::zero("buy 0 NVDA")]
    #[case::negative("sell -1 NVDA")]
    #[case::too_fine("buy 0.0000001 NVDA")]
    #[case::not_a_number("buy NaN NVDA")]
    #[case::two_tickers("buy V NVDA")]
    #[case::more("buy 5 NVDA now")]
    #[case::two_numbers("buy 10 20 NVDA")]
    #[case::too_many_words("buy 1 234 567 890 123 NVDA")]
    #[case::a_number_alone("buy 5 000")]
    #[case::another_verb("short 5 NVDA")]
    fn what_is_no_order_is_none(#[case] text: &str) {
        assert_eq!(TypedOrder::read(text), None);
    }
}
