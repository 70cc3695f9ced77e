//! Which form of a simple page a client gets (PEP 691): JSON or HTML.

use vouchsafe_adapter::WireRequest;
use vouchsafe_domain::index::DocumentKey;

/// A simple page as JSON.
pub(crate) const SIMPLE_JSON: &str = "simple-json";
/// A simple page as HTML that calls itself `text/html`.
pub(crate) const SIMPLE_HTML: &str = "simple-html";
/// The same HTML, for clients that accept it by its versioned name alone.
pub(crate) const SIMPLE_HTML_V1: &str = "simple-html-v1";

/// `Content-Type` of a JSON page.
pub(crate) const JSON_TYPE: &str = "application/vnd.pypi.simple.v1+json";
/// `Content-Type` of an HTML page for those who ask for it by version.
pub(crate) const HTML_V1_TYPE: &str = "application/vnd.pypi.simple.v1+html";

/// What is offered, best first when a client has no preference, with the names that mean it.
const OFFERS: [(&str, &[&str]); 3] = [
    (SIMPLE_HTML, &["text/html"]),
    (SIMPLE_HTML_V1, &[HTML_V1_TYPE, "application/vnd.pypi.simple.latest+html"]),
    (SIMPLE_JSON, &[JSON_TYPE, "application/vnd.pypi.simple.latest+json"]),
];

/// Chooses a form: `?format=` first, then `Accept`, then HTML.
pub(crate) fn simple_form(request: &WireRequest<'_>) -> DocumentKey {
    let format = request.query_value("format");
    let by_format = format.and_then(|format| {
        let mut offers = OFFERS.iter();
        offers.find(|(_, names)| names.contains(&format)).map(|(key, _)| *key)
    });
    let key = by_format.unwrap_or_else(|| match request.header("accept") {
        Some(accept) => by_accept(accept),
        None => SIMPLE_HTML,
    });
    DocumentKey::from_static(key)
}

fn by_accept(accept: &str) -> &'static str {
    let mut best = (SIMPLE_HTML, 0);
    for (key, names) in OFFERS {
        // Of two names for one form, the one that the client really wrote decides.
        let wanted = names.iter().map(|name| wanted(accept, name)).max();
        let quality = wanted.map_or(0, |(_, quality)| quality);
        if quality > best.1 {
            best = (key, quality);
        }
    }
    best.0
}

/// How much a client wants a media type, in thousandths; the most specific range decides.
pub(crate) fn quality(accept: &str, media_type: &str) -> u16 {
    wanted(accept, media_type).1
}

/// How specific the range is that decides about a media type, and its quality in thousandths.
fn wanted(accept: &str, media_type: &str) -> (u8, u16) {
    let group = media_type.split_once('/').map_or("", |(group, _)| group);
    let mut best = (0, 0);
    for range in accept.split(',').take(64) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let specificity = match name.split_once('/') {
            Some(("*", "*")) => 1,
            Some((range_group, "*")) if range_group.eq_ignore_ascii_case(group) => 2,
            _ if name.eq_ignore_ascii_case(media_type) => 3,
            _ => continue,
        };
        let stated = parts.find_map(|part| {
            part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")).map(str::trim)
        });
        if specificity > best.0 {
            best = (specificity, stated.map_or(1000, thousandths));
        }
    }
    best
}

/// `0.25` as 250. What is not a quality counts as 0, as PyPI's own server has it.
fn thousandths(text: &str) -> u16 {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => (value * 1000.0).round() as u16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expect: &str) {
        assert_eq!(by_accept(accept), expect, "{accept}");
    }

    #[test]
    fn the_clients_we_know_get_what_they_prefer() {
        // pip, uv, poetry for a named index, poetry for its default index.
        check(
            "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, \
             text/html; q=0.01",
            SIMPLE_JSON,
        );
        check(
            "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, \
             text/html;q=0.01",
            SIMPLE_JSON,
        );
        check("application/vnd.pypi.simple.v1+json, */*;q=0.1", SIMPLE_JSON);
        check("application/vnd.pypi.simple.v1+json", SIMPLE_JSON);
        // A browser, curl.
        check("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", SIMPLE_HTML);
        check("*/*", SIMPLE_HTML);
    }

    #[test]
    fn html_is_what_is_left() {
        check("", SIMPLE_HTML);
        check("image/png", SIMPLE_HTML);
        check("application/vnd.pypi.simple.v1+json;q=0", SIMPLE_HTML);
        check("application/vnd.pypi.simple.v1+json;q=high, text/html;q=0.1", SIMPLE_HTML);
        check("application/vnd.pypi.simple.v1+html", SIMPLE_HTML_V1);
        check("application/vnd.pypi.simple.latest+json", SIMPLE_JSON);
        check("application/*;q=0.5, text/html;q=0.1", SIMPLE_HTML_V1);
        check("*/*;q=0.9, text/html;q=0, application/vnd.pypi.simple.v1+html;q=0", SIMPLE_JSON);
    }
}
