//! Figures that a question asks for by their name and years, found in a table's row: "What was revenue in 2022 and 2021?"
//!
//! A row counts when its title is what was asked for, besides words such as "total", and a line above it in the same passage
//! names each year once, with a value for each. So what is said of a year is what stands in its column. Of several such rows
//! a consolidated one is taken, then the one with the largest value: a company's parts are smaller than the whole.

use super::{
    check::{self, Passage, slice},
    decimal::Decimal,
};
use crate::domain::library::{
    Citation, Hit, Statement,
    words::{self, YEARS, number_length, stem, terms},
};

/// Years that one question is answered for.
const YEARS_MAX: usize = 4;

/// Separator of two columns (see `extract::layout`).
const COLUMN_GAP: &str = "   ";

/// Words that do not tell one figure from another.
const FILLERS: [&str; 24] = [
    "fiscal",
    "year",
    "years",
    "ended",
    "total",
    "net",
    "consolidated",
    "company",
    "change",
    "changed",
    "difference",
    "increase",
    "decrease",
    "increased",
    "decreased",
    "grow",
    "grew",
    "growth",
    "compare",
    "compared",
    "percent",
    "amount",
    "figure",
    "versus",
];

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

/// Synonyms that filers use for the same figure.
const SYNONYMS: [[&str; 2]; 2] = [["revenue", "sales"], ["profit", "income"]];

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
        |term: &String| company.iter().any(|word| word == term || Some(word.as_str()) == term.strip_suffix('s'));
    let mut years: Vec<i32> = Vec::new();
    let mut metric = Vec::new();
    for term in terms(question) {
        match words::years(&term)[..] {
            [year] => years.push(year),
            _ if term.parse::<u64>().is_ok() => return None,
            _ if FILLERS.contains(&term.as_str()) || of_company(&term) => {}
            _ => metric.push(stem(&term)),
        }
    }
    let lower = question.to_lowercase();
    let wants_change = years.len() == 2 && CHANGES.iter().any(|word| lower.contains(word));
    (!metric.is_empty() && !years.is_empty() && years.len() <= YEARS_MAX).then_some(Asked {
        metric,
        years,
        wants_change,
    })
}

/// A row that answers: places are bytes of the passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    begin: usize,
    title: String,
    /// For each year asked for: where its value ends, the value, and how it is written.
    values: Vec<(usize, Decimal, String)>,
    unit: &'static str,
    is_consolidated: bool,
}

/// The row that answers, with the place of its passage among the hits; nothing when none does.
pub fn find(asked: &Asked, hits: &[Hit]) -> Option<(usize, Row)> {
    let latest = asked.years.iter().max()?;
    let of_year = |hit: &Hit| hit.context.contains(&format!("FY{latest}"));
    let mut best: Option<(usize, Row)> = None;
    for (place, hit) in hits.iter().enumerate() {
        for row in rows(asked, hit) {
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
    let first = |row: &Row| row.values.first().map(|(_, value, _)| value.abs());
    match (first(row), first(other)) {
        (Some(own), Some(other)) => own.add(other.negated()).is_some_and(|difference| difference.is_positive()),
        _ => false,
    }
}

/// The rows of a passage that answer.
fn rows(asked: &Asked, hit: &Hit) -> Vec<Row> {
    let mut found = Vec::new();
    let mut head: Option<Vec<i32>> = None;
    let mut begin = 0;
    for line in hit.text.split_inclusive('\n') {
        let start = begin;
        begin += line.len();
        let line = line.trim_end();
        if let Some(years) = head_years(line) {
            head = Some(years);
            continue;
        }
        let (Some(years), Some(gap)) = (&head, line.find(COLUMN_GAP)) else { continue };
        let title = line[..gap].trim();
        if is_metric(title, &asked.metric)
            && let Some(values) = values(line, gap, years, &asked.years)
        {
            let text = format!("{} {}", hit.context, hit.text).to_lowercase();
            let unit = if title.to_lowercase().contains("per share") { "" } else { unit(&text) };
            let values = values.into_iter().map(|(end, value, written)| (start + end, value, written)).collect();
            let indent = line.len() - line.trim_start().len();
            found.push(Row {
                begin: start + indent,
                title: title.to_owned(),
                values,
                unit,
                is_consolidated: text.contains("consolidated"),
            });
        }
    }
    found
}

/// The years above columns, each once; nothing for another line.
fn head_years(line: &str) -> Option<Vec<i32>> {
    let cells: Vec<&str> = line.split(COLUMN_GAP).map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let year = |cell: &str| {
        let last = cell.rsplit([' ', ',']).next().unwrap_or(cell);
        last.parse::<i32>().ok().filter(|year| YEARS.contains(year))
    };
    // In front of them may stand what they are, and the unit.
    let years: Vec<i32> = cells.iter().rev().map_while(|cell| year(cell)).collect();
    let is_head = !years.is_empty() && cells.len() <= years.len() + 1;
    let mut once = years.clone();
    once.sort_unstable();
    once.dedup();
    (is_head && once.len() == years.len()).then(|| years.into_iter().rev().collect())
}

fn is_metric(title: &str, metric: &[String]) -> bool {
    let own: Vec<String> =
        terms(title).into_iter().filter(|term| !FILLERS.contains(&term.as_str())).map(|term| stem(&term)).collect();
    let is_same = |word: &String, other: &String| {
        let alike = |pair: &[&str; 2]| {
            let pair = pair.map(stem);
            pair.contains(word) && pair.contains(other)
        };
        word == other || (metric.len() == 1 && SYNONYMS.iter().any(alike))
    };
    own.len() == metric.len() && own.iter().all(|word| metric.iter().any(|other| is_same(word, other)))
}

/// The value in each wanted year's column: its end, itself, and as it is written.
fn values(line: &str, gap: usize, years: &[i32], wanted: &[i32]) -> Option<Vec<(usize, Decimal, String)>> {
    let mut all = Vec::new();
    let mut at = gap;
    while let Some(digit) = line[at..].find(|character: char| character.is_ascii_digit()).map(|offset| at + offset) {
        let end = digit + number_length(&line[digit..]);
        let before = line[..digit].trim_end_matches(['$', '€', '£', ' ']);
        let is_negative = before.ends_with(['(', '-', '−', '–']);
        let value = Decimal::parse(&line[digit..end])?;
        let closes = line[end..].starts_with(')');
        let sign = if line[..digit].contains('$') { "$" } else { "" };
        let written = match is_negative {
            true => format!("−{sign}{}", &line[digit..end]),
            false => format!("{sign}{}", &line[digit..end]),
        };
        all.push((end + usize::from(closes), if is_negative { value.negated() } else { value }, written));
        at = end;
    }
    if all.len() < years.len() {
        return None;
    }
    wanted.iter().map(|year| all.get(years.iter().position(|known| known == year)?).cloned()).collect()
}

fn unit(text: &str) -> &'static str {
    let units = [("in millions", " million"), ("in thousands", " thousand"), ("in billions", " billion")];
    units.iter().find(|(words, _)| text.contains(words)).map_or("", |(_, unit)| unit)
}

/// Statements of a hit's row: the figure of each year and, if asked for, their difference. Empty if the hit is not among the
/// passages.
pub fn statements(asked: &Asked, row: &Row, hit: &Hit, passages: &[Passage]) -> Vec<Statement> {
    let Some(passage) = passages.iter().find(|passage| passage.hit.segment == hit.segment) else { return Vec::new() };
    let Row { title, unit, .. } = row;
    let title = title.trim_end_matches(':');
    let cite = |end: usize| slice(passage, row.begin, end);
    let mut made = Vec::new();
    for (year, (end, _, written)) in asked.years.iter().zip(&row.values) {
        let citations: Vec<Citation> = cite(*end).into_iter().collect();
        made.push(check::compose(format!("{title}, {year}: {written}{unit}."), citations, None, passages));
    }
    if asked.wants_change {
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
    let end = before.0.max(after.0);
    let citations: Vec<Citation> = slice(passage, row.begin, end).into_iter().collect();
    let number =
        |value: Decimal| if value.is_negative() { format!("-{}", grouped(value.abs())) } else { grouped(value) };
    let (old, new) = (number(before.1), number(after.1));
    let mut made = Vec::new();
    let sign = if before.2.contains('$') { "$" } else { "" };
    if let Some(difference) = after.1.add(before.1.negated()) {
        let text =
            format!("Change from {from} to {to}: {}{sign}{}{}.", plus(difference), grouped(difference.abs()), row.unit);
        made.push(check::compose(text, citations.clone(), Some(&format!("{new} - {old}")), passages));
        let percent = difference.times(Decimal::HUNDRED).and_then(|times| times.divided_by(before.1));
        // Of a loss, a percentage says nothing.
        if let Some(percent) = percent.filter(|_| before.1.is_positive() && !after.1.is_negative()) {
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
