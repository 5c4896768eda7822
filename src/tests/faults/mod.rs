//! Fault injection, with seeds: acknowledged data survives every failure, and nothing is duplicated.
//!
//! `FINALLY_FAULT_SEED` sets the seed that all rounds are drawn from; a failure prints the round's own. The numbers of
//! rounds are small here and large in `make soak`, by variables that each test names.

mod audit;
mod clock;
pub mod disk;
mod disk_errors;
mod kill;
pub mod layer;
mod load;
mod power_loss;
mod proxy;
mod stream_cuts;

use std::{env, str::FromStr};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A number from the environment.
pub fn variable<T: FromStr>(name: &str, default: T) -> T {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => default,
    }
}

/// Random numbers of one round, with the seed that determines them.
pub struct Round {
    pub number: u64,
    pub seed: u64,
    pub rng: ChaCha8Rng,
}

/// Rounds from one seed. `FINALLY_FAULT_ROUND` selects one of them, to run it again.
pub fn rounds(count: u64) -> impl Iterator<Item = Round> {
    let (base, only): (u64, Option<u64>) = (variable("FINALLY_FAULT_SEED", 1), env_round());
    (0..count).filter(move |number| only.is_none_or(|only| only == *number)).map(move |number| {
        let seed = base.wrapping_mul(1_000_003).wrapping_add(number);
        Round { number, seed, rng: ChaCha8Rng::seed_from_u64(seed) }
    })
}

fn env_round() -> Option<u64> {
    env::var("FINALLY_FAULT_ROUND").ok().map(|text| text.parse().expect("FINALLY_FAULT_ROUND is a number"))
}
