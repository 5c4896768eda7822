//! Own trades of the ticker shown, and where its candles have them.

use leptos::prelude::*;

use super::candles::Shown;
use crate::{
    api::load_fills,
    app::{
        account::Books,
        effects::{effect, spawn},
    },
    domain::{candle::Candle, order::Trade, ranking::sorted_by_key, ticker::Ticker},
    interop::lightweight_charts::price_chart::FillMark,
};

/// What is known of the trades of a ticker.
#[derive(Debug, Clone, PartialEq)]
pub struct Fills {
    ticker: Ticker,
    /// Oldest first; nothing when they could not be read.
    trades: Option<Vec<Trade>>,
}

/// Follows the trades of what is selected: reads them anew when it changes, and after each trade.
pub fn follow_fills(books: Books, selected: RwSignal<Option<Ticker>>) -> RwSignal<Option<Fills>> {
    let fills = RwSignal::new(None);
    effect(move || {
        books.track_changes();
        let Some(ticker) = selected.get() else {
            return;
        };
        spawn(async move {
            let trades = load_fills(ticker).await.ok();
            fills.set(Some(Fills { ticker, trades }));
        });
    });
    fills
}

impl Fills {
    /// Whether the trades could not be read.
    pub fn are_unknown(&self) -> bool {
        self.trades.is_none()
    }

    /// A mark for each candle and side with a trade, in the order of time. A trade from before the first candle has none.
    pub fn marks(&self, shown: &Shown) -> Vec<FillMark> {
        if shown.ticker != Some(self.ticker) {
            return Vec::new();
        }
        let candles = shown.series.candles();
        let mark = |trade: &Trade| {
            let time = bar_at(candles, trade.executed_at.unix_second())?;
            Some(FillMark { time, side: trade.side })
        };
        let marks: Vec<FillMark> = self.trades.iter().flatten().filter_map(mark).collect();
        let mut marks = sorted_by_key(&marks, |mark| (mark.time, mark.side.as_str()));
        marks.dedup();
        marks
    }
}

/// The time of the candle that was forming at an instant (Unix seconds): where nothing traded, the last one before. Nothing
/// before the first.
fn bar_at(candles: &[Candle], second: i64) -> Option<i64> {
    let begun = candles.partition_point(|candle| candle.time <= second);
    begun.checked_sub(1).and_then(|index| candles.get(index)).map(|candle| candle.time)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::money::Price;

    #[rstest]
    #[case::before_the_first(59, None)]
    #[case::at_its_start(60, Some(60))]
    #[case::at_its_end(119, Some(60))]
    #[case::in_the_next(120, Some(120))]
    #[case::where_nothing_traded(400, Some(120))]
    #[case::before_the_gap_s_end(599, Some(120))]
    #[case::behind_the_gap(600, Some(600))]
    #[case::after_the_last(9_000, Some(600))]
    fn a_fill_stands_on_the_bar_that_was_there(#[case] second: i64, #[case] time: Option<i64>) {
        let price = Price::from_units(1_000_000).unwrap();
        let candle = |time| Candle { time, open: price, high: price, low: price, close: price, volume: 1 };
        assert_eq!(bar_at(&[60, 120, 600].map(candle), second), time);
    }
}
