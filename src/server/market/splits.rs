//! A split on its own day: converts the source's data of before into shares of today.
//!
//! A source switches to the new shares at its own times, one figure after the other: its last trade is the previous
//! day's until the first trade, and so is its previous close. A price is classified by the time of its trade, or else
//! by its size ([`SplitRatio::is_price_before`]).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::domain::{
    corporate_action::{ExchangeDate, SplitRatio},
    money::Price,
    quote::Quote,
    ticker::Ticker,
};

/// Most splits of a day that are kept; a day has a few, of thousands of tickers.
const SPLITS_MAX: usize = 1_000;

/// A split of a followed ticker.
#[derive(Debug, Clone, Copy)]
pub struct Split {
    pub ratio: SplitRatio,
    pub day: ExchangeDate,
}

/// The splits of today, as they become known.
#[derive(Default)]
pub struct Splits {
    known: Mutex<BTreeMap<Ticker, Split>>,
    /// New splits that are not handled yet.
    news: Mutex<Vec<(Ticker, Split)>>,
    bell: Notify,
}

impl Splits {
    pub fn add(&self, ticker: Ticker, split: Split) {
        {
            // Nothing panics while either lock is held.
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, other| other.day == split.day);
            if known.len() < SPLITS_MAX {
                known.insert(ticker, split);
            }
        }
        self.news.lock().unwrap_or_else(PoisonError::into_inner).push((ticker, split));
        self.bell.notify_one();
    }

    /// Waits for a new split.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    pub fn take_news(&self) -> Vec<(Ticker, Split)> {
        std::mem::take(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The quote in shares of today.
    pub fn adjust(&self, quote: Quote) -> Quote {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&quote.ticker).map_or(quote, |split| split.adjust(quote))
    }
}

impl Split {
    /// Converts a quote, unless it is in shares of today already.
    fn adjust(&self, quote: Quote) -> Quote {
        let Self { ratio, day } = *self;
        let divide = |price: Price| ratio.of_price(price).unwrap_or(price);
        // A trade from before the day is dated at the day's beginning, so that it is not divided again.
        let (price, at) =
            if quote.at < day.starts_at() { (divide(quote.price), day.starts_at()) } else { (quote.price, quote.at) };
        let of_today = |other: Price| if ratio.is_price_before(other, price) { divide(other) } else { other };
        Quote {
            price,
            at,
            previous_price: of_today(quote.previous_price),
            previous_close: of_today(quote.previous_close),
            ..quote
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::UtcInstant;

    fn price(dollars: f64) -> Price {
        Price::nearest(dollars).unwrap()
    }

    #[test]
    fn what_is_told_of_the_day_before_is_divided_once() {
        let day: ExchangeDate = "2026-11-30".parse().unwrap();
        let split = Split { ratio: SplitRatio { from: "1".parse().unwrap(), to: "10".parse().unwrap() }, day };
        let hour = |hours: i64| UtcInstant::from_unix_ms(day.starts_at().unix_ms() + hours * 3_600_000);
        let quote = |at, now, before, close| Quote {
            ticker: "V".parse().unwrap(),
            price: price(now),
            previous_price: price(before),
            previous_close: price(close),
            at,
            is_stale: false,
        };
        let figures = |quote: Quote| [quote.price, quote.previous_price, quote.previous_close].map(Price::dollars);
        let night = split.adjust(quote(hour(-9), 200.0, 201.0, 198.0));
        assert_eq!((figures(night), night.at), ([20.0, 20.1, 19.8], hour(0)));
        assert_eq!(split.adjust(night), night);
        // The first trade of the day, with a close that the source has not divided yet, and with a divided one.
        assert_eq!(figures(split.adjust(quote(hour(10), 21.0, 200.0, 198.0))), [21.0, 20.0, 19.8]);
        assert_eq!(figures(split.adjust(quote(hour(10), 21.0, 20.5, 19.8))), [21.0, 20.5, 19.8]);
    }
}
