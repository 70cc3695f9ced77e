//! A small reader of HTML start tags: all that a simple page is made of.
//!
//! It finds tags with their attributes and forgives what browsers forgive. It builds no tree, runs
//! nothing, and its work grows with the length of the page alone.

use std::borrow::Cow;

/// A start tag with its attributes, names in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) name: String,
    attributes: Vec<(String, Cow<'a, str>)>,
}

impl Tag<'_> {
    /// The first attribute of this name, entities decoded. An attribute without value is empty.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }
}

/// Start tags of a page, in order. Comments, and what scripts and styles hold, are skipped.
pub(crate) struct Tags<'a> {
    rest: &'a str,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(page: &'a str) -> Self {
        Self { rest: page }
    }

    /// Skips to behind `marker`, or to the end.
    fn skip_past(&mut self, marker: &str) {
        self.rest = self.rest.split_once(marker).map_or("", |(_, behind)| behind);
    }

    fn attributes(&mut self) -> Vec<(String, Cow<'a, str>)> {
        let mut attributes = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if self.rest.is_empty() {
                return attributes;
            }
            if let Some(behind) = self.rest.strip_prefix('>') {
                self.rest = behind;
                return attributes;
            }
            // A `=` where a name should start belongs to the name, as in browsers.
            let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
            let first_bytes = self.rest.chars().next().map_or(0, char::len_utf8);
            let behind_first = self.rest.get(first_bytes..).unwrap_or_default();
            let end = behind_first.find(is_end).map_or(self.rest.len(), |at| at + first_bytes);
            let (name, behind) = self.rest.split_at(end);
            self.rest = behind.trim_start();
            let value = match self.rest.strip_prefix('=') {
                Some(behind) => {
                    self.rest = behind.trim_start();
                    self.value()
                }
                None => Cow::Borrowed(""),
            };
            attributes.push((name.to_ascii_lowercase(), value));
        }
    }

    fn value(&mut self) -> Cow<'a, str> {
        for quote in ['"', '\''] {
            if let Some(quoted) = self.rest.strip_prefix(quote) {
                let (value, behind) = quoted.split_once(quote).unwrap_or((quoted, ""));
                self.rest = behind;
                return decode_entities(value);
            }
        }
        let end = self.rest.find(|c: char| c.is_ascii_whitespace() || c == '>');
        let (value, behind) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = behind;
        decode_entities(value)
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let (_, behind) = self.rest.split_once('<')?;
            self.rest = behind;
            if behind.starts_with("!--") {
                self.skip_past("-->");
                continue;
            }
            if !behind.starts_with(|c: char| c.is_ascii_alphabetic()) {
                continue;
            }
            let end = behind.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
            let (name, behind) = behind.split_at(end.unwrap_or(behind.len()));
            self.rest = behind;
            let tag = Tag { name: name.to_ascii_lowercase(), attributes: self.attributes() };
            match tag.name.as_str() {
                "script" => self.skip_past("</script"),
                "style" => self.skip_past("</style"),
                _ => {}
            }
            return Some(tag);
        }
    }
}

/// Decodes the character references that occur in attributes; others stay as they are.
fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        // The longest reference there is has fewer than ten characters.
        let reference = behind.bytes().take(10).position(|byte| byte == b';');
        let decoded = reference.and_then(|end| {
            let (name, behind) = behind.split_at_checked(end)?;
            Some((decode_entity(name)?, behind.strip_prefix(';')?))
        });
        match decoded {
            Some((c, behind)) => {
                out.push(c);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn decode_entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix('x').or_else(|| number.strip_prefix('X'));
        let code = match hex {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expect: &[(&str, &[(&str, &str)])]) {
        let found: Vec<_> = Tags::new(page).collect();
        let found: Vec<(&str, Vec<(&str, &str)>)> = found
            .iter()
            .map(|tag| {
                let pairs = tag.attributes.iter().map(|(k, v)| (k.as_str(), v.as_ref())).collect();
                (tag.name.as_str(), pairs)
            })
            .collect();
        let expect: Vec<_> = expect.iter().map(|(name, pairs)| (*name, pairs.to_vec())).collect();
        assert_eq!(found, expect, "{page:?}");
    }

    #[test]
    fn tags_and_attributes_are_found() {
        check("<a href=\"x\">y</a>", &[("a", &[("href", "x")])]);
        check("<A HREF='x' data-Yanked>", &[("a", &[("href", "x"), ("data-yanked", "")])]);
        check("<a  href = x/y#z >", &[("a", &[("href", "x/y#z")])]);
        check(
            "<br/><meta name=a content=b />",
            &[("br", &[]), ("meta", &[("name", "a"), ("content", "b")])],
        );
        check("<a\nhref=\"a>b\"\n>", &[("a", &[("href", "a>b")])]);
        check("a < b <p>", &[("p", &[])]);
    }

    #[test]
    fn what_is_not_markup_is_skipped() {
        check("<!DOCTYPE html><!-- <a href=x> --><p>", &[("p", &[])]);
        check("<script>\"<a href=x>\"</script><p>", &[("script", &[]), ("p", &[])]);
        check("<!-- never closed <a>", &[]);
    }

    #[test]
    fn references_are_decoded_once() {
        check(
            "<a b='&gt;=3&#46;8 &amp;lt; &quot;&#x27;&bogus; & &#xD800;'>",
            &[("a", &[("b", ">=3.8 &lt; \"'&bogus; & &#xD800;")])],
        );
    }

    #[test]
    fn pages_that_end_early_end_the_tags() {
        check("<a href=\"x", &[("a", &[("href", "x")])]);
        check("<a href=", &[("a", &[("href", "")])]);
        check("<a", &[("a", &[])]);
        check("<", &[]);
        check("<a =x=y>", &[("a", &[("=x", "y")])]);
    }

    proptest::proptest! {
        #[test]
        fn any_page_is_read(page in "[<>/a='\" &;#x-]{0,80}|\\PC{0,80}") {
            Tags::new(&page).count();
        }
    }
}
