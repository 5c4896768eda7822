//! The id of an account.

use std::{fmt, str::FromStr};

/// The longest name of an account: a UUID's text.
const LENGTH_MAX: usize = 36;

/// The name of an account: 1 to 36 letters, digits, `-` or `_`. It is `Copy`, because each read and write is given one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId {
    /// The name's bytes, then zeros.
    bytes: [u8; LENGTH_MAX],
    length: u8,
}

/// The text is not an account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account's name has 1 to {LENGTH_MAX} letters, digits, dashes or underscores")]
pub struct InvalidAccountId;

impl AccountId {
    /// The account of every database; the only one while accounts are turned off.
    pub const DEFAULT: Self = {
        let name = b"default";
        let (mut bytes, mut index) = ([0; LENGTH_MAX], 0);
        while index < name.len() {
            bytes[index] = name[index];
            index += 1;
        }
        Self { bytes, length: 7 }
    };

    pub fn as_str(&self) -> &str {
        // Invariant: `from_str` stores nothing but ASCII.
        str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("an account's name is ASCII")
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=LENGTH_MAX).contains(&text.len()) || !text.bytes().all(is_good) {
            return Err(InvalidAccountId);
        }
        let mut bytes = [0; LENGTH_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes, length: u8::try_from(text.len()).map_err(|_| InvalidAccountId)? })
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_default("default", true)]
    #[case::a_uuid("0192f3a1-7c3e-7b2a-9c11-3f2a5d6e7f80", true)]
    #[case::empty("", false)]
    #[case::too_long("0192f3a1-7c3e-7b2a-9c11-3f2a5d6e7f80a", false)]
    #[case::a_quote("a\"b", false)]
    #[case::not_ascii("konto-ä", false)]
    fn a_name_is_read_as_it_is_written(#[case] text: &str, #[case] is_good: bool) {
        let read = text.parse::<AccountId>();
        assert_eq!(read.is_ok(), is_good);
        if let Ok(account) = read {
            assert_eq!(account.to_string(), text);
        }
    }

    #[test]
    fn the_default_account_is_found_by_its_name() {
        assert_eq!("default".parse(), Ok(AccountId::DEFAULT));
    }
}
