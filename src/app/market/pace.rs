//! Rate of the feed's frames, as the status bar shows it.

use std::collections::VecDeque;

/// Frames within this time after the first one belong to the connection: they bring the known state at once, independent of
/// ticks.
const FIRST_FRAMES_MS: f64 = 50.0;

/// Least number of frames before the rate is shown, so that those which the loading page handles late are few among them; and
/// most frames it is made of.
const FRAMES_MIN: usize = 7;
const FRAMES_MAX: usize = 12;

/// An interval of this many times the usual one is a pause, such as a computer's sleep, and is ignored.
const PAUSE_FACTOR: f64 = 10.0;

/// Arrival times of the latest frames.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pace {
    /// Time of the connection's first frame, in milliseconds.
    first_ms: Option<f64>,
    /// Times of the latest frames that came with a tick, in milliseconds, in order.
    frames_ms: VecDeque<f64>,
}

impl Pace {
    /// Adds a frame that arrived at a time in milliseconds.
    pub(super) fn add(&mut self, now_ms: f64) {
        let known = self.frames_ms.back().zip(self.frames_per_second());
        if known.is_some_and(|(last_ms, rate)| now_ms - last_ms > PAUSE_FACTOR * 1_000.0 / rate) {
            *self = Self::default();
        }
        let Some(first_ms) = self.first_ms else {
            self.first_ms = Some(now_ms);
            return;
        };
        if self.frames_ms.is_empty() && now_ms - first_ms <= FIRST_FRAMES_MS {
            return;
        }
        if self.frames_ms.len() == FRAMES_MAX {
            self.frames_ms.pop_front();
        }
        self.frames_ms.push_back(now_ms);
    }

    /// Frames per second; `None` until known.
    pub(super) fn frames_per_second(&self) -> Option<f64> {
        let is_known = self.frames_ms.len() >= FRAMES_MIN;
        self.interval_ms().filter(|interval_ms| is_known && *interval_ms > 0.0).map(|interval_ms| 1_000.0 / interval_ms)
    }

    /// Usual time between two frames: the Theil–Sen estimator of the slope of arrival time by frame number (Sen, 1968), which
    /// a few frames that a busy page handles late do not move.
    fn interval_ms(&self) -> Option<f64> {
        let frames_ms = || self.frames_ms.iter().enumerate();
        let slopes = frames_ms().flat_map(|(later, later_ms)| {
            frames_ms().take(later).map(move |(earlier, earlier_ms)| (later_ms - earlier_ms) / (later - earlier) as f64)
        });
        let mut slopes: Vec<f64> = slopes.collect();
        slopes.sort_unstable_by(f64::total_cmp);
        Some((slopes.get(slopes.len().checked_sub(1)? / 2)? + slopes.get(slopes.len() / 2)?) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rate after each frame, in tenths.
    fn rates(frames_ms: &[f64]) -> Vec<Option<u32>> {
        let mut pace = Pace::default();
        let rate = |now_ms: &f64| {
            pace.add(*now_ms);
            pace.frames_per_second().map(|rate| (rate * 10.0).round() as u32)
        };
        frames_ms.iter().map(rate).collect()
    }

    #[test]
    fn the_pace_is_not_told_until_it_is_known() {
        // The first frame comes with a new connection, at any time between two ticks.
        let frames_ms = [1_000.0, 1_120.0, 1_620.0, 2_130.0, 2_610.0, 3_120.0, 3_620.0, 4_120.0, 4_630.0];
        let told = rates(&frames_ms);
        assert_eq!((&told[..7], &told[7..]), (&[None; 7][..], &[Some(20); 2][..]));
    }

    #[test]
    fn what_is_handed_on_to_a_new_tab_at_once_is_no_pace() {
        let burst = (0..30).map(|index| 1_000.0 + f64::from(index) * 0.5);
        let ticks = (1..10).map(|index| 900.0 + f64::from(index) * 500.0);
        let told: Vec<_> = rates(&burst.chain(ticks).collect::<Vec<_>>()).into_iter().flatten().collect();
        assert_eq!(told, [20, 20, 20]);
    }

    #[test]
    fn the_pace_follows_the_last_frames_and_forgets_a_pause() {
        let slow = (0..30).map(|index| 1_000.0 + f64::from(index) * 1_000.0);
        let fast = (1..60).map(|index| 30_000.0 + f64::from(index) * 500.0);
        let after_sleep = [9_000_000.0, 9_000_100.0];
        let told = rates(&slow.chain(fast).chain(after_sleep).collect::<Vec<_>>());
        assert_eq!((told[29], told[88]), (Some(10), Some(20)));
        assert_eq!(told[89..], [None, None]);
    }

    #[test]
    fn frames_that_a_busy_page_handles_late_do_not_change_the_pace() {
        let frames_ms = [1_000.0, 1_420.0, 1_620.0, 2_120.0, 2_950.0, 3_120.0, 3_620.0, 4_120.0, 4_620.0];
        let told: Vec<_> = rates(&frames_ms).into_iter().flatten().collect();
        assert_eq!(told, [20; 2]);
    }

    #[test]
    fn frames_that_a_proxy_passes_on_in_pairs_have_the_pace_of_their_average() {
        let frames_ms: Vec<f64> = (2..40).map(|index| f64::from(index / 2) * 1_000.0).collect();
        let told: Vec<_> = rates(&frames_ms).into_iter().flatten().collect();
        assert_eq!(told.last(), Some(&20));
    }
}
