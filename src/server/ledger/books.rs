//! An account's state after some commit, and how effects change it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
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
        portfolio::{LastPrice, Mark, Portfolio},
        ticker::Ticker,
        trading_day::TradingDay,
        watchlist::WatchedTicker,
    },
    server::market::{feed::Tick, hours::Hours},
};

/// The tickers whose prices are needed: watched or held.
pub type TickerSet = BTreeSet<Ticker>;

/// An account's state after some commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    pub account: Account,
    /// The last known price of each holding.
    pub last_prices: BTreeMap<Ticker, LastPrice>,
    /// In the list's order: as added, unless rearranged.
    pub watchlist: Vec<WatchedTicker>,
    /// The market hours that divide time into the days of gains.
    pub hours: Hours,
    /// The trades of the latest trade's day, added up.
    pub today: DayTrades,
    /// When the account was opened, or last reset: its equity curve begins here.
    pub opened_at: UtcInstant,
    /// The highest value that was recorded since then; nothing when none was.
    pub high_water_mark: Option<Money>,
    /// How far the copilot may act by itself.
    pub autonomy: Autonomy,
    /// The orders that wait, and what they hold.
    pub orders: OpenOrders,
    /// The account has been opened.
    pub(super) is_open: bool,
    /// The sequence of the last trade before the latest reset, which the history begins after.
    pub(super) reset_after_sequence: i64,
    /// The sequence of the last message before the conversation was last cleared.
    pub(super) chat_cleared_after_sequence: i64,
    /// The number of the latest event; 0 when there was none.
    pub(super) version: i64,
}

impl Books {
    /// Empty books, for an account that was never opened.
    pub(super) fn unopened(hours: Hours) -> Self {
        Self {
            account: Account::open(Money::ZERO),
            last_prices: BTreeMap::new(),
            watchlist: Vec::new(),
            hours,
            today: DayTrades::default(),
            opened_at: UtcInstant::EPOCH,
            high_water_mark: None,
            autonomy: Autonomy::default(),
            orders: OpenOrders::default(),
            is_open: false,
            reset_after_sequence: 0,
            chat_cleared_after_sequence: 0,
            version: 0,
        }
    }

    pub fn watched(&self) -> TickerSet {
        self.watchlist.iter().map(|watched| watched.ticker).collect()
    }

    /// The tickers that are watched or held, or have an order that waits.
    pub fn wanted(&self) -> TickerSet {
        let watched = self.watchlist.iter().map(|watched| watched.ticker);
        watched.chain(self.account.holdings.keys().copied()).chain(self.orders.tickers()).collect()
    }

    pub fn watches(&self, ticker: Ticker) -> bool {
        self.watchlist.iter().any(|watched| watched.ticker == ticker)
    }

    /// Whether a ticker is watched or held, or has an order that waits.
    pub fn wants(&self, ticker: Ticker) -> bool {
        self.watches(ticker) || self.account.holdings.contains_key(&ticker) || self.orders.has_ticker(ticker)
    }

    /// The trading day of a moment.
    pub fn day_of(&self, at: UtcInstant) -> TradingDay {
        // Mostly it is the day of the latest trade.
        self.today.day_with(at).unwrap_or_else(|| self.hours.day_of(at))
    }

    /// The number of the latest change that these books hold; 0 when there was none.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The price that a holding is valued at: the market's price, or the last one known.
    pub fn mark(&self, prices: &Tick, ticker: Ticker) -> Option<Mark> {
        Mark::of(prices.quotes.get(ticker), self.last_prices.get(&ticker))
    }

    /// The account, valued.
    pub fn value(&self, prices: &Tick) -> Portfolio {
        let portfolio = Portfolio::value(&self.account, |ticker| self.mark(prices, ticker));
        portfolio.with_held(self.orders.holds().cash)
    }

    /// The account's total value right after a fill of `ticker`; nothing when a held ticker has no price.
    pub fn total_value_after(&self, prices: &Tick, ticker: Ticker, fill: &Fill) -> Option<Money> {
        Portfolio::total_value_after(&self.account, ticker, fill, |ticker| self.mark(prices, ticker))
    }

    pub fn amounts(&self) -> Amounts {
        let (account, high_water_mark) = (&self.account, self.high_water_mark);
        Amounts { cash: account.cash, realized_pnl: account.realized_pnl, income: account.income, high_water_mark }
    }

    /// The highest value with one that is recorded now.
    pub(super) fn high_water_mark_with(&self, value: Money) -> Option<Money> {
        self.high_water_mark.max(Some(value))
    }

    /// Takes in a change.
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
            Effect::CurveBegins { at } => self.opened_at = *at,
            Effect::Watched(watched) => self.watchlist.push(*watched),
            Effect::Unwatched(ticker) => self.watchlist.retain(|watched| watched.ticker != *ticker),
            Effect::WatchlistOrdered(order) => {
                self.watchlist.sort_by_key(|watched| order.iter().position(|ticker| *ticker == watched.ticker));
            }
            Effect::ChatCleared { after_message } => self.chat_cleared_after_sequence = *after_message,
            Effect::Autonomy(autonomy) => self.autonomy = *autonomy,
            Effect::CorporateAction(row) => self.record_corporate_action(row),
            Effect::DividendPaid { ticker, amount, at, .. } => self.today.receive(self.day_of(*at), *ticker, *amount),
            Effect::Event(_) => self.version += 1,
            // Rows alone.
            Effect::Snapshot { .. }
            | Effect::SnapshotsForgotten { .. }
            | Effect::SnapshotsThinned { .. }
            | Effect::Message(_)
            | Effect::Action(_)
            | Effect::ActionDecided(_)
            | Effect::AccessKeyKept { .. }
            | Effect::AccessKeyDropped { .. }
            | Effect::OrderNamed(_)
            | Effect::TrailMarks { .. }
            | Effect::MarketSeed(_) => {}
        }
    }

    fn reset(&mut self, at: UtcInstant, after_trade: i64) {
        self.account = Account::open(self.account.initial_deposit);
        self.last_prices.clear();
        self.today = DayTrades::default();
        (self.opened_at, self.reset_after_sequence) = (at, after_trade);
    }

    fn set_amounts(&mut self, amounts: Amounts) {
        let Amounts { cash, realized_pnl, income, high_water_mark } = amounts;
        (self.account.cash, self.account.realized_pnl, self.account.income) = (cash, realized_pnl, income);
        self.high_water_mark = high_water_mark;
    }

    fn record_trade(&mut self, row: &TradeRow) {
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

/// Puts a value in the place of another; nothing takes it away.
fn put<V>(values: &mut BTreeMap<Ticker, V>, ticker: Ticker, value: Option<V>) {
    match value {
        Some(value) => values.insert(ticker, value),
        None => values.remove(&ticker),
    };
}
