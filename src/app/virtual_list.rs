//! A virtual list of tickers: which of its rows are rendered, and which are visible. Of a long list only rows near the
//! visible ones are rendered, between two gaps with the height of the omitted rows, which preserve the scrollbar.
//! Off-screen rows need not follow every tick.

use std::rc::Rc;

use leptos::{
    ev::Event,
    html::{ElementType, td, tr},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    effects::{effect, memo},
    erase::{Erase, Piece, show_when},
    look::density::use_density,
    market::Market,
    media::use_media,
    size::{Size, follow_presence, follow_size},
};
use crate::domain::ticker::Ticker;

/// Lists up to this length are rendered completely, so that the browser's search finds every row.
const WHOLE_MAX: usize = 100;

/// Rendered rows above and below the visible ones; the rendered range changes in these steps.
const STANDING_MARGIN: usize = 20;

/// Rows above and below the visible ones that count as visible; that range changes in these steps.
const SEEN_MARGIN: usize = 2;

/// Height of a row in pixels, until measured.
const ROW_HEIGHT_ASSUMED: f64 = 30.0;
const SIZE_ASSUMED: Size = (720.0, 300.0);

/// Handle to a list's visible rows; copies share it.
#[derive(Clone, Copy)]
pub struct VirtualList {
    order: Memo<Vec<Ticker>>,
    market: Market,
    size: Signal<Size>,
    top: RwSignal<f64>,
    row_height: RwSignal<f64>,
    /// In print all rows are rendered.
    is_printing: Signal<bool>,
    /// A list, since there are few.
    seen: Memo<Vec<Ticker>>,
}

impl VirtualList {
    /// Follows the list in `scroller`, with rows of equal height in this order and their tickers in `data-ticker`. Must
    /// be notified when the list [scrolls](Self::scroll).
    pub fn follow<E>(scroller: NodeRef<E>, order: Memo<Vec<Ticker>>, market: Market) -> Self
    where
        E: ElementType,
        E::Output: JsCast + Clone + 'static,
    {
        let (size, is_present) = (follow_size(scroller, SIZE_ASSUMED), follow_presence(scroller));
        let list = move || scroller.try_get_untracked().flatten().map(JsCast::unchecked_into);
        Self::of(Rc::new(list), size, is_present, order, market)
    }

    fn of(
        list: Rc<dyn Fn() -> Option<HtmlElement>>,
        size: Signal<Size>,
        is_present: Signal<bool>,
        order: Memo<Vec<Ticker>>,
        market: Market,
    ) -> Self {
        let (top, row_height) = (RwSignal::new(0.0), RwSignal::new(ROW_HEIGHT_ASSUMED));
        let seen = memo(move || {
            if !is_present.get() {
                return Vec::new();
            }
            order.with(|order| Span::seen(order.len(), top.get(), size.get().1, row_height.get()).cut(order))
        });
        let is_printing = use_media("print");
        let window = Self { order, market, size, top, row_height, is_printing, seen };
        let density = use_density();
        effect(move || {
            size.track();
            is_present.track();
            order.track();
            density.track();
            let list = Rc::clone(&list);
            // Separate effects update the document.
            request_animation_frame(move || {
                if let Some(list) = list() {
                    window.look(&list);
                }
            });
        });
        window
    }

    /// Measures the scroll position, and the height of rows.
    fn look(self, list: &HtmlElement) {
        self.top.set(f64::from(list.scroll_top()));
        let row = list.query_selector("[data-ticker]").ok().flatten();
        let height =
            row.and_then(|row| row.dyn_into::<HtmlElement>().ok()).map_or(0.0, |row| f64::from(row.offset_height()));
        if height > 0.0 && height != self.row_height.get_untracked() {
            self.row_height.set(height);
        }
    }

    /// Handles a scroll of the list, from `event`.
    pub fn scroll(self, event: &Event) {
        self.look(&event_target(event));
    }

    /// Whether a row is visible, or about to be; tracked.
    pub fn sees(self, ticker: Ticker) -> bool {
        self.seen.with(|seen| seen.contains(&ticker))
    }

    /// The result of `read`, tracked while the row is visible. Otherwise it is read again in the row's turn, so that
    /// screen readers and searches find values at most a few seconds old.
    pub fn read<T>(self, ticker: Ticker, read: impl FnOnce() -> T) -> T {
        if self.sees(ticker) {
            return read();
        }
        self.market.track_turn(ticker);
        untrack(read)
    }

    /// The rendered rows, and the two gaps around them.
    pub fn cut(self) -> (Memo<Vec<Ticker>>, [Piece; 2]) {
        let Self { order, size, top, row_height, is_printing, .. } = self;
        let rows = memo(move || order.with(Vec::len));
        let span = memo(move || match is_printing.get() {
            true => Span { start: 0, end: rows.get() },
            false => Span::standing(rows.get(), top.get(), size.get().1, row_height.get()),
        });
        let standing = memo(move || order.with(|order| span.get().cut(order)));
        let above = move || span.get().start;
        let below = move || rows.get().saturating_sub(span.get().end);
        (standing, [self.show_gap(above), self.show_gap(below)])
    }

    fn show_gap(self, rows: impl Fn() -> usize + Copy + Send + Sync + 'static) -> Piece {
        let height = Signal::derive(move || ((rows() as f64 * self.row_height.get()).round() as i64).to_string());
        show_when(
            move || rows() > 0,
            // An attribute, because the page's policy forbids inline styles.
            move || tr().class("gap").aria_hidden("true").child(td().colspan("10").attr("height", height)).erase(),
        )
    }
}

/// Range from the first row to the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    fn standing(rows: usize, top: f64, height: f64, row_height: f64) -> Self {
        if rows <= WHOLE_MAX {
            return Self { start: 0, end: rows };
        }
        Self::around(rows, top, height, row_height, STANDING_MARGIN)
    }

    fn seen(rows: usize, top: f64, height: f64, row_height: f64) -> Self {
        Self::around(rows, top, height, row_height, SEEN_MARGIN)
    }

    fn around(rows: usize, top: f64, height: f64, row_height: f64, margin: usize) -> Self {
        let row_at = |pixels: f64| (pixels.max(0.0) / row_height) as usize;
        let end = (row_at(top + height) / margin + 2) * margin;
        let start = (row_at(top) / margin).saturating_sub(1) * margin;
        // After a list has become shorter, the browser scrolls back a moment later.
        Self { start: start.min(rows.saturating_sub(margin)), end: end.min(rows) }
    }

    /// This range of a list.
    fn cut(self, order: &[Ticker]) -> Vec<Ticker> {
        order.get(self.start..self.end).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_list_stands_whole() {
        assert_eq!(Span::standing(0, 0.0, 300.0, 30.0), Span { start: 0, end: 0 });
        assert_eq!(Span::standing(100, 2_000.0, 300.0, 30.0), Span { start: 0, end: 100 });
    }

    #[test]
    fn what_stands_moves_in_steps() {
        assert_eq!(Span::standing(1_000, 0.0, 300.0, 30.0), Span { start: 0, end: 40 });
        assert_eq!(Span::standing(1_000, 200.0, 300.0, 30.0), Span { start: 0, end: 40 });
        assert_eq!(Span::standing(1_000, 6_000.0, 300.0, 30.0), Span { start: 180, end: 240 });
        assert_eq!(Span::standing(1_000, 29_700.0, 300.0, 30.0), Span { start: 960, end: 1_000 });
        assert_eq!(Span::standing(101, 90_000.0, 300.0, 30.0), Span { start: 81, end: 101 }, "scrolled beyond its end");
    }

    #[test]
    fn little_more_than_what_is_in_the_window_counts_as_seen() {
        assert_eq!(Span::seen(50, 0.0, 300.0, 30.0), Span { start: 0, end: 14 });
        assert_eq!(Span::seen(50, 630.0, 300.0, 30.0), Span { start: 18, end: 34 });
        assert_eq!(Span::seen(1, 0.0, 300.0, 30.0), Span { start: 0, end: 1 });
        assert_eq!(Span::seen(0, 0.0, 300.0, 30.0), Span { start: 0, end: 0 });
    }

    proptest! {
        #[test]
        fn what_is_in_the_window_is_seen_and_what_is_seen_stands(
            rows in 0_usize..5_000,
            top in 0.0..150_000.0_f64,
            height in 0.0..2_000.0_f64,
        ) {
            let top = top.min((rows as f64 * 30.0 - height).max(0.0));
            let (seen, standing) = (Span::seen(rows, top, height, 30.0), Span::standing(rows, top, height, 30.0));
            let (first, last) = ((top / 30.0) as usize, (((top + height) / 30.0).ceil() as usize).min(rows));
            prop_assert!(seen.start <= first && seen.end >= last, "{seen:?} for rows to {last}");
            prop_assert!(standing.start <= seen.start && standing.end >= seen.end, "{standing:?} for {seen:?}");
            prop_assert!(seen.end - seen.start <= last.saturating_sub(first) + 4 * SEEN_MARGIN);
            let standing_max = WHOLE_MAX.max(last.saturating_sub(first) + 4 * STANDING_MARGIN);
            prop_assert!(standing.end - standing.start <= standing_max);
        }
    }
}
