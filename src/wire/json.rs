//! JSON text (RFC 8259) as a tree.

use std::borrow::Cow;

use super::Unreadable;

/// A value; a string without escapes is borrowed from the whole text.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// Entries in reverse order: a reader pops them from the end.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Greatest nesting of lists and objects: far deeper than the server's, but safe for the stack.
const DEPTH_MAX: usize = 64;

/// Parses a text.
///
/// # Errors
/// If it is not JSON, or nested too deeply.
pub fn parse(text: &str) -> Result<Json<'_>, Unreadable> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(DEPTH_MAX)?;
    parser.skip_blanks();
    if parser.at == text.len() { Ok(value) } else { Err(Unreadable) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> u8 {
        // JSON never contains a zero byte.
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_there = self.peek() == byte;
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.takes(byte) { Ok(()) } else { Err(Unreadable) }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, Unreadable> {
        self.skip_blanks();
        match self.peek() {
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'"' => self.string().map(Json::Text),
            b'[' => self.list(depth.checked_sub(1).ok_or(Unreadable)?),
            b'{' => self.object(depth.checked_sub(1).ok_or(Unreadable)?),
            _ => self.number().map(Json::Number),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Unreadable> {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        if is_there { Ok(value) } else { Err(Unreadable) }
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, Unreadable> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.takes(b']') {
                return Ok(Json::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Unreadable> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.takes(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            self.skip_blanks();
            let name = self.string()?;
            self.expect(b':')?;
            entries.push((name, self.value(depth)?));
            if self.takes(b'}') {
                entries.reverse();
                return Ok(Json::Object(entries));
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        if self.peek() != b'"' {
            return Err(Unreadable);
        }
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let begin = self.at;
            while !matches!(self.peek(), b'"' | b'\\' | 0..=0x1f) {
                self.at += 1;
            }
            // Quotation marks and backslashes are ASCII, so this cuts no character.
            text += &self.text[begin..self.at];
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => text.to_mut().push(self.escaped()?),
                _ => return Err(Unreadable),
            }
        }
    }

    /// Parses the escape after a backslash.
    fn escaped(&mut self) -> Result<char, Unreadable> {
        self.at += 1;
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.code_unit()?;
                let first = char::decode_utf16([unit]).next();
                match first {
                    Some(Ok(character)) => character,
                    _ => self.second_half(unit)?,
                }
            }
            _ => return Err(Unreadable),
        })
    }

    /// Parses the second half of a surrogate pair.
    fn second_half(&mut self, first: u16) -> Result<char, Unreadable> {
        if !self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            return Err(Unreadable);
        }
        self.at += 2;
        let second = self.code_unit()?;
        char::decode_utf16([first, second]).next().and_then(Result::ok).ok_or(Unreadable)
    }

    fn code_unit(&mut self) -> Result<u16, Unreadable> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Unreadable)?;
        self.at += 4;
        // The number parser would accept a sign.
        if digits.starts_with('+') { Err(Unreadable) } else { u16::from_str_radix(digits, 16).map_err(|_| Unreadable) }
    }

    fn number(&mut self) -> Result<f64, Unreadable> {
        let begin = self.at;
        while matches!(self.peek(), b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            self.at += 1;
        }
        number(&self.text[begin..self.at]).ok_or(Unreadable)
    }
}

/// Largest power of ten that an `f64` holds exactly.
const POWER_EXACT_MAX: i32 = 22;

/// A number as an `f64`: the nearest one for up to 15 digits, as in every amount, since a single operation on two exact
/// numbers rounds once. Longer numbers, and very large or small ones, may be slightly off.
fn number(text: &str) -> Option<f64> {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let mut power = exponent.parse::<i32>().ok()?;
    let mut digits = 0_u64;
    let mut is_fraction = false;
    let mut has_digit = false;
    for byte in mantissa.bytes() {
        if byte == b'.' && has_digit && !is_fraction {
            (is_fraction, has_digit) = (true, false);
            continue;
        }
        if !byte.is_ascii_digit() {
            return None;
        }
        has_digit = true;
        // A digit that does not fit only shifts the exponent.
        let fits = digits < u64::MAX / 10;
        if fits {
            digits = digits * 10 + u64::from(byte - b'0');
        }
        power = power.saturating_add(i32::from(!fits) - i32::from(is_fraction));
    }
    let size = scale(digits as f64, power);
    has_digit.then_some(if is_negative { -size } else { size })
}

fn scale(digits: f64, power: i32) -> f64 {
    if power >= 0 {
        digits * 10_f64.powi(power)
    } else if power >= -POWER_EXACT_MAX {
        digits / 10_f64.powi(-power)
    } else {
        // In two steps, since the power alone may overflow.
        digits / 10_f64.powi(POWER_EXACT_MAX) / 10_f64.powi(-POWER_EXACT_MAX - power.max(-400))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::blanks(" [ 1.5 , { \"a\" : null } ]\n")]
    #[case::words("[true,false,null]")]
    #[case::empty("[[],{},\"\"]")]
    #[case::escapes(r#""\"\\\/\b\f\n\r\t é A 😀 €""#)]
    #[case::halves(r#""\u00e9 \u0041 \ud83d\ude00""#)]
    #[case::numbers("[0.0,-1.0,2.5,-0.25,1e3,125E-2,1.5e+1]")]
    fn what_is_json_is_read(#[case] text: &str) {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(plain(parse(text).unwrap()), value);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::word("nul")]
    #[case::two("1 2")]
    #[case::open_list("[1,")]
    #[case::open_object(r#"{"a":1"#)]
    #[case::open_text("\"a")]
    #[case::line_in_text("\"\n\"")]
    #[case::half(r#""\ud83d""#)]
    #[case::signed_escape(r#""\u+041""#)]
    #[case::escape_of_a_wide_character(r#""\é""#)]
    #[case::name_without_quotes("{a:1}")]
    #[case::not_a_number("NaN")]
    #[case::no_digit("-")]
    #[case::bare_point("1.")]
    #[case::two_points("1.2.3")]
    #[case::no_whole_part(".5")]
    #[case::empty_exponent("1e")]
    fn what_is_no_json_is_refused(#[case] text: &str) {
        assert_eq!(parse(text), Err(Unreadable));
    }

    #[test]
    fn what_nests_too_deep_is_refused() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(parse(&nested(1_000_000)), Err(Unreadable));
    }

    fn plain(value: Json<'_>) -> serde_json::Value {
        match value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(is_so) => is_so.into(),
            Json::Number(number) => number.into(),
            Json::Text(text) => text.into(),
            Json::List(items) => items.into_iter().map(plain).collect(),
            Json::Object(entries) => {
                entries.into_iter().map(|(name, value)| (name.into_owned(), plain(value))).collect()
            }
        }
    }

    proptest! {
        #[test]
        fn amounts_are_read_exactly(count in -999_999_999_999_999_i64..=999_999_999_999_999, decimals in 0..7) {
            let amount = count as f64 / 10_f64.powi(decimals);
            prop_assert_eq!(number(&serde_json::to_string(&amount).unwrap()), Some(amount));
        }

        #[test]
        fn integers_are_read_exactly(count in -9_007_199_254_740_991_i64..=9_007_199_254_740_991) {
            prop_assert_eq!(number(&count.to_string()), Some(count as f64));
        }

        #[test]
        fn other_numbers_are_read_nearly(any in any::<f64>().prop_filter("JSON has no others", |any| any.is_normal())) {
            let read = number(&serde_json::to_string(&any).unwrap()).unwrap();
            let bound = if (1e-5..1e22).contains(&any.abs()) { 2.0 * f64::EPSILON } else { 1e-12 };
            prop_assert!(((read - any) / any).abs() <= bound, "{any} became {read}");
        }

        #[test]
        fn texts_survive(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(parse(&json), Ok(Json::Text(text.into())));
        }

        #[test]
        fn parsing_never_panics(text in r#"[\[\]{}",:0-9eE.\\untrfalse+é -]{0,40}"#) {
            let _ = parse(&text);
        }
    }
}
