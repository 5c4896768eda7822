//! Canonical text: one kind of space, no invisible characters, ligatures spelled out.

/// Number of characters removed by [`clean`] that a reader would not have seen.
pub type Dropped = u32;

/// Makes raw text canonical: no blanks at line ends, at most one empty line in a row. Also returns the number of
/// characters dropped because they are invisible or reorder others.
pub fn clean(raw: &str) -> (String, Dropped) {
    let mut text = String::with_capacity(raw.len());
    let mut dropped = 0;
    let mut empty_lines = 0;
    for line in raw.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        let begin = text.len();
        for character in line.chars() {
            dropped += push(character, &mut text);
        }
        let end = begin + text[begin..].trim_end_matches(' ').len();
        text.truncate(end);
        empty_lines = if end == begin { empty_lines + 1 } else { 0 };
        if empty_lines <= 1 && !(begin == 0 && end == 0) {
            text.push('\n');
        }
    }
    text.truncate(text.trim_end_matches('\n').len());
    (text, dropped)
}

/// Adds a character in its canonical form; returns 1 if it was hidden and dropped, else 0.
fn push(character: char, text: &mut String) -> Dropped {
    match character {
        ' '..='~' => text.push(character),
        '\t' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => text.push(' '),
        '\u{fb00}' => text.push_str("ff"),
        '\u{fb01}' => text.push_str("fi"),
        '\u{fb02}' => text.push_str("fl"),
        '\u{fb03}' => text.push_str("ffi"),
        '\u{fb04}' => text.push_str("ffl"),
        '\u{fb05}' | '\u{fb06}' => text.push_str("st"),
        // Soft hyphens and joiners only affect layout.
        '\u{ad}' | '\u{200c}' | '\u{200d}' => {}
        _ if is_hidden(character) => return 1,
        _ => text.push(character),
    }
    0
}

/// Whether a character is invisible: control characters, direction marks, tags, invisible operators, and private-use or
/// unassigned code points.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::spaces("a\u{a0}b\tc\u{2009}d  ", "a b c d", 0)]
    #[case::ligatures("o\u{fb03}ce", "office", 0)]
    #[case::lines("\n\na\r\n\r\n\r\n\r\nb\n", "a\n\nb", 0)]
    #[case::bidi("pay \u{202e}001\u{202c}", "pay 001", 2)]
    #[case::tags("a\u{e0049}\u{e0067}b", "ab", 2)]
    #[case::zero_width("ig\u{200b}nore", "ignore", 1)]
    #[case::control("a\u{0}b\u{1b}[1m", "ab[1m", 2)]
    #[case::accents("Zürich – 5 €", "Zürich – 5 €", 0)]
    fn what_cannot_be_seen_is_dropped_and_counted(#[case] raw: &str, #[case] text: &str, #[case] dropped: u32) {
        assert_eq!(clean(raw), (text.to_owned(), dropped));
    }

    proptest! {
        #[test]
        fn clean_text_stays_as_it_is(raw in "\\PC{0,60}") {
            let (text, _) = clean(&raw);
            prop_assert_eq!(clean(&text), (text.clone(), 0));
        }
    }
}
