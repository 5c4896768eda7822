//! Rows that are scrolled out of sight do not flash: the browser would light each of them up on a layer of its own.
//!
//! They carry `data-away`, which the style sheet knows. It lays out and paints what is up to some thousand pixels away,
//! whatever `content-visibility` says.

use js_sys::Array;
use leptos::{html::Ul, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

use crate::{
    app::{effects::effect, flash::end_animations},
    domain::ticker::Ticker,
};

const MARK: &str = "data-away";

/// Marks the list's rows, for as long as the calling component stands; `order` is what the list shows.
pub fn mark_rows_away(list: NodeRef<Ul>, order: Memo<Vec<Ticker>>) {
    effect(move || {
        if let Some(list) = list.get()
            && let Some(watch) = Watch::begin(&list)
        {
            let observer = watch.observer.clone();
            // Ends with this effect.
            StoredValue::new_local(watch);
            effect(move || {
                order.track();
                let (list, observer) = (list.clone(), observer.clone());
                // New rows stand after the effects of the change.
                request_animation_frame(move || watch_rows(&list, &observer));
            });
        }
    });
}

/// Watches all rows; those that are watched already stay so.
fn watch_rows(list: &Element, observer: &IntersectionObserver) {
    let rows = list.children();
    (0..rows.length()).filter_map(|index| rows.item(index)).for_each(|row| observer.observe(&row));
}

/// Tells which rows come into sight and go; dropping it ends that.
struct Watch {
    observer: IntersectionObserver,
    _look: Closure<dyn FnMut(Array)>,
}

impl Watch {
    /// Nothing where there is no observer: all rows flash then.
    fn begin(list: &Element) -> Option<Self> {
        let look = Closure::<dyn FnMut(Array)>::new(look);
        let options = IntersectionObserverInit::new();
        options.set_root(Some(list));
        let observer = IntersectionObserver::new_with_options(look.as_ref().unchecked_ref(), &options).ok()?;
        Some(Self { observer, _look: look })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn look(entries: Array) {
    for entry in entries {
        let entry: IntersectionObserverEntry = entry.unchecked_into();
        let row = entry.target();
        if entry.is_intersecting() {
            // What it would have flashed is long over.
            end_animations(&row, "data-flash");
            // Only a malformed name could be refused, in both.
            let _ = row.remove_attribute(MARK);
        } else {
            let _ = row.set_attribute(MARK, "");
        }
    }
}
