//! The market's clock: whether the exchange is open, and how long until that changes.

use std::time::Duration;

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    api::load_market_hours,
    app::{
        effects::{effect, memo, spawn},
        erase::Erase,
        parts::PartView,
    },
    domain::{
        instant::UtcInstant,
        session::{MarketHours, SessionKind},
    },
};

/// Interval at which the time left is updated.
const TICK: Duration = Duration::from_secs(10);

/// The hours are read again after so many ticks: a calendar may be corrected, and a server started anew.
const READ_EVERY: u32 = 60;

#[wasm_split(clock, fallible)]
pub fn fetch_clock() -> Result<PartView, SplitLoaderError> {
    Ok(|| view! { <Clock/> }.erase())
}

#[component]
fn Clock() -> impl IntoView {
    let hours = RwSignal::new(None::<MarketHours>);
    // Server's clock minus the browser's, in milliseconds.
    let (ahead_ms, ticks) = (RwSignal::new(0.0), RwSignal::new(0_u32));
    let now = move || UtcInstant::from_unix_ms((js_sys::Date::now() + ahead_ms.get_untracked()) as i64);
    effect(move || {
        if let Ok(timer) = set_interval_with_handle(move || ticks.update(|ticks| *ticks += 1), TICK) {
            on_cleanup(move || timer.clear());
        }
    });
    let is_due = memo(move || {
        let ticks = ticks.get();
        let is_over =
            hours.with(|hours| hours.as_ref().is_none_or(|hours| changes_at(hours).is_some_and(|at| at <= now())));
        // Another value asks again.
        (ticks / READ_EVERY, if is_over { ticks } else { 0 })
    });
    effect(move || {
        is_due.track();
        spawn(async move {
            // Without an answer the next tick asks again.
            if let Ok(read) = load_market_hours().await {
                ahead_ms.set(read.now.unix_ms() as f64 - js_sys::Date::now());
                hours.set(Some(read));
            }
        });
    });
    let told = memo(move || {
        ticks.track();
        hours.with(|hours| hours.as_ref().map(|hours| describe(hours, now())))
    });
    let state = Signal::derive(move || told.with(|told| told.as_ref().map(|(state, _)| *state)));
    let words = Signal::derive(move || told.with(|told| told.as_ref().map(|(_, words)| words.clone())));
    view! {
        <p class="market-clock" data-testid="market-clock" data-state=state title="When orders are filled">{words}</p>
    }
    .erase()
}

/// When what is told ends; nothing of a closed market without a next session.
fn changes_at(hours: &MarketHours) -> Option<UtcInstant> {
    match (&hours.session, &hours.next) {
        (Some(session), _) => Some(session.closes_at),
        (None, next) => next.as_ref().map(|next| next.opens_at),
    }
}

/// The state in a word for the style, and in words for people.
fn describe(hours: &MarketHours, now: UtcInstant) -> (&'static str, String) {
    let left = |at: UtcInstant| time_left(at.unix_ms() - now.unix_ms());
    match (&hours.session, &hours.next) {
        (Some(session), next) => match session.kind {
            SessionKind::Continuous => ("open", format!("Open · day ends in {}", left(session.closes_at))),
            SessionKind::Regular => ("open", format!("Open · closes in {}", left(session.closes_at))),
            SessionKind::Post => ("post", format!("After hours · ends in {}", left(session.closes_at))),
            SessionKind::Pre => {
                let opens_at = next.as_ref().map_or(session.closes_at, |next| next.opens_at);
                ("pre", format!("Pre-market · opens in {}", left(opens_at)))
            }
        },
        (None, Some(next)) => ("closed", format!("Closed · opens in {}", left(next.opens_at))),
        (None, None) => ("closed", "Closed".to_owned()),
    }
}

/// `2 d 3 h`, `10 h 55 min`, `42 min`
fn time_left(ms: i64) -> String {
    // The minute that is running counts.
    let minutes = (ms.max(0) + 59_999) / 60_000;
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::session::Session;

    const MINUTE_MS: i64 = 60_000;

    fn session(kind: SessionKind, opens_min: i64, closes_min: i64) -> Session {
        let at = |minutes: i64| UtcInstant::from_unix_ms(minutes * MINUTE_MS);
        Session { kind, trade_date: "2026-11-30".to_owned(), opens_at: at(opens_min), closes_at: at(closes_min) }
    }

    #[rstest]
    #[case::continuous(Some(SessionKind::Continuous), false, "open", "Open · day ends in 10 h 55 min")]
    #[case::regular(Some(SessionKind::Regular), true, "open", "Open · closes in 10 h 55 min")]
    #[case::before(Some(SessionKind::Pre), true, "pre", "Pre-market · opens in 11 h 0 min")]
    #[case::after(Some(SessionKind::Post), true, "post", "After hours · ends in 10 h 55 min")]
    #[case::closed(None, true, "closed", "Closed · opens in 11 h 0 min")]
    #[case::unknown(None, false, "closed", "Closed")]
    fn the_clock_tells_what_comes_next(
        #[case] kind: Option<SessionKind>,
        #[case] has_next: bool,
        #[case] state: &str,
        #[case] words: &str,
    ) {
        let hours = MarketHours {
            now: UtcInstant::EPOCH,
            session: kind.map(|kind| session(kind, 0, 655)),
            next: has_next.then(|| session(SessionKind::Regular, 660, 1_050)),
        };
        assert_eq!(describe(&hours, UtcInstant::EPOCH), (state, words.to_owned()));
    }

    #[rstest]
    #[case(0, "0 min")]
    #[case(1, "1 min")]
    #[case(42 * MINUTE_MS, "42 min")]
    #[case(60 * MINUTE_MS, "1 h 0 min")]
    #[case((2 * 1_440 + 180) * MINUTE_MS, "2 d 3 h")]
    fn time_is_told_in_its_two_largest_units(#[case] ms: i64, #[case] words: &str) {
        assert_eq!(time_left(ms), words);
    }
}
