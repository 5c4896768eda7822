//! The part of the view with the lists: flows with their form, and lots.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{flows::show_flows, lots::show_lots, store::use_desk};
use crate::app::{
    erase::{Erase, Piece},
    parts::PartView,
};

#[wasm_split(performance_lists, fallible)]
pub fn fetch_lists() -> Result<PartView, SplitLoaderError> {
    Ok(lists)
}

fn lists() -> Piece {
    let desk = use_desk();
    view! {
        {show_flows(desk)}
        {show_lots(desk)}
    }
    .erase()
}
