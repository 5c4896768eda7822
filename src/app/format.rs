//! How figures are written: always with a sign or a shape beside the colour, always the same width of minus.

use crate::domain::{
    money::{Money, PriceChange},
    quote::Direction,
};

/// What stands where a figure is missing.
pub const MISSING: &str = "—";

/// Text for a figure that may be missing.
pub fn or_missing(figure: Option<impl ToString>) -> String {
    figure.map_or_else(|| MISSING.to_owned(), |figure| figure.to_string())
}

/// `$8,542.90`, `−$28.79`
pub fn money(amount: Money) -> String {
    amount.to_string().replace('-', "−")
}

/// `+$352.61`, `−$28.79`, `$0.00`
pub fn signed_money(amount: Money) -> String {
    let plus = if amount > Money::ZERO { "+" } else { "" };
    format!("{plus}{}", money(amount))
}

/// `+1.43%`, `−1.86%`, `0.00%`
pub fn signed_percent(percent: f64) -> String {
    let hundredths = (percent * 100.0).round() as i64;
    let sign = match hundredths {
        ..0 => "−",
        0 => "",
        1.. => "+",
    };
    format!("{sign}{}.{:02}%", hundredths.abs() / 100, hundredths.abs() % 100)
}

/// A shape that tells the direction without its colour.
pub fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "▲",
        Direction::Down => "▼",
        Direction::Flat => "◆",
    }
}

/// `+0.31`, `−1.20`, `0.00`
pub fn signed_change(change: PriceChange) -> String {
    change.to_string().replace('-', "−")
}

/// The class that colours a gain or a loss.
pub fn tone(amount: Option<Money>) -> &'static str {
    match amount {
        Some(amount) if amount > Money::ZERO => "up",
        Some(amount) if amount < Money::ZERO => "down",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(1.434, "+1.43%")]
    #[case(-1.856, "−1.86%")]
    #[case(-0.004, "0.00%")]
    #[case(0.05, "+0.05%")]
    #[case(-123.4, "−123.40%")]
    fn percentages_have_a_sign_unless_zero(#[case] percent: f64, #[case] expected: &str) {
        assert_eq!(signed_percent(percent), expected);
    }

    #[rstest]
    #[case(35_261, "+$352.61")]
    #[case(-2_879, "−$28.79")]
    #[case(0, "$0.00")]
    fn gains_and_losses_have_a_sign_unless_zero(#[case] cents: i64, #[case] expected: &str) {
        assert_eq!(signed_money(Money::from_cents(cents)), expected);
    }
}
