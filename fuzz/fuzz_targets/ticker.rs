//! A ticker is accepted exactly if it matches the contract's pattern, and survives a round trip.
#![no_main]

use finally::domain::ticker::Ticker;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
    // `[A-Za-z]{1,5}(\.[A-Za-z])?`, implemented differently from the parser.
    let letters = trimmed.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = &trimmed.as_bytes()[letters..];
    let fits = (1..=5).contains(&letters)
        && (rest.is_empty() || (rest.len() == 2 && rest[0] == b'.' && rest[1].is_ascii_alphabetic()));

    let read = text.parse::<Ticker>();
    assert_eq!(read.is_ok(), fits, "{text:?}");
    let Ok(ticker) = read else { return };
    assert_eq!(ticker.as_str(), trimmed.to_ascii_uppercase());
    assert_eq!(ticker.to_string().parse(), Ok(ticker));
    let json = serde_json::to_string(&ticker).unwrap();
    assert_eq!(serde_json::from_str::<Ticker>(&json).unwrap(), ticker);
});
