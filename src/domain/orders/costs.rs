//! Trading costs besides the price: slippage and commission, both zero by default.

use crate::domain::{
    fixed_point::div_half_even,
    money::{Money, Price, Quantity},
    order::Side,
};

/// Worsening of the fill price of a market order or an elected stop, in basis points (hundredths of a percent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlippageBps(u32);

impl SlippageBps {
    /// Ten percent.
    pub const MAX: u32 = 1_000;
    const WHOLE: i128 = 10_000;

    /// `None` over ten percent.
    pub fn new(bps: u32) -> Option<Self> {
        (bps <= Self::MAX).then_some(Self(bps))
    }

    pub fn bps(self) -> u32 {
        self.0
    }

    /// The price worsened for that side, rounded against it to a hundredth of a cent; stays within a price's range.
    pub fn worsen(self, side: Side, price: Price) -> Price {
        let (units, bps) = (i128::from(price.units()), i128::from(self.0));
        let moved = match side {
            Side::Buy => (units * (Self::WHOLE + bps) + Self::WHOLE - 1) / Self::WHOLE,
            Side::Sell => (units * (Self::WHOLE - bps)) / Self::WHOLE,
        };
        i64::try_from(moved).ok().and_then(Price::from_units).unwrap_or(price)
    }
}

/// A commission: the sum of three parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Commission {
    /// Charged with the order's first fill.
    pub per_order: Money,
    /// Hundredths of a cent a share.
    pub per_share_units: i64,
    /// Percentage of the notional, in ten-thousandths of a percent.
    pub percent_count: i64,
}

impl Commission {
    /// A hundred percent, in ten-thousandths of a percent.
    const WHOLE: i128 = 1_000_000;

    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Commission on an order's total fills so far, rounded half to even, once. `value` is exact: see
    /// [`Filled`](super::order::Filled). Each fill is charged the increase, so that partial fills cost as much as one.
    pub fn on(self, quantity: Quantity, value: i128) -> Option<Money> {
        self.sum(quantity, value, div_half_even)
    }

    /// Upper bound of the commission on shares at a price: rounded up, as for holds.
    pub fn at_most(self, quantity: Quantity, price: Price) -> Option<Money> {
        self.at_most_on(quantity, i128::from(quantity.millionths()) * i128::from(price.units()))
    }

    /// The commission on an exact value, rounded up.
    pub fn at_most_on(self, quantity: Quantity, value: i128) -> Option<Money> {
        self.sum(quantity, value, |numerator, denominator| (numerator + denominator - 1) / denominator)
    }

    /// Approximate shares that a budget buys at a price, commission included; rounding to cents may make it slightly
    /// too many. `filled` is the order's filled quantity, its exact value, and the commission charged so far.
    pub fn affordable(self, budget: Money, price: Price, filled: Option<(Quantity, i128, Money)>) -> Option<Quantity> {
        let (quantity, value, charged) =
            filled.map_or((0, 0, Money::ZERO), |(quantity, value, charged)| (quantity.millionths(), value, charged));
        let cents = budget.checked_add(charged)?.checked_sub(self.per_order)?.cents();
        // Both sides are in 10⁻¹⁰ dollars, times a hundred percent.
        let percent = i128::from(self.percent_count);
        let before =
            i128::from(quantity) * i128::from(self.per_share_units) * Self::WHOLE + value.checked_mul(percent)?;
        let available = i128::from(cents) * 100_000_000 * Self::WHOLE - before;
        let per_share =
            i128::from(price.units() + self.per_share_units) * Self::WHOLE + i128::from(price.units()) * percent;
        let millionths = (available / per_share).min(i128::from(Quantity::MAX.millionths()));
        i64::try_from(millionths).ok().and_then(|millionths| Quantity::from_millionths(millionths).ok())
    }

    fn sum(self, quantity: Quantity, value: i128, divide: impl Fn(i128, i128) -> i128) -> Option<Money> {
        // Millionths × hundredths of a cent are 10⁻¹⁰ dollars; 10⁸ of these are a cent.
        const PER_CENT: i128 = 100_000_000;
        let shares = i128::from(quantity.millionths()) * i128::from(self.per_share_units);
        let percent = value.checked_mul(i128::from(self.percent_count))?;
        let variable = divide(shares.checked_mul(Self::WHOLE)?.checked_add(percent)?, PER_CENT * Self::WHOLE);
        i64::try_from(variable).ok().map(Money::from_cents)?.checked_add(self.per_order)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::none(0, "100", "100", "100")]
    #[case::five(5, "100", "100.05", "99.95")]
    #[case::rounds_against_the_trader(1, "0.0101", "0.0102", "0.0100")]
    #[case::the_smallest_price(100, "0.0001", "0.0002", "0.0001")]
    fn slippage_makes_a_price_worse(#[case] bps: u32, #[case] at: &str, #[case] buy: &str, #[case] sell: &str) {
        let slippage = SlippageBps::new(bps).unwrap();
        assert_eq!(slippage.worsen(Side::Buy, price(at)), price(buy));
        assert_eq!(slippage.worsen(Side::Sell, price(at)), price(sell));
    }

    #[test]
    fn slippage_has_a_bound() {
        assert_eq!(SlippageBps::new(SlippageBps::MAX).map(SlippageBps::bps), Some(1_000));
        assert_eq!(SlippageBps::new(SlippageBps::MAX + 1), None);
    }

    #[rstest]
    #[case::none(Commission::default(), 0)]
    #[case::per_order(Commission { per_order: Money::from_cents(100), ..Commission::default() }, 100)]
    #[case::per_share(Commission { per_share_units: 50, ..Commission::default() }, 50)]
    #[case::percent(Commission { percent_count: 1_000, ..Commission::default() }, 1_904)]
    #[case::all(Commission { per_order: Money::from_cents(100), per_share_units: 50, percent_count: 1_000 }, 2_054)]
    fn a_commission_has_three_parts(#[case] commission: Commission, #[case] cents: i64) {
        let quantity: Quantity = "100".parse().unwrap();
        let value = i128::from(quantity.millionths()) * i128::from(price("190.42").units());
        assert_eq!(commission.on(quantity, value), Some(Money::from_cents(cents)));
    }

    proptest! {
        #[test]
        fn what_is_held_for_a_commission_suffices(
            millionths in 1_i64..1_000_000_000_000, units in 1_i64..100_000_000, lower in 1_i64..100_000_000,
            per_order in 0_i64..1_000, per_share_units in 0_i64..10_000, percent_count in 0_i64..1_000_000,
        ) {
            let commission = Commission { per_order: Money::from_cents(per_order), per_share_units, percent_count };
            let quantity = Quantity::from_millionths(millionths).unwrap();
            let value = i128::from(millionths) * i128::from(lower.min(units));
            let held = commission.at_most(quantity, Price::from_units(units).unwrap());
            prop_assert!(commission.on(quantity, value) <= held);
        }
    }
}
