//! The page's reader of the server's JSON.
//!
//! The server writes and reads JSON with `serde_json`. The page must be small, and `serde_json` compiles one long
//! function per type. Here a text is parsed into a tree first ([`json`]), and one small deserializer walks it
//! ([`reader`]), which saves a twelfth of the client; [`ask`] saves another fortieth.

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

/// The text is not the expected JSON. It carries no details: the cause is a server of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's answer cannot be read")]
pub struct Unreadable;

/// Deserializes the page's own types: those whose `Deserialize` states the kind of value it expects.
///
/// # Errors
/// If the text is not JSON, or of another form.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    T::deserialize(json::parse(text)?)
}

/// JSON in a POST's response or in the page, for [`read`].
pub struct WireEncoding;

/// Encoding of server functions' responses.
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
