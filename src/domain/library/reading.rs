//! A page's text as a reader is shown it: paragraphs, and tables where lines have columns.
//!
//! Three blanks or more stand between two columns of a line (see `server::library::extract`). Everything here is a range of
//! the page's text, so that a citation's bytes can be lit wherever they come to stand.

use std::ops::Range;

/// Bytes of a page's text.
pub type Span = Range<usize>;

/// Blanks that separate two columns.
const COLUMN_GAP: &str = "   ";
/// A line that is shorter ends where its writer wanted it to; a longer one was broken by the page's width.
const BROKEN_LINE_CHARS_MIN: usize = 50;
/// A line of one column within a table is a heading of rows up to this length.
const ROW_TITLE_CHARS_MAX: usize = 60;

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Lines of words, in paragraphs that the width of the page may break anew: each range ends with a line that has to end.
    Words(Vec<Vec<Span>>),
    /// Rows of cells.
    Table { columns: usize, rows: Vec<Vec<Span>> },
}

/// The parts of a page's text, in their order; every word of it is in one.
pub fn blocks(text: &str) -> Vec<Block> {
    let lines = lines(text);
    let mut blocks: Vec<Block> = Vec::new();
    // An empty line ends what stands above it.
    let mut is_new = true;
    for (index, line) in lines.iter().enumerate() {
        if line.is_empty() {
            is_new = true;
            continue;
        }
        let cells = cells(text, line.clone());
        let continues = |next: &Span| self::cells(text, next.clone()).len() > 1;
        let length = text[line.clone()].chars().count();
        let is_row = cells.len() > 1
            || (length <= ROW_TITLE_CHARS_MAX
                && !is_new
                && matches!(blocks.last(), Some(Block::Table { .. }))
                && lines.get(index + 1).is_some_and(continues));
        match blocks.last_mut() {
            Some(Block::Table { columns, rows }) if is_row && !is_new => {
                *columns = (*columns).max(cells.len());
                rows.push(cells);
            }
            _ if is_row => blocks.push(Block::Table { columns: cells.len(), rows: vec![cells] }),
            Some(Block::Words(paragraphs)) if !is_new => add_line(text, paragraphs, line.clone()),
            _ => blocks.push(Block::Words(vec![vec![line.clone()]])),
        }
        is_new = false;
    }
    blocks
}

fn add_line(text: &str, paragraphs: &mut Vec<Vec<Span>>, line: Span) {
    let is_broken = |last: &Span| text[last.clone()].chars().count() >= BROKEN_LINE_CHARS_MIN;
    match paragraphs.last_mut() {
        Some(paragraph) if paragraph.last().is_some_and(is_broken) => paragraph.push(line),
        _ => paragraphs.push(vec![line]),
    }
}

/// The lines, without the blanks around them.
fn lines(text: &str) -> Vec<Span> {
    let mut at = 0;
    let line = |line: &str| {
        let begin = at + (line.len() - line.trim_start().len());
        let end = begin + line.trim().len();
        at += line.len();
        begin..end
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The columns of a line.
fn cells(text: &str, line: Span) -> Vec<Span> {
    let mut cells = Vec::new();
    let mut at = line.start;
    while let Some(gap) = text[at..line.end].find(COLUMN_GAP) {
        cells.push(at..at + gap);
        let rest = &text[at + gap..line.end];
        at += gap + (rest.len() - rest.trim_start().len());
    }
    cells.push(at..line.end);
    cells
}

/// Whether a cell is a row's title, and not a figure or a year above a column.
pub fn is_title(cell: &str) -> bool {
    cell.chars().filter(|character| character.is_alphabetic()).count() > 2
}

/// A range of a text with what is lit in it, cut where that changes.
///
/// `marks` are byte ranges with a weight; where they overlap, the larger weight holds. A piece without a mark weighs 0.
/// Marks that end within a character are taken as if they ended before it.
pub fn pieces(text: &str, span: &Span, marks: &[(u32, u32, u8)]) -> Vec<(String, u8)> {
    let clamp = |at: u32| text.floor_char_boundary((at as usize).clamp(span.start, span.end));
    let marks: Vec<(usize, usize, u8)> =
        marks.iter().map(|(begin, end, weight)| (clamp(*begin), clamp(*end), *weight)).collect();
    let mut cuts: Vec<usize> = marks.iter().flat_map(|(begin, end, _)| [*begin, *end]).collect();
    cuts.extend([span.start, span.end]);
    cuts.sort_unstable();
    cuts.dedup();
    let piece = |pair: &[usize]| {
        let weight =
            |(begin, end, weight): &(usize, usize, u8)| (*begin <= pair[0] && pair[1] <= *end).then_some(*weight);
        (text[pair[0]..pair[1]].to_owned(), marks.iter().filter_map(weight).max().unwrap_or(0))
    };
    cuts.windows(2).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "Results of Operations\n\nThe table below sets out items of our statements, which begin on page 63 of\nthis report.\n\n\
        (in millions)   2022   2021\nRevenue   $ 26,914   $ 16,675\nOperating expenses\nResearch   5,268   3,924\nAll of it is unaudited.";

    #[test]
    fn lines_with_columns_are_tables() {
        let shown: Vec<Vec<Vec<&str>>> = blocks(TEXT)
            .into_iter()
            .map(|block| {
                let rows = match block {
                    Block::Words(rows) | Block::Table { rows, .. } => rows,
                };
                rows.into_iter().map(|row| row.into_iter().map(|span| &TEXT[span]).collect()).collect()
            })
            .collect();
        assert_eq!(shown.len(), 4);
        assert_eq!(shown[1][0].len(), 2, "a line that the page broke goes on");
        assert_eq!(shown[2][1], ["Revenue", "$ 26,914", "$ 16,675"]);
        assert_eq!(shown[2][2], ["Operating expenses"]);
        assert_eq!(shown[3][0], ["All of it is unaudited."]);
        assert!(matches!(blocks(TEXT)[2], Block::Table { columns: 3, .. }));
    }

    #[test]
    fn the_larger_weight_holds() {
        let made = pieces("Revenue rose", &(0..12), &[(0, 12, 1), (8, 12, 2)]);
        assert_eq!(made, [("Revenue ".to_owned(), 1), ("rose".to_owned(), 2)]);
        assert_eq!(pieces("Revenue rose", &(8..12), &[(0, 4, 1)]), [("rose".to_owned(), 0)]);
    }

    proptest! {
        #[test]
        fn every_word_is_shown_once_and_in_order(text in "([A-Za-zé0-9 .,$]{0,40}|   |\\n){0,40}") {
            let spans: Vec<Span> = blocks(&text)
                .into_iter()
                .flat_map(|block| match block { Block::Words(rows) | Block::Table { rows, .. } => rows.concat() })
                .collect();
            let shown: Vec<&str> = spans.iter().flat_map(|span| text[span.clone()].split_whitespace()).collect();
            prop_assert_eq!(shown, text.split_whitespace().collect::<Vec<_>>());
        }

        #[test]
        fn pieces_are_the_text(text in "[a-zé ]{0,40}", marks in prop::collection::vec((0u32..50, 0u32..50, 0u8..3), 0..6)) {
            let whole: String = pieces(&text, &(0..text.len()), &marks).into_iter().map(|(piece, _)| piece).collect();
            prop_assert_eq!(whole, text);
        }
    }
}
