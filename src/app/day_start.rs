//! What the portfolio was worth when the day began, which the day's P&L is measured from.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;

use crate::{
    api::load_day_start,
    app::effects::{effect, spawn},
    domain::{instant::UtcInstant, money::Money},
};

/// After midnight, so that the server's clock has passed it too, even if it is a little slow.
const MARGIN: Duration = Duration::from_secs(2);

/// The handle to the day's start; copies share it.
#[derive(Clone, Copy)]
pub struct DayStart {
    value: RwSignal<Option<Money>>,
}

impl DayStart {
    /// Read anew at every midnight, for as long as the calling component stands.
    pub fn new(value: Option<Money>) -> Self {
        let day_start = Self { value: RwSignal::new(value) };
        effect(move || {
            spawn(async move {
                loop {
                    sleep(until_midnight(js_sys::Date::now()) + MARGIN).await;
                    day_start.reload().await;
                }
            });
        });
        day_start
    }

    /// Tracked; nothing while it is not known.
    pub fn value(self) -> Option<Money> {
        self.value.get()
    }

    /// Reads it anew, as after a reset. Without an answer it is not known.
    pub async fn reload(self) {
        let value = load_day_start().await.ok().flatten();
        let _ = self.value.try_set(value);
    }
}

fn until_midnight(now_ms: f64) -> Duration {
    let now = UtcInstant::from_unix_ms(now_ms as i64);
    Duration::from_millis(now.start_of_next_day().unix_ms().abs_diff(now.unix_ms()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_waited_for() {
        assert_eq!(until_midnight(86_399_000.0), Duration::from_secs(1));
        assert_eq!(until_midnight(86_400_000.0), Duration::from_secs(86_400));
    }
}
