//! Which known tickers someone may mean who has begun to type.

use crate::domain::{ranking::sorted_by_key, workstation::Listed};

/// The most that are suggested at once.
const SUGGESTIONS_MAX: usize = 7;

/// The listings that fit, best first: the very ticker, tickers that begin so, companies with a word that begins so, and
/// companies that hold it anywhere. Nothing fits no text.
pub fn suggest(listings: &[Listed], text: &str) -> Vec<Listed> {
    let text = text.trim().to_ascii_lowercase();
    if text.is_empty() {
        return Vec::new();
    }
    let found: Vec<(u8, &Listed)> =
        listings.iter().filter_map(|listed| Some((distance(listed, &text)?, listed))).collect();
    let found = sorted_by_key(&found, |(distance, listed)| (*distance, listed.ticker));
    found.into_iter().take(SUGGESTIONS_MAX).map(|(_, listed)| listed.clone()).collect()
}

/// How far a listing is from the text, in lower case; nothing when it does not fit.
fn distance(listed: &Listed, text: &str) -> Option<u8> {
    let (ticker, company) = (listed.ticker.as_str().to_ascii_lowercase(), listed.company.to_ascii_lowercase());
    if ticker == text {
        Some(0)
    } else if ticker.starts_with(text) {
        Some(1)
    } else if company.starts_with(text) || company.contains(&format!(" {text}")) {
        Some(2)
    } else {
        company.contains(text).then_some(3)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a", "A AAPL BAC")]
    #[case("AAPL", "AAPL")]
    #[case(" apple ", "AAPL")]
    #[case("am", "BAC")]
    #[case("p", "AAPL")]
    #[case("", "")]
    #[case("zzz", "")]
    fn what_fits_is_suggested_best_first(#[case] text: &str, #[case] expected: &str) {
        let listings = [("A", "Agilent"), ("AAPL", "Apple"), ("BAC", "Bank of America"), ("MSFT", "Microsoft")]
            .map(|(ticker, company)| Listed { ticker: ticker.parse().unwrap(), company: company.to_owned() });
        let found: Vec<String> = suggest(&listings, text).iter().map(|listed| listed.ticker.to_string()).collect();
        assert_eq!(found.join(" "), expected);
    }
}
