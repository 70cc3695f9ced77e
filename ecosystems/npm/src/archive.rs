//! Looks into an npm tarball: one top-level directory with a `package.json` in it.

use std::io::Read;

use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::archive::Limits;
use vouchsafe_adapter::archive::tar::{EntryKind, TarEntry, walk_tar_gz};

/// Largest `package.json`, in bytes.
const MAX_PACKAGE_JSON_BYTES: u64 = 2 * 1024 * 1024;
/// How much of a readme is kept, in bytes.
const MAX_README_BYTES: usize = 64 * 1024;

/// What an npm tarball holds, as far as the registry cares.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// `package.json`, as it stands.
    pub(crate) package_json: Vec<u8>,
    /// The readme, when there is one.
    pub(crate) readme: Option<Readme>,
    /// Whether there is a `binding.gyp`: npm then compiles on install.
    pub(crate) has_binding_gyp: bool,
    /// Whether there is any `*.gyp` beside `package.json`: npm then *says* so when it publishes.
    pub(crate) has_gyp: bool,
    /// Whether there is an `npm-shrinkwrap.json`.
    pub(crate) has_shrinkwrap: bool,
    /// Number of files.
    pub(crate) file_count: u64,
    /// Bytes of all files together, unpacked.
    pub(crate) unpacked_bytes: u64,
}

/// A readme.
#[derive(Debug)]
pub(crate) struct Readme {
    /// Its file name.
    pub(crate) filename: String,
    /// Its text, possibly cut short.
    pub(crate) text: String,
    is_markdown: bool,
}

/// Reads a tarball from its start.
pub(crate) fn read(reader: &mut dyn Read) -> Result<Contents, FormatError> {
    let mut walk = Walk::default();
    walk_tar_gz(reader, &Limits::default(), &mut |entry| walk.visit(entry))?;
    if walk.contents.package_json.is_empty() {
        return Err(FormatError::archive("it has no package.json in its top-level directory"));
    }
    Ok(walk.contents)
}

#[derive(Default)]
struct Walk {
    contents: Contents,
    top: Option<String>,
    has_package_json: bool,
}

impl Walk {
    fn visit(&mut self, entry: &mut TarEntry<'_>) -> Result<(), FormatError> {
        let (top, below) = match entry.path.split_once('/') {
            Some((top, below)) => (top, Some(below)),
            None => (entry.path, None),
        };
        // npm takes the first segment off every path whatever it says, so two top-level
        // directories would end up in one, with files replacing each other.
        if self.top.get_or_insert_with(|| top.to_owned()) != top {
            return Err(FormatError::archive("it has more than one top-level directory"));
        }
        if entry.kind == EntryKind::Directory {
            return Ok(());
        }
        let Some(below) = below else {
            return Err(FormatError::archive("it has a file outside its top-level directory"));
        };
        self.contents.file_count += 1;
        self.contents.unpacked_bytes += entry.size_bytes;
        let below = below.to_owned();
        self.file(&below, entry)
    }

    /// A file, by its path below the top-level directory.
    fn file(&mut self, path: &str, entry: &mut TarEntry<'_>) -> Result<(), FormatError> {
        let contents = &mut self.contents;
        if path.eq_ignore_ascii_case("package.json") {
            // On many systems `Package.json` would replace the file that was looked at.
            if path != "package.json" || std::mem::replace(&mut self.has_package_json, true) {
                return Err(FormatError::archive("it has more than one package.json"));
            }
            contents.package_json = entry.read_to_end(MAX_PACKAGE_JSON_BYTES)?;
        } else if path == "npm-shrinkwrap.json" {
            contents.has_shrinkwrap = true;
        } else if !path.contains('/') && path.ends_with(".gyp") {
            contents.has_gyp = true;
            contents.has_binding_gyp |= path == "binding.gyp";
        } else if let Some(is_markdown) = readme_kind(path) {
            let is_better = contents.readme.as_ref().is_none_or(|known| !known.is_markdown);
            if is_better {
                let text = read_text(entry)?;
                contents.readme = Some(Readme { filename: path.to_owned(), text, is_markdown });
            }
        }
        Ok(())
    }
}

/// Whether a path is a readme, and whether that one is Markdown.
fn readme_kind(path: &str) -> Option<bool> {
    let lower = path.to_ascii_lowercase();
    match lower.strip_prefix("readme")? {
        "" => Some(false),
        ".md" | ".markdown" | ".mkd" => Some(true),
        rest => (rest.starts_with('.') && !rest.contains('/')).then_some(false),
    }
}

/// The first [`MAX_README_BYTES`] of an entry.
fn read_text(entry: &mut TarEntry<'_>) -> Result<String, FormatError> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8 * 1024];
    while bytes.len() < MAX_README_BYTES {
        let Some(part) = entry.read(&mut chunk)? else { break };
        bytes.extend_from_slice(part);
    }
    bytes.truncate(MAX_README_BYTES);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    // A character that was cut in half is not worth showing.
    if bytes.len() == MAX_README_BYTES && text.ends_with(char::REPLACEMENT_CHARACTER) {
        text.pop();
    }
    Ok(text)
}
