//! Hydration, building, updating and removal of a piece.

use std::any::Any;

use leptos::{
    attr::{Attribute, any_attribute::AnyAttribute},
    prelude::*,
    tachys::{
        hydration::Cursor,
        renderer::{
            Rndr,
            types::{Element, Node, Placeholder},
        },
        ssr::StreamBuilder,
        view::{Mountable, Position, PositionState, add_attr::AddAnyAttr},
    },
};

use super::{Piece, Side};

/// A view before rendering.
pub trait Part: Send {
    fn build(self: Box<Self>) -> Placed;

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Placed;
}

impl<T: RenderHtml + 'static> Part for T {
    fn build(self: Box<Self>) -> Placed {
        let shown = Box::new(State::<T>(Render::build(*self)));
        Placed { shown, placeholder: (!T::EXISTS).then(Rndr::create_placeholder) }
    }

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Placed {
        let shown = Box::new(State::<T>(RenderHtml::hydrate::<true>(*self, cursor, position)));
        Placed { shown, placeholder: (!T::EXISTS).then(|| cursor.next_placeholder(position)) }
    }
}

/// A view before rendering, possibly into an existing one of the same type.
pub trait ChangingPart: Part {
    fn change(self: Box<Self>, placed: &mut Placed);
}

impl<T: RenderHtml + 'static> ChangingPart for T {
    fn change(self: Box<Self>, placed: &mut Placed) {
        let shown: &mut dyn Any = &mut *placed.shown;
        match shown.downcast_mut::<State<T>>() {
            Some(state) => self.rebuild(&mut state.0),
            None => placed.give_way_to(Part::build(self)),
        }
    }
}

/// A rendered view.
trait Shown: Any {
    fn mount(&mut self, parent: &Element, marker: Option<&Node>);

    fn unmount(&mut self);

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool;
}

/// Distinguishes types of views, even if two share a state.
struct State<T: Render>(T::State);

impl<T: Render + 'static> Shown for State<T> {
    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }
}

/// A rendered piece, with a marker node at its place if it has no node of its own.
pub struct Placed {
    shown: Box<dyn Shown>,
    placeholder: Option<Placeholder>,
}

impl Placed {
    fn give_way_to(&mut self, mut other: Self) {
        self.insert_before_this(&mut other);
        self.unmount();
        *self = other;
    }
}

impl Mountable for Placed {
    fn unmount(&mut self) {
        self.shown.unmount();
        if let Some(placeholder) = &mut self.placeholder {
            placeholder.unmount();
        }
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.shown.mount(parent, marker);
        if let Some(placeholder) = &mut self.placeholder {
            placeholder.mount(parent, marker);
        }
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.shown.insert_before_this(child)
            || self.placeholder.as_ref().is_some_and(|placeholder| placeholder.insert_before_this(child))
    }

    /// Requested only for attributes from outside, which a piece does not support.
    fn elements(&self) -> Vec<Element> {
        Vec::new()
    }
}

impl Piece {
    fn in_browser(self) -> Box<dyn Part> {
        match self.0 {
            Side::Browser(part) => part,
            Side::Changing(part) => part,
            Side::Server(_) => unreachable!("no page is shown on the server"),
        }
    }

    fn on_server(self) -> AnyView {
        match self.0 {
            Side::Server(view) => view,
            Side::Browser(_) | Side::Changing(_) => unreachable!("no HTML is written in the browser"),
        }
    }
}

impl Render for Piece {
    type State = Placed;

    fn build(self) -> Placed {
        self.in_browser().build()
    }

    fn rebuild(self, placed: &mut Placed) {
        match self.0 {
            Side::Changing(part) => part.change(placed),
            part => placed.give_way_to(Self(part).build()),
        }
    }
}

impl AddAnyAttr for Piece {
    type Output<NewAttr: Attribute> = Self;

    /// The page gives no attributes to components from outside; a piece, whose elements are unknown, ignores them.
    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self {
        self
    }
}

impl RenderHtml for Piece {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {
        if let Side::Server(view) = &mut self.0 {
            view.dry_resolve();
        }
    }

    async fn resolve(self) -> Self {
        Self(Side::Server(self.on_server().resolve().await))
    }

    fn html_len(&self) -> usize {
        if let Side::Server(view) = &self.0 { view.html_len() } else { 0 }
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.on_server().to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.on_server().to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Placed {
        self.in_browser().hydrate(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}
