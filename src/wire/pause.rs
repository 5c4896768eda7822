//! Pause after the server limited requests: nothing is sent until it ends.

use std::{cell::Cell, sync::LazyLock, time::Duration};

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};

use crate::error::ApiError;

/// Longest pause that a question waits for, in seconds; a longer one is an error at once.
const WAIT_MAX_SECONDS: u32 = 60;

/// Random spread, so that waiting questions are not all sent at the same moment.
const SPREAD_MS: f64 = 500.0;

thread_local! {
    /// End of the pause, in milliseconds since the Unix epoch.
    static ENDS_MS: Cell<f64> = const { Cell::new(0.0) };
}

static SECONDS: LazyLock<ArcRwSignal<Option<u32>>> = LazyLock::new(|| ArcRwSignal::new(None));

/// Length of the current pause in seconds, if there is one; tracked.
pub fn seconds() -> Option<u32> {
    SECONDS.get()
}

/// Starts a pause of the requested length.
pub fn begin(seconds: u32) {
    let ends_ms = js_sys::Date::now() + f64::from(seconds) * 1_000.0;
    if ends_ms <= ENDS_MS.get() {
        return;
    }
    ENDS_MS.set(ends_ms);
    SECONDS.set(Some(seconds));
    spawn_local(async move {
        sleep(Duration::from_secs(seconds.into())).await;
        // Unless a later response has prolonged it.
        if ENDS_MS.get() == ends_ms {
            SECONDS.set(None);
        }
    });
}

/// Waits for the end of the pause, if there is one and the caller `can_wait`.
///
/// # Errors
/// [`ApiError::TooManyRequests`] if it cannot, or the pause is too long.
pub async fn pass(can_wait: bool) -> Result<(), ApiError> {
    loop {
        let left_ms = ENDS_MS.get() - js_sys::Date::now();
        if left_ms <= 0.0 {
            return Ok(());
        }
        let retry_after_seconds = (left_ms / 1_000.0) as u32 + 1;
        if !can_wait || retry_after_seconds > WAIT_MAX_SECONDS {
            return Err(ApiError::TooManyRequests { retry_after_seconds });
        }
        sleep(Duration::from_millis((left_ms + js_sys::Math::random() * SPREAD_MS) as u64)).await;
    }
}
