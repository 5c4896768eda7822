//! Own trades of the ticker shown, and where its candles have them.

use leptos::prelude::*;

use super::candles::Shown;
use crate::{
    api::load_fills,
    app::{
        account::Books,
        effects::{effect, spawn},
    },
    domain::{order::Trade, ranking::sorted_by_key, ticker::Ticker},
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
        let Some(first) = shown.series.candles().first().filter(|_| shown.ticker == Some(self.ticker)) else {
            return Vec::new();
        };
        let mark = |trade: &Trade| FillMark {
            time: shown.series.interval().start_of(trade.executed_at.unix_second()),
            side: trade.side,
        };
        let trades = self.trades.iter().flatten().map(mark).filter(|mark| mark.time >= first.time);
        let marks: Vec<FillMark> = trades.collect();
        let mut marks = sorted_by_key(&marks, |mark| (mark.time, mark.side.as_str()));
        marks.dedup();
        marks
    }
}
