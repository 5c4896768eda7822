//! What an account really did: its history and the market's closes, brought together for [`evaluate`].

mod fill;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::join_all;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{
    clock::Clock,
    ledger::{Ledger, RecordFlow},
    market::{
        feed::{Feed, Tick},
        hours::Hours,
        wanted::Wanted,
    },
    watchlist::FIRST_PRICE_MAX,
};
use crate::{
    domain::{
        account_id::AccountId,
        candle::Interval,
        corporate_action::ExchangeDate,
        instant::UtcInstant,
        performance::{
            evaluate::{Question, evaluate},
            figures::{CONTINUOUS_DAYS_A_YEAR, SESSIONS_A_YEAR},
            flow::{FlowReceipt, NewFlow},
            history::Closes,
            lots::{LotMethod, Lots, LotsPage, of_trades},
            range::Range,
            report::PerformanceView,
        },
        ticker::Ticker,
    },
    error::ApiError,
};

/// The most closed lots that the page shows.
pub const CLOSED_LOTS_MAX: usize = 1_000;

/// The most daily closes that are read of a ticker.
const CLOSES_MAX: usize = 400;

const DAY_SECONDS: i64 = 86_400;

/// Answers on performance. Clones share everything.
#[derive(Clone)]
pub struct PerformanceDesk {
    pub ledger: Ledger,
    pub feed: Feed,
    pub wanted: Wanted,
    pub clock: Clock,
    /// The ticker that an account is compared with unless another is asked for.
    pub benchmark: Ticker,
    filled: Filled,
}

/// For each account, its opening and the date up to which no day is missing.
type Filled = Arc<Mutex<HashMap<AccountId, (UtcInstant, Option<ExchangeDate>)>>>;

impl PerformanceDesk {
    pub fn new(ledger: Ledger, feed: Feed, wanted: Wanted, clock: Clock, benchmark: Ticker) -> Self {
        Self { ledger, feed, wanted, clock, benchmark, filled: Filled::default() }
    }

    /// Whether no day is missing up to a date, of the account that was opened or reset then.
    fn is_filled(&self, account: AccountId, until: Option<ExchangeDate>, opened_at: UtcInstant) -> bool {
        // Nothing panics while the lock is held, here and below.
        let filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        filled.get(&account) == Some(&(opened_at, until))
    }

    fn set_filled(&self, account: AccountId, until: Option<ExchangeDate>, opened_at: UtcInstant) {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        filled.insert(account, (opened_at, until));
    }

    /// Figures and days of a range.
    ///
    /// # Errors
    /// If there are too many trades, or the database does not respond.
    pub async fn view(
        &self,
        account: AccountId,
        range: Range,
        benchmark: Option<Ticker>,
    ) -> Result<PerformanceView, ApiError> {
        let (at, tick) = ((self.clock)(), self.feed.latest());
        let history = self.ledger.history(account, &tick, at).await?;
        let hours = self.feed.hours;
        let question = Question {
            range,
            benchmark: benchmark.unwrap_or(self.benchmark),
            today: ExchangeDate::from_days(hours.day_of(at).date.div_euclid(DAY_SECONDS)),
            periods_a_year: periods_a_year(hours),
            at,
        };
        let mut tickers = question.held_at_start(&history);
        tickers.insert(question.benchmark);
        let closes = self.closes(tickers).await?;
        let view = spawn_blocking(move || evaluate(&question, &history, &closes));
        view.await.map_err(|_| ApiError::Internal)
    }

    /// Daily closes of these tickers; none of one that the market does not know.
    ///
    /// # Errors
    /// If the task that reads them fails.
    pub async fn closes(&self, tickers: BTreeSet<Ticker>) -> Result<Closes, ApiError> {
        join_all(tickers.iter().map(|ticker| self.follow(*ticker))).await;
        let feed = self.feed.clone();
        let read = spawn_blocking(move || {
            let mut closes = Closes::default();
            for ticker in tickers {
                let candles = feed.candles(ticker, Interval::Day, CLOSES_MAX).unwrap_or_default();
                closes.add(ticker, candles.iter().map(|candle| (candle.time.div_euclid(DAY_SECONDS), candle.close)));
            }
            closes
        });
        read.await.map_err(|_| ApiError::Internal)
    }

    /// Waits for a ticker's price and for its whole past.
    async fn follow(&self, ticker: Ticker) {
        self.wanted.visit(ticker);
        self.feed.tick_with(ticker, FIRST_PRICE_MAX).await;
        if self.wanted.look_at(ticker) {
            self.feed.whole_past(ticker, FIRST_PRICE_MAX).await;
        }
    }

    /// The lots by a method, of one ticker or of all, with the `limit` latest closed ones.
    ///
    /// # Errors
    /// If there are too many trades, or the database does not respond.
    pub async fn lots(
        &self,
        account: AccountId,
        method: LotMethod,
        ticker: Option<Ticker>,
        limit: usize,
    ) -> Result<LotsPage, ApiError> {
        Ok(LotsPage::new(method, self.all_lots(account, method, ticker).await?, limit))
    }

    /// The same, all of them.
    ///
    /// # Errors
    /// As for [`lots`](Self::lots).
    pub async fn all_lots(
        &self,
        account: AccountId,
        method: LotMethod,
        ticker: Option<Ticker>,
    ) -> Result<Lots, ApiError> {
        let trades = self.ledger.trade_history(account, ticker).await?;
        spawn_blocking(move || of_trades(method, &trades)).await.map_err(|_| ApiError::Internal)
    }

    /// Records a deposit or withdrawal at the present prices.
    ///
    /// # Errors
    /// If it is refused, or the ledger is busy.
    pub async fn record_flow(&self, account: AccountId, flow: NewFlow) -> Result<FlowReceipt, ApiError> {
        let (id, prices, at) = (Uuid::now_v7().to_string(), self.prices(), (self.clock)());
        self.ledger.submit(account, RecordFlow { flow, id, prices, at }).await
    }

    fn prices(&self) -> Arc<Tick> {
        self.feed.latest()
    }
}

/// Days a year of a market with these hours.
fn periods_a_year(hours: Hours) -> f64 {
    match hours {
        Hours::Continuous => CONTINUOUS_DAYS_A_YEAR,
        Hours::Exchange => SESSIONS_A_YEAR,
    }
}
