//! The age of prices, and the bound beyond which they are too old to trade at.
//!
//! # The rule
//! A price's age counts from the source's last confirmation, not from its trade: a seldom traded share has an old trade
//! but a current price. After a given time without confirmation it is *stale*. A source that generates its prices
//! confirms them implicitly, so none is ever stale.

use std::collections::BTreeMap;

use super::{instant::UtcInstant, ticker::Ticker};

/// Time of each price's last confirmation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// Validity of a confirmation, in milliseconds; `None` if prices need none.
    counts_for_ms: Option<i64>,
    /// Time of the source's last successful answer, whatever its content.
    answered_at: Option<UtcInstant>,
    confirmed: BTreeMap<Ticker, UtcInstant>,
}

impl Freshness {
    /// Confirmations are valid for `counts_for_ms` milliseconds.
    pub fn of(counts_for_ms: i64) -> Self {
        Self { counts_for_ms: Some(counts_for_ms), ..Self::default() }
    }

    /// Whether prices need confirmation.
    pub fn is_kept(&self) -> bool {
        self.counts_for_ms.is_some()
    }

    /// Records an answer of the source and the tickers that it confirmed.
    pub fn confirm(&mut self, tickers: impl IntoIterator<Item = Ticker>, at: UtcInstant) {
        if self.is_kept() {
            self.answered_at = Some(at);
            self.confirmed.extend(tickers.into_iter().map(|ticker| (ticker, at)));
        }
    }

    /// Forgets tickers that are no longer wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(Ticker) -> bool) {
        self.confirmed.retain(|ticker, _| is_wanted(*ticker));
    }

    /// Time of the ticker's last confirmation; `None` if there was none, or none is needed.
    pub fn confirmed_at(&self, ticker: Ticker) -> Option<UtcInstant> {
        self.confirmed.get(&ticker).copied()
    }

    /// Time of the source's last successful answer; `None` if there was none, or none is needed.
    pub fn answered_at(&self) -> Option<UtcInstant> {
        self.answered_at
    }

    /// Whether the ticker's price is too old at `now`.
    pub fn is_stale(&self, ticker: Ticker, now: UtcInstant) -> bool {
        self.counts_for_ms.is_some_and(|max| self.confirmed_at(ticker).is_none_or(|at| age_ms(at, now) > max))
    }

    /// Whether the source has been silent for so long at `now` that all prices are too old.
    pub fn is_silent(&self, now: UtcInstant) -> bool {
        self.counts_for_ms.is_some_and(|max| self.answered_at.is_none_or(|at| age_ms(at, now) > max))
    }
}

/// Age of a moment. After the clock went back, moments may lie in the future; their distance is a lower bound of the
/// age.
fn age_ms(at: UtcInstant, now: UtcInstant) -> i64 {
    now.unix_ms().abs_diff(at.unix_ms()).try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn ticker(symbol: &str) -> Ticker {
        symbol.parse().unwrap()
    }

    const NOON: i64 = 1_795_348_800_000;

    /// AAPL was confirmed at noon, MSFT half a minute before; each confirmation is valid for 45 seconds.
    fn freshness() -> Freshness {
        let mut freshness = Freshness::of(45_000);
        freshness.confirm(["AAPL", "MSFT"].map(ticker), UtcInstant::from_unix_ms(NOON - 30_000));
        freshness.confirm([ticker("AAPL")], UtcInstant::from_unix_ms(NOON));
        freshness
    }

    #[rstest]
    #[case::at_once(0, false, false, false)]
    #[case::one_was_left_out(15_001, false, true, false)]
    #[case::to_the_bound(45_000, false, true, false)]
    #[case::beyond_it(45_001, true, true, true)]
    #[case::a_clock_set_right(-10_000, false, false, false)]
    #[case::a_clock_that_went_far_back(-3_600_000, true, true, true)]
    fn a_price_is_stale_when_its_confirmation_is_too_old(
        #[case] later_ms: i64,
        #[case] aapl: bool,
        #[case] msft: bool,
        #[case] is_silent: bool,
    ) {
        let (freshness, now) = (freshness(), UtcInstant::from_unix_ms(NOON + later_ms));
        let stale = ["AAPL", "MSFT"].map(|symbol| freshness.is_stale(ticker(symbol), now));
        assert_eq!((stale, freshness.is_silent(now)), ([aapl, msft], is_silent));
        assert!(freshness.is_stale(ticker("XOM"), now), "it never was confirmed");
    }

    #[test]
    fn prices_that_need_no_confirmation_are_never_stale() {
        let mut freshness = Freshness::default();
        freshness.confirm([ticker("AAPL")], UtcInstant::EPOCH);
        assert_eq!(freshness, Freshness::default(), "nothing is kept");
        let now = UtcInstant::from_unix_ms(NOON);
        assert!(!freshness.is_stale(ticker("AAPL"), now) && !freshness.is_silent(now));
    }

    #[test]
    fn what_is_not_wanted_is_forgotten() {
        let mut freshness = freshness();
        freshness.retain(|kept| kept == ticker("MSFT"));
        let confirmed = ["AAPL", "MSFT"].map(|symbol| freshness.confirmed_at(ticker(symbol)).map(UtcInstant::unix_ms));
        assert_eq!(confirmed, [None, Some(NOON - 30_000)]);
    }

    #[test]
    fn a_source_that_has_nothing_to_tell_is_not_silent() {
        let mut freshness = Freshness::of(1_000);
        assert!(freshness.is_silent(UtcInstant::EPOCH), "it has not answered yet");
        freshness.confirm([], UtcInstant::EPOCH);
        assert!(!freshness.is_silent(UtcInstant::EPOCH));
    }
}
