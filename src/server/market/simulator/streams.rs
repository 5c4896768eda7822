//! Random streams: one per ticker and purpose, so that draws are independent.
//!
//! A ChaCha key has 32 bytes, enough for the seed and a ticker's whole name. So two names never share a stream, as
//! hashes could, and the key is the same on every machine and in every version.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{sectors::COUNT, shocks::Key};
use crate::domain::ticker::Ticker;

/// Purpose of a ticker's stream; the number is ChaCha's stream number.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// Parameters of a ticker without a listing.
    Listing = 0,
    /// The path of the price.
    Path = 1,
    /// The shares traded.
    Volume = 2,
    /// News.
    News = 3,
}

/// The stream of a ticker.
pub fn of_ticker(seed: u64, ticker: Ticker, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = keyed(seed, ticker.as_str());
    rng.set_stream(purpose as u64);
    rng
}

/// Key of a ticker's draws for a purpose, at any instant.
pub fn key_of_ticker(seed: u64, ticker: Ticker, purpose: Purpose) -> Key {
    Key(of_ticker(seed, ticker, purpose).next_u64())
}

/// Keys of the independent draws behind the sectors.
pub fn of_sectors(seed: u64) -> [Key; COUNT] {
    // No ticker has an empty name.
    let mut rng = keyed(seed, "");
    std::array::from_fn(|_| Key(rng.next_u64()))
}

fn keyed(seed: u64, name: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    let (seed_bytes, name_bytes) = key.split_at_mut(size_of::<u64>());
    seed_bytes.copy_from_slice(&seed.to_le_bytes());
    name_bytes.iter_mut().zip(name.bytes()).for_each(|(slot, byte)| *slot = byte);
    ChaCha8Rng::from_seed(key)
}
