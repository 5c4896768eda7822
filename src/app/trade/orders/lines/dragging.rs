//! Moving a line: by pointer or by keyboard, with what it was in view, and back by Escape.

use leptos::{prelude::*, task::spawn_local};

use super::{
    Overlay,
    line::{Field, Key, Line, text_of},
};
use crate::{
    api::replace_order,
    app::{
        format::signed_percent,
        trade::{
            alerts::{AlertId, Wish},
            orders::words,
        },
        workspace::Workspace,
    },
    domain::{money::Price, orders::replace::ReplaceOrder},
};

/// A line on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drag {
    pub key: Key,
    pub from: Price,
    pub to: Price,
    /// From the line to where it was taken hold of, in pixels.
    pub grip: f64,
    /// By pointer, which is still down.
    pub is_held: bool,
    /// It was let go of, and the server has not answered yet.
    pub is_sent: bool,
}

impl Drag {
    pub fn begin(line: &Line) -> Self {
        Self { key: line.key, from: line.price, to: line.price, grip: 0.0, is_held: false, is_sent: false }
    }

    /// `776.00 → 771.20 −0.62%`
    pub fn words(self) -> String {
        format!("{} → {} {}", self.from, self.to, signed_percent(self.to.change_from(self.from).percent_of(self.from)))
    }
}

/// A price moved by so many steps: cents, or below a dollar hundredths of one.
pub fn moved(price: Price, steps: i64) -> Option<Price> {
    const DOLLAR: i64 = 10_000;
    let step = if price.units() < DOLLAR { 1 } else { 100 };
    let next = price.units() + steps * step;
    // From $1 on prices are whole cents.
    Price::from_units(if next >= DOLLAR { next / 100 * 100 } else { next })
}

/// Puts what was dragged in force: in the ticket at once, of an order by the server.
pub fn commit(overlay: Overlay, workspace: Workspace) {
    let Some(drag) = overlay.drag.get_untracked() else {
        return;
    };
    let line = untrack(|| overlay.line(drag.key));
    let Some(line) = line.filter(|_| drag.to != drag.from) else {
        return overlay.drag.set(None);
    };
    match drag.key {
        Key::Ticket(field) => {
            if let Some(text) = text_of(workspace.ticket.terms, field) {
                text.set(drag.to.to_string().replace(',', ""));
            }
            overlay.drag.set(None);
        }
        Key::Order(id, field) => {
            overlay.drag.set(Some(Drag { is_held: false, is_sent: true, ..drag }));
            let price = Some(drag.to);
            let change = match field {
                Field::Limit | Field::TakeProfit => ReplaceOrder { limit_price: price, ..ReplaceOrder::default() },
                Field::Stop | Field::StopLoss => ReplaceOrder { stop_price: price, ..ReplaceOrder::default() },
                Field::Alert => return overlay.drag.set(None),
            };
            let change = ReplaceOrder { if_revision: Some(line.revision), ..change };
            let book = workspace.orders;
            spawn_local(async move {
                match replace_order(id, change).await.flatten() {
                    Ok(order) => {
                        book.toasts.success(format!("Changed: {}.", words::describe(&order)));
                        book.put(order);
                    }
                    Err(error) => book.toasts.error(error.to_string()),
                }
                overlay.drag.try_set(None);
                book.refresh();
                book.books.refresh();
            });
        }
        Key::Alert(id) => move_alert(id, drag, overlay, workspace),
    }
}

/// Has an alert wait for the price that its line was dragged to.
fn move_alert(id: AlertId, drag: Drag, overlay: Overlay, workspace: Workspace) {
    let Workspace { alerts: book, selected, .. } = workspace;
    overlay.drag.set(None);
    let alerts = untrack(|| selected.get().map(|ticker| book.at_prices_of(ticker))).unwrap_or_default();
    if let Some(alert) = alerts.into_iter().find(|alert| alert.id == id) {
        book.wish(Wish::Move { alert, price: drag.to });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_moves_by_its_increment() {
        let move_by = |price: &str, steps| moved(price.parse().unwrap(), steps).map(|price| price.to_string());
        assert_eq!(move_by("790", 1).as_deref(), Some("790.01"));
        assert_eq!(move_by("790", -10).as_deref(), Some("789.90"));
        assert_eq!(move_by("0.5", 1).as_deref(), Some("0.5001"));
        assert_eq!(move_by("0.9999", 1).as_deref(), Some("1.00"));
        assert_eq!(move_by("0.0001", -1), None);
    }

    #[test]
    fn a_drag_tells_both_prices() {
        let (from, to) = ("776".parse().unwrap(), "771.2".parse().unwrap());
        let drag = Drag { key: Key::Ticket(Field::Limit), from, to, grip: 0.0, is_held: true, is_sent: false };
        assert_eq!(drag.words(), "776.00 → 771.20 −0.62%");
    }
}
