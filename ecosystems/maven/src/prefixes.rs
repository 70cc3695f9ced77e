//! `.meta/prefixes.txt`: which groups this repository has, so that clients ask for no others.
//!
//! Maven 4 reads it unasked and then does not send requests for paths outside of it. So it is
//! complete or not there: with an upstream behind this registry anything may be here, and there is no
//! such file.
//!
//! # See also
//!
//! Maven Resolver, "Remote Repository Filtering".

use std::collections::BTreeSet;

use vouchsafe_domain::index::ListView;

use crate::name;

/// Longest line a client reads, in bytes.
const MAX_LINE_BYTES: usize = 250;
/// Most lines a client reads.
const MAX_LINES: usize = 100_000;

/// Writes the file. `None` when packages may be here that are not in the list.
pub(crate) fn render(list: &ListView) -> Option<String> {
    if list.has_upstream {
        return None;
    }
    let groups = list.names.iter().map(|package| name::split(package).0);
    let mut prefixes: BTreeSet<String> = groups.map(|group| prefix(group, usize::MAX)).collect();
    if prefixes.len() > MAX_LINES {
        let groups = list.names.iter().map(|package| name::split(package).0);
        prefixes = groups.map(|group| prefix(group, 2)).collect();
    }
    let mut text = "## repository-prefixes/2.0\n".to_owned();
    if prefixes.len() > MAX_LINES {
        text.push_str("@ unsupported\n");
        return Some(text);
    }
    for prefix in prefixes {
        text.push_str(&prefix);
        text.push('\n');
    }
    Some(text)
}

/// `/com/acme` of `com.acme`. A shorter prefix allows more, never less.
fn prefix(group: &str, max_words: usize) -> String {
    let mut prefix = String::new();
    for word in group.split('.').take(max_words) {
        if prefix.len() + 1 + word.len() > MAX_LINE_BYTES {
            break;
        }
        prefix.push('/');
        prefix.push_str(word);
    }
    prefix
}
