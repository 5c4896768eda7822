//! Words in the index's form, and the search terms of a question.
//!
//! A number is one word in one form: `4,523` is indexed and searched as `4523`, `1,452.4` as `1452d4`, since the
//! tokenizer would split it at its marks. SQLite's tokenizer does the rest: case, accents, and stems of English words.

use std::borrow::Cow;

/// Years that reports are of.
pub const YEARS: std::ops::Range<i32> = 1990..2100;

/// Text with its numbers in the index's form.
pub fn indexed(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !bytes
        .windows(3)
        .any(|three| three[0].is_ascii_digit() && matches!(three[1], b',' | b'.') && three[2].is_ascii_digit())
    {
        return Cow::Borrowed(text);
    }
    let mut form = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(|character: char| character.is_ascii_digit()) {
        let length = number_length(&rest[begin..]);
        form.push_str(&rest[..begin]);
        let number = &rest[begin..begin + length];
        form.extend(number.chars().filter(|mark| *mark != ',').map(|mark| if mark == '.' { 'd' } else { mark }));
        rest = &rest[begin + length..];
    }
    form.push_str(rest);
    Cow::Owned(form)
}

/// Length of a number at the beginning of `text`: digits with marks between them.
pub fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while is_digit(end)
        || (end > 0 && matches!(bytes.get(end), Some(b',' | b'.')) && is_digit(end - 1) && is_digit(end + 1))
    {
        end += 1;
    }
    end
}

/// Search terms of a question, each once, in order.
pub fn terms(question: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for word in indexed(question).split(|character: char| !character.is_alphanumeric()) {
        let word = word.to_lowercase();
        let is_letter = word.chars().count() == 1 && !word.chars().all(|character| character.is_ascii_digit());
        if !word.is_empty() && !is_letter && !STOP_WORDS.contains(&word.as_str()) && !terms.contains(&word) {
            terms.push(word);
        }
    }
    terms
}

/// The years that a question names: `2022`, `FY2022`.
pub fn years(question: &str) -> Vec<i32> {
    let year = |term: String| {
        let digits = term.strip_prefix("fy").unwrap_or(&term);
        digits.parse().ok().filter(|year| digits.len() == 4 && YEARS.contains(year))
    };
    terms(question).into_iter().filter_map(year).collect()
}

/// What the index is asked: any of the words. Nothing when there is none.
pub fn any_of(terms: &[String]) -> Option<String> {
    // Terms are letters and digits alone.
    let quoted: Vec<_> = terms.iter().map(|term| format!("\"{term}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

/// Byte ranges of the words in `text` that equal a term, or share its stem.
pub fn marks(text: &str, terms: &[String]) -> Vec<(u32, u32)> {
    let stems: Vec<_> = terms.iter().map(|term| stem(term)).collect();
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find(char::is_alphanumeric).map(|offset| at + offset) {
        let word = &text[begin..];
        let length = match number_length(word) {
            0 => word.find(|character: char| !character.is_alphanumeric()).unwrap_or(word.len()),
            length => length,
        };
        let end = begin + length;
        let form = indexed(&text[begin..end]).to_lowercase();
        if stems.contains(&stem(&form)) {
            marks.push((u32::try_from(begin).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX)));
        }
        at = end;
    }
    marks
}

/// A word without its most frequent endings: enough for marks, which nothing depends on.
pub fn stem(word: &str) -> String {
    let ends = ["ations", "ation", "ings", "ing", "ies", "ied", "es", "ed", "ly", "s", "y", "e"];
    let cut = ends.iter().find_map(|end| word.strip_suffix(end).filter(|rest| rest.len() >= 3));
    cut.unwrap_or(word).to_owned()
}

/// Words that occur in every text, and question words.
const STOP_WORDS: [&str; 120] = [
    "a", "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "below", "between", "both", "but", "by", "can", "could", "did", "do", "does",
    "doing", "down", "during", "each", "few", "for", "from", "further", "give", "given", "had", "has", "have",
    "having", "he", "her", "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "itself", "just",
    "many", "me", "more", "most", "much", "my", "no", "nor", "not", "of", "off", "on", "once", "only", "or", "other",
    "our", "out", "over", "own", "please", "same", "she", "should", "so", "some", "such", "tell", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under",
    "until", "up", "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "why",
    "will", "with", "would", "you", "your",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("$4,523 million", "$4523 million")]
    #[case("1,452.4 and 0.60", "1452d4 and 0d60")]
    #[case("in 2019, 2018.", "in 2019, 2018.")]
    #[case("Item 1. Business", "Item 1. Business")]
    #[case("Zürich 1,000", "Zürich 1000")]
    fn a_number_is_one_word(#[case] text: &str, #[case] form: &str) {
        assert_eq!(indexed(text), form);
    }

    #[test]
    fn a_question_is_its_telling_words() {
        let asked = terms("What was the company's Revenue in 2022, and how much did revenue change from $4,523?");
        assert_eq!(asked, ["company", "revenue", "2022", "change", "4523"]);
        assert_eq!(any_of(&asked[..2]).as_deref(), Some("\"company\" OR \"revenue\""));
        assert_eq!(any_of(&terms("what is it?")), None);
    }

    #[test]
    fn the_words_of_the_question_are_marked() {
        let text = "Revenues rose to 4,523; the revenue's growth";
        let marked: Vec<_> =
            marks(text, &terms("revenue 4523")).into_iter().map(|(a, b)| &text[a as usize..b as usize]).collect();
        assert_eq!(marked, ["Revenues", "4,523", "revenue"]);
    }

    proptest! {
        #[test]
        fn marks_lie_between_characters(text in "\\PC{0,60}", question in "\\PC{0,30}") {
            for (begin, end) in marks(&text, &terms(&question)) {
                prop_assert!(text.get(begin as usize..end as usize).is_some());
            }
            if let Some(query) = any_of(&terms(&question)) {
                prop_assert!(query.matches('"').count() % 2 == 0);
            }
        }
    }
}
