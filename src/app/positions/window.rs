//! The part of a long table that stands in the page: the rows near those that are seen. Two gaps, as high as the rows left
//! out, keep the scrollbar as it would be.

use leptos::{
    html::{Div, td, tr},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{
    app::{
        effects::{effect, memo},
        erase::{Erase, Piece, show_when},
        look::density::use_density,
        size::{Size, follow_size},
    },
    domain::ticker::Ticker,
};

/// Tables up to this length stand whole: every row can be found by the browser's own search.
const WHOLE_MAX: usize = 100;

/// Rows that stand above and below those that are seen; the window moves by as many.
const MARGIN: usize = 20;

/// Until they are there to be measured, in pixels.
const ROW_HEIGHT_ASSUMED: f64 = 30.0;
const SIZE_ASSUMED: Size = (720.0, 300.0);

/// The handle to a table's window; copies share it.
#[derive(Clone, Copy)]
pub struct Window {
    /// What the table scrolls in.
    pub scroller: NodeRef<Div>,
    size: Signal<Size>,
    top: RwSignal<f64>,
    row_height: RwSignal<f64>,
}

impl Window {
    pub fn new() -> Self {
        let scroller = NodeRef::new();
        let size = follow_size(scroller, SIZE_ASSUMED);
        let window = Self { scroller, size, top: RwSignal::new(0.0), row_height: RwSignal::new(ROW_HEIGHT_ASSUMED) };
        effect(move || {
            size.track();
            if let Some(scroller) = scroller.get() {
                window.measure(&scroller);
            }
        });
        let density = use_density();
        effect(move || {
            density.track();
            // The document is told by an effect of its own.
            request_animation_frame(move || {
                if let Some(scroller) = scroller.try_get_untracked().flatten() {
                    window.measure(&scroller);
                }
            });
        });
        window
    }

    fn measure(self, scroller: &HtmlElement) {
        let row = scroller.query_selector("tr[data-ticker]").ok().flatten();
        let height =
            row.and_then(|row| row.dyn_into::<HtmlElement>().ok()).map_or(0.0, |row| f64::from(row.offset_height()));
        if height > 0.0 && height != self.row_height.get_untracked() {
            self.row_height.set(height);
        }
    }

    /// Notes how far the table has been scrolled, and how high its rows are: the first may have come only now.
    pub fn scroll(self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            self.measure(&scroller);
            self.top.set(f64::from(scroller.scroll_top()));
        }
    }

    /// The rows that stand, of a table of so many, tracked.
    fn span(self, rows: usize) -> Span {
        Span::of(rows, self.top.get(), self.size.get().1, self.row_height.get())
    }

    /// Those of `order` that stand, and the two gaps around them.
    pub fn cut(self, order: Memo<Vec<Ticker>>) -> (Memo<Vec<Ticker>>, [Piece; 2]) {
        let rows = memo(move || order.with(Vec::len));
        let span = memo(move || self.span(rows.get()));
        let standing = memo(move || {
            let Span { start, end } = span.get();
            order.with(|order| order.get(start..end).unwrap_or_default().to_vec())
        });
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

/// From the first row to the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    fn of(rows: usize, top: f64, height: f64, row_height: f64) -> Self {
        if rows <= WHOLE_MAX {
            return Self { start: 0, end: rows };
        }
        let row_at = |pixels: f64| (pixels.max(0.0) / row_height) as usize;
        let end = (row_at(top + height) / MARGIN + 2) * MARGIN;
        let start = (row_at(top) / MARGIN).saturating_sub(1) * MARGIN;
        // A list that has become shorter is scrolled back by the browser, a moment later.
        Self { start: start.min(rows - MARGIN), end: end.min(rows) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_table_stands_whole() {
        assert_eq!(Span::of(0, 0.0, 300.0, 30.0), Span { start: 0, end: 0 });
        assert_eq!(Span::of(100, 2_000.0, 300.0, 30.0), Span { start: 0, end: 100 });
    }

    #[test]
    fn the_window_moves_in_steps() {
        assert_eq!(Span::of(1_000, 0.0, 300.0, 30.0), Span { start: 0, end: 40 });
        assert_eq!(Span::of(1_000, 200.0, 300.0, 30.0), Span { start: 0, end: 40 });
        assert_eq!(Span::of(1_000, 6_000.0, 300.0, 30.0), Span { start: 180, end: 240 });
        assert_eq!(Span::of(1_000, 29_700.0, 300.0, 30.0), Span { start: 960, end: 1_000 });
        assert_eq!(Span::of(101, 90_000.0, 300.0, 30.0), Span { start: 81, end: 101 }, "scrolled beyond its end");
    }

    proptest! {
        #[test]
        fn what_is_seen_stands(rows in 0_usize..5_000, top in 0.0..150_000.0_f64, height in 0.0..2_000.0_f64) {
            let top = top.min((rows as f64 * 30.0 - height).max(0.0));
            let span = Span::of(rows, top, height, 30.0);
            let last = (((top + height) / 30.0).ceil() as usize).min(rows);
            prop_assert!(span.start <= (top / 30.0) as usize && span.end >= last, "{span:?} for rows to {last}");
            prop_assert!(span.end - span.start <= WHOLE_MAX.max(last - (top / 30.0) as usize + 4 * MARGIN));
        }
    }
}
