//! Where the panels stand: resized by hand or by keyboard, closed and opened, and remembered.
//!
//! The style sheet places the panels (`style/layout.css`) and has their usual sizes. What a person changed is kept on the
//! document's root, as `--watchlist-size: 320px` and `data-watchlist="closed"`, where `before_paint.js` puts it back
//! before anything is drawn.

mod arrangement;
pub mod menu;
mod panel;
mod phone_tabs;
mod saved;
mod slot;
mod splitter;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::app::{effects::effect, media::use_media, storage};
use arrangement::{Arrangement, Change, open_or_closed};
pub use panel::Panel;
use panel::{Axis, Bounds};
pub use phone_tabs::PhoneTabs;
use saved::SavedLayouts;
pub use slot::{CopilotSlot, Slot};
pub use splitter::Splitter;

/// Also in `before_paint.js`.
const STORAGE_KEY: &str = "layout";

/// Up to here the copilot is closed until it is asked for, and lies over the other panels. Also in `layout.css`…
const NARROW_QUERY: &str = "(max-width: 73.75rem)";
/// …as is this: here is room for one panel at a time.
const PHONE_QUERY: &str = "(max-width: 45rem), (max-width: 73.75rem) and (max-height: 30rem)";

/// The handle to the page's layout; copies share it.
#[derive(Clone, Copy)]
pub struct Layout {
    arrangement: RwSignal<Arrangement>,
    is_narrow: Signal<bool>,
    is_phone: Signal<bool>,
    /// The panel that is shown where there is room for one alone.
    panel: RwSignal<Panel>,
    pub saved: SavedLayouts,
}

impl Layout {
    /// As the style sheet has it; from the first effects on, as it was left.
    pub fn new() -> Self {
        let layout = Self {
            arrangement: RwSignal::new(Arrangement::default()),
            is_narrow: use_media(NARROW_QUERY),
            is_phone: use_media(PHONE_QUERY),
            panel: RwSignal::new(Panel::Chart),
            saved: SavedLayouts::new(),
        };
        effect(move || {
            layout.arrangement.set(Arrangement::read(&storage::read(STORAGE_KEY).unwrap_or_default()));
            // Not before it was read: the document shows it already.
            effect(move || layout.arrangement.with(mark_document));
        });
        layout
    }

    /// The panel shown where there is room for one alone, tracked.
    pub fn panel(self) -> Panel {
        self.panel.get()
    }

    /// The same, but nothing where there is room for more than one; tracked.
    pub fn phone_panel(self) -> Option<Panel> {
        let panel = self.panel.get();
        self.is_phone.get().then_some(panel)
    }

    /// Shows a panel where there is room for one alone, and changes nothing elsewhere.
    pub fn show_on_phone(self, panel: Panel) {
        self.panel.set(panel.stand_in());
    }

    /// Whether a panel is open, tracked; on a phone, whether it is the one shown.
    pub fn is_open(self, panel: Panel) -> bool {
        if self.is_phone.get() { self.panel.get() == panel.stand_in() } else { self.is_held_open(panel) }
    }

    fn is_held_open(self, panel: Panel) -> bool {
        let chosen = self.arrangement.with(|arrangement| arrangement.of(panel).is_open);
        chosen.unwrap_or(self.is_usually_open(panel))
    }

    fn is_usually_open(self, panel: Panel) -> bool {
        panel != Panel::Copilot || !self.is_narrow.get()
    }

    /// Brings a panel into view, and the focus to it.
    pub fn show(self, panel: Panel) {
        self.show_at(panel, "");
    }

    /// Brings a panel into view, and the focus to what is in it by this selector, or to all of it where there is no such
    /// element.
    pub fn show_at(self, panel: Panel, selector: &'static str) {
        self.show_on_phone(panel);
        for panel in panel.holder().into_iter().chain([panel]) {
            self.set_open(panel, true);
        }
        // After the panel is there to be focused.
        request_animation_frame(move || {
            if let Some(slot) = find_slot(panel) {
                let inside = slot.query_selector(selector).ok().flatten();
                let slot = inside.and_then(|inside| inside.dyn_into::<HtmlElement>().ok()).unwrap_or(slot);
                // It can only refuse where there is nothing to focus.
                let _ = slot.focus();
            }
        });
    }

    /// Closes an open panel, and opens a closed one. A panel that cannot be closed is shown.
    pub fn toggle(self, panel: Panel) {
        if untrack(|| self.is_phone.get()) || !panel.can_close() {
            return self.show(panel);
        }
        let is_open = untrack(|| self.is_held_open(panel));
        self.set_open(panel, !is_open);
    }

    fn set_open(self, panel: Panel, is_open: bool) {
        let usual = untrack(|| self.is_usually_open(panel));
        self.change(panel, |change| change.is_open = (is_open != usual).then_some(is_open));
        self.remember();
    }

    /// Gives a panel a size, in CSS pixels, within its bounds; [`remember`](Self::remember) keeps it.
    fn resize(self, panel: Panel, size: f64) {
        let Bounds { min, max } = bounds(panel);
        let size = size.clamp(f64::from(min), f64::from(max)) as u16;
        let usual = untrack(|| self.is_usually_open(panel));
        self.change(panel, |change| {
            change.size = Some(size);
            change.is_open = (!usual).then_some(true);
        });
    }

    /// Back to what the style sheet has.
    fn reset(self, panel: Panel) {
        self.change(panel, |change| *change = Change::default());
        self.remember();
    }

    /// Every panel back to what the style sheet has.
    pub fn reset_all(self) {
        self.arrangement.set(Arrangement::default());
        self.remember();
    }

    /// Swaps a panel of the row below the chart with its neighbour.
    pub fn swap(self, panel: Panel, is_forward: bool) {
        self.arrangement.update(|arrangement| arrangement.swap(panel, is_forward));
        self.remember();
    }

    /// What moving a panel's separator right or down by one adds to its size, not tracked.
    fn growth(self, panel: Panel) -> f64 {
        self.arrangement.with_untracked(|arrangement| arrangement.growth(panel))
    }

    fn change(self, panel: Panel, change: impl FnOnce(&mut Change)) {
        self.arrangement.update(|arrangement| change(arrangement.of_mut(panel)));
    }

    fn remember(self) {
        storage::write(STORAGE_KEY, &self.arrangement.with_untracked(Arrangement::to_string));
    }
}

/// The bounds of a panel's size in the window as it is.
fn bounds(panel: Panel) -> Bounds {
    let window = window();
    let extent = match panel.axis() {
        Axis::Horizontal => window.inner_width(),
        Axis::Vertical => window.inner_height(),
    };
    panel.bounds(extent.ok().and_then(|extent| extent.as_f64()).unwrap_or_default())
}

fn find_slot(panel: Panel) -> Option<HtmlElement> {
    document().get_element_by_id(&slot::id(panel))?.dyn_into().ok()
}

/// Writes the arrangement where the style sheet reads it.
fn mark_document(arrangement: &Arrangement) {
    let Some(root) = document().document_element().and_then(|root| root.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    for panel in Panel::ALL {
        let (name, change) = (panel.as_str(), arrangement.of(panel));
        let (property, attribute) = (format!("--{name}-size"), format!("data-{name}"));
        // Only malformed names could be refused.
        let _ = match change.size {
            Some(size) => root.style().set_property(&property, &format!("{size}px")),
            None => root.style().remove_property(&property).map(drop),
        };
        let _ = match change.is_open {
            Some(is_open) => root.set_attribute(&attribute, open_or_closed(is_open)),
            None => root.remove_attribute(&attribute),
        };
    }
    // Panels have odd places, their separators the even ones between.
    for (place, panel) in arrangement.row().into_iter().enumerate() {
        let (order, side) = (2 * place as i32 + 1, arrangement.growth(panel) as i32);
        for (property, value) in [("order", order), ("splitter", order + side)] {
            let _ = root.style().set_property(&format!("--{}-{property}", panel.as_str()), &value.to_string());
        }
    }
}
