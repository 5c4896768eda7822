//! Random streams: one for each ticker and purpose, so that no draw ever depends on who else draws.
//!
//! A ChaCha key has 32 bytes, which is room for the seed and a ticker's whole name. So two names never share a stream,
//! as they could if the name were hashed, and the key is the same on every machine and in every version.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::domain::ticker::Ticker;

/// What a ticker's stream is drawn for; the number is ChaCha's stream number.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// What a ticker that has no listing is like.
    Listing = 0,
    /// The live path.
    Path = 1,
    /// The shares traded at a tick; its position is the tick's.
    Volume = 2,
    /// The price that the first day opened at.
    DayOpen = 3,
    /// What was before the first print.
    History = 4,
}

/// The stream of a ticker.
pub fn of_ticker(seed: u64, ticker: Ticker, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = keyed(seed, ticker.as_str());
    rng.set_stream(purpose as u64);
    rng
}

/// The stream that moves all the sectors.
pub fn of_sectors(seed: u64) -> ChaCha8Rng {
    // No ticker has an empty name.
    keyed(seed, "")
}

fn keyed(seed: u64, name: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    let (seed_bytes, name_bytes) = key.split_at_mut(size_of::<u64>());
    seed_bytes.copy_from_slice(&seed.to_le_bytes());
    name_bytes.iter_mut().zip(name.bytes()).for_each(|(slot, byte)| *slot = byte);
    ChaCha8Rng::from_seed(key)
}
