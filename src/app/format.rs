//! Formatting of figures: always with a sign or a shape beside the colour, and a minus of constant width.

use crate::{
    IN_BROWSER,
    domain::{
        fixed_point::format_decimal,
        instant::UtcInstant,
        money::{Money, PriceChange},
        quote::Direction,
    },
};

/// Placeholder for a missing figure.
pub const MISSING: &str = "—";

/// Text of a figure, or the placeholder.
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

/// A plain number with the given decimal places: `12.5`, `1,204.00`. Unlike `{:.1}` it does not need the code for exact
/// float formatting, which the client omits.
pub fn decimal(number: f64, places: u32) -> String {
    let count = (number * 10_f64.powi(places as i32)).round() as i64;
    format_decimal(count, places, places as usize).replace('-', "−")
}

/// Percentage of a whole: `31.4%`.
pub fn share_percent(percent: f64) -> String {
    let tenths = (percent * 10.0).round() as i64;
    let sign = if tenths < 0 { "−" } else { "" };
    format!("{sign}{}.{}%", tenths.abs() / 10, tenths.abs() % 10)
}

/// A count in few digits: `843`, `12.4K`, `1.2M`.
pub fn compact_count(count: u64) -> String {
    let scaled = |unit: u64, name: &str| format!("{}.{}{name}", count / unit, count % unit * 10 / unit);
    match count {
        ..1_000 => count.to_string(),
        1_000..1_000_000 => scaled(1_000, "K"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "M"),
        1_000_000_000.. => scaled(1_000_000_000, "B"),
    }
}

/// `2026-11-22 14:02:11`, by the browser's clock. The server does not know the reader's time zone and writes
/// `2026-11-22 14:02:11 UTC`.
pub fn local_time(at: UtcInstant) -> String {
    if !IN_BROWSER {
        let text = at.to_rfc3339();
        return format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default());
    }
    let date = js_sys::Date::new(&(at.unix_ms() as f64).into());
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    )
}

/// Reads `2026-12-01T14:30`, as a field for date and time has it, by the browser's clock.
pub fn read_local_time(text: &str) -> Option<UtcInstant> {
    if text.is_empty() {
        return None;
    }
    let ms = js_sys::Date::new(&text.into()).get_time();
    (!ms.is_nan()).then(|| UtcInstant::from_unix_ms(ms as i64))
}

/// A shape that shows the direction without its colour.
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

/// Class that colours a gain or a loss.
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

    #[test]
    fn a_server_names_the_zone_of_its_times() {
        assert_eq!(local_time(UtcInstant::from_unix_ms(1_795_356_131_500)), "2026-11-22 14:02:11 UTC");
    }

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
    #[case(12.46, 1, "12.5")]
    #[case(-0.04, 1, "0.0")]
    #[case(-2.5, 2, "−2.50")]
    #[case(1_204.0, 2, "1,204.00")]
    #[case(2.6, 0, "3")]
    fn numbers_have_their_places(#[case] number: f64, #[case] places: u32, #[case] expected: &str) {
        assert_eq!(decimal(number, places), expected);
    }

    #[rstest]
    #[case(0, "0")]
    #[case(999, "999")]
    #[case(1_000, "1.0K")]
    #[case(12_449, "12.4K")]
    #[case(1_250_000, "1.2M")]
    #[case(7_000_000_000, "7.0B")]
    fn counts_are_short(#[case] count: u64, #[case] expected: &str) {
        assert_eq!(compact_count(count), expected);
    }

    #[rstest]
    #[case(35_261, "+$352.61")]
    #[case(-2_879, "−$28.79")]
    #[case(0, "$0.00")]
    fn gains_and_losses_have_a_sign_unless_zero(#[case] cents: i64, #[case] expected: &str) {
        assert_eq!(signed_money(Money::from_cents(cents)), expected);
    }
}
