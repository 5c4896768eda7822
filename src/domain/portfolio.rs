//! The valuation of an account at given prices, on the server and in the page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::{Account, Fill, Holding},
    instant::UtcInstant,
    money::{Money, Price, Quantity, round_percent},
    quote::Quote,
    ticker::Ticker,
};

/// The last known price of a share, for a market without prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPrice {
    pub price: Price,
    pub at: UtcInstant,
}

impl LastPrice {
    /// A quote without any change since.
    pub fn quote(&self, ticker: Ticker) -> Quote {
        let Self { price, at } = *self;
        Quote { ticker, price, previous_price: price, previous_close: price, at, is_stale: true }
    }
}

/// Price at which a holding is valued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The market's current price.
    Live(Price),
    /// The last known price: the ticker was delisted or renamed, or its source is unavailable.
    Last(LastPrice),
}

impl Mark {
    /// The market's price, or the last known one if the market has none or a stale one.
    pub fn of(quote: Option<&Quote>, last: Option<&LastPrice>) -> Option<Self> {
        match quote {
            Some(quote) if quote.is_stale => Some(Self::Last(LastPrice { price: quote.price, at: quote.at })),
            Some(quote) => Some(Self::Live(quote.price)),
            None => last.copied().map(Self::Last),
        }
    }

    pub fn price(self) -> Price {
        match self {
            Self::Live(price) | Self::Last(LastPrice { price, .. }) => price,
        }
    }

    /// Time of the price, unless it is current.
    fn stale_at(self) -> Option<UtcInstant> {
        match self {
            Self::Live(_) => None,
            Self::Last(last) => Some(last.at),
        }
    }
}

impl From<Price> for Mark {
    fn from(price: Price) -> Self {
        Self::Live(price)
    }
}

/// One holding, valued. Figures that need a price are missing, never zero, while the ticker has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Position {
    pub ticker: Ticker,
    pub quantity: Quantity,
    /// `cost_basis / quantity`; missing if the cost is too small for a price.
    pub avg_cost: Option<Price>,
    pub current_price: Option<Price>,
    /// Whether the market has no current price: `current_price` is the last known one, of `price_at`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub stale: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_at: Option<UtcInstant>,
    pub market_value: Option<Money>,
    pub unrealized_pnl: Option<Money>,
    /// In percent of the cost basis.
    pub unrealized_pnl_percent: Option<f64>,
    /// In percent of the portfolio's total value.
    pub weight: Option<f64>,
}

/// Concentration of a portfolio in few positions; cash belongs to none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concentration {
    /// Weight of the largest position, in percent of the portfolio's total value.
    pub largest_weight: f64,
    /// Sum of the squared fractions of all positions in the total value: 0 for cash only, 1 for a single position
    /// without cash (Herfindahl–Hirschman index: Hirschman, *The Paternity of an Index*, 1964).
    pub herfindahl_index: f64,
}

/// An account, valued: `total_value = cash_balance + Σ market_value`, each rounded to cents once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Portfolio {
    pub cash_balance: Money,
    /// Cash that no open order holds.
    pub buying_power: Money,
    /// Cash that open orders hold.
    pub held_for_orders: Money,
    /// In alphabetical order.
    pub positions: Vec<Position>,
    /// Market value of all positions. Missing, like the next two fields, while any position has no value.
    pub positions_value: Option<Money>,
    pub total_value: Option<Money>,
    pub unrealized_pnl: Option<Money>,
    pub realized_pnl: Money,
    /// Dividends received since the account was opened or last reset; omitted if zero.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    #[schema(required = false)]
    pub dividend_income: Money,
    /// Whether any position is valued at a price that is not current.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub stale: bool,
}

impl Portfolio {
    /// Values `account` at the prices of `price_of`.
    pub fn value<M: Into<Mark>>(account: &Account, price_of: impl Fn(Ticker) -> Option<M>) -> Self {
        Self::value_at(account, &|ticker| price_of(ticker).map(Into::into))
    }

    fn value_at(account: &Account, mark_of: &dyn Fn(Ticker) -> Option<Mark>) -> Self {
        let mut positions: Vec<Position> = account
            .holdings
            .iter()
            .map(|(ticker, holding)| Position::unweighted(*ticker, *holding, mark_of(*ticker)))
            .collect();
        let positions_value = sum(positions.iter().map(|position| position.market_value));
        let total_value = positions_value.and_then(|value| account.cash.checked_add(value));
        for position in &mut positions {
            position.weigh(total_value);
        }
        Self {
            cash_balance: account.cash,
            buying_power: account.cash,
            held_for_orders: Money::ZERO,
            positions_value,
            total_value,
            unrealized_pnl: sum(positions.iter().map(|position| position.unrealized_pnl)),
            realized_pnl: account.realized_pnl,
            dividend_income: account.income,
            stale: positions.iter().any(|position| position.stale),
            positions,
        }
    }

    /// The same portfolio, with an amount of its cash held by open orders.
    pub fn with_held(self, held_for_orders: Money) -> Self {
        let buying_power = self.cash_balance.checked_sub(held_for_orders).unwrap_or(Money::ZERO).max(Money::ZERO);
        Self { buying_power, held_for_orders, ..self }
    }

    /// `total_value` of an account right after a fill of `ticker`, at the prices of `price_of`: equals that of
    /// [`value`](Self::value) on the account after the fill, without computing the rest.
    pub fn total_value_after<M: Into<Mark>>(
        account: &Account,
        ticker: Ticker,
        fill: &Fill,
        price_of: impl Fn(Ticker) -> Option<M>,
    ) -> Option<Money> {
        let others = account.holdings.iter().filter(|(held, _)| **held != ticker);
        let held = others.map(|(held, holding)| (*held, *holding)).chain(fill.holding.map(|holding| (ticker, holding)));
        let values = held.map(|(held, holding)| Money::of(holding.quantity, price_of(held)?.into().price()));
        fill.cash_after.checked_add(sum(values)?)
    }

    /// `None` while any position has no value.
    pub fn concentration(&self) -> Option<Concentration> {
        let weights: Vec<f64> = self.positions.iter().map(|position| position.weight).collect::<Option<_>>()?;
        self.total_value?;
        Some(Concentration {
            largest_weight: weights.iter().copied().fold(0.0, f64::max),
            herfindahl_index: round_percent(weights.iter().map(|weight| (weight / 100.0).powi(2)).sum()),
        })
    }

    pub fn position(&self, ticker: Ticker) -> Option<&Position> {
        let index = self.positions.binary_search_by_key(&ticker, |position| position.ticker).ok()?;
        self.positions.get(index)
    }
}

impl Position {
    /// Values one holding at `price`, with its weight in a portfolio worth `total_value`.
    pub fn value(ticker: Ticker, holding: Holding, price: Option<Price>, total_value: Option<Money>) -> Self {
        let mut position = Self::unweighted(ticker, holding, price.map(Mark::Live));
        position.weigh(total_value);
        position
    }

    fn unweighted(ticker: Ticker, holding: Holding, mark: Option<Mark>) -> Self {
        let (price, price_at) = (mark.map(Mark::price), mark.and_then(Mark::stale_at));
        let market_value = price.and_then(|price| Money::of(holding.quantity, price));
        let unrealized_pnl = market_value.and_then(|value| value.checked_sub(holding.cost_basis));
        Self {
            ticker,
            quantity: holding.quantity,
            avg_cost: Price::average(holding.cost_basis, holding.quantity),
            current_price: price,
            stale: price_at.is_some(),
            price_at,
            market_value,
            unrealized_pnl,
            unrealized_pnl_percent: unrealized_pnl.and_then(|pnl| pnl.percent_of(holding.cost_basis)),
            weight: None,
        }
    }

    fn weigh(&mut self, total_value: Option<Money>) {
        self.weight = self.market_value.zip(total_value).and_then(|(value, total)| value.percent_of(total));
    }
}

/// The sum; `None` if any part is missing, or on overflow.
fn sum(mut parts: impl Iterator<Item = Option<Money>>) -> Option<Money> {
    parts.try_fold(Money::ZERO, |total, part| total.checked_add(part?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{account::INITIAL_DEPOSIT, order::Side};

    fn ticker(text: &str) -> Ticker {
        text.parse().unwrap()
    }

    fn account_with(orders: &[(&str, &str, i64)]) -> Account {
        let mut account = Account::open(INITIAL_DEPOSIT);
        for (symbol, shares, units) in orders {
            let price = Price::from_units(*units).unwrap();
            account.apply(Side::Buy, ticker(symbol), shares.parse().unwrap(), price).unwrap();
        }
        account
    }

    #[test]
    fn a_fresh_account_is_worth_its_deposit() {
        let portfolio = Portfolio::value(&Account::open(INITIAL_DEPOSIT), |_| None::<Price>);
        assert_eq!(portfolio.total_value, Some(INITIAL_DEPOSIT));
        assert_eq!(portfolio.positions_value, Some(Money::ZERO));
    }

    #[test]
    fn positions_are_valued_at_the_price_given() {
        let account = account_with(&[("AAPL", "10", 1_900_000), ("V", "2", 2_800_000)]);
        let price = |symbol| Price::from_units(if symbol == ticker("AAPL") { 2_000_000 } else { 2_700_000 });
        let portfolio = Portfolio::value(&account, price);
        assert_eq!(portfolio.total_value, Some(Money::from_cents(1_008_000)));
        assert_eq!(portfolio.unrealized_pnl, Some(Money::from_cents(8_000)));
        let apple = portfolio.position(ticker("AAPL")).unwrap();
        assert_eq!(apple.unrealized_pnl_percent, Some(5.2632));
        assert_eq!(apple.weight, Some(19.8413));
        assert_eq!(apple.avg_cost, Price::from_units(1_900_000));
    }

    #[test]
    fn concentration_is_that_of_the_positions() {
        let account = account_with(&[("AAPL", "25", 1_000_000), ("V", "50", 1_000_000)]);
        let concentration = |account: &Account, price| Portfolio::value(account, |_| price).concentration();
        let price = Price::from_units(1_000_000);
        let expected = Concentration { largest_weight: 50.0, herfindahl_index: 0.3125 };
        assert_eq!(concentration(&account, price), Some(expected));
        assert_eq!(concentration(&account, None), None);
        let cash = Concentration { largest_weight: 0.0, herfindahl_index: 0.0 };
        assert_eq!(concentration(&Account::open(INITIAL_DEPOSIT), None), Some(cash));
    }

    #[test]
    fn a_last_known_price_counts_and_is_marked() {
        let account = account_with(&[("AAPL", "10", 1_900_000), ("V", "2", 2_800_000)]);
        let last = LastPrice { price: Price::from_units(1_000_000).unwrap(), at: UtcInstant::EPOCH };
        let mark = |symbol| {
            let live = Mark::Live(Price::from_units(2_800_000).unwrap());
            Some(if symbol == ticker("V") { live } else { Mark::Last(last) })
        };
        let portfolio = Portfolio::value(&account, mark);
        assert_eq!((portfolio.total_value, portfolio.stale), (Some(Money::from_cents(910_000)), true));
        let written = serde_json::to_value(&portfolio).unwrap();
        let [apple, visa] = [0, 1].map(|index| written["positions"][index].as_object().unwrap().clone());
        assert_eq!((&apple["stale"], &apple["price_at"]), (&true.into(), &"1970-01-01T00:00:00Z".into()));
        assert!(!visa.contains_key("stale") && !visa.contains_key("price_at"));
        let live = Portfolio::value(&account, |_| Price::from_units(1));
        assert!(!live.stale && serde_json::to_value(&live).unwrap().get("stale").is_none());
    }

    #[test]
    fn a_missing_price_makes_the_total_missing_not_smaller() {
        let account = account_with(&[("AAPL", "10", 1_900_000), ("V", "2", 2_800_000)]);
        let portfolio =
            Portfolio::value(&account, |symbol| (symbol == ticker("V")).then(|| Price::from_units(2_800_000).unwrap()));
        assert_eq!((portfolio.total_value, portfolio.positions_value, portfolio.unrealized_pnl), (None, None, None));
        assert_eq!(portfolio.position(ticker("V")).unwrap().market_value, Some(Money::from_cents(56_000)));
        assert_eq!(portfolio.position(ticker("AAPL")).unwrap().market_value, None);
    }

    proptest! {
        #[test]
        fn the_total_is_cash_and_the_rounded_products(
            shares in prop::collection::vec((0_usize..4, 1_i64..20_000_000), 0..12), units in 1_i64..2_000_000
        ) {
            let symbols = ["AAPL", "MSFT", "V", "NVDA"].map(ticker);
            let mut account = Account::open(INITIAL_DEPOSIT);
            let price = Price::from_units(units).unwrap();
            for (index, millionths) in shares {
                let _ = account.apply(Side::Buy, symbols[index], Quantity::from_millionths(millionths).unwrap(), price);
            }
            let portfolio = Portfolio::value(&account, |_| Some(price));
            let products: i64 = account.holdings.values().map(|held| Money::of(held.quantity, price).unwrap().cents()).sum();
            prop_assert_eq!(portfolio.total_value.unwrap().cents(), account.cash.cents() + products);
            for (symbol, side) in symbols.into_iter().flat_map(|symbol| [(symbol, Side::Buy), (symbol, Side::Sell)]) {
                let quantity = Quantity::from_millionths(units).unwrap();
                let Ok(fill) = account.fill(side, symbol, quantity, price) else { continue };
                let total = Portfolio::total_value_after(&account, symbol, &fill, |_| Some(price));
                let mut after = account.clone();
                after.apply(side, symbol, quantity, price).unwrap();
                prop_assert_eq!(total, Portfolio::value(&after, |_| Some(price)).total_value);
            }
            let weights: f64 = portfolio.positions.iter().filter_map(|position| position.weight).sum();
            prop_assert!(weights <= 100.001);
        }
    }
}
