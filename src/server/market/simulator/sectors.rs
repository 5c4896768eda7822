//! Sectors: what moves the tickers of a line of business together.
//!
//! Each tick has one shock for every sector, `S = L·ε`, with `ε` independent standard normals and `L` the Cholesky factor
//! of the sectors' correlation matrix `C` (Hull, the chapter on Monte Carlo simulation, "Generating Random Samples from
//! Normal Distributions"). A ticker of sector `a` takes `√ρ·S_a + √(1 − ρ)·ε_own`, which again is standard normal. The
//! correlation of two tickers' moves then is
//! - `ρ` within a sector, which is 0.6;
//! - `ρ·C_ab` between the sectors `a` and `b`: 0.3 for most, 0.06 to 0.24 for Tesla with any stock, 0.48 at the most.
//!
//! Only sums of shocks are kept. A ticker that is first wanted late reads where its sector stands, and needs no replay of
//! the sectors.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::streams;

/// The share of a ticker's variance that it has from its sector, and so the correlation of two tickers of one sector.
pub const SECTOR_SHARE: f64 = 0.6;

/// A line of business; its number is its row in the correlation matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sector {
    Technology,
    Finance,
    Consumer,
    Energy,
    Health,
    Industry,
    /// Funds that hold the whole market.
    Index,
    /// Goes its own way, so it has a sector to itself.
    Tesla,
    /// Telecommunications, and whatever has no listing.
    Other,
}

const COUNT: usize = Sector::Other as usize + 1;

type Matrix = [[f64; COUNT]; COUNT];

/// A figure for each sector.
type Levels = [f64; COUNT];

/// The lower triangle of the sectors' correlations; the matrix is symmetric.
#[rustfmt::skip]
const CORRELATIONS: Matrix = [
    // Technology, Finance, Consumer, Energy, Health, Industry, Index, Tesla, Other
    [1.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00],
    [0.50, 1.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00],
    [0.50, 0.50, 1.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00],
    [0.30, 0.40, 0.30, 1.00, 0.00, 0.00, 0.00, 0.00, 0.00],
    [0.30, 0.40, 0.50, 0.20, 1.00, 0.00, 0.00, 0.00, 0.00],
    [0.50, 0.60, 0.50, 0.50, 0.40, 1.00, 0.00, 0.00, 0.00],
    [0.80, 0.70, 0.65, 0.50, 0.55, 0.75, 1.00, 0.00, 0.00],
    [0.40, 0.20, 0.30, 0.10, 0.10, 0.20, 0.40, 1.00, 0.00],
    [0.30, 0.30, 0.30, 0.20, 0.20, 0.30, 0.40, 0.10, 1.00],
];

/// The lower triangular `L` with `L·Lᵀ = matrix`, of which the lower triangle is read (Golub and Van Loan, *Matrix
/// Computations*, "Cholesky factorization"); nothing when the matrix is not positive definite.
fn cholesky(matrix: &Matrix) -> Option<Matrix> {
    let mut factor = [[0.0; COUNT]; COUNT];
    for row in 0..COUNT {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = matrix[row][column] - known;
            factor[row][column] = if row > column {
                rest / factor[column][column]
            } else if rest > 0.0 {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(factor)
}

/// Where all the sectors stand: sums of the shocks since the first tick, which is tick 0.
pub struct Sectors {
    rng: ChaCha8Rng,
    factor: Matrix,
    ticks_a_day: u64,
    pub tick: u64,
    now: Levels,
    before: Levels,
    /// When the present day opened: a tick, and the sums then.
    pub opened_at: u64,
    at_open: Levels,
}

impl Sectors {
    pub fn new(seed: u64, ticks_a_day: u64) -> Self {
        Self {
            rng: streams::of_sectors(seed),
            // Invariant: the correlations are constants, and a test factors them.
            factor: cholesky(&CORRELATIONS).expect("the sectors' correlations are positive definite"),
            ticks_a_day,
            tick: 0,
            now: [0.0; COUNT],
            before: [0.0; COUNT],
            opened_at: 0,
            at_open: [0.0; COUNT],
        }
    }

    /// Goes on by one tick.
    pub fn advance(&mut self) {
        let independent: Levels = std::array::from_fn(|_| StandardNormal.sample(&mut self.rng));
        self.before = self.now;
        for (level, row) in self.now.iter_mut().zip(&self.factor) {
            *level += row.iter().zip(&independent).map(|(weight, z)| weight * z).sum::<f64>();
        }
        self.tick += 1;
        if self.tick.is_multiple_of(self.ticks_a_day) {
            self.opened_at = self.tick;
            self.at_open = self.now;
        }
    }

    /// The sum of a sector's shocks up to the present tick.
    pub fn now(&self, sector: Sector) -> f64 {
        self.now[sector as usize]
    }

    /// …up to the tick before,
    pub fn before(&self, sector: Sector) -> f64 {
        self.before[sector as usize]
    }

    /// …and up to the tick at which the present day opened.
    pub fn at_open(&self, sector: Sector) -> f64 {
        self.at_open[sector as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_times_its_transpose_is_the_matrix() {
        let factor = cholesky(&CORRELATIONS).unwrap();
        for row in 0..COUNT {
            for column in 0..=row {
                let product: f64 = (0..COUNT).map(|k| factor[row][k] * factor[column][k]).sum();
                // Sums of nine products of numbers up to 1: rounding is some 1e-15.
                assert!((product - CORRELATIONS[row][column]).abs() < 1e-14, "row {row}, column {column}");
            }
            assert!(factor[row][row + 1..].iter().all(|weight| *weight == 0.0));
            assert_eq!(CORRELATIONS[row][row], 1.0);
        }
    }

    #[test]
    fn what_cannot_be_a_correlation_has_no_factor() {
        let mut matrix = CORRELATIONS;
        matrix[1][0] = 1.5;
        assert_eq!(cholesky(&matrix), None);
    }

    #[test]
    fn levels_are_kept_for_now_before_and_the_opening() {
        let mut sectors = Sectors::new(42, 3);
        let mut levels = vec![sectors.now];
        for tick in 1..=7 {
            sectors.advance();
            levels.push(sectors.now);
            assert_eq!((sectors.tick, sectors.opened_at), (tick, tick - tick % 3));
            assert_eq!(sectors.before, levels[tick as usize - 1]);
            assert_eq!(sectors.at_open, levels[sectors.opened_at as usize]);
        }
    }
}
