//! Tells of firings, whichever view is shown: a toast, a sound, a desktop notification. Carries out wishes.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{acts::carry_out, desktop, open_tab, words};
use crate::{
    app::{
        effects::effect,
        erase::{Erase, Piece},
        parts::PartView,
        workspace::{Workspace, use_workspace},
    },
    domain::alerts::request::Firing,
};

/// Most toasts of firings that came at once; more are one toast.
const TOASTS_MAX: usize = 3;

#[wasm_split(alerts, fallible)]
pub fn fetch_news() -> Result<PartView, SplitLoaderError> {
    Ok(follow_alerts)
}

/// Shows nothing; reads the alerts and tells of firings as long as the frame stands.
fn follow_alerts() -> Piece {
    let workspace = use_workspace();
    let book = workspace.alerts;
    book.follow();
    effect(move || {
        if !book.wishes.with(Vec::is_empty) {
            let wishes = book.wishes.try_update_untracked(std::mem::take).unwrap_or_default();
            wishes.into_iter().for_each(|wish| carry_out(wish, workspace));
        }
    });
    effect(move || {
        if book.fired.with(Vec::is_empty) {
            return;
        }
        let firings = book.fired.try_update_untracked(std::mem::take).unwrap_or_default();
        tell(&firings, workspace);
        if book.leads.get_value() {
            desktop::tell(&firings);
        }
    });
    ().erase()
}

fn tell(firings: &[Firing], workspace: Workspace) {
    let show = move || open_tab(workspace);
    let toasts = workspace.toasts;
    if firings.len() > TOASTS_MAX {
        return toasts.offer(format!("{} alerts have fired.", firings.len()), "Show", show);
    }
    for firing in firings {
        toasts.offer(format!("Alert: {}", words::told(firing)), "Show", show);
    }
}
