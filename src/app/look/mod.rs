//! How the page looks: its theme, and how closely its rows stand. Both are remembered, and shared by all tabs.

pub mod density;
pub mod theme;

use leptos::prelude::document;

/// Makes theme and density known to everything below.
pub fn provide_look() {
    theme::provide_theme();
    density::provide_density();
}

/// Says something of the look where the style sheet reads it.
fn mark_document(attribute: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // Only a malformed name could be refused.
        let _ = root.set_attribute(attribute, value);
    }
}
