//! The part of the library that shows what was found and asked before, and what narrows a question.

use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{filters::show_filters, history::show_history, passages::show_passages};
use crate::app::parts::PartView;

#[wasm_split(library_found, fallible)]
pub fn fetch_filters() -> Result<PartView, SplitLoaderError> {
    Ok(show_filters)
}

#[wasm_split(library_found, fallible)]
pub fn fetch_passages() -> Result<PartView, SplitLoaderError> {
    Ok(show_passages)
}

#[wasm_split(library_found, fallible)]
pub fn fetch_history() -> Result<PartView, SplitLoaderError> {
    Ok(show_history)
}
