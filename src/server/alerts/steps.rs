//! Prices of a frame, in the order of evaluation.

use std::collections::BTreeMap;

use crate::{
    domain::{money::Price, ticker::Ticker},
    server::market::feed::tape::Frame,
};

/// The looks that a frame takes: one for a tick, up to four where ticks were folded, at the first, the lowest, the highest and the
/// last price of each ticker. A price that was there between two looks is seen.
pub fn looks(frame: &Frame) -> Vec<BTreeMap<Ticker, Price>> {
    let of = |price: fn(&crate::domain::orders::span::Span) -> Price| -> BTreeMap<Ticker, Price> {
        frame.spans.iter().map(|(ticker, span)| (*ticker, price(span))).collect()
    };
    let is_tick = frame.spans.values().all(|span| span.low == span.high);
    if is_tick {
        return vec![of(|span| span.last)];
    }
    let mut looks = vec![of(|span| span.first), of(|span| span.low), of(|span| span.high), of(|span| span.last)];
    looks.dedup();
    looks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{instant::UtcInstant, orders::span::Span, session::SessionKind};

    fn frame(units: &[i64]) -> Frame {
        let ticks = units
            .iter()
            .map(|units| Span::tick(Price::from_units(*units).unwrap(), None, false, SessionKind::Continuous));
        let span = ticks.reduce(|before, next| before.followed_by(&next).unwrap()).unwrap();
        let spans = std::sync::Arc::new([("V".parse().unwrap(), span)].into());
        Frame { first_tick: 1, last_tick: 1, at: UtcInstant::EPOCH, spans }
    }

    fn prices(units: &[i64]) -> Vec<i64> {
        looks(&frame(units)).iter().map(|look| look.values().next().unwrap().units()).collect()
    }

    #[test]
    fn folded_ticks_are_looked_at_where_they_went_furthest() {
        assert_eq!(prices(&[10]), [10]);
        assert_eq!(prices(&[10, 10]), [10]);
        assert_eq!(prices(&[10, 14, 8, 12]), [10, 8, 14, 12]);
        assert_eq!(prices(&[10, 14]), [10, 14]);
    }
}
