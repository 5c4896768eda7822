//! The simulated market's seed, stored in the database: drawn once, or configured.

use super::{
    Books, Write,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{domain::account_id::AccountId, error::ApiError};

/// Determines the seed of this database's market, and stores the given one, or the drawn one if there was none. All
/// accounts share it.
#[derive(Debug, Clone, Copy)]
pub struct KeepMarketSeed {
    /// From the setting, which takes precedence.
    pub given: Option<u64>,
    /// Random, for a database without a seed.
    pub drawn: u64,
}

/// Seed of the market from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketSeed {
    pub seed: u64,
    /// The stored seed until now, if it differs: then all prices change.
    pub replaced: Option<u64>,
}

impl Write for KeepMarketSeed {
    type Outcome = MarketSeed;

    /// The stored seed.
    type Found = Option<u64>;

    fn find(&self, _: AccountId, _: &Books, rows: &mut dyn Rows) -> Result<Option<u64>, StoreFault> {
        rows.market_seed()
    }

    fn decide(&self, _: &Books, kept: &Option<u64>) -> Result<(MarketSeed, Effects), ApiError> {
        let seed = self.given.or(*kept).unwrap_or(self.drawn);
        let effects = if *kept == Some(seed) { Effects::new() } else { vec![Effect::MarketSeed(seed)] };
        Ok((MarketSeed { seed, replaced: kept.filter(|kept| *kept != seed) }, effects))
    }
}
