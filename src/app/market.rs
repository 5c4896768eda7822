//! The market as the page shows it: one signal a ticker, so that a tick writes only what changed.

use std::collections::HashMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

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

/// What a price did with the last tick, for those who point it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub ticker: Ticker,
    pub is_rise: bool,
}

type Row = ArcRwSignal<Option<Quote>>;

/// Rows that nobody sees follow one tick in so many, by turns.
const TURNS: usize = 8;

/// The handle to the page's market; copies share it.
#[derive(Clone, Copy)]
pub struct Market {
    rows: StoredValue<HashMap<Ticker, Row>>,
    ticks: RwSignal<usize>,
    turns: [Trigger; TURNS],
    drawings: Trigger,
    /// Written with every tick in which a price changed while it was shown: not on the first paint, nor when the page
    /// catches up.
    pub moves: RwSignal<Vec<Move>>,
    pub connection: RwSignal<Connection>,
    pub problem: RwSignal<Option<String>>,
    /// What the server says of its prices, and which day it is there.
    pub status: RwSignal<MarketStatus>,
    pace: RwSignal<Pace>,
}

/// How fast frames come. The first ones after a connection tell nothing: they come when it is made, all that is known at
/// once, and not with a tick.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Pace {
    first_ms: f64,
    last_ms: f64,
    /// Counted from the first frame on that came with a tick.
    intervals: u32,
    /// Averaged over the last few.
    interval_ms: f64,
}

/// Frames that come so soon after the first one came with it.
const FIRST_FRAMES_MS: f64 = 50.0;

/// The intervals of which the average is told, at the least, and those that it goes back to, at the most.
const INTERVALS_MIN: u32 = 4;
const INTERVALS_MAX: u32 = 20;

/// So many times the usual interval is a pause, such as a computer's sleep, and none of the feed's.
const PAUSE_FACTOR: f64 = 10.0;

impl Market {
    /// The market as the server rendered it.
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

    /// Takes in what was quoted, and tells those who read many prices.
    fn apply(self, quotes: impl Iterator<Item = Quote>, moves: bool) {
        if self.take_in(quotes, moves) {
            self.tick();
            self.draw();
        }
    }

    /// Takes in the quotes of a tick; whether any is new, so that those who read many prices want a [tick](Self::tick). A
    /// price that differs from the one shown has moved, unless this is what the page catches up with.
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

    /// Lets those who [track ticks](Self::track_ticks) read the prices anew.
    pub fn tick(self) {
        let ticks = self.ticks.try_update(|ticks| {
            *ticks = ticks.wrapping_add(1);
            *ticks
        });
        // Nothing when the page is gone.
        if let Some(ticks) = ticks {
            self.turns[ticks % TURNS].notify();
        }
    }

    /// Lets those who [track drawings](Self::track_drawings) draw what a tick has changed.
    pub fn draw(self) {
        self.drawings.notify();
    }

    /// Takes in how the connection stands.
    pub fn tell(self, notice: Notice) {
        self.connection.set(notice.connection);
        self.problem.set(notice.problem);
        self.pace.set(Pace::default());
    }

    /// Takes in what the server says of the market.
    pub fn restate(self, status: &MarketStatus) {
        if self.status.with_untracked(|known| known != status) {
            self.status.set(status.clone());
        }
    }

    /// Whether the prices shown are those of now, as far as page and server know, tracked.
    pub fn is_live(self) -> bool {
        self.connection.get().is_live() && self.status.with(|status| status.data != Data::Stale)
    }

    /// The trading day at the server, tracked.
    pub fn day(self) -> TradingDay {
        self.status.with(|status| status.day)
    }

    /// Why an order for a ticker would be refused whatever it is, in the server's words, tracked.
    pub fn obstacle(self, ticker: Ticker) -> Option<String> {
        let is_stale = self.quote(ticker).is_some_and(|quote| quote.is_stale);
        self.status.with(|status| match status {
            MarketStatus { is_open: false, note, .. } => Some(note.clone()),
            MarketStatus { data: Data::Stale, note, .. } if is_stale => Some(note.clone()),
            _ => is_stale.then(|| ApiError::StalePrice { ticker, age_seconds: None }.to_string()),
        })
    }

    /// Notes that a frame came, at a moment in milliseconds.
    pub fn count_frame(self, now_ms: f64) {
        self.pace.update(|pace| *pace = pace.after(now_ms));
    }

    /// Frames a second, tracked; nothing until that is known.
    pub fn frames_per_second(self) -> Option<f64> {
        self.pace.get().frames_per_second()
    }

    /// Takes in the quotes of tickers that have none yet; those that are shown are newer, or soon will be.
    pub fn introduce(self, quotes: impl IntoIterator<Item = Quote>) {
        let is_new = |quote: &Quote| self.row(quote.ticker).with_untracked(Option::is_none);
        self.apply(quotes.into_iter().filter(is_new), false);
    }

    /// What a ticker trades at, tracked.
    pub fn quote(self, ticker: Ticker) -> Option<Quote> {
        self.row(ticker).get()
    }

    /// Tracks the market as a whole, once a tick: who reads many prices does not follow each of them.
    pub fn track_ticks(self) {
        self.ticks.track();
    }

    /// Tracks when it is time to draw what many prices changed: after each tick, once the figures are shown.
    pub fn track_drawings(self) {
        self.drawings.track();
    }

    /// Tracks one tick in eight: whose turn it is hangs on the ticker, so that few come at once.
    pub fn track_turn(self, ticker: Ticker) {
        let turn: usize = ticker.as_str().bytes().map(usize::from).sum();
        self.turns[turn % TURNS].track();
    }

    /// What a ticker trades at, for those who [track ticks](Self::track_ticks).
    pub fn quote_untracked(self, ticker: Ticker) -> Option<Quote> {
        self.row(ticker).get_untracked()
    }

    /// The price of a ticker, tracked.
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

impl Pace {
    fn after(self, now_ms: f64) -> Self {
        let Self { first_ms, last_ms, intervals, interval_ms } = self;
        let is_paused = intervals > 0 && now_ms - last_ms > PAUSE_FACTOR * interval_ms;
        if first_ms == 0.0 || is_paused {
            return Self { first_ms: now_ms, ..Self::default() };
        }
        if last_ms == 0.0 {
            let last_ms = if now_ms - first_ms > FIRST_FRAMES_MS { now_ms } else { 0.0 };
            return Self { last_ms, ..self };
        }
        let intervals = (intervals + 1).min(INTERVALS_MAX);
        let interval_ms = interval_ms + (now_ms - last_ms - interval_ms) / f64::from(intervals);
        Self { first_ms, last_ms: now_ms, intervals, interval_ms }
    }

    fn frames_per_second(self) -> Option<f64> {
        (self.intervals >= INTERVALS_MIN && self.interval_ms > 0.0).then(|| 1_000.0 / self.interval_ms)
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

    /// The moves that ticks tell of, whether they are rises; nothing for those that tell of none.
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
                // Read after each, because what nobody reads is not worked out.
                (0..ticks).fold(0, |_, _| {
                    market.tick();
                    turns.get_untracked()
                })
            };
            assert_eq!(turns.get_untracked(), 0);
            assert_eq!((after_ticks(TURNS), after_ticks(3 * TURNS)), (1, 4));
        });
    }

    /// The rate after each frame, in tenths.
    fn rates(frames_ms: &[f64]) -> Vec<Option<u32>> {
        let mut pace = Pace::default();
        let rate = |now_ms: &f64| {
            pace = pace.after(*now_ms);
            pace.frames_per_second().map(|rate| (rate * 10.0).round() as u32)
        };
        frames_ms.iter().map(rate).collect()
    }

    #[test]
    fn the_pace_is_not_told_until_it_is_known() {
        // The first frame is what a new connection brings, somewhere between two ticks.
        let frames_ms = [1_000.0, 1_120.0, 1_620.0, 2_130.0, 2_610.0, 3_120.0, 3_620.0];
        assert_eq!(rates(&frames_ms), [None, None, None, None, None, Some(20), Some(20)]);
    }

    #[test]
    fn what_is_handed_on_to_a_new_tab_at_once_is_no_pace() {
        let burst = (0..30).map(|index| 1_000.0 + f64::from(index) * 0.5);
        let ticks = (1..8).map(|index| 900.0 + f64::from(index) * 500.0);
        let told: Vec<_> = rates(&burst.chain(ticks).collect::<Vec<_>>()).into_iter().flatten().collect();
        assert_eq!(told, [20, 20, 20]);
    }

    #[test]
    fn the_pace_follows_the_last_frames_and_forgets_a_pause() {
        let slow = (0..30).map(|index| 1_000.0 + f64::from(index) * 1_000.0);
        let fast = (1..60).map(|index| 30_000.0 + f64::from(index) * 500.0);
        let after_sleep = [9_000_000.0, 9_000_100.0];
        let told = rates(&slow.chain(fast).chain(after_sleep).collect::<Vec<_>>());
        assert_eq!((told[29], told[88]), (Some(10), Some(19)));
        assert_eq!(told[89..], [None, None]);
    }
}
