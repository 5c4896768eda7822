//! Layout of the panels: resized by pointer or keyboard, closed, opened, and stored.
//!
//! The style sheet places the panels (`style/layout.css`) and has their default sizes. A person's changes are set on
//! the document's root, as `--watchlist-size: 320px` and `data-watchlist="closed"`; `before_paint.js` restores them
//! before the first paint.

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

/// Storage key; also in `before_paint.js`.
const STORAGE_KEY: &str = "layout";

/// Up to this width the copilot is closed by default, and lies over the other panels. Also in `layout.css`…
const NARROW_QUERY: &str = "(max-width: 73.75rem)";
/// …like this: here is room for one panel at a time.
const PHONE_QUERY: &str = "(max-width: 45rem), (max-width: 73.75rem) and (max-height: 30rem)";

/// Handle to the page's layout; copies share it.
#[derive(Clone, Copy)]
pub struct Layout {
    arrangement: RwSignal<Arrangement>,
    is_narrow: Signal<bool>,
    is_phone: Signal<bool>,
    /// Panel that is shown on screens for a single one.
    panel: RwSignal<Panel>,
    pub saved: SavedLayouts,
}

impl Layout {
    /// The style sheet's layout; the stored one is restored with the first effects.
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
            // Not before it was read: the document already shows it.
            effect(move || layout.arrangement.with(mark_document));
        });
        layout
    }

    /// Panel that is shown on screens for a single one; tracked.
    pub fn panel(self) -> Panel {
        self.panel.get()
    }

    /// The same, but `None` on larger screens; tracked.
    pub fn phone_panel(self) -> Option<Panel> {
        let panel = self.panel.get();
        self.is_phone.get().then_some(panel)
    }

    /// Shows a panel on screens for a single one; no effect on others.
    pub fn show_on_phone(self, panel: Panel) {
        self.panel.set(panel.stand_in());
    }

    /// Whether a panel is open, tracked; on a phone, whether it is the shown one.
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

    /// Shows a panel, and focuses it.
    pub fn show(self, panel: Panel) {
        self.show_at(panel, "");
    }

    /// Shows a panel, and focuses the element in it that matches the selector, or the panel if there is none.
    pub fn show_at(self, panel: Panel, selector: &'static str) {
        self.show_on_phone(panel);
        for panel in panel.holder().into_iter().chain([panel]) {
            self.set_open(panel, true);
        }
        // Once the panel is rendered.
        request_animation_frame(move || {
            if let Some(slot) = find_slot(panel) {
                let inside = slot.query_selector(selector).ok().flatten();
                let slot = inside.and_then(|inside| inside.dyn_into::<HtmlElement>().ok()).unwrap_or(slot);
                // Fails only if there is nothing to focus.
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

    /// Sets a panel's size, in CSS pixels, within its bounds; [`remember`](Self::remember) stores it.
    fn resize(self, panel: Panel, size: f64) {
        let Bounds { min, max } = bounds(panel);
        let size = size.clamp(f64::from(min), f64::from(max)) as u16;
        let usual = untrack(|| self.is_usually_open(panel));
        self.change(panel, |change| {
            change.size = Some(size);
            change.is_open = (!usual).then_some(true);
        });
    }

    /// Resets a panel to the style sheet's default.
    fn reset(self, panel: Panel) {
        self.change(panel, |change| *change = Change::default());
        self.remember();
    }

    /// Resets every panel to the style sheet's default.
    pub fn reset_all(self) {
        self.arrangement.set(Arrangement::default());
        self.remember();
    }

    /// Swaps a panel of the row below the chart with its neighbour.
    pub fn swap(self, panel: Panel, is_forward: bool) {
        self.arrangement.update(|arrangement| arrangement.swap(panel, is_forward));
        self.remember();
    }

    /// Change of a panel's size when its separator moves right or down by one; untracked.
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

/// Bounds of a panel's size in the present window.
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

/// Writes the arrangement for the style sheet.
fn mark_document(arrangement: &Arrangement) {
    let Some(root) = document().document_element().and_then(|root| root.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    for panel in Panel::ALL {
        let (name, change) = (panel.as_str(), arrangement.of(panel));
        let (property, attribute) = (format!("--{name}-size"), format!("data-{name}"));
        // Fails only for malformed names.
        let _ = match change.size {
            Some(size) => root.style().set_property(&property, &format!("{size}px")),
            None => root.style().remove_property(&property).map(drop),
        };
        let _ = match change.is_open {
            Some(is_open) => root.set_attribute(&attribute, open_or_closed(is_open)),
            None => root.remove_attribute(&attribute),
        };
    }
    // Panels have odd places, the separators between them even ones.
    for (place, panel) in arrangement.row().into_iter().enumerate() {
        let (order, side) = (2 * place as i32 + 1, arrangement.growth(panel) as i32);
        for (property, value) in [("order", order), ("splitter", order + side)] {
            let _ = root.style().set_property(&format!("--{}-{property}", panel.as_str()), &value.to_string());
        }
    }
}
