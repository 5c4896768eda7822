//! Finds the requested JSON object in a model's text: removes reasoning before it, a code fence around it, prose before
//! and after it. Only unambiguous text is removed; two objects are invalid.

use serde_json::value::RawValue;

/// Tags around reasoning.
const THOUGHT_TAGS: [&str; 4] = ["think", "thinking", "thought", "reasoning"];

/// Most braces that are tried as an object's start.
const OBJECTS_TRIED_MAX: usize = 64;

/// Reason why a text contains no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoObject {
    #[error("the reply was empty")]
    Empty,
    #[error("the reply is not the JSON object asked for: there is no JSON in it")]
    Prose,
    #[error("the reply is not the JSON object asked for: its JSON is broken, or not whole")]
    Broken,
    #[error("the reply holds more than one JSON object, so it is not clear which one is meant")]
    Several,
}

/// The only JSON object of a text, as written.
///
/// # Errors
/// If there is no JSON object, or more than one.
pub fn find_object(text: &str) -> Result<String, NoObject> {
    // Some models write the object as a JSON string.
    let unquoted: Option<String> = serde_json::from_str(text.trim()).ok();
    let mut rest = without_headless_thoughts(unquoted.as_deref().unwrap_or(text)).trim();
    if rest.is_empty() {
        return Err(NoObject::Empty);
    }
    let (mut found, mut has_prose) = (None, false);
    while let Some(at) = rest.find(['{', '<']) {
        has_prose |= !rest[..at].trim().is_empty();
        rest = &rest[at..];
        if let Some(after) = after_thoughts(rest) {
            rest = after;
        } else if starts_object(rest) {
            let object = read_object(rest).ok_or(NoObject::Broken)?;
            if found.is_some() {
                return Err(NoObject::Several);
            }
            found = Some(object);
            rest = &rest[object.len()..];
        } else {
            (rest, has_prose) = (&rest[1..], true);
        }
    }
    match found {
        Some(object) => Ok(object.to_owned()),
        None if has_prose || !without_fences(rest).is_empty() => Err(NoObject::Prose),
        None => Err(NoObject::Empty),
    }
}

fn without_fences(text: &str) -> &str {
    text.trim_matches(|character: char| character == '`' || character.is_whitespace())
}

/// Whether a brace starts an object: it is followed by a name or a closing brace, unlike in prose.
fn starts_object(text: &str) -> bool {
    matches!(text.strip_prefix('{').and_then(|inside| inside.trim_start().chars().next()), Some('"' | '}'))
}

/// The object at the start of a text.
fn read_object(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next()?.ok().map(RawValue::get)
}

/// Some servers drop the opening tag of the reasoning.
fn without_headless_thoughts(text: &str) -> &str {
    let trimmed = text.trim_start();
    if starts_object(trimmed) || trimmed.starts_with('`') {
        return text;
    }
    let ends = THOUGHT_TAGS.iter().filter_map(|tag| {
        let end = find_ignoring_case(text, &format!("</{tag}>"))?;
        let has_head = find_ignoring_case(&text[..end], &format!("<{tag}>")).is_some();
        (!has_head && !is_in_object(text, end)).then_some(end + tag.len() + "</>".len())
    });
    ends.min().map_or(text, |end| &text[end..])
}

/// Whether an index is inside an object, where tags are just content.
fn is_in_object(text: &str, place: usize) -> bool {
    let starts = text[..place].match_indices('{').filter(|(at, _)| starts_object(&text[*at..]));
    let mut objects = starts.take(OBJECTS_TRIED_MAX).filter_map(|(at, _)| Some(at + read_object(&text[at..])?.len()));
    objects.any(|end| end > place)
}

/// The text after the reasoning at its start; empty if the reasoning does not end, `None` if there is none.
fn after_thoughts(text: &str) -> Option<&str> {
    let tag = THOUGHT_TAGS.iter().find(|tag| {
        let head = text.get(1..1 + tag.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(tag)) && text[1 + tag.len()..].starts_with('>')
    })?;
    let close = format!("</{tag}>");
    Some(find_ignoring_case(text, &close).map_or("", |end| &text[end + close.len()..]))
}

fn find_ignoring_case(text: &str, ascii: &str) -> Option<usize> {
    let (bytes, pattern) = (text.as_bytes(), ascii.as_bytes());
    bytes.windows(pattern.len()).position(|window| window.eq_ignore_ascii_case(pattern))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const OBJECT: &str = r#"{"message":"a } b </think>"}"#;

    #[rstest]
    #[case::bare("OBJECT")]
    #[case::blanks(" \n OBJECT\n")]
    #[case::fence("```json\nOBJECT\n```")]
    #[case::bare_fence("```\nOBJECT\n```")]
    #[case::prose_around("Sure, here it is:\n\nOBJECT\n\nAnything else?")]
    #[case::prose_around_a_fence("Here:\n```json\nOBJECT\n```\nDone.")]
    #[case::braces_in_the_prose("I {really} mean { this }: OBJECT")]
    #[case::thoughts("<think>The person wants {\"message\":\"x\"}.</think>\nOBJECT")]
    #[case::thoughts_in_capitals("<THINK>hm</THINK>OBJECT")]
    #[case::thoughts_by_another_name("<reasoning>hm</reasoning> OBJECT")]
    #[case::no_thoughts("<think>\n\n</think>\n\nOBJECT")]
    #[case::thoughts_without_a_beginning("They want {\"message\":\"x\"}, so.</think>OBJECT")]
    #[case::thoughts_afterwards("OBJECT<think>{\"message\":\"x\"}</think>")]
    #[case::comparison("1 < 2: OBJECT")]
    fn the_one_object_is_found(#[case] text: &str) {
        assert_eq!(find_object(&text.replace("OBJECT", OBJECT)).as_deref(), Ok(OBJECT));
    }

    #[test]
    fn an_object_in_a_string_is_found() {
        assert_eq!(find_object(&serde_json::to_string(OBJECT).unwrap()).as_deref(), Ok(OBJECT));
    }

    #[rstest]
    #[case::empty("", NoObject::Empty)]
    #[case::blank(" \n", NoObject::Empty)]
    #[case::empty_fence("```\n```", NoObject::Empty)]
    #[case::thoughts_alone("<think>I wonder</think>", NoObject::Empty)]
    #[case::thoughts_without_an_end("<think>I wonder about {\"message\":\"x\"}", NoObject::Empty)]
    #[case::prose("I bought it for you!", NoObject::Prose)]
    #[case::list("[]", NoObject::Prose)]
    #[case::two_objects(r#"{"message":"a"}{"message":"b"}"#, NoObject::Several)]
    #[case::two_objects_in_prose(r#"Either {"message":"a"} or {"message":"b"}"#, NoObject::Several)]
    #[case::cut_off(r#"{"message":"a""#, NoObject::Broken)]
    #[case::cut_off_around_a_whole_one(r#"{"x":{"message":"a"}"#, NoObject::Broken)]
    #[case::broken_before_a_whole_one(r#"{"x" {"message":"a"}"#, NoObject::Broken)]
    #[case::deep(&"{\"a\":".repeat(100_000), NoObject::Broken)]
    fn anything_else_is_none(#[case] text: &str, #[case] reason: NoObject) {
        assert_eq!(find_object(text), Err(reason));
    }
}
