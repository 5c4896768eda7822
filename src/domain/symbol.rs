//! What is known of a ticker beside its price: the day's and the year's range, and volumes, from daily candles.

use serde::{Deserialize, Serialize};

use super::{candle::Candle, money::Price};

/// Days before today that the average volume is of, as brokers show it.
const VOLUME_DAYS: usize = 20;

/// Trading days of 52 weeks.
pub const YEAR_DAYS: usize = 252;

/// A span of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRange {
    pub low: Price,
    pub high: Price,
}

impl PriceRange {
    fn over(days: &[Candle]) -> Option<Self> {
        let low = days.iter().map(|day| day.low).min()?;
        let high = days.iter().map(|day| day.high).max()?;
        Some(Self { low, high })
    }

    /// The span with a price in it.
    pub fn with(self, price: Price) -> Self {
        Self { low: self.low.min(price), high: self.high.max(price) }
    }

    /// Place of a price between the ends, from 0 to 1; the middle of a span without length.
    pub fn place(self, price: Price) -> f64 {
        let (low, length) = (self.low.dollars(), self.high.dollars() - self.low.dollars());
        if length <= 0.0 { 0.5 } else { ((price.dollars() - low) / length).clamp(0.0, 1.0) }
    }
}

/// Facts of a ticker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolFacts {
    pub company: Option<String>,
    /// First price of the day.
    pub open: Option<Price>,
    pub day: Option<PriceRange>,
    /// Of as many days as are known, at most [`YEAR_DAYS`].
    pub year: Option<PriceRange>,
    /// Days in `year`.
    pub year_days: u16,
    /// Shares traded today.
    pub volume: Option<u64>,
    /// Shares a day, over the last 20 days before today; nothing while there are fewer than five.
    pub average_volume: Option<u64>,
}

/// Fewest days for an average.
const VOLUME_DAYS_MIN: usize = 5;

impl SymbolFacts {
    /// Facts from daily candles, oldest first, of which the last one is today's.
    pub fn of(company: Option<String>, days: &[Candle]) -> Self {
        let days = &days[days.len().saturating_sub(YEAR_DAYS)..];
        let (today, before) = days.split_last().map_or((None, days), |(today, before)| (Some(today), before));
        let lately = &before[before.len().saturating_sub(VOLUME_DAYS)..];
        let total: u128 = lately.iter().map(|day| u128::from(day.volume)).sum();
        let average = (lately.len() >= VOLUME_DAYS_MIN).then(|| total / lately.len() as u128);
        Self {
            company,
            open: today.map(|today| today.open),
            day: today.map(|today| PriceRange { low: today.low, high: today.high }),
            year: PriceRange::over(days),
            year_days: days.len() as u16,
            volume: today.map(|today| today.volume),
            average_volume: average.and_then(|average| u64::try_from(average).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(dollars: i64) -> Price {
        Price::from_units(dollars * 10_000).unwrap()
    }

    fn day(time: i64, [open, high, low, close]: [i64; 4], volume: u64) -> Candle {
        let [open, high, low, close] = [open, high, low, close].map(price);
        Candle { time, open, high, low, close, volume }
    }

    #[test]
    fn ranges_and_volumes_are_of_their_days() {
        let mut days: Vec<Candle> = (0..30).map(|index| day(index, [100, 110 + index, 90, 100], 1_000)).collect();
        days[0].low = price(50);
        days[29].volume = 77;
        let facts = SymbolFacts::of(Some("NVIDIA".to_owned()), &days);
        assert_eq!(facts.open, Some(price(100)));
        assert_eq!(facts.day, Some(PriceRange { low: price(90), high: price(139) }));
        assert_eq!(facts.year, Some(PriceRange { low: price(50), high: price(139) }));
        assert_eq!((facts.year_days, facts.volume, facts.average_volume), (30, Some(77), Some(1_000)));
    }

    #[test]
    fn a_year_is_the_latest_252_days() {
        let days: Vec<Candle> = (0..300).map(|index| day(index, [400 - index, 400 - index, 1, 1], 1)).collect();
        let facts = SymbolFacts::of(None, &days);
        assert_eq!((facts.year.unwrap().high, facts.year_days), (price(352), 252));
    }

    #[test]
    fn without_days_nothing_is_known() {
        let facts = SymbolFacts::of(None, &[]);
        assert_eq!(
            (facts.open, facts.day, facts.year, facts.volume, facts.average_volume),
            (None, None, None, None, None)
        );
        let few = SymbolFacts::of(None, &[day(0, [1, 1, 1, 1], 5), day(1, [2, 2, 2, 2], 6)]);
        assert_eq!((few.volume, few.average_volume), (Some(6), None));
    }

    #[test]
    fn a_price_has_its_place_in_a_range() {
        let range = PriceRange { low: price(100), high: price(200) };
        assert_eq!([50, 100, 150, 200, 250].map(|dollars| range.place(price(dollars))), [0.0, 0.0, 0.5, 1.0, 1.0]);
        assert_eq!(range.with(price(250)).high, price(250));
        let point = PriceRange { low: price(1), high: price(1) };
        assert_eq!(point.place(price(1)), 0.5);
    }
}
