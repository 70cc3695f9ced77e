//! Core metadata: the `METADATA` of a wheel, the `PKG-INFO` of a source distribution.
//!
//! The format is that of mail headers. Readers of mail differ on repeated headers, on lone
//! carriage returns and on lines that are no header, so all three are refused here.

use serde::{Deserialize, Serialize};

use vouchsafe_adapter::FormatError;

/// Largest metadata file, in bytes. A long description is most of it.
pub(crate) const MAX_METADATA_BYTES: u64 = 5 * 1024 * 1024;
/// Most headers of one metadata file.
const MAX_HEADERS: usize = 20_000;
/// Versions of the format that the Python index knows.
const KNOWN_METADATA_VERSIONS: [&str; 8] = ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"];

/// The metadata of one distribution, in the words of the JSON API. Stored as the manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CoreMetadata {
    pub(crate) metadata_version: String,
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description_content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) maintainer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) maintainer_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) license: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) license_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keywords: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) home_page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) download_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requires_python: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) license_files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) classifiers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) platform: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) requires_dist: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) provides_extra: Vec<String>,
    /// Each `Label, URL`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) project_urls: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dynamic: Vec<String>,
}

/// Reads a metadata file.
///
/// # Errors
///
/// [`FormatError::Manifest`] when it is not UTF-8, ambiguous, of an unknown version, or lacks a
/// name or version.
///
/// # Source
///
/// "Core metadata specifications".
pub(crate) fn parse(bytes: &[u8]) -> Result<CoreMetadata, FormatError> {
    let text = std::str::from_utf8(bytes).map_err(|_| refused("it is not UTF-8"))?;
    let (headers, body) = split_headers(text)?;
    let mut metadata = CoreMetadata::default();
    for (key, value) in headers {
        metadata.set(&key, value)?;
    }
    if !body.trim().is_empty() && metadata.description.is_none() {
        metadata.description = Some(body.to_owned());
    }
    metadata.check()?;
    Ok(metadata)
}

impl CoreMetadata {
    fn set(&mut self, key: &str, value: String) -> Result<(), FormatError> {
        let slot = match key.to_ascii_lowercase().as_str() {
            "metadata-version" => return set_once(&mut self.metadata_version, key, value),
            "name" => return set_once(&mut self.name, key, value),
            "version" => return set_once(&mut self.version, key, value),
            "license-file" => return push(&mut self.license_files, value),
            "classifier" => return push(&mut self.classifiers, value),
            "platform" => return push(&mut self.platform, value),
            "requires-dist" => return push(&mut self.requires_dist, value),
            "provides-extra" => return push(&mut self.provides_extra, value),
            "project-url" => return push(&mut self.project_urls, value),
            "dynamic" => return push(&mut self.dynamic, value),
            "summary" => &mut self.summary,
            "description" => &mut self.description,
            "description-content-type" => &mut self.description_content_type,
            "author" => &mut self.author,
            "author-email" => &mut self.author_email,
            "maintainer" => &mut self.maintainer,
            "maintainer-email" => &mut self.maintainer_email,
            "license" => &mut self.license,
            "license-expression" => &mut self.license_expression,
            "keywords" => &mut self.keywords,
            "home-page" => &mut self.home_page,
            "download-url" => &mut self.download_url,
            "requires-python" => &mut self.requires_python,
            // Fields that no client asks the registry for.
            _ => return Ok(()),
        };
        match slot.replace(value) {
            Some(_) => Err(refused(format!("`{key}` stands there twice"))),
            None => Ok(()),
        }
    }

    fn check(&mut self) -> Result<(), FormatError> {
        if !KNOWN_METADATA_VERSIONS.contains(&self.metadata_version.as_str()) {
            return Err(refused("its `Metadata-Version` is missing or unknown"));
        }
        if self.name.is_empty() || self.version.is_empty() {
            return Err(refused("it has no `Name` or no `Version`"));
        }
        self.requires_python = self.requires_python.take().filter(|text| !text.is_empty());
        if let Some(text) = &self.requires_python {
            let parsed = text.parse::<pep440_rs::VersionSpecifiers>();
            parsed.map_err(|_| refused("`Requires-Python` is not a version specifier"))?;
        }
        if self.summary.as_ref().is_some_and(|summary| summary.contains('\n')) {
            return Err(refused("`Summary` has more than one line"));
        }
        Ok(())
    }
}

fn set_once(slot: &mut String, key: &str, value: String) -> Result<(), FormatError> {
    if !slot.is_empty() {
        return Err(refused(format!("`{key}` stands there twice")));
    }
    *slot = value;
    Ok(())
}

fn push(list: &mut Vec<String>, value: String) -> Result<(), FormatError> {
    list.push(value);
    Ok(())
}

/// Names and values, and the text behind them.
type Parts<'a> = (Vec<(String, String)>, &'a str);

/// Splits headers, with their continuation lines joined, from the text behind the empty line.
fn split_headers(text: &str) -> Result<Parts<'_>, FormatError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.strip_suffix('\r').unwrap_or(line);
        rest = behind;
        if line.is_empty() {
            return Ok((headers, rest));
        }
        if line.contains(['\r', '\0']) {
            return Err(refused("a header has a carriage return or a zero byte inside"));
        }
        if line.starts_with([' ', '\t']) {
            let Some((_, value)) = headers.last_mut() else {
                return Err(refused("its first line continues nothing"));
            };
            value.push('\n');
            // Old tools marked the lines of a description with seven spaces and a bar.
            let line = line.trim_start();
            value.push_str(line.strip_prefix('|').unwrap_or(line));
            continue;
        }
        let Some((key, value)) = line.split_once(':').filter(|(key, _)| is_header_name(key)) else {
            return Err(refused("a line among its headers is no header"));
        };
        if headers.len() >= MAX_HEADERS {
            return Err(refused(format!("it has more than {MAX_HEADERS} headers")));
        }
        headers.push((key.to_owned(), value.trim().to_owned()));
    }
    Ok((headers, ""))
}

fn is_header_name(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn refused(reason: impl std::fmt::Display) -> FormatError {
    FormatError::manifest(format!("core metadata: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n";

    #[test]
    fn headers_and_description_are_read() {
        let text = format!(
            "{HEAD}Summary: A thing\nRequires-Dist: a>=1\nRequires-Dist: b; extra == \"x\"\n\
             Requires-Python: >=3.8\nLicense: one\n  two\n        |three\nProject-URL: Home, \
             https://foo.example\nX-Unknown: 1\n\n# Foo\n\nName: not a header\n"
        );
        let metadata = parse(text.as_bytes()).unwrap();
        assert_eq!(metadata.name, "foo");
        assert_eq!(metadata.requires_dist, ["a>=1", "b; extra == \"x\""]);
        assert_eq!(metadata.license.as_deref(), Some("one\ntwo\nthree"));
        assert_eq!(metadata.project_urls, ["Home, https://foo.example"]);
        assert_eq!(metadata.description.as_deref(), Some("# Foo\n\nName: not a header\n"));
        let json = serde_json::to_string(&metadata).unwrap();
        assert_eq!(serde_json::from_str::<CoreMetadata>(&json).unwrap(), metadata);
    }

    #[test]
    fn both_line_ends_are_read() {
        assert_eq!(
            parse(HEAD.as_bytes()).unwrap(),
            parse(HEAD.replace('\n', "\r\n").as_bytes()).unwrap()
        );
    }

    #[track_caller]
    fn refuses(text: &str, expect: &str) {
        let error = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error} does not say {expect:?}");
    }

    #[test]
    fn ambiguous_metadata_is_refused() {
        refuses(&format!("{HEAD}Name: bar\n"), "twice");
        refuses(&format!("{HEAD}name: bar\n"), "twice");
        refuses(&format!("{HEAD}Summary: a\nSummary: b\n"), "twice");
        refuses(&format!("{HEAD}Summary: a\rName: b\n"), "carriage return");
        refuses(&format!("{HEAD}no header\n"), "is no header");
        refuses(&format!("{HEAD}: x\n"), "is no header");
        refuses(&format!(" x\n{HEAD}"), "continues nothing");
        refuses(&format!("{HEAD}Summary: a\n b\n"), "more than one line");
    }

    #[test]
    fn incomplete_metadata_is_refused() {
        refuses("", "Metadata-Version");
        refuses("Metadata-Version: 9.9\nName: foo\nVersion: 1\n", "Metadata-Version");
        refuses("Metadata-Version: 2.1\nName: foo\n", "no `Version`");
        refuses("Metadata-Version: 2.1\nName: foo\n\nVersion: 1\n", "no `Version`");
        refuses(&format!("{HEAD}Requires-Python: snake\n"), "Requires-Python");
        assert!(parse(b"Name: \xff").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(Name: foo\n)?[ -~\n\r\t:]{0,200}") {
            let _ = parse(text.as_bytes());
        }
    }
}
