//! Draws of every path: one standard normal per path and instant, computed from its key and the instant only.
//!
//! A ticker's draw at an instant is partly its sector's ([`sectors`](super::sectors)) and partly its own, `√ρ·S + √(1 −
//! ρ)·ε`, which again is standard normal.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::SplitMix64;

use super::{
    grid::DRAW_MAX,
    sectors::{COUNT, Levels, SECTOR_SHARE, Sector, Sectors},
};

/// Key of one path's draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub u64);

/// An odd number without structure (2^64/√3), so that neighbouring instants have unrelated streams.
const SPREAD: u64 = 0x93CD_3A2C_8198_E269;

impl Key {
    /// The stream of one instant. SplitMix64 is a hash of a counter (Steele, Lea, Flood, *Fast Splittable Pseudorandom
    /// Number Generators*, 2014).
    pub fn at(self, units: i64) -> SplitMix64 {
        SplitMix64::seed_from_u64(self.0.wrapping_add((units as u64).wrapping_mul(SPREAD)))
    }

    /// A standard normal.
    pub fn normal(self, units: i64) -> f64 {
        StandardNormal.sample(&mut self.at(units))
    }
}

/// Source of the sectors' shocks at an instant, each standard normal.
pub trait SectorShocks {
    fn shock(&mut self, sector: Sector, units: i64) -> f64;
}

/// Computes each shock on demand, for reading a single ticker's past.
impl SectorShocks for &Sectors {
    fn shock(&mut self, sector: Sector, units: i64) -> f64 {
        Sectors::shock(self, sector, units)
    }
}

/// Upper bound of instants per tick: one on each level of the tree, and some.
const REMEMBERED: usize = 64;

/// Caches the shocks of the latest instants, for many tickers that read the same ones.
pub struct Remembered<'a> {
    sectors: &'a Sectors,
    /// Indexed by a hash of the instant.
    slots: Vec<Option<(i64, Levels)>>,
}

impl<'a> Remembered<'a> {
    pub fn new(sectors: &'a Sectors) -> Self {
        Self { sectors, slots: vec![None; REMEMBERED] }
    }
}

impl SectorShocks for Remembered<'_> {
    fn shock(&mut self, sector: Sector, units: i64) -> f64 {
        let slot = ((units as u64).wrapping_mul(SPREAD) >> 58) as usize;
        let levels = match self.slots[slot] {
            Some((at, levels)) if at == units => levels,
            _ => {
                let levels = self.sectors.shocks(units);
                self.slots[slot] = Some((units, levels));
                levels
            }
        };
        levels[sector as usize]
    }
}

/// A ticker's own draws, with its sector's.
#[derive(Debug, Clone, Copy)]
pub struct TickerShocks {
    pub own: Key,
    pub sector: Sector,
}

impl TickerShocks {
    /// The ticker's draw at an instant: standard normal, cut off at [`DRAW_MAX`].
    pub fn draw(&self, units: i64, sectors: &mut impl SectorShocks) -> f64 {
        let shared = SECTOR_SHARE.sqrt() * sectors.shock(self.sector, units);
        let own = (1.0 - SECTOR_SHARE).sqrt() * self.own.normal(units);
        (shared + own).clamp(-DRAW_MAX, DRAW_MAX)
    }
}

// The slot is the upper six bits of the product.
const _: () = assert!(REMEMBERED == 1 << 6 && COUNT < REMEMBERED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_standard_normal_and_independent_of_their_neighbours() {
        const DRAWS: i64 = 100_000;
        let draws: Vec<f64> = (0..DRAWS).map(|units| Key(7).normal(units)).collect();
        let n = DRAWS as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|z| z * z).sum::<f64>() / n;
        let neighbours = draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n;
        // Four standard errors: 1/√n, √(2/n) and 1/√n.
        let error = 4.0 / n.sqrt();
        assert!(mean.abs() < error && neighbours.abs() < error, "{mean} {neighbours}");
        assert!((variance - 1.0).abs() < error * 2_f64.sqrt(), "{variance}");
    }

    #[test]
    fn what_is_remembered_is_what_is_computed() {
        let sectors = Sectors::new(42);
        let mut remembered = Remembered::new(&sectors);
        for units in [0, 1, 64, -5, 1 << 40, 64, 0] {
            for sector in [Sector::Technology, Sector::Index, Sector::Other] {
                let computed = sectors.shock(sector, units);
                assert_eq!(remembered.shock(sector, units).to_bits(), computed.to_bits());
            }
        }
    }
}
