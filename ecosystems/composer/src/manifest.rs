//! `composer.json`, and what of it a version tells in the metadata.
//!
//! Clients install by the metadata and never look at the archive's `composer.json` again. So the
//! metadata is made from that file and from nothing else, and only of keys that are known: a key
//! that makes a client fetch from somewhere else (`source`, `notification-url`,
//! `transport-options`) never gets through, hosted or proxied.

use serde_json::{Map, Value};

use crate::semver::Constraint;

/// What a key may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Texts,
    TextOrTexts,
    /// A table of texts. PHP writes an empty table as an empty list.
    Links,
    Table,
    List,
    /// `true`, or the name of what to use instead.
    Abandoned,
    Flag,
}

/// Keys of a version, in the order of the public index.
const KEYS: [(&str, Shape); 24] = [
    ("name", Shape::Text),
    ("description", Shape::Text),
    ("keywords", Shape::Texts),
    ("homepage", Shape::Text),
    ("license", Shape::TextOrTexts),
    ("authors", Shape::List),
    ("type", Shape::Text),
    ("support", Shape::Table),
    ("funding", Shape::List),
    ("autoload", Shape::Table),
    ("extra", Shape::Table),
    ("target-dir", Shape::Text),
    ("include-path", Shape::Texts),
    ("bin", Shape::TextOrTexts),
    ("php-ext", Shape::Table),
    ("require", Shape::Links),
    ("require-dev", Shape::Links),
    ("suggest", Shape::Links),
    ("conflict", Shape::Links),
    ("provide", Shape::Links),
    ("replace", Shape::Links),
    ("abandoned", Shape::Abandoned),
    ("default-branch", Shape::Flag),
    ("time", Shape::Text),
];

/// Keys whose values are version constraints.
const CONSTRAINED: [&str; 5] = ["require", "require-dev", "conflict", "provide", "replace"];
/// Characters of a stranger's text that a message shows.
const SHOWN_CHARS: usize = 80;

impl Shape {
    fn admits(self, value: &Value) -> bool {
        let is_texts =
            |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        let is_empty_list = value.as_array().is_some_and(Vec::is_empty);
        match self {
            Self::Text => value.is_string(),
            Self::Texts => is_texts(value),
            Self::TextOrTexts => value.is_string() || is_texts(value),
            Self::Links => {
                let links = value.as_object();
                is_empty_list || links.is_some_and(|links| links.values().all(Value::is_string))
            }
            Self::Table => is_empty_list || value.is_object(),
            Self::List => value.is_array(),
            Self::Abandoned => value.is_string() || value.is_boolean(),
            Self::Flag => value.is_boolean(),
        }
    }
}

/// The known keys of a version. Keys with `null` are left out.
///
/// # Errors
///
/// A sentence about a key that no client could read, or that would lead it out of the package's
/// directory.
pub(crate) fn known_keys(object: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut kept = Map::new();
    for (key, shape) in KEYS {
        let Some(value) = object.get(key).filter(|value| !value.is_null()) else {
            continue;
        };
        if !shape.admits(value) {
            return Err(format!("`{key}` is not of the kind that Composer reads"));
        }
        kept.insert(key.to_owned(), value.clone());
    }
    let target = kept.get("target-dir").and_then(Value::as_str).into_iter();
    for (key, path) in target.map(|path| ("target-dir", path)).chain(binaries(&kept)) {
        if !is_inside(path) {
            return Err(format!("`{key}` leads out of the package: `{}`", shown(path)));
        }
    }
    Ok(kept)
}

/// Checks what makes a client refuse all versions of a package for the fault of one.
///
/// # Errors
///
/// A sentence about the first constraint that Composer cannot read.
pub(crate) fn check_constraints(kept: &Map<String, Value>) -> Result<(), String> {
    for key in CONSTRAINED {
        let links = kept.get(key).and_then(Value::as_object).into_iter().flatten();
        for (name, constraint) in links {
            let constraint = constraint.as_str().unwrap_or_default();
            if constraint != "self.version" && Constraint::parse(constraint).is_err() {
                let (name, constraint) = (shown(name), shown(constraint));
                return Err(format!("`{key}` of `{name}` is no constraint: `{constraint}`"));
            }
        }
    }
    Ok(())
}

/// Paths of programs, as `("bin", path)`.
fn binaries(kept: &Map<String, Value>) -> impl Iterator<Item = (&'static str, &str)> {
    let bin = kept.get("bin");
    let single = bin.and_then(Value::as_str);
    let several = bin.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    single.into_iter().chain(several).map(|path| ("bin", path))
}

/// A path that stays below the package's directory on every system. A leading slash is dropped by
/// Composer.
fn is_inside(path: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && c != '\\' && c != ':';
    path.chars().all(is_plain) && !path.split('/').any(|segment| segment == "..")
}

/// Notes for the publisher: what runs code by itself, and what people look for in vain.
pub(crate) fn warnings(kept: &Map<String, Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |applies: bool, text: &str| {
        if applies {
            warnings.push(text.to_owned());
        }
    };
    let has = |key: &str| kept.get(key).and_then(Value::as_str).is_some_and(|t| !t.is_empty());
    warn(
        kept.get("type").is_some_and(|kind| kind == "composer-plugin"),
        "it is a plugin: its code runs inside Composer of everybody who installs it",
    );
    let loaded = kept.get("autoload").and_then(|autoload| autoload.get("files"));
    warn(
        loaded.and_then(Value::as_array).is_some_and(|files| !files.is_empty()),
        "`autoload.files` runs with every request of the programs that install it",
    );
    warn(binaries(kept).next().is_some(), "`bin` puts programs into `vendor/bin`");
    warn(!has("description"), "composer.json has no `description`");
    warn(!kept.contains_key("license"), "composer.json has no `license`");
    warnings
}

/// A stranger's text, fit for a message.
pub(crate) fn shown(text: &str) -> String {
    text.escape_debug().take(SHOWN_CHARS).collect()
}
