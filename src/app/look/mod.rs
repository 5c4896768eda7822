//! Look of the page: its theme, and the density of its rows. Both are stored, and shared by all tabs.

pub mod density;
pub mod theme;

use leptos::prelude::document;

/// Provides theme and density to all components below.
pub fn provide_look() {
    theme::provide_theme();
    density::provide_density();
}

/// Sets an attribute that the style sheet reads.
fn mark_document(attribute: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // Fails only for a malformed name.
        let _ = root.set_attribute(attribute, value);
    }
}
