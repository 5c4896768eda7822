//! The library's state in its address: `/library?doc=…&page=41&at=120-180&q=…&tab=passages&answer=…`.

use std::fmt::Write;

/// Tab of the middle column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    #[default]
    Answer,
    Passages,
    History,
}

impl Tab {
    pub const ALL: [Self; 3] = [Self::Answer, Self::Passages, Self::History];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Passages => "passages",
            Self::History => "history",
        }
    }
}

/// A place in the library.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The document that is read, by its id.
    pub document: Option<String>,
    /// From 1.
    pub page: u32,
    /// The lines that are lit: bytes of the page.
    pub lit: Option<(u32, u32)>,
    pub question: String,
    pub tab: Tab,
    /// The answer that is shown, by its id.
    pub answer: Option<String>,
}

impl Place {
    /// Reads a query, with its question mark; what it does not know or cannot read, it leaves out.
    pub fn read(query: &str) -> Self {
        let mut place = Self { page: 1, ..Self::default() };
        for pair in query.trim_start_matches('?').split('&') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = decode(value);
            match name {
                "doc" => place.document = Some(value).filter(|value| !value.is_empty()),
                "page" => place.page = value.parse().ok().filter(|page| *page > 0).unwrap_or(1),
                "at" => {
                    let ends = value.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                    place.lit = ends.filter(|(begin, end): &(u32, u32)| begin < end);
                }
                "q" => place.question = value,
                "tab" => place.tab = Tab::ALL.into_iter().find(|tab| tab.as_str() == value).unwrap_or_default(),
                "answer" => place.answer = Some(value).filter(|value| !value.is_empty()),
                _ => {}
            }
        }
        place
    }

    /// The query, with its question mark; empty for the library as it opens.
    pub fn query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            encode(value, &mut query);
        };
        if let Some(document) = &self.document {
            add("doc", document);
            if self.page > 1 {
                add("page", &self.page.to_string());
            }
            if let Some((begin, end)) = self.lit {
                add("at", &format!("{begin}-{end}"));
            }
        }
        if !self.question.is_empty() {
            add("q", &self.question);
        }
        if self.tab != Tab::default() {
            add("tab", self.tab.as_str());
        }
        if let Some(answer) = &self.answer {
            add("answer", answer);
        }
        query
    }
}

/// Percent-encodes what is not unreserved (RFC 3986).
pub fn encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => into.push(char::from(byte)),
            // A string takes whatever is written.
            _ => drop(write!(into, "%{byte:02X}")),
        }
    }
}

fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped = after.get(..2).and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_names_a_place() {
        let place = Place::read("?doc=7&page=41&at=120-180&q=What+was%20revenue%3F&tab=passages&answer=9&more=1");
        assert_eq!(
            place,
            Place {
                document: Some("7".to_owned()),
                page: 41,
                lit: Some((120, 180)),
                question: "What was revenue?".to_owned(),
                tab: Tab::Passages,
                answer: Some("9".to_owned()),
            }
        );
        assert_eq!(
            Place::read("?page=0&at=9-3&tab=none&q=%zz"),
            Place { page: 1, question: "%zz".to_owned(), ..Place::default() }
        );
        assert_eq!(Place::read("").query(), "");
    }

    proptest! {
        #[test]
        fn a_place_is_read_as_it_is_written(question in ".{0,40}", page in 1u32..4000, begin in 0u32..100, answer in "[a-f0-9-]{1,36}") {
            let place = Place {
                document: Some(answer.clone()),
                page,
                lit: Some((begin, begin + 5)),
                question,
                tab: Tab::History,
                answer: Some(answer),
            };
            prop_assert_eq!(Place::read(&place.query()), place);
        }
    }
}
