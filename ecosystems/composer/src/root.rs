//! Documents about the whole registry: the root that Composer asks for first, and name lists.

use serde_json::json;
use vouchsafe_domain::index::{Document, DocumentKey, ListView};

/// `packages.json`.
pub(crate) const ROOT: DocumentKey = DocumentKey::from_static("root");
/// `packages/list.json` starts with this; [`ListFilter`] follows.
const LIST: &str = "list";
/// Matches no package: a name part never consists of a dash alone.
const NOTHING: &str = "-/-";
/// Longest filter, in bytes.
const MAX_FILTER_BYTES: usize = 200;

/// Which names a list shall have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ListFilter<'a> {
    vendor: Option<&'a str>,
    /// With `*` for anything.
    pattern: Option<&'a str>,
}

impl<'a> ListFilter<'a> {
    /// `None` when a part has letters that no name has: such a list would be empty or a trick.
    pub(crate) fn new(vendor: Option<&'a str>, pattern: Option<&'a str>) -> Option<Self> {
        let is_allowed = |c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '/' | '*')
        };
        let is_sound = |text: &str| text.len() <= MAX_FILTER_BYTES && text.chars().all(is_allowed);
        let mut parts = vendor.iter().chain(&pattern);
        parts.all(|text| is_sound(text)).then_some(Self { vendor, pattern })
    }

    /// The document that holds the list.
    pub(crate) fn key(&self) -> DocumentKey {
        let (vendor, pattern) = (self.vendor.unwrap_or_default(), self.pattern.unwrap_or_default());
        DocumentKey(format!("{LIST}:{vendor}:{pattern}").into())
    }

    fn from_key(key: &'a DocumentKey) -> Option<Self> {
        let (vendor, pattern) =
            key.as_str().strip_prefix(LIST)?.strip_prefix(':')?.split_once(':')?;
        let given = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Some(Self { vendor: given(vendor), pattern: given(pattern) })
    }

    fn admits(&self, name: &str) -> bool {
        let is_of_vendor = self.vendor.is_none_or(|vendor| {
            name.strip_prefix(vendor).is_some_and(|rest| rest.starts_with('/'))
        });
        is_of_vendor && self.pattern.is_none_or(|pattern| glob(pattern, name))
    }
}

/// Whether `*` can be filled in so that the pattern becomes the name. Takes as many steps as
/// there are letters in both, times each other at worst.
fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(in_name) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(expected) if expected == byte => {
                at += 1;
                in_name += 1;
            }
            _ => {
                // The last star takes one letter more.
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                in_name = taken + 1;
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

pub(crate) fn render(list: &ListView, document: &DocumentKey) -> Option<Document> {
    let body = match ListFilter::from_key(document) {
        _ if *document == ROOT => root(list),
        Some(filter) => {
            let names = list.names.iter().map(|name| name.canonical());
            let names: Vec<_> = names.filter(|name| filter.admits(name)).collect();
            json!({ "packageNames": names })
        }
        None => return None,
    };
    Some(Document {
        content_type: "application/json",
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    })
}

/// Addresses are absolute: some Composers take a leading slash for a local file.
fn root(list: &ListView) -> serde_json::Value {
    let base = &list.base_url;
    let mut root = json!({
        "packages": [],
        "metadata-url": format!("{base}/p2/%package%.json"),
        "notify-batch": format!("{base}/downloads/"),
        "search": format!("{base}/search.json?q=%query%"),
        "list": format!("{base}/packages/list.json"),
    });
    // Without a list Composer asks here for every package of the whole graph, and tells this
    // registry and its log names that are none of its business. An empty list counts as none.
    if !list.has_upstream
        && let Some(root) = root.as_object_mut()
    {
        let names: Vec<_> = list.names.iter().map(|name| name.canonical()).collect();
        if names.is_empty() {
            root.insert("available-package-patterns".to_owned(), json!([NOTHING]));
        }
        root.insert("available-packages".to_owned(), json!(names));
    }
    root
}
