//! A line of recent prices, small enough for a table row.

use std::fmt::Write;

use leptos::prelude::*;

use crate::app::{effects::memo, erase::Erase};
use crate::domain::{money::Price, quote::Quote, watchlist::SPARKLINE_POINTS_MAX};

const WIDTH: f64 = 64.0;
const HEIGHT: f64 = 22.0;
const MARGIN: f64 = 2.0;

/// How long a point stands for: sixty of them are a quarter of an hour, as the server's are.
const POINT_MS: i64 = 15_000;

/// Draws `prices`, oldest first, and goes on with each `latest`: the last point moves, and each fifteen seconds leave
/// one behind.
#[component]
pub fn Sparkline(prices: Vec<Price>, latest: Memo<Option<Quote>>) -> impl IntoView {
    let line = Memo::new(move |before: Option<&Line>| {
        let mut line = before.cloned().unwrap_or_else(|| Line { prices: prices.clone(), point: None });
        if let Some(quote) = latest.get() {
            line.follow(&quote);
        }
        line
    });
    // What is drawn is rounded, so that a small move writes nothing.
    let points = memo(move || line.with(Line::coordinates));
    // In the colour of the day's change, which stands beside it.
    let falls = memo(move || match latest.get() {
        Some(quote) => quote.price < quote.previous_close,
        None => line.with(|line| line.prices.last() < line.prices.first()),
    });
    view! {
        <svg
            class="sparkline"
            class:down=falls
            data-testid="sparkline"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            preserveAspectRatio="none"
            aria-hidden="true"
        >
            <polyline points=points vector-effect="non-scaling-stroke"/>
        </svg>
    }
    .erase()
}

#[derive(Clone, PartialEq)]
struct Line {
    prices: Vec<Price>,
    /// The stretch of time that the last point stands for; at first that is the server's.
    point: Option<i64>,
}

impl Line {
    fn follow(&mut self, quote: &Quote) {
        let point = quote.at.unix_ms().div_euclid(POINT_MS);
        let goes_on = self.point.is_none_or(|last| last == point);
        self.point = Some(point);
        match self.prices.last_mut() {
            Some(last) if goes_on => *last = quote.price,
            _ => self.prices.push(quote.price),
        }
        let surplus = self.prices.len().saturating_sub(SPARKLINE_POINTS_MAX);
        self.prices.drain(..surplus);
    }

    /// SVG's `x,y x,y …`, scaled to fill the box and rounded to a quarter; a flat line runs through its middle.
    fn coordinates(&self) -> String {
        let (Some(low), Some(high)) = (self.prices.iter().min(), self.prices.iter().max()) else {
            return String::new();
        };
        let span = (high.units() - low.units()) as f64;
        let step = WIDTH / (self.prices.len().max(2) - 1) as f64;
        let mut words = String::with_capacity(self.prices.len() * "63.75,19.75 ".len());
        for (index, price) in self.prices.iter().enumerate() {
            let share = if span == 0.0 { 0.5 } else { (high.units() - price.units()) as f64 / span };
            if index > 0 {
                words.push(' ');
            }
            push_rounded(&mut words, index as f64 * step);
            words.push(',');
            push_rounded(&mut words, MARGIN + share * (HEIGHT - 2.0 * MARGIN));
        }
        words
    }
}

/// Writes a length to a quarter: a decimal fraction of any length takes several times as long to write.
fn push_rounded(words: &mut String, length: f64) {
    let quarters = (length * 4.0).round() as usize;
    // Writing to a string does not fail.
    let _ = write!(words, "{}{}", quarters / 4, ["", ".25", ".5", ".75"][quarters % 4]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::UtcInstant;

    fn line(cents: &[i64]) -> Line {
        Line { prices: cents.iter().map(|cents| price(*cents)).collect(), point: None }
    }

    fn price(cents: i64) -> Price {
        Price::from_units(cents * 100).unwrap()
    }

    fn quote(cents: i64, at_ms: i64) -> Quote {
        let (price, at) = (price(cents), UtcInstant::from_unix_ms(at_ms));
        Quote { ticker: "V".parse().unwrap(), price, previous_price: price, previous_close: price, at, is_stale: false }
    }

    #[test]
    fn a_line_fills_its_box() {
        assert_eq!(line(&[100, 200, 150]).coordinates(), "0,20 32,2 64,11");
        assert_eq!(line(&[100, 200, 150, 125]).coordinates(), "0,20 21.25,2 42.75,11 64,15.5");
        assert_eq!(line(&[100, 100]).coordinates(), "0,11 64,11");
        assert_eq!(line(&[]).coordinates(), "");
        assert_eq!(line(&[100]).coordinates(), "0,11");
    }

    #[test]
    fn the_last_point_follows_the_price_and_stays_after_its_time() {
        let mut line = line(&[100, 101]);
        line.follow(&quote(102, 15_000));
        line.follow(&quote(103, 29_500));
        assert_eq!(line.prices, [100, 103].map(price));
        line.follow(&quote(104, 30_000));
        line.follow(&quote(105, 30_500));
        assert_eq!(line.prices, [100, 103, 105].map(price));
    }

    #[test]
    fn a_line_is_bounded() {
        let mut line = line(&[]);
        (1..200).for_each(|step| line.follow(&quote(step, step * POINT_MS)));
        assert_eq!((line.prices.len(), line.prices.last()), (SPARKLINE_POINTS_MAX, Some(&price(199))));
    }
}
