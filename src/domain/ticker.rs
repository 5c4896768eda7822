//! Ticker symbols.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Five letters, a dot and one more letter.
const LENGTH_MAX: usize = 7;
const ROOT_LENGTH_MAX: usize = 5;

/// Blanks that may surround a symbol.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// A well-formed ticker symbol: one to five letters, optionally a dot and one more letter (`BRK.B`), upper case.
///
/// Parsing trims surrounding blanks and folds the case, so a `Ticker` that exists is a good one. It is eight bytes
/// and `Copy`; its order is the alphabetical one, and costs a comparison of two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticker {
    /// The letters, then zeros; the last byte is the length.
    bytes: [u8; LENGTH_MAX + 1],
}

/// The text is not a ticker symbol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a ticker has 1 to 5 letters, optionally followed by a dot and one more letter, such as AAPL or BRK.B")]
pub struct InvalidTicker;

impl Ticker {
    /// The symbol, upper case.
    pub fn as_str(&self) -> &str {
        // Invariant: `from_str` stores nothing but ASCII letters and a dot.
        str::from_utf8(&self.bytes[..usize::from(self.bytes[LENGTH_MAX])]).expect("a ticker is ASCII")
    }
}

impl Ord for Ticker {
    fn cmp(&self, other: &Self) -> Ordering {
        // The first letter is the most significant.
        u64::from_be_bytes(self.bytes).cmp(&u64::from_be_bytes(other.bytes))
    }
}

impl PartialOrd for Ticker {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Ticker {
    type Err = InvalidTicker;

    fn from_str(text: &str) -> Result<Self, InvalidTicker> {
        let text = text.trim_matches(BLANKS);
        let (root, class) = match text.split_once('.') {
            Some((root, class)) => (root, Some(class)),
            None => (text, None),
        };
        let is_letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let root_is_good = (1..=ROOT_LENGTH_MAX).contains(&root.len()) && is_letters(root);
        let class_is_good = class.is_none_or(|class| class.len() == 1 && is_letters(class));
        if !(root_is_good && class_is_good) {
            return Err(InvalidTicker);
        }
        let mut bytes = [0; LENGTH_MAX + 1];
        for (slot, byte) in bytes.iter_mut().zip(text.bytes()) {
            *slot = byte.to_ascii_uppercase();
        }
        bytes[LENGTH_MAX] = text.len() as u8;
        Ok(Self { bytes })
    }
}

impl fmt::Display for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Ticker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Ticker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("AAPL", "AAPL")]
    #[case::one_letter("V", "V")]
    #[case::five_letters("GOOGL", "GOOGL")]
    #[case::lower_case("aapl", "AAPL")]
    #[case::blanks("  msft\t", "MSFT")]
    #[case::share_class("brk.b", "BRK.B")]
    #[case::longest("GOOGL.A", "GOOGL.A")]
    fn ticker_accepts(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<Ticker>().unwrap().as_str(), expected);
    }

    #[rstest]
    #[case::empty("")]
    #[case::blank("  ")]
    #[case::six_letters("GOOGLE")]
    #[case::digit("A1")]
    #[case::only_dot(".")]
    #[case::no_root(".B")]
    #[case::no_class("BRK.")]
    #[case::two_letter_class("BRK.BB")]
    #[case::two_dots("A.B.C")]
    #[case::inner_blank("AA PL")]
    #[case::not_ascii("ÄPL")]
    #[case::markup("<b>")]
    #[case::injection("A'--")]
    fn ticker_rejects(#[case] text: &str) {
        assert_eq!(text.parse::<Ticker>(), Err(InvalidTicker));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_round_trips(text in ".{0,12}") {
            if let Ok(ticker) = text.parse::<Ticker>() {
                prop_assert_eq!(ticker.as_str().parse::<Ticker>(), Ok(ticker));
                prop_assert_eq!(ticker.as_str(), text.trim_matches(BLANKS).to_ascii_uppercase());
            }
        }

        #[test]
        fn order_is_alphabetical(a in "[A-Z]{1,5}(\\.[A-Z])?", b in "[A-Z]{1,5}(\\.[A-Z])?") {
            let (left, right): (Ticker, Ticker) = (a.parse().unwrap(), b.parse().unwrap());
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
        }
    }
}
