//! A quotation that is found in a passage is a slice of it, between characters, and is found again as it stands there.
#![no_main]

use finally::server::library::find_quote;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (passage, quote) = texts;
    let Some((begin, end)) = find_quote(passage, quote) else { return };
    let slice = passage.get(begin..end).expect("it lies between characters");
    let (again, until) = find_quote(passage, slice).expect("its own words are in it");
    assert!(again <= begin && until <= end && find_quote(slice, quote).is_some());
});
