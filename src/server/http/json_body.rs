//! Strict parsing of a JSON object in a request: no duplicate or unknown fields, numbers digit by digit.

use std::fmt;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::error::ApiError;

/// Largest body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// The fields of a JSON object, each as its original text.
///
/// A handler takes the fields it knows; [`finish`](Self::finish) refuses leftover ones.
pub struct JsonObject(Vec<(String, Box<RawValue>)>);

impl JsonObject {
    /// The field as a string, if present and not null.
    ///
    /// # Errors
    /// `wrong_type` if it is not a string.
    pub fn take_string(&mut self, field: &str, wrong_type: ApiError) -> Result<Option<String>, ApiError> {
        self.take(field).map(|raw| serde_json::from_str(raw.get()).map_err(|_| wrong_type)).transpose()
    }

    /// The field's number as written, if present and not null.
    ///
    /// # Errors
    /// `wrong_type` if it is not a number.
    pub fn take_number(&mut self, field: &str, wrong_type: ApiError) -> Result<Option<String>, ApiError> {
        let is_number = |text: &str| text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        self.take(field)
            .map(|raw| if is_number(raw.get()) { Ok(raw.get().to_owned()) } else { Err(wrong_type) })
            .transpose()
    }

    /// The field as true or false, if it is there and not null.
    ///
    /// # Errors
    /// `wrong_type` when it is something else.
    pub fn take_bool(&mut self, field: &str, wrong_type: ApiError) -> Result<Option<bool>, ApiError> {
        self.take(field).map(|raw| serde_json::from_str(raw.get()).map_err(|_| wrong_type)).transpose()
    }

    /// The field as a list of strings, if it is there and not null.
    ///
    /// # Errors
    /// `wrong_type` if it is not a list of strings.
    pub fn take_strings(&mut self, field: &str, wrong_type: ApiError) -> Result<Option<Vec<String>>, ApiError> {
        self.take(field).map(|raw| serde_json::from_str(raw.get()).map_err(|_| wrong_type)).transpose()
    }

    /// Ends the parsing.
    ///
    /// # Errors
    /// If a field was not taken.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.0.first() {
            None => Ok(()),
            Some((field, _)) => Err(ApiError::MalformedJson { reason: format!("it has no field {field:?}") }),
        }
    }

    /// The field as a domain value, if present and not null.
    ///
    /// # Errors
    /// `refuse` applied to the reason, if the value is invalid.
    pub fn take_value<T: DeserializeOwned>(
        &mut self,
        field: &str,
        refuse: impl FnOnce(String) -> ApiError,
    ) -> Result<Option<T>, ApiError> {
        let reason = |cause: serde_json::Error| {
            let text = cause.to_string();
            // The position within the field is not useful.
            text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
        };
        self.take(field).map(|raw| serde_json::from_str(raw.get()).map_err(|cause| refuse(reason(cause)))).transpose()
    }

    fn take(&mut self, field: &str) -> Option<Box<RawValue>> {
        let index = self.0.iter().position(|(name, _)| name == field)?;
        let (_, raw) = self.0.swap_remove(index);
        (raw.get() != "null").then_some(raw)
    }
}

/// The error for a missing required field.
pub fn missing(field: &str) -> ApiError {
    ApiError::MissingField { field: field.to_owned() }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = JsonObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject, A::Error> {
                let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if fields.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("the field {name:?} stands twice")));
                    }
                    if fields.len() == FIELDS_MAX {
                        return Err(A::Error::custom("it has too many fields"));
                    }
                    fields.push((name, value));
                }
                Ok(JsonObject(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// More fields than any request has.
const FIELDS_MAX: usize = 32;

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            return Err(ApiError::UnsupportedMediaType);
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::BodyTooLarge { limit_bytes: BODY_BYTES_MAX }
            } else {
                ApiError::MalformedJson { reason: "the body did not arrive whole".to_owned() }
            }
        })?;
        serde_json::from_slice(&body).map_err(|error| ApiError::MalformedJson { reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::duplicate(r#"{"a":1,"a":2}"#)]
    #[case::not_an_object("[1]")]
    #[case::nan(r#"{"a":NaN}"#)]
    #[case::infinity(r#"{"a":Infinity}"#)]
    #[case::negative_infinity(r#"{"a":-Infinity}"#)]
    #[case::cut_off(r#"{"a":"#)]
    #[case::trailing(r#"{} {}"#)]
    #[case::empty("")]
    fn what_is_not_one_clean_object_is_refused(#[case] body: &str) {
        assert!(serde_json::from_str::<JsonObject>(body).is_err());
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let mut object: JsonObject = serde_json::from_str(r#"{"quantity":0.10000000000000000001}"#).unwrap();
        let number = object.take_number("quantity", ApiError::Internal).unwrap();
        assert_eq!(number.as_deref(), Some("0.10000000000000000001"));
        assert!(object.finish().is_ok());
    }

    #[test]
    fn what_nobody_took_is_refused() {
        let object: JsonObject = serde_json::from_str(r#"{"surprise":1}"#).unwrap();
        assert!(matches!(object.finish(), Err(ApiError::MalformedJson { .. })));
    }

    #[test]
    fn null_is_missing() {
        let mut object: JsonObject = serde_json::from_str(r#"{"ticker":null}"#).unwrap();
        assert_eq!(object.take_string("ticker", ApiError::InvalidTicker), Ok(None));
    }
}
