//! Orders as people type them: `buy 5 NVDA`.

use super::{money::Quantity, order::Side, ticker::Ticker};

/// An order that was typed, before anybody confirmed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypedOrder {
    pub side: Side,
    pub quantity: Quantity,
    pub ticker: Ticker,
}

impl TypedOrder {
    /// Reads a side, a quantity and a ticker, the last two in either order, and nothing besides. People write thousands
    /// apart (`1,000`), and `b` or `s` for the side.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let side = match words.next()?.to_ascii_lowercase().as_str() {
            "buy" | "b" => Side::Buy,
            "sell" | "s" => Side::Sell,
            _ => return None,
        };
        let (first, second) = (words.next()?, words.next()?);
        if words.next().is_some() {
            return None;
        }
        let read = |quantity: &str, ticker: &str| {
            let quantity = quantity.replace(',', "").parse().ok()?;
            Some(Self { side, quantity, ticker: ticker.parse().ok()? })
        };
        read(first, second).or_else(|| read(second, first))
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
    #[case("s 1,000 v", Side::Sell, "1000", "V")]
    fn an_order_is_read(#[case] text: &str, #[case] side: Side, #[case] quantity: &str, #[case] ticker: &str) {
        let (quantity, ticker) = (quantity.parse().unwrap(), ticker.parse().unwrap());
        assert_eq!(TypedOrder::read(text), Some(TypedOrder { side, quantity, ticker }));
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
    #[case::another_verb("short 5 NVDA")]
    fn what_is_no_order_is_none(#[case] text: &str) {
        assert_eq!(TypedOrder::read(text), None);
    }
}
