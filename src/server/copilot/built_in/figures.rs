//! Figures in sentences: with a sign where it matters, and in words where unknown.

use crate::domain::money::{Money, Price};

/// With its sign: `+$1,234.50`, `-$5.00`
pub fn signed(amount: Money) -> String {
    if amount.cents() > 0 { format!("+{amount}") } else { amount.to_string() }
}

/// `$190.42`
pub fn at(price: Price) -> String {
    format!("${price}")
}

/// With its sign: `+1.25 %`
pub fn signed_percent(percent: f64) -> String {
    format!("{percent:+.2} %")
}

/// `12.50 %`
pub fn percent(percent: f64) -> String {
    format!("{percent:.2} %")
}

/// `+$5.00 (+1.25 %)`, or the known part of it.
pub fn change(amount: Option<Money>, percent: Option<f64>) -> String {
    match (amount, percent) {
        (Some(amount), Some(percent)) => format!("{} ({})", signed(amount), signed_percent(percent)),
        (Some(amount), None) => signed(amount),
        (None, Some(percent)) => signed_percent(percent),
        (None, None) => UNKNOWN.to_owned(),
    }
}

/// A figure that is unknown because a price is missing.
pub const UNKNOWN: &str = "not known now";

pub fn known(amount: Option<Money>) -> String {
    amount.map_or_else(|| UNKNOWN.to_owned(), |amount| amount.to_string())
}

/// `1 position`, `3 positions`
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `up`, `down`, or a neutral word.
pub fn direction(amount: Money) -> &'static str {
    match amount.cents() {
        1.. => "up",
        0 => "unchanged",
        _ => "down",
    }
}
