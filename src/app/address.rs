//! What an address of the page shows. No two of them show different code, so that a change of the address is a new page, and
//! a router in the browser would have nothing to do.

use http::request::Parts;
use leptos::prelude::*;

use crate::{IN_BROWSER, domain::ticker::Ticker};

/// The addresses, in the server's notation.
pub const PATHS: [&str; 3] = ["/", "/ticker/{ticker}", "/ticker/{ticker}/"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// With the ticker selected that it names, if it names one.
    Workstation(Option<Ticker>),
    Unknown,
}

impl Address {
    /// The address asked for on the server, and the one shown in the browser.
    pub fn here() -> Self {
        if const { IN_BROWSER } {
            // Refused to documents that have no address.
            return Self::of(&location().pathname().unwrap_or_default());
        }
        with_context(|request: &Parts| Self::of(request.uri.path())).unwrap_or(Self::Unknown)
    }

    fn of(path: &str) -> Self {
        // A slash at the end names nothing else.
        match path.strip_prefix("/ticker/").map(|text| text.strip_suffix('/').unwrap_or(text)) {
            Some(text) if !text.is_empty() && !text.contains('/') => Self::Workstation(text.parse().ok()),
            _ if path == "/" => Self::Workstation(None),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/", Address::Workstation(None))]
    #[case("/ticker/NVDA", Address::Workstation("NVDA".parse().ok()))]
    #[case("/ticker/nvda", Address::Workstation("NVDA".parse().ok()))]
    #[case("/ticker/no-ticker-at-all", Address::Workstation(None))]
    #[case("/ticker/NVDA/", Address::Workstation("NVDA".parse().ok()))]
    #[case("/ticker/brk.b/", Address::Workstation("BRK.B".parse().ok()))]
    #[case("/ticker/NVDA//", Address::Unknown)]
    #[case("/ticker//", Address::Unknown)]
    #[case("/ticker/", Address::Unknown)]
    #[case("/ticker/NVDA/more", Address::Unknown)]
    #[case("/tickers", Address::Unknown)]
    #[case("", Address::Unknown)]
    fn an_address_names_what_it_shows(#[case] path: &str, #[case] shown: Address) {
        assert_eq!(Address::of(path), shown);
    }
}
