//! Exact decimal numbers, for figures read from documents and calculations with them.

use std::{cmp::Ordering, fmt};

/// `digits × 10^-scale`, with at most 30 digits.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

/// Most digits of a number; longer ones are not parsed.
const DIGITS_MAX: u32 = 30;
/// Decimals of a quotient, which is rounded half away from zero.
const QUOTIENT_SCALE: u32 = 12;

impl Decimal {
    pub const ONE: Self = Self { digits: 1, scale: 0 };
    pub const HUNDRED: Self = Self { digits: 100, scale: 0 };

    /// Parses `66,608`, `1.577` or `1,452.4`; `None` for any other form.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits: String = whole.chars().filter(|character| *character != ',').chain(fraction.chars()).collect();
        let is_number = !digits.is_empty()
            && digits.len() <= DIGITS_MAX as usize
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        let scale = u32::try_from(fraction.len()).ok()?;
        is_number.then(|| digits.parse().ok().map(|digits| Self { digits, scale })).flatten()
    }

    /// Number of decimals as written.
    pub fn decimals(self) -> u32 {
        self.scale
    }

    pub fn is_negative(self) -> bool {
        self.digits < 0
    }

    pub fn is_positive(self) -> bool {
        self.digits > 0
    }

    pub fn abs(self) -> Self {
        Self { digits: self.digits.abs(), ..self }
    }

    /// Multiplies by a power of ten.
    pub fn shifted(self, powers: i32) -> Option<Self> {
        let scale = i64::from(self.scale) - i64::from(powers);
        match u32::try_from(scale) {
            Ok(scale) => Some(Self { scale, ..self }),
            Err(_) => {
                Self { scale: 0, ..self }.scaled_by(u32::try_from(-scale).ok()?).map(|digits| Self { digits, scale: 0 })
            }
        }
    }

    /// The digits with `more` further decimals.
    fn scaled_by(self, more: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(more)?)
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        Some((self.scaled_by(scale - self.scale)?, other.scaled_by(scale - other.scale)?, scale))
    }

    pub fn add(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { digits: a.checked_add(b)?, scale }.trimmed())
    }

    pub fn negated(self) -> Self {
        Self { digits: -self.digits, ..self }
    }

    pub fn times(self, other: Self) -> Option<Self> {
        let digits = self.digits.checked_mul(other.digits)?;
        Some(Self { digits, scale: self.scale.checked_add(other.scale)? }.trimmed())
    }

    /// Quotient to 12 decimals; `None` if the divisor is zero.
    pub fn divided_by(self, other: Self) -> Option<Self> {
        if other.digits == 0 {
            return None;
        }
        let up = other.scale.checked_add(QUOTIENT_SCALE)?.checked_sub(self.scale.min(other.scale + QUOTIENT_SCALE))?;
        let dividend = self.scaled_by(up)?;
        let scale = self.scale + up - other.scale;
        let (quotient, rest) = (dividend.checked_div(other.digits)?, dividend.checked_rem(other.digits)?);
        let is_half = rest.checked_abs()?.checked_mul(2)? >= other.digits.checked_abs()?;
        let sign = if (dividend < 0) == (other.digits < 0) { 1 } else { -1 };
        Some(Self { digits: quotient + if is_half { sign } else { 0 }, scale }.trimmed())
    }

    /// Rounds half away from zero.
    pub fn rounded(self, decimals: u32) -> Self {
        if self.scale <= decimals {
            return self;
        }
        let Some(step) = 10_i128.checked_pow(self.scale - decimals) else { return Self { digits: 0, scale: decimals } };
        let half = step / 2 * self.digits.signum();
        Self { digits: (self.digits + half) / step, scale: decimals }
    }

    /// Removes trailing zeros.
    fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.trimmed(), other.trimmed());
        (a.digits, a.scale).cmp(&(b.digits, b.scale)) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trimmed = self.trimmed();
        let digits = format!("{:0width$}", trimmed.digits.unsigned_abs(), width = trimmed.scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - trimmed.scale as usize);
        let sign = if trimmed.digits < 0 { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn sums_and_quotients_are_exact_or_rounded_once() {
        assert_eq!(number("66,608").add(number("62,286").negated()).unwrap().to_string(), "4322");
        assert_eq!(number("0.1").add(number("0.2")).unwrap(), number("0.3"));
        assert_eq!(number("1").divided_by(number("3")).unwrap().to_string(), "0.333333333333");
        assert_eq!(number("2").divided_by(number("3").negated()).unwrap().to_string(), "-0.666666666667");
        assert!(number("1").divided_by(number("0")).is_none());
        assert_eq!(number("6.95").rounded(1).to_string(), "7");
        assert_eq!(number("1.577").shifted(3).unwrap(), number("1,577"));
    }

    #[rstest]
    #[case("")]
    #[case("1.2.3")]
    #[case("1e5")]
    #[case("12345678901234567890123456789012")]
    fn what_is_no_number_is_none(#[case] text: &str) {
        assert!(Decimal::parse(text).is_none());
    }

    proptest! {
        #[test]
        fn a_quotient_times_its_divisor_is_near(a in -1_000_000_000i64..1_000_000_000, b in 1i64..1_000_000) {
            let (a, b) = (Decimal { digits: a.into(), scale: 2 }, Decimal { digits: b.into(), scale: 3 });
            let back = a.divided_by(b).unwrap().times(b).unwrap();
            prop_assert_eq!(back.rounded(2), a.trimmed());
        }

        #[test]
        fn nothing_panics(a in any::<i128>(), b in any::<i128>(), s in 0u32..40, t in 0u32..40) {
            let (a, b) = (Decimal { digits: a / 4, scale: s }, Decimal { digits: b / 4, scale: t });
            let _ = (a.add(b), a.times(b), a.divided_by(b), a.rounded(t), a.shifted(3), a.to_string());
        }
    }
}
