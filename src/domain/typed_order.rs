//! Orders as people type them: `buy 5 NVDA`, `buy 5 NVDA @ 790`, `sell 5 NVDA stop 770`.

use super::{
    money::{Price, Quantity},
    order::Side,
    ticker::Ticker,
    typed_number::{UnreadableQuantity, read_number, read_quantity},
};

/// A typed order that is not confirmed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypedOrder {
    pub side: Side,
    pub quantity: Quantity,
    pub ticker: Ticker,
    /// What it waits for; a market order waits for nothing.
    pub price: Option<TypedPrice>,
}

/// The price that an order waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedPrice {
    Limit(Price),
    Stop(Price),
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
    /// Parses a side, a [quantity](read_quantity) and a ticker, the last two in either order, then an optional price, and
    /// nothing else; `b` and `s` are sides too. The price follows `@`, `at` or `limit`, or `stop`.
    pub fn read(text: &str) -> Option<Typed> {
        let (text, price) = split_price(text)?;
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
        let read = |number: &[&str], ticker| Self::read_parts(side, number, ticker, price);
        read(before, last).or_else(|| read(behind, first))
    }

    fn read_parts(side: Side, number: &[&str], ticker: &str, price: Option<TypedPrice>) -> Option<Typed> {
        let ticker = ticker.parse().ok()?;
        let order = |quantity| Self { side, quantity, ticker, price };
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

/// The text before a price, and that price; nothing where what stands in its place is none.
pub fn split_price(text: &str) -> Option<(String, Option<TypedPrice>)> {
    let spaced = text.replace('@', " @ ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let is_mark = |word: &&str| ["@", "at", "limit", "stop"].iter().any(|mark| word.eq_ignore_ascii_case(mark));
    let Some(at) = words.iter().position(is_mark) else {
        return Some((text.to_owned(), None));
    };
    let number = words[at + 1..].join(" ");
    let price = read_number(number.trim_start_matches('$')).ok()?.parse().ok()?;
    let price = if words[at].eq_ignore_ascii_case("stop") { TypedPrice::Stop(price) } else { TypedPrice::Limit(price) };
    Some((words[..at].join(" "), Some(price)))
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
        assert_eq!(TypedOrder::read(text), Some(Typed::Order(TypedOrder { side, quantity, ticker, price: None })));
    }

    #[rstest]
    #[case("buy 5 NVDA @ 790", Side::Buy, TypedPrice::Limit("790".parse().unwrap()))]
    #[case("buy 5 nvda @790.5", Side::Buy, TypedPrice::Limit("790.5".parse().unwrap()))]
    #[case("b nvda 5 at $790,25", Side::Buy, TypedPrice::Limit("790.25".parse().unwrap()))]
    #[case("buy 5 NVDA limit 790", Side::Buy, TypedPrice::Limit("790".parse().unwrap()))]
    #[case("sell 5 NVDA stop 770", Side::Sell, TypedPrice::Stop("770".parse().unwrap()))]
    fn a_price_may_stand_behind(#[case] text: &str, #[case] side: Side, #[case] price: TypedPrice) {
        let (quantity, ticker) = ("5".parse().unwrap(), "NVDA".parse().unwrap());
        assert_eq!(
            TypedOrder::read(text),
            Some(Typed::Order(TypedOrder { side, quantity, ticker, price: Some(price) }))
        );
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
    #[case::no_price("buy 5 NVDA @")]
    #[case::a_bad_price("buy 5 NVDA @ cheap")]
    #[case::two_prices("buy 5 NVDA @ 790 stop 770")]
    #[case::a_doubtful_price("buy 5 NVDA @ 1,790")]
    fn what_is_no_order_is_none(#[case] text: &str) {
        assert_eq!(TypedOrder::read(text), None);
    }
}
