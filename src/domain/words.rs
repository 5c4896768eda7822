//! Enums that are written as words.

/// The text is not one of the words allowed for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is one of {}", .0.join(", "))]
pub struct UnknownWord(pub &'static [&'static str]);

/// Defines an enum whose variants are written as the given words: in JSON, in SQL and in messages.
macro_rules! word_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::words::UnknownWord(Self::WORDS)),
                }
            }
        }

        // Written out, since the derive does not see a word that comes from a macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::WORDS.iter().copied()))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(crate) use word_enum;

#[cfg(test)]
mod tests {
    use super::UnknownWord;

    word_enum! {
        pub enum Colour {
            Red = "red",
            LightBlue = "light_blue",
        }
    }

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for colour in Colour::ALL {
            assert_eq!(colour.as_str().parse(), Ok(*colour));
            assert_eq!(serde_json::to_value(colour).unwrap(), colour.as_str());
            assert_eq!(serde_json::from_value::<Colour>(colour.as_str().into()).unwrap(), *colour);
        }
        let schema = serde_json::to_value(<Colour as utoipa::PartialSchema>::schema()).unwrap();
        assert_eq!(schema["enum"], serde_json::json!(["red", "light_blue"]));
        let refused = "blue".parse::<Colour>().unwrap_err();
        assert_eq!(refused, UnknownWord(&["red", "light_blue"]));
        assert_eq!(refused.to_string(), "it is one of red, light_blue");
    }
}
