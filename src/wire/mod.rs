//! The page's reader of the server's JSON.
//!
//! The server writes and reads JSON with `serde_json`. The page has to be small, and `serde_json` compiles a type's reading
//! into one long function for each type. Here a text becomes a tree first ([`json`]), and one small reader walks it
//! ([`reader`]), which saves a twelfth of the client; [`ask`] saves a fortieth more.

pub mod ask;
pub mod json;
pub mod pause;
mod reader;

use leptos::{
    server::codee,
    server_fn::{
        Bytes, ContentType, Decodes, Encodes, Format, FormatType,
        codec::{JsonEncoding, Post},
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// The text is not the JSON that is expected. What of it is wrong, nobody is told: it came from a server of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's answer cannot be read")]
pub struct Unreadable;

/// Reads a value of the page's own types: those whose `Deserialize` says which kind of value it wants.
///
/// # Errors
/// When it is not JSON, or another value.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    T::deserialize(json::parse(text)?)
}

/// JSON, in the body of a POST's answer or in the page, that [`read`] reads.
pub struct WireEncoding;

/// How server functions answer.
pub type Wire = Post<WireEncoding>;

impl ContentType for WireEncoding {
    const CONTENT_TYPE: &'static str = JsonEncoding::CONTENT_TYPE;
}

impl FormatType for WireEncoding {
    const FORMAT_TYPE: Format = JsonEncoding::FORMAT_TYPE;
}

impl<T: Serialize> Encodes<T> for WireEncoding {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for WireEncoding {
    type Error = Unreadable;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        read(str::from_utf8(&bytes).map_err(|_| Unreadable)?)
    }
}

impl<T: Serialize> codee::Encoder<T> for WireEncoding {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> codee::Decoder<T> for WireEncoding {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        read(text)
    }
}
