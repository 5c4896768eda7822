//! Rows of tables that answer: a title, and a value for each year asked for.

use super::{
    COLUMN_GAP,
    head::{Head, is_part_of_year},
    metric::{is_same, metric},
};
use crate::{
    domain::library::{Hit, words::number_length},
    server::library::{
        answers::decimal::Decimal,
        segment::{Line, kind},
    },
};

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Byte of the passage behind it.
    pub end: usize,
    pub number: Decimal,
    /// With its sign, currency and percent sign.
    pub written: String,
}

/// A row that answers; places are bytes of the passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub begin: usize,
    pub title: String,
    /// One for each year asked for.
    pub values: Vec<Value>,
    pub unit: &'static str,
    pub is_consolidated: bool,
}

impl Row {
    pub fn is_percent(&self) -> bool {
        self.values.iter().any(|value| value.written.ends_with('%'))
    }
}

/// The rows of a passage that are of a figure and have a value for each of the years.
pub fn rows(asked: &[String], years: &[i32], hit: &Hit) -> Vec<Row> {
    let mut found = Vec::new();
    // A table may have begun in another passage.
    let mut head = Head::of_context(&hit.context);
    let mut above = "";
    let mut begin = 0;
    for line in hit.text.split_inclusive('\n') {
        let start = begin;
        begin += line.len();
        let line = line.trim_end();
        if line.trim().is_empty() {
            continue;
        }
        match (Head::of(line), kind(line)) {
            (Some(new), _) => head = Some(new).filter(|_| !is_part_of_year(above)),
            (None, Line::Row) => {
                found.extend(head.as_ref().and_then(|head| row(asked, years, hit, (start, line), head)))
            }
            // What follows an unclear head has no years, nor what follows a sentence.
            (None, Line::Head) => head = None,
            (None, Line::Prose) if line.ends_with('.') => head = None,
            (None, Line::Heading | Line::Group | Line::Prose | Line::Empty) => {}
        }
        above = line;
    }
    found
}

fn row(asked: &[String], years: &[i32], hit: &Hit, (start, line): (usize, &str), head: &Head) -> Option<Row> {
    let gap = line.find(COLUMN_GAP)?;
    let title = line[..gap].trim();
    if !is_same(&metric(title, |_| false), asked) {
        return None;
    }
    let columns = columns(line, gap)?;
    let values = years.iter().map(|year| {
        let value = head.value(&columns, *year)?.clone()?;
        Some(Value { end: start + value.end, ..value })
    });
    let values: Vec<Value> = values.collect::<Option<_>>()?;
    let text = format!("{} {}", hit.context, hit.text).to_lowercase();
    let has_unit =
        !title.to_lowercase().contains("per share") && !values.iter().any(|value| value.written.ends_with('%'));
    Some(Row {
        begin: start + line.len() - line.trim_start().len(),
        title: title.to_owned(),
        values,
        unit: if has_unit { unit(&text) } else { "" },
        is_consolidated: text.contains("consolidated"),
    })
}

/// The columns of a row after its title, each with its value or a dash; `None` if words stand among them.
fn columns(line: &str, gap: usize) -> Option<Vec<Option<Value>>> {
    let mut columns = Vec::new();
    let mut at = gap;
    while let Some((offset, mark)) = line[at..].char_indices().find(|(_, mark)| is_telling(*mark)) {
        let begin = at + offset;
        if mark.is_ascii_digit() {
            let end = begin + number_length(&line[begin..]);
            if is_footnote(line, begin, end) {
                at = end;
                continue;
            }
            let value = value(line, begin, end)?;
            at = value.end;
            columns.push(Some(value));
        } else if mark.is_alphabetic() {
            let word: String = line[begin..].chars().take_while(|mark| !mark.is_whitespace()).collect();
            if !["nm", "n/m", "n/a", "na"].contains(&word.to_lowercase().trim_matches(['(', ')', '*'])) {
                return None;
            }
            at = begin + word.len();
            columns.push(None);
        } else {
            at = begin + mark.len_utf8();
            // A dash in front of a number is its sign.
            if line[at..].chars().next().is_none_or(char::is_whitespace) {
                columns.push(None);
            }
        }
    }
    Some(columns)
}

fn is_telling(mark: char) -> bool {
    mark.is_ascii_digit() || mark.is_alphabetic() || matches!(mark, '—' | '–' | '-' | '−')
}

/// Whether a number is a mark of a footnote: `66,608(1)`.
fn is_footnote(line: &str, begin: usize, end: usize) -> bool {
    let before = line[..begin].strip_suffix('(').and_then(|before| before.chars().next_back());
    end - begin <= 2
        && line[end..].starts_with(')')
        && before.is_some_and(|before| before.is_alphanumeric() || matches!(before, ')' | '%'))
}

fn value(line: &str, begin: usize, end: usize) -> Option<Value> {
    let written = &line[begin..end];
    let before = line[..begin].trim_end_matches(['$', '€', '£', ' ']);
    let is_negative = before.ends_with(['(', '-', '−', '–']);
    let number = Decimal::parse(written)?;
    let closes = usize::from(line[end..].starts_with(')'));
    let after = &line[end + closes..];
    let percent = after.len() - after.trim_start_matches(' ').len();
    let is_percent = percent <= 1 && after.trim_start_matches(' ').starts_with('%');
    let sign = if line[..begin].contains('$') && !is_percent { "$" } else { "" };
    let minus = if is_negative { "−" } else { "" };
    Some(Value {
        end: end + closes + if is_percent { percent + 1 } else { 0 },
        number: if is_negative { number.negated() } else { number },
        written: format!("{minus}{sign}{written}{}", if is_percent { "%" } else { "" }),
    })
}

fn unit(text: &str) -> &'static str {
    let units = [("in millions", " million"), ("in thousands", " thousand"), ("in billions", " billion")];
    units.iter().find(|(words, _)| text.contains(words)).map_or("", |(_, unit)| unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Revenue   $ 66,608   $ 62,286", &["$66,608", "$62,286"])]
    #[case("Net Revenue   $ 86,392 $ 79,474 $ 70,372", &["$86,392", "$79,474", "$70,372"])]
    #[case("Loss   ($3,547)   (2,902)   -5", &["−$3,547", "−$2,902", "−$5"])]
    #[case("Revenue   66,608(1)   62,286", &["66,608", "62,286"])]
    #[case("Margin   31.8 %   35.9%", &["31.8%", "35.9%"])]
    #[case("Impairment   $ —   74   nm", &["", "$74", ""])]
    fn each_column_has_a_value_or_a_dash(#[case] line: &str, #[case] expected: &[&str]) {
        let found = columns(line, line.find(COLUMN_GAP).unwrap()).unwrap();
        let written: Vec<String> =
            found.into_iter().map(|value| value.map(|value| value.written).unwrap_or_default()).collect();
        assert_eq!(written, expected);
    }

    #[test]
    fn words_among_the_columns_leave_a_doubt() {
        assert_eq!(columns("Revenue   see note   5", 7), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "[A-Za-z]{1,9}   [0-9,.()$%—é -]{0,40}") {
            let gap = line.find(COLUMN_GAP).unwrap();
            for value in columns(&line, gap).into_iter().flatten().flatten() {
                prop_assert!(line.get(gap..value.end).is_some());
            }
        }
    }
}
