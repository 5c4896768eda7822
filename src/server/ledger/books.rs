//! An account's state after a commit, and the application of effects to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    alerts::{Alerts, FIRINGS_KEPT},
    effect::{ActionOutcome, Amounts, CorporateActionRow, Effect, TradeRow},
    orders::OpenOrders,
};
use crate::{
    domain::{
        account::{Account, Fill},
        copilot::Autonomy,
        day::{DayTrades, Traded},
        instant::UtcInstant,
        money::Money,
        performance::day::{AccountDay, Counts},
        portfolio::{LastPrice, Mark, Portfolio},
        ticker::Ticker,
        trading_day::TradingDay,
        watchlist::WatchedTicker,
    },
    server::market::{feed::Tick, hours::Hours},
};

/// The tickers whose prices are needed: watched or held.
pub type TickerSet = BTreeSet<Ticker>;

/// An account's state after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    pub account: Account,
    /// The last known price of each holding.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    /// In the list's order: as added, unless rearranged.
    pub watchlist: Vec<WatchedTicker>,
    /// Market hours that define the trading days.
    pub hours: Hours,
    /// Sums of the trades on the latest trade's day.
    pub today: DayTrades,
    /// The latest recorded day; `None` if there is none since the account was opened or last reset.
    pub day: Option<Arc<AccountDay>>,
    /// How many trades, flows and dividends there are since then.
    pub counts: Counts,
    /// Time at which the account was opened or last reset, where its equity curve begins.
    pub opened_at: UtcInstant,
    /// Highest value recorded since then; `None` if there is none.
    pub high_water_mark: Option<Money>,
    /// The copilot's autonomy.
    pub autonomy: Autonomy,
    /// Open orders with their holds.
    pub orders: OpenOrders,
    pub alerts: Alerts,
    /// Whether the account has been opened.
    pub(super) is_open: bool,
    /// Sequence of the last trade before the latest reset; the history begins after it.
    pub(super) reset_after_sequence: i64,
    /// Sequence of the last message before the conversation was last cleared.
    pub(super) chat_cleared_after_sequence: i64,
    /// Number of the latest event; 0 if there is none.
    pub(super) version: i64,
}

impl Books {
    /// Empty books of an account that was never opened.
    pub(super) fn unopened(hours: Hours) -> Self {
        Self {
            account: Account::open(Money::ZERO),
            last_prices: BTreeMap::new(),
            watchlist: Vec::new(),
            hours,
            today: DayTrades::default(),
            day: None,
            counts: Counts::default(),
            opened_at: UtcInstant::EPOCH,
            high_water_mark: None,
            autonomy: Autonomy::default(),
            orders: OpenOrders::default(),
            alerts: Alerts::default(),
            is_open: false,
            reset_after_sequence: 0,
            chat_cleared_after_sequence: 0,
            version: 0,
        }
    }

    pub fn watched(&self) -> TickerSet {
        self.watchlist.iter().map(|watched| watched.ticker).collect()
    }

    /// Tickers that are watched or held, or have open orders or active alerts.
    pub fn wanted(&self) -> TickerSet {
        let watched = self.watchlist.iter().map(|watched| watched.ticker);
        let others = self.orders.tickers().chain(self.alerts.tickers().iter().copied());
        watched.chain(self.account.holdings.keys().copied()).chain(others).collect()
    }

    pub fn watches(&self, ticker: Ticker) -> bool {
        self.watchlist.iter().any(|watched| watched.ticker == ticker)
    }

    /// Whether a ticker is watched or held, or has an open order or an active alert.
    pub fn wants(&self, ticker: Ticker) -> bool {
        self.watches(ticker)
            || self.account.holdings.contains_key(&ticker)
            || self.orders.has_ticker(ticker)
            || self.alerts.has_ticker(ticker)
    }

    /// The trading day of a moment.
    pub fn day_of(&self, at: UtcInstant) -> TradingDay {
        // Usually the day of the latest trade.
        self.today.day_with(at).unwrap_or_else(|| self.hours.day_of(at))
    }

    /// Number of the latest change in these books; 0 if there is none.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Price at which a holding is valued: the market's, or the last known one.
    pub fn mark(&self, prices: &Tick, ticker: Ticker) -> Option<Mark> {
        Mark::of(prices.quotes.get(ticker), self.last_prices.get(&ticker))
    }

    /// The account, valued.
    pub fn value(&self, prices: &Tick) -> Portfolio {
        let portfolio = Portfolio::value(&self.account, |ticker| self.mark(prices, ticker));
        portfolio.with_held(self.orders.holds().cash)
    }

    /// Total value right after a fill of `ticker`; `None` if a held ticker has no price.
    pub fn total_value_after(&self, prices: &Tick, ticker: Ticker, fill: &Fill) -> Option<Money> {
        Portfolio::total_value_after(&self.account, ticker, fill, |ticker| self.mark(prices, ticker))
    }

    pub fn amounts(&self) -> Amounts {
        let (account, high_water_mark) = (&self.account, self.high_water_mark);
        Amounts { cash: account.cash, realized_pnl: account.realized_pnl, income: account.income, high_water_mark }
    }

    /// High-water mark including a value that is recorded now.
    pub(super) fn high_water_mark_with(&self, value: Money) -> Option<Money> {
        self.high_water_mark.max(Some(value))
    }

    /// Applies a change.
    pub fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::AccountOpened { deposit, at } => {
                (self.account, self.opened_at, self.is_open) = (Account::open(*deposit), *at, true);
            }
            Effect::AccountReset { at, after_trade } => self.reset(*at, *after_trade),
            Effect::Amounts(amounts) => self.set_amounts(*amounts),
            Effect::Holding { ticker, held } => {
                let (holding, last) = held.unzip();
                put(&mut self.account.holdings, *ticker, holding);
                put(&mut self.last_prices, *ticker, last.flatten());
            }
            Effect::Trade(row) => self.record_trade(row),
            Effect::Orders { group, tick } => self.orders.put(Arc::clone(group), *tick),
            Effect::Alert(alert) => self.alerts.put(Arc::clone(alert)),
            Effect::AlertDeleted(id) => self.alerts.remove(id),
            Effect::Firing(_) => self.alerts.unread = (self.alerts.unread + 1).min(FIRINGS_KEPT),
            Effect::FiringsRead { unread, .. } => self.alerts.unread = *unread,
            Effect::CurveBegins { at } => self.opened_at = *at,
            Effect::Watched(watched) => self.watchlist.push(*watched),
            Effect::Unwatched(ticker) => self.watchlist.retain(|watched| watched.ticker != *ticker),
            Effect::WatchlistOrdered(order) => {
                self.watchlist.sort_by_key(|watched| order.iter().position(|ticker| *ticker == watched.ticker));
            }
            Effect::ChatCleared { after_message } => self.chat_cleared_after_sequence = *after_message,
            Effect::Autonomy(autonomy) => self.autonomy = *autonomy,
            Effect::CorporateAction(row) => self.record_corporate_action(row),
            Effect::DividendPaid { ticker, amount, at, .. } => {
                self.today.receive(self.day_of(*at), *ticker, *amount);
                self.counts.dividends += 1;
            }
            Effect::Flow(flow) => {
                let flows = self.account.flows.cents().saturating_add(flow.amount.cents());
                self.account.flows = Money::from_cents(flows);
                self.counts.flows += 1;
            }
            // Days that are added later are earlier ones.
            Effect::Day(day) => {
                if self.day.as_ref().is_none_or(|latest| latest.date <= day.date) {
                    self.day = Some(Arc::clone(day));
                }
            }
            Effect::Event(_) => self.version += 1,
            // Effects on rows only.
            Effect::Snapshot { .. }
            | Effect::SnapshotsForgotten { .. }
            | Effect::SnapshotsThinned { .. }
            | Effect::Message(_)
            | Effect::Action(_)
            | Effect::ActionDecided(_)
            | Effect::AccessKeyKept { .. }
            | Effect::AccessKeyDropped { .. }
            | Effect::TokenKept(_)
            | Effect::TokenRevoked(_)
            | Effect::TokenUsed { .. }
            | Effect::OrderNamed(_)
            | Effect::TrailMarks { .. }
            | Effect::OrdersSplit(_)
            | Effect::MarketSeed(_) => {}
        }
    }

    fn reset(&mut self, at: UtcInstant, after_trade: i64) {
        self.account = Account::open(self.account.initial_deposit);
        self.last_prices.clear();
        self.today = DayTrades::default();
        (self.day, self.counts) = (None, Counts::default());
        (self.opened_at, self.reset_after_sequence) = (at, after_trade);
    }

    fn set_amounts(&mut self, amounts: Amounts) {
        let Amounts { cash, realized_pnl, income, high_water_mark } = amounts;
        (self.account.cash, self.account.realized_pnl, self.account.income) = (cash, realized_pnl, income);
        self.high_water_mark = high_water_mark;
    }

    fn record_trade(&mut self, row: &TradeRow) {
        self.counts.trades += 1;
        let trade = &row.trade;
        let traded = Traded {
            ticker: trade.ticker,
            side: trade.side,
            millionths: trade.quantity.millionths(),
            notional: trade.amount(),
            previous_close: row.previous_close,
        };
        self.today.record(self.day_of(trade.executed_at), traded);
    }

    fn record_corporate_action(&mut self, row: &CorporateActionRow) {
        if let ActionOutcome::Split { ratio, splits_today: true, .. } = row.outcome {
            self.today.split(row.ticker, ratio);
        }
    }
}

/// Sets or removes a value.
fn put<V>(values: &mut BTreeMap<Ticker, V>, ticker: Ticker, value: Option<V>) {
    match value {
        Some(value) => values.insert(ticker, value),
        None => values.remove(&ticker),
    };
}
