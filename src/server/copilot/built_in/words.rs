//! The words of a message, with the numbers and company names among them.

use crate::{
    domain::{
        money::{InvalidQuantity, Quantity},
        ticker::Ticker,
        typed_number::{UnreadableQuantity, read_quantity},
        workstation::Listed,
    },
    server::market,
};

/// A word of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As written, without surrounding punctuation.
    pub text: String,
    /// In lower case, without `'s`.
    pub plain: String,
    /// Whether a sentence ends after it.
    pub ends_sentence: bool,
}

/// Most words of a message that are examined.
const WORDS_MAX: usize = 800;

/// Splits a text into words. Commas and points within a number belong to it.
pub fn words_of(text: &str) -> Vec<Word> {
    let is_between =
        |c: char| c.is_whitespace() || matches!(c, ';' | '!' | '?' | '(' | ')' | '"' | '“' | '”' | '/' | '|');
    let mut words: Vec<Word> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c| !is_between(c)) {
        if let (Some(last), true) = (words.last_mut(), rest[..start].contains(['!', '?', ';', '\n'])) {
            last.ends_sentence = true;
        }
        rest = &rest[start..];
        let end = rest.find(is_between).unwrap_or(rest.len());
        let (chunk, after) = rest.split_at(end);
        split_chunk(chunk, &mut words);
        if words.len() >= WORDS_MAX {
            words.truncate(WORDS_MAX);
            break;
        }
        rest = after;
    }
    if let (Some(last), true) = (words.last_mut(), rest.contains(['!', '?', ';', '\n'])) {
        last.ends_sentence = true;
    }
    words
}

/// Splits the text between two blanks: a number stays whole, other text is split at commas.
fn split_chunk(chunk: &str, words: &mut Vec<Word>) {
    let figures = chunk.trim_matches([',', '.', '$']);
    let figures = without_thousands(figures).unwrap_or(figures);
    let is_number = figures.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '\''));
    let parts: Vec<&str> = if is_number { vec![chunk] } else { chunk.split([',', ':']).collect() };
    for part in parts {
        let ends_sentence = part.ends_with('.');
        let text = part.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | '\'' | '’' | '*' | '`' | '_'));
        if text.is_empty() {
            if let (Some(last), true) = (words.last_mut(), ends_sentence) {
                last.ends_sentence = true;
            }
            continue;
        }
        let lower = text.to_lowercase().replace('’', "'");
        let plain = lower.strip_suffix("'s").unwrap_or(&lower).to_owned();
        words.push(Word { text: text.to_owned(), plain, ends_sentence });
    }
}

/// Words that look like tickers, but only count as such if marked.
const NO_TICKERS: &[&str] = &[
    "a", "about", "add", "again", "all", "also", "am", "an", "and", "another", "any", "are", "as", "at", "back", "be",
    "best", "big", "bit", "buy", "by", "can", "cash", "come", "could", "day", "did", "do", "does", "doing", "done",
    "down", "drop", "each", "else", "every", "extra", "few", "for", "from", "fund", "gain", "get", "give", "go",
    "good", "had", "half", "has", "have", "help", "her", "here", "hi", "his", "hold", "how", "i", "if", "in", "into",
    "is", "it", "its", "just", "last", "least", "less", "list", "look", "lot", "lots", "made", "make", "many", "me",
    "money", "more", "most", "much", "my", "new", "next", "no", "not", "now", "of", "off", "ok", "on", "once", "one",
    "only", "or", "order", "other", "our", "out", "over", "please", "put", "rest", "same", "sell", "share", "show",
    "so", "some", "stock", "stop", "take", "tell", "than", "that", "the", "them", "these", "they", "this", "to",
    "today", "too", "total", "two", "up",
];

/// Second half of the list.
const NO_TICKERS_EITHER: &[&str] = &[
    "us", "use", "want", "was", "watch", "we", "well", "went", "were", "what", "when", "which", "who", "why", "will",
    "with", "worth", "would", "year", "yes", "you", "your", "three", "four", "five", "price", "trade", "down",
];

/// Words of company names that do not identify a company by themselves.
const COMMON_NAMES: &[&str] = &[
    "american",
    "america",
    "bank",
    "systems",
    "technologies",
    "platforms",
    "group",
    "inc",
    "corp",
    "corporation",
    "company",
    "the",
    "of",
    "advanced",
    "micro",
    "devices",
    "general",
    "united",
    "health",
    "morgan",
    "chase",
    "home",
    "depot",
    "motors",
];

/// Common names of companies besides their official name and ticker.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("google", "GOOGL"),
    ("facebook", "META"),
    ("instagram", "META"),
    ("jpmorgan", "JPM"),
    ("jp morgan", "JPM"),
    ("berkshire", "BRK.B"),
    ("citi", "C"),
    ("citibank", "C"),
    ("boa", "BAC"),
    ("amex", "AXP"),
    ("exxon", "XOM"),
    ("coke", "KO"),
    ("coca cola", "KO"),
    ("j&j", "JNJ"),
];

/// Resolves names: companies by name, and the tickers that the account follows.
pub struct Names {
    listings: Vec<Listed>,
    /// Tickers that are watched, held or have a price.
    followed: Vec<Ticker>,
}

/// A ticker that words name, with their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    pub ticker: Ticker,
    pub words: usize,
}

impl Names {
    pub fn new(followed: Vec<Ticker>) -> Self {
        Self { listings: market::listings(), followed }
    }

    /// The ticker at the start of the words: by its letters or its company's name. In lower case it must be a followed
    /// ticker, so that ordinary words do not match; `is_shouting` means that the whole message is in capitals.
    pub fn read(&self, words: &[Word], is_shouting: bool) -> Option<Named> {
        self.company(words).or_else(|| {
            let word = words.first()?;
            let is_marked = word.text.starts_with('$');
            let ticker: Ticker = word.text.trim_start_matches('$').trim_end_matches("'s").parse().ok()?;
            let is_known =
                self.followed.contains(&ticker) || self.listings.iter().any(|listed| listed.ticker == ticker);
            let is_capital =
                !is_shouting && word.text.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '.' | '$'));
            let is_word = is_common(&word.plain);
            let is_ticker = is_marked
                || if is_word { is_capital && is_known && word.plain.len() > 1 } else { is_known || is_capital };
            is_ticker.then_some(Named { ticker, words: 1 })
        })
    }

    fn company(&self, words: &[Word]) -> Option<Named> {
        let starts_with = |name: &str| {
            let parts: Vec<&str> = name.split([' ', '-']).collect();
            // A hyphen is optional.
            let said: Vec<&str> = words.iter().flat_map(|word| word.plain.split('-')).take(parts.len()).collect();
            let is_said = said == parts;
            is_said.then(|| {
                let mut left = parts.len();
                words
                    .iter()
                    .take_while(|word| {
                        let goes_on = left > 0;
                        left = left.saturating_sub(word.plain.split('-').count());
                        goes_on
                    })
                    .count()
            })
        };
        let by_name = self.listings.iter().filter_map(|listed| {
            let name = listed.company.to_lowercase().replace("'s", "");
            let first = name.split([' ', '-']).next().unwrap_or_default().to_owned();
            let is_telling = !COMMON_NAMES.contains(&first.as_str()) && first.len() > 2 && self.begins_once(&first);
            let whole = starts_with(&name);
            let words = whole.or_else(|| if is_telling { starts_with(&first) } else { None })?;
            Some(Named { ticker: listed.ticker, words })
        });
        let by_other = OTHER_NAMES
            .iter()
            .filter_map(|(name, ticker)| Some(Named { words: starts_with(name)?, ticker: ticker.parse().ok()? }));
        by_name.chain(by_other).max_by_key(|named| named.words)
    }

    fn begins_once(&self, first: &str) -> bool {
        let begins = |listed: &&Listed| listed.company.to_lowercase().split([' ', '-']).next() == Some(first);
        self.listings.iter().filter(begins).count() == 1
    }

    /// Every ticker that a text names, in order, each once.
    pub fn all_in(&self, words: &[Word], is_shouting: bool) -> Vec<Ticker> {
        let (mut found, mut rest) = (Vec::new(), words);
        while let Some((_, after)) = rest.split_first() {
            rest = match self.read(rest, is_shouting) {
                Some(named) => {
                    if !found.contains(&named.ticker) {
                        found.push(named.ticker);
                    }
                    &rest[named.words.max(1)..]
                }
                None => after,
            };
        }
        found
    }
}

pub fn is_common(plain: &str) -> bool {
    NO_TICKERS.contains(&plain) || NO_TICKERS_EITHER.contains(&plain)
}

/// Whether a whole message is in capitals, which then carry no meaning.
pub fn is_shouting(words: &[Word]) -> bool {
    let letters = |word: &&Word| word.text.chars().any(char::is_alphabetic);
    let in_capitals = words.iter().filter(letters).filter(|word| !word.text.chars().any(char::is_lowercase)).count();
    words.iter().filter(letters).count() == in_capitals && in_capitals > 1
}

/// Number words.
const NUMBERS: &[(&str, &str)] = &[
    ("a", "1"),
    ("an", "1"),
    ("one", "1"),
    ("single", "1"),
    ("two", "2"),
    ("couple", "2"),
    ("pair", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("dozen", "12"),
    ("fifteen", "15"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("hundred", "100"),
    ("thousand", "1000"),
];

/// A number of shares in figures or words; `None` if it is not a number.
pub fn read_number_word(word: &Word) -> Option<Result<Quantity, UnreadableQuantity>> {
    if let Some((_, number)) = NUMBERS.iter().find(|(name, _)| *name == word.plain) {
        return number.parse().ok().map(Ok);
    }
    let figures = without_thousands(&word.text).unwrap_or(&word.text);
    let has_digit = figures.chars().any(char::is_numeric);
    let looks_like_one =
        figures.chars().all(|c| c.is_numeric() || matches!(c, '.' | ',' | '\'' | '’' | '-' | '+' | 'e' | 'E'));
    (has_digit && looks_like_one).then(|| read_figures(&word.text))
}

/// Parses a number in figures; a trailing `k` means thousands, as in `1.5k`.
///
/// # Errors
/// If it is not a number, ambiguous, or not a quantity.
pub fn read_figures(text: &str) -> Result<Quantity, UnreadableQuantity> {
    let Some(figures) = without_thousands(text) else {
        return read_quantity(text);
    };
    let thousands = read_quantity(figures).map_err(|doubt| match doubt {
        UnreadableQuantity::Doubtful { typed, grouped, decimal } => UnreadableQuantity::Doubtful {
            typed: format!("{typed}k"),
            grouped: format!("{grouped}k"),
            decimal: format!("{decimal}k"),
        },
        invalid @ UnreadableQuantity::Invalid(_) => invalid,
    })?;
    let millionths = thousands.millionths().checked_mul(1_000).ok_or(InvalidQuantity::TooLarge)?;
    Ok(Quantity::from_millionths(millionths)?)
}

/// Parses a sum in dollars. It has at most two decimal places, so `1,000` is a thousand.
///
/// # Errors
/// If it is not a number, or too large.
pub fn read_sum(text: &str) -> Result<Quantity, UnreadableQuantity> {
    match read_figures(text) {
        Err(UnreadableQuantity::Doubtful { grouped, .. }) => read_figures(&grouped),
        read => read,
    }
}

/// The figures before a trailing `k`, which means thousands.
fn without_thousands(text: &str) -> Option<&str> {
    text.strip_suffix(['k', 'K']).filter(|figures| figures.ends_with(|last: char| last.is_numeric()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn named(text: &str) -> Vec<String> {
        let words = words_of(text);
        let names = Names::new(vec!["PLTR".parse().unwrap()]);
        names.all_in(&words, is_shouting(&words)).iter().map(Ticker::to_string).collect()
    }

    #[rstest]
    #[case::ticker("how is AAPL doing", &["AAPL"])]
    #[case::small_letters("how is aapl doing", &["AAPL"])]
    #[case::company("how is Apple doing", &["AAPL"])]
    #[case::possessive("what is Apple's price", &["AAPL"])]
    #[case::ticker_s_possessive("what is AAPL's price", &["AAPL"])]
    #[case::two_words("compare bank of america and Wells Fargo", &["BAC", "WFC"])]
    #[case::other_name("google or facebook", &["GOOGL", "META"])]
    #[case::first_word("advanced micro devices and berkshire", &["AMD", "BRK.B"])]
    #[case::one_letter("how is V doing", &["V"])]
    #[case::followed("and pltr", &["PLTR"])]
    #[case::unknown_in_capitals("what about ZZZQ", &["ZZZQ"])]
    #[case::unknown_in_small_letters("what about cats", &[])]
    #[case::dollar_sign("$all of it", &["ALL"])]
    #[case::words("how much more of it do i have to buy now, all in all", &[])]
    #[case::words_in_capitals("HOW AM I DOING? SELL MORE OF IT", &[])]
    #[case::shouting("SELL ALL MY TSLA", &["TSLA"])]
    #[case::share_class("buy brk.b.", &["BRK.B"])]
    fn words_name_companies(#[case] text: &str, #[case] tickers: &[&str]) {
        assert_eq!(named(text), tickers);
    }

    #[test]
    fn every_listing_is_found_by_its_ticker_and_by_its_name() {
        for Listed { ticker, company } in market::listings() {
            assert_eq!(named(&format!("how is ${ticker} doing")), [ticker.to_string()]);
            assert_eq!(named(&format!("what about {company} then")), [ticker.to_string()], "{company}");
        }
    }

    #[rstest]
    #[case("3", Some("3"))]
    #[case("2,5", Some("2.5"))]
    #[case("1,000", None)]
    #[case("twelve", Some("12"))]
    #[case("a", Some("1"))]
    #[case("10k", Some("10,000"))]
    #[case("1.5K", Some("1,500"))]
    #[case("1,5k", Some("1,500"))]
    #[case("0.25k", Some("250"))]
    #[case("1,000k", None)]
    #[case("9999999k", None)]
    fn numbers_are_read(#[case] text: &str, #[case] number: Option<&str>) {
        let read = read_number_word(&words_of(text)[0]).unwrap();
        assert_eq!(read.ok().map(|quantity| quantity.to_string()).as_deref(), number);
    }

    #[test]
    fn sentences_end() {
        let words = words_of("Hello there. Buy 2,5 V! Then, watch XOM?");
        let ends: Vec<_> = words.iter().filter(|word| word.ends_sentence).map(|word| word.plain.as_str()).collect();
        assert_eq!(ends, ["there", "v", "xom"]);
        assert_eq!(words.len(), 8);
    }
}
