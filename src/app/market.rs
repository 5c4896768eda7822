//! The market as the page shows it: one signal a ticker, so that a tick writes only what changed.

use std::collections::HashMap;

use leptos::prelude::*;

use crate::domain::{
    money::Price,
    quote::{Direction, Quote},
    ticker::Ticker,
};

/// Whether prices arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// The page has just been opened.
    Connecting,
    Connected,
    /// The stream was lost; this is the attempt to get it back.
    Reconnecting {
        attempt: u32,
    },
    /// The server refuses the stream, or has been away for long. It is still tried, at intervals.
    Disconnected,
}

/// A quote on the page, and how its price last moved while it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub quote: Quote,
    pub flash: Flash,
}

/// A price's last change: the direction, and a bit that flips so that two rises in a row flash twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flash {
    direction: Direction,
    flipped: bool,
}

impl Flash {
    const NONE: Self = Self { direction: Direction::Flat, flipped: false };

    /// The attribute that the style sheet animates by; none when there is nothing to flash.
    pub fn attribute(self) -> Option<&'static str> {
        match (self.direction, self.flipped) {
            (Direction::Flat, _) => None,
            (Direction::Up, false) => Some("up"),
            (Direction::Up, true) => Some("up-again"),
            (Direction::Down, false) => Some("down"),
            (Direction::Down, true) => Some("down-again"),
        }
    }
}

type Row = ArcRwSignal<Option<Shown>>;

/// The handle to the page's market; copies share it.
#[derive(Clone, Copy)]
pub struct Market {
    rows: StoredValue<HashMap<Ticker, Row>>,
    pub connection: RwSignal<Connection>,
}

impl Market {
    /// The market as the server rendered it.
    pub fn new(quotes: &[Quote]) -> Self {
        let market = Self { rows: StoredValue::new(HashMap::new()), connection: RwSignal::new(Connection::Connecting) };
        market.apply(quotes.iter().copied(), false);
        market
    }

    /// Takes in a tick. A price that differs from the one shown flashes, unless this is what the page catches up with.
    pub fn apply(self, quotes: impl Iterator<Item = Quote>, flashes: bool) {
        for quote in quotes {
            let row = self.row(quote.ticker);
            let shown = row.get_untracked();
            if shown.is_some_and(|shown| shown.quote == quote) {
                continue;
            }
            let flash = match shown {
                Some(shown) if flashes => shown.flash.after(quote.price.change_from(shown.quote.price)),
                _ => Flash::NONE,
            };
            row.set(Some(Shown { quote, flash }));
        }
    }

    /// Takes in the quotes of tickers that have none yet; those that are shown are newer, or soon will be.
    pub fn introduce(self, quotes: impl IntoIterator<Item = Quote>) {
        let is_new = |quote: &Quote| self.row(quote.ticker).with_untracked(Option::is_none);
        self.apply(quotes.into_iter().filter(is_new), false);
    }

    /// What is shown of a ticker, tracked.
    pub fn shown(self, ticker: Ticker) -> Option<Shown> {
        self.row(ticker).get()
    }

    /// The price of a ticker, tracked.
    pub fn price(self, ticker: Ticker) -> Option<Price> {
        self.shown(ticker).map(|shown| shown.quote.price)
    }

    fn row(self, ticker: Ticker) -> Row {
        if let Some(row) = self.rows.with_value(|rows| rows.get(&ticker).cloned()) {
            return row;
        }
        let row = Row::new(None);
        self.rows.update_value(|rows| {
            rows.insert(ticker, row.clone());
        });
        row
    }
}

impl Flash {
    fn after(self, change: crate::domain::money::PriceChange) -> Self {
        match Direction::of(change) {
            // The figures around the price changed, not the price.
            Direction::Flat => self,
            direction => Self { direction, flipped: self.direction == direction && !self.flipped },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::UtcInstant;

    fn quote(cents: i64, at_ms: i64) -> Quote {
        let price = Price::from_units(cents * 100).unwrap();
        let at = UtcInstant::from_unix_ms(at_ms);
        Quote { ticker: "V".parse().unwrap(), price, previous_price: price, day_open: price, at }
    }

    fn flash_after(ticks: &[(i64, bool)]) -> Option<&'static str> {
        let owner = Owner::new();
        owner.with(|| {
            let market = Market::new(&[quote(100, 0)]);
            for (at_ms, (cents, flashes)) in (1..).zip(ticks) {
                market.apply([quote(*cents, at_ms)].into_iter(), *flashes);
            }
            market.row("V".parse().unwrap()).get_untracked().unwrap().flash.attribute()
        })
    }

    #[test]
    fn a_price_flashes_when_it_changes_only() {
        assert_eq!(flash_after(&[]), None, "not on the first paint");
        assert_eq!(flash_after(&[(101, true)]), Some("up"));
        assert_eq!(flash_after(&[(99, true)]), Some("down"));
        assert_eq!(flash_after(&[(100, true)]), None);
        assert_eq!(flash_after(&[(101, false)]), None, "not when the page catches up");
    }

    #[test]
    fn every_change_restarts_the_flash() {
        assert_eq!(flash_after(&[(101, true), (102, true)]), Some("up-again"));
        assert_eq!(flash_after(&[(101, true), (102, true), (103, true)]), Some("up"));
        assert_eq!(flash_after(&[(101, true), (100, true)]), Some("down"));
        assert_eq!(flash_after(&[(101, true), (101, true)]), Some("up"), "the same price does not");
    }
}
