//! The market as the page shows it: one signal a ticker, so that a tick writes only what changed.

use std::collections::HashMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::{
    money::Price,
    quote::{Direction, Quote},
    ticker::Ticker,
};

/// Whether prices arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connection {
    /// The page has just been opened.
    Connecting,
    Connected,
    /// The stream was lost; this is the attempt to get it back.
    Reconnecting {
        attempt: u32,
    },
    /// The server refuses the stream, or has been away for long. It is still tried, at intervals.
    Disconnected {
        attempt: u32,
    },
}

impl Connection {
    /// Whether the prices shown are those of now, as far as the page knows.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Connecting | Self::Connected)
    }
}

/// How the connection stands, and what went wrong, in a sentence, where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub connection: Connection,
    pub problem: Option<String>,
}

/// A quote on the page, and how its price last moved while it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub quote: Quote,
    pub flash: Flash,
}

/// A price's last change: the direction, and a bit that flips each time, so that each change flashes anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flash {
    direction: Direction,
    flipped: bool,
}

impl Flash {
    const NONE: Self = Self { direction: Direction::Flat, flipped: true };

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
    ticks: RwSignal<u32>,
    pub connection: RwSignal<Connection>,
    pub problem: RwSignal<Option<String>>,
    pace: RwSignal<Pace>,
}

/// How fast frames come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Pace {
    last_ms: f64,
    /// Averaged over the last few; zero until there are two.
    interval_ms: f64,
}

impl Market {
    /// The market as the server rendered it.
    pub fn new(quotes: &[Quote]) -> Self {
        let market = Self {
            rows: StoredValue::new(HashMap::new()),
            ticks: RwSignal::new(0),
            connection: RwSignal::new(Connection::Connecting),
            problem: RwSignal::new(None),
            pace: RwSignal::new(Pace::default()),
        };
        market.apply(quotes.iter().copied(), false);
        market
    }

    /// Takes in what was quoted, and tells those who read many prices.
    fn apply(self, quotes: impl Iterator<Item = Quote>, flashes: bool) {
        if self.take_in(quotes, flashes) {
            self.tick();
        }
    }

    /// Takes in the quotes of a tick; whether any is new, so that those who read many prices want a [tick](Self::tick). A
    /// price that differs from the one shown flashes, unless this is what the page catches up with.
    pub fn take_in(self, quotes: impl Iterator<Item = Quote>, flashes: bool) -> bool {
        let mut is_new = false;
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
            is_new = true;
        }
        is_new
    }

    /// Lets those who [track ticks](Self::track_ticks) read the prices anew.
    pub fn tick(self) {
        // Nothing when the page is gone.
        self.ticks.try_update(|ticks| *ticks = ticks.wrapping_add(1));
    }

    /// Takes in how the connection stands.
    pub fn tell(self, notice: Notice) {
        self.connection.set(notice.connection);
        self.problem.set(notice.problem);
        self.pace.set(Pace::default());
    }

    /// Notes that a frame came, at a moment in milliseconds.
    pub fn count_frame(self, now_ms: f64) {
        self.pace.update(|pace| *pace = pace.after(now_ms));
    }

    /// Frames a second, tracked; nothing until there were two.
    pub fn frames_per_second(self) -> Option<f64> {
        let interval_ms = self.pace.get().interval_ms;
        (interval_ms > 0.0).then(|| 1_000.0 / interval_ms)
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

    /// Tracks the market as a whole, once a tick: who reads many prices does not follow each of them.
    pub fn track_ticks(self) {
        self.ticks.track();
    }

    /// What a ticker trades at, for those who [track ticks](Self::track_ticks).
    pub fn quote_untracked(self, ticker: Ticker) -> Option<Quote> {
        self.row(ticker).get_untracked().map(|shown| shown.quote)
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

impl Pace {
    fn after(self, now_ms: f64) -> Self {
        /// How much of the average is the newest interval.
        const SHARE: f64 = 0.2;
        let elapsed = now_ms - self.last_ms;
        let interval_ms = match self {
            Self { last_ms: 0.0, .. } => 0.0,
            Self { interval_ms: 0.0, .. } => elapsed,
            Self { interval_ms, .. } => interval_ms + SHARE * (elapsed - interval_ms),
        };
        Self { last_ms: now_ms, interval_ms }
    }
}

impl Flash {
    fn after(self, change: crate::domain::money::PriceChange) -> Self {
        match Direction::of(change) {
            // The figures around the price changed, not the price.
            Direction::Flat => self,
            direction => Self { direction, flipped: !self.flipped },
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
    fn the_pace_is_that_of_the_last_frames() {
        let owner = Owner::new();
        owner.with(|| {
            let market = Market::new(&[]);
            market.count_frame(1_000.0);
            assert_eq!(market.frames_per_second(), None);
            market.count_frame(1_500.0);
            assert_eq!(market.frames_per_second(), Some(2.0));
            (4..40).for_each(|half_seconds| market.count_frame(500.0 * f64::from(half_seconds)));
            assert_eq!(market.frames_per_second(), Some(2.0));
        });
    }

    #[test]
    fn every_change_restarts_the_flash() {
        assert_eq!(flash_after(&[(101, true), (102, true)]), Some("up-again"));
        assert_eq!(flash_after(&[(101, true), (102, true), (103, true)]), Some("up"));
        assert_eq!(flash_after(&[(101, true), (100, true)]), Some("down-again"));
        assert_eq!(flash_after(&[(101, true), (101, true)]), Some("up"), "the same price does not");
    }
}
