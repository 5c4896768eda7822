//! Views whose type is forgotten, at the seams between components: the code of each is then compiled once.
//!
//! Leptos' own `into_any` brings, for each view, a second copy of the code that takes it over from the server, for pages
//! whose parts are loaded by and by. This page is loaded whole, so [`Erase::erase`] leaves that copy out: a tenth of the
//! client.

use leptos::{
    attr::{Attribute, any_attribute::AnyAttribute},
    prelude::*,
    tachys::{
        hydration::Cursor,
        ssr::StreamBuilder,
        view::{Position, PositionState, add_attr::AddAnyAttr},
    },
};

pub trait Erase {
    /// The view, without its type.
    fn erase(self) -> AnyView;
}

impl<T: RenderHtml + Send + 'static> Erase for T {
    fn erase(self) -> AnyView {
        AtOnce(self).into_any()
    }
}

/// Shows a view while `is_so`; it is made anew whenever that becomes true.
pub fn show_when(
    is_so: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    show(Box::new(is_so), Box::new(view))
}

fn show(is_so: Box<dyn Fn() -> bool + Send + Sync>, view: Box<dyn Fn() -> AnyView + Send + Sync>) -> AnyView {
    let is_so = Memo::new(move |_| is_so());
    (move || is_so.get().then(&view)).erase()
}

/// A view that is taken over from the server in one go: everything is handed on but `hydrate_async`, whose default is
/// `hydrate`.
struct AtOnce<T>(T);

impl<T: Render> Render for AtOnce<T> {
    type State = T::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

impl<T: RenderHtml> AddAnyAttr for AtOnce<T> {
    type Output<SomeNewAttr: Attribute> = AtOnce<<T as AddAnyAttr>::Output<SomeNewAttr>>;

    fn add_any_attr<NewAttr: Attribute>(self, attr: NewAttr) -> Self::Output<NewAttr>
    where
        Self::Output<NewAttr>: RenderHtml,
    {
        AtOnce(self.0.add_any_attr(attr))
    }
}

impl<T: RenderHtml> RenderHtml for AtOnce<T> {
    type AsyncOutput = T::AsyncOutput;
    type Owned = AtOnce<T::Owned>;

    const MIN_LENGTH: usize = T::MIN_LENGTH;
    const EXISTS: bool = T::EXISTS;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> Self::AsyncOutput {
        self.0.resolve().await
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self::Owned {
        AtOnce(self.0.into_owned())
    }
}
