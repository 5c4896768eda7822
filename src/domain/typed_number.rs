//! Numbers as people type them, wherever they learned to write: `2,5`, `1 234,5`, `1'234.50`, `１０`.
//!
//! | typed                             | read as     | because                                                    |
//! |-----------------------------------|-------------|------------------------------------------------------------|
//! | `2.5`, `2,5`, `.5`, `5.`          | a decimal   | one mark, and not three digits after a comma               |
//! | `0,001`, `,125`, `1234,567`       | a decimal   | no group begins so                                         |
//! | `1,000`                           | refused     | a thousand, or one with three decimal places               |
//! | `1,234,567`, `1.234.567`          | grouped     | the mark is there more than once                           |
//! | `1,234.5`, `1.234,5`              | both        | the last mark is the decimal one, the other one groups     |
//! | `1 234,5`, `1'234.5`              | both        | spaces and apostrophes only ever group                     |
//! | `١٢٫٥`, `１２．５`                | `12.5`      | the digits and marks of other scripts                      |
//! | `1,2,3`, `12,34,567.8`            | refused     | groups have three digits                                   |
//!
//! A point alone is a decimal mark, as in everything that the page writes.

use super::money::{InvalidQuantity, Quantity};

/// Longest text that is parsed: far longer than any number that a person types.
const CHARS_MAX: usize = 64;

/// Reason why a text is not read as a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    NotANumber,
    /// The text is ambiguous between two numbers, each given in an unambiguous form.
    Doubtful {
        grouped: String,
        decimal: String,
    },
}

/// Normalises a typed number: optional sign, digits, optional point, optional exponent, such as `-1234.5e3`. At least
/// one digit stands on either side of a point.
///
/// # Errors
/// If it is not a number, or ambiguous.
pub fn read_number(typed: &str) -> Result<String, Unreadable> {
    let plain = plain_characters(typed).ok_or(Unreadable::NotANumber)?;
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let sign = if plain.starts_with('-') { "-" } else { "" };
    let (mantissa, exponent) = unsigned.split_at(unsigned.find('e').unwrap_or(unsigned.len()));
    if !is_exponent(exponent) {
        return Err(Unreadable::NotANumber);
    }
    let whole_form = |number: String| format!("{sign}{number}{exponent}");
    match read_mantissa(mantissa) {
        Ok(number) => Ok(whole_form(number)),
        Err(Unreadable::NotANumber) => Err(Unreadable::NotANumber),
        Err(Unreadable::Doubtful { grouped, decimal }) => {
            Err(Unreadable::Doubtful { grouped: whole_form(grouped), decimal: whole_form(decimal) })
        }
    }
}

/// Reason why a text is not read as a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableQuantity {
    #[error(transparent)]
    Invalid(#[from] InvalidQuantity),
    #[error("{typed} may be {grouped} or {decimal}; write the one that you mean")]
    Doubtful { typed: String, grouped: String, decimal: String },
}

/// Parses a typed quantity.
///
/// # Errors
/// If it is not a number, ambiguous, or not a quantity.
pub fn read_quantity(typed: &str) -> Result<Quantity, UnreadableQuantity> {
    match read_number(typed) {
        Ok(number) => Ok(number.parse()?),
        Err(Unreadable::NotANumber) => Err(InvalidQuantity::NotANumber.into()),
        Err(Unreadable::Doubtful { grouped, decimal }) => {
            Err(UnreadableQuantity::Doubtful { typed: typed.trim().to_owned(), grouped, decimal })
        }
    }
}

/// The trimmed text in ASCII: spaces of every width as `_`, apostrophes as `'`, and digits and marks of other scripts
/// as ASCII ones. `None` if a character cannot be part of a number, or there are too many.
fn plain_characters(typed: &str) -> Option<String> {
    // Copied text may contain direction marks.
    let is_direction = |character: char| matches!(character, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}');
    let trimmed = typed.trim_matches(|character: char| character.is_whitespace() || is_direction(character));
    let mut plain = String::new();
    for (index, character) in trimmed.chars().enumerate() {
        plain.push(match character {
            _ if index == CHARS_MAX => return None,
            '0'..='9' | '.' | ',' | '+' | '-' | '\'' => character,
            'e' | 'E' => 'e',
            ' ' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => '_',
            '\u{2019}' | '\u{2018}' | '\u{2bc}' | '\u{66c}' | '\u{ff07}' => '\'',
            '\u{2212}' | '\u{ff0d}' => '-',
            '\u{ff0b}' => '+',
            '\u{66b}' | '\u{ff0e}' | '\u{3002}' => '.',
            '\u{60c}' | '\u{ff0c}' | '\u{3001}' => ',',
            '\u{660}'..='\u{669}' => digit(character, 0x660),
            '\u{6f0}'..='\u{6f9}' => digit(character, 0x6f0),
            '\u{966}'..='\u{96f}' => digit(character, 0x966),
            '\u{ff10}'..='\u{ff19}' => digit(character, 0xff10),
            _ if is_direction(character) => continue,
            _ => return None,
        });
    }
    Some(plain)
}

/// Converts a digit of the script with the given zero.
fn digit(character: char, zero: u32) -> char {
    // Invariant: the caller's pattern has made sure that it is one of the ten.
    char::from_digit(character as u32 - zero, 10).unwrap_or('0')
}

fn is_exponent(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('e') else {
        return text.is_empty();
    };
    let digits = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    !digits.is_empty() && is_digits(digits)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_mantissa(text: &str) -> Result<String, Unreadable> {
    let mut marks = text.char_indices().filter(|(_, character)| !character.is_ascii_digit());
    let Some((last_at, last)) = marks.next_back() else {
        return if text.is_empty() { Err(Unreadable::NotANumber) } else { Ok(text.to_owned()) };
    };
    let (before, after) = (&text[..last_at], &text[last_at + 1..]);
    // A repeated mark, or one that is never a decimal mark, is a group separator.
    if !matches!(last, '.' | ',') || before.contains(last) {
        return ungroup(text).ok_or(Unreadable::NotANumber);
    }
    let is_group = last == ',' && after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    if is_group && is_digits(before) {
        return Err(Unreadable::Doubtful { grouped: format!("{before}{after}"), decimal: format!("{before}.{after}") });
    }
    let whole = if is_digits(before) { before.to_owned() } else { ungroup(before).ok_or(Unreadable::NotANumber)? };
    match (whole.as_str(), after) {
        ("", "") => Err(Unreadable::NotANumber),
        (whole, "") => Ok(whole.to_owned()),
        ("", decimals) => Ok(format!("0.{decimals}")),
        (whole, decimals) => Ok(format!("{whole}.{decimals}")),
    }
}

/// Digits of a grouped number: the same mark throughout, one to three digits before the first, three after each.
fn ungroup(text: &str) -> Option<String> {
    let mark = text.chars().find(|character| !character.is_ascii_digit())?;
    let mut groups = text.split(mark);
    let first = groups.next()?;
    let is_first = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let is_good = is_first && is_digits(first) && groups.all(|group| group.len() == 3 && is_digits(group));
    is_good.then(|| text.replace(mark, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::whole("10", "10")]
    #[case::point("2.5", "2.5")]
    #[case::comma("2,5", "2.5")]
    #[case::comma_before_two("12,25", "12.25")]
    #[case::comma_before_four("1,2345", "1.2345")]
    #[case::comma_before_six("1,000000", "1.000000")]
    #[case::comma_after_zero("0,001", "0.001")]
    #[case::comma_after_zeros("00,500", "00.500")]
    #[case::comma_first(",5", "0.5")]
    #[case::comma_first_before_three(",125", "0.125")]
    #[case::comma_last("5,", "5")]
    #[case::point_first(".5", "0.5")]
    #[case::point_last("5.", "5")]
    #[case::point_before_three("1.000", "1.000")]
    #[case::more_than_a_group("1234,567", "1234.567")]
    #[case::grouped("1,234,567", "1234567")]
    #[case::grouped_by_points("1.234.567", "1234567")]
    #[case::grouped_with_decimals("1,234.5", "1234.5")]
    #[case::grouped_with_three_decimals("1,234.567", "1234.567")]
    #[case::grouped_twice_with_decimals("1,234,567.89", "1234567.89")]
    #[case::continental("1.234,5", "1234.5")]
    #[case::continental_with_three_decimals("1.234,567", "1234.567")]
    #[case::continental_twice("1.234.567,89", "1234567.89")]
    #[case::space("1 234", "1234")]
    #[case::space_and_comma("1 234,5", "1234.5")]
    #[case::space_and_comma_before_three("1 234,567", "1234.567")]
    #[case::space_and_point("12 345 678.9", "12345678.9")]
    #[case::no_break_space("1\u{a0}234,5", "1234.5")]
    #[case::narrow_no_break_space("1\u{202f}234,5", "1234.5")]
    #[case::thin_space("1\u{2009}234.5", "1234.5")]
    #[case::apostrophe("1'234.5", "1234.5")]
    #[case::curly_apostrophe("1’234’567", "1234567")]
    #[case::apostrophe_and_comma("1'234,5", "1234.5")]
    #[case::grouped_with_a_bare_point("1,234.", "1234")]
    #[case::blanks_around("  2,5 \t", "2.5")]
    #[case::no_break_spaces_around("\u{a0}7\u{a0}", "7")]
    #[case::plus("+5", "5")]
    #[case::minus("-2,5", "-2.5")]
    #[case::true_minus("−1", "-1")]
    #[case::exponent("1e3", "1e3")]
    #[case::exponent_with_signs("1,5E+2", "1.5e+2")]
    #[case::negative_exponent("25e-1", "25e-1")]
    #[case::full_width("１２．５", "12.5")]
    #[case::full_width_comma("２，５", "2.5")]
    #[case::arabic("١٢٫٥", "12.5")]
    #[case::arabic_groups("١٬٢٣٤٫٥", "1234.5")]
    #[case::persian("۱۲٫۵", "12.5")]
    #[case::devanagari("१२.५", "12.5")]
    #[case::direction_marks("\u{200f}12\u{200e}", "12")]
    #[case::leading_zeros("007", "007")]
    fn what_is_typed_is_understood(#[case] typed: &str, #[case] number: &str) {
        assert_eq!(read_number(typed).as_deref(), Ok(number));
    }

    #[rstest]
    #[case::a_thousand("1,000", "1000", "1.000")]
    #[case::a_hundred_thousand("100,000", "100000", "100.000")]
    #[case::uneven("12,345", "12345", "12.345")]
    #[case::signed("-1,500", "-1500", "-1.500")]
    #[case::with_an_exponent("1,000e2", "1000e2", "1.000e2")]
    #[case::full_width("１，０００", "1000", "1.000")]
    #[case::blanks_around(" 1,000 ", "1000", "1.000")]
    fn what_may_be_two_numbers_is_doubtful(#[case] typed: &str, #[case] grouped: &str, #[case] decimal: &str) {
        let doubtful = Unreadable::Doubtful { grouped: grouped.to_owned(), decimal: decimal.to_owned() };
        assert_eq!(read_number(typed), Err(doubtful));
        assert_eq!(read_number(grouped).as_deref(), Ok(grouped), "each reading is read without doubt");
        assert_eq!(read_number(decimal).as_deref(), Ok(decimal), "each reading is read without doubt");
    }

    #[rstest]
    #[case::nothing("")]
    #[case::blank("  ")]
    #[case::point(".")]
    #[case::comma(",")]
    #[case::sign("-")]
    #[case::sign_and_point("-.")]
    #[case::two_signs("--1")]
    #[case::sign_apart("- 1")]
    #[case::sign_behind("1-")]
    #[case::word("five")]
    #[case::not_a_number("NaN")]
    #[case::infinity("Infinity")]
    #[case::unit("5k")]
    #[case::currency("$5")]
    #[case::percent("5%")]
    #[case::hexadecimal("0x10")]
    #[case::underscore("1_000")]
    #[case::fraction("1/2")]
    #[case::two_points("1.2.3")]
    #[case::two_commas("1,2,3")]
    #[case::comma_twice_at_the_end("1,234,")]
    #[case::group_too_long("1,2345,678")]
    #[case::group_too_short("1,23,456")]
    #[case::first_group_too_long("1234,567.8")]
    #[case::first_group_empty(",123.5")]
    #[case::first_group_zero("0,123,456")]
    #[case::groups_of_zero("0,001.5")]
    #[case::space_before_two("1 23")]
    #[case::two_numbers("10 20")]
    #[case::mixed_groups("1,234 567")]
    #[case::mixed_groups_and_point("1'234 567.5")]
    #[case::decimal_in_groups("1 234,567,8")]
    #[case::grouped_decimals("1.234 567")]
    #[case::point_before_comma_twice("1,2.5")]
    #[case::empty_exponent("1e")]
    #[case::exponent_alone("e5")]
    #[case::broken_exponent("1e1.5")]
    #[case::letters("1a")]
    #[case::superscript("5²")]
    #[case::roman("Ⅴ")]
    #[case::line_break("1\n234")]
    fn what_is_no_number_is_refused(#[case] typed: &str) {
        assert_eq!(read_number(typed), Err(Unreadable::NotANumber));
    }

    #[rstest]
    #[case("2,5", Ok("2.5"))]
    #[case("0,001", Ok("0.001"))]
    #[case("1.234.567", Ok("1234567"))]
    #[case("1,000", Err("1,000 may be 1000 or 1.000; write the one that you mean"))]
    #[case("", Err("a quantity is a number of shares, such as 10 or 2.5"))]
    #[case("-2,5", Err("a quantity has to be more than zero"))]
    #[case("0,0", Err("a quantity has to be more than zero"))]
    #[case("0,0000001", Err("a quantity has at most 6 decimal places"))]
    #[case("1.000.000.001", Err("a quantity is at most 1,000,000,000 shares"))]
    fn a_quantity_is_read_as_the_number_that_was_typed(#[case] typed: &str, #[case] expected: Result<&str, &str>) {
        let read = read_quantity(typed).map(Quantity::plain).map_err(|error| error.to_string());
        assert_eq!(read.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_text_of_any_length_is_answered() {
        assert_eq!(read_number(&"1".repeat(CHARS_MAX)).map(|number| number.len()), Ok(CHARS_MAX));
        assert_eq!(read_number(&"1".repeat(CHARS_MAX + 1)), Err(Unreadable::NotANumber));
    }

    proptest! {
        #[test]
        fn nothing_typed_panics_and_what_is_read_is_read_again(typed in "[-+0-9., '’eE\u{a0}\u{660}-\u{669}]{0,14}|.{0,20}") {
            if let Ok(number) = read_number(&typed) {
                prop_assert_eq!(read_number(&number), Ok(number.clone()));
                let has_digit = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
                prop_assert!(has_digit(&number));
                prop_assert!(number.split_once('.').is_none_or(|(whole, rest)| has_digit(whole) && rest.starts_with(|next: char| next.is_ascii_digit())));
            }
        }

        #[test]
        fn a_quantity_written_into_a_field_is_read_as_itself(millionths in 1..=Quantity::MAX.millionths()) {
            let quantity = Quantity::from_millionths(millionths).unwrap();
            prop_assert_eq!(read_quantity(&quantity.plain()), Ok(quantity));
        }

        #[test]
        fn every_way_of_grouping_is_the_same_number(whole in 1_000_u64..1_000_000_000, cents in 0_u64..100) {
            let digits = whole.to_string();
            let grouped = |mark: &str| {
                let mut text = String::new();
                for (index, digit) in digits.chars().enumerate() {
                    if index > 0 && (digits.len() - index).is_multiple_of(3) { text.push_str(mark); }
                    text.push(digit);
                }
                text
            };
            let expected = Ok(format!("{whole}.{cents:02}"));
            for (mark, point) in [("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), ("\u{202f}", ","), ("'", "."), ("٬", "٫")] {
                prop_assert_eq!(&read_number(&format!("{}{point}{cents:02}", grouped(mark))), &expected);
            }
        }
    }
}
