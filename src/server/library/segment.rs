//! Passages: pieces of a page of about 800 bytes, cut at line ends, each with a line of context.
//!
//! A table's row is never cut. If a table continues in another passage, that passage's context has the table's head.
//! Every context has "issuer · form · period" and the section's title. Context is indexed and embedded with the text,
//! but never quoted.

use std::collections::HashMap;

use super::store::segments::NewSegment;
use crate::domain::library::SegmentKind;

/// A passage ends once it has this many bytes.
const BYTES_AIM: usize = 800;
/// From this many bytes on, a passage may end at an empty line.
const BYTES_MIN: usize = 450;
/// Most bytes of a passage.
const BYTES_MAX: usize = 1_200;
/// A shorter passage joins the one before it, if it fits.
const BYTES_TAIL: usize = 120;

const HEADING_CHARS_MAX: usize = 90;
const TABLE_HEAD_BYTES_MAX: usize = 160;
/// Running heads that are told from titles on the first page already.
const RUNNING: [&str; 2] = ["table of contents", "index"];
/// A line that began or ended so many pages, the present one included, is a running head.
const RUNNING_PAGES: u32 = 3;
/// Different lines at the edges of pages that are remembered.
const EDGES_MAX: usize = 4_096;
/// Groups that may follow each other without a row between them.
const GROUPS_MAX: usize = 2;
const GROUP_BYTES_MAX: usize = 60;
/// Lines above a table's first row that may be its head.
const TABLE_HEAD_LINES: usize = 3;

/// Cuts the pages of one document, in order.
pub struct Segmenter {
    /// "issuer · form · period"; empty if nothing is known.
    header: String,
    /// The latest heading.
    section: String,
    /// First and last lines of the pages so far, without their digits, each with its number of pages.
    edges: HashMap<String, u32>,
}

/// What a line is, by its form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    Empty,
    Heading,
    /// A table's row: a label and numbers, or numbers alone.
    Row,
    /// Words or years above columns.
    Head,
    /// Title of some rows in a table: `Assets`, `Current liabilities:`.
    Group,
    Prose,
}

/// The passage in progress.
#[derive(Default)]
struct Open {
    start: usize,
    end: usize,
    rows: usize,
    lines: usize,
    section: String,
    table_head: String,
}

impl Segmenter {
    pub fn new(header: String) -> Self {
        Self { header, section: String::new(), edges: HashMap::new() }
    }

    /// Whether a line at the edge of a page stands at the edge of others too: a running head, and no section's title.
    fn is_running(&self, line: &str) -> bool {
        let edge = edge(line);
        RUNNING.contains(&edge.as_str()) || self.edges.get(&edge).is_some_and(|pages| *pages >= RUNNING_PAGES)
    }

    /// Remembers what begins and ends a page.
    fn note_edges(&mut self, text: &str) {
        for line in
            [text.lines().find(|line| !line.trim().is_empty()), text.lines().rfind(|line| !line.trim().is_empty())]
        {
            let edge = edge(line.unwrap_or_default());
            if !edge.is_empty() && (self.edges.len() < EDGES_MAX || self.edges.contains_key(&edge)) {
                *self.edges.entry(edge).or_default() += 1;
            }
        }
    }

    /// Passages of a page.
    pub fn cut(&mut self, page: u32, text: &str) -> Vec<NewSegment> {
        self.note_edges(text);
        let mut made: Vec<NewSegment> = Vec::new();
        let mut open: Option<Open> = None;
        // Head of the current table, and the lines that may become one.
        let (mut table_head, mut above): (String, Vec<&str>) = (String::new(), Vec::new());
        let mut is_table = false;
        let lines: Vec<(usize, usize)> = pieces(text);
        let kinds = kinds(text, &lines);
        for (index, (start, end)) in lines.into_iter().enumerate() {
            let line = &text[start..end];
            let kind = kinds[index];
            match kind {
                Line::Row if !is_table => {
                    table_head = head(&above);
                    is_table = true;
                }
                Line::Row | Line::Empty | Line::Group => {}
                Line::Heading | Line::Head | Line::Prose => is_table = is_table && kind == Line::Head,
            }
            if kind == Line::Empty {
                if open.as_ref().is_some_and(|open| open.end - open.start >= BYTES_MIN && !is_table) {
                    self.close(open.take(), page, &mut made);
                }
                continue;
            }
            match kind {
                Line::Head => above.push(line),
                // The table's head stands above its first group.
                Line::Group => {}
                Line::Row | Line::Heading | Line::Prose | Line::Empty => above.clear(),
            }
            let is_full = open.as_ref().is_some_and(|open| {
                let with_line = end - open.start;
                with_line > BYTES_MAX
                    || open.end - open.start >= BYTES_AIM
                    || (kind == Line::Heading && open.end - open.start >= BYTES_MIN)
            });
            if is_full {
                self.close(open.take(), page, &mut made);
            }
            if kind == Line::Heading && !self.is_running(line) {
                self.section = line.trim().to_owned();
            }
            let open = open.get_or_insert_with(|| Open {
                start,
                section: self.section.clone(),
                table_head: if is_table && matches!(kind, Line::Row | Line::Group) {
                    table_head.clone()
                } else {
                    String::new()
                },
                ..Open::default()
            });
            open.end = end;
            open.lines += 1;
            open.rows += usize::from(kind == Line::Row);
        }
        self.close(open, page, &mut made);
        made
    }

    fn close(&self, open: Option<Open>, page: u32, made: &mut Vec<NewSegment>) {
        let Some(open) = open else { return };
        if open.end - open.start < BYTES_TAIL
            && let Some(last) = made.last_mut()
            && open.end - (last.start as usize) <= BYTES_MAX
        {
            last.end = at(open.end);
            return;
        }
        let parts = [&self.header, &open.section, &open.table_head];
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        made.push(NewSegment {
            page,
            start: at(open.start),
            end: at(open.end),
            kind: if open.rows * 2 > open.lines { SegmentKind::Table } else { SegmentKind::Prose },
            context: parts.join(" · "),
        });
    }
}

/// A line as it is compared with those at the edges of other pages: the number of the page is left out.
fn edge(line: &str) -> String {
    let words = line.split_whitespace().map(|word| word.trim_matches(|character: char| character.is_ascii_digit()));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

fn at(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Byte ranges of a text's lines, without line ends; too long lines are cut between sentences or words.
fn pieces(text: &str) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches('\n').len();
        let next = start + line.len();
        while end - start > BYTES_MAX {
            let most = text.floor_char_boundary(start + BYTES_AIM);
            let part = &text[start..most];
            let cut = part.rfind(". ").map(|stop| stop + 2).filter(|cut| *cut > BYTES_AIM / 3);
            let cut = cut.or_else(|| part.rfind(' ').map(|space| space + 1).filter(|cut| *cut > BYTES_AIM / 3));
            let cut = start + cut.unwrap_or(part.len());
            pieces.push((start, cut));
            start = cut;
        }
        pieces.push((start, end));
        start = next;
    }
    pieces
}

/// What each line is, a table's groups told from headings by what stands around them.
fn kinds(text: &str, lines: &[(usize, usize)]) -> Vec<Line> {
    let mut kinds: Vec<Line> = lines.iter().map(|(start, end)| kind(&text[*start..*end])).collect();
    // Whether a head or a row stands above, and how many lines that may be groups.
    let (mut is_table, mut groups) = (false, 0);
    for index in 0..kinds.len() {
        let (start, end) = lines[index];
        match kinds[index] {
            Line::Row | Line::Head => (is_table, groups) = (true, 0),
            Line::Empty => {}
            Line::Heading | Line::Prose if is_table && groups < GROUPS_MAX && may_be_group(&text[start..end]) => {
                groups += 1;
                let mut next =
                    kinds[index + 1..].iter().zip(&lines[index + 1..]).filter(|(kind, _)| **kind != Line::Empty);
                // `Assets`, and below it `Current assets:`.
                let is_group =
                    |kind: Line, (start, end): (usize, usize)| kind != Line::Row && may_be_group(&text[start..end]);
                let first = next.next().map(|(kind, place)| (*kind, *place));
                let row = match first {
                    Some((kind, place)) if groups < GROUPS_MAX && is_group(kind, place) => {
                        next.next().map(|(kind, _)| *kind)
                    }
                    Some((kind, _)) => Some(kind),
                    None => None,
                };
                if row == Some(Line::Row) {
                    kinds[index] = Line::Group;
                } else {
                    is_table = false;
                }
            }
            Line::Heading | Line::Prose | Line::Group => is_table = false,
        }
    }
    kinds
}

/// A group's title is short and without figures, so that no year or date of another table's head is taken for one.
fn may_be_group(line: &str) -> bool {
    let line = line.trim();
    line.len() <= GROUP_BYTES_MAX && !line.ends_with('.') && !line.bytes().any(|byte| byte.is_ascii_digit())
}

pub fn kind(line: &str) -> Line {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Line::Empty;
    }
    let cells: Vec<&str> = trimmed.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let numbers = cells.iter().filter(|cell| is_number(cell)).count();
    let years = cells.iter().filter(|cell| is_year(cell)).count();
    if cells.len() >= 2 && numbers > 0 && years < numbers {
        return Line::Row;
    }
    if cells.len() >= 2 || (!cells.is_empty() && years == cells.len()) || is_unit(trimmed) {
        return Line::Head;
    }
    if is_heading(trimmed) { Line::Heading } else { Line::Prose }
}

/// Whether a line names the unit of a table: `(Dollars in millions, except per share data)`.
fn is_unit(line: &str) -> bool {
    line.len() <= HEADING_CHARS_MAX
        && line.starts_with('(')
        && line.ends_with(')')
        && ["in millions", "in thousands", "in billions"].iter().any(|unit| line.to_lowercase().contains(unit))
}

/// Whether a cell is a number, with sign, currency and surrounding marks.
fn is_number(cell: &str) -> bool {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let others = cell.chars().filter(|character| character.is_alphabetic()).count();
    (digits > 0 && others <= 2 && !cell.contains(". "))
        || matches!(cell, "—" | "–" | "-" | "$ —" | "$—" | "N/A" | "nm" | "NM")
}

/// Whether a cell is a year, or several that stand close together.
fn is_year(cell: &str) -> bool {
    cell.split_whitespace().all(|word| {
        let bare = word.trim_matches(|character: char| !character.is_ascii_alphanumeric());
        bare.len() == 4
            && (bare.starts_with("19") || bare.starts_with("20"))
            && bare.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a line is a heading: short, without a sentence's end, written like a title.
fn is_heading(line: &str) -> bool {
    if line.chars().count() > HEADING_CHARS_MAX || line.ends_with(['.', ',', ';', ':']) && !line.starts_with("Item ") {
        return false;
    }
    let words: Vec<&str> = line.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).collect();
    let long = words.iter().filter(|word| word.chars().count() > 3);
    let (capital, all) = long.fold((0, 0), |(capital, all), word| {
        let begins = word.chars().find(|character| character.is_alphabetic()).is_some_and(char::is_uppercase);
        (capital + usize::from(begins), all + 1)
    });
    let first = words.first().and_then(|word| word.chars().next()).is_some_and(|first| first.is_uppercase());
    first && all > 0 && capital * 4 >= all * 3 && words.len() <= 14
}

fn head(above: &[&str]) -> String {
    let from = above.len().saturating_sub(TABLE_HEAD_LINES);
    let words: Vec<&str> = above[from..].iter().flat_map(|line| line.split_whitespace()).collect();
    let mut head = words.join(" ");
    head.truncate(head.floor_char_boundary(TABLE_HEAD_BYTES_MAX));
    head
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn cut(text: &str) -> Vec<NewSegment> {
        Segmenter::new("Boeing · 10-K · FY2022".to_owned()).cut(1, text)
    }

    #[rstest]
    #[case("Total revenues   $ 66,608   $ 62,286", Line::Row)]
    #[case("Total revenues   66,608   —", Line::Row)]
    #[case("   2022   2021   2020", Line::Head)]
    #[case("(Dollars in millions)   2022   2021", Line::Head)]
    #[case("2022", Line::Head)]
    #[case("($ in millions, except share and per share data)", Line::Head)]
    #[case("(Revenues rose in millions of places.", Line::Prose)]
    #[case("(Dollars in millions)   2022 2021 2020", Line::Head)]
    #[case("Consolidated Statements of Operations", Line::Heading)]
    #[case("Item 7. Management's Discussion and Analysis", Line::Heading)]
    #[case("Revenues increased by $4.3 billion in 2022.", Line::Prose)]
    #[case("  ", Line::Empty)]
    fn lines_are_told_apart(#[case] line: &str, #[case] expected: Line) {
        assert_eq!(kind(line), expected);
    }

    #[test]
    fn a_running_head_is_no_title() {
        let mut segmenter = Segmenter::new(String::new());
        let page = |number: u32| {
            format!(
                "Copper Kettle Annual Report {number}\n\nTable of Contents\n\nMarket Risk\n\nKettles may break in transit."
            )
        };
        let contexts: Vec<String> =
            (1..=4).flat_map(|number| segmenter.cut(number, &page(number))).map(|segment| segment.context).collect();
        assert_eq!(contexts[3], "Market Risk", "of the page before: what began it is known by now");
        let mut segmenter = Segmenter::new(String::new());
        assert_eq!(segmenter.cut(1, "Table of Contents\nSales rose by much in the year.")[0].context, "");
    }

    #[test]
    fn a_long_table_carries_its_head_on() {
        let rows: Vec<_> =
            (0..60).map(|row| format!("Item number {row} of the table   {row},100   {row},200")).collect();
        let text = format!("Segment Results\n(Dollars in millions)   2022   2021\n{}", rows.join("\n"));
        let made = cut(&text);
        assert!(made.len() >= 3);
        assert!(made[1..].iter().all(|segment| segment.kind == SegmentKind::Table));
        let expected = "Boeing · 10-K · FY2022 · Segment Results · (Dollars in millions) 2022 2021";
        assert!(made[1..].iter().all(|segment| segment.context == expected), "{made:?}");
        for segment in &made {
            let part = &text[segment.start as usize..segment.end as usize];
            assert!(
                !part.ends_with('\n') && part.lines().all(|line| text.lines().any(|whole| whole == line)),
                "rows are whole"
            );
        }
    }

    #[test]
    fn groups_are_of_their_table() {
        let rows = |from: u32| (from..from + 20).map(|row| format!("Kind of asset {row}   {row},100   {row},200"));
        let mut lines: Vec<String> =
            ["Statements of Financial Position", "(Dollars in millions)", "December 31,   2022   2021"]
                .map(str::to_owned)
                .to_vec();
        lines.extend(["Assets", "Current assets:"].map(str::to_owned));
        lines.extend(rows(10));
        lines.extend(["Liabilities and equity", ""].map(str::to_owned));
        lines.extend(rows(30));
        lines.push("Total assets   137,100   138,552".to_owned());
        lines.extend(["Debt by Kind", "As of June 30, 2022"].map(str::to_owned));
        lines.extend((0..40).map(|row| format!("Kind of bond {row}   {row}   {row}")));
        let text = lines.join("\n");
        let made = cut(&text);
        let context = |words: &str| {
            let found = made.iter().find(|segment| text[segment.start as usize..segment.end as usize].contains(words));
            found.map(|segment| segment.context.clone()).unwrap_or_default()
        };
        let expected =
            "Boeing · 10-K · FY2022 · Statements of Financial Position · (Dollars in millions) December 31, 2022 2021";
        assert_eq!(context("Kind of asset 45"), expected);
        assert_eq!(context("Total assets"), expected);
        assert!(!context("Kind of bond 39").ends_with("2022 2021"), "{made:?}");
    }

    proptest! {
        #[test]
        fn every_word_is_in_one_passage_and_none_is_too_long(
            lines in prop::collection::vec("[A-Za-zé0-9 .,$]{0,200}|[a-z ]{900,1400}|Total   [0-9]{1,6}   [0-9]{1,6}", 0..60)
        ) {
            let text = lines.join("\n");
            let made = cut(&text);
            let mut at = 0;
            for segment in &made {
                let (start, end) = (segment.start as usize, segment.end as usize);
                prop_assert!(at <= start && start < end && end <= text.len() && end - start <= BYTES_MAX);
                prop_assert!(text[at..start].trim().is_empty());
                prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
                at = end;
            }
            prop_assert!(text[at..].trim().is_empty());
        }
    }
}
