//! Density of the rows: spacious for reading and pointing, or compact.
//!
//! Stored in the document's `data-density`, which `before_paint.js` sets before the first paint.

use leptos::prelude::*;

use super::mark_document;
use crate::app::{effects::effect, storage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    Comfortable,
    Compact,
}

/// Storage key; also in `before_paint.js`.
const STORAGE_KEY: &str = "density";

impl Density {
    pub const ALL: [Self; 2] = [Self::Comfortable, Self::Compact];

    pub fn title(self) -> &'static str {
        match self {
            Self::Comfortable => "Comfortable",
            Self::Compact => "Compact",
        }
    }

    /// Stored text; empty for the default.
    fn as_str(self) -> &'static str {
        match self {
            Self::Comfortable => "",
            Self::Compact => "compact",
        }
    }

    fn read(stored: &str) -> Self {
        if stored == Self::Compact.as_str() { Self::Compact } else { Self::Comfortable }
    }
}

pub fn provide_density() {
    let density = RwSignal::new(Density::Comfortable);
    let recall = move |stored: &str| density.set(Density::read(stored));
    provide_context(density);
    effect(move || {
        storage::keep(STORAGE_KEY, move || density.get().as_str().to_owned(), recall);
        storage::follow(STORAGE_KEY, recall);
        // Not before it is known: the document already has it.
        effect(move || mark_document("data-density", density.get().as_str()));
    });
}

/// The density, to be read and written.
pub fn use_density() -> RwSignal<Density> {
    // Invariant: `App` provides it before any component that asks.
    use_context().expect("the density is provided by the page's root")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_is_read_as_it_was_stored() {
        for density in Density::ALL {
            assert_eq!(Density::read(density.as_str()), density);
        }
        assert_eq!(Density::read("cosy"), Density::Comfortable);
    }
}
