//! Splits and cash dividends, and what they do to a holding.
//!
//! # The rules
//! | action   | whose                                | when                      | what                                     |
//! |----------|--------------------------------------|---------------------------|------------------------------------------|
//! | split    | of what was held when its day began  | when its day begins       | `quantity × to / from`; the cost stays   |
//! | dividend | on what was held when its ex-date began | on its pay date        | `quantity × amount` to cash, as income   |
//!
//! A product rounds half to even, once: shares to a millionth, money to a cent. A split neither costs nor brings anything,
//! so what is held is worth the same at the new price, and there is no P&L. Days begin at midnight in New York, before any
//! trading; shares that were bought or sold after that are shares of the new kind already.
//!
//! # Past trades
//! A trade stays what it was executed at. One before a split has beside that what it is in shares of today
//! ([`Adjusted`](super::order::Adjusted)).

use std::{fmt, str::FromStr};

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    calendar::{date_of, days_of},
    fixed_point::div_half_even,
    instant::UtcInstant,
    money::{Money, Price, Quantity},
    ticker::Ticker,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A date of the exchange, in New York.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExchangeDate {
    days: i64,
}

/// The text is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a date is written as 2026-11-30")]
pub struct InvalidDate;

impl ExchangeDate {
    /// Days since the Unix epoch.
    pub fn days(self) -> i64 {
        self.days
    }

    /// The date so many days after the Unix epoch.
    pub fn from_days(days: i64) -> Self {
        Self { days }
    }

    /// The date in New York at a moment.
    pub fn of(at: UtcInstant) -> Self {
        // New York is four or five hours behind UTC, so only two dates are possible.
        let utc = Self { days: at.unix_ms().div_euclid(DAY_MS) };
        if utc.starts_at() <= at { utc } else { Self { days: utc.days - 1 } }
    }

    /// Midnight in New York.
    pub fn starts_at(self) -> UtcInstant {
        let hours = if self.begins_in_summer_time() { 4 } else { 5 };
        UtcInstant::from_unix_ms(self.days * DAY_MS + hours * HOUR_MS)
    }

    /// Whether the date begins in daylight saving time: from the second Sunday in March to the first one in November,
    /// changing at two in the morning (Energy Policy Act of 2005, section 110).
    fn begins_in_summer_time(self) -> bool {
        let year = date_of(self.days).0;
        let sunday_from = |days: i64| days + (3 - days).rem_euclid(7);
        let forward = sunday_from(days_of(year, 3, 8));
        let back = sunday_from(days_of(year, 11, 1));
        (forward + 1..=back).contains(&self.days)
    }
}

impl FromStr for ExchangeDate {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            digits.parse::<i64>().ok()
        };
        let is_marked = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        let parts = (number(0, 4), number(5, 7), number(8, 10));
        let (Some(year), Some(month), Some(day), true) = (parts.0, parts.1, parts.2, is_marked) else {
            return Err(InvalidDate);
        };
        let days = days_of(year, month, day);
        if date_of(days) == (year, month, day) { Ok(Self { days }) } else { Err(InvalidDate) }
    }
}

/// `2026-11-30`
impl fmt::Display for ExchangeDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.days);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// `from` shares become `to` shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitRatio {
    pub from: Quantity,
    pub to: Quantity,
}

impl SplitRatio {
    /// Shares after the split: rounded half to even, at least a millionth. `None` over a billion.
    pub fn of_shares(self, quantity: Quantity) -> Option<Quantity> {
        scale(quantity, self.to, self.from)
    }

    /// The shares before the split.
    pub fn before(self, quantity: Quantity) -> Option<Quantity> {
        scale(quantity, self.from, self.to)
    }

    /// Converts a sum of shares, in millionths; saturates.
    pub fn of_millionths(self, millionths: i64) -> i64 {
        let product = i128::from(millionths) * i128::from(self.to.millionths());
        i64::try_from(div_half_even(product, i128::from(self.from.millionths()))).unwrap_or(i64::MAX)
    }

    /// Converts a volume, in whole shares.
    pub fn of_volume(self, shares: u64) -> u64 {
        let product = i128::from(shares) * i128::from(self.to.millionths());
        u64::try_from(div_half_even(product, i128::from(self.from.millionths()))).unwrap_or(u64::MAX)
    }

    /// Converts a price from before the split: rounded half to even, at least the lowest price.
    pub fn of_price(self, price: Price) -> Option<Price> {
        let product = i128::from(price.units()) * i128::from(self.from.millionths());
        let units = div_half_even(product, i128::from(self.to.millionths()));
        Price::from_units(i64::try_from(units).ok()?.max(1))
    }

    /// Whether a price is from before the split, given one from after it: true if it is nearer to the unconverted price
    /// than to the converted one. A day's move is smaller than a split's.
    pub fn is_price_before(self, price: Price, now: Price) -> bool {
        let moved = (price.dollars() / now.dollars()).ln();
        let split = (self.to.millionths() as f64 / self.from.millionths() as f64).ln();
        (moved - split).abs() < moved.abs()
    }

    /// Whether a trade was in shares from before a split: made before the split's day began, or on that day at a price
    /// from before. `now` is a price from after the split, if known.
    pub fn is_trade_before(self, day: ExchangeDate, at: UtcInstant, price: Price, now: Option<Price>) -> bool {
        let starts_at = day.starts_at();
        let is_of_the_day = at < UtcInstant::from_unix_ms(starts_at.unix_ms() + DAY_MS);
        at < starts_at || (is_of_the_day && now.is_some_and(|now| self.is_price_before(price, now)))
    }
}

fn scale(quantity: Quantity, by: Quantity, of: Quantity) -> Option<Quantity> {
    let product = i128::from(quantity.millionths()) * i128::from(by.millionths());
    let millionths = div_half_even(product, i128::from(of.millionths()));
    Quantity::from_millionths(i64::try_from(millionths).ok()?.max(1)).ok()
}

/// Dollars a share, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DividendRate(i64);

impl DividendRate {
    /// A thousand dollars a share.
    const MAX: i64 = 1_000_000_000_000;

    /// `None` if not positive, or over a thousand dollars a share.
    pub fn from_billionths(billionths: i64) -> Option<Self> {
        (1..=Self::MAX).contains(&billionths).then_some(Self(billionths))
    }

    pub fn billionths(self) -> i64 {
        self.0
    }

    /// Dividend on a number of shares: rounded half to even, once, to cents; `None` if it overflows.
    pub fn of(self, quantity: Quantity) -> Option<Money> {
        // millionths × billionths = 10^-15 dollars; 10^13 of these are a cent
        let product = i128::from(quantity.millionths()) * i128::from(self.0);
        i64::try_from(div_half_even(product, 10_000_000_000_000)).ok().map(Money::from_cents)
    }
}

/// A split or a cash dividend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    Split(SplitRatio),
    Dividend {
        rate: DividendRate,
        /// The ex-date, if the vendor states no pay date.
        pay_date: ExchangeDate,
    },
}

/// A split or a dividend, from a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorporateAction {
    /// The vendor's id.
    pub id: String,
    pub ticker: Ticker,
    /// First day on which shares trade without it.
    pub ex_date: ExchangeDate,
    pub kind: ActionKind,
}

/// Value of [`ActionRecord`]'s `kind` for a dividend.
pub const DIVIDEND: &str = "dividend";

/// A split or a dividend, with its effect on the account.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActionRecord {
    /// The vendor's id.
    pub id: String,
    /// `split` or `dividend`.
    pub kind: String,
    pub ticker: Ticker,
    /// First day on which shares trade without it: the exchange's date, such as `2026-11-30`.
    pub ex_date: String,
    /// For a dividend: the date on which it is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_date: Option<String>,
    /// For a split: number of old shares that become `split_to` new ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_from: Option<Quantity>,
    /// For a split: number of new shares for `split_from` old ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_to: Option<Quantity>,
    /// For a dividend: dollars per share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_amount: Option<f64>,
    /// Shares held when the ex-date began.
    pub quantity: Quantity,
    /// For a split: shares afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity_after: Option<Quantity>,
    /// For a dividend: amount of money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// `owed` for an unpaid dividend, otherwise `applied`.
    pub status: String,
    pub recorded_at: UtcInstant,
    pub applied_at: Option<UtcInstant>,
}

/// A page of splits and dividends, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActionPage {
    pub corporate_actions: Vec<ActionRecord>,
    /// Value of `cursor` that returns the next page; absent on the last page.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    fn ratio(from: &str, to: &str) -> SplitRatio {
        SplitRatio { from: quantity(from), to: quantity(to) }
    }

    fn price(dollars: f64) -> Price {
        Price::nearest(dollars).unwrap()
    }

    #[rstest]
    #[case::ten_for_one("1", "10", "10", "100")]
    #[case::three_for_two("2", "3", "1", "1.5")]
    #[case::one_for_three("3", "1", "1", "0.333333")]
    #[case::half_to_even("2", "1", "0.000003", "0.000002")]
    #[case::dust_stays("10", "1", "0.000001", "0.000001")]
    #[case::a_ratio_with_decimals("1", "1.05", "100", "105")]
    fn a_split_multiplies_shares(#[case] from: &str, #[case] to: &str, #[case] held: &str, #[case] after: &str) {
        assert_eq!(ratio(from, to).of_shares(quantity(held)), Some(quantity(after)));
    }

    #[test]
    fn a_split_divides_prices_and_knows_those_from_before() {
        let split = ratio("1", "10");
        assert_eq!(split.of_price(price(200.0)), Some(price(20.0)));
        assert!(split.is_price_before(price(210.0), price(20.0)));
        assert!(!split.is_price_before(price(23.0), price(20.0)));
        let reverse = ratio("10", "1");
        assert_eq!(reverse.of_price(price(2.0)), Some(price(20.0)));
        assert!(reverse.is_price_before(price(1.9), price(20.0)) && !reverse.is_price_before(price(18.0), price(20.0)));
        assert_eq!(split.of_shares(Quantity::MAX), None);
    }

    #[test]
    fn a_trade_on_the_day_of_a_split_is_told_by_its_price() {
        let (split, day) = (ratio("1", "10"), "2026-11-30".parse::<ExchangeDate>().unwrap());
        let at = |hours: i64| UtcInstant::from_unix_ms(day.starts_at().unix_ms() + hours * HOUR_MS);
        let is_before = |hours, dollars, now| split.is_trade_before(day, at(hours), price(dollars), now);
        assert!(is_before(-1, 20.0, None));
        assert!(!is_before(1, 200.0, None));
        assert!(is_before(1, 200.0, Some(price(20.0))));
        assert!(!is_before(1, 20.0, Some(price(20.5))));
        assert!(!is_before(25, 200.0, Some(price(20.0))), "a day later it is a rise");
    }

    #[rstest]
    #[case::exact("100", 240_000_000, 2_400)]
    #[case::half_to_even("0.5", 30_000_000, 2)]
    #[case::half_to_odd_even("0.5", 10_000_000, 0)]
    #[case::many_decimals("3", 123_456_789, 37)]
    fn a_dividend_is_rounded_once(#[case] shares: &str, #[case] billionths: i64, #[case] cents: i64) {
        let rate = DividendRate::from_billionths(billionths).unwrap();
        assert_eq!(rate.of(quantity(shares)), Some(Money::from_cents(cents)));
    }

    #[rstest]
    #[case::winter("2026-01-15", "2026-01-15T05:00:00Z")]
    #[case::summer("2026-07-15", "2026-07-15T04:00:00Z")]
    #[case::before_clocks_go_forward("2026-03-08", "2026-03-08T05:00:00Z")]
    #[case::after("2026-03-09", "2026-03-09T04:00:00Z")]
    #[case::before_clocks_go_back("2026-11-01", "2026-11-01T04:00:00Z")]
    #[case::after_that("2026-11-02", "2026-11-02T05:00:00Z")]
    fn a_day_begins_at_midnight_in_new_york(#[case] date: &str, #[case] at: &str) {
        let (date, at): (ExchangeDate, _) = (date.parse().unwrap(), UtcInstant::from_rfc3339(at).unwrap());
        assert_eq!(date.starts_at(), at);
        assert_eq!(ExchangeDate::of(at), date);
        assert!(ExchangeDate::of(UtcInstant::from_unix_ms(at.unix_ms() - 1)) < date);
    }

    #[rstest]
    #[case("2026-02-29")]
    #[case("2026-13-01")]
    #[case("26-01-01")]
    #[case("2026-1-011")]
    #[case("+026-01-01")]
    #[case("")]
    fn what_is_no_date_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<ExchangeDate>(), Err(InvalidDate));
    }

    proptest! {
        #[test]
        fn a_whole_split_is_exact_and_goes_back(millionths in 1_i64..1_000_000_000_000, factor in 2_i64..50) {
            let held = Quantity::from_millionths(millionths).unwrap();
            let split = ratio("1", &factor.to_string());
            let after = split.of_shares(held).unwrap();
            prop_assert_eq!(after.millionths(), millionths * factor);
            prop_assert_eq!(split.before(after), Some(held));
        }
    }
}
