//! Heads of tables: which column is of which year.

use super::COLUMN_GAP;
use crate::domain::library::words::YEARS;

/// Words of a date beside its year.
const DATE_WORDS: [&str; 37] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "fiscal",
    "fy",
    "year",
    "years",
    "ended",
    "ending",
    "as",
    "of",
    "at",
    "the",
    "for",
    "restated",
    "unaudited",
];

/// Words that name a part of a year.
const PARTS_OF_YEAR: [&str; 8] =
    ["months", "quarter", "quarters", "weeks", "quarterly", "period from", "half-year", "half year"];

/// Columns of a table, after the one with the rows' titles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// In the order of the columns: the first ones are these years, each once.
    years: Vec<i32>,
    /// How many columns follow, such as changes.
    others: usize,
    /// In front of them stands a column with numbers of notes, which a row may leave empty.
    has_notes: bool,
}

/// Whether a text is about a part of a year.
pub fn is_part_of_year(text: &str) -> bool {
    let lower = text.to_lowercase();
    PARTS_OF_YEAR.iter().any(|part| lower.contains(part))
}

impl Head {
    /// Reads a line; `None` if it is no head, or a year has several columns.
    pub fn of(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.split(COLUMN_GAP).map(str::trim).filter(|cell| !cell.is_empty()).collect();
        // A title of the column of titles, and perhaps of the notes'.
        let first = cells.iter().position(|cell| !years(cell).is_empty())?;
        if first > 2 || (first == 2 && !is_notes(cells[1])) || cells[..first].iter().any(|cell| is_part_of_year(cell)) {
            return None;
        }
        let of_years = cells[first..].iter().take_while(|cell| !years(cell).is_empty()).count();
        let has_notes = first > 0 && is_notes(cells[first - 1]);
        let years: Vec<i32> = cells[first..][..of_years].iter().flat_map(|cell| years(cell)).collect();
        let others = &cells[first + of_years..];
        let head = Self { years, others: others.len(), has_notes };
        (head.is_clear() && others.iter().all(|cell| self::years(cell).is_empty())).then_some(head)
    }

    /// The head of a table that began in another passage: the end of a passage's context, `… (in millions) 2022 2021`.
    pub fn of_context(context: &str) -> Option<Self> {
        let head = context.rsplit(" · ").next().filter(|head| !is_part_of_year(head))?;
        let years: Vec<i32> = head.split(' ').rev().map_while(year).collect();
        let head = Self { years: years.into_iter().rev().collect(), others: 0, has_notes: false };
        (head.years.len() >= 2 && head.is_clear()).then_some(head)
    }

    fn is_clear(&self) -> bool {
        let mut once = self.years.clone();
        once.sort_unstable();
        once.dedup();
        once.len() == self.years.len()
    }

    /// A row's value of a year; `None` if the row does not have a value for each column, or the year has none.
    pub fn value<'a, T>(&self, values: &'a [T], year: i32) -> Option<&'a T> {
        let columns = self.years.len() + self.others;
        let from = usize::from(self.has_notes && values.len() == columns + 1);
        let values = values.get(from..).filter(|values| values.len() == columns)?;
        values.get(self.years.iter().position(|known| *known == year)?)
    }
}

fn is_notes(cell: &str) -> bool {
    ["note", "notes"].contains(&cell.to_lowercase().trim_matches(|mark: char| !mark.is_alphabetic()))
}

/// The years of a cell that holds dates and nothing else.
fn years(cell: &str) -> Vec<i32> {
    let tokens =
        cell.split([' ', ',']).map(|token| token.trim_matches(['(', ')', '.', ':'])).filter(|token| !token.is_empty());
    let mut years = Vec::new();
    for token in tokens {
        let is_day = token.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day));
        match year(token) {
            Some(year) => years.push(year),
            None if is_day || DATE_WORDS.contains(&token.to_lowercase().as_str()) => {}
            None => return Vec::new(),
        }
    }
    years
}

fn year(token: &str) -> Option<i32> {
    let token = token.trim_end_matches(',');
    token.parse().ok().filter(|year| token.len() == 4 && YEARS.contains(year))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("2022   2021   2020", &[2022, 2021, 2020], 0)]
    #[case::unit_in_front("(Dollars in millions)   2022   2021", &[2022, 2021], 0)]
    #[case::years_close_together("(Dollars in millions)   2022 2021 2020", &[2022, 2021, 2020], 0)]
    #[case::title_without_a_year("Years ended December 31,   2022   2021", &[2022, 2021], 0)]
    #[case::dates("June 30, 2023   June 30, 2022", &[2023, 2022], 0)]
    #[case::a_date_and_a_year("Year ended December 31, 2022   2021", &[2022, 2021], 0)]
    #[case::a_change("2022   2021   22 vs. 21", &[2022, 2021], 1)]
    #[case::a_change_in_words("(in millions)   Fiscal 2023   Fiscal 2022   $ Change   % Change", &[2023, 2022], 2)]
    fn a_head_tells_the_years_of_its_columns(#[case] line: &str, #[case] years: &[i32], #[case] others: usize) {
        assert_eq!(Head::of(line), Some(Head { years: years.to_vec(), others, has_notes: false }));
    }

    #[rstest]
    #[case::a_sentence("Our revenue in 2022 and 2021")]
    #[case::years_twice("2022   2021   2022   2021")]
    #[case::years_twice_with_changes("Years ended December 31   2022   2021   Change   2021   2020   Change")]
    #[case::apart("2022   Change   2021")]
    #[case::a_part_of_a_year("Three Months Ended December 31,   2022   2021")]
    #[case::a_row("Revenue   26,914   16,675")]
    #[case::nothing("")]
    fn a_line_that_leaves_a_doubt_is_no_head(#[case] line: &str) {
        assert_eq!(Head::of(line), None);
    }

    #[rstest]
    #[case::each_column("2022   2021", &[1, 2], 2021, Some(2))]
    #[case::a_change("2022   2021   Change", &[1, 2, 3], 2021, Some(2))]
    #[case::a_column_short("2022   2021   Change", &[1, 2], 2021, None)]
    #[case::a_column_more("2022   2021", &[9, 1, 2], 2021, None)]
    #[case::a_note("Note   2022   2021", &[9, 1, 2], 2021, Some(2))]
    #[case::without_its_note("(in millions)   Notes   2022   2021", &[1, 2], 2021, Some(2))]
    #[case::another_year("2022   2021", &[1, 2], 2020, None)]
    fn a_value_is_of_the_year_of_its_column(
        #[case] line: &str,
        #[case] values: &[u8],
        #[case] year: i32,
        #[case] value: Option<u8>,
    ) {
        assert_eq!(Head::of(line).unwrap().value(values, year).copied(), value);
    }

    #[rstest]
    #[case("Boeing · 10-K · FY2022 · Results · (Dollars in millions) December 31, 2022 2021", &[2022, 2021])]
    #[case("Boeing · 10-K · FY2022 · Results of 2022", &[])]
    #[case("Boeing · 10-K · FY2022 · Results · Three months ended 2022 2021", &[])]
    #[case("", &[])]
    fn a_table_goes_on_with_the_head_of_its_context(#[case] context: &str, #[case] years: &[i32]) {
        assert_eq!(Head::of_context(context).map(|head| head.years).unwrap_or_default(), years);
    }
}
