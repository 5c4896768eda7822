//! What a person does with alerts: set, change and delete them, with a word about each.

use leptos::{prelude::*, task::spawn_local};

use super::{AlertBook, AlertId, Wish, moved};
use crate::{
    api::{change_alert, create_alert, delete_alert},
    app::workspace::Workspace,
    domain::alerts::{
        Frequency,
        request::{ChangeAlert, NewAlert},
    },
};

/// Carries out what the chart or the palette asks for.
pub fn carry_out(wish: Wish, workspace: Workspace) {
    let Workspace { alerts: book, market, .. } = workspace;
    let last = |ticker| market.quote_untracked(ticker).map(|quote| quote.price);
    match wish {
        Wish::Set(typed) => {
            let condition = typed.condition(last(typed.ticker));
            create(book, NewAlert { condition, frequency: Frequency::Once, expires_at: None, note: None });
        }
        Wish::Move { alert, price } => {
            let condition = Some(moved(alert, price, last(alert.ticker)));
            let told = |sentence: &str| format!("Alert moved: {sentence}.");
            change(book, alert.id, ChangeAlert { condition, ..ChangeAlert::default() }, told);
        }
        Wish::Delete(id) => delete(book, id),
    }
}

/// Makes an alert, with a way back.
fn create(book: AlertBook, alert: NewAlert) {
    spawn_local(async move {
        match create_alert(alert).await.flatten() {
            Ok(alert) => {
                let undo = move || {
                    if let Some(id) = AlertId::of(&alert.id) {
                        book.wish(Wish::Delete(id));
                    }
                };
                book.toasts.offer(format!("Alert set: {}.", alert.sentence), "Undo", undo);
            }
            Err(error) => book.toasts.error(error.to_string()),
        }
        book.refresh();
    });
}

/// Changes an alert; tells it in `words`, which are given its sentence.
pub fn change(book: AlertBook, id: AlertId, change: ChangeAlert, words: fn(&str) -> String) {
    let Some(alert) = untrack(|| book.alert(id)) else { return };
    spawn_local(async move {
        match change_alert(alert.id, change).await.flatten() {
            Ok(alert) => book.toasts.success(words(&alert.sentence)),
            Err(error) => book.toasts.error(error.to_string()),
        }
        book.refresh();
    });
}

pub fn delete(book: AlertBook, id: AlertId) {
    spawn_local(async move {
        match delete_alert(id.uuid()).await.flatten() {
            Ok(()) => book.toasts.success("The alert is deleted; its firings stay in the log.".to_owned()),
            Err(error) => book.toasts.error(error.to_string()),
        }
        book.refresh();
    });
}
