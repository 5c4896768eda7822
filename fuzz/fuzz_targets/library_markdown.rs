//! Any markdown file is read into bounded pages, or refused with a cause.
#![no_main]

mod reader;

use finally::server::library::extract::protocol::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| reader::check(Format::Markdown, bytes));
