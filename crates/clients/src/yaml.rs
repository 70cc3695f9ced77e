//! Line-wise editing of the top level of a YAML file, as much of it as `.yarnrc.yml` uses.
//!
//! What is written in a way this does not understand is refused rather than guessed at.

/// Places of the lines that start with `key:` at the left edge.
fn places(lines: &[&str], key: &str) -> Vec<usize> {
    let is_it = |line: &str| value_of(line, key).is_some();
    (0..lines.len()).filter(|place| lines.get(*place).is_some_and(|line| is_it(line))).collect()
}

/// The text behind `key:`, when the line starts with it.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = ["", "\"", "'"].into_iter().find_map(|quote| {
        line.strip_prefix(quote)?.strip_prefix(key)?.strip_prefix(quote)?.strip_prefix(':')
    })?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

/// Whether the line belongs to the key above it.
fn is_inside(line: &str) -> bool {
    let is_item = line == "-" || line.starts_with("- ");
    is_item || (line.starts_with([' ', '\t']) && !line.trim().is_empty())
}

fn quote(value: &str) -> String {
    // A JSON string is a YAML string.
    serde_json::Value::from(value).to_string()
}

fn unquote(value: &str) -> String {
    let bare = value.split(" #").next().unwrap_or_default().trim();
    let inner = |mark: char| bare.strip_prefix(mark)?.strip_suffix(mark);
    inner('"').or_else(|| inner('\'')).unwrap_or(bare).to_owned()
}

fn join(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The value of a key when it stands on the key's line.
pub(crate) fn get(text: &str, key: &str) -> Option<String> {
    let value = text.lines().find_map(|line| value_of(line, key)).map(unquote)?;
    (!value.is_empty()).then_some(value)
}

/// Sets a key to a text (quoted) or to a bare word such as `true`.
pub(crate) fn set(text: &str, key: &str, value: Value<'_>) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let new_line = match value {
        Value::Text(value) => format!("{key}: {}", quote(value)),
        Value::True => format!("{key}: true"),
    };
    let mut result: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    match places(&lines, key).as_slice() {
        [] => result.push(new_line),
        [place] => {
            if lines.get(place + 1).is_some_and(|line| is_inside(line)) {
                return Err(format!("the value of {key} is not on one line"));
            }
            if let Some(line) = result.get_mut(*place) {
                *line = new_line;
            }
        }
        _ => return Err(format!("{key} is there more than once")),
    }
    Ok(join(&result))
}

/// A value of [`set`].
pub(crate) enum Value<'a> {
    /// Any text.
    Text(&'a str),
    /// The word `true`.
    True,
}

/// Adds an item to a list of texts, unless it is there.
pub(crate) fn add_to_list(text: &str, key: &str, item: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut result: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let quoted = quote(item);
    let place = match places(&lines, key).as_slice() {
        [] => {
            result.extend([format!("{key}:"), format!("  - {quoted}")]);
            return Ok(join(&result));
        }
        [place] => *place,
        _ => return Err(format!("{key} is there more than once")),
    };
    let value = lines.get(place).and_then(|line| value_of(line, key)).unwrap_or_default();
    let inside: Vec<&str> =
        lines.iter().skip(place + 1).take_while(|line| is_inside(line)).copied().collect();
    if let Some(flow) = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) {
        let mut items: Vec<&str> =
            flow.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if !items.iter().any(|known| unquote(known) == item) {
            items.push(&quoted);
            if let Some(line) = result.get_mut(place) {
                *line = format!("{key}: [{}]", items.join(", "));
            }
        }
    } else if value.is_empty() {
        let item_of = |line: &&str| line.trim().strip_prefix('-').map(|rest| unquote(rest.trim()));
        if !inside.iter().filter_map(item_of).any(|known| known == item) {
            let indent = inside.first().map_or("  ", |line| {
                line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
            });
            result.insert(place + 1, format!("{indent}- {quoted}"));
        }
    } else {
        return Err(format!("the value of {key} is not a list"));
    }
    Ok(join(&result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_set(text: &str, expected: Result<&str, ()>) {
        let once = set(text, "server", Value::Text("http://h"));
        assert_eq!(once.as_deref().map_err(|_| ()), expected);
        if let Ok(once) = once {
            assert_eq!(set(&once, "server", Value::Text("http://h")).as_deref(), Ok(&*once));
            assert_eq!(get(&once, "server").as_deref(), Some("http://h"));
        }
    }

    #[track_caller]
    fn check_add(text: &str, expected: Result<&str, ()>) {
        let once = add_to_list(text, "hosts", "h");
        assert_eq!(once.as_deref().map_err(|_| ()), expected);
        if let Ok(once) = once {
            assert_eq!(add_to_list(&once, "hosts", "h").as_deref(), Ok(&*once));
        }
    }

    #[test]
    fn a_key_is_set_in_its_place() {
        check_set("", Ok("server: \"http://h\"\n"));
        check_set("# mine\nserver: old # why\nb: c", Ok("# mine\nserver: \"http://h\"\nb: c\n"));
        check_set("\"server\": old\n", Ok("server: \"http://h\"\n"));
        check_set("map:\n  server: x\n", Ok("map:\n  server: x\nserver: \"http://h\"\n"));
        check_set("servers: x\n", Ok("servers: x\nserver: \"http://h\"\n"));
        check_set("server:\n  a: b\n", Err(()));
        check_set("server: a\nserver: b\n", Err(()));
    }

    #[test]
    fn an_item_is_added_once() {
        check_add("", Ok("hosts:\n  - \"h\"\n"));
        check_add("hosts:\n  - a\nb: c\n", Ok("hosts:\n  - \"h\"\n  - a\nb: c\n"));
        check_add("hosts:\n- a\n- 'h'\n", Ok("hosts:\n- a\n- 'h'\n"));
        check_add("hosts: [a, b]\n", Ok("hosts: [a, b, \"h\"]\n"));
        check_add("hosts: []\n", Ok("hosts: [\"h\"]\n"));
        check_add("hosts: [a,\n  b]\n", Err(()));
        check_add("hosts: x\n", Err(()));
    }
}
