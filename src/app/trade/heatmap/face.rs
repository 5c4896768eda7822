//! What the heatmap's tiles show, written at each tick to those alone whose look it changes.

use std::collections::HashMap;

use leptos::prelude::*;

use super::mosaic::{Fit, Mosaic};
use crate::{
    app::format::{MISSING, or_missing, signed_percent, tone},
    domain::{
        money::Money,
        portfolio::{Portfolio, Position},
        ticker::Ticker,
    },
};

/// At this gain or loss the colour is full.
pub const FULL_COLOUR_PERCENT: f64 = 5.0;

/// What a tile shows besides its ticker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// `up`, `down` or nothing.
    pub tone: &'static str,
    /// How full its colour is, in hundredths: no eye tells finer steps apart.
    pub intensity: u8,
    /// Those of a tile that is too small for any are left out, and so do not change it.
    figures: Option<Figures>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Figures {
    pnl_percent: Option<f64>,
    market_value: Option<Money>,
}

impl Face {
    fn of(position: &Position, fit: Fit) -> Self {
        let Position { unrealized_pnl, unrealized_pnl_percent: pnl_percent, market_value, .. } = *position;
        let figures = (fit != Fit::Nothing).then_some(Figures { pnl_percent, market_value });
        Self { tone: tone(unrealized_pnl), intensity: intensity(pnl_percent.unwrap_or_default()), figures }
    }

    /// `+11.39%`
    pub fn percent(&self) -> String {
        let percent = self.figures.and_then(|figures| figures.pnl_percent);
        percent.map_or_else(|| MISSING.to_owned(), signed_percent)
    }

    /// `NVDA, +11.39%, worth $2,383.79`, or the ticker alone for a tile without figures.
    pub fn describe(&self, ticker: Ticker) -> String {
        match self.figures {
            Some(figures) => format!("{ticker}, {}, worth {}", self.percent(), or_missing(figures.market_value)),
            None => ticker.to_string(),
        }
    }
}

/// How full the colour of a gain or loss is, in hundredths.
fn intensity(pnl_percent: f64) -> u8 {
    ((pnl_percent.abs() / FULL_COLOUR_PERCENT).min(1.0) * 100.0).round() as u8
}

/// The faces of all tiles; copies share them.
#[derive(Clone, Copy)]
pub struct Faces(StoredValue<HashMap<Ticker, ArcRwSignal<Face>>>);

impl Faces {
    pub fn new() -> Self {
        Self(StoredValue::new(HashMap::new()))
    }

    /// The face of a position's tile; the same for as long as it is held.
    pub fn of(self, position: &Position, mosaic: &Mosaic) -> ArcRwSignal<Face> {
        if let Some(face) = self.0.with_value(|faces| faces.get(&position.ticker).cloned()) {
            return face;
        }
        let face = ArcRwSignal::new(Face::of(position, mosaic.fit(position.ticker)));
        self.0.update_value(|faces| {
            faces.insert(position.ticker, face.clone());
        });
        face
    }

    /// Writes the faces that the prices, or the tiles' sizes, have changed.
    pub fn paint(self, portfolio: &Portfolio, mosaic: &Mosaic) {
        self.0.update_value(|faces| faces.retain(|ticker, _| portfolio.position(*ticker).is_some()));
        for position in &portfolio.positions {
            let (face, now) = (self.of(position, mosaic), Face::of(position, mosaic.fit(position.ticker)));
            if face.get_untracked() != now {
                face.set(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::{account::Holding, money::Price};

    #[rstest]
    #[case(0.0, 0)]
    #[case(2.5, 50)]
    #[case(-2.5, 50)]
    #[case(11.4, 100)]
    #[case(-100.0, 100)]
    fn colours_are_full_at_five_percent(#[case] percent: f64, #[case] expected: u8) {
        assert_eq!(intensity(percent), expected);
    }

    /// Ten shares bought at ten dollars.
    fn position(price_units: i64) -> Position {
        let holding = Holding { quantity: "10".parse().unwrap(), cost_basis: Money::from_cents(10_000) };
        Position::value("V".parse().unwrap(), holding, Price::from_units(price_units), None)
    }

    #[test]
    fn a_tile_says_its_figures_where_they_fit() {
        let face = Face::of(&position(101_000), Fit::All);
        assert_eq!((face.tone, face.intensity), ("up", 20));
        assert_eq!(face.describe("V".parse().unwrap()), "V, +1.00%, worth $101.00");
        assert_eq!(Face::of(&position(101_000), Fit::Nothing).describe("V".parse().unwrap()), "V");
    }

    #[test]
    fn a_small_tile_changes_with_its_colour_only() {
        let faces = [101_000, 101_010, 103_000].map(|price| Face::of(&position(price), Fit::Nothing));
        assert_eq!(faces[0], faces[1]);
        assert_ne!(faces[0], faces[2]);
        let shown = [101_000, 101_010].map(|price| Face::of(&position(price), Fit::All));
        assert_ne!(shown[0], shown[1]);
    }
}
