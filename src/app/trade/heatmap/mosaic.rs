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

/// The labels' room, in pixels: a ticker's letter, a percentage such as `+11.39%`, the margins on both sides, and a line.
const LETTER_WIDTH: f64 = 9.5;
const PERCENT_WIDTH: f64 = 58.0;
const MARGINS: f64 = 14.0;
const LINE_HEIGHT: f64 = 18.0;

/// Tiles stay where they are until one of them is off by so much of the whole.
const SHARE_TOLERANCE: f64 = 0.005;

/// A layout of tiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Mosaic {
    size: Size,
    /// What each tile is of the whole, in alphabetical order.
    shares: Vec<(Ticker, f64)>,
    tiles: Vec<Rect>,
}

/// One tile's place: in percent of the whole, as SVG takes it, and in pixels, which tell what fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub percent: Rect,
    pub pixels: Rect,
}

/// Which labels a tile has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    Nothing,
    Ticker,
    All,
}

impl Fit {
    /// As the style sheet knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Ticker => "ticker",
            Self::All => "all",
        }
    }

    /// In a tile of this many pixels.
    fn of(ticker: Ticker, tile: Rect) -> Self {
        let room = |width: f64, lines: f64| tile.width >= width + MARGINS && tile.height >= lines * LINE_HEIGHT + 6.0;
        let letters = ticker.as_str().len() as f64 * LETTER_WIDTH;
        match (room(letters, 1.0), room(letters.max(PERCENT_WIDTH), 2.0)) {
            (false, _) => Self::Nothing,
            (true, false) => Self::Ticker,
            (true, true) => Self::All,
        }
    }
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
        let index = self.shares.binary_search_by_key(&ticker, |(placed, _)| *placed).ok()?;
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

    /// What fits into a ticker's tile.
    pub fn fit(&self, ticker: Ticker) -> Fit {
        self.place(ticker).map_or(Fit::Nothing, |place| Fit::of(ticker, place.pixels))
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
    use rstest::rstest;

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

    #[rstest]
    #[case::large(120.0, 90.0, Fit::All)]
    #[case::low(120.0, 30.0, Fit::Ticker)]
    #[case::just_wide_enough(72.0, 90.0, Fit::All)]
    #[case::narrow(60.0, 90.0, Fit::Ticker)]
    #[case::tiny(20.0, 90.0, Fit::Nothing)]
    #[case::flat(120.0, 12.0, Fit::Nothing)]
    fn labels_fit_or_hide(#[case] width: f64, #[case] height: f64, #[case] expected: Fit) {
        assert_eq!(Fit::of(ticker("NVDA"), Rect { x: 0.0, y: 0.0, width, height }), expected);
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
        assert!(!mosaic.fits(&Portfolio::value(&Account::open(INITIAL_DEPOSIT), |_| None::<Price>), size));
    }
}
