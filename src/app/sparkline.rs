//! A line of recent prices, small enough for a table row.

use leptos::prelude::*;

use crate::domain::{money::Price, watchlist::SPARKLINE_POINTS_MAX};

const WIDTH: f64 = 64.0;
const HEIGHT: f64 = 22.0;
const MARGIN: f64 = 2.0;

/// Draws `prices`, oldest first, and goes on with each `latest`.
#[component]
pub fn Sparkline(prices: Vec<Price>, #[prop(into)] latest: Signal<Option<Price>>) -> impl IntoView {
    let first = prices.first().copied();
    let points = Memo::new(move |before: Option<&Line>| {
        let mut line = before.cloned().unwrap_or_else(|| Line(prices.clone()));
        if let Some(price) = latest.get()
            && line.0.last() != Some(&price)
        {
            line.push(price);
        }
        line
    });
    let falls = move || points.with(|line| line.0.last().copied() < first.and_then(|_| line.0.first().copied()));
    view! {
        <svg
            class="sparkline"
            class:down=falls
            data-testid="sparkline"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            aria-hidden="true"
        >
            <polyline points=move || points.with(Line::coordinates)/>
        </svg>
    }
}

#[derive(Clone, PartialEq)]
struct Line(Vec<Price>);

impl Line {
    fn push(&mut self, price: Price) {
        self.0.push(price);
        let surplus = self.0.len().saturating_sub(SPARKLINE_POINTS_MAX);
        self.0.drain(..surplus);
    }

    /// SVG's `x,y x,y …`, scaled to fill the box; a flat line runs through its middle.
    fn coordinates(&self) -> String {
        let (Some(low), Some(high)) = (self.0.iter().min(), self.0.iter().max()) else {
            return String::new();
        };
        let span = (high.units() - low.units()) as f64;
        let step = WIDTH / (self.0.len().max(2) - 1) as f64;
        let point = |(index, price): (usize, &Price)| {
            let share = if span == 0.0 { 0.5 } else { (high.units() - price.units()) as f64 / span };
            format!("{:.1},{:.1}", index as f64 * step, MARGIN + share * (HEIGHT - 2.0 * MARGIN))
        };
        self.0.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cents: &[i64]) -> Line {
        Line(cents.iter().map(|cents| Price::from_units(cents * 100).unwrap()).collect())
    }

    #[test]
    fn a_line_fills_its_box() {
        assert_eq!(line(&[100, 200, 150]).coordinates(), "0.0,20.0 32.0,2.0 64.0,11.0");
        assert_eq!(line(&[100, 100]).coordinates(), "0.0,11.0 64.0,11.0");
        assert_eq!(line(&[]).coordinates(), "");
        assert_eq!(line(&[100]).coordinates(), "0.0,11.0");
    }

    #[test]
    fn a_line_is_bounded() {
        let mut line = line(&[]);
        (1..200).for_each(|cents| line.push(Price::from_units(cents).unwrap()));
        assert_eq!((line.0.len(), line.0.last().unwrap().units()), (SPARKLINE_POINTS_MAX, 199));
    }
}
