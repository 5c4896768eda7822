//! Bounded answers: a model's context is small, and a long list helps it little.

use serde_json::{Map, Value, json};

/// Largest answer of a tool, in bytes of JSON.
pub const ANSWER_BYTES_MAX: usize = 48 * 1024;

/// The answer, with its longest lists cut until it is small enough; `left_out` then says how many entries each lacks. What
/// has no list to cut is left out as a whole.
pub fn bounded(answer: Value) -> Value {
    let Value::Object(mut fields) = answer else { return json!({ "result": answer }) };
    let mut left_out: Map<String, Value> = Map::new();
    while size(&fields) > ANSWER_BYTES_MAX {
        let longest = fields.iter().max_by_key(|(_, value)| value.to_string().len()).map(|(name, _)| name.clone());
        let Some(name) = longest else { break };
        let removed = match fields.get_mut(&name) {
            Some(Value::Array(entries)) if entries.len() > 1 => {
                let kept = entries.len() / 2;
                let removed = entries.len() - kept;
                entries.truncate(kept);
                removed
            }
            _ => {
                fields.remove(&name);
                1
            }
        };
        let before = left_out.get(&name).and_then(Value::as_u64).unwrap_or_default();
        left_out.insert(name, json!(before + removed as u64));
    }
    if !left_out.is_empty() {
        fields.insert("left_out".to_owned(), Value::Object(left_out));
    }
    Value::Object(fields)
}

fn size(fields: &Map<String, Value>) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.to_string().len() + 4).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_answer_stays_as_it_is() {
        let answer = json!({ "trades": [1, 2, 3], "next": null });
        assert_eq!(bounded(answer.clone()), answer);
    }

    #[test]
    fn a_long_list_is_cut_and_says_by_how_much() {
        let entry = "x".repeat(100);
        let answer = json!({ "trades": vec![entry; 2_000], "total": 2_000 });
        let bounded = bounded(answer);
        let kept = bounded["trades"].as_array().unwrap().len();
        assert!(bounded.to_string().len() <= ANSWER_BYTES_MAX + 100 && kept > 200, "{kept}");
        assert_eq!(bounded["left_out"]["trades"], 2_000 - kept);
        assert_eq!(bounded["total"], 2_000);
    }

    #[test]
    fn what_cannot_be_cut_is_left_out() {
        let bounded = bounded(json!({ "text": "x".repeat(ANSWER_BYTES_MAX), "page": 3 }));
        assert_eq!(bounded, json!({ "page": 3, "left_out": { "text": 1 } }));
    }

    #[test]
    fn an_answer_is_an_object() {
        assert_eq!(bounded(json!([1])), json!({ "result": [1] }));
    }
}
