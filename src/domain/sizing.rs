//! Sizes of trades: fractions of the cash, or of a holding.

use super::{
    money::{Money, Price, Quantity},
    typed_number::read_quantity,
};

/// A fraction that the trade ticket offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Quarter,
    Half,
    All,
}

/// Fraction of the cash, in thousandths, that is kept back when all of it is to be spent: a market order fills at the
/// price of its moment, and would be refused after the slightest rise.
const RESERVE_THOUSANDTHS: i64 = 1;

/// Granularity of bought shares from one share on, in millionths: a thousandth of a share.
const STEP: i64 = 1_000;
/// One share, in millionths.
const SHARE: i64 = 1_000_000;

impl Part {
    fn percent(self) -> i64 {
        match self {
            Self::Quarter => 25,
            Self::Half => 50,
            Self::All => 100,
        }
    }

    /// This fraction of a holding, in whole millionths; `None` below one.
    pub fn of_holding(self, held: Quantity) -> Option<Quantity> {
        let part = i128::from(held.millionths()) * i128::from(self.percent()) / 100;
        Quantity::from_millionths(i64::try_from(part).ok()?).ok()
    }

    /// Shares that this fraction of the cash buys at `price`, in thousandths from one share on, less the reserve for
    /// the whole cash; `None` if it buys nothing.
    pub fn of_cash(self, cash: Money, price: Price) -> Option<Quantity> {
        let thousandths = match self {
            Self::All => 1_000 - RESERVE_THOUSANDTHS,
            part => part.percent() * 10,
        };
        let part = i128::from(cash.cents()) * i128::from(thousandths) / 1_000;
        let most = affordable(Money::from_cents(i64::try_from(part).ok()?), price)?.millionths();
        let round = if most >= SHARE { most - most % STEP } else { most };
        Quantity::from_millionths(round).ok()
    }
}

/// Most shares that `cash` buys at `price`: one millionth more would cost more. `None` if it does not buy a millionth.
pub fn affordable(cash: Money, price: Price) -> Option<Quantity> {
    if cash <= Money::ZERO {
        return None;
    }
    // Costs round half to even, so an excess of half a cent is still covered by an even number of cents, but not by an
    // odd one.
    let units = i128::from(cash.cents()) * 100_000_000 + 50_000_000 - i128::from(cash.cents() % 2);
    let millionths = i64::try_from(units / i128::from(price.units())).unwrap_or(i64::MAX);
    Quantity::from_millionths(millionths.min(Quantity::MAX.millionths())).ok()
}

/// A typed quantity moved by whole shares; `None` if it is not a quantity, or would not stay one.
pub fn stepped(typed: &str, shares: i64) -> Option<String> {
    let moved = read_quantity(typed).ok()?.millionths().checked_add(shares.checked_mul(SHARE)?)?;
    Some(Quantity::from_millionths(moved).ok()?.plain())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::account::buying_cost;

    fn price(units: i64) -> Price {
        Price::from_units(units).unwrap()
    }

    #[rstest]
    #[case(Part::Quarter, "13.128")]
    #[case(Part::Half, "26.257")]
    #[case(Part::All, "52.461")]
    fn a_part_of_the_cash_buys_whole_thousandths(#[case] part: Part, #[case] expected: &str) {
        let bought = part.of_cash(Money::from_cents(1_000_000), price(1_904_250)).unwrap();
        assert_eq!(bought.to_string(), expected);
    }

    #[rstest]
    #[case(Part::Quarter, "10", Some("2.5"))]
    #[case(Part::Half, "0.000003", Some("0.000001"))]
    #[case(Part::Half, "0.000001", None)]
    #[case(Part::All, "2.934123", Some("2.934123"))]
    fn a_part_of_a_holding(#[case] part: Part, #[case] held: &str, #[case] expected: Option<&str>) {
        let part = part.of_holding(held.parse().unwrap());
        assert_eq!(part.map(|part| part.to_string()).as_deref(), expected);
    }

    #[rstest]
    #[case("1", 1, Some("2"))]
    #[case("2.5", -1, Some("1.5"))]
    #[case("1234", 10, Some("1244"))]
    #[case("1", -1, None)]
    #[case("5", -10, None)]
    #[case("", 1, None)]
    #[case("1,000", 1, None)]
    fn a_quantity_moves_by_whole_shares(#[case] typed: &str, #[case] shares: i64, #[case] expected: Option<&str>) {
        assert_eq!(stepped(typed, shares).as_deref(), expected);
    }

    #[test]
    fn no_cash_buys_nothing_and_a_cent_buys_dust() {
        assert_eq!(affordable(Money::ZERO, price(1)), None);
        assert_eq!(affordable(Money::CENT, price(100_000_000_000)), None);
        assert_eq!(affordable(Money::CENT, price(1_904_200)).unwrap().to_string(), "0.000078");
        assert_eq!(affordable(Money::from_cents(i64::MAX), price(1)).unwrap(), Quantity::MAX);
    }

    proptest! {
        #[test]
        fn what_is_affordable_is_paid_and_a_millionth_more_is_not(cents in 1_i64..1_000_000_000_000, units in 1_i64..50_000_000) {
            let (cash, price) = (Money::from_cents(cents), price(units));
            if let Some(most) = affordable(cash, price) {
                prop_assert!(buying_cost(most, price).unwrap() <= cash);
                if let Some(more) = most.checked_add(Quantity::from_millionths(1).unwrap()) {
                    prop_assert!(buying_cost(more, price).unwrap() > cash);
                }
            }
        }

        #[test]
        fn all_of_the_cash_survives_a_rise_of_a_tick(cents in 100_000_i64..100_000_000, units in 10_000_i64..50_000_000) {
            let (cash, now) = (Money::from_cents(cents), price(units));
            if let Some(most) = Part::All.of_cash(cash, now) {
                prop_assert!(buying_cost(most, price(units + units / 1_100)).unwrap() <= cash);
            }
        }
    }
}
