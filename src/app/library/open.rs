//! Opens lines of a document from another view.

use leptos::{ev::MouseEvent, prelude::*};

use super::place::Place;
use crate::app::{
    navigation::{Navigation, opens_here},
    shell::layout::{Layout, Panel},
    workspace::{Workspace, use_workspace},
};

/// A way to lines of a document: its address, and the handles that open it here.
#[derive(Clone)]
pub struct Lines {
    place: Place,
    navigation: Navigation,
    layout: Layout,
}

impl Lines {
    /// Lines of a page: bytes `begin..end`, or its beginning if these are empty. Has to be called within a component.
    pub fn of(document: &str, page: u32, (begin, end): (u32, u32)) -> Self {
        let Workspace { navigation, layout, .. } = use_workspace();
        let lit = Some((begin, end)).filter(|(begin, end)| begin < end);
        Self { place: Place { document: Some(document.to_owned()), page, lit, ..Place::default() }, navigation, layout }
    }

    pub fn href(&self) -> String {
        format!("/library{}", self.place.query())
    }

    /// Opens the lines in the library, whose question and answer stay as they are. A click that opens another tab is left to
    /// the browser.
    pub fn open(&self, event: &MouseEvent) {
        if !opens_here(event) {
            return;
        }
        event.prevent_default();
        let shown = Place::read(&untrack(|| self.navigation.library()));
        let Place { document, page, lit, .. } = self.place.clone();
        // On a phone, a view is hidden while the copilot is shown.
        self.layout.show_on_phone(Panel::Chart);
        self.navigation.show_in_library(Place { document, page, lit, ..shown }.query());
    }
}
