//! Where the panels stand: resized by hand or by keyboard, closed and opened, and remembered.
//!
//! The style sheet places the panels (`style/layout.css`) and has their usual sizes. What a person changed is kept on the
//! document's root, as `--watchlist-size: 320px` and `data-watchlist="closed"`, where `before_paint.js` puts it back
//! before anything is drawn.

mod arrangement;
mod bottom_bar;
mod seam;
mod slot;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{effects::effect, media::use_media, storage};
use arrangement::{Arrangement, Axis, Bounds, open_or_closed};
pub use arrangement::{Panel, RESIZABLE};
pub use bottom_bar::BottomBar;
pub use seam::Seam;
pub use slot::{CopilotSlot, Slot};

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
    view: RwSignal<Panel>,
}

impl Layout {
    /// As the style sheet has it; from the first effects on, as it was left.
    pub fn new() -> Self {
        let layout = Self {
            arrangement: RwSignal::new(Arrangement::default()),
            is_narrow: use_media(NARROW_QUERY),
            is_phone: use_media(PHONE_QUERY),
            view: RwSignal::new(Panel::Chart),
        };
        effect(move || {
            layout.arrangement.set(Arrangement::read(&storage::read(STORAGE_KEY).unwrap_or_default()));
            // Not before it was read: the document shows it already.
            effect(move || layout.arrangement.with(mark_document));
        });
        layout
    }

    /// The panel shown where there is room for one alone, tracked.
    pub fn view(self) -> Panel {
        self.view.get()
    }

    /// Whether a panel is open, tracked; on a phone, whether it is the one shown.
    pub fn is_open(self, panel: Panel) -> bool {
        if self.is_phone.get() { self.view.get() == panel.view() } else { self.is_held_open(panel) }
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
        self.view.set(panel.view());
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
        if untrack(|| self.is_phone.get()) || !RESIZABLE.contains(&panel) {
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
        self.change(panel, |change| *change = arrangement::Change::default());
        self.remember();
    }

    /// Every panel back to what the style sheet has.
    pub fn reset_all(self) {
        RESIZABLE.into_iter().for_each(|panel| self.reset(panel));
    }

    fn change(self, panel: Panel, change: impl FnOnce(&mut arrangement::Change)) {
        self.arrangement.update(|arrangement| {
            if let Some(slot) = arrangement.of_mut(panel) {
                change(slot);
            }
        });
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
    for panel in RESIZABLE {
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
}
