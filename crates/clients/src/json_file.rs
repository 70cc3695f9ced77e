//! Editing the top level of a JSON object, keeping how the rest is laid out.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// What Composer itself writes.
const USUAL_INDENT: &str = "    ";

/// Parses an object; an empty file is an empty one.
///
/// The reason names the line and never quotes it: there may be a token in it.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("it is not a JSON object".to_owned()),
        Err(error) => Err(format!("line {} is not valid JSON", error.line())),
    }
}

/// Sets a key of the object. Nothing else changes; nothing at all when the value is there already.
pub(crate) fn set(text: &str, key: &str, value: &Value) -> Result<String, String> {
    if parse(text)?.get(key) == Some(value) {
        return Ok(text.to_owned());
    }
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let indent = indent(text);
    let rendered = render(value, &indent)?;
    if let Some(old) = members.get(key) {
        let (start, end) = span(text, old);
        return Ok(splice(text, start, end, &rendered));
    }
    let member = format!("{indent}{}: {rendered}", Value::from(key));
    match members.values().map(|member| span(text, member).1).max() {
        Some(last) => Ok(splice(text, last, last, &format!(",\n{member}"))),
        None => {
            let start = text.find('{').unwrap_or_default();
            let end = text.rfind('}').unwrap_or_default();
            Ok(splice(text, start, end + 1, &format!("{{\n{member}\n}}")))
        }
    }
}

/// Where a value stands that was parsed out of `text`, and so is a part of it.
fn span(text: &str, value: &RawValue) -> (usize, usize) {
    let start = value.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
    (start, start + value.get().len())
}

fn splice(text: &str, start: usize, end: usize, new: &str) -> String {
    let (head, tail) = (text.get(..start), text.get(end..));
    format!("{}{new}{}", head.unwrap_or_default(), tail.unwrap_or_default())
}

/// The white space before the first key that stands on a line of its own.
fn indent(text: &str) -> String {
    let line = text.lines().find(|line| line.trim_start().starts_with('"'));
    let indent = line.and_then(|line| line.split('"').next()).filter(|white| !white.is_empty());
    indent.unwrap_or(USUAL_INDENT).to_owned()
}

/// A value as it stands behind a key of the top level.
fn render(value: &Value, indent: &str) -> Result<String, String> {
    let pretty = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    // Strings hold no line breaks in JSON, so every line starts with the two spaces per level.
    let lines = pretty.lines().enumerate().map(|(number, line)| {
        let content = line.trim_start();
        let level = (line.len() - content.len()) / 2 + usize::from(number > 0);
        format!("{}{content}", indent.repeat(level))
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let once = set(text, "k", &json!({"a": [1]})).unwrap();
        assert_eq!(once, expected);
        assert_eq!(set(&once, "k", &json!({"a": [1]})).unwrap(), once);
    }

    #[test]
    fn only_one_key_is_touched() {
        let four = "\"k\": {\n        \"a\": [\n            1\n        ]\n    }";
        check("", &format!("{{\n    {four}\n}}\n"));
        check("{ }\n", &format!("{{\n    {four}\n}}\n"));
        check(
            "{\n    \"z\": [1,  2],\n    \"k\": 0\n}\n",
            &format!("{{\n    \"z\": [1,  2],\n    {four}\n}}\n"),
        );
        check(
            "{\n  \"z\": [1,  2]\n}",
            "{\n  \"z\": [1,  2],\n  \"k\": {\n    \"a\": [\n      1\n    ]\n  }\n}",
        );
        check("{\"z\":\"é{\"}", &format!("{{\"z\":\"é{{\",\n    {four}}}"));
    }

    #[test]
    fn what_is_no_object_is_refused_and_not_quoted() {
        for text in ["[]", "{\"token\": \"hunter2\"", "hunter2"] {
            let reason = set(text, "k", &Value::Null).unwrap_err();
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }
}
