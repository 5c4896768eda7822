//! Money, prices and quantities: exact, and never mixed up.
//!
//! | type            | unit                   | range                        | example        |
//! |-----------------|------------------------|------------------------------|----------------|
//! | [`Money`]       | cent                   | any `i64`                    | `$8,542.90`    |
//! | [`Price`]       | hundredth of a cent    | 0.0001 to 10,000,000 dollars | `190.42`       |
//! | [`PriceChange`] | hundredth of a cent    | a difference of two prices   | `-0.31`        |
//! | [`Quantity`]    | millionth of a share   | 0.000001 to 1,000,000,000    | `2.5`          |
//! | [`Slippage`]    | ten-thousandth of 1 %  | 0 to 100 percent             | `0.5`          |
//! | [`TrailPercent`]| ten-thousandth of 1 %  | between 0 and 100 percent    | `1.5`          |
//!
//! | sum                     | gives            | rounds                        |
//! |-------------------------|------------------|-------------------------------|
//! | `Money ± Money`         | `Option<Money>`  | never                         |
//! | `Quantity ± Quantity`   | `Option<…>`      | never                         |
//! | `Price − Price`         | `PriceChange`    | never                         |
//! | `Quantity × Price`      | `Option<Money>`  | half to even, once, to cents  |
//!
//! In JSON each is a number. Writing goes through the nearest `f64`, whose shortest decimal form is the amount itself
//! for every count of up to 15 digits (ten million million dollars); reading takes the count that makes that very number.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::fixed_point::{DecimalError, count_of, div_half_even, format_decimal, parse_decimal};

/// An amount of money in whole cents; negative for a loss or a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    const DECIMALS: u32 = 2;
    pub const ZERO: Self = Self(0);
    pub const CENT: Self = Self(1);

    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    /// Takes `&self` because serde calls it by reference.
    pub fn is_zero(&self) -> bool {
        self.0 == 0
    }

    pub const fn cents(self) -> i64 {
        self.0
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `quantity × price`, rounded half to even, once, to cents; `None` on overflow.
    pub fn of(quantity: Quantity, price: Price) -> Option<Self> {
        // millionths × hundredths of a cent = 10^-10 dollars; 10^8 of these are a cent
        let product = i128::from(quantity.0) * i128::from(price.0);
        i64::try_from(div_half_even(product, 100_000_000)).ok().map(Self)
    }

    /// `quantity × price`, rounded up to the next cent; `None` on overflow.
    pub fn of_rounded_up(quantity: Quantity, price: Price) -> Option<Self> {
        let product = i128::from(quantity.0) * i128::from(price.0);
        i64::try_from((product + 99_999_999) / 100_000_000).ok().map(Self)
    }

    /// The fraction `part / whole` of this amount, rounded half to even; `part` must not exceed `whole`.
    pub fn share(self, part: Quantity, whole: Quantity) -> Self {
        debug_assert!(part <= whole, "a part is not more than the whole");
        let share = div_half_even(i128::from(self.0) * i128::from(part.0), i128::from(whole.0));
        // Invariant: part ≤ whole, so the share is no larger than the amount, which is an i64.
        Self(i64::try_from(share).expect("a share fits where its whole does"))
    }

    /// This amount in percent of `whole`; `None` if `whole` is zero.
    pub fn percent_of(self, whole: Self) -> Option<f64> {
        percent(self.0, whole.0)
    }
}

/// Dollars and cents: `$19,428.00`, `-$28.79`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format_decimal(self.0, Self::DECIMALS, 2);
        match text.strip_prefix('-') {
            Some(size) => write!(f, "-${size}"),
            None => write!(f, "${text}"),
        }
    }
}

/// A price of one share, in hundredths of a cent; always positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(i64);

impl Price {
    const DECIMALS: u32 = 4;
    const UNITS_PER_CENT: i64 = 100;
    /// Ten million dollars a share: about ten times the dearest share.
    const MAX: i64 = 100_000_000_000;

    /// `None` if not positive or over ten million dollars.
    pub fn from_units(hundredths_of_a_cent: i64) -> Option<Self> {
        (1..=Self::MAX).contains(&hundredths_of_a_cent).then_some(Self(hundredths_of_a_cent))
    }

    pub const fn units(self) -> i64 {
        self.0
    }

    /// The nearest whole cent to an amount of dollars, at least one cent and at most the largest price; `None` for NaN.
    pub fn nearest_cent(dollars: f64) -> Option<Self> {
        if dollars.is_nan() {
            return None;
        }
        let cents = (dollars * 100.0).round() as i64;
        Some(Self(cents.clamp(1, Self::MAX / Self::UNITS_PER_CENT) * Self::UNITS_PER_CENT))
    }

    /// The nearest hundredth of a cent to an amount of dollars; `None` if that is not positive, not finite or over ten
    /// million dollars.
    pub fn nearest(dollars: f64) -> Option<Self> {
        // The cast turns NaN into zero and saturates; neither result is a valid price.
        Self::from_units((dollars * 10_000.0).round() as i64)
    }

    pub fn dollars(self) -> f64 {
        self.0 as f64 / 10_000.0
    }

    /// Change from `earlier` to this price.
    pub fn change_from(self, earlier: Self) -> PriceChange {
        PriceChange(self.0 - earlier.0)
    }

    /// The earlier price, given the change since.
    pub fn before(self, change: PriceChange) -> Option<Self> {
        self.0.checked_sub(change.0).and_then(Self::from_units)
    }

    /// Average price of `quantity` with the exact `value` in millionths of a share × hundredths of a cent, rounded half
    /// to even; `None` if out of a price's range.
    pub fn of_value(value: i128, quantity: Quantity) -> Option<Self> {
        i64::try_from(div_half_even(value, i128::from(quantity.0))).ok().and_then(Self::from_units)
    }

    /// Average price at which `quantity` cost `cost_basis`, rounded half to even; `None` if the cost is not positive,
    /// or the result is out of a price's range.
    pub fn average(cost_basis: Money, quantity: Quantity) -> Option<Self> {
        // cents × 100 hundredths of a cent × 10^6 millionths
        let numerator = i128::from(cost_basis.0) * 100_000_000;
        i64::try_from(div_half_even(numerator, i128::from(quantity.0))).ok().and_then(Self::from_units)
    }
}

/// Plain digits, at least two decimal places: `190.42`, `1,204.00`, `0.0425`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_decimal(self.0, Self::DECIMALS, 2))
    }
}

/// A change of price, in hundredths of a cent; negative for a fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceChange(i64);

impl PriceChange {
    const DECIMALS: u32 = 4;

    pub const fn units(self) -> i64 {
        self.0
    }

    /// In percent of the earlier price.
    pub fn percent_of(self, base: Price) -> f64 {
        percent(self.0, base.0).unwrap_or_default()
    }
}

/// With its sign, at least two decimal places: `+0.31`, `-1.20`, `0.00`.
impl fmt::Display for PriceChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 > 0 { "+" } else { "" };
        write!(f, "{sign}{}", format_decimal(self.0, Self::DECIMALS, 2))
    }
}

/// A number of shares, in millionths; always positive and at most a billion.
///
/// The bound holds for an order and for a holding alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// Reason why a number is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuantity {
    #[error("a quantity is a number of shares, such as 10 or 2.5")]
    NotANumber,
    #[error("a quantity has to be more than zero")]
    NotPositive,
    #[error("a quantity has at most 6 decimal places")]
    TooManyDecimals,
    #[error("a quantity is at most 1,000,000,000 shares")]
    TooLarge,
}

impl Quantity {
    const DECIMALS: u32 = 6;
    /// A billion shares.
    pub const MAX: Self = Self(1_000_000_000_000_000);

    /// Checks the range.
    ///
    /// # Errors
    /// If not positive or over a billion shares.
    pub fn from_millionths(millionths: i64) -> Result<Self, InvalidQuantity> {
        match millionths {
            ..=0 => Err(InvalidQuantity::NotPositive),
            millionths if millionths <= Self::MAX.0 => Ok(Self(millionths)),
            _ => Err(InvalidQuantity::TooLarge),
        }
    }

    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// Without digit groups, for input fields: `1234.5`.
    pub fn plain(self) -> String {
        self.to_string().replace(',', "")
    }

    /// Shares that `notional` buys at `price`, rounded down to millionths; `None` below a millionth or above a billion
    /// shares.
    pub fn bought_for(notional: Money, price: Price) -> Option<Self> {
        let millionths = i128::from(notional.0) * 100_000_000 / i128::from(price.0);
        i64::try_from(millionths).ok().and_then(|millionths| Self::from_millionths(millionths).ok())
    }

    /// `None` if the sum is over a billion shares.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_millionths(self.0 + other.0).ok()
    }

    /// The remainder after subtracting `other`.
    pub fn minus(self, other: Self) -> Remainder {
        match Self::from_millionths(self.0 - other.0) {
            Ok(rest) => Remainder::Some(rest),
            Err(_) if self.0 == other.0 => Remainder::None,
            Err(_) => Remainder::Short,
        }
    }
}

/// Largest deviation of a fill from the expected price, in percent of it, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slippage(i64);

impl Slippage {
    const DECIMALS: u32 = 4;
    const MAX: i64 = 1_000_000;
    /// The default: half a percent.
    pub const USUAL: Self = Self(5_000);

    fn from_count(count: i64) -> Option<Self> {
        (0..=Self::MAX).contains(&count).then_some(Self(count))
    }

    /// Whether `price` deviates from `expected` by no more than this.
    pub fn admits(self, expected: Price, price: Price) -> bool {
        let moved = i128::from(price.change_from(expected).units().abs());
        moved * i128::from(Self::MAX) <= i128::from(expected.units()) * i128::from(self.0)
    }
}

/// The text is not such a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is a percentage from 0 to 100, with at most 4 decimal places")]
pub struct InvalidSlippage;

impl FromStr for Slippage {
    type Err = InvalidSlippage;

    fn from_str(text: &str) -> Result<Self, InvalidSlippage> {
        parse_decimal(text, Self::DECIMALS).ok().and_then(Self::from_count).ok_or(InvalidSlippage)
    }
}

/// Distance of a trailing stop from the best price, in percent of it: more than 0, less than 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailPercent(i64);

impl TrailPercent {
    const DECIMALS: u32 = 4;
    /// A hundred percent, in ten-thousandths of a percent.
    pub const WHOLE: i64 = 1_000_000;

    /// `None` if not between 0 and 100 percent.
    pub fn from_count(ten_thousandths: i64) -> Option<Self> {
        (1..Self::WHOLE).contains(&ten_thousandths).then_some(Self(ten_thousandths))
    }

    /// Ten-thousandths of a percent.
    pub const fn count(self) -> i64 {
        self.0
    }
}

/// The text is not such a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is a percentage between 0 and 100, with at most 4 decimal places")]
pub struct InvalidTrailPercent;

impl FromStr for TrailPercent {
    type Err = InvalidTrailPercent;

    fn from_str(text: &str) -> Result<Self, InvalidTrailPercent> {
        parse_decimal(text, Self::DECIMALS).ok().and_then(Self::from_count).ok_or(InvalidTrailPercent)
    }
}

/// Plain digits without trailing zeros: `1.5`.
impl fmt::Display for TrailPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_decimal(self.0, Self::DECIMALS, 0))
    }
}

/// The text is not a price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a price is a number of dollars, more than 0, with at most 4 decimal places")]
pub struct InvalidPrice;

impl FromStr for Price {
    type Err = InvalidPrice;

    fn from_str(text: &str) -> Result<Self, InvalidPrice> {
        parse_decimal(text, Self::DECIMALS).ok().and_then(Self::from_units).ok_or(InvalidPrice)
    }
}

/// The result of subtracting quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remainder {
    Some(Quantity),
    /// Both were equal.
    None,
    /// The subtrahend was larger.
    Short,
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    /// Parses plain or exponent notation exactly.
    fn from_str(text: &str) -> Result<Self, InvalidQuantity> {
        let millionths = parse_decimal(text, Self::DECIMALS).map_err(|error| match error {
            DecimalError::NotANumber => InvalidQuantity::NotANumber,
            _ if text.starts_with('-') => InvalidQuantity::NotPositive,
            DecimalError::TooManyDecimals => InvalidQuantity::TooManyDecimals,
            DecimalError::TooLarge => InvalidQuantity::TooLarge,
        })?;
        Self::from_millionths(millionths)
    }
}

/// Plain digits without trailing zeros: `2.5`, `1,000`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_decimal(self.0, Self::DECIMALS, 0))
    }
}

/// `part` in percent of `whole`; `None` if `whole` is zero.
fn percent(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| round_percent(part as f64 / whole as f64 * 100.0))
}

/// Rounds a percentage to four decimal places, for display.
pub fn round_percent(percent: f64) -> f64 {
    (percent * 10_000.0).round() / 10_000.0
}

/// Serde for a newtype over a count, as a JSON number: `$name`, its decimal places, and its constructor.
macro_rules! json_number {
    ($name:ident, $expecting:literal, $from_count:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.0 as f64 / 10_f64.powi($name::DECIMALS as i32))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Number;
                impl de::Visitor<'_> for Number {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_f64<E: de::Error>(self, number: f64) -> Result<$name, E> {
                        let count = count_of(number, $name::DECIMALS).map_err(E::custom)?;
                        $from_count(count).ok_or_else(|| E::custom(concat!("expected ", $expecting)))
                    }

                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<$name, E> {
                        self.visit_f64(number as f64)
                    }

                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$name, E> {
                        self.visit_f64(number as f64)
                    }
                }
                deserializer.deserialize_f64(Number)
            }
        }
    };
}

json_number!(Money, "an amount of money with at most 2 decimal places", |count| Some(Money(count)));
json_number!(Price, "a price with at most 4 decimal places", Price::from_units);
json_number!(PriceChange, "a change of price with at most 4 decimal places", |count| Some(PriceChange(count)));
json_number!(TrailPercent, "a percentage between 0 and 100", TrailPercent::from_count);
json_number!(Slippage, "a percentage from 0 to 100", Slippage::from_count);
json_number!(Quantity, "a quantity with at most 6 decimal places", |count| Quantity::from_millionths(count).ok());

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    fn price(units: i64) -> Price {
        Price::from_units(units).unwrap()
    }

    #[rstest]
    #[case::zero("0", InvalidQuantity::NotPositive)]
    #[case::negative("-1", InvalidQuantity::NotPositive)]
    #[case::tiny_negative("-0.0000001", InvalidQuantity::NotPositive)]
    #[case::seven_decimals("0.0000001", InvalidQuantity::TooManyDecimals)]
    #[case::over_a_billion("1000000000.000001", InvalidQuantity::TooLarge)]
    #[case::huge("1e300", InvalidQuantity::TooLarge)]
    #[case::not_a_number("NaN", InvalidQuantity::NotANumber)]
    #[case::text("ten", InvalidQuantity::NotANumber)]
    fn quantity_rejects(#[case] text: &str, #[case] expected: InvalidQuantity) {
        assert_eq!(text.parse::<Quantity>(), Err(expected));
    }

    #[rstest]
    #[case::whole("10", 10_000_000)]
    #[case::smallest("0.000001", 1)]
    #[case::largest("1000000000", 1_000_000_000_000_000)]
    fn quantity_accepts(#[case] text: &str, #[case] millionths: i64) {
        assert_eq!(quantity(text).millionths(), millionths);
    }

    #[rstest]
    #[case::exact("100", 1_942_800, 1_942_800)]
    #[case::fraction("2.5", 8_124_700, 203_118)] // 2,031.175 → .18, the even cent
    #[case::half_down("0.5", 100, 0)] // half a cent → 0, the even cent
    #[case::half_up("1.5", 100, 2)] // a cent and a half → 2
    #[case::dust("0.000001", 1_904_200, 0)]
    fn notional_rounds_half_to_even_once(#[case] shares: &str, #[case] units: i64, #[case] cents: i64) {
        assert_eq!(Money::of(quantity(shares), price(units)), Some(Money::from_cents(cents)));
    }

    #[rstest]
    #[case(1_942_800, "$19,428.00")]
    #[case(-2_879, "-$28.79")]
    #[case(0, "$0.00")]
    fn money_is_written_for_people(#[case] cents: i64, #[case] expected: &str) {
        assert_eq!(Money::from_cents(cents).to_string(), expected);
    }

    #[test]
    fn average_cost_is_derived() {
        assert_eq!(Price::average(Money::from_cents(100_000), quantity("3")), Price::from_units(3_333_333));
        assert_eq!(Price::average(Money::ZERO, quantity("3")), None);
    }

    #[test]
    fn a_simulated_price_is_never_below_a_cent() {
        assert_eq!(Price::nearest_cent(-3.0), Price::from_units(100));
        assert_eq!(Price::nearest_cent(190.424), Price::from_units(1_904_200));
        assert_eq!(Price::nearest_cent(f64::INFINITY), Price::from_units(Price::MAX));
        assert_eq!(Price::nearest_cent(f64::NAN), None);
    }

    #[test]
    fn json_numbers_are_exact() {
        assert_eq!(serde_json::to_string(&Money::from_cents(854_290)).unwrap(), "8542.9");
        assert_eq!(serde_json::from_str::<Quantity>("0.1").unwrap(), quantity("0.1"));
        assert!(serde_json::from_str::<Quantity>("0.1234567").is_err());
        assert!(serde_json::from_str::<Quantity>("\"1\"").is_err());
        assert!(serde_json::from_str::<Price>("-1").is_err());
    }

    #[rstest]
    #[case::exact(190.42, Some(1_904_200))]
    #[case::down(190.420_04, Some(1_904_200))]
    #[case::up(190.420_06, Some(1_904_201))]
    #[case::smallest(0.000_05, Some(1))]
    #[case::largest(10_000_000.0, Some(100_000_000_000))]
    #[case::nothing(0.000_04, None)]
    #[case::zero(0.0, None)]
    #[case::negative(-1.0, None)]
    #[case::too_dear(10_000_000.01, None)]
    #[case::huge(1e300, None)]
    #[case::infinite(f64::INFINITY, None)]
    #[case::not_a_number(f64::NAN, None)]
    fn nearest_price(#[case] dollars: f64, #[case] units: Option<i64>) {
        assert_eq!(Price::nearest(dollars).map(Price::units), units);
    }

    const EXACT_IN_JSON: i64 = 1_000_000_000_000_000;

    proptest! {
        #[test]
        fn money_survives_json(cents in -EXACT_IN_JSON..=EXACT_IN_JSON) {
            let json = serde_json::to_string(&Money(cents)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), Money(cents));
        }

        #[test]
        fn price_and_quantity_survive_json(units in 1..=Price::MAX, millionths in 1..=Quantity::MAX.millionths()) {
            let json = serde_json::to_string(&(Price(units), Quantity(millionths))).unwrap();
            prop_assert_eq!(serde_json::from_str::<(Price, Quantity)>(&json).unwrap(), (Price(units), Quantity(millionths)));
        }

        #[test]
        fn notional_is_within_half_a_cent(units in 1..=Price::MAX, millionths in 1..=10_000_000_000_i64) {
            let exact = i128::from(units) * i128::from(millionths);
            let rounded = Money::of(Quantity(millionths), Price(units)).unwrap();
            prop_assert!((i128::from(rounded.0) * 100_000_000 - exact).abs() <= 50_000_000);
        }

        #[test]
        fn a_share_and_the_rest_make_the_whole(cents in 0..=EXACT_IN_JSON, whole in 2..=Quantity::MAX.millionths(), part in 1..=Quantity::MAX.millionths()) {
            let (part, whole) = (Quantity(part.min(whole - 1)), Quantity(whole));
            let (taken, all) = (Money(cents).share(part, whole), Money(cents));
            prop_assert!(taken >= Money::ZERO && taken <= all);
        }

        #[test]
        fn quantities_subtract_exactly(left in 1..=Quantity::MAX.millionths(), right in 1..=Quantity::MAX.millionths()) {
            match Quantity(left).minus(Quantity(right)) {
                Remainder::Some(rest) => prop_assert_eq!(rest.0, left - right),
                Remainder::None => prop_assert_eq!(left, right),
                Remainder::Short => prop_assert!(left < right),
            }
        }
    }
}
