//! How old prices are, and when they are too old to trade at.
//!
//! # The rule
//! A price counts from the moment at which the source last confirmed it, however long ago its trade was: a share that is
//! seldom traded has an old trade and a price of now. After a given time without a confirmation it is *stale*. A source
//! that makes its prices itself confirms each by being there, and then none is ever stale.

use std::collections::BTreeMap;

use super::{instant::UtcInstant, ticker::Ticker};

/// When each price was last confirmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// How long a confirmation counts, in milliseconds; nothing when prices need none.
    counts_for_ms: Option<i64>,
    /// When the source last answered well, whatever it told.
    answered_at: Option<UtcInstant>,
    confirmed: BTreeMap<Ticker, UtcInstant>,
}

impl Freshness {
    /// Of prices that each count for so long, in milliseconds.
    pub fn of(counts_for_ms: i64) -> Self {
        Self { counts_for_ms: Some(counts_for_ms), ..Self::default() }
    }

    /// Whether prices have to be confirmed.
    pub fn is_kept(&self) -> bool {
        self.counts_for_ms.is_some()
    }

    /// Notes that the source answered, and which prices that confirmed.
    pub fn confirm(&mut self, tickers: impl IntoIterator<Item = Ticker>, at: UtcInstant) {
        if self.is_kept() {
            self.answered_at = Some(at);
            self.confirmed.extend(tickers.into_iter().map(|ticker| (ticker, at)));
        }
    }

    /// Forgets what is not wanted any more.
    pub fn retain(&mut self, is_wanted: impl Fn(Ticker) -> bool) {
        self.confirmed.retain(|ticker, _| is_wanted(*ticker));
    }

    /// When the ticker's price was last confirmed; nothing when it never was, or needs not to be.
    pub fn confirmed_at(&self, ticker: Ticker) -> Option<UtcInstant> {
        self.confirmed.get(&ticker).copied()
    }

    /// When the source last answered well; nothing when it never did, or needs not to.
    pub fn answered_at(&self) -> Option<UtcInstant> {
        self.answered_at
    }

    /// Whether the ticker's price is too old at the moment `now`.
    pub fn is_stale(&self, ticker: Ticker, now: UtcInstant) -> bool {
        self.counts_for_ms.is_some_and(|max| self.confirmed_at(ticker).is_none_or(|at| age_ms(at, now) > max))
    }

    /// Whether the source has fallen silent at the moment `now`, so that all prices are too old.
    pub fn is_silent(&self, now: UtcInstant) -> bool {
        self.counts_for_ms.is_some_and(|max| self.answered_at.is_none_or(|at| age_ms(at, now) > max))
    }
}

/// A clock that went back leaves moments in the future, and nobody knows how long ago they were: as long as they seem
/// ahead, at the least.
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

    /// AAPL was confirmed at noon, MSFT half a minute before; each counts for 45 seconds.
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
