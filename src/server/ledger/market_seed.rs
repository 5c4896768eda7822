//! The simulated market's seed, which is kept with the database: drawn once, or given by a setting.

use super::{
    Books, Write,
    effect::{Effect, Effects},
    store::{Rows, StoreFault},
};
use crate::{domain::account_id::AccountId, error::ApiError};

/// Finds the seed of this database's market, and keeps the one that is given, or the one that was drawn where there is
/// none. All accounts share it.
#[derive(Debug, Clone, Copy)]
pub struct KeepMarketSeed {
    /// By the setting, which wins.
    pub given: Option<u64>,
    /// At random, for a database that has none yet.
    pub drawn: u64,
}

/// The seed that the market has from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketSeed {
    pub seed: u64,
    /// The one that was kept until now, where it is another: all prices are those of another market.
    pub replaced: Option<u64>,
}

impl Write for KeepMarketSeed {
    type Outcome = MarketSeed;

    /// The seed that is kept.
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
