//! Views whose type is forgotten, at the seams between components: the code of each is then compiled once.
//!
//! Leptos has `AnyView` for that, which is made for pages of every kind: it copies each text and attribute of a view before
//! it shows it, brings for each view a second copy of the code that takes it over from the server, for pages whose parts are
//! loaded by and by, and a third that changes it into another of its type. A [`Piece`] leaves out the first two, and the
//! third unless it is asked for. The server keeps to `AnyView`.

mod piece;

use std::sync::Arc;

use leptos::{children::ToChildren, prelude::*};

use self::piece::{ChangingPart, Part};
use super::effects::memo;
use crate::IN_BROWSER;

pub trait Erase {
    /// The view, without its type. Where another piece takes its place, its elements are replaced.
    fn erase(self) -> Piece;

    /// As [`Erase::erase`], but where a piece of the same type takes its place, its elements stay and change: someone may
    /// have the focus in them.
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

/// What stands between a component's tags, shown once.
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

/// What stands between a component's tags, made anew each time that it is shown.
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

/// Shows a view while `is_so`; it is made anew whenever that becomes true.
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
