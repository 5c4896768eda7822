//! The watchlist as the page knows it: what the server last said, in the list's own order.

use std::sync::Arc;

use async_lock::{Mutex, MutexGuardArc};
use leptos::prelude::*;

use crate::{
    api::{load_watchlist, move_ticker, unwatch_ticker, watch_ticker},
    app::market::Market,
    domain::{
        ticker::Ticker,
        workstation::{WatchedLines, WatchlistLine},
    },
    error::ApiError,
};

/// The handle to the page's watchlist; copies share it.
#[derive(Clone, Copy)]
pub struct WatchlistStore {
    lines: RwSignal<Vec<WatchlistLine>>,
    /// The number of the latest change that is shown.
    version: StoredValue<i64>,
    market: Market,
    /// How many questions were asked: the answer to an earlier one does not undo what was done since.
    asked: StoredValue<u32>,
    /// They reach the server one after the other, in the order in which they were asked.
    turns: StoredValue<Arc<Mutex<()>>>,
}

impl WatchlistStore {
    /// The list as it was after the change with this number.
    pub fn new(lines: Vec<WatchlistLine>, version: i64, market: Market) -> Self {
        Self {
            lines: RwSignal::new(lines),
            version: StoredValue::new(version),
            market,
            asked: StoredValue::new(0),
            turns: StoredValue::default(),
        }
    }

    /// The number of the latest change that is shown, not tracked; nothing when the page is gone.
    pub fn version(self) -> Option<i64> {
        self.version.try_get_value()
    }

    /// Reads the list anew, after something changed it.
    ///
    /// # Errors
    /// When the server does not answer; what is shown stays.
    pub async fn reload(self) -> Result<(), ApiError> {
        let question = self.ask();
        let _turn = self.turn().await;
        self.take_in(question, load_watchlist().await?);
        Ok(())
    }

    /// Appends a ticker, unless it is there. Nobody is asked whether it may be made up: it is known, or was followed before.
    ///
    /// # Errors
    /// When the list is full, or the server does not answer.
    pub async fn add(self, ticker: Ticker) -> Result<(), ApiError> {
        self.add_before(ticker, None, true).await
    }

    /// Adds a ticker in front of another one, which is how a removal is undone; at the end when there is no such one.
    ///
    /// # Errors
    /// When nobody knows the ticker and it may not be made up, the list is full, or the server does not answer.
    pub async fn add_before(
        self,
        ticker: Ticker,
        before: Option<Ticker>,
        may_be_made_up: bool,
    ) -> Result<(), ApiError> {
        let question = self.ask();
        let _turn = self.turn().await;
        self.take_in(question, watch_ticker(ticker, before, Some(may_be_made_up)).await.flatten()?);
        Ok(())
    }

    /// Takes a ticker off, on the page at once.
    ///
    /// # Errors
    /// When the server refuses or does not answer; the list is as it was then.
    pub async fn remove(self, ticker: Ticker) -> Result<(), ApiError> {
        let (question, earlier) = (self.ask(), self.lines.get_untracked());
        self.lines.update(|lines| lines.retain(|line| line.ticker != ticker));
        let _turn = self.turn().await;
        self.settle(question, unwatch_ticker(ticker).await.flatten(), earlier)
    }

    /// Moves a ticker in front of another one, or to the end; on the page at once.
    ///
    /// # Errors
    /// When the server refuses or does not answer; the order is as it was then.
    pub async fn place_before(self, ticker: Ticker, before: Option<Ticker>) -> Result<(), ApiError> {
        let (question, earlier) = (self.ask(), self.lines.get_untracked());
        self.lines.update(|lines| {
            let Some(from) = lines.iter().position(|line| line.ticker == ticker) else {
                return;
            };
            let line = lines.remove(from);
            let to = lines.iter().position(|line| Some(line.ticker) == before).unwrap_or(lines.len());
            lines.insert(to, line);
        });
        let _turn = self.turn().await;
        self.settle(question, move_ticker(ticker, before).await.flatten(), earlier)
    }

    /// The tickers in the list's order, tracked.
    pub fn tickers(self) -> Vec<Ticker> {
        self.lines.with(|lines| lines.iter().map(|line| line.ticker).collect())
    }

    /// Tracked.
    pub fn contains(self, ticker: Ticker) -> bool {
        self.lines.with(|lines| lines.iter().any(|line| line.ticker == ticker))
    }

    /// Tracked.
    pub fn line(self, ticker: Ticker) -> Option<WatchlistLine> {
        self.lines.with(|lines| lines.iter().find(|line| line.ticker == ticker).cloned())
    }

    /// What stands behind a ticker in the list, not tracked.
    pub fn follower(self, ticker: Ticker) -> Option<Ticker> {
        self.lines.with_untracked(|lines| {
            let index = lines.iter().position(|line| line.ticker == ticker)?;
            lines.get(index + 1).map(|line| line.ticker)
        })
    }

    fn ask(self) -> u32 {
        self.asked.update_value(|asked| *asked = asked.wrapping_add(1));
        self.asked.get_value()
    }

    /// Waits until the questions before this one are answered; nothing when the page is gone.
    async fn turn(self) -> Option<MutexGuardArc<()>> {
        Some(self.turns.try_get_value()?.lock_arc().await)
    }

    fn is_latest(self, question: u32) -> bool {
        // The page may be gone by now.
        self.asked.try_get_value() == Some(question)
    }

    /// What the server answered to a change that is shown already; `earlier` comes back when it refused.
    fn settle(
        self,
        question: u32,
        answer: Result<WatchedLines, ApiError>,
        earlier: Vec<WatchlistLine>,
    ) -> Result<(), ApiError> {
        match answer {
            Ok(watched) => {
                self.take_in(question, watched);
                Ok(())
            }
            Err(error) => {
                if self.is_latest(question) {
                    self.lines.set(earlier);
                }
                Err(error)
            }
        }
    }

    fn take_in(self, question: u32, watched: WatchedLines) {
        if self.is_latest(question) {
            self.version.set_value(watched.version);
            self.market.introduce(watched.quotes);
            self.lines.set(watched.lines);
        }
    }
}
