//! Sectors: common movements of tickers in the same line of business.
//!
//! Each instant has one shock for every sector, `S = L·ε`, with `ε` independent standard normals and `L` the Cholesky
//! factor of the sectors' correlation matrix `C` (Hull, the chapter on Monte Carlo simulation, "Generating Random
//! Samples from Normal Distributions"). A ticker of sector `a` takes `√ρ·S_a + √(1 − ρ)·ε_own`, which again is standard
//! normal. The correlation of two tickers' moves then is
//! - `ρ` within a sector, which is 0.6;
//! - `ρ·C_ab` between the sectors `a` and `b`: 0.3 for most, 0.06 to 0.24 for Tesla with any stock, at most 0.48.

use super::{shocks::Key, streams};

/// Fraction of a ticker's variance that comes from its sector, which is the correlation of two tickers of one sector.
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
    /// Moves independently, so it has its own sector.
    Tesla,
    /// Telecommunications, and tickers without a listing.
    Other,
}

pub const COUNT: usize = Sector::Other as usize + 1;

type Matrix = [[f64; COUNT]; COUNT];

/// One figure per sector.
pub type Levels = [f64; COUNT];

/// Lower triangle of the sectors' correlations; the matrix is symmetric.
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
/// Computations*, "Cholesky factorization"); `None` if the matrix is not positive definite.
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

/// Draws that all sectors share.
#[derive(Debug)]
pub struct Sectors {
    keys: [Key; COUNT],
    factor: Matrix,
}

impl Sectors {
    pub fn new(seed: u64) -> Self {
        // Invariant: the correlations are constants, and a test factors them.
        let factor = cholesky(&CORRELATIONS).expect("the sectors' correlations are positive definite");
        Self { keys: streams::of_sectors(seed), factor }
    }

    /// A sector's shock at an instant: standard normal.
    pub fn shock(&self, sector: Sector, units: i64) -> f64 {
        let row = sector as usize;
        // The factor is lower triangular.
        let parts = self.factor[row].iter().zip(&self.keys).take(row + 1);
        parts.map(|(weight, key)| weight * key.normal(units)).sum()
    }

    /// Shocks of all sectors.
    pub fn shocks(&self, units: i64) -> Levels {
        let independent = self.keys.map(|key| key.normal(units));
        let row = |row: usize| self.factor[row].iter().zip(&independent).take(row + 1).map(|(l, z)| l * z).sum();
        std::array::from_fn(row)
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
}
