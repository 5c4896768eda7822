//! The services, built once per process and passed on.

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    access::AccessKeys,
    alerts::AlertDesk,
    clock::Clock,
    copilot::Copilot,
    events::Events,
    execution::Execution,
    http::{FanOut, StreamPlaces},
    ledger::{ACTIONS_MAX, Ledger, Reset, WriteOff},
    library::Library,
    market::{
        company_name,
        directory::Directory,
        feed::{Feed, Tick},
        wanted::Wanted,
    },
    metrics::Metrics,
    orders::OrderDesk,
    parts::Parts,
    performance::PerformanceDesk,
    tokens::Tokens,
    watchlist::{FIRST_PRICE_MAX, WatchlistService},
};
use crate::{
    domain::{
        account_id::AccountId,
        candle::{Candle, Interval},
        equity::{EquityCurve, HistoryRange},
        order::TradeReceipt,
        portfolio::Portfolio,
        realized::{DividendLine, Realized},
        session::MarketHours,
        symbol::{SymbolFacts, YEAR_DAYS},
        ticker::Ticker,
        watchlist::{WatchedTicker, WatchlistEntry},
        workstation::{Statement, WatchedLines, WatchlistLine, Workstation},
    },
    error::ApiError,
};

/// Number of candles in a chart's initial state.
const CHART_CANDLES_MAX: usize = 500;

/// Time that a chart waits for the history of a ticker with few stored candles; the simulator provides it at the next
/// tick.
const PAST_PATIENCE: Duration = Duration::from_millis(1_500);

/// The services as every request gets them: one handle, because axum clones it several times per request.
#[derive(Clone)]
pub struct AppState(Arc<Services>);

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl From<Services> for AppState {
    fn from(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

/// All services, and the queries that combine them.
pub struct Services {
    pub wanted: Wanted,
    /// Access from other machines.
    pub access: AccessKeys,
    pub tokens: Tokens,
    pub feed: Feed,
    pub ledger: Ledger,
    pub execution: Execution,
    /// Service that places, changes and cancels open orders.
    pub orders: OrderDesk,
    /// Creates, changes and deletes alerts.
    pub alerts: AlertDesk,
    pub watchlist: WatchlistService,
    /// Figures, days, lots and flows.
    pub performance: PerformanceDesk,
    pub directory: Arc<Directory>,
    pub clock: Clock,
    pub copilot: Copilot,
    pub library: Library,
    pub streams: StreamPlaces,
    pub fan_out: FanOut,
    pub events: Events,
    /// Build of the page that this server serves.
    pub build: Arc<str>,
    pub metrics: Metrics,
    /// Tasks that run until shutdown.
    pub parts: Parts,
    /// Cancelled to end the streams.
    pub shutdown: CancellationToken,
    pub leptos_options: LeptosOptions,
}

impl Services {
    /// The portfolio: one consistent state of the books, valued at one tick.
    pub fn portfolio(&self, account: AccountId) -> Portfolio {
        let (books, tick) = (self.ledger.books(account), self.feed.latest());
        books.value(&tick)
    }

    /// A ticker's latest candles, at most `limit`, oldest first; `None` if it is neither watched nor held.
    pub async fn candles(
        &self,
        account: AccountId,
        ticker: Ticker,
        interval: Interval,
        limit: usize,
    ) -> Option<Vec<Candle>> {
        self.open_chart(account, ticker).await?;
        Some(self.feed.candles(ticker, interval, limit).unwrap_or_default())
    }

    /// Candles of a ticker's chart: the latest ones, or those from `since` (Unix seconds) on; empty if it is neither
    /// watched nor held.
    pub async fn chart(
        &self,
        account: AccountId,
        ticker: Ticker,
        interval: Interval,
        since: Option<i64>,
    ) -> Vec<Candle> {
        let mut candles = self.candles(account, ticker, interval, CHART_CANDLES_MAX).await.unwrap_or_default();
        candles.retain(|candle| since.is_none_or(|since| candle.time >= since));
        candles
    }

    /// Facts of a ticker, from its daily candles.
    pub async fn symbol(&self, account: AccountId, ticker: Ticker) -> SymbolFacts {
        let days = self.candles(account, ticker, Interval::Day, YEAR_DAYS).await.unwrap_or_default();
        SymbolFacts::of(company_name(ticker).map(str::to_owned), &days)
    }

    /// Makes the market keep a ticker's whole history: only little is kept of a held, unwatched ticker until its chart
    /// is opened. `None` if it is neither held nor watched.
    async fn open_chart(&self, account: AccountId, ticker: Ticker) -> Option<()> {
        if !self.ledger.books(account).wants(ticker) {
            return None;
        }
        if self.wanted.look_at(ticker) {
            self.feed.whole_past(ticker, PAST_PATIENCE).await;
        }
        Some(())
    }

    /// The equity curve over `range` up to now.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn equity_curve(&self, account: AccountId, range: HistoryRange) -> Result<EquityCurve, ApiError> {
        let snapshots = self.ledger.equity(account, range, (self.clock)()).await?.snapshots;
        Ok(EquityCurve { snapshots, high_water_mark: self.ledger.books(account).high_water_mark })
    }

    /// Closes a position at the last known price, if its market has none.
    ///
    /// # Errors
    /// If the ticker is not held, it has a price, or the ledger is busy.
    pub async fn write_off(&self, account: AccountId, ticker: Ticker) -> Result<TradeReceipt, ApiError> {
        let (trade_id, at) = (Uuid::now_v7().to_string(), (self.clock)());
        self.ledger.submit(account, WriteOff { ticker, prices: self.feed.latest(), trade_id, at }).await
    }

    /// Realised P&L by ticker, and the latest dividends.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn realized(&self, account: AccountId) -> Result<Realized, ApiError> {
        let actions = self.ledger.corporate_actions(account, ACTIONS_MAX, None);
        let (lines, actions) = tokio::join!(self.ledger.realized(account), actions);
        let dividends = actions?.corporate_actions.into_iter().filter_map(DividendLine::of).collect();
        Ok(Realized { lines: lines?, dividends })
    }

    /// Resets the account to its deposit.
    ///
    /// # Errors
    /// If the ledger is busy.
    pub async fn reset(&self, account: AccountId) -> Result<(), ApiError> {
        self.ledger.submit(account, Reset { at: (self.clock)() }).await
    }

    /// The account's current state, without prices.
    pub fn statement(&self, account: AccountId) -> Statement {
        let books = self.ledger.books(account);
        Statement {
            account: books.account.clone(),
            holds: books.orders.holds().clone(),
            last_prices: books.last_prices.clone(),
            today: books.today.clone(),
            version: books.version(),
        }
    }

    /// The market's session of now, and the next regular one.
    pub fn market_hours(&self) -> MarketHours {
        let (hours, now) = (self.feed.hours, (self.clock)());
        MarketHours { now, session: hours.session_at(now), next: hours.next_sessions(now, 1).pop() }
    }

    /// The page's initial state: one state of the books, and one tick. The chart shows `selected`, or the first watched
    /// ticker if that one is neither watched nor held.
    pub async fn workstation(&self, account: AccountId, selected: Option<Ticker>) -> Workstation {
        // Data read after this may be newer; the page then reads it once more.
        let version = self.ledger.books(account).version();
        let conversation = self.copilot.conversation(account, None).await;
        let books = self.ledger.books(account);
        let selected = selected.filter(|ticker| books.wants(*ticker));
        let charted = selected.or_else(|| books.watchlist.first().map(|watched| watched.ticker));
        if let Some(ticker) = charted {
            self.open_chart(account, ticker).await;
        }
        let (books, tick) = (self.ledger.books(account), self.feed.latest());
        let candles = |ticker| self.feed.candles(ticker, Interval::default(), CHART_CANDLES_MAX).unwrap_or_default();
        Workstation {
            version,
            account: books.account.clone(),
            holds: books.orders.holds().clone(),
            last_prices: books.last_prices.clone(),
            today: books.today.clone(),
            watchlist: books.watchlist.iter().map(|watched| self.line(watched)).collect(),
            quotes: tick.quotes.to_vec(),
            market_source: self.feed.source().to_owned(),
            market_status: tick.status.write(),
            chart: charted.map(|ticker| (ticker, candles(ticker))),
            conversation,
        }
    }

    /// The watchlist for the page, with its tickers' prices.
    pub fn watched_lines(&self, account: AccountId) -> WatchedLines {
        let (books, tick) = (self.ledger.books(account), self.feed.latest());
        WatchedLines {
            version: books.version(),
            lines: books.watchlist.iter().map(|watched| self.line(watched)).collect(),
            quotes: books.watchlist.iter().filter_map(|watched| tick.quotes.get(watched.ticker)).copied().collect(),
        }
    }

    /// Adds a ticker to the watchlist, before `before` or at the end, and waits for its first price. A ticker that
    /// belongs to no known company needs a person's confirmation that its prices may be invented.
    ///
    /// # Errors
    /// If there is no such ticker, the list is full, or the ledger is busy.
    pub async fn watch(
        &self,
        account: AccountId,
        ticker: Ticker,
        before: Option<Ticker>,
        may_be_made_up: bool,
    ) -> Result<WatchedLines, ApiError> {
        if !may_be_made_up && self.directory.makes_up(ticker) {
            return Err(ApiError::UnknownTicker { ticker, can_be_made_up: true });
        }
        self.watchlist.look_up(ticker).await?;
        self.watchlist.add_before(account, ticker, before).await?;
        self.feed.tick_with(ticker, FIRST_PRICE_MAX).await;
        Ok(self.watched_lines(account))
    }

    /// Removes a ticker from the watchlist.
    ///
    /// # Errors
    /// If it is not on the list, or the ledger is busy.
    pub async fn unwatch(&self, account: AccountId, ticker: Ticker) -> Result<WatchedLines, ApiError> {
        self.watchlist.remove(account, ticker).await?;
        Ok(self.watched_lines(account))
    }

    /// Moves a ticker of the watchlist before `before`, or to the end.
    ///
    /// # Errors
    /// If it is not on the list, or the ledger is busy.
    pub async fn reorder(
        &self,
        account: AccountId,
        ticker: Ticker,
        before: Option<Ticker>,
    ) -> Result<WatchedLines, ApiError> {
        self.watchlist.place_before(account, ticker, before).await?;
        Ok(self.watched_lines(account))
    }

    /// A watchlist entry for REST, with the prices of a tick.
    pub fn watchlist_entry(&self, watched: WatchedTicker, tick: &Tick) -> WatchlistEntry {
        let ticker = watched.ticker;
        let (quote, sparkline) = (tick.quotes.get(ticker), self.feed.sparkline(ticker));
        WatchlistEntry::new(watched, quote, sparkline, self.directory.makes_up(ticker))
    }

    fn line(&self, watched: &WatchedTicker) -> WatchlistLine {
        WatchlistLine {
            ticker: watched.ticker,
            company: company_name(watched.ticker).map(str::to_owned),
            is_made_up: self.directory.makes_up(watched.ticker),
            sparkline: self.feed.sparkline(watched.ticker),
        }
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options.clone()
    }
}
