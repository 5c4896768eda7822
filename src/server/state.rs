//! The services, built once a process and handed on.

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    copilot::Copilot,
    execution::Execution,
    http::StreamPlaces,
    ledger::Ledger,
    market::{company_name, feed::Feed},
    metrics::Metrics,
    watchlist::WatchlistService,
};
use crate::domain::{
    candle::{Candle, Interval},
    portfolio::Portfolio,
    ticker::Ticker,
    watchlist::WatchedTicker,
    workstation::{WatchlistLine, Workstation},
};

/// The candles that a chart of the page starts with.
const CHART_CANDLES_MAX: usize = 900;

/// What every request may reach. Clones share everything.
#[derive(Clone)]
pub struct AppState {
    pub feed: Feed,
    pub ledger: Ledger,
    pub execution: Execution,
    pub watchlist: WatchlistService,
    pub clock: Clock,
    pub copilot: Copilot,
    pub streams: StreamPlaces,
    pub metrics: Metrics,
    /// Streams end when it is cancelled.
    pub shutdown: CancellationToken,
    pub leptos_options: LeptosOptions,
}

impl AppState {
    /// The portfolio: one state of the books, valued at one tick.
    pub fn portfolio(&self) -> Portfolio {
        let (books, tick) = (self.ledger.books(), self.feed.latest());
        Portfolio::value(&books.account, |ticker| tick.price(ticker))
    }

    /// What a chart shows of a ticker; empty when that is neither watched nor held.
    pub fn chart(&self, ticker: Ticker, interval: Interval) -> Vec<Candle> {
        self.feed.candles(ticker, interval, CHART_CANDLES_MAX).unwrap_or_default()
    }

    /// What the page starts from: one state of the books, and one tick. The chart is that of `selected`, or of the first
    /// ticker watched when that one is neither watched nor held.
    pub fn workstation(&self, selected: Option<Ticker>) -> Workstation {
        let (books, tick) = (self.ledger.books(), self.feed.latest());
        let line = |watched: &WatchedTicker| WatchlistLine {
            ticker: watched.ticker,
            company: company_name(watched.ticker).map(str::to_owned),
            sparkline: self.feed.sparkline(watched.ticker),
        };
        let wanted = books.wanted();
        let selected = selected.filter(|ticker| wanted.contains(ticker));
        let charted = selected.or_else(|| books.watchlist.first().map(|watched| watched.ticker));
        Workstation {
            account: books.account.clone(),
            watchlist: books.watchlist.iter().map(line).collect(),
            quotes: tick.quotes.values().copied().collect(),
            market_source: self.feed.source().to_owned(),
            chart: charted.map(|ticker| (ticker, self.chart(ticker, Interval::Second))),
        }
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options.clone()
    }
}
