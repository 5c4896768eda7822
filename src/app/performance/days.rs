//! The part of the view with the pictures of single days, and the statement.

use leptos::prelude::*;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{calendar::show_calendar, histogram::show_histogram, statement, store::use_desk};
use crate::app::{
    erase::{Erase, Piece},
    parts::PartView,
};

#[wasm_split(performance_days, fallible)]
pub fn fetch_days() -> Result<PartView, SplitLoaderError> {
    Ok(days)
}

#[wasm_split(performance_days, fallible)]
pub fn fetch_statement() -> Result<PartView, SplitLoaderError> {
    Ok(|| statement::show_statement(use_desk()))
}

fn days() -> Piece {
    let desk = use_desk();
    view! {
        {show_calendar(desk)}
        {show_histogram(desk)}
    }
    .erase()
}
