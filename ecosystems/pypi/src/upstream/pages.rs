//! The two forms of a page: JSON (PEP 691, 700) and HTML (PEP 503, 592, 658).

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use vouchsafe_adapter::{FormatError, UpstreamDocument};
use vouchsafe_domain::{Digests, PackageName};

use super::listed::{Listed, absolute, digest};
use super::{Page, ProjectStatus};
use crate::html::{Tag, Tags};
use crate::name;

#[derive(Deserialize)]
struct JsonPage<'a> {
    #[serde(default)]
    meta: JsonMeta,
    name: Option<String>,
    #[serde(rename = "project-status")]
    project_status: Option<serde_json::Value>,
    /// Each read on its own, so that one odd entry costs one file.
    #[serde(borrow)]
    files: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct JsonMeta {
    #[serde(rename = "api-version")]
    api_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: HashMap<String, String>,
    requires_python: Option<String>,
    size: Option<u64>,
    upload_time: Option<String>,
    yanked: Option<BoolOrText>,
    core_metadata: Option<BoolOrHashes>,
    data_dist_info_metadata: Option<BoolOrHashes>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum BoolOrText {
    Bool(bool),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum BoolOrHashes {
    Bool(bool),
    Hashes(HashMap<String, String>),
}

pub(super) fn read_json(
    package: &PackageName,
    document: &UpstreamDocument<'_>,
) -> Result<Page, FormatError> {
    let page: JsonPage<'_> =
        serde_json::from_slice(document.bytes).map_err(FormatError::document)?;
    if page.name.is_some_and(|found| name::canonical(&found) != package.canonical()) {
        return Err(FormatError::document("it is the page of another project"));
    }
    let base = base_url(document)?;
    let files = page.files.iter().filter_map(|raw| {
        let file: JsonFile = serde_json::from_str(raw.get()).ok()?;
        listed_json(&base, file)
    });
    Ok(Page {
        files: files.collect(),
        api_version: page.meta.api_version,
        status: page.project_status.and_then(|status| serde_json::from_value(status).ok()),
    })
}

fn listed_json(base: &Url, file: JsonFile) -> Option<Listed> {
    let digests = |hashes: HashMap<String, String>| -> Digests {
        hashes.iter().filter_map(|(name, hex)| digest(name, hex)).collect()
    };
    let core_metadata = match file.core_metadata.or(file.data_dist_info_metadata) {
        None | Some(BoolOrHashes::Bool(false)) => None,
        Some(BoolOrHashes::Bool(true)) => Some(Digests::none()),
        Some(BoolOrHashes::Hashes(hashes)) => Some(digests(hashes)),
    };
    Some(Listed {
        filename: file.filename.try_into().ok()?,
        url: absolute(base, &file.url)?,
        digests: digests(file.hashes),
        size_bytes: file.size,
        upload_time: file.upload_time.and_then(|text| text.parse().ok()),
        requires_python: file.requires_python.filter(|text| !text.is_empty()),
        yanked: match file.yanked {
            None | Some(BoolOrText::Bool(false)) => None,
            Some(BoolOrText::Bool(true)) => Some(String::new()),
            Some(BoolOrText::Text(reason)) => Some(reason),
        },
        core_metadata,
    })
}

pub(super) fn read_html(document: &UpstreamDocument<'_>) -> Result<Page, FormatError> {
    let text = String::from_utf8_lossy(document.bytes);
    let mut base = base_url(document)?;
    let mut has_base = false;
    let mut page = Page { api_version: None, status: None, files: Vec::new() };
    let mut reason = None;
    for tag in Tags::new(&text) {
        match tag.name.as_str() {
            "a" => page.files.extend(listed_html(&base, &tag)),
            "base" if !has_base => {
                if let Some(url) = tag.attribute("href").and_then(|href| absolute(&base, href)) {
                    base = url;
                    has_base = true;
                }
            }
            "meta" => {
                let content = tag.attribute("content").unwrap_or_default().to_owned();
                match tag.attribute("name") {
                    Some("pypi:repository-version") => page.api_version = Some(content),
                    Some("pypi:project-status") => {
                        page.status = Some(ProjectStatus { status: content, reason: None });
                    }
                    Some("pypi:project-status-reason") => reason = Some(content),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if let Some(status) = &mut page.status {
        status.reason = reason;
    }
    Ok(page)
}

fn listed_html(base: &Url, tag: &Tag<'_>) -> Option<Listed> {
    let href = tag.attribute("href")?;
    let url = absolute(base, href)?;
    // The specification says that the last path segment is the file name.
    let segment = url.path_segments()?.next_back()?;
    let filename = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
    let fragment = href.split_once('#').map_or("", |(_, fragment)| fragment);
    let hashes = fragment.split('&').filter_map(|pair| pair.split_once('='));
    let metadata = tag.attribute("data-core-metadata");
    let metadata = metadata.or_else(|| tag.attribute("data-dist-info-metadata"));
    let core_metadata = metadata.filter(|text| !text.eq_ignore_ascii_case("false"));
    Some(Listed {
        filename: filename.try_into().ok()?,
        digests: hashes.filter_map(|(name, hex)| digest(name, hex)).collect(),
        size_bytes: None,
        upload_time: None,
        requires_python: tag
            .attribute("data-requires-python")
            .map(str::to_owned)
            .filter(|text| !text.is_empty()),
        yanked: tag.attribute("data-yanked").map(str::to_owned),
        core_metadata: core_metadata.map(|text| {
            text.split_once('=').and_then(|(name, hex)| digest(name, hex)).into_iter().collect()
        }),
        url,
    })
}

fn base_url(document: &UpstreamDocument<'_>) -> Result<Url, FormatError> {
    Url::parse(document.url)
        .map_err(|error| FormatError::document(format!("its own address: {error}")))
}
