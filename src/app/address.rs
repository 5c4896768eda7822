//! Addresses of the page: the view of each, and its selection.

use std::fmt;

use http::request::Parts;
use leptos::prelude::*;

use crate::{IN_BROWSER, domain::ticker::Ticker};

/// The addresses, in the server's notation.
pub const PATHS: [&str; 9] = [
    "/",
    "/ticker/{ticker}",
    "/ticker/{ticker}/",
    "/performance",
    "/performance/",
    "/library",
    "/library/",
    "/account",
    "/account/",
];

/// A page within the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Trade,
    Performance,
    Library,
    Account,
}

impl View {
    /// Name in attributes and in the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Performance => "performance",
            Self::Library => "library",
            Self::Account => "account",
        }
    }

    /// Id of the view's element, which gets the focus when the view is opened.
    pub fn element_id(self) -> &'static str {
        match self {
            Self::Trade => "view-trade",
            Self::Performance => "view-performance",
            Self::Library => "view-library",
            Self::Account => "view-account",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// With the selected ticker, if the address names one.
    Trade(Option<Ticker>),
    Performance,
    /// Of what in it, its query tells.
    Library,
    Account,
    Unknown,
}

impl Address {
    /// The requested address on the server, the shown one in the browser.
    pub fn here() -> Self {
        if const { IN_BROWSER } {
            // Fails only for documents without an address.
            return Self::of(&location().pathname().unwrap_or_default());
        }
        with_context(|request: &Parts| Self::of(request.uri.path())).unwrap_or(Self::Unknown)
    }

    fn of(path: &str) -> Self {
        // A trailing slash makes no difference.
        match path.strip_prefix("/ticker/").map(|text| text.strip_suffix('/').unwrap_or(text)) {
            Some(text) => text.parse().map_or(Self::Unknown, |ticker| Self::Trade(Some(ticker))),
            _ if path == "/" => Self::Trade(None),
            _ if path == "/performance" || path == "/performance/" => Self::Performance,
            _ if path == "/library" || path == "/library/" => Self::Library,
            _ if path == "/account" || path == "/account/" => Self::Account,
            _ => Self::Unknown,
        }
    }

    pub fn view(self) -> Option<View> {
        match self {
            Self::Trade(_) => Some(View::Trade),
            Self::Performance => Some(View::Performance),
            Self::Library => Some(View::Library),
            Self::Account => Some(View::Account),
            Self::Unknown => None,
        }
    }
}

/// The address as a path.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trade(None) | Self::Unknown => f.write_str("/"),
            Self::Trade(Some(ticker)) => write!(f, "/ticker/{ticker}"),
            Self::Performance => f.write_str("/performance"),
            Self::Library => f.write_str("/library"),
            Self::Account => f.write_str("/account"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/", Address::Trade(None))]
    #[case("/ticker/NVDA", Address::Trade("NVDA".parse().ok()))]
    #[case("/ticker/nvda", Address::Trade("NVDA".parse().ok()))]
    #[case("/ticker/no-ticker-at-all", Address::Unknown)]
    #[case("/ticker/NVDA/", Address::Trade("NVDA".parse().ok()))]
    #[case("/ticker/brk.b/", Address::Trade("BRK.B".parse().ok()))]
    #[case("/ticker/NVDA//", Address::Unknown)]
    #[case("/ticker//", Address::Unknown)]
    #[case("/ticker/", Address::Unknown)]
    #[case("/ticker/NVDA/more", Address::Unknown)]
    #[case("/tickers", Address::Unknown)]
    #[case("/performance", Address::Performance)]
    #[case("/performance/", Address::Performance)]
    #[case("/performance/more", Address::Unknown)]
    #[case("/library", Address::Library)]
    #[case("/library/", Address::Library)]
    #[case("/library/more", Address::Unknown)]
    #[case("/account", Address::Account)]
    #[case("/account/", Address::Account)]
    #[case("/account/more", Address::Unknown)]
    #[case("", Address::Unknown)]
    fn an_address_names_what_it_shows(#[case] path: &str, #[case] shown: Address) {
        assert_eq!(Address::of(path), shown);
    }

    #[rstest]
    #[case(Address::Trade(None))]
    #[case(Address::Trade("BRK.B".parse().ok()))]
    #[case(Address::Performance)]
    #[case(Address::Library)]
    #[case(Address::Account)]
    fn an_address_is_read_as_it_is_written(#[case] address: Address) {
        assert_eq!(Address::of(&address.to_string()), address);
    }
}
