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

/// The gains or losses, in percent, at which the colour may be full; the smallest that covers the largest one is taken.
const SCALES: [u8; 3] = [1, 3, 5];

/// A smaller scale is taken only once everything is well within it, so that it does not go back and forth.
const WELL_WITHIN: f64 = 0.8;

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
    fn of(position: &Position, fit: Fit, scale: u8) -> Self {
        let Position { unrealized_pnl, unrealized_pnl_percent: pnl_percent, market_value, .. } = *position;
        let figures = (fit != Fit::Nothing).then_some(Figures { pnl_percent, market_value });
        Self { tone: tone(unrealized_pnl), intensity: intensity(pnl_percent.unwrap_or_default(), scale), figures }
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
fn intensity(pnl_percent: f64, scale: u8) -> u8 {
    ((pnl_percent.abs() / f64::from(scale)).min(1.0) * 100.0).round() as u8
}

/// The scale for the largest gain or loss, after another one.
fn next_scale(largest_percent: f64, before: u8) -> u8 {
    let covering = |limit: f64| SCALES.into_iter().find(|scale| largest_percent <= f64::from(*scale) * limit);
    let widest = SCALES[SCALES.len() - 1];
    let needed = covering(1.0).unwrap_or(widest);
    if needed >= before { needed } else { covering(WELL_WITHIN).unwrap_or(widest).min(before) }
}

/// The largest gain or loss of a position, in percent, without its sign.
fn largest_move(portfolio: &Portfolio) -> f64 {
    let moves = portfolio.positions.iter().filter_map(|position| position.unrealized_pnl_percent);
    moves.map(f64::abs).fold(0.0, f64::max)
}

/// The faces of all tiles, and the scale of their colours; copies share them.
#[derive(Clone, Copy)]
pub struct Faces {
    faces: StoredValue<HashMap<Ticker, ArcRwSignal<Face>>>,
    /// The gain or loss, in percent, at which the colour is full.
    pub scale: RwSignal<u8>,
}

impl Faces {
    pub fn new(portfolio: &Portfolio) -> Self {
        let scale = next_scale(largest_move(portfolio), SCALES[0]);
        Self { faces: StoredValue::new(HashMap::new()), scale: RwSignal::new(scale) }
    }

    /// The face of a position's tile; the same for as long as it is held.
    pub fn of(self, position: &Position, mosaic: &Mosaic) -> ArcRwSignal<Face> {
        if let Some(face) = self.faces.with_value(|faces| faces.get(&position.ticker).cloned()) {
            return face;
        }
        let face = ArcRwSignal::new(Face::of(position, mosaic.fit(position.ticker), self.scale.get_untracked()));
        self.faces.update_value(|faces| {
            faces.insert(position.ticker, face.clone());
        });
        face
    }

    /// Writes the faces that the prices, or the tiles' sizes, have changed.
    pub fn paint(self, portfolio: &Portfolio, mosaic: &Mosaic) {
        self.faces.update_value(|faces| faces.retain(|ticker, _| portfolio.position(*ticker).is_some()));
        let scale = next_scale(largest_move(portfolio), self.scale.get_untracked());
        if scale != self.scale.get_untracked() {
            self.scale.set(scale);
        }
        for position in &portfolio.positions {
            let (face, now) = (self.of(position, mosaic), Face::of(position, mosaic.fit(position.ticker), scale));
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
    fn colours_are_full_at_the_end_of_the_scale(#[case] percent: f64, #[case] expected: u8) {
        assert_eq!(intensity(percent, 5), expected);
        assert_eq!(intensity(percent / 5.0, 1), expected);
    }

    #[rstest]
    #[case::small(0.2, 1, 1)]
    #[case::grows(1.01, 1, 3)]
    #[case::grows_far(12.0, 1, 5)]
    #[case::stays_while_near(0.9, 3, 3)]
    #[case::shrinks_when_well_within(0.7, 3, 1)]
    #[case::shrinks_by_two(0.7, 5, 1)]
    #[case::shrinks_by_one(2.0, 5, 3)]
    #[case::largest(40.0, 5, 5)]
    fn the_scale_covers_the_largest_move(#[case] largest: f64, #[case] before: u8, #[case] expected: u8) {
        assert_eq!(next_scale(largest, before), expected);
    }

    /// Ten shares bought at ten dollars.
    fn position(price_units: i64) -> Position {
        let holding = Holding { quantity: "10".parse().unwrap(), cost_basis: Money::from_cents(10_000) };
        Position::value("V".parse().unwrap(), holding, Price::from_units(price_units), None)
    }

    #[test]
    fn a_tile_says_its_figures_where_they_fit() {
        let face = Face::of(&position(101_000), Fit::All, 5);
        assert_eq!((face.tone, face.intensity), ("up", 20));
        assert_eq!(face.describe("V".parse().unwrap()), "V, +1.00%, worth $101.00");
        assert_eq!(Face::of(&position(101_000), Fit::Nothing, 5).describe("V".parse().unwrap()), "V");
    }

    #[test]
    fn a_small_tile_changes_with_its_colour_only() {
        let faces = [101_000, 101_010, 103_000].map(|price| Face::of(&position(price), Fit::Nothing, 5));
        assert_eq!(faces[0], faces[1]);
        assert_ne!(faces[0], faces[2]);
        let shown = [101_000, 101_010].map(|price| Face::of(&position(price), Fit::All, 5));
        assert_ne!(shown[0], shown[1]);
    }
}
