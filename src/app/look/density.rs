//! How closely the rows stand: with room to read and to point, or as many as the screen holds.
//!
//! Kept in the document's `data-density`, where `before_paint.js` puts it before anything is drawn.

use leptos::prelude::*;

use super::mark_document;
use crate::app::{effects::effect, storage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    Comfortable,
    Compact,
}

/// Also in `before_paint.js`.
const STORAGE_KEY: &str = "density";

impl Density {
    pub const ALL: [Self; 2] = [Self::Comfortable, Self::Compact];

    pub fn title(self) -> &'static str {
        match self {
            Self::Comfortable => "Comfortable",
            Self::Compact => "Compact",
        }
    }

    /// What is stored; nothing stands for the usual one.
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
        // Not before it is known: the document says it already.
        effect(move || mark_document("data-density", density.get().as_str()));
    });
}

/// What was chosen, to be read and written.
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
