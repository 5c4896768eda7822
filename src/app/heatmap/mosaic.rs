//! Where the heatmap's tiles stand, which changes only when the weights have.

use crate::{
    app::size::Size,
    domain::{
        money::Money,
        portfolio::{Portfolio, Position},
        ticker::Ticker,
        treemap::{Rect, squarify},
    },
};

/// Tiles stay where they are until one of them is off by so much of the whole.
const SHARE_TOLERANCE: f64 = 0.005;

/// A layout of tiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Mosaic {
    size: Size,
    /// What each tile is of the whole.
    shares: Vec<(Ticker, f64)>,
    tiles: Vec<Rect>,
}

/// One tile's place: in percent of the whole, as SVG takes it, and in pixels, which tell what fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub percent: Rect,
    pub pixels: Rect,
}

impl Mosaic {
    pub fn new(portfolio: &Portfolio, size: Size) -> Self {
        let shares = shares(portfolio);
        let weights: Vec<f64> = shares.iter().map(|(_, share)| *share).collect();
        let tiles = squarify(&weights, Rect { x: 0.0, y: 0.0, width: size.0, height: size.1 });
        Self { size, shares, tiles }
    }

    /// Whether its tiles still say what the portfolio's weights are, in a place of this size.
    pub fn fits(&self, portfolio: &Portfolio, size: Size) -> bool {
        let now = shares(portfolio);
        let is_near = |((one, before), (other, now)): (&(Ticker, f64), &(Ticker, f64))| {
            one == other && (before - now).abs() < SHARE_TOLERANCE
        };
        self.size == size && self.shares.len() == now.len() && self.shares.iter().zip(&now).all(is_near)
    }

    /// Nothing when the ticker is not held.
    pub fn place(&self, ticker: Ticker) -> Option<Place> {
        let index = self.shares.iter().position(|(placed, _)| *placed == ticker)?;
        let pixels = self.tiles[index];
        let (width, height) = (self.size.0 / 100.0, self.size.1 / 100.0);
        let percent = Rect {
            x: pixels.x / width,
            y: pixels.y / height,
            width: pixels.width / width,
            height: pixels.height / height,
        };
        Some(Place { percent, pixels })
    }
}

/// What each position is of all positions; one without a price counts with what it cost.
fn shares(portfolio: &Portfolio) -> Vec<(Ticker, f64)> {
    let value = |position: &Position| {
        let cost = || position.avg_cost.and_then(|cost| Money::of(position.quantity, cost));
        position.market_value.or_else(cost).map_or(0.0, |value| value.cents() as f64)
    };
    let total: f64 = portfolio.positions.iter().map(value).sum();
    let share = |position: &Position| (position.ticker, if total > 0.0 { value(position) / total } else { 0.0 });
    portfolio.positions.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        account::{Account, INITIAL_DEPOSIT},
        money::Price,
        order::Side,
    };

    fn ticker(text: &str) -> Ticker {
        text.parse().unwrap()
    }

    /// Twenty shares of one ticker and ten of another, bought at a dollar each.
    fn portfolio(price_of_v: Option<i64>) -> Portfolio {
        let mut account = Account::open(INITIAL_DEPOSIT);
        let dollar = Price::from_units(10_000).unwrap();
        account.apply(Side::Buy, ticker("AAPL"), "20".parse().unwrap(), dollar).unwrap();
        account.apply(Side::Buy, ticker("V"), "10".parse().unwrap(), dollar).unwrap();
        Portfolio::value(&account, |held| {
            if held == ticker("V") { Price::from_units(price_of_v? * 100) } else { Some(dollar) }
        })
    }

    #[test]
    fn tiles_are_as_large_as_their_positions() {
        let mosaic = Mosaic::new(&portfolio(Some(100)), (300.0, 100.0));
        let place = mosaic.place(ticker("AAPL")).unwrap();
        assert_eq!((place.pixels.width, place.pixels.height), (200.0, 100.0));
        assert!((place.percent.width - 66.666).abs() < 0.001);
        assert_eq!(mosaic.place(ticker("MSFT")), None);
        assert_eq!(Mosaic::new(&portfolio(None), (300.0, 100.0)), mosaic, "what has no price counts with its cost");
    }

    #[test]
    fn tiles_move_only_for_a_change_that_is_seen() {
        let size = (300.0, 100.0);
        let mosaic = Mosaic::new(&portfolio(Some(100)), size);
        assert!(mosaic.fits(&portfolio(Some(101)), size));
        assert!(!mosaic.fits(&portfolio(Some(110)), size));
        assert!(!mosaic.fits(&portfolio(Some(100)), (300.0, 120.0)));
        assert!(!mosaic.fits(&Portfolio::value(&Account::open(INITIAL_DEPOSIT), |_| None), size));
    }
}
