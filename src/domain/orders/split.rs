//! Effect of a split on open orders: they stay orders for the same fraction of the company at the same value.
//! Quantities are multiplied and prices divided, each rounded as for holdings; the filled part is converted to shares
//! of today, at the same cost. Dividends do not change orders: limits and stops stay as they are.

use super::{
    fault::OrderFault,
    group::Change,
    order::{CancelReason, Filled, Order},
    request::Size,
    terms::{Terms, Trail},
};
use crate::domain::corporate_action::SplitRatio;

impl Change<'_> {
    /// Splits all orders of the group. If an order would have no whole millionth of a share left, or no valid price,
    /// all open orders of the group are cancelled.
    ///
    /// # Errors
    /// Returns no error of its own.
    pub fn split(&mut self, ratio: SplitRatio) -> Result<(), OrderFault> {
        let after: Option<Vec<Order>> = self.orders_mut().map(|order| split(order, ratio)).collect();
        match after {
            Some(after) => self.orders_mut().zip(after).for_each(|(order, after)| *order = after),
            None => {
                for order in self.orders_mut().filter(|order| order.is_open()) {
                    order.cancel(CancelReason::NoPrices)?;
                }
            }
        }
        Ok(())
    }
}

/// The order after the split; `None` if one of its numbers would leave its range.
fn split(order: &Order, ratio: SplitRatio) -> Option<Order> {
    let price = |price| ratio.of_price(price);
    let terms = match order.terms {
        Terms::Market => Terms::Market,
        Terms::Limit { limit } => Terms::Limit { limit: price(limit)? },
        Terms::Stop { stop } => Terms::Stop { stop: price(stop)? },
        Terms::StopLimit { stop, limit } => Terms::StopLimit { stop: price(stop)?, limit: price(limit)? },
        Terms::TrailingStop { trail: Trail::Amount(amount) } => {
            Terms::TrailingStop { trail: Trail::Amount(price(amount)?) }
        }
        trailing @ Terms::TrailingStop { trail: Trail::Percent(_) } => trailing,
    };
    let size = match order.size {
        Size::Shares(quantity) => Size::Shares(ratio.of_shares(quantity)?),
        notional @ Size::Notional(_) => notional,
    };
    let filled = match order.filled {
        None => None,
        Some(filled) => Some(Filled { quantity: ratio.of_shares(filled.quantity)?, ..filled }),
    };
    let high_water_mark = order.high_water_mark.map(price);
    let hold_price = order.hold_price.map(price);
    if high_water_mark == Some(None) || hold_price == Some(None) {
        return None;
    }
    let after = Order {
        terms,
        size,
        filled,
        high_water_mark: high_water_mark.flatten(),
        hold_price: hold_price.flatten(),
        ..order.clone()
    };
    // An open order by quantity keeps a remainder, however its parts are rounded.
    let has_left = !after.is_open() || matches!(after.size, Size::Notional(_)) || after.left().is_some();
    has_left.then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::orders::{
        costs::Commission,
        group::Group,
        order::{OrderStatus, tests::limit_order},
    };

    fn after(ratio: SplitRatio) -> Order {
        let mut group = Group::of(vec![limit_order()]).unwrap();
        group.assign_holds(Commission::default()).unwrap();
        let at = limit_order().created_at;
        group.write(Commission::default(), at, |change| change.split(ratio)).unwrap();
        group.leader().clone()
    }

    #[test]
    fn a_split_keeps_the_value_and_counts_a_revision() {
        let four = SplitRatio { from: "1".parse().unwrap(), to: "4".parse().unwrap() };
        let (before, order) = (limit_order(), after(four));
        assert_eq!(order.left().unwrap().millionths(), 4 * before.left().unwrap().millionths());
        assert_eq!(order.terms.limit().unwrap().units() * 4, before.terms.limit().unwrap().units());
        assert_eq!(order.revision, before.revision + 1);
    }

    #[test]
    fn what_is_no_order_any_more_is_cancelled() {
        let order = after(SplitRatio { from: "1000000000".parse().unwrap(), to: "0.000001".parse().unwrap() });
        assert_eq!(order.status, OrderStatus::Canceled(CancelReason::NoPrices));
    }
}
