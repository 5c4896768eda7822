//! Pages for formats without them: text cut at line ends, with a title.

use super::{Refusal, Sink, Stop, protocol::Piece};
use crate::server::library::bounds::{MADE_PAGE_BYTES, PAGES_MAX, TEXT_BYTES_MAX};

/// Text collected so far.
#[derive(Debug, Default)]
pub struct Pages {
    pub title: Option<String>,
    pub text: String,
    /// Number of characters that a reader of the original would not see, such as hidden HTML.
    pub hidden: u32,
}

impl Pages {
    pub fn of_text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Whether the text is already over its bound, so that the document will be refused as too large.
    pub fn is_over(&self) -> bool {
        self.text.len() > TEXT_BYTES_MAX
    }

    /// Ends the current line, if any.
    pub fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Adds an empty line.
    pub fn end_block(&mut self) {
        self.end_line();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    pub fn tell(self, sink: &mut Sink<'_>) -> Result<(), Stop> {
        if self.is_over() {
            return Err(Refusal::too_large("has more than 20 MB of text").into());
        }
        let pages = cut(&self.text);
        let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
        if count > PAGES_MAX.saturating_mul(2) {
            return Err(Refusal::too_large("has more text than 3,000 pages hold").into());
        }
        sink.put(&Piece::Head { pages: count, title: self.title })?;
        for (page, text) in (1..).zip(pages) {
            if page >= sink.first {
                sink.put(&Piece::Begin { page })?;
            }
            sink.page(page, text, if page == 1 { self.hidden } else { 0 }, 0)?;
        }
        Ok(())
    }
}

/// Adds a cell to a table's row. A currency sign joins the number after it; `%` and closing brackets join the number
/// before them.
pub fn add_cell(row: &mut String, cell: &str) {
    if cell.is_empty() {
        return;
    }
    let belongs_before = matches!(cell, ")" | "%" | ")%" | ") %" | "pts" | "x");
    let waits = row.ends_with(['$', '€', '£', '¥', '(']);
    if !row.is_empty() && !belongs_before && !waits {
        row.push_str("   ");
    }
    row.push_str(cell);
}

/// Cuts text into pages of about [`MADE_PAGE_BYTES`], at a nearby empty line if there is one, else at a line's end.
fn cut(text: &str) -> Vec<&str> {
    let (mut pages, mut begin, mut empty_line) = (Vec::new(), 0, None);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if end - begin > MADE_PAGE_BYTES && at > begin {
            let far_enough = |cut: &usize| cut - begin > MADE_PAGE_BYTES / 2;
            let cut = empty_line.filter(far_enough).unwrap_or(at);
            pages.push(&text[begin..cut]);
            begin = cut;
            empty_line = None;
        }
        // Very long lines are cut too, such as a whole book in one paragraph.
        while end - begin > 2 * MADE_PAGE_BYTES {
            let cut = text.floor_char_boundary(begin + MADE_PAGE_BYTES);
            let cut = text[begin..cut].rfind(' ').map_or(cut, |space| begin + space + 1);
            pages.push(&text[begin..cut]);
            begin = cut;
        }
        if line.trim().is_empty() {
            empty_line = Some(end);
        }
        at = end;
    }
    if begin < text.len() || pages.is_empty() {
        pages.push(&text[begin..]);
    }
    pages
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_byte_is_lost_and_no_page_is_long(lines in prop::collection::vec("[a-zé ]{0,400}", 0..200), end in "\n{1,2}") {
            let text = lines.join(&end);
            let pages = cut(&text);
            prop_assert_eq!(pages.concat(), text.as_str());
            prop_assert!(pages.iter().all(|page| page.len() <= 2 * MADE_PAGE_BYTES));
        }
    }

    #[test]
    fn an_endless_line_is_cut_between_words() {
        let text = "word ".repeat(4_000);
        let pages = cut(&text);
        assert!(
            pages.len() > 3 && pages.iter().all(|page| page.starts_with("word") && page.len() <= 2 * MADE_PAGE_BYTES)
        );
    }
}
