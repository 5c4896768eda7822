//! The result table: one figure per row, with its required bound, if any.

/// Required bound of a figure.
#[derive(Clone, Copy)]
pub enum Bar {
    AtLeast(f64, &'static str),
    AtMost(f64, &'static str),
}

impl Bar {
    fn verdict(self, value: f64) -> (String, &'static str) {
        let (text, is_met) = match self {
            Self::AtLeast(bar, unit) => (format!("≥ {bar}{unit}"), value >= bar),
            Self::AtMost(bar, unit) => (format!("≤ {bar}{unit}"), value <= bar),
        };
        (text, if is_met { "met" } else { "missed" })
    }
}

pub fn head() {
    println!("| what | figure | bar | |\n|---|---|---|---|");
}

/// A figure without a bound.
pub fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} | | |");
}

/// A figure whose `value` is compared with the bound.
pub fn barred(what: &str, figure: &str, value: f64, bar: Bar) {
    let (text, verdict) = bar.verdict(value);
    println!("| {what} | {figure} | {text} | {verdict} |");
}

pub fn median(figures: &mut [f64]) -> f64 {
    percentile(figures, 50)
}

/// NaN without measurements.
pub fn percentile(figures: &mut [f64], percent: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get((figures.len() * percent / 100).min(figures.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
