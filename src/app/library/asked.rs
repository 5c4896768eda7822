//! The part of the library in which a question is asked and answered.

use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{question::show_question, statements::show_answer};
use crate::app::parts::PartView;

#[wasm_split(library_asked, fallible)]
pub fn fetch_answer() -> Result<PartView, SplitLoaderError> {
    Ok(show_answer)
}

#[wasm_split(library_asked, fallible)]
pub fn fetch_question() -> Result<PartView, SplitLoaderError> {
    Ok(show_question)
}
