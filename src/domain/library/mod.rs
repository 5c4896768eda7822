//! Types of the Research library: documents, the tasks that read them, search results, and answers with citations.
//!
//! REST returns these types, and the page shows them. Identifiers are UUIDs v7 as text; pages count from 1; `start` and
//! `end` are byte offsets into a page's text, always on character boundaries.

pub mod answer;
pub mod document;
pub mod lists;
pub mod reading;
pub mod search;
pub mod task;
pub mod words;

pub use answer::{Answer, AnswerEvent, AnswerState, AnswerUsage, Citation, Statement, Support};
pub use document::{Document, DocumentState, Origin, Page, Segment, SegmentKind};
pub use lists::{AnswerPage, DocumentPage, LibraryStats};
pub use search::{Filters, Hit, Mode, Scores, SearchResult};
pub use task::{Stage, Task, TaskState};

/// Names of the values of an enumeration, as JSON and the database write them.
macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }

            /// `None` if no value has this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::from_name(&name).ok_or_else(|| serde::de::Error::custom("it is no such name"))
            }
        }
    };
}

pub(crate) use names;
