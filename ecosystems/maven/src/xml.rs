//! XML from strangers: read under limits, written with escapes.
//!
//! Documents are read twice. The first pass streams and checks what would make the second one
//! costly: depth, size of tags, namespace declarations, document types. The second builds the tree.
//!
//! # Invariants
//!
//! - No document type, so no entity but the five of XML.
//! - Memory and time are in proportion to a document's size, which the caller bounds.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::reader::Reader;
use roxmltree::{Document, Node, ParsingOptions};

/// Deepest nest of elements.
const MAX_DEPTH: usize = 100;
/// Largest tag with its attributes, in bytes: attributes are compared with each other.
const MAX_TAG_BYTES: usize = 8 * 1024;
/// Most namespace declarations: each one is carried to all elements below.
const MAX_NAMESPACES: usize = 64;
/// Most nodes of a tree.
const MAX_NODES: u32 = 400_000;

/// Reads bytes as text: UTF-8, or Latin-1 where the declaration says so, as old poms do.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let head = bytes.get(..200).unwrap_or(bytes);
    let declaration = head.split(|byte| *byte == b'>').next().unwrap_or_default();
    let declaration = String::from_utf8_lossy(declaration).to_ascii_lowercase();
    let is_latin = ["iso-8859-1", "iso-8859-15", "windows-1252"]
        .iter()
        .any(|encoding| declaration.contains(encoding));
    match is_latin {
        true => Ok(Cow::Owned(bytes.iter().copied().map(char::from).collect())),
        false => Err("it is not UTF-8".to_owned()),
    }
}

/// Reads a document whose root has this name.
pub(crate) fn parse<'a>(text: &'a str, root: &str) -> Result<Document<'a>, String> {
    check_shape(text)?;
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| format!("it is not well-formed XML: {error}"))?;
    let found = document.root_element().tag_name().name();
    if found != root {
        let found: String = found.chars().take(40).collect();
        return Err(format!("its root is `{found}` and not `{root}`"));
    }
    Ok(document)
}

/// The first pass.
fn check_shape(text: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut namespaces) = (0_usize, 0_usize);
    loop {
        let event = reader.read_event();
        let event = event.map_err(|error| format!("it is not well-formed XML: {error}"))?;
        let tag = match &event {
            Event::Start(tag) => {
                depth += 1;
                tag
            }
            Event::Empty(tag) => tag,
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Event::DocType(_) => return Err("it has a document type".to_owned()),
            Event::Eof => return Ok(()),
            _ => continue,
        };
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        if tag.len() > MAX_TAG_BYTES {
            return Err(format!("a tag is larger than {MAX_TAG_BYTES} bytes"));
        }
        namespaces += tag.windows(5).filter(|window| *window == b"xmlns").count();
        if namespaces > MAX_NAMESPACES {
            return Err(format!("it has more than {MAX_NAMESPACES} namespace declarations"));
        }
    }
}

/// Child elements of this name, in whatever namespace.
pub(crate) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// The first child element of this name.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// All text directly inside a node, without what surrounds it; comments do not cut it. `None`
/// when nothing is left.
pub(crate) fn text(node: Node<'_, '_>) -> Option<String> {
    let parts = node.children().filter(Node::is_text).filter_map(|part| part.text());
    let text: String = parts.collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The text of the first child element of this name.
pub(crate) fn child_text(node: Node<'_, '_>, name: &'static str) -> Option<String> {
    child(node, name).and_then(text)
}

/// Writes a document.
pub(crate) fn write(
    root: &str,
    content: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>,
) -> Option<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).ok()?;
    writer.create_element(root).write_inner_content(content).ok()?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Some(bytes)
}

/// Writes `<name>text</name>`.
pub(crate) fn element(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> io::Result<()> {
    writer.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}

/// Text that people wrote, for one line: runs of white space are one space, control characters
/// are gone, and it is cut after `limit` characters.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let words = text.split_whitespace().map(|word| word.replace(char::is_control, ""));
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}
