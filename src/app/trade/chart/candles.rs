//! The candles of the selected ticker: loaded, gone on with by each quote, and set right by the server.

use std::{cell::Cell, time::Duration};

use gloo_timers::future::sleep;
use leptos::prelude::*;

use super::studies::StudyValues;
use crate::{
    api::load_candles,
    app::{
        effects::{effect, spawn},
        loading::Loading,
        market::{Connection, Market},
    },
    domain::{
        candle::{Candle, Interval, STEP_BACK_SECONDS},
        candle_series::{CandleSeries, Change},
        instant::UtcInstant,
        ticker::Ticker,
    },
    interop::lightweight_charts::price_chart::Study,
};

/// How often the server is asked for the latest candles, which alone have the volume.
const CATCH_UP_INTERVAL: Duration = Duration::from_secs(5);

/// What is shown.
pub struct Shown {
    pub ticker: Option<Ticker>,
    pub series: CandleSeries,
    /// The values of each study over them, whether it is drawn or not.
    studies: Vec<StudyValues>,
    /// Rises with each series that takes the place of another.
    pub generation: u32,
    /// What has changed since it was drawn.
    undrawn: Change,
}

impl Shown {
    fn new(ticker: Option<Ticker>, series: CandleSeries, generation: u32) -> Self {
        let studies = Study::ALL.into_iter().map(|study| StudyValues::new(study, series.candles())).collect();
        Self { ticker, series, studies, generation, undrawn: Change::All }
    }

    /// A study's values.
    pub fn study(&self, study: Study) -> &StudyValues {
        &self.studies[study as usize]
    }

    fn note(&mut self, change: Change) {
        self.undrawn = self.undrawn.and(change);
        let from = match change {
            Change::Nothing => return,
            Change::From(index) => index,
            Change::All => 0,
        };
        for values in &mut self.studies {
            values.revise(self.series.candles(), from);
        }
    }
}

/// The handle to the candles; copies share it.
#[derive(Clone, Copy)]
pub struct Candles {
    shown: StoredValue<Shown>,
    /// Written with every change.
    changes: RwSignal<()>,
    pub loading: RwSignal<Loading>,
    /// Counted up to load again.
    pub retries: RwSignal<u32>,
}

impl Candles {
    /// Shows what is selected. `initial` is what the server rendered the page with, in the default interval; the rest is
    /// loaded from hydration on.
    pub fn follow(
        market: Market,
        selected: RwSignal<Option<Ticker>>,
        interval: RwSignal<Interval>,
        initial: Option<(Ticker, Vec<Candle>)>,
    ) -> Self {
        let (first, points) = initial.map_or((None, Vec::new()), |(ticker, points)| (Some(ticker), points));
        let series = CandleSeries::new(Interval::default(), points);
        let candles = Self {
            shown: StoredValue::new(Shown::new(first, series, 0)),
            changes: RwSignal::new(()),
            loading: RwSignal::new(Loading::Ready),
            retries: RwSignal::new(0),
        };
        let is_first_run = Cell::new(true);
        effect(move || {
            candles.retries.track();
            let (selected, interval) = (selected.get(), interval.get());
            let is_rendered = is_first_run.replace(false) && selected == first && interval == Interval::default();
            match selected {
                None => candles.replace(None, interval, Vec::new()),
                Some(ticker) if is_rendered => candles.go_on(ticker, interval, market),
                Some(ticker) => candles.load(ticker, interval, market),
            }
        });
        candles
    }

    /// Tracked: reads again whenever a candle has changed.
    pub fn with<T>(self, read: impl FnOnce(&Shown) -> T) -> T {
        self.changes.track();
        self.shown.with_value(read)
    }

    /// As [`Self::with`], for the one who draws: also gives what has changed since the last call.
    pub fn with_change(self, draw: impl FnOnce(&Shown, Change)) {
        self.changes.track();
        self.shown.update_value(|shown| {
            let change = std::mem::replace(&mut shown.undrawn, Change::Nothing);
            draw(shown, change);
        });
    }

    /// Loads a series, then goes on with it.
    fn load(self, ticker: Ticker, interval: Interval, market: Market) {
        self.loading.set(Loading::Pending);
        spawn(async move {
            match load_candles(ticker, interval, None).await {
                Ok(points) => {
                    self.replace(Some(ticker), interval, points);
                    self.loading.set(Loading::Ready);
                    self.go_on(ticker, interval, market);
                }
                Err(error) => {
                    // Another ticker's candles under this one's name would be worse than none.
                    self.replace(Some(ticker), interval, Vec::new());
                    self.loading.set(Loading::Failed(error.to_string()));
                }
            }
        });
    }

    /// Follows the quotes, and asks the server for what they do not tell; ends with the effect that this is called from.
    fn go_on(self, ticker: Ticker, interval: Interval, market: Market) {
        // What was loaded has the latest trade already.
        let traded_at = Cell::new(market.quote_untracked(ticker).map_or(UtcInstant::EPOCH, |quote| quote.at));
        effect(move || {
            // Not the price itself: drawing it takes as long as all rows do, and has an animation frame of its own.
            market.track_ticks();
            if let Some(quote) = market.quote_untracked(ticker) {
                let (before, at) = (traded_at.replace(quote.at), quote.at);
                if before == at {
                    // Only a new trade makes or moves a candle.
                    return;
                }
                if before.unix_second() - at.unix_second() > STEP_BACK_SECONDS {
                    // The clock went back, and the server has taken the candles away that are in the future now.
                    self.retries.update(|retries| *retries += 1);
                    return;
                }
                let day = market.status.with_untracked(|status| status.day);
                let time = if interval == Interval::Day && day.includes(at) { day.date } else { at.unix_second() };
                self.change(|series| series.take_in(time, quote.price));
            }
        });
        spawn(async move {
            loop {
                sleep(CATCH_UP_INTERVAL).await;
                if market.connection.get_untracked() == Connection::Connected && !document().hidden() {
                    self.catch_up(ticker, interval).await;
                }
            }
        });
    }

    /// Asks for what is new since the last candle but one, which may have ended after it was last read.
    async fn catch_up(self, ticker: Ticker, interval: Interval) {
        let since = self.shown.with_value(|shown| shown.series.candles().iter().rev().nth(1).map(|candle| candle.time));
        // What the stream brings is shown all the same; the next try may succeed.
        if let Ok(latest) = load_candles(ticker, interval, since).await {
            self.change(|series| series.catch_up(&latest));
        }
    }

    fn replace(self, ticker: Option<Ticker>, interval: Interval, points: Vec<Candle>) {
        self.shown.update_value(|shown| {
            *shown = Shown::new(ticker, CandleSeries::new(interval, points), shown.generation.wrapping_add(1));
        });
        self.changes.set(());
    }

    fn change(self, apply: impl FnOnce(&mut CandleSeries) -> Change) {
        let change = self.shown.try_update_value(|shown| {
            let change = apply(&mut shown.series);
            shown.note(change);
            change
        });
        if change.is_some_and(|change| change != Change::Nothing) {
            self.changes.set(());
        }
    }
}
