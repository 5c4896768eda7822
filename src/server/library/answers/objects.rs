//! Extracts JSON objects from streamed text. The model is asked for one object per line, but may spread it over several
//! lines, put it in a list, or write other words around it.

/// Bytes of the longest object; longer ones are dropped.
const BYTES_MAX: usize = 16 * 1_024;

/// Takes text and returns each outermost object once it is complete.
#[derive(Debug, Default)]
pub struct Objects {
    object: String,
    depth: usize,
    is_string: bool,
    is_escaped: bool,
}

impl Objects {
    /// Adds a piece of text and returns the objects that it completes.
    pub fn take(&mut self, piece: &str) -> Vec<String> {
        let mut whole = Vec::new();
        for character in piece.chars() {
            if self.depth == 0 && character != '{' {
                continue;
            }
            self.object.push(character);
            if self.object.len() > BYTES_MAX {
                *self = Self::default();
                continue;
            }
            match character {
                _ if self.is_escaped => self.is_escaped = false,
                '\\' if self.is_string => self.is_escaped = true,
                '"' => self.is_string = !self.is_string,
                '{' if !self.is_string => self.depth += 1,
                '}' if !self.is_string => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        whole.push(std::mem::take(&mut self.object));
                    }
                }
                _ => {}
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::lines("{\"a\":1}\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"])]
    #[case::a_list("[\n {\"a\": {\"b\": 1}},\n {\"c\": 2}]", &["{\"a\": {\"b\": 1}}", "{\"c\": 2}"])]
    #[case::a_fence("```json\n{\"a\":\"}{\\\"\"}\n```", &["{\"a\":\"}{\\\"\"}"])]
    #[case::cut_off("{\"a\":1}{\"b\"", &["{\"a\":1}"])]
    fn objects_are_found_whole(#[case] text: &str, #[case] objects: &[&str]) {
        assert_eq!(Objects::default().take(text), objects);
        let mut by_letter = Objects::default();
        let found: Vec<String> =
            text.chars().flat_map(|letter| by_letter.take(letter.encode_utf8(&mut [0; 4]))).collect();
        assert_eq!(found, objects);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[{}\"\\\\a\\n]{0,60}") {
            Objects::default().take(&text);
        }
    }
}
