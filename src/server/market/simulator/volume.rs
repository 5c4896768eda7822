//! How many shares change hands.
//!
//! Volume follows the size of a move, as it does in real markets (Karpoff, *The Relation Between Price Changes and
//! Trading Volume*, 1987), with noise of its own. The simulated day goes around the clock, so a listing's average daily
//! volume is spread evenly over 24 hours: candles of a day agree with it, whether made of ticks or drawn whole.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::pace::SECONDS_A_DAY;

/// The share of the volume that trades however still the price is; the rest is proportional to the move.
const STILL_SHARE: f64 = 0.4;

/// A move counts up to this many standard deviations: an event trades some fifteen times the usual volume, no more.
const DEVIATIONS_MAX: f64 = 20.0;

/// E|Z| of a standard normal Z, √(2/π).
const MEAN_DEVIATION: f64 = 0.797_884_560_802_865_4;

/// σ of the logarithm of the noise.
const NOISE: f64 = 0.5;

/// The shares traded over `seconds`, at least one, while the price moved by so many standard deviations of a move that
/// long. On average, over normal moves, a day's worth is `average_daily`.
pub fn shares(average_daily: u64, seconds: f64, deviations: f64, rng: &mut impl Rng) -> u64 {
    let usual = average_daily as f64 * seconds / SECONDS_A_DAY;
    let activity = STILL_SHARE + (1.0 - STILL_SHARE) * deviations.abs().min(DEVIATIONS_MAX) / MEAN_DEVIATION;
    let z: f64 = StandardNormal.sample(rng);
    // The mean of exp(σZ) is exp(σ²/2), which is taken out again.
    let noise = (NOISE * z - NOISE * NOISE / 2.0).exp();
    ((usual * activity * noise).round() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_day_of_ticks_trades_the_average_daily_volume() {
        const DRAWS: u32 = 100_000;
        let mut rng = ChaCha8Rng::seed_from_u64(42);
        let traded: u64 = (0..DRAWS)
            .map(|_| {
                let deviations: f64 = StandardNormal.sample(&mut rng);
                shares(50_000_000, 0.5, deviations, &mut rng)
            })
            .sum();
        let usual = 50_000_000.0 * 0.5 / 86_400.0;
        // A draw has mean 1 and standard deviation 0.75 in units of the usual: E[activity²]·exp(0.25) − 1 is
        // (0.16 + 0.48 + 0.36·π/2)·1.284 − 1 = 0.55. Four standard errors of 100,000 draws are 0.95 %.
        assert!((traded as f64 / f64::from(DRAWS) / usual - 1.0).abs() < 0.0095);
    }

    #[test]
    fn a_larger_move_trades_more_and_nothing_trades_less_than_one() {
        let draw =
            |average_daily, deviations| shares(average_daily, 0.5, deviations, &mut ChaCha8Rng::seed_from_u64(42));
        assert!(draw(50_000_000, 0.0) < draw(50_000_000, 1.0));
        assert!(draw(50_000_000, 1.0) < draw(50_000_000, -5.0));
        assert_eq!(draw(50_000_000, 100.0), draw(50_000_000, 500.0));
        assert_eq!(draw(1, 0.0), 1);
    }
}
