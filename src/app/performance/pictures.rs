//! The part of the view with the chart and the contributions.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{chart::show_chart, contribution::show_contribution, store::use_desk};
use crate::app::{
    erase::{Erase, Piece},
    parts::PartView,
};

#[wasm_split(performance_pictures, fallible)]
pub fn fetch_pictures() -> Result<PartView, SplitLoaderError> {
    Ok(pictures)
}

fn pictures() -> Piece {
    let desk = use_desk();
    view! {
        {show_chart(desk)}
        {show_contribution(desk)}
    }
    .erase()
}
