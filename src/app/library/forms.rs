//! The part of the library that hands documents in and changes what is known of them.

use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    add::{show_add, show_beginning},
    details::show_details,
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
