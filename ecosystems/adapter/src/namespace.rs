//! Which namespaces a name lies in, for ecosystems without a rule of their own.
//!
//! Names with a slash have a segment before it (`vendor/package`, `com.acme.tools/lib`), names
//! without have words (`acme-tools`). A namespace ends where a segment or a word ends, so
//! `com.acme` never holds `com.acmeevil/lib`.

/// The namespaces of a canonical name, the most specific first.
///
/// Before a slash, words with dots between them are read as Maven reads them: `com.acme` holds
/// `com.acme.tools/lib`. One word alone is a namespace only where it is a whole segment: nobody can
/// claim all of `com`.
pub fn namespaces_of(canonical: &str) -> Vec<String> {
    match canonical.rsplit_once('/') {
        Some((above, _)) => segments(above),
        None => words(canonical),
    }
}

/// Whole segments, then the first one without its last words.
fn segments(above: &str) -> Vec<String> {
    let mut namespaces = ancestors(above, '/');
    let first = above.split('/').next().unwrap_or_default();
    let groups = ancestors(first, '.').into_iter().skip(1).filter(|group| group.contains('.'));
    namespaces.extend(groups);
    namespaces
}

/// A name, and its beginnings that end before a dash.
fn words(name: &str) -> Vec<String> {
    let mut namespaces = ancestors(name, '-');
    namespaces.retain(|namespace| !namespace.ends_with('-'));
    namespaces
}

/// A text and its beginnings before each separator, the longest first.
pub fn ancestors(text: &str, separator: char) -> Vec<String> {
    let cuts = text.rmatch_indices(separator).filter_map(|(at, _)| text.get(..at));
    let all = std::iter::once(text).chain(cuts);
    all.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The domain that a namespace is the reverse of: `acme.com` for `com.acme`. `None` for namespaces
/// that are no reversed domain by their shape.
pub fn reversed_domain(namespace: &str) -> Option<String> {
    if !namespace.contains('.') || namespace.contains(['/', '@']) {
        return None;
    }
    let labels: Vec<&str> = namespace.rsplit('.').collect();
    Some(labels.join(".").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(canonical: &str, expected: &[&str]) {
        assert_eq!(namespaces_of(canonical), expected, "{canonical}");
    }

    #[test]
    fn groups_lie_in_the_groups_above_them() {
        check("com.acme.tools/lib", &["com.acme.tools", "com.acme"]);
        check("com.acme/lib", &["com.acme"]);
        check("com.acmeevil/lib", &["com.acmeevil"]);
        check("junit/junit", &["junit"]);
        check("com/acme", &["com"]);
    }

    #[test]
    fn vendors_and_scopes_are_whole_segments() {
        check("acme/lib", &["acme"]);
        check("acme-evil/lib", &["acme-evil"]);
        check("@acme/lib", &["@acme"]);
        check("acme.corp/lib", &["acme.corp"]);
    }

    #[test]
    fn plain_names_lie_in_their_first_words() {
        check("acme-tools-x", &["acme-tools-x", "acme-tools", "acme"]);
        check("acme", &["acme"]);
        check("acmeevil", &["acmeevil"]);
        check("a--b", &["a--b", "a"]);
    }

    #[test]
    fn only_dotted_namespaces_are_domains() {
        for (namespace, expected) in [
            ("com.acme", Some("acme.com")),
            ("uk.co.Acme.tools", Some("tools.acme.co.uk")),
            ("junit", None),
            ("@com.acme", None),
            ("example.com/x", None),
            ("acme-tools", None),
        ] {
            assert_eq!(reversed_domain(namespace).as_deref(), expected, "{namespace}");
        }
    }
}
