//! Views with erased types, at the boundaries of components: the code of each is then compiled once.
//!
//! Leptos's `AnyView` serves pages of every kind. For each view it copies all texts and attributes before rendering,
//! has a second copy of the hydration code for pages that are loaded in parts, and a third copy of the code that
//! changes it into another of its type. A [`Piece`] omits the first two, and the third unless requested. The server
//! uses `AnyView`.

mod piece;

use std::sync::Arc;

use leptos::{children::ToChildren, prelude::*};

use self::piece::{ChangingPart, Part};
use super::effects::memo;
use crate::IN_BROWSER;

pub trait Erase {
    /// The view without its type. If another piece takes its place, its elements are replaced.
    fn erase(self) -> Piece;

    /// Like [`Erase::erase`], but if a piece of the same type takes its place, its elements are kept and updated: one
    /// of them may have the focus.
    fn erase_to_change(self) -> Piece;
}

impl<T: RenderHtml + 'static> Erase for T {
    fn erase(self) -> Piece {
        Piece(if const { IN_BROWSER } { Side::Browser(Box::new(self)) } else { Side::Server(self.into_any()) })
    }

    fn erase_to_change(self) -> Piece {
        Piece(if const { IN_BROWSER } { Side::Changing(Box::new(self)) } else { Side::Server(self.into_any()) })
    }
}

/// A view of any type.
pub struct Piece(Side);

enum Side {
    Server(AnyView),
    Browser(Box<dyn Part>),
    Changing(Box<dyn ChangingPart>),
}

/// Children of a component, rendered once.
pub struct Content(Box<dyn FnOnce() -> Piece + Send>);

impl Content {
    pub fn show(self) -> Piece {
        (self.0)()
    }
}

impl<F, T> ToChildren<F> for Content
where
    F: FnOnce() -> T + Send + 'static,
    T: RenderHtml + 'static,
{
    fn to_children(show: F) -> Self {
        Self(Box::new(move || show().erase()))
    }
}

/// Children of a component, rendered anew each time they are shown.
#[derive(Clone)]
pub struct ContentFn(Arc<dyn Fn() -> Piece + Send + Sync>);

impl ContentFn {
    pub fn show(&self) -> Piece {
        (self.0)()
    }
}

impl<F, T> ToChildren<F> for ContentFn
where
    F: Fn() -> T + Send + Sync + 'static,
    T: RenderHtml + 'static,
{
    fn to_children(show: F) -> Self {
        Self(Arc::new(move || show().erase()))
    }
}

/// Shows a view while `is_so`; renders it anew whenever that becomes true.
pub fn show_when(
    is_so: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> Piece + Send + Sync + 'static,
) -> Piece {
    show(Box::new(is_so), Box::new(view))
}

fn show(is_so: Box<dyn Fn() -> bool + Send + Sync>, view: Box<dyn Fn() -> Piece + Send + Sync>) -> Piece {
    let is_so = memo(is_so);
    (move || is_so.get().then(&view)).erase()
}
