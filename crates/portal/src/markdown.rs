//! Markdown to HTML that is safe to show on our own origin, whoever wrote it.
//!
//! Two fences: pulldown-cmark writes HTML, then ammonia keeps a fixed list of elements and
//! attributes and drops the rest. Raw HTML inside the Markdown passes the second fence too, so a
//! README may use `<b>` and nothing that acts. The pages' content security policy is the third.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag};

/// Largest Markdown text that is rendered, in bytes. Longer ones are cut at a line.
pub const MAX_MARKDOWN_BYTES: usize = 512 * 1024;

/// Elements that carry text and structure, and nothing that loads, runs or submits.
const ELEMENTS: [&str; 34] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "del",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// For strangers: a relative address leads nowhere they know of, and `//host` would leave the site.
static STRANGERS: LazyLock<ammonia::Builder<'static>> =
    LazyLock::new(|| cleaner(ammonia::UrlRelative::Deny, Some("nofollow noopener ugc")));

/// For our own documents, which link to each other.
static OURS: LazyLock<ammonia::Builder<'static>> =
    LazyLock::new(|| cleaner(ammonia::UrlRelative::PassThrough, None));

fn cleaner(
    relative: ammonia::UrlRelative<'static>,
    link_rel: Option<&'static str>,
) -> ammonia::Builder<'static> {
    let mut cleaner = ammonia::Builder::default();
    cleaner
        .tags(HashSet::from(ELEMENTS))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href", "title"]))]))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(relative)
        .link_rel(link_rel);
    cleaner
}

/// Renders Markdown that a stranger wrote. A relative link loses its target and keeps its text.
pub fn render_untrusted(markdown: &str) -> String {
    let html = to_html(markdown, |target| Some(target.to_owned()), str::to_owned);
    STRANGERS.clean(&html).to_string()
}

/// Renders one of our own documents.
///
/// * `resolve`: the address a link shall have, or `None` to drop its target.
/// * `rewrite`: applied to every run of text, code included, before it is escaped.
pub(crate) fn render_document(
    markdown: &str,
    resolve: impl Fn(&str) -> Option<String>,
    rewrite: impl Fn(&str) -> String,
) -> String {
    OURS.clean(&to_html(markdown, resolve, rewrite)).to_string()
}

fn to_html(
    markdown: &str,
    resolve: impl Fn(&str) -> Option<String>,
    rewrite: impl Fn(&str) -> String,
) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(cut(markdown), options).map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = resolve(&dest_url).map_or(CowStr::Borrowed(""), CowStr::from);
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Text(text) => Event::Text(rewrite(&text).into()),
        Event::Code(text) => Event::Code(rewrite(&text).into()),
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

fn cut(markdown: &str) -> &str {
    if markdown.len() <= MAX_MARKDOWN_BYTES {
        return markdown;
    }
    let end = markdown.floor_char_boundary(MAX_MARKDOWN_BYTES);
    let head = markdown.get(..end).unwrap_or_default();
    head.rsplit_once('\n').map_or(head, |(whole_lines, _)| whole_lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_survives() {
        let html = render_untrusted("# A\n\n`x < y` and **b**\n\n|a|b|\n|-|-|\n|1|2|\n");
        for part in ["<h1>A</h1>", "<code>x &lt; y</code>", "<strong>b</strong>", "<td>2</td>"] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn nothing_that_acts_survives() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "![x](https://tracker.example/x.png)",
            "[x](javascript:alert(1))",
            "[x](JaVa\tScRiPt:alert(1))",
            "<a href=\"&#106;avascript:alert(1)\">x</a>",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:x)",
            "<svg onload=alert(1)>",
            "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
            "<p style=\"position:fixed\" class=\"problem\" id=\"main\" onclick=alert(1)>x</p>",
            "<iframe src=https://evil.example></iframe>",
            "<form action=/me><input name=password><button>ok</button></form>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<base href=https://evil.example><meta http-equiv=refresh content=0>",
            "<details open ontoggle=alert(1)>",
        ] {
            let html = render_untrusted(hostile).to_ascii_lowercase();
            for sign in [
                "<script",
                "<img",
                "<svg",
                "<iframe",
                "<form",
                "<input",
                "<style",
                "<base",
                "<meta",
                "<math",
                "<details",
                "style=",
                "class=",
                "id=",
                "javascript",
                "vbscript",
                "href=\"data",
            ] {
                // Escaped text may name these things; a tag or an attribute may not.
                let inert = html.replace("&lt;", "").replace("&gt;", "");
                assert!(!inert.contains(sign), "{hostile:?} became {html:?}");
            }
            assert!(!html.contains(" on"), "{hostile:?} became {html:?}");
        }
    }

    #[test]
    fn a_strangers_link_gives_no_credit_and_no_opener() {
        let html = render_untrusted("[x](https://repo.example/) [y](../me) [z](//evil.example)");
        assert!(html.contains("href=\"https://repo.example/\" rel=\"nofollow noopener ugc\""));
        assert!(!html.contains("../me") && !html.contains("evil"));
    }

    #[test]
    fn a_raw_link_obeys_the_same_rules() {
        let html = render_untrusted("<a href=\"//evil.example/me\" target=\"_top\">x</a>");
        assert!(!html.contains("target") && !html.contains("evil"), "{html}");
    }

    #[test]
    fn a_very_long_text_is_cut_at_a_line() {
        let long = "é line\n".repeat(MAX_MARKDOWN_BYTES / 4);
        let text = cut(&long);
        assert!(text.len() <= MAX_MARKDOWN_BYTES && text.ends_with("line"));
    }
}
