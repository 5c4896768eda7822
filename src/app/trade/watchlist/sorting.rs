//! What the watchlist is sorted by.

use crate::domain::{quote::Quote, ranking::sorted, ticker::Ticker};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorting {
    /// As the person arranged it.
    Manual,
    Ticker,
    /// The dearest first.
    Price,
    /// The best first.
    DayChange,
}

impl Sorting {
    pub const ALL: [Self; 4] = [Self::Manual, Self::Ticker, Self::Price, Self::DayChange];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Ticker => "ticker",
            Self::Price => "price",
            Self::DayChange => "day-change",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Manual => "Manual",
            Self::Ticker => "Ticker",
            Self::Price => "Price",
            Self::DayChange => "Day change",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sorting| sorting.as_str() == name)
    }

    /// The tickers in this order; those without a quote come last, and equals stay as they were.
    pub fn sort(self, tickers: Vec<Ticker>, quote_of: impl Fn(Ticker) -> Option<Quote>) -> Vec<Ticker> {
        let price = |ticker| quote_of(ticker).map_or(i64::MAX, |quote| -quote.price.units());
        let percent = |ticker| quote_of(ticker).map_or(f64::NEG_INFINITY, |quote| quote.day_change_percent());
        if self == Self::Manual {
            return tickers;
        }
        sorted(&tickers, |one, other| match self {
            Self::Manual | Self::Ticker => one.cmp(other),
            Self::Price => price(*one).cmp(&price(*other)),
            Self::DayChange => percent(*other).total_cmp(&percent(*one)),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{instant::UtcInstant, money::Price};

    /// `V` has no price yet.
    fn quote_of(ticker: Ticker) -> Option<Quote> {
        let (now, open) = match ticker.as_str() {
            "AAPL" => (190, 200),
            "MSFT" => (420, 419),
            "F" => (12, 10),
            _ => return None,
        };
        let price = |dollars: i64| Price::from_units(dollars * 10_000).unwrap();
        let at = UtcInstant::from_unix_ms(0);
        Some(Quote {
            ticker,
            price: price(now),
            previous_price: price(now),
            previous_close: price(open),
            at,
            is_stale: false,
        })
    }

    #[rstest]
    #[case(Sorting::Manual, "MSFT V F AAPL")]
    #[case(Sorting::Ticker, "AAPL F MSFT V")]
    #[case(Sorting::Price, "MSFT AAPL F V")]
    #[case(Sorting::DayChange, "F MSFT AAPL V")]
    fn a_list_is_sorted(#[case] sorting: Sorting, #[case] expected: &str) {
        let tickers = ["MSFT", "V", "F", "AAPL"].map(|ticker| ticker.parse().unwrap()).to_vec();
        let sorted: Vec<String> = sorting.sort(tickers, quote_of).iter().map(Ticker::to_string).collect();
        assert_eq!(sorted.join(" "), expected);
        assert_eq!(Sorting::from_name(sorting.as_str()), Some(sorting));
    }
}
