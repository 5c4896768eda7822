//! Moving a row by dragging it: with a mouse anywhere, with a finger by its grip, so that the list still scrolls.

use leptos::{ev::PointerEvent, html::Ul, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::row::ticker_at;
use crate::domain::ticker::Ticker;

/// How far a pointer goes, in pixels, before a press is a drag and no longer a click.
const THRESHOLD: f64 = 5.0;

/// How near to the list's end, in pixels, a drag scrolls it, and by how much at each move.
const SCROLL_ZONE: f64 = 24.0;
const SCROLL_STEP: f64 = 12.0;

/// Which side of a row the dragged one would go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Before,
    /// Of the last row alone.
    After,
}

impl Edge {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// A press that may become a drag.
#[derive(Debug, Clone, Copy)]
struct Press {
    ticker: Ticker,
    y: f64,
}

/// The handle to what is being dragged; copies share it.
#[derive(Clone, Copy)]
pub struct Drag {
    list: NodeRef<Ul>,
    press: StoredValue<Option<Press>>,
    /// A drag ends with a click that selects nothing.
    has_ended: StoredValue<bool>,
    pub dragged: RwSignal<Option<Ticker>>,
    /// Where it would go.
    pub target: RwSignal<Option<(Ticker, Edge)>>,
}

impl Drag {
    pub fn new(list: NodeRef<Ul>) -> Self {
        Self {
            list,
            press: StoredValue::new(None),
            has_ended: StoredValue::new(false),
            dragged: RwSignal::new(None),
            target: RwSignal::new(None),
        }
    }

    /// Whether the click that is being handled is the end of a drag.
    pub fn has_just_ended(self) -> bool {
        self.has_ended.get_value()
    }

    /// The pointer went down.
    pub fn press(self, event: &PointerEvent) {
        self.has_ended.set_value(false);
        let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
            return;
        };
        let is_grip = element.class_list().contains("grip");
        let is_button = element.closest(".remove").is_ok_and(|button| button.is_some());
        if event.button() != 0 || is_button || (event.pointer_type() == "touch" && !is_grip) {
            return;
        }
        let ticker = ticker_at(&element);
        self.press.set_value(ticker.map(|ticker| Press { ticker, y: f64::from(event.client_y()) }));
    }

    /// The pointer moved, over a list of `order`.
    pub fn hover(self, event: &PointerEvent, order: &[Ticker]) {
        let (Some(press), Some(list)) = (self.press.get_value(), self.list.get_untracked()) else {
            return;
        };
        let y = f64::from(event.client_y());
        if self.dragged.get_untracked().is_none() {
            if (y - press.y).abs() < THRESHOLD {
                return;
            }
            // Refused only when the pointer is gone, which ends the drag.
            let _ = list.set_pointer_capture(event.pointer_id());
            self.dragged.set(Some(press.ticker));
        }
        let target = slot(&list, y, order.len()).and_then(|slot| match order.get(slot) {
            Some(ticker) => Some((*ticker, Edge::Before)),
            None => order.last().map(|ticker| (*ticker, Edge::After)),
        });
        if self.target.get_untracked() != target {
            self.target.set(target);
        }
    }

    /// The pointer went up: what was dragged, and what it goes in front of, the end when nothing.
    pub fn release(self) -> Option<(Ticker, Option<Ticker>)> {
        let (dragged, target) = (self.dragged.get_untracked(), self.target.get_untracked());
        self.cancel();
        let (dragged, (ticker, edge)) = (dragged?, target?);
        self.has_ended.set_value(true);
        Some((dragged, (edge == Edge::Before).then_some(ticker)))
    }

    /// Everything stays where it is.
    pub fn cancel(self) {
        self.press.set_value(None);
        self.dragged.set(None);
        self.target.set(None);
    }
}

/// The place among `count` rows that a pointer at `y` means; scrolls a list whose end it is near to.
fn slot(list: &HtmlElement, y: f64, count: usize) -> Option<usize> {
    let frame = list.get_bounding_client_rect();
    let step = match y {
        y if y < frame.top() + SCROLL_ZONE => -SCROLL_STEP,
        y if y > frame.bottom() - SCROLL_ZONE => SCROLL_STEP,
        _ => 0.0,
    };
    if step != 0.0 {
        list.scroll_by_with_x_and_y(0.0, step);
    }
    let row_height = list.first_element_child()?.get_bounding_client_rect().height();
    let offset = y - frame.top() + f64::from(list.scroll_top());
    (row_height > 0.0).then(|| ((offset / row_height).round().max(0.0) as usize).min(count))
}
