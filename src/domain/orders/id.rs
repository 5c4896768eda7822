//! The id of an order: a UUID, 16 bytes, written with hyphens.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An order's id. The server makes UUIDs v7, so ids sort by creation time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    // Two halves, because a u128 is aligned to 16 bytes, which would pad every order.
    high: u64,
    low: u64,
}

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order's id is a UUID, such as 01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f")]
pub struct InvalidOrderId;

/// Positions of the hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const LENGTH: usize = 36;

impl OrderId {
    pub const fn from_u128(bits: u128) -> Self {
        Self { high: (bits >> 64) as u64, low: bits as u64 }
    }

    pub const fn as_u128(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'-'; LENGTH];
        let places = (0..LENGTH).filter(|place| !HYPHENS.contains(place));
        for (digit, place) in places.enumerate() {
            let value = (self.as_u128() >> (124 - 4 * digit)) & 0xf;
            text[place] = b"0123456789abcdef"[value as usize];
        }
        // Invariant: hyphens and hexadecimal digits are ASCII.
        f.pad(str::from_utf8(&text).expect("an id is ASCII"))
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for OrderId {
    type Err = InvalidOrderId;

    fn from_str(text: &str) -> Result<Self, InvalidOrderId> {
        if text.len() != LENGTH {
            return Err(InvalidOrderId);
        }
        let mut bits = 0;
        for (place, sign) in text.chars().enumerate() {
            if HYPHENS.contains(&place) {
                if sign != '-' {
                    return Err(InvalidOrderId);
                }
            } else {
                bits = bits << 4 | u128::from(sign.to_digit(16).ok_or(InvalidOrderId)?);
            }
        }
        Ok(Self::from_u128(bits))
    }
}

impl Serialize for OrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderId {
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
    #[case::empty("")]
    #[case::no_hyphens("01938f5e7a6c7c118f3e0a1b2c3d4e5f")]
    #[case::misplaced("01938f5e7-a6c-7c11-8f3e-0a1b2c3d4e5f")]
    #[case::not_hexadecimal("01938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5g")]
    #[case::wide("é1938f5e-7a6c-7c11-8f3e-0a1b2c3d4e5f")]
    fn what_is_no_id_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<OrderId>(), Err(InvalidOrderId));
    }

    proptest! {
        #[test]
        fn an_id_is_written_as_a_uuid(bits in any::<u128>()) {
            let id = OrderId::from_u128(bits);
            let digits = format!("{bits:032x}");
            let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
            prop_assert_eq!(id.to_string(), parts.join("-"));
            prop_assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        }
    }
}
