//! Figures that a question asks for by their name and years, found in a table's row: "What was revenue in 2022 and 2021?"
//!
//! A row counts when its title is the figure's name ([`metric`]), a head above it names each year once ([`head`]), and it has a
//! value for each of the head's columns ([`row`]). So what is said of a year is what stands in its column. Of several such rows
//! one of a report of the latest year asked for is taken, then a consolidated one, then the one with the largest value: a
//! company's parts are smaller than the whole.

mod head;
mod metric;
mod row;

use self::{
    metric::metric,
    row::{Row, Value, rows},
};
use super::{
    check::{self, Passage, slice},
    decimal::Decimal,
};
use crate::domain::library::{
    Citation, Hit, Statement,
    words::{self, terms},
};

/// Years that one question is answered for.
const YEARS_MAX: usize = 4;

/// Separator of two columns (see `extract::layout`).
const COLUMN_GAP: &str = "   ";

/// Words that ask for a difference.
const CHANGES: [&str; 12] = [
    "change",
    "difference",
    "increase",
    "decrease",
    "grow",
    "grew",
    "growth",
    "rise",
    "rose",
    "fall",
    "fell",
    "compar",
];

/// Figure and years that a question asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Stems of the figure's name.
    metric: Vec<String>,
    /// In the question's order.
    years: Vec<i32>,
    wants_change: bool,
}

/// Reads a question; nothing when it asks for no figure of a year. Words of the issuer's name are not the figure's.
pub fn asked(question: &str, issuer: Option<&str>) -> Option<Asked> {
    let company = issuer.map(terms).unwrap_or_default();
    let of_company =
        |term: &str| company.iter().any(|word| word == term || Some(word.as_str()) == term.strip_suffix('s'));
    let years = words::years(question);
    let is_year = |term: &str| words::years(term).len() == 1;
    if terms(question).iter().any(|term| term.parse::<u64>().is_ok() && !is_year(term)) {
        return None;
    }
    let metric = metric(question, |term| of_company(term) || is_year(term));
    let lower = question.to_lowercase();
    let wants_change = years.len() == 2 && CHANGES.iter().any(|word| lower.contains(word));
    let is_one = !metric.is_empty() && !years.is_empty() && years.len() <= YEARS_MAX;
    is_one.then_some(Asked { metric, years, wants_change })
}

/// The row that answers, with the place of its passage among the hits; nothing when none does.
pub fn find(asked: &Asked, hits: &[Hit]) -> Option<(usize, Row)> {
    let latest = asked.years.iter().max()?;
    let of_year = |hit: &Hit| hit.context.contains(&format!("FY{latest}"));
    let mut best: Option<(usize, Row)> = None;
    for (place, hit) in hits.iter().enumerate() {
        for row in rows(&asked.metric, &asked.years, hit) {
            let is_better = best.as_ref().is_none_or(|(known, best)| {
                let rank = |hit: &Hit, row: &Row| (of_year(hit), row.is_consolidated);
                let (own, others) = (rank(hit, &row), rank(&hits[*known], best));
                own > others || (own == others && is_larger(&row, best))
            });
            if is_better {
                best = Some((place, row));
            }
        }
    }
    best
}

fn is_larger(row: &Row, other: &Row) -> bool {
    let first = |row: &Row| row.values.first().map(|value| value.number.abs());
    match (first(row), first(other)) {
        (Some(own), Some(other)) => own.add(other.negated()).is_some_and(|difference| difference.is_positive()),
        _ => false,
    }
}

/// Statements of a hit's row: the figure of each year and, if asked for, their difference. Empty if the hit is not among the
/// passages.
pub fn statements(asked: &Asked, row: &Row, hit: &Hit, passages: &[Passage]) -> Vec<Statement> {
    let Some(passage) = passages.iter().find(|passage| passage.hit.segment == hit.segment) else { return Vec::new() };
    let Row { title, unit, .. } = row;
    let title = title.trim_end_matches(':');
    // A short row is quoted to its last value, since a quotation has a least length.
    let last = row.values.iter().map(|value| value.end).max().unwrap_or(row.begin);
    let cite = |end: usize| slice(passage, row.begin, end).or_else(|| slice(passage, row.begin, last));
    let mut made = Vec::new();
    for (year, Value { end, written, .. }) in asked.years.iter().zip(&row.values) {
        let citations: Vec<Citation> = cite(*end).into_iter().collect();
        made.push(check::compose(format!("{title}, {year}: {written}{unit}."), citations, None, passages));
    }
    if asked.wants_change && !row.is_percent() {
        made.extend(changes(asked, row, passage, passages));
    }
    made
}

/// The difference between the two years, in figures and in percent, calculated from what is quoted.
fn changes(asked: &Asked, row: &Row, passage: &Passage, passages: &[Passage]) -> Vec<Statement> {
    let [first, second] = asked.years[..] else { return Vec::new() };
    let [one, other] = &row.values[..] else { return Vec::new() };
    let ((from, before), (to, after)) =
        if first < second { ((first, one), (second, other)) } else { ((second, other), (first, one)) };
    let end = before.end.max(after.end);
    let citations: Vec<Citation> = slice(passage, row.begin, end).into_iter().collect();
    let number =
        |value: Decimal| if value.is_negative() { format!("-{}", grouped(value.abs())) } else { grouped(value) };
    let (old, new) = (number(before.number), number(after.number));
    let mut made = Vec::new();
    let sign = if before.written.contains('$') { "$" } else { "" };
    if let Some(difference) = after.number.add(before.number.negated()) {
        let text =
            format!("Change from {from} to {to}: {}{sign}{}{}.", plus(difference), grouped(difference.abs()), row.unit);
        made.push(check::compose(text, citations.clone(), Some(&format!("{new} - {old}")), passages));
        let percent = difference.times(Decimal::HUNDRED).and_then(|times| times.divided_by(before.number));
        // Of a loss, a percentage says nothing.
        if let Some(percent) = percent.filter(|_| before.number.is_positive() && !after.number.is_negative()) {
            let percent = percent.rounded(1);
            let text = format!("Change in percent: {}{}%.", plus(percent), percent.abs());
            made.push(check::compose(text, citations, Some(&format!("({new} - {old}) / {old} * 100")), passages));
        }
    }
    made
}

fn plus(value: Decimal) -> &'static str {
    if value.is_negative() { "−" } else { "+" }
}

/// `4,322`, `1,284.6`
fn grouped(value: Decimal) -> String {
    let text = value.to_string();
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, fraction)| (whole, Some(fraction)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    fraction.map_or(grouped.clone(), |fraction| format!("{grouped}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::library::{Scores, Support};

    const QUESTION: &str = "What was Boeing's revenue in fiscal 2022 and 2021, and how much did it change?";
    const SEGMENT: &str = "Results of Operations\n(Dollars in millions)\nYears ended December 31,   2022   2021   2020\nRevenues   $25,867   $19,493   $16,162";
    const WHOLE: &str = "Consolidated Results of Operations\n(Dollars in millions, except per share data)\nYears ended December 31,   2022   2021   2020\n\
        Revenues   $66,608   $62,286   $58,158\nLoss from operations   ($3,547)   ($2,902)   ($12,767)";

    fn hit(text: &str) -> Hit {
        Hit {
            segment: 1,
            document: "d".to_owned(),
            title: "Boeing".to_owned(),
            page: 24,
            start: 100,
            end: 100 + text.len() as u32,
            text: text.to_owned(),
            context: "THE BOEING COMPANY · 10-K · FY2022".to_owned(),
            marks: Vec::new(),
            scores: Scores::default(),
        }
    }

    fn answer(question: &str, texts: &[&str]) -> Vec<Statement> {
        let hits: Vec<Hit> = texts.iter().map(|text| hit(text)).collect();
        let asked = asked(question, Some("THE BOEING COMPANY")).unwrap();
        let Some((place, row)) = find(&asked, &hits) else { return Vec::new() };
        let passages = [Passage { handle: "S1".to_owned(), hit: hits[place].clone() }];
        statements(&asked, &row, &hits[place], &passages)
    }

    #[test]
    fn two_years_are_quoted_from_the_whole_company_s_row_and_their_difference_is_computed() {
        let made = answer(QUESTION, &[SEGMENT, WHOLE]);
        let texts: Vec<&str> = made.iter().map(|statement| statement.text.as_str()).collect();
        let expected = [
            "Revenues, 2022: $66,608 million.",
            "Revenues, 2021: $62,286 million.",
            "Change from 2021 to 2022: +$4,322 million.",
            "Change in percent: +6.9%.",
        ];
        assert_eq!(texts, expected);
        assert!(made.iter().all(|statement| statement.support == Support::Cited), "{made:?}");
        assert_eq!(made[0].citations[0].quote, "Revenues   $66,608");
        assert_eq!(made[1].citations[0].quote, "Revenues   $66,608   $62,286");
        assert_eq!(made[2].calculation.as_deref(), Some("66,608 - 62,286 = 4322"));
        let (start, end) = (made[1].citations[0].start as usize - 100, made[1].citations[0].end as usize - 100);
        assert_eq!(&WHOLE[start..end], made[1].citations[0].quote);
    }

    #[rstest]
    #[case::years_close_together("Year   2022 2021\nRevenue   $ 9 $ 8", "Revenue, 2021: $8.")]
    #[case::a_change_beside("Year   2022   2021   Change\nRevenue   9   8   13%", "Revenue, 2021: 8.")]
    #[case::a_note("Note   2022   2021\nRevenue   3   9   8", "Revenue, 2021: 8.")]
    #[case::a_dash_elsewhere("2022   2021   2020\nRevenue   9   8   —", "Revenue, 2021: 8.")]
    #[case::other_words("2022   2021\nNet sales (Note 3)   9   8", "Net sales (Note 3), 2021: 8.")]
    fn a_value_is_read_from_the_column_of_its_year(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(answer("How much revenue did Boeing make in 2021?", &[text])[0].text, expected);
    }

    #[test]
    fn a_table_that_goes_on_keeps_the_head_of_its_beginning() {
        let mut next = hit("Total assets   $ 137,100   $ 138,552\nAccounts payable   10,200   9,261");
        next.context = "BOEING · 10-K · FY2022 · Consolidated Statements · (Dollars in millions) 2022 2021".to_owned();
        let asked = asked("What were total assets in 2022 and 2021?", None).unwrap();
        let (_, row) = find(&asked, &[hit("2022   2021\nTotal assets   $ 2,417   $ 1,807"), next]).unwrap();
        let written: Vec<_> = row.values.iter().map(|value| value.written.as_str()).collect();
        assert_eq!((written, row.unit), (vec!["$137,100", "$138,552"], " million"));
    }

    #[test]
    fn a_loss_stays_one() {
        let made = answer("How did the loss from operations change between 2021 and 2022?", &[WHOLE]);
        let texts: Vec<&str> = made.iter().map(|statement| statement.text.as_str()).collect();
        let expected = [
            "Loss from operations, 2021: −$2,902 million.",
            "Loss from operations, 2022: −$3,547 million.",
            "Change from 2021 to 2022: −$645 million.",
        ];
        assert_eq!(texts, expected);
        assert!(made.iter().all(|statement| statement.support == Support::Cited), "{made:?}");
    }

    #[rstest]
    #[case::another_figure("What was revenue in 2022?", "Year   2022   2021\nCost of revenue   9   8")]
    #[case::another_year("What was revenue in 2019?", "Year   2022   2021\nRevenue   9   8")]
    #[case::a_year_twice(
        "What was revenue in 2023?",
        "July 29, 2023   July 30, 2022   July 29, 2023   July 30, 2022\nRevenue   1   2   3   4"
    )]
    #[case::a_value_short("What was revenue in 2021?", "Year   2022   2021\nRevenue   9")]
    #[case::no_head("What was revenue in 2021?", "Revenue   9   8")]
    #[case::a_column_more("What was revenue in 2021?", "Year   2022   2021\nRevenue   9   8   7")]
    #[case::another_income("What was net income in 2022?", "Year   2022   2021\nOther income, net   9   8")]
    #[case::a_quarter("What was revenue in 2022?", "Three months ended December 31,\n2022   2021\nRevenue   9   8")]
    #[case::another_table(
        "What was revenue in 2022?",
        "Year   2022   2021\nCosts   9   8\nNorth   South\nRevenue   7   6"
    )]
    #[case::a_head_is_no_row(
        "What were dollars in millions in 2022?",
        "(Dollars in millions)   2022   2021\nRevenue   9   8"
    )]
    fn what_does_not_stand_in_the_column_of_its_year_is_not_said(#[case] question: &str, #[case] text: &str) {
        assert_eq!(answer(question, &[text]), []);
    }

    #[rstest]
    #[case("Which risks does the company name?")]
    #[case("What happened in 2022?")]
    #[case("How many of the 500 stores closed in 2022?")]
    fn what_asks_for_no_figure_is_none(#[case] question: &str) {
        let asked = asked(question, None);
        assert!(asked.as_ref().is_none_or(|asked| find(asked, &[hit(WHOLE)]).is_none()), "{asked:?}");
    }
}
