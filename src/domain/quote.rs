//! The current price of a ticker.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    instant::UtcInstant,
    money::{Price, PriceChange},
    ticker::Ticker,
};

/// The latest price of a ticker, the one before it, and the previous trading day's close, which the day's change is
/// measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "QuoteWire", try_from = "QuoteWire")]
pub struct Quote {
    pub ticker: Ticker,
    pub price: Price,
    /// Price at the previous tick; the price itself at the first tick.
    pub previous_price: Price,
    /// Close of the previous trading day.
    pub previous_close: Price,
    /// Time of the trade at this price.
    pub at: UtcInstant,
    /// Whether the source has not confirmed the price for too long: it is shown as old, and not traded at.
    pub is_stale: bool,
}

impl Quote {
    /// Change since the previous tick.
    pub fn change(&self) -> PriceChange {
        self.price.change_from(self.previous_price)
    }

    /// Change since the previous trading day's close.
    pub fn day_change(&self) -> PriceChange {
        self.price.change_from(self.previous_close)
    }

    pub fn change_percent(&self) -> f64 {
        self.change().percent_of(self.previous_price)
    }

    pub fn day_change_percent(&self) -> f64 {
        self.day_change().percent_of(self.previous_close)
    }
}

/// Quotes in alphabetical order, at most one per ticker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quotes(Vec<Quote>);

impl Quotes {
    /// The ticker's quote, if any.
    pub fn get(&self, ticker: Ticker) -> Option<&Quote> {
        let index = self.0.binary_search_by_key(&ticker, |quote| quote.ticker).ok()?;
        self.0.get(index)
    }
}

impl Deref for Quotes {
    type Target = [Quote];

    fn deref(&self) -> &[Quote] {
        &self.0
    }
}

/// Keeps the later of two quotes of a ticker.
impl FromIterator<Quote> for Quotes {
    fn from_iter<I: IntoIterator<Item = Quote>>(quotes: I) -> Self {
        let mut quotes: Vec<Quote> = quotes.into_iter().collect();
        if !quotes.is_sorted_by(|one, next| one.ticker < next.ticker) {
            quotes.sort_by_key(|quote| quote.ticker);
            quotes.dedup_by(|later, kept| {
                let is_same = later.ticker == kept.ticker;
                if is_same {
                    *kept = *later;
                }
                is_same
            });
        }
        Self(quotes)
    }
}

/// Direction of a price change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Up,
    Down,
    Flat,
}

impl Direction {
    pub fn of(change: PriceChange) -> Self {
        match change.units().cmp(&0) {
            std::cmp::Ordering::Greater => Self::Up,
            std::cmp::Ordering::Less => Self::Down,
            std::cmp::Ordering::Equal => Self::Flat,
        }
    }

    /// Name in JSON and in the page's attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Flat => "flat",
        }
    }
}

/// A quote on the wire, with derived figures spelled out for readers.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Quote)]
struct QuoteWire {
    ticker: Ticker,
    price: Price,
    previous_price: Price,
    /// Time of the trade at this price, in Unix seconds.
    timestamp: f64,
    change: PriceChange,
    change_percent: f64,
    direction: Direction,
    /// Change since the previous trading day's close.
    day_change: PriceChange,
    day_change_percent: f64,
    /// Present and true if the source has not confirmed the price for too long: it is not traded at.
    #[serde(default, skip_serializing_if = "is_false")]
    stale: bool,
}

/// Takes a reference because serde calls it so.
fn is_false(value: &bool) -> bool {
    !value
}

impl PartialSchema for Quote {
    fn schema() -> RefOr<Schema> {
        QuoteWire::schema()
    }
}

impl ToSchema for Quote {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        QuoteWire::schemas(schemas);
    }
}

impl From<Quote> for QuoteWire {
    fn from(quote: Quote) -> Self {
        Self {
            ticker: quote.ticker,
            price: quote.price,
            previous_price: quote.previous_price,
            timestamp: quote.at.unix_seconds(),
            change: quote.change(),
            change_percent: quote.change_percent(),
            direction: Direction::of(quote.change()),
            day_change: quote.day_change(),
            day_change_percent: quote.day_change_percent(),
            stale: quote.is_stale,
        }
    }
}

impl TryFrom<QuoteWire> for Quote {
    type Error = &'static str;

    fn try_from(wire: QuoteWire) -> Result<Self, Self::Error> {
        Ok(Self {
            ticker: wire.ticker,
            price: wire.price,
            previous_price: wire.previous_price,
            previous_close: wire
                .price
                .before(wire.day_change)
                .ok_or("a day cannot have closed at a price of zero or less")?,
            at: UtcInstant::from_unix_seconds(wire.timestamp),
            is_stale: wire.stale,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quote(price: i64, previous: i64, close: i64, at_ms: i64) -> Quote {
        let price_of = |units| Price::from_units(units).unwrap();
        Quote {
            ticker: "AAPL".parse().unwrap(),
            price: price_of(price),
            previous_price: price_of(previous),
            previous_close: price_of(close),
            at: UtcInstant::from_unix_ms(at_ms),
            is_stale: false,
        }
    }

    #[test]
    fn a_quote_spells_out_what_changed() {
        let json = serde_json::to_value(quote(1_904_200, 1_904_000, 1_898_300, 1_795_356_131_500)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "ticker": "AAPL", "price": 190.42, "previous_price": 190.4, "timestamp": 1_795_356_131.5,
                "change": 0.02, "change_percent": 0.0105, "direction": "up",
                "day_change": 0.59, "day_change_percent": 0.3108,
            })
        );
    }

    #[test]
    fn a_stale_quote_says_so() {
        let stale = Quote { is_stale: true, ..quote(1, 1, 1, 0) };
        assert_eq!(serde_json::to_value(stale).unwrap()["stale"], true);
        assert_eq!(serde_json::from_value::<Quote>(serde_json::to_value(stale).unwrap()).unwrap(), stale);
    }

    #[test]
    fn quotes_stand_in_order_and_the_later_of_two_stays() {
        let of = |symbol: &str, price| Quote { ticker: symbol.parse().unwrap(), ..quote(price, 1, 1, 0) };
        let quotes: Quotes = [of("V", 1), of("AAPL", 2), of("V", 3), of("F", 4), of("V", 5)].into_iter().collect();
        assert_eq!(*quotes, [of("AAPL", 2), of("F", 4), of("V", 5)]);
        assert_eq!(quotes.get("F".parse().unwrap()), Some(&of("F", 4)));
        assert_eq!(quotes.get("G".parse().unwrap()), None);
    }

    proptest! {
        #[test]
        fn a_quote_survives_the_stream(
            price in 1_i64..10_000_000, previous in 1_i64..10_000_000, open in 1_i64..10_000_000, at in 0_i64..4_102_444_800_000
        ) {
            let quote = quote(price, previous, open, at);
            let json = serde_json::to_string(&quote).unwrap();
            prop_assert_eq!(serde_json::from_str::<Quote>(&json).unwrap(), quote);
        }
    }
}
