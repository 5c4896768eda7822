//! The prices of a ticker between two looks at its orders: one tick, several folded into one, or a bar.

use crate::domain::{candle::Candle, money::Price, session::SessionKind};

/// First, lowest, highest and last price, and the shares traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first: Price,
    pub low: Price,
    pub high: Price,
    pub last: Price,
    /// Shares; `None` if unknown.
    pub volume: Option<u64>,
    /// Whether the gap rules apply to `first`: it begins a session, or follows a start, a halt or a silent feed. Also
    /// true for each bar, and for folded ticks.
    pub is_gap: bool,
    pub session: SessionKind,
}

impl Span {
    /// Span of one tick.
    pub fn tick(price: Price, volume: Option<u64>, is_gap: bool, session: SessionKind) -> Self {
        Self { first: price, low: price, high: price, last: price, volume, is_gap, session }
    }

    /// Span of a bar.
    pub fn bar(candle: &Candle, session: SessionKind) -> Self {
        let Candle { open, high, low, close, volume, .. } = *candle;
        Self { first: open, low, high, last: close, volume: Some(volume), is_gap: true, session }
    }

    /// Folds a later span into this one. `None` if it belongs to another kind of session: then this one must be looked
    /// at first.
    pub fn followed_by(self, later: &Self) -> Option<Self> {
        (self.session == later.session).then(|| Self {
            first: self.first,
            low: self.low.min(later.low),
            high: self.high.max(later.high),
            last: later.last,
            volume: self.volume.zip(later.volume).map(|(volume, more)| volume.saturating_add(more)),
            is_gap: true,
            session: self.session,
        })
    }

    pub fn includes(&self, price: Price) -> bool {
        (self.low..=self.high).contains(&price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(text: &str, volume: Option<u64>, session: SessionKind) -> Span {
        Span::tick(text.parse().unwrap(), volume, false, session)
    }

    #[test]
    fn ticks_fold_into_one_span() {
        let ticks = ["100", "98", "103", "101"].map(|price| tick(price, Some(10), SessionKind::Regular));
        let folded = ticks[1..].iter().try_fold(ticks[0], |span, tick| span.followed_by(tick)).unwrap();
        let prices = [folded.first, folded.low, folded.high, folded.last].map(|price| price.to_string());
        assert_eq!(prices, ["100.00", "98.00", "103.00", "101.00"]);
        assert_eq!((folded.volume, folded.is_gap), (Some(40), true));
    }

    #[test]
    fn sessions_do_not_fold_and_an_unknown_volume_stays_unknown() {
        let regular = tick("100", Some(1), SessionKind::Regular);
        assert_eq!(regular.followed_by(&tick("100", Some(1), SessionKind::Post)), None);
        let folded = regular.followed_by(&tick("100", None, SessionKind::Regular)).unwrap();
        assert_eq!(folded.volume, None);
    }
}
