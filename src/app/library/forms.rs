//! The part of the library that hands documents in, narrows their list, changes what is known of them, and turns their pages.

use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    add::{show_add, show_beginning},
    details::show_details,
    narrowing::show_narrowing,
    steps::show_steps,
};
use crate::app::parts::PartView;

#[wasm_split(library_forms, fallible)]
pub fn fetch_add() -> Result<PartView, SplitLoaderError> {
    Ok(show_add)
}

#[wasm_split(library_forms, fallible)]
pub fn fetch_beginning() -> Result<PartView, SplitLoaderError> {
    Ok(show_beginning)
}

#[wasm_split(library_forms, fallible)]
pub fn fetch_details() -> Result<PartView, SplitLoaderError> {
    Ok(show_details)
}

#[wasm_split(library_forms, fallible)]
pub fn fetch_narrowing() -> Result<PartView, SplitLoaderError> {
    Ok(show_narrowing)
}

#[wasm_split(library_forms, fallible)]
pub fn fetch_steps() -> Result<PartView, SplitLoaderError> {
    Ok(show_steps)
}
