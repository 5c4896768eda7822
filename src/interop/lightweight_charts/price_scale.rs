//! Conversion between prices and places on a chart, for overlays.

use crate::domain::money::Price;

/// The prices of a pane, from its top to its bottom, evenly spaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceScale {
    /// Dollars, at the top of the pane.
    pub top: f64,
    /// Dollars, at its bottom.
    pub bottom: f64,
    /// Of the pane, in CSS pixels.
    pub height: f64,
    /// Of the axis beside it, in CSS pixels.
    pub axis_width: f64,
}

/// Least distance of a label's middle from the top of the pane, in CSS pixels.
const LABEL_TOP: f64 = 13.0;
/// Least distance from the bottom: half of the label, and the credit of the chart's library.
const LABEL_BOTTOM: f64 = 40.0;

impl PriceScale {
    /// Place of a price, in CSS pixels below the top of the pane; negative above it.
    pub fn place(self, price: Price) -> f64 {
        (self.top - price.dollars()) / (self.top - self.bottom) * self.height
    }

    /// Place of the middle of a label that is 26 pixels high, for a line at `y`: in the pane, above the credit at its bottom.
    pub fn label_place(self, y: f64) -> f64 {
        y.min(self.height - LABEL_BOTTOM).max(LABEL_TOP)
    }

    /// The price at a place, to the cent, or below a dollar to a hundredth of one.
    pub fn price_at(self, y: f64) -> Option<Price> {
        let dollars = self.top - y / self.height * (self.top - self.bottom);
        let exact = Price::nearest(dollars)?;
        if dollars < 1.0 { Some(exact) } else { Price::nearest_cent(dollars) }
    }

    /// Returns true for a place in view.
    pub fn shows(self, y: f64) -> bool {
        (0.0..=self.height).contains(&y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: PriceScale = PriceScale { top: 850.0, bottom: 750.0, height: 400.0, axis_width: 60.0 };

    #[test]
    fn a_place_is_that_of_its_price() {
        let price: Price = "790".parse().unwrap();
        assert_eq!(SCALE.place(price), 240.0);
        assert_eq!(SCALE.price_at(240.0), Some(price));
        assert!(SCALE.shows(0.0) && !SCALE.shows(-1.0) && !SCALE.shows(400.5));
    }

    #[test]
    fn a_price_has_its_increment() {
        assert_eq!(SCALE.price_at(240.013).unwrap().to_string(), "790.00");
        let low = PriceScale { top: 0.5, bottom: 0.4, ..SCALE };
        assert_eq!(low.price_at(200.013).unwrap().to_string(), "0.45");
        assert_eq!(low.price_at(201.0).unwrap().to_string(), "0.4498");
        assert_eq!(low.price_at(10_000.0), None, "there is no price below zero");
    }

    #[test]
    fn a_label_is_in_the_pane_and_above_the_credit() {
        let places = [0.0, 13.0, 200.0, 360.0, 399.0].map(|y| SCALE.label_place(y));
        assert_eq!(places, [13.0, 13.0, 200.0, 360.0, 360.0]);
    }
}
