//! Holds of open orders, which prevent spending cash or selling shares twice.
//!
//! | order                                      | holds                                                        |
//! |--------------------------------------------|--------------------------------------------------------------|
//! | buy at a limit                             | limit × left                                                 |
//! | buy at a stop, trailing or not             | the stop at acceptance × 1.05 × left                         |
//! | buy at the market that waits               | the price at acceptance × 1.05 × left                        |
//! | buy by notional                            | the notional left, which includes the commission             |
//! | sell                                       | the shares left                                              |
//! | sell by notional                           | notional left × 1.05 ÷ the price at acceptance, in shares    |
//! | held (a child, or one with a condition)    | nothing                                                      |
//! | a pair of which one reduces the other      | once: the larger one, on the first of the two                |
//!
//! Cash is rounded up to the cent, and includes the highest commission. A trailing buy stop only falls, so its hold at
//! acceptance stays sufficient.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{costs::Commission, order::Order, request::Size, terms::Terms};
use crate::domain::{
    money::{Money, Price, Quantity, Remainder},
    order::Side,
    ticker::Ticker,
};

/// Hold of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hold {
    pub cash: Money,
    pub shares: Option<Quantity>,
}

impl Hold {
    /// The larger of two holds, for orders that reduce each other.
    pub fn max(self, other: Self) -> Self {
        Self { cash: self.cash.max(other.cash), shares: self.shares.max(other.shares) }
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        let shares = match (self.shares, other.shares) {
            (Some(one), Some(two)) => Some(one.checked_add(two)?),
            (one, two) => one.or(two),
        };
        Some(Self { cash: self.cash.checked_add(other.cash)?, shares })
    }
}

/// Price for an order's hold, given the newest price. Market orders and stops get a margin of five percent, rounded up,
/// since they may fill at a higher price.
pub fn hold_price(terms: Terms, side: Side, last: Price) -> Price {
    match terms {
        Terms::Limit { limit } | Terms::StopLimit { limit, .. } => limit,
        Terms::Market => with_margin(last),
        Terms::Stop { stop } => with_margin(stop),
        Terms::TrailingStop { trail } => with_margin(trail.stop(side, last).unwrap_or(last)),
    }
}

fn with_margin(price: Price) -> Price {
    let units = (price.units() * 105 + 99) / 100;
    // The largest price is the upper bound.
    Price::from_units(units).unwrap_or(price)
}

/// Hold of an order in its present state; `None` on overflow.
pub fn of_order(order: &Order, commission: Commission) -> Option<Hold> {
    if !order.status.is_working() {
        return Some(Hold::default());
    }
    let price = order.hold_price?;
    match (order.side, order.size) {
        (Side::Buy, Size::Shares(_)) => {
            let left = order.left()?;
            let shares = Money::of_rounded_up(left, price)?;
            let cash = shares.checked_add(commission_left(order, left, price, commission)?)?;
            Some(Hold { cash, shares: None })
        }
        (Side::Buy, Size::Notional(_)) => Some(Hold { cash: order.notional_left()?.max(Money::ZERO), shares: None }),
        (Side::Sell, Size::Shares(_)) => Some(Hold { cash: Money::ZERO, shares: order.left() }),
        (Side::Sell, Size::Notional(_)) => {
            // `price` includes the margin, so the hold suffices for a price lower by that margin.
            let cents = i128::from(order.notional_left()?.cents().max(0));
            let (per_share, margin) = (i128::from(price.units()) * 100 * 100, 105 * 105);
            let millionths = (cents * 100_000_000 * margin + per_share - 1) / per_share;
            Some(Hold { cash: Money::ZERO, shares: Quantity::from_millionths(i64::try_from(millionths).ok()?).ok() })
        }
    }
}

/// Highest commission on the remainder, given the commission charged so far.
fn commission_left(order: &Order, left: Quantity, price: Price, commission: Commission) -> Option<Money> {
    let Some(filled) = order.filled else {
        return commission.at_most(left, price);
    };
    let value = i128::from(left.millionths()) * i128::from(price.units());
    let all = commission.at_most_on(filled.quantity.checked_add(left)?, filled.value.checked_add(value)?)?;
    Some(all.checked_sub(filled.commission)?.max(Money::ZERO))
}

/// Sum of the holds of an account's open orders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Holds {
    pub cash: Money,
    pub shares: BTreeMap<Ticker, Quantity>,
}

impl Holds {
    /// Sum over all orders of an account; `None` on overflow.
    pub fn of<'a>(orders: impl IntoIterator<Item = &'a Order>) -> Option<Self> {
        let mut holds = Self::default();
        for order in orders {
            holds.replace(order.ticker, Hold::default(), order.held)?;
        }
        Some(holds)
    }

    /// Replaces an order's hold. `None`, without a change, on overflow or if less than `before` is held.
    pub fn replace(&mut self, ticker: Ticker, before: Hold, after: Hold) -> Option<()> {
        let cash = self.cash.checked_sub(before.cash)?.checked_add(after.cash)?;
        let millionths = |shares: Option<Quantity>| shares.map_or(0, Quantity::millionths);
        let held = millionths(self.shares.get(&ticker).copied());
        let shares = held - millionths(before.shares) + millionths(after.shares);
        match shares {
            0 => {
                self.shares.remove(&ticker);
            }
            _ => {
                self.shares.insert(ticker, Quantity::from_millionths(shares).ok()?);
            }
        }
        self.cash = cash;
        Some(())
    }

    /// Cash that no open order holds; negative if the holds exceed the cash.
    pub fn buying_power(&self, cash: Money) -> Option<Money> {
        cash.checked_sub(self.cash)
    }

    /// Shares of a ticker that no open order holds.
    pub fn free_shares(&self, ticker: Ticker, held: Option<Quantity>) -> Option<Quantity> {
        match (held, self.shares.get(&ticker)) {
            (Some(held), Some(on_hold)) => match held.minus(*on_hold) {
                Remainder::Some(free) => Some(free),
                Remainder::None | Remainder::Short => None,
            },
            (held, _) => held,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::orders::{
        order::{
            CancelReason, OrderStatus,
            tests::{fill_of, limit_order},
        },
        terms::Trail,
    };

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    const COMMISSION: Commission =
        Commission { per_order: Money::from_cents(100), per_share_units: 50, percent_count: 1_000 };

    #[rstest]
    #[case::limit(Terms::Limit { limit: price("100") }, "1000")]
    #[case::stop(Terms::Stop { stop: price("100") }, "1050")]
    #[case::stop_limit(Terms::StopLimit { stop: price("100"), limit: price("101") }, "1010")]
    #[case::market(Terms::Market, "945")]
    #[case::trailing(Terms::TrailingStop { trail: Trail::Amount(price("10")) }, "1050")]
    #[case::trailing_percent(Terms::TrailingStop { trail: Trail::Percent("10".parse().unwrap()) }, "1039.5")]
    fn an_open_buy_holds_cash(#[case] terms: Terms, #[case] dollars: &str) {
        let hold_price = Some(hold_price(terms, Side::Buy, price("90")));
        let order = Order { terms, hold_price, ..limit_order() };
        let cash = Money::of("1".parse().unwrap(), price(dollars)).unwrap();
        assert_eq!(of_order(&order, Commission::default()), Some(Hold { cash, shares: None }));
    }

    #[test]
    fn a_hold_is_rounded_up_and_includes_the_commission() {
        let odd = Order { size: Size::Shares("0.33333".parse().unwrap()), ..limit_order() };
        assert_eq!(of_order(&odd, Commission::default()).unwrap().cash, Money::from_cents(3_334));
        // $1,000 for ten shares, and $1, 5 cents and 0.1 %.
        assert_eq!(of_order(&limit_order(), COMMISSION).unwrap().cash, Money::from_cents(100_205));
    }

    #[test]
    fn a_fill_releases_its_part_and_the_end_all() {
        let mut order = limit_order();
        order.fill(&fill_of(&order, "4".parse().unwrap(), price("90"))).unwrap();
        assert_eq!(of_order(&order, Commission::default()).unwrap().cash, Money::from_cents(60_000));
        order.cancel(CancelReason::Requested).unwrap();
        assert_eq!(of_order(&order, Commission::default()), Some(Hold::default()));
    }

    #[test]
    fn what_is_held_for_a_parent_or_a_condition_holds_nothing() {
        let held = Order { status: OrderStatus::Held, ..limit_order() };
        assert_eq!(of_order(&held, COMMISSION), Some(Hold::default()));
    }

    #[test]
    fn a_sell_holds_shares() {
        let sell = Order { side: Side::Sell, ..limit_order() };
        let shares = Some("10".parse().unwrap());
        assert_eq!(of_order(&sell, COMMISSION), Some(Hold { cash: Money::ZERO, shares }));
    }

    #[test]
    fn by_notional_the_notional_is_held() {
        let market = Order {
            terms: Terms::Market,
            size: Size::Notional(Money::from_cents(100_000)),
            hold_price: Some(hold_price(Terms::Market, Side::Buy, price("100"))),
            ..limit_order()
        };
        assert_eq!(of_order(&market, COMMISSION).unwrap().cash, Money::from_cents(100_000));
        let sell = Order { side: Side::Sell, ..market };
        assert_eq!(of_order(&sell, COMMISSION).unwrap().shares, Some("10.5".parse().unwrap()));
    }

    #[test]
    fn holds_of_an_account_add_up() {
        let buy = Order { held: of_order(&limit_order(), Commission::default()).unwrap(), ..limit_order() };
        let sell = Order { side: Side::Sell, ..limit_order() };
        let sell = Order { held: of_order(&sell, Commission::default()).unwrap(), ..sell };
        let mut holds = Holds::of([&buy, &sell, &buy]).unwrap();
        assert_eq!(holds.buying_power(Money::from_cents(500_000)), Some(Money::from_cents(300_000)));
        assert_eq!(holds.free_shares(buy.ticker, Some("12.5".parse().unwrap())), Some("2.5".parse().unwrap()));
        assert_eq!(holds.free_shares(buy.ticker, Some("10".parse().unwrap())), None);
        for order in [&buy, &sell, &buy] {
            holds.replace(order.ticker, order.held, Hold::default()).unwrap();
        }
        assert_eq!(holds, Holds::default());
        assert_eq!(holds.replace(sell.ticker, sell.held, Hold::default()), None, "nothing is held");
    }
}
