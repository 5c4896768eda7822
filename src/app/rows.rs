//! Rows of a list: created once, and moved when the order changes.

use std::sync::Arc;

use leptos::prelude::*;

use super::erase::{Erase, Piece};
use crate::domain::ticker::Ticker;

/// Rows of `order`, each created by `row` when its ticker first occurs. The lists of the page share this code.
pub fn rows_of(order: Memo<Vec<Ticker>>, row: impl Fn(Ticker) -> Piece + Send + Sync + 'static) -> Piece {
    let row: Arc<dyn Fn(Ticker) -> Piece + Send + Sync> = Arc::new(row);
    view! { <For each=move || order.get() key=|ticker| *ticker children=move |ticker| row(ticker)/> }.erase()
}

/// A row of [`list_of`].
struct Entry {
    key: String,
    show: Box<dyn FnOnce() -> Piece + Send + Sync>,
}

/// Rows of other items: each is created by `row` when its key first occurs. These lists share their code too.
pub fn list_of<T: Send + Sync + 'static>(
    items: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> String,
    row: impl Fn(T) -> Piece + Send + Sync + 'static,
) -> Piece {
    let row = Arc::new(row);
    let entry = move |item: T| {
        let row = Arc::clone(&row);
        Entry { key: key(&item), show: Box::new(move || row(item)) }
    };
    list(Box::new(move || items().into_iter().map(&entry).collect()))
}

fn list(entries: Box<dyn Fn() -> Vec<Entry> + Send + Sync>) -> Piece {
    view! { <For each=entries key=|entry| entry.key.clone() children=|entry| (entry.show)()/> }.erase()
}
