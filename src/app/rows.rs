//! Rows of a list, one for each ticker: made once, and moved when the order changes.

use std::sync::Arc;

use leptos::prelude::*;

use super::erase::Erase;
use crate::domain::ticker::Ticker;

/// The rows of `order`, each made by `row` when its ticker first comes. The lists of the page share this code.
pub fn rows_of(order: Memo<Vec<Ticker>>, row: impl Fn(Ticker) -> AnyView + Send + Sync + 'static) -> AnyView {
    let row: Arc<dyn Fn(Ticker) -> AnyView + Send + Sync> = Arc::new(row);
    view! { <For each=move || order.get() key=|ticker| *ticker children=move |ticker| row(ticker)/> }.erase()
}
