//! Serde's view of the tree.
//!
//! A struct's fields are passed in the order of their declaration, so the code that compares names is compiled once,
//! here, not for each type. Types must therefore not use `alias`, `flatten`, `tag` or `untagged`.

use std::{borrow::Cow, vec};

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::{Unreadable, json::Json};

type Entry<'de> = (Cow<'de, str>, Json<'de>);

impl Error for Unreadable {
    fn custom<T>(_: T) -> Self {
        Self
    }
}

/// Largest integer up to which `f64` distinguishes all integers.
const INTEGER_MAX: f64 = 9_007_199_254_740_991.0;

impl<'de> Json<'de> {
    fn number(self) -> Result<f64, Unreadable> {
        if let Self::Number(number) = self { Ok(number) } else { Err(Unreadable) }
    }

    fn integer(self) -> Result<i64, Unreadable> {
        let number = self.number()?;
        if number.fract() == 0.0 && number.abs() <= INTEGER_MAX { Ok(number as i64) } else { Err(Unreadable) }
    }

    fn text(self) -> Result<Cow<'de, str>, Unreadable> {
        if let Self::Text(text) = self { Ok(text) } else { Err(Unreadable) }
    }

    fn list(self) -> Result<Items<'de>, Unreadable> {
        if let Self::List(items) = self { Ok(Items(items.into_iter())) } else { Err(Unreadable) }
    }

    fn entries(self) -> Result<Entries<'de>, Unreadable> {
        if let Self::Object(entries) = self { Ok(Entries { entries, value: None }) } else { Err(Unreadable) }
    }

    fn fields(self, names: &'static [&'static str]) -> Result<Fields<'de>, Unreadable> {
        Ok(Fields { names: names.iter(), entries: self.entries()?.entries })
    }

    /// A variant without content is its name, any other an object with one entry.
    fn variant(self) -> Result<Variant<'de>, Unreadable> {
        match self {
            Self::Text(name) => Ok(Variant { name, content: Self::Null }),
            Self::Object(mut entries) if entries.len() == 1 => {
                let (name, content) = entries.pop().ok_or(Unreadable)?;
                Ok(Variant { name, content })
            }
            _ => Err(Unreadable),
        }
    }
}

/// Integers of each width, converted from the widest.
macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            visitor.visit_i64(self.integer()?)
        })*
    };
}

/// Kinds of values that the page's types do not use.
macro_rules! unwanted {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unreadable> {
            Err(Unreadable)
        })*
    };
}

impl<'de> Deserializer<'de> for Json<'de> {
    type Error = Unreadable;

    integers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64);
    integers!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);
    unwanted!(deserialize_char deserialize_bytes deserialize_byte_buf deserialize_ignored_any);

    /// Only for values of several kinds, such as a condition's operands.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(is_so) => visitor.visit_bool(is_so),
            Self::Number(number) => visitor.visit_f64(number),
            Self::Text(text) => visitor.visit_str(&text),
            Self::List(_) => visitor.visit_seq(self.list()?),
            Self::Object(_) => visitor.visit_map(self.entries()?),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if let Self::Bool(is_so) = self { visitor.visit_bool(is_so) } else { Err(Unreadable) }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_str(&self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_string(self.text()?.into_owned())
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self == Self::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self == Self::Null { visitor.visit_unit() } else { Err(Unreadable) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_map(self.entries()?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(self.fields(names)?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(self.variant()?)
    }
}

struct Items<'de>(vec::IntoIter<Json<'de>>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// A struct's fields as a list, in the order of their declaration.
struct Fields<'de> {
    names: std::slice::Iter<'static, &'static str>,
    entries: Vec<Entry<'de>>,
}

impl<'de> Fields<'de> {
    /// The next field's value; `None` if missing, which means its default, if it has one.
    fn next(&mut self) -> Option<Json<'de>> {
        let wanted = self.names.next()?;
        // Usually the last entry: both programs declare the fields in the same order.
        let place = self.entries.iter().rposition(|(name, _)| name == wanted)?;
        Some(self.entries.remove(place).1)
    }
}

impl<'de> SeqAccess<'de> for Fields<'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        self.next().map(|value| seed.deserialize(value)).transpose()
    }
}

struct Entries<'de> {
    entries: Vec<Entry<'de>>,
    /// Value of the latest name.
    value: Option<Json<'de>>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        let Some((name, value)) = self.entries.pop() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(Json::Text(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        seed.deserialize(self.value.take().ok_or(Unreadable)?)
    }
}

struct Variant<'de> {
    name: Cow<'de, str>,
    content: Json<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Unreadable;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'de>), Unreadable> {
        let name = seed.deserialize(Json::Text(self.name))?;
        Ok((name, Content(self.content)))
    }
}

struct Content<'de>(Json<'de>);

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        if self.0 == Json::Null { Ok(()) } else { Err(Unreadable) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unreadable> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(self.0.list()?)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(self.0.fields(names)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;
    use serde::{Deserialize, Serialize};

    use crate::{
        domain::{money::Price, ticker::Ticker},
        error::ApiError,
        wire::{Unreadable, read},
    };

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        whole: i64,
        real: f64,
        maybe: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absent: Option<String>,
        pair: (String, u8),
        shapes: Vec<Shape>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_odd: bool,
        prices: BTreeMap<Ticker, Price>,
        result: Result<(), ApiError>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Point,
        LongLine(u32),
        Edge(u32, u32),
        Box { width: u32, height: Option<u32> },
    }

    fn sample() -> Sample {
        let ticker: Ticker = "BRK.B".parse().unwrap();
        Sample {
            whole: -9_007_199_254_740_991,
            real: -0.1,
            maybe: None,
            absent: None,
            pair: ("“text”\n".to_owned(), 255),
            shapes: vec![Shape::Point, Shape::LongLine(7), Shape::Edge(1, 2), Shape::Box { width: 3, height: None }],
            is_odd: false,
            prices: BTreeMap::from([(ticker, Price::from_units(1_904_250).unwrap())]),
            result: Err(ApiError::NoPrice { ticker }),
        }
    }

    #[test]
    fn what_the_server_writes_is_read() {
        for (absent, is_odd, result) in [(None, false, Ok(())), (Some("there".to_owned()), true, sample().result)] {
            let sample = Sample { absent, is_odd, result, ..sample() };
            assert_eq!(read::<Sample>(&serde_json::to_string(&sample).unwrap()), Ok(sample));
        }
    }

    #[test]
    fn fields_of_another_version_are_told_apart_by_their_names() {
        let text = r#"{"height":4,"depth":[{}],"width":3}"#;
        assert_eq!(read::<Shape>(&format!(r#"{{"box":{text}}}"#)), Ok(Shape::Box { width: 3, height: Some(4) }));
    }

    #[rstest]
    #[case::missing(r#"{"box":{"height":null}}"#)]
    #[case::variant(r#""circle""#)]
    #[case::no_content(r#""long_line""#)]
    #[case::too_much_content(r#"{"point":1}"#)]
    #[case::two_variants(r#"{"point":null,"long_line":7}"#)]
    #[case::too_large(r#"{"long_line":4294967296}"#)]
    #[case::negative(r#"{"long_line":-1}"#)]
    #[case::fraction(r#"{"long_line":1.5}"#)]
    #[case::text(r#"{"long_line":"7"}"#)]
    #[case::short_list(r#"{"edge":[1]}"#)]
    fn what_is_another_value_is_refused(#[case] text: &str) {
        assert_eq!(read::<Shape>(text), Err(Unreadable));
        assert!(serde_json::from_str::<Shape>(text).is_err());
    }

    #[test]
    fn a_text_that_was_cut_off_is_refused() {
        let text = serde_json::to_string(&sample()).unwrap();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert_eq!(read::<Sample>(&text[..end]), Err(Unreadable), "{end}");
        }
    }
}
