//! The account in the page: the server's last state, valued at the prices shown.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};

use super::{effects::memo, market::Market};
use crate::{
    api::load_account,
    domain::{
        day::DayPnl,
        money::{Money, Quantity},
        portfolio::{Mark, Portfolio, Position},
        quote::Quote,
        ticker::Ticker,
        workstation::Statement,
    },
    error::ApiError,
};

/// Wait before the first retry of reading the account; it doubles with every attempt…
const RETRY_MIN: Duration = Duration::from_secs(1);
/// …up to this.
const RETRY_MAX: Duration = Duration::from_secs(15);

/// Handle to the page's account; copies share it. It stores no price and computes no balance.
#[derive(Clone, Copy)]
pub struct Books {
    statement: RwSignal<Statement>,
    /// Prices that these books are valued at.
    pub market: Market,
    portfolio: Memo<Portfolio>,
    /// Reason why the account could not be read, while that lasts.
    pub failure: RwSignal<Option<String>>,
    /// The position that a trade has just changed; the number distinguishes two trades of the same ticker.
    lit: RwSignal<Option<(Ticker, u32)>>,
    reads: StoredValue<Reads>,
}

/// Numbers of the last started and the last shown read: a slow answer must not replace a newer one.
#[derive(Default)]
struct Reads {
    begun: u32,
    shown: u32,
    is_retrying: bool,
}

impl Books {
    pub fn new(statement: Statement, market: Market) -> Self {
        let statement = RwSignal::new(statement);
        let portfolio = memo(move || {
            market.track_ticks();
            statement.with(|now| {
                let value = Portfolio::value(&now.account, |ticker| {
                    Mark::of(market.quote_untracked(ticker).as_ref(), now.last_prices.get(&ticker))
                });
                value.with_held(now.holds.cash)
            })
        });
        Self {
            statement,
            market,
            portfolio,
            failure: RwSignal::new(None),
            lit: RwSignal::new(None),
            reads: StoredValue::new(Reads::default()),
        }
    }

    /// Reads the account again, after a change.
    ///
    /// # Errors
    /// If the server does not respond; the old state stays visible, with a warning.
    pub async fn reload(self) -> Result<(), ApiError> {
        let read = self.reads.try_update_value(|reads| {
            reads.begun += 1;
            reads.begun
        });
        let answer = load_account().await;
        // The page may be disposed by now.
        self.failure.try_set(answer.as_ref().err().map(ToString::to_string));
        let statement = answer?;
        let is_newest = self.reads.try_update_value(|reads| {
            let is_newest = read > Some(reads.shown);
            reads.shown = reads.shown.max(read.unwrap_or_default());
            is_newest
        });
        if is_newest == Some(true) {
            self.statement.try_update(|shown| *shown = statement);
        }
        Ok(())
    }

    /// Reads the account again, with retries until that succeeds.
    pub fn refresh(self) {
        spawn_local(async move {
            let mut wait = RETRY_MIN;
            if self.reload().await.is_ok() || self.set_retrying(true) != Some(false) {
                return;
            }
            loop {
                sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
                if self.reload().await.is_ok() {
                    self.set_retrying(false);
                    return;
                }
            }
        });
    }

    /// Returns the previous value; `None` if the page is disposed.
    fn set_retrying(self, is_retrying: bool) -> Option<bool> {
        self.reads.try_update_value(|reads| std::mem::replace(&mut reads.is_retrying, is_retrying))
    }

    /// Highlights the position of a ticker.
    pub fn light(self, ticker: Ticker) {
        self.lit.update(|lit| *lit = Some((ticker, lit.map_or(0, |(_, count)| count + 1))));
    }

    /// Highlight of a ticker's position, if any; tracked.
    pub fn glow(self, ticker: Ticker) -> Option<&'static str> {
        match self.lit.get() {
            Some((lit, count)) if lit == ticker => Some(if count % 2 == 0 { "once" } else { "again" }),
            _ => None,
        }
    }

    /// Version of the latest change shown, untracked; `None` if the page is disposed.
    pub fn version(self) -> Option<i64> {
        self.statement.try_with_untracked(|now| now.version)
    }

    /// Tracks the account without its prices: trades and resets, not ticks.
    pub fn track_changes(self) {
        self.statement.track();
    }

    /// Cash; tracked.
    pub fn cash(self) -> Money {
        self.statement.with(|now| now.account.cash)
    }

    /// Cash that open orders hold, tracked.
    pub fn held_for_orders(self) -> Money {
        self.statement.with(|now| now.holds.cash)
    }

    /// Shares of a ticker that open orders hold, tracked.
    pub fn shares_on_orders(self, ticker: Ticker) -> Option<Quantity> {
        self.statement.with(|now| now.holds.shares.get(&ticker).copied())
    }

    /// Deposits less withdrawals, the initial one included; tracked.
    pub fn paid_in(self) -> Money {
        self.statement.with(|now| now.account.paid_in())
    }

    /// Held tickers, in alphabetical order; tracked.
    pub fn held(self) -> Vec<Ticker> {
        self.statement.with(|now| now.account.holdings.keys().copied().collect())
    }

    /// Quantity held of a ticker; tracked.
    pub fn quantity(self, ticker: Ticker) -> Option<Quantity> {
        self.statement.with(|now| now.account.holdings.get(&ticker).map(|holding| holding.quantity))
    }

    /// One position at the price shown; tracked.
    pub fn position(self, ticker: Ticker) -> Option<Position> {
        self.portfolio.with(|portfolio| portfolio.position(ticker).cloned())
    }

    /// A position's gain today; tracked.
    pub fn day_pnl(self, ticker: Ticker) -> Option<DayPnl> {
        // Updated with the portfolio, not with the price, which may come an animation frame earlier: both are in one
        // row.
        self.market.track_ticks();
        self.statement.with(|now| {
            let quote = self.quote(now, ticker)?;
            let quantity = now.account.holdings.get(&ticker).map(|holding| holding.quantity);
            now.today.pnl(self.market.day(), quantity, &quote)
        })
    }

    /// Gain of all positions today, tracked; `None` while that of any is missing.
    pub fn day_total(self) -> Option<Money> {
        self.market.track_ticks();
        let day = self.market.day();
        self.statement.with(|now| {
            now.account.holdings.iter().try_fold(Money::ZERO, |sum, (ticker, holding)| {
                let quote = self.quote(now, *ticker)?;
                sum.checked_add(now.today.pnl(day, Some(holding.quantity), &quote)?.amount)
            })
        })
    }

    /// The account's gain today, sold positions included, tracked; `None` while any price is missing.
    pub fn day_gain(self) -> Option<DayPnl> {
        self.market.track_ticks();
        let (day, total_value) = (self.market.day(), self.with_portfolio(|portfolio| portfolio.total_value));
        self.statement.with(|now| now.today.gain(day, &now.account, total_value, |ticker| self.quote(now, ticker)))
    }

    /// The market's quote of a ticker, or one of its last known price.
    fn quote(self, now: &Statement, ticker: Ticker) -> Option<Quote> {
        let last = || now.last_prices.get(&ticker).map(|last| last.quote(ticker));
        self.market.quote_untracked(ticker).or_else(last)
    }

    /// The whole portfolio at the prices shown; tracked.
    pub fn with_portfolio<T>(self, read: impl FnOnce(&Portfolio) -> T) -> T {
        self.portfolio.with(read)
    }
}
