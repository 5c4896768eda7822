//! Finds a document's issuer, form and period on its first pages.
//!
//! SEC filings state them in fixed words on their cover, press releases in their first lines. Fields that are not found
//! stay empty; a person can set them.

use super::{bounds::FIELD_CHARS_MAX, store::documents::Identity};
use crate::domain::ticker::Ticker;

/// Bytes of a document's beginning that are examined.
pub const LOOKED_AT_BYTES: usize = 12_000;

const FORMS: [&str; 16] = [
    "10-K/A", "10-Q/A", "8-K/A", "10-K405", "10-KT", "10-K", "10-Q", "8-K", "20-F", "40-F", "6-K", "S-1", "S-4",
    "DEF 14A", "424B4", "11-K",
];

const MONTHS: [&str; 12] = [
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
];

/// Examines a document's beginning. Also returns the fiscal year.
pub fn find(text: &str) -> (Identity, Option<i32>) {
    let text = &text[..text.floor_char_boundary(LOOKED_AT_BYTES)];
    let lower = text.to_lowercase();
    // Lower case can change a character's length, which would shift offsets; then only ASCII is lowered.
    let lower = if lower.len() == text.len() { lower } else { text.to_ascii_lowercase() };
    let form = form(text, &lower);
    let is_release = form.is_none() && is_release(&lower);
    let (period, year) = period(&lower, form.as_deref(), is_release);
    let identity = Identity {
        title: None,
        issuer: issuer(text, &lower),
        ticker: ticker(text, &lower),
        form: form.or_else(|| is_release.then(|| "Earnings release".to_owned())),
        period,
    };
    (identity, year)
}

/// "issuer · form · period", without absent parts.
pub fn header(issuer: Option<&str>, form: Option<&str>, period: Option<&str>) -> String {
    [issuer, form, period].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Year of a period set by a person: its last one.
pub fn year_of(period: &str) -> Option<i32> {
    let numbers = period.split(|character: char| !character.is_ascii_digit());
    numbers
        .filter(|digits| digits.len() == 4)
        .filter_map(|digits| digits.parse().ok())
        .rfind(|year| (1900..2100).contains(year))
}

fn form(text: &str, lower: &str) -> Option<String> {
    for (at, _) in lower.match_indices("form") {
        let after = text[at + 4..].trim_start();
        let found = FORMS.iter().find(|form| {
            after.get(..form.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(form))
                && !after[form.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
        });
        if let Some(form) = found {
            return Some((*form).to_owned());
        }
    }
    (lower.contains("proxy statement") && lower.contains("schedule 14a")).then(|| "DEF 14A".to_owned())
}

fn is_release(lower: &str) -> bool {
    let has_results = ["results", "reports", "announces"].iter().any(|word| lower.contains(word));
    let has_quarter = ["first quarter", "second quarter", "third quarter", "fourth quarter", "full year", "fiscal"]
        .iter()
        .any(|word| lower.contains(word));
    has_results
        && has_quarter
        && (lower.contains("earnings")
            || lower.contains("press release")
            || lower.contains("net revenues")
            || lower.contains("net sales"))
}

fn issuer(text: &str, lower: &str) -> Option<String> {
    let marks = ["exact name of registrant", "exact name of the registrant", "name of registrant as specified"];
    for mark in marks {
        let Some(at) = lower.find(mark) else { continue };
        let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        // The name precedes the words, or stands on a line above.
        let before = text[line_start..at].trim().trim_end_matches('(').trim();
        let above = text[..line_start].lines().rev();
        let name = std::iter::once(before).chain(above).map(clean_name).find(|name| is_name(name));
        if name.is_some() {
            return name;
        }
    }
    release_issuer(text, lower)
}

/// Issuer of a press release. In "MGM Resorts International (NYSE: MGM)": the capitalised words before the bracket.
fn release_issuer(text: &str, lower: &str) -> Option<String> {
    let at = ["(nyse", "(nasdaq", "(new york stock exchange"].iter().filter_map(|mark| lower.find(mark)).min()?;
    let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
    // A name may be broken over two lines.
    let begin = text[..begin.saturating_sub(1)].rfind('\n').map_or(0, |end| end + 1);
    let words: Vec<&str> = text[begin..at].split_whitespace().collect();
    let is_part = |word: &&&str| {
        word.chars().next().is_some_and(|first| first.is_uppercase() || first == '&')
            || matches!(**word, "of" | "and" | "&")
    };
    let count = words.iter().rev().take_while(is_part).take(8).count();
    let name = words[words.len() - count..].join(" ");
    // A place and date, or a wire's name, may precede it.
    let name = ["--", "–", "—", " - ", ")"]
        .iter()
        .fold(name.as_str(), |name, mark| name.rsplit_once(mark).map_or(name, |(_, name)| name));
    let name = clean_name(name);
    is_name(&name).then_some(name)
}

fn clean_name(line: &str) -> String {
    let name = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = name
        .trim_matches(|character: char| matches!(character, '(' | ')' | '_' | '-' | '*' | ':' | '"' | '“' | '”'))
        .trim();
    name.chars().take(FIELD_CHARS_MAX).collect()
}

fn is_name(name: &str) -> bool {
    let letters = name.chars().filter(|character| character.is_alphabetic()).count();
    let lower = name.to_lowercase();
    let is_boilerplate =
        ["commission", "file number", "form ", "exchange act", "washington", "pursuant", "for the", "report"]
            .iter()
            .any(|word| lower.contains(word));
    letters >= 2 && name.chars().count() <= 80 && !is_boilerplate && name.chars().any(char::is_uppercase)
}

fn ticker(text: &str, lower: &str) -> Option<String> {
    // "(NYSE: MGM)", "(Nasdaq: ULTA)"
    for mark in ["nyse:", "nasdaq:", "nasdaq gs:", "nyse/tsx:"] {
        for (at, _) in lower.match_indices(mark) {
            let word = text[at + mark.len()..]
                .trim_start()
                .split(|character: char| !character.is_ascii_alphanumeric() && character != '.')
                .next();
            if let Some(ticker) = word.and_then(symbol) {
                return Some(ticker);
            }
        }
    }
    // "Common Stock, $5.00 Par Value   BA   New York Stock Exchange"
    let line = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("new york stock exchange") || line.contains("nasdaq") || line.contains("nyse")
    };
    for line in text.lines().filter(line) {
        let found = line.split("   ").map(str::trim).find_map(symbol);
        if found.is_some() {
            return found;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let exchange = words.iter().position(|word| matches!(*word, "New" | "The" | "NASDAQ" | "Nasdaq" | "NYSE"));
        if let Some(found) = exchange.and_then(|at| at.checked_sub(1)).and_then(|at| symbol(words[at])) {
            return Some(found);
        }
    }
    None
}

fn symbol(word: &str) -> Option<String> {
    let is_symbol = (1..=6).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'.')
        && !matches!(
            word,
            "NYSE" | "NASDAQ" | "INC" | "CORP" | "LLC" | "USA" | "US" | "NA" | "N.A" | "A" | "B" | "THE" | "NONE"
        );
    let ticker: Ticker = is_symbol.then(|| word.parse().ok()).flatten()?;
    Some(ticker.to_string())
}

/// The period in a short, sortable form: "FY2022", "Q2 2023", "2023-08-30".
fn period(lower: &str, form: Option<&str>, is_release: bool) -> (Option<String>, Option<i32>) {
    let after = |marks: &[&str]| marks.iter().filter_map(|mark| Some(lower.find(mark)? + mark.len())).min();
    let annual = ["fiscal year ended", "year ended", "annual period ended"];
    let quarterly = ["quarterly period ended", "quarter ended", "three months ended"];
    match form {
        Some(form) if form.starts_with("8-K") => {
            let at = after(&["earliest event reported)", "date of report", "earliest event reported"]);
            let date = at.and_then(|at| date(&lower[at..]));
            (date.map(|(year, month, day)| format!("{year}-{month:02}-{day:02}")), date.map(|(year, ..)| year))
        }
        Some(form) if form.starts_with("10-Q") => match after(&quarterly).and_then(|at| date(&lower[at..])) {
            Some((year, month, day)) => (Some(format!("quarter to {year}-{month:02}-{day:02}")), Some(year)),
            None => (None, None),
        },
        _ if is_release => release_period(lower),
        _ => match after(&annual).and_then(|at| date(&lower[at..])) {
            // A fiscal year that ends in early January usually counts as the year before.
            Some((year, month, day)) => {
                let year = if month == 1 && day <= 7 { year - 1 } else { year };
                (Some(format!("FY{year}")), Some(year))
            }
            None => (None, None),
        },
    }
}

fn release_period(lower: &str) -> (Option<String>, Option<i32>) {
    let quarters = [
        ("first quarter", "Q1"),
        ("second quarter", "Q2"),
        ("third quarter", "Q3"),
        ("fourth quarter", "Q4"),
        ("full year", "FY"),
        ("fiscal", "FY"),
    ];
    let found = quarters.iter().filter_map(|(words, short)| Some((lower.find(words)?, *short))).min();
    let Some((at, short)) = found else { return (None, None) };
    let near = &lower[at..lower.floor_char_boundary(at + 200)];
    let year =
        near.split(|character: char| !character.is_ascii_digit()).filter(|digits| digits.len() == 4).find_map(year_of);
    match year {
        Some(year) if short == "FY" => (Some(format!("FY{year}")), Some(year)),
        Some(year) => (Some(format!("{short} {year}")), Some(year)),
        None => (None, None),
    }
}

/// The first date in the next words: "December 31, 2022" or "December   31 ,   2022".
fn date(lower: &str) -> Option<(i32, usize, u32)> {
    let near = &lower[..lower.floor_char_boundary(160)];
    let (at, month) = MONTHS.iter().zip(1..).filter_map(|(name, month)| Some((near.find(name)?, month))).min()?;
    let mut numbers =
        near[at..].split(|character: char| !character.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let day = numbers.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let year = numbers.next().and_then(year_of)?;
    Some((year, month, day))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> ([Option<String>; 4], Option<i32>) {
        let (Identity { issuer, ticker, form, period, .. }, year) = find(text);
        ([issuer, ticker, form, period], year)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_cover_of_an_annual_report() {
        let cover = "UNITED STATES\nSECURITIES AND EXCHANGE COMMISSION\nFORM 10-K\n☒ ANNUAL REPORT\nFor the fiscal year ended \
            December 31, 2022\nCommission file number 1-442\nTHE BOEING COMPANY\n(Exact name of registrant as specified in its \
            charter)\nCommon Stock, $5.00 Par Value   BA   New York Stock Exchange\n";
        assert_eq!(told(cover), ([some("THE BOEING COMPANY"), some("BA"), some("10-K"), some("FY2022")], Some(2022)));
    }

    #[test]
    fn the_cover_of_a_quarterly_report() {
        let cover = "FORM 10-Q\nFor the quarterly period ended July 29, 2023\nBEST BUY CO., INC.\n(Exact name of registrant as \
            specified in its charter)\nCommon Stock, $0.10 par value per share   BBY   New York Stock Exchange\n";
        assert_eq!(
            told(cover),
            ([some("BEST BUY CO., INC."), some("BBY"), some("10-Q"), some("quarter to 2023-07-29")], Some(2023))
        );
    }

    #[test]
    fn a_press_release() {
        let text = "MGM RESORTS INTERNATIONAL REPORTS FOURTH QUARTER AND FULL YEAR 2022 RESULTS\nLas Vegas, Nevada, February 8, \
            2023 – MGM Resorts International (NYSE: MGM) today reported earnings for the quarter. Net revenues were high.";
        assert_eq!(
            told(text),
            ([some("MGM Resorts International"), some("MGM"), some("Earnings release"), some("Q4 2022")], Some(2022))
        );
    }

    #[test]
    fn a_press_release_of_a_wire() {
        let text = "Net Sales of $3.2 Billion; Diluted Earnings Per\nDiluted Share\nBOLINGBROOK, Ill.--(BUSINESS WIRE)-- Ulta \
            Beauty, Inc. (NASDAQ: ULTA) today announced results for the fourth quarter of fiscal 2022. Net sales rose.";
        assert_eq!(told(text).0[0], some("Ulta Beauty, Inc."));
    }

    #[test]
    fn nothing_is_found_where_nothing_is_said() {
        assert_eq!(told("A note of mine on lunch."), ([None, None, None, None], None));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at(text in "(form |10-K|year ended|\\(exact name of registrant|\\(nyse: |december 3|2022|\\PC){0,30}") {
            find(&text);
        }
    }
}
