//! Splits and dividends: each is recorded and applied once, in the write that changes the books, and never undone.

use std::sync::Arc;

use super::{
    Books, Change, Ledger, Write,
    effect::{ActionOutcome, Amounts, CorporateActionRow, Effect, Effects},
    orders::put_group,
    store::{Rows, StoreFault},
};
use crate::{
    domain::{
        account_id::AccountId,
        corporate_action::{ActionKind, ActionPage, CorporateAction, DividendRate, ExchangeDate, SplitRatio},
        instant::UtcInstant,
        money::{Money, Price, Quantity},
        order::{Adjusted, Side, Trade},
        orders::{costs::Commission, group::Group},
        portfolio::LastPrice,
        ticker::Ticker,
    },
    error::ApiError,
    server::market::feed::Tick,
};

/// Most actions of a page.
pub const ACTIONS_MAX: usize = 500;

/// Bound on the disorder of trades' times after corrections of the clock.
const DISORDER_MS: i64 = 86_400_000;

/// Applies an action whose day has come to the holding at the start of that day; a dividend is owed from then on.
pub struct ApplyAction {
    pub action: CorporateAction,
    /// The market's current prices.
    pub prices: Arc<Tick>,
    pub at: UtcInstant,
}

/// Outcome of applying an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Now,
    /// Already applied, or irrelevant to the account.
    Nothing,
}

/// Splits and trades from which the quantity held at the start of an action's day is computed.
pub struct Past {
    /// Splits of its ticker, in order of their days.
    splits: Vec<PastSplit>,
    /// Trades since about that day, newest first.
    trades: Vec<Trade>,
}

/// An applied split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastSplit {
    pub ticker: Ticker,
    pub day: ExchangeDate,
    pub ratio: SplitRatio,
    /// Price of a share right after it, if known.
    pub price: Option<Price>,
}

impl PastSplit {
    /// Whether a trade was in shares from before this split.
    pub fn is_after(&self, at: UtcInstant, price: Price) -> bool {
        self.ratio.is_trade_before(self.day, at, price, self.price)
    }
}

/// An owed dividend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwedDividend {
    pub sequence: i64,
    pub ticker: Ticker,
    pub amount: Money,
}

impl Write for ApplyAction {
    type Outcome = Applied;

    /// `None` for an action that is recorded already, or whose day has not come.
    type Found = Option<Past>;

    fn find(&self, account: AccountId, books: &Books, rows: &mut dyn Rows) -> Result<Option<Past>, StoreFault> {
        let action = &self.action;
        let kind = match action.kind {
            ActionKind::Split(_) => "split",
            ActionKind::Dividend { .. } => "dividend",
        };
        let starts_at = action.ex_date.starts_at();
        if self.at < starts_at || rows.is_action_recorded(account, kind, &action.id)? {
            return Ok(None);
        }
        let from = UtcInstant::from_unix_ms(starts_at.unix_ms() - DISORDER_MS);
        Ok(Some(Past {
            splits: rows.splits(account, Some(action.ticker))?,
            trades: rows.trades_back_to(account, books.reset_after_sequence, from)?,
        }))
    }

    fn decide(&self, books: &Books, past: &Option<Past>) -> Result<(Applied, Effects), ApiError> {
        let now = self.price_after();
        let Some(past) = past else {
            return Ok((Applied::Nothing, Effects::new()));
        };
        let Some(held) = self.held_at_start(now, books, past) else {
            return Ok(self.split_orders_alone(books));
        };
        let mut effects = match self.action.kind {
            ActionKind::Split(ratio) => self.split(ratio, &held, now, books)?,
            ActionKind::Dividend { rate, pay_date } => vec![self.owe(rate, pay_date, held.quantity)?],
        };
        effects.push(Effect::Event(Change::Account));
        Ok((Applied::Now, effects))
    }
}

/// The holding of a ticker at the start of a day.
struct Held {
    quantity: Quantity,
    /// Whether part of it was traded on that day, at prices from before a split.
    is_of_the_day: bool,
}

impl ApplyAction {
    /// Price of a share after the action: until the first trade, the previous price divided by the ratio.
    fn price_after(&self) -> Option<Price> {
        let quote = self.prices.quotes.get(self.action.ticker)?;
        match self.action.kind {
            ActionKind::Split(ratio) if quote.at < self.action.ex_date.starts_at() => ratio.of_price(quote.price),
            ActionKind::Split(_) | ActionKind::Dividend { .. } => Some(quote.price),
        }
    }

    fn split(&self, ratio: SplitRatio, held: &Held, now: Option<Price>, books: &Books) -> Result<Effects, ApiError> {
        let CorporateAction { ticker, ex_date, .. } = self.action;
        let mut account = books.account.clone();
        let became = account.split(ticker, held.quantity, ratio);
        let became = became.map_err(|_| too_large(&format!("split of {ticker}")))?;
        let ex_second = ex_date.starts_at().unix_second();
        let are_trades_before = books.today.day().is_some_and(|day| day.starts_at < ex_second);
        let splits_today = held.is_of_the_day || are_trades_before;
        let last_price = books.last_prices.get(&ticker).copied().map(|last| {
            let is_before = ratio.is_trade_before(ex_date, last.at, last.price, now);
            let price = Some(last.price).filter(|_| is_before).and_then(|price| ratio.of_price(price));
            LastPrice { price: price.unwrap_or(last.price), ..last }
        });
        let holding = account.holdings.get(&ticker).copied();
        let outcome = ActionOutcome::Split { ratio, quantity_after: became, price: now, splits_today };
        let mut effects = vec![
            Effect::Holding { ticker, held: holding.map(|holding| (holding, last_price)) },
            self.row(held.quantity, outcome),
        ];
        self.split_orders(ratio, books, &mut effects);
        Ok(effects)
    }

    /// Splits the open orders of a ticker without a holding.
    fn split_orders_alone(&self, books: &Books) -> (Applied, Effects) {
        let mut effects = Effects::new();
        if let ActionKind::Split(ratio) = self.action.kind {
            self.split_orders(ratio, books, &mut effects);
        }
        if effects.is_empty() {
            return (Applied::Nothing, effects);
        }
        effects.extend([Effect::OrdersSplit(self.action.id.clone()), Effect::Event(Change::Account)]);
        (Applied::Now, effects)
    }

    /// Splits the open orders of the ticker, except those placed on the split's day, which are in new shares already.
    fn split_orders(&self, ratio: SplitRatio, books: &Books, effects: &mut Effects) {
        let (ticker, starts_at) = (self.action.ticker, self.action.ex_date.starts_at());
        let is_meant = |group: &Group| group.leader().ticker == ticker && group.leader().created_at < starts_at;
        let mut groups: Vec<_> = books.orders.groups().filter(|listed| is_meant(&listed.group)).collect();
        groups.sort_by_key(|listed| listed.group.leader().id);
        for listed in groups {
            let mut group = Group::clone(&listed.group);
            // A group whose sums would overflow stays unchanged.
            if group.write(Commission::default(), self.at, |change| change.split(ratio)).is_ok() {
                put_group(Some(&listed.group), group, self.prices.version, effects);
            }
        }
    }

    fn owe(&self, rate: DividendRate, pay_date: ExchangeDate, quantity: Quantity) -> Result<Effect, ApiError> {
        let cash = rate.of(quantity).ok_or_else(|| too_large(&format!("dividend of {}", self.action.ticker)))?;
        Ok(self.row(quantity, ActionOutcome::Dividend { rate, pay_date, cash }))
    }

    fn row(&self, quantity: Quantity, outcome: ActionOutcome) -> Effect {
        let CorporateAction { ticker, ex_date, .. } = self.action;
        let id = self.action.id.clone();
        Effect::CorporateAction(Box::new(CorporateActionRow {
            id,
            ticker,
            ex_date,
            quantity,
            recorded_at: self.at,
            outcome,
        }))
    }

    /// Holding of the action's ticker at the start of its day: the present one, minus purchases and plus sales since,
    /// before the splits since. `None` if zero.
    fn held_at_start(&self, now: Option<Price>, books: &Books, past: &Past) -> Option<Held> {
        let action = &self.action;
        let starts_at = action.ex_date.starts_at();
        let mut splits: Vec<_> = past.splits.iter().filter(|split| split.day.starts_at() > starts_at).collect();
        let mut held = books.account.holdings.get(&action.ticker).map_or(0, |holding| holding.quantity.millionths());
        let mut is_of_the_day = false;
        let is_since = |trade: &&Trade| trade.ticker == action.ticker && trade.executed_at >= starts_at;
        for trade in past.trades.iter().filter(is_since) {
            let at = trade.executed_at;
            while let Some(split) = splits.pop_if(|split| split.day.starts_at() > at) {
                held = undo(split.ratio, held);
            }
            if let ActionKind::Split(ratio) = action.kind
                && ratio.is_trade_before(action.ex_date, at, trade.price, now)
            {
                is_of_the_day = true;
                continue;
            }
            held = match trade.side {
                Side::Buy => held.saturating_sub(trade.quantity.millionths()),
                Side::Sell => held.saturating_add(trade.quantity.millionths()),
            };
        }
        while let Some(split) = splits.pop() {
            held = undo(split.ratio, held);
        }
        Quantity::from_millionths(held).ok().map(|quantity| Held { quantity, is_of_the_day })
    }
}

fn too_large(what: &str) -> ApiError {
    ApiError::InvalidQuantity { reason: format!("the {what} is beyond all bounds") }
}

fn undo(ratio: SplitRatio, millionths: i64) -> i64 {
    let before = Quantity::from_millionths(millionths).ok().and_then(|held| ratio.before(held));
    before.map_or(millionths, Quantity::millionths)
}

/// Credits the dividends whose pay date has come; returns their number.
pub struct PayDividends {
    pub at: UtcInstant,
}

impl Write for PayDividends {
    type Outcome = usize;

    /// Dividends that are due.
    type Found = Vec<OwedDividend>;

    fn find(&self, account: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Vec<OwedDividend>, StoreFault> {
        rows.dividends_due(account, ExchangeDate::of(self.at))
    }

    fn decide(&self, books: &Books, due: &Vec<OwedDividend>) -> Result<(usize, Effects), ApiError> {
        let mut account = books.account.clone();
        let mut effects = Effects::new();
        for OwedDividend { sequence, ticker, amount } in due.iter().copied() {
            // A dividend that would overflow the cash stays owed.
            if account.receive_income(amount).is_ok() {
                effects.push(Effect::DividendPaid { sequence, ticker, amount, at: self.at });
            }
        }
        let paid = effects.len();
        if paid > 0 {
            let (cash, income) = (account.cash, account.income);
            effects.push(Effect::Amounts(Amounts { cash, income, ..books.amounts() }));
            effects.push(Effect::Event(Change::Account));
        }
        Ok((paid, effects))
    }
}

/// Sets each trade's figures in shares of today if it was made before a split.
pub fn adjust(trades: &mut [Trade], splits: &[PastSplit]) {
    for trade in trades {
        for split in splits.iter().filter(|split| split.ticker == trade.ticker) {
            let Adjusted { quantity, price } =
                trade.adjusted.unwrap_or(Adjusted { quantity: trade.quantity, price: trade.price });
            if !split.is_after(trade.executed_at, price) {
                continue;
            }
            let after = Option::zip(split.ratio.of_shares(quantity), split.ratio.of_price(price));
            trade.adjusted = after.map(|(quantity, price)| Adjusted { quantity, price }).or(trade.adjusted);
        }
    }
}

impl Ledger {
    /// Splits and dividends of the account since its latest reset, newest first: at most `limit` and [`ACTIONS_MAX`],
    /// and only those before the given number, if any.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn corporate_actions(
        &self,
        account: AccountId,
        limit: usize,
        before: Option<i64>,
    ) -> Result<ActionPage, ApiError> {
        let limit = limit.min(ACTIONS_MAX);
        let (opened_at, before) = (self.books(account).opened_at, before.unwrap_or(i64::MAX));
        // One more than requested shows whether there is another page.
        let mut found = self.read(move |rows| rows.actions(account, opened_at, before, limit + 1)).await?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| has_more).map(|(sequence, _)| sequence.to_string());
        Ok(ActionPage { corporate_actions: found.into_iter().map(|(_, record)| record).collect(), next_cursor })
    }

    /// Whether an owed dividend is due at this moment.
    ///
    /// # Errors
    /// If the database does not respond.
    pub async fn is_dividend_due(&self, account: AccountId, at: UtcInstant) -> Result<bool, ApiError> {
        let today = ExchangeDate::of(at);
        let due = self.read(move |rows| rows.dividends_due(account, today)).await?;
        Ok(!due.is_empty())
    }
}
