//! Random streams: one for each ticker and purpose, so that no draw ever depends on who else draws.
//!
//! A ChaCha key has 32 bytes, which is room for the seed and a ticker's whole name. So two names never share a stream,
//! as they could if the name were hashed, and the key is the same on every machine and in every version.
//!
//! ChaCha keeps a third of a kilobyte, too much to fetch for each ticker at each tick. So what a tick draws from is small,
//! and starts from a few words of a stream of ChaCha's: 256 bits of it for the path, 64 for the volumes.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

use crate::domain::ticker::Ticker;

/// What a ticker's stream is drawn for; the number is ChaCha's stream number.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// What a ticker that has no listing is like.
    Listing = 0,
    /// The live path.
    Path = 1,
    /// The shares traded at a tick.
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

/// What a ticker's live path is drawn from, tick after tick.
pub type PathRng = Xoshiro256PlusPlus;

/// The live path of a ticker, at its start.
pub fn path(seed: u64, ticker: Ticker) -> PathRng {
    PathRng::from_rng(&mut of_ticker(seed, ticker, Purpose::Path))
}

/// Where the volumes of a ticker are drawn from, each tick for itself.
pub struct VolumeKey(u64);

impl VolumeKey {
    pub fn new(seed: u64, ticker: Ticker) -> Self {
        Self(of_ticker(seed, ticker, Purpose::Volume).next_u64())
    }

    /// The stream of one tick. SplitMix64 is a hash of a counter (Steele, Lea, Flood, *Fast Splittable Pseudorandom
    /// Number Generators*, 2014), so neighbouring seeds are streams that have nothing to do with each other.
    pub fn at(&self, tick: u64) -> SplitMix64 {
        SplitMix64::seed_from_u64(self.0.wrapping_add(tick))
    }
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
