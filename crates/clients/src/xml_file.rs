//! Editing an XML file in place: what is not named stays, comments and white space included.
//!
//! Documents with a document type are refused, and with them every entity of their own.

use roxmltree::{Document, Node};

/// Parses a file.
///
/// The reason names the line and never quotes it: there may be a password in it.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, String> {
    Document::parse(text).map_err(|error| format!("line {} is not valid XML", error.pos().row))
}

/// Children that are elements of this name, in whatever namespace.
pub(crate) fn children<'a, 'input: 'a>(
    parent: Node<'a, 'input>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// Text of the first child of this name, trimmed; `None` when there is none or it is empty.
pub(crate) fn child_text<'a>(parent: Node<'a, '_>, name: &'a str) -> Option<&'a str> {
    let text = children(parent, name).next()?.text()?.trim();
    (!text.is_empty()).then_some(text)
}

/// An element of a list that is known by its `<id>`.
pub(crate) struct Entry<'a> {
    /// The element that holds the list, a child of the root.
    pub(crate) list: &'a str,
    /// The element itself.
    pub(crate) name: &'a str,
    /// What it holds: names and texts. The first is its `id`.
    pub(crate) fields: &'a [(&'a str, &'a str)],
}

/// Puts an entry first in its list. An entry with the same id is written anew where it stands; one
/// that says the same already is left as it is.
pub(crate) fn put(text: &str, root: &str, entry: &Entry<'_>) -> Result<String, String> {
    if text.trim().is_empty() {
        return put(&format!("<{root}>\n</{root}>\n"), root, entry);
    }
    let document = parse(text)?;
    let root_node = document.root_element();
    if root_node.tag_name().name() != root {
        return Err(format!("its outermost element is not <{root}>"));
    }
    let rendered = render(entry);
    let Some(list) = children(root_node, entry.list).next() else {
        let list = format!("  <{0}>\n    {rendered}\n  </{0}>", entry.list);
        return Ok(append(text, root_node, &list));
    };
    let id = entry.fields.first().map(|(_, id)| *id);
    let same_id = children(list, entry.name).find(|node| child_text(*node, "id") == id);
    match same_id {
        Some(node) if entry.fields.iter().all(|(k, v)| child_text(node, k) == Some(*v)) => {
            Ok(text.to_owned())
        }
        Some(node) => Ok(splice(text, node.range(), &rendered)),
        None => Ok(prepend(text, list, &rendered)),
    }
}

/// Removes the elements of a list that are not to be kept, with the white space before them.
pub(crate) fn retain(
    text: &str,
    list: &str,
    name: &str,
    keep: impl Fn(Node<'_, '_>) -> bool,
) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    let document = parse(text)?;
    let lists = children(document.root_element(), list);
    let unwanted = lists.flat_map(|list| children(list, name)).filter(|node| !keep(*node));
    let mut ranges: Vec<_> = unwanted.map(|node| node.range()).collect();
    ranges.reverse();
    Ok(ranges.into_iter().fold(text.to_owned(), |text, range| {
        let before = text.get(..range.start).unwrap_or_default().trim_end().len();
        splice(&text, before..range.end, "")
    }))
}

fn render(entry: &Entry<'_>) -> String {
    let fields: String = entry
        .fields
        .iter()
        .map(|(name, value)| format!("      <{name}>{}</{name}>\n", escape(value)))
        .collect();
    format!("<{0}>\n{fields}    </{0}>", entry.name)
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Adds content at the end of an element.
fn append(text: &str, parent: Node<'_, '_>, content: &str) -> String {
    match parent.last_child() {
        Some(last) => {
            let end = last.range().end;
            let inside = text.get(..end).unwrap_or_default();
            let at = inside.trim_end().len();
            splice(text, at..end, &format!("\n{content}\n"))
        }
        None => fill(text, parent, content),
    }
}

/// Adds an entry at the start of a list.
fn prepend(text: &str, list: Node<'_, '_>, entry: &str) -> String {
    match list.first_child() {
        Some(first) => {
            let at = first.range().start;
            splice(text, at..at, &format!("\n    {entry}"))
        }
        None => fill(text, list, &format!("    {entry}")),
    }
}

/// Writes an element that holds nothing, `<x/>` or `<x></x>`, with content.
fn fill(text: &str, element: Node<'_, '_>, content: &str) -> String {
    let whole = text.get(element.range()).unwrap_or_default();
    let start = whole.split('>').next().unwrap_or_default().trim_end_matches('/').trim_end();
    let name = start.trim_start_matches('<').split_whitespace().next().unwrap_or_default();
    let line = text.get(..element.range().start).unwrap_or_default();
    let indent: String = line.chars().rev().take_while(|c| matches!(c, ' ' | '\t')).collect();
    splice(text, element.range(), &format!("{start}>\n{content}\n{indent}</{name}>"))
}

fn splice(text: &str, range: std::ops::Range<usize>, new: &str) -> String {
    let (head, tail) = (text.get(..range.start), text.get(range.end..));
    format!("{}{new}{}", head.unwrap_or_default(), tail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "<m>\n      <id>v</id>\n      <url>a&amp;b</url>\n    </m>";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let entry = Entry { list: "ms", name: "m", fields: &[("id", "v"), ("url", "a&b")] };
        let once = put(text, "s", &entry).unwrap();
        assert_eq!(once, expected);
        assert_eq!(put(&once, "s", &entry).unwrap(), once);
    }

    #[test]
    fn an_entry_is_put_first_and_the_rest_stays() {
        let list = format!("  <ms>\n    {ENTRY}\n  </ms>");
        check("", &format!("<s>\n{list}\n</s>\n"));
        check("<s/>\n", &format!("<s>\n{list}\n</s>\n"));
        check("<s xmlns='n'></s>", &format!("<s xmlns='n'>\n{list}\n</s>"));
        check(
            "<?xml version=\"1.0\"?>\n<s>\n  <!-- mine -->\n  <o>1</o>\n</s>\n",
            &format!("<?xml version=\"1.0\"?>\n<s>\n  <!-- mine -->\n  <o>1</o>\n{list}\n</s>\n"),
        );
        check("<s>\n  <ms/>\n</s>", &format!("<s>\n{list}\n</s>"));
        check(
            "<s>\n  <ms>\n    <!-- x -->\n    <m><id>o</id></m>\n  </ms>\n</s>",
            &format!(
                "<s>\n  <ms>\n    {ENTRY}\n    <!-- x -->\n    <m><id>o</id></m>\n  </ms>\n</s>"
            ),
        );
        check(
            "<s><ms><m><id>v</id><url>old</url></m><!-- x --></ms></s>",
            &format!("<s><ms>{ENTRY}<!-- x --></ms></s>"),
        );
    }

    #[test]
    fn an_entry_that_is_unwanted_goes_alone() {
        let text = "<s>\n  <ms>\n    <!-- c -->\n    <m><id>a</id></m>\n    <m><id>b</id></m>\n  </ms>\n</s>";
        let kept = retain(text, "ms", "m", |node| child_text(node, "id") != Some("a")).unwrap();
        assert_eq!(kept, "<s>\n  <ms>\n    <!-- c -->\n    <m><id>b</id></m>\n  </ms>\n</s>");
    }

    #[test]
    fn what_is_unclear_is_refused_and_not_quoted() {
        let entry = Entry { list: "ms", name: "m", fields: &[("id", "v")] };
        for text in ["<s>hunter2", "<other/>", "<!DOCTYPE s [<!ENTITY e 'hunter2'>]><s>&e;</s>"] {
            let reason = put(text, "s", &entry).unwrap_err();
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }
}
