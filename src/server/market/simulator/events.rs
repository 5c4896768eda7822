//! News: now and then a price jumps.

use rand::Rng;

/// An event moves a price by this much of it, up or down.
const SIZES: std::ops::Range<f64> = 0.02..0.05;

/// What news does to the logarithm of a price at a tick: nothing, most of the time. Up and down are as likely and as
/// large, so that events add no drift to the price.
pub fn draw(probability: f64, rng: &mut impl Rng) -> f64 {
    if rng.random::<f64>() >= probability {
        return 0.0;
    }
    let size = rng.random_range(SIZES);
    (if rng.random() { size } else { -size }).ln_1p()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::server::market::simulator::pace::Pace;

    fn events(probability: f64, draws: usize) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(42);
        (0..draws).map(|_| draw(probability, &mut rng)).filter(|log| *log != 0.0).map(f64::exp_m1).collect()
    }

    #[test]
    fn an_event_is_of_two_to_five_per_cent_up_or_down() {
        let moves = events(1.0, 10_000);
        assert_eq!(moves.len(), 10_000);
        // A logarithm and back costs some 1e-16.
        assert!(moves.iter().all(|x| (0.02 - 1e-12..0.05 + 1e-12).contains(&x.abs())));
        // Up and down cancel out: a move has a deviation of 3.6 %, four standard errors of the mean are 0.15 %.
        assert!((moves.iter().sum::<f64>() / 10_000.0).abs() < 0.0015);
    }

    #[test]
    fn an_event_comes_every_two_hours_of_half_second_ticks() {
        let count = events(Pace::of(Duration::from_millis(500)).event_probability, 2_880_000).len();
        // Two hundred times 14,400 ticks: a binomial count of mean 200, whose deviation is 14.1; four of them.
        assert!(count.abs_diff(200) < 57, "{count}");
    }
}
