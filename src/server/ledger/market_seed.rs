//! The simulated market's seed, which is kept with the database: drawn once, or given by a setting.

use rusqlite::{Connection, OptionalExtension};

use super::{Books, Write};
use crate::error::ApiError;

/// Finds the seed of this database's market, and keeps the one that is given, or draws one where there is none.
#[derive(Debug, Clone, Copy)]
pub struct KeepMarketSeed {
    /// By the setting, which wins.
    pub given: Option<u64>,
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

    fn apply(&self, _: &mut Books, rows: &Connection) -> rusqlite::Result<Result<MarketSeed, ApiError>> {
        let kept: Option<i64> = rows.query_row("SELECT seed FROM market", [], |row| row.get(0)).optional()?;
        let kept = kept.map(i64::cast_unsigned);
        let seed = self.given.or(kept).unwrap_or_else(rand::random);
        if kept != Some(seed) {
            let keep =
                "INSERT INTO market (id, seed) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET seed = excluded.seed";
            rows.execute(keep, [seed.cast_signed()])?;
        }
        Ok(Ok(MarketSeed { seed, replaced: kept.filter(|kept| *kept != seed) }))
    }
}
