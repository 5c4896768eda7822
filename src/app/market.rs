//! The market in the page: one signal per ticker, so that a tick writes only changed prices.

mod pace;

use std::collections::HashMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use self::pace::Pace;
use crate::{
    domain::{
        market_status::{Data, MarketStatus},
        money::Price,
        quote::Quote,
        ticker::Ticker,
        trading_day::TradingDay,
    },
    error::ApiError,
};

/// State of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connection {
    /// The page was just opened.
    Connecting,
    Connected,
    /// The stream was lost; contains the number of the present attempt.
    Reconnecting {
        attempt: u32,
    },
    /// The server refuses the stream, or has been away for long. Attempts continue at intervals.
    Disconnected {
        attempt: u32,
    },
}

impl Connection {
    /// Whether the prices shown are current, as far as the page knows.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Connecting | Self::Connected)
    }
}

/// State of the connection, with its error as a sentence, if known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub connection: Connection,
    pub problem: Option<String>,
}

/// A price's change at the last tick, for highlighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub ticker: Ticker,
    pub is_rise: bool,
}

type Row = ArcRwSignal<Option<Quote>>;

/// Off-screen rows are updated every eighth tick, in turns.
const TURNS: usize = 8;

/// Handle to the page's market; copies share it.
#[derive(Clone, Copy)]
pub struct Market {
    rows: StoredValue<HashMap<Ticker, Row>>,
    ticks: RwSignal<usize>,
    turns: [Trigger; TURNS],
    drawings: Trigger,
    /// Written at every tick in which a shown price changed: not on the first paint, nor when the page catches up.
    pub moves: RwSignal<Vec<Move>>,
    pub connection: RwSignal<Connection>,
    pub problem: RwSignal<Option<String>>,
    /// The server's status of its prices, with its trading day.
    pub status: RwSignal<MarketStatus>,
    pace: RwSignal<Pace>,
}

impl Market {
    /// The market as rendered by the server.
    pub fn new(quotes: &[Quote], status: MarketStatus) -> Self {
        let market = Self {
            rows: StoredValue::new(HashMap::new()),
            ticks: RwSignal::new(0),
            turns: std::array::from_fn(|_| Trigger::new()),
            drawings: Trigger::new(),
            moves: RwSignal::new(Vec::new()),
            connection: RwSignal::new(Connection::Connecting),
            problem: RwSignal::new(None),
            status: RwSignal::new(status),
            pace: RwSignal::new(Pace::default()),
        };
        market.apply(quotes.iter().copied(), false);
        market
    }

    /// Applies quotes, and notifies readers of many prices.
    fn apply(self, quotes: impl Iterator<Item = Quote>, moves: bool) {
        if self.take_in(quotes, moves) {
            self.tick();
            self.draw();
        }
    }

    /// Applies the quotes of a tick; returns whether any is new, so that readers of many prices need a
    /// [tick](Self::tick). A price that differs from the shown one has moved, unless the page is catching up.
    pub fn take_in(self, quotes: impl Iterator<Item = Quote>, moves: bool) -> bool {
        let mut is_new = false;
        let mut moved = Vec::new();
        for quote in quotes {
            let row = self.row(quote.ticker);
            let before = row.get_untracked();
            if before == Some(quote) {
                continue;
            }
            if let Some(before) = before.filter(|before| moves && before.price != quote.price) {
                moved.push(Move { ticker: quote.ticker, is_rise: quote.price > before.price });
            }
            row.set(Some(quote));
            is_new = true;
        }
        if !moved.is_empty() {
            self.moves.set(moved);
        }
        is_new
    }

    /// Notifies those that [track ticks](Self::track_ticks).
    pub fn tick(self) {
        let ticks = self.ticks.try_update(|ticks| {
            *ticks = ticks.wrapping_add(1);
            *ticks
        });
        // `None` when the page is disposed.
        if let Some(ticks) = ticks {
            self.turns[ticks % TURNS].notify();
        }
    }

    /// Notifies those that [track drawings](Self::track_drawings).
    pub fn draw(self) {
        self.drawings.notify();
    }

    /// Sets the connection's state.
    pub fn tell(self, notice: Notice) {
        self.connection.set(notice.connection);
        self.problem.set(notice.problem);
        self.pace.set(Pace::default());
    }

    /// Sets the market's status.
    pub fn restate(self, status: &MarketStatus) {
        if self.status.with_untracked(|known| known != status) {
            self.status.set(status.clone());
        }
    }

    /// Whether the prices shown are current, as far as page and server know; tracked.
    pub fn is_live(self) -> bool {
        self.connection.get().is_live() && self.status.with(|status| status.data != Data::Stale)
    }

    /// The server's trading day; tracked.
    pub fn day(self) -> TradingDay {
        self.status.with(|status| status.day)
    }

    /// Reason why any order for a ticker would be refused, in the server's words; tracked.
    pub fn obstacle(self, ticker: Ticker) -> Option<String> {
        let is_stale = self.quote(ticker).is_some_and(|quote| quote.is_stale);
        self.status.with(|status| match status {
            MarketStatus { is_open: false, note, .. } => Some(note.clone()),
            MarketStatus { data: Data::Stale, note, .. } if is_stale => Some(note.clone()),
            _ => is_stale.then(|| ApiError::StalePrice { ticker, age_seconds: None }.to_string()),
        })
    }

    /// Records a frame at a time in milliseconds.
    pub fn count_frame(self, now_ms: f64) {
        self.pace.update(|pace| pace.add(now_ms));
    }

    /// Frames per second, tracked; `None` until known.
    pub fn frames_per_second(self) -> Option<f64> {
        self.pace.with(Pace::frames_per_second)
    }

    /// Adds quotes of tickers that have none yet; existing ones are newer, or soon will be.
    pub fn introduce(self, quotes: impl IntoIterator<Item = Quote>) {
        let is_new = |quote: &Quote| self.row(quote.ticker).with_untracked(Option::is_none);
        self.apply(quotes.into_iter().filter(is_new), false);
    }

    /// A ticker's quote; tracked.
    pub fn quote(self, ticker: Ticker) -> Option<Quote> {
        self.row(ticker).get()
    }

    /// Tracks the market as a whole, once per tick, for readers of many prices.
    pub fn track_ticks(self) {
        self.ticks.track();
    }

    /// Tracks the drawing of many prices: after each tick, once the figures are shown.
    pub fn track_drawings(self) {
        self.drawings.track();
    }

    /// Tracks one tick in eight; tickers take turns, so that few are updated at once.
    pub fn track_turn(self, ticker: Ticker) {
        let turn: usize = ticker.as_str().bytes().map(usize::from).sum();
        self.turns[turn % TURNS].track();
    }

    /// A ticker's quote, for readers that [track ticks](Self::track_ticks).
    pub fn quote_untracked(self, ticker: Ticker) -> Option<Quote> {
        self.row(ticker).get_untracked()
    }

    /// Price of a ticker; tracked.
    pub fn price(self, ticker: Ticker) -> Option<Price> {
        self.quote(ticker).map(|quote| quote.price)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::UtcInstant;

    fn status() -> MarketStatus {
        MarketStatus::live(TradingDay::utc(UtcInstant::EPOCH))
    }

    fn quote(cents: i64, at_ms: i64) -> Quote {
        let price = Price::from_units(cents * 100).unwrap();
        let at = UtcInstant::from_unix_ms(at_ms);
        Quote { ticker: "V".parse().unwrap(), price, previous_price: price, previous_close: price, at, is_stale: false }
    }

    const RISE: Option<bool> = Some(true);
    const FALL: Option<bool> = Some(false);

    /// Moves reported at these ticks: whether they are rises; `None` for a tick without a move.
    fn moves_of(ticks: &[(i64, bool)]) -> Vec<Option<bool>> {
        let owner = Owner::new();
        owner.with(|| {
            let market = Market::new(&[quote(100, 0)], status());
            let tick = |(at_ms, (cents, moves)): (i64, &(i64, bool))| {
                market.moves.set(Vec::new());
                market.apply([quote(*cents, at_ms)].into_iter(), *moves);
                market.moves.with_untracked(|moves| moves.first().map(|moved| moved.is_rise))
            };
            (1..).zip(ticks).map(tick).collect()
        })
    }

    #[test]
    fn a_price_moves_when_it_changes_only() {
        assert_eq!(moves_of(&[(101, true), (102, true), (99, true)]), [RISE, RISE, FALL]);
        assert_eq!(moves_of(&[(100, true), (101, true), (101, true)]), [None, RISE, None]);
        assert_eq!(moves_of(&[(101, false), (102, true)]), [None, RISE], "not when the page catches up");
    }

    #[test]
    fn who_is_not_seen_has_a_turn_once_in_eight_ticks() {
        let owner = Owner::new();
        owner.with(|| {
            let market = Market::new(&[], status());
            let turns = Memo::new(move |turns: Option<&u32>| {
                market.track_turn("V".parse().unwrap());
                turns.map_or(0, |turns| turns + 1)
            });
            let after_ticks = |ticks: usize| {
                // Read after each, because unread values are not computed.
                (0..ticks).fold(0, |_, _| {
                    market.tick();
                    turns.get_untracked()
                })
            };
            assert_eq!(turns.get_untracked(), 0);
            assert_eq!((after_ticks(TURNS), after_ticks(3 * TURNS)), (1, 4));
        });
    }
}
