//! Finds a quotation in a passage, by comparing both after folding characters that readers do not tell apart.
//!
//! Runs of blanks and line ends become one blank; hyphens and dashes, quotation marks and apostrophes get one form
//! each; ligatures are spelled out; soft hyphens are removed. Letters, digits and their case are kept.

/// A folded text, with each byte's place in the original.
struct Folded {
    text: String,
    /// For each byte of `text`, the start and end of the character that it comes from.
    places: Vec<(usize, usize)>,
}

impl Folded {
    fn of(original: &str) -> Self {
        let mut folded =
            Self { text: String::with_capacity(original.len()), places: Vec::with_capacity(original.len()) };
        for (begin, character) in original.char_indices() {
            let place = (begin, begin + character.len_utf8());
            match character {
                '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
                '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => folded.push("-", place),
                '‘' | '’' | '‚' | '‛' | '′' | '`' => folded.push("'", place),
                '“' | '”' | '„' | '‟' | '″' => folded.push("\"", place),
                'ﬀ' => folded.push("ff", place),
                'ﬁ' => folded.push("fi", place),
                'ﬂ' => folded.push("fl", place),
                'ﬃ' => folded.push("ffi", place),
                'ﬄ' => folded.push("ffl", place),
                _ if character.is_whitespace() => {
                    if !folded.text.is_empty() && !folded.text.ends_with(' ') {
                        folded.push(" ", place);
                    }
                }
                _ => folded.push(character.encode_utf8(&mut [0; 4]), place),
            }
        }
        if folded.text.ends_with(' ') {
            folded.text.pop();
            folded.places.pop();
        }
        folded
    }

    fn push(&mut self, text: &str, place: (usize, usize)) {
        self.text.push_str(text);
        self.places.extend(std::iter::repeat_n(place, text.len()));
    }
}

/// Byte range of a quotation in a passage, on character boundaries; `None` if it is not there.
pub fn find(passage: &str, quote: &str) -> Option<(usize, usize)> {
    let (passage, quote) = (Folded::of(passage), Folded::of(quote));
    if quote.text.is_empty() {
        return None;
    }
    let begin = passage.text.find(&quote.text)?;
    let last = begin + quote.text.len() - 1;
    Some((passage.places[begin].0, passage.places[last].1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::as_it_is("Revenues were $ 66,608 million.", "were $ 66,608", Some("were $ 66,608"))]
    #[case::columns(
        "Revenues   $ 66,608   $ 62,286",
        "Revenues $ 66,608 $ 62,286",
        Some("Revenues   $ 66,608   $ 62,286")
    )]
    #[case::line_ends("net of\nreturns", "net of returns", Some("net of\nreturns"))]
    #[case::dashes("fiscal 2022 – 2021", "fiscal 2022 - 2021", Some("fiscal 2022 – 2021"))]
    #[case::marks("the “Company’s” sales", "the \"Company's\" sales", Some("the “Company’s” sales"))]
    #[case::ligature("the oﬃce", "office", Some("oﬃce"))]
    #[case::altered_digit("Revenues were 66,608", "Revenues were 66,808", None)]
    #[case::case("Revenues", "revenues", None)]
    #[case::words_left_out("sales and other revenues", "sales revenues", None)]
    #[case::nothing("Revenues", " ", None)]
    fn a_quotation_is_found_as_it_stands(#[case] passage: &str, #[case] quote: &str, #[case] found: Option<&str>) {
        assert_eq!(find(passage, quote).map(|(begin, end)| &passage[begin..end]), found);
    }

    proptest! {
        #[test]
        fn what_is_found_is_a_slice_that_folds_alike(passage in "[a-cé –—’ﬁ\\n\u{ad}]{0,40}", from in 0usize..40, length in 1usize..20) {
            let characters: Vec<char> = passage.chars().collect();
            let quote: String = characters.iter().skip(from).take(length).collect();
            match find(&passage, &quote) {
                Some((begin, end)) => prop_assert_eq!(Folded::of(&passage[begin..end]).text, Folded::of(&quote).text),
                None => prop_assert!(Folded::of(&quote).text.is_empty()),
            }
        }

        #[test]
        fn nothing_panics(passage in "\\PC{0,60}", quote in "\\PC{0,20}") {
            if let Some((begin, end)) = find(&passage, &quote) {
                prop_assert!(passage.get(begin..end).is_some());
            }
        }
    }
}
