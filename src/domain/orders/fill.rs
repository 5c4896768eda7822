//! Quantity and cost of a fill.
//!
//! Under `strict` an order gets at most a tenth of a span's volume; the rest waits for the next one. An unknown volume
//! sets no bound.

use super::{
    order::{Order, OrderFill, RejectReason},
    request::Size,
    rules::{FillModel, FillRules},
    span::Span,
    terms::TimeInForce,
};
use crate::domain::{
    account::buying_cost,
    money::{Money, Price, Quantity},
    order::Side,
};

/// Divisor of a span's volume for one order under `strict`: a tenth.
const VOLUME_PART: u64 = 10;

/// Extent to which an order is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filling {
    Fill(OrderFill),
    /// There was no volume, or not enough for `fok`.
    NoVolume,
}

/// Fill of a working order that fires at `price` within a span.
///
/// # Errors
/// If its sums overflow their types, or its notional buys nothing at that price.
pub fn filling(order: &Order, price: Price, span: &Span, rules: &FillRules) -> Result<Filling, RejectReason> {
    let wanted = match order.size {
        Size::Shares(_) => order.left().ok_or(RejectReason::TooLarge)?,
        Size::Notional(_) => shares_for_notional(order, price, rules).ok_or(RejectReason::InsufficientCash)?,
    };
    let quantity = match volume_bound(span, rules) {
        Bound::None => wanted,
        Bound::Nothing => return Ok(Filling::NoVolume),
        Bound::Shares(bound) if bound < wanted && order.time_in_force == TimeInForce::Fok => {
            return Ok(Filling::NoVolume);
        }
        Bound::Shares(bound) => bound.min(wanted),
    };
    let notional = match order.side {
        Side::Buy => buying_cost(quantity, price),
        Side::Sell => Money::of(quantity, price),
    };
    let commission = commission_of(order, quantity, price, rules).ok_or(RejectReason::TooLarge)?;
    let notional = notional.ok_or(RejectReason::TooLarge)?;
    Ok(Filling::Fill(OrderFill { quantity, price, notional, commission, is_last: quantity == wanted }))
}

enum Bound {
    None,
    Nothing,
    Shares(Quantity),
}

fn volume_bound(span: &Span, rules: &FillRules) -> Bound {
    match (rules.model, span.volume) {
        (FillModel::Plain, _) | (FillModel::Strict, None) => Bound::None,
        (FillModel::Strict, Some(volume)) => {
            let millionths = i128::from(volume) * 1_000_000 / i128::from(VOLUME_PART);
            let bounded = millionths.min(i128::from(Quantity::MAX.millionths()));
            match i64::try_from(bounded).ok().and_then(|count| Quantity::from_millionths(count).ok()) {
                Some(bound) => Bound::Shares(bound),
                None => Bound::Nothing,
            }
        }
    }
}

/// Increase of the order's total commission by this fill.
fn commission_of(order: &Order, quantity: Quantity, price: Price, rules: &FillRules) -> Option<Money> {
    let value = i128::from(quantity.millionths()) * i128::from(price.units());
    match order.filled {
        None => rules.commission.on(quantity, value),
        Some(filled) => {
            let all = rules.commission.on(filled.quantity.checked_add(quantity)?, filled.value.checked_add(value)?)?;
            Some(all.checked_sub(filled.commission)?.max(Money::ZERO))
        }
    }
}

/// Shares for the remaining notional: to buy, commission included, or to sell, before commission.
fn shares_for_notional(order: &Order, price: Price, rules: &FillRules) -> Option<Quantity> {
    let left = order.notional_left()?;
    if order.side == Side::Sell {
        return Quantity::bought_for(left, price);
    }
    let filled = order.filled.map(|filled| (filled.quantity, filled.value, filled.commission));
    let mut quantity = rules.commission.affordable(left, price, filled)?;
    for _ in 0..ROUNDING_STEPS_MAX {
        let cost = buying_cost(quantity, price)?.checked_add(commission_of(order, quantity, price, rules)?)?;
        let excess = cost.checked_sub(left)?;
        if excess <= Money::ZERO {
            return Some(quantity);
        }
        let taken_off = Quantity::bought_for(excess, price).map_or(1, Quantity::millionths);
        quantity = Quantity::from_millionths(quantity.millionths() - taken_off).ok()?;
    }
    None
}

/// Steps that remove the excess due to rounding, which is a cent or two.
const ROUNDING_STEPS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::{
        orders::{costs::Commission, order::tests::limit_order, terms::Terms},
        session::SessionKind,
    };

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn span(volume: Option<u64>) -> Span {
        Span::tick(price("100"), volume, false, SessionKind::Regular)
    }

    fn rules(model: FillModel) -> FillRules {
        FillRules { model, ..FillRules::default() }
    }

    #[rstest]
    #[case::plain(FillModel::Plain, Some(1), TimeInForce::Day, Some(("10", true)))]
    #[case::unknown(FillModel::Strict, None, TimeInForce::Day, Some(("10", true)))]
    #[case::enough(FillModel::Strict, Some(100), TimeInForce::Day, Some(("10", true)))]
    #[case::a_tenth(FillModel::Strict, Some(55), TimeInForce::Day, Some(("5.5", false)))]
    #[case::nothing(FillModel::Strict, Some(0), TimeInForce::Day, None)]
    #[case::immediate(FillModel::Strict, Some(55), TimeInForce::Ioc, Some(("5.5", false)))]
    #[case::all_or_nothing(FillModel::Strict, Some(55), TimeInForce::Fok, None)]
    #[case::all(FillModel::Strict, Some(100), TimeInForce::Fok, Some(("10", true)))]
    fn strict_gives_a_tenth_of_the_volume(
        #[case] model: FillModel,
        #[case] volume: Option<u64>,
        #[case] time_in_force: TimeInForce,
        #[case] expected: Option<(&str, bool)>,
    ) {
        let order = Order { time_in_force, ..limit_order() };
        let filling = filling(&order, price("100"), &span(volume), &rules(model)).unwrap();
        let found = match filling {
            Filling::Fill(fill) => Some((fill.quantity.to_string(), fill.is_last)),
            Filling::NoVolume => None,
        };
        assert_eq!(found, expected.map(|(quantity, is_last)| (quantity.to_owned(), is_last)));
    }

    proptest! {
        #[test]
        fn fills_in_parts_cost_the_commission_of_the_whole(volumes in prop::collection::vec(1_u64..60, 1..30), units in 1_i64..10_000_000) {
            let commission = Commission { per_order: Money::from_cents(99), per_share_units: 35, percent_count: 1_234 };
            let rules = FillRules { model: FillModel::Strict, commission, ..FillRules::default() };
            let at = Price::from_units(units).unwrap();
            let mut order = limit_order();
            for volume in volumes {
                if !order.is_open() {
                    break;
                }
                let Ok(Filling::Fill(fill)) = filling(&order, at, &span(Some(volume)), &rules) else { unreachable!() };
                order.fill(&fill).unwrap();
                let filled = order.filled.unwrap();
                prop_assert_eq!(commission.on(filled.quantity, filled.value), Some(filled.commission));
            }
        }

        #[test]
        fn a_notional_is_never_exceeded_and_nearly_spent(
            cents in 1_000_i64..100_000_000, units in 100_i64..20_000_000, percent_count in 0_i64..100_000, volume in 0_u64..1_000,
        ) {
            let commission = Commission { per_order: Money::from_cents(100), per_share_units: 50, percent_count };
            let rules = FillRules { model: FillModel::Strict, commission, ..FillRules::default() };
            let notional = Money::from_cents(cents);
            let mut order = Order { terms: Terms::Market, size: Size::Notional(notional), ..limit_order() };
            let at = Price::from_units(units).unwrap();
            for volume in [Some(volume), None] {
                let filling = filling(&order, at, &span(volume), &rules);
                if let (true, Ok(Filling::Fill(fill))) = (order.is_open(), filling) {
                    order.fill(&fill).unwrap();
                }
            }
            let filled = order.filled.unwrap();
            let spent = filled.notional.checked_add(filled.commission).unwrap();
            // The remainder buys less than a cent's worth, or a millionth of a share, with its commission.
            let dust = 3 + units * 3 / 100_000_000;
            prop_assert!(spent <= notional, "{spent} of {notional}");
            prop_assert!(spent.cents() + dust >= cents, "{spent} of {notional}");
        }
    }
}
