//! The readers of the library's documents: whatever the bytes are, they write whole pieces, in order and within bounds.

use std::sync::Once;

use finally::server::library::{
    bounds::{PAGE_BYTES_MAX, PAGES_MAX},
    extract::{
        extract,
        protocol::{Format, Piece},
    },
};

static QUIET: Once = Once::new();

pub fn check(format: Format, bytes: &[u8]) {
    // A panic while a page is read is caught, and told as a page that could not be read. One of an assertion below still
    // ends the process.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let mut output = Vec::new();
    extract(format, bytes.to_vec(), 1, &mut output).expect("memory takes all of it");
    let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let pieces: Vec<Piece> = lines.map(|line| serde_json::from_slice(line).expect("it is a piece")).collect();
    let mut last = 0;
    for piece in &pieces {
        match piece {
            Piece::Page { page, text, .. } => {
                assert!(*page > last && *page <= PAGES_MAX && text.len() <= PAGE_BYTES_MAX);
                assert!(!text.chars().any(|character| character.is_control() && character != '\n'));
                last = *page;
            }
            Piece::Broken { page, .. } => last = *page,
            Piece::Refused { code, cause } => assert!(!code.is_empty() && !cause.is_empty()),
            Piece::Head { .. } | Piece::Begin { .. } | Piece::End => {}
        }
    }
    assert!(matches!(pieces.last(), Some(Piece::End | Piece::Refused { .. })));
}
