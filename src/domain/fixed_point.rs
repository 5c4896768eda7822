//! Exact decimal numbers: parsing, dividing and formatting.
//!
//! Every amount in FinAlly is an integer count of a small unit. These functions convert between such counts and text;
//! parsing never rounds, and [`div_half_even`] is the only rounding.

/// The text is not a decimal number, or does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    #[error("is not a decimal number")]
    NotANumber,
    #[error("has more decimal places than are kept")]
    TooManyDecimals,
    #[error("is too large")]
    TooLarge,
}

/// Longest text that is parsed: far longer than any number that fits.
const DECIMAL_TEXT_LENGTH_MAX: usize = 400;

/// Number of digits that always fit an `i64`.
const DIGITS_MAX: i64 = 18;

/// Parses a decimal number, such as `-12.5` or JSON's `1.25e2`, as a count of units of `10^-decimals`, exactly.
///
/// # Errors
/// If it is not a number, has a digit other than zero past the last decimal place, or needs more than 18 digits.
pub fn parse_decimal(text: &str, decimals: u32) -> Result<i64, DecimalError> {
    if text.len() > DECIMAL_TEXT_LENGTH_MAX {
        return Err(DecimalError::TooLarge);
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let has_bare_point = mantissa.contains('.') && fraction.is_empty();
    if whole.is_empty() || has_bare_point || !is_digits(whole) || !is_digits(fraction) {
        return Err(DecimalError::NotANumber);
    }

    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let zeros_trimmed = (digits.len() - significant.len()) as i64;
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // value = significant × 10^shift, in the requested unit
    let shift = exponent - fraction.len() as i64 + zeros_trimmed + i64::from(decimals);
    if shift < 0 {
        return Err(DecimalError::TooManyDecimals);
    }
    if significant.len() as i64 + shift > DIGITS_MAX {
        return Err(DecimalError::TooLarge);
    }
    let count: i64 = significant.parse().map_err(|_| DecimalError::TooLarge)?;
    let count = count * 10_i64.pow(shift as u32);
    Ok(if negative { -count } else { count })
}

/// Counts below this are exact in an `f64`, at any number of decimal places: up to 15 digits.
const EXACT_MAX: f64 = 1e15;

/// A number from JSON as a count of units of `10^-decimals`. Equals [`parse_decimal`] of the number's shortest text for
/// up to 15 digits; beyond these it is the nearest `f64`. Writes no text, so the client does not need exact float
/// formatting.
///
/// # Errors
/// If it has a digit past the last decimal place, is not finite, or needs more than 18 digits.
pub fn count_of(number: f64, decimals: u32) -> Result<i64, DecimalError> {
    let unit = 10_f64.powi(decimals as i32);
    let count = (number * unit).round();
    if number.is_nan() {
        Err(DecimalError::NotANumber)
    } else if count.abs() >= 1e18 {
        Err(DecimalError::TooLarge)
    } else if count.abs() <= EXACT_MAX && count / unit != number {
        Err(DecimalError::TooManyDecimals)
    } else {
        Ok(count as i64)
    }
}

/// Parses an exponent; large ones saturate.
fn parse_exponent(text: &str) -> Result<i64, DecimalError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::NotANumber);
    }
    let size = unsigned.parse::<i64>().unwrap_or(i64::MAX).min(1_000_000);
    Ok(if text.starts_with('-') { -size } else { size })
}

/// `numerator / denominator`, rounded half to even. The denominator must be positive.
pub fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    debug_assert!(denominator > 0, "a count is divided by a positive one");
    let quotient = numerator.div_euclid(denominator);
    let remainder = numerator.rem_euclid(denominator);
    match (remainder * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient.rem_euclid(2),
    }
}

/// Formats a count of `10^-decimals` for people: `1,234.50`, with at least `decimals_min` decimal places and no
/// trailing zeros past them. The sign is a plain `-`.
pub fn format_decimal(count: i64, decimals: u32, decimals_min: usize) -> String {
    let unit = 10_u64.pow(decimals);
    let size = count.unsigned_abs();
    let mut text = group_thousands(size / unit);
    let fraction = format!("{:0width$}", size % unit, width = decimals as usize);
    let kept = fraction.trim_end_matches('0').len().max(decimals_min);
    if kept > 0 {
        text.push('.');
        text.push_str(&fraction[..kept]);
    }
    if count < 0 { format!("-{text}") } else { text }
}

fn group_thousands(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::whole("10", 10_000_000)]
    #[case::fraction("0.1", 100_000)]
    #[case::smallest("0.000001", 1)]
    #[case::trailing_zeros("1.50000000000", 1_500_000)]
    #[case::negative("-2.5", -2_500_000)]
    #[case::exponent("1e3", 1_000_000_000)]
    #[case::negative_exponent("125E-2", 1_250_000)]
    #[case::plus_exponent("1.5e+1", 15_000_000)]
    #[case::zero("0", 0)]
    #[case::zero_with_any_exponent("0e999999999999999999999", 0)]
    #[case::leading_zeros("007", 7_000_000)]
    fn parse_decimal_reads(#[case] text: &str, #[case] expected: i64) {
        assert_eq!(parse_decimal(text, 6), Ok(expected));
    }

    #[rstest]
    #[case::empty("", DecimalError::NotANumber)]
    #[case::sign_alone("-", DecimalError::NotANumber)]
    #[case::word("NaN", DecimalError::NotANumber)]
    #[case::infinity("Infinity", DecimalError::NotANumber)]
    #[case::two_points("1.2.3", DecimalError::NotANumber)]
    #[case::bare_point("1.", DecimalError::NotANumber)]
    #[case::no_whole_part(".5", DecimalError::NotANumber)]
    #[case::plus_sign("+1", DecimalError::NotANumber)]
    #[case::blank(" 1", DecimalError::NotANumber)]
    #[case::hexadecimal("0x10", DecimalError::NotANumber)]
    #[case::empty_exponent("1e", DecimalError::NotANumber)]
    #[case::seven_decimals("0.0000001", DecimalError::TooManyDecimals)]
    #[case::tiny("1e-400", DecimalError::TooManyDecimals)]
    #[case::huge("1e400", DecimalError::TooLarge)]
    #[case::nineteen_digits("9999999999999", DecimalError::TooLarge)]
    fn parse_decimal_refuses(#[case] text: &str, #[case] expected: DecimalError) {
        assert_eq!(parse_decimal(text, 6), Err(expected));
    }

    #[rstest]
    #[case(5, 10, 0)]
    #[case(15, 10, 2)]
    #[case(25, 10, 2)]
    #[case(26, 10, 3)]
    #[case(-5, 10, 0)]
    #[case(-15, 10, -2)]
    #[case(-25, 10, -2)]
    #[case(-24, 10, -2)]
    fn div_half_even_rounds_halves_to_even(#[case] numerator: i128, #[case] denominator: i128, #[case] expected: i128) {
        assert_eq!(div_half_even(numerator, denominator), expected);
    }

    #[rstest]
    #[case(0, 2, 2, "0.00")]
    #[case(1_942_800, 2, 2, "19,428.00")]
    #[case(-5, 2, 2, "-0.05")]
    #[case(100_000_000, 2, 2, "1,000,000.00")]
    #[case(2_500_000, 6, 0, "2.5")]
    #[case(3_000_000, 6, 0, "3")]
    #[case(1_904_200, 4, 2, "190.42")]
    #[case(1_904_250, 4, 2, "190.425")]
    fn format_decimal_writes(#[case] count: i64, #[case] decimals: u32, #[case] min: usize, #[case] expected: &str) {
        assert_eq!(format_decimal(count, decimals, min), expected);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(count in -999_999_999_999_999_999_i64..=999_999_999_999_999_999, decimals in 0_u32..8) {
            let text = format_decimal(count, decimals, 0).replace(',', "");
            prop_assert_eq!(parse_decimal(&text, decimals), Ok(count));
        }

        #[test]
        fn a_number_is_the_count_of_its_text(count in -999_999_999_999_999_i64..=999_999_999_999_999, decimals in 0_u32..8, kept in 0_u32..8) {
            let number = count as f64 / 10_f64.powi(decimals as i32);
            prop_assert_eq!(count_of(number, decimals), Ok(count));
            let by_text = parse_decimal(&number.to_string(), kept);
            if by_text.is_ok_and(|count| count.abs() < 1_000_000_000_000_000) || by_text == Err(DecimalError::TooManyDecimals) {
                prop_assert_eq!(count_of(number, kept), by_text);
            }
        }

        #[test]
        fn any_number_has_the_count_of_its_text_or_none(number in any::<f64>(), decimals in 0_u32..8) {
            let by_text = parse_decimal(&number.to_string(), decimals);
            match count_of(number, decimals) {
                Ok(count) if count.abs() < 1_000_000_000_000_000 => prop_assert_eq!(by_text, Ok(count)),
                Ok(count) => prop_assert!(count.abs() < 1_000_000_000_000_000_000),
                Err(_) => prop_assert!(by_text.is_err()),
            }
        }

        #[test]
        fn parsing_never_panics(text in "[-+0-9.eE]{0,30}|.{0,30}") {
            let _ = parse_decimal(&text, 6);
        }

        #[test]
        fn division_is_within_half_a_unit(numerator in any::<i64>(), denominator in 1_i64..) {
            let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
            let twice_the_error = 2 * (numerator - div_half_even(numerator, denominator) * denominator);
            prop_assert!(twice_the_error.abs() <= denominator);
        }
    }
}
