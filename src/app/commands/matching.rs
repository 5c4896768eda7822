//! Scores of texts against typed letters.

/// Larger for better matches; `None` if the letters typed do not occur in the text in order. The start of the text
/// counts most, then the start of a word, then consecutive letters.
pub fn score(typed: &str, text: &str) -> Option<u32> {
    let wanted: Vec<char> =
        typed.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter.to_ascii_lowercase()).collect();
    if wanted.is_empty() {
        return Some(0);
    }
    // The first letter may occur more than once, and its first occurrence is not always the best.
    text.char_indices().filter_map(|(start, _)| score_from(start, &wanted, text)).max()
}

/// Score of a match that starts at `start`; each further letter matches its first occurrence.
fn score_from(start: usize, wanted: &[char], text: &str) -> Option<u32> {
    const TEXT_START: u32 = 16;
    const WORD_START: u32 = 8;
    const FOLLOWS: u32 = 4;
    let mut letters = text[start..].char_indices().map(|(at, letter)| (start + at, letter.to_ascii_lowercase()));
    let mut score = 0;
    let mut previous_end = None;
    for wanted in wanted {
        let (at, letter) = letters.by_ref().find(|(_, letter)| letter == wanted)?;
        score += match previous_end {
            _ if at == 0 => TEXT_START,
            Some(end) if end == at => FOLLOWS,
            _ if !text.as_bytes()[at - 1].is_ascii_alphanumeric() => WORD_START,
            _ => 1,
        };
        previous_end = Some(at + letter.len_utf8());
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::start_before_word("he", "Heatmap", "Show the heatmap")]
    #[case::word_before_middle("eq", "Show the equity curve", "Show sequence")]
    #[case::together_before_apart("nv", "NVDA", "Nothing above")]
    #[case::initials("td", "Theme: dark", "Outdated")]
    fn the_better_match_counts_more(#[case] typed: &str, #[case] better: &str, #[case] worse: &str) {
        assert!(score(typed, better) > score(typed, worse), "{:?} {:?}", score(typed, better), score(typed, worse));
    }

    #[test]
    fn every_letter_has_to_be_there_in_order() {
        assert_eq!(score("xyz", "Heatmap"), None);
        assert_eq!(score("pam", "Heatmap"), None);
        assert_eq!(score("", "Heatmap"), Some(0));
        assert!(score("ünder", "Zünder").is_some());
    }
}
