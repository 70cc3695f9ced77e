//! Looks into wheels and source distributions.
//!
//! What comes out is the metadata file's bytes, proven to be the only one and in the only place an
//! installer looks. Comparing it with the request is [`inspect`](crate::inspect)'s work.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest;
use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::archive::zip::{ZipEntry, ZipRules, walk_zip};
use vouchsafe_adapter::archive::{EntryKind, Limits, tar};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_domain::{PackageName, Sha256, Version};

use crate::metadata::MAX_METADATA_BYTES;
use crate::record::{self, Found};
use crate::{name, version};

/// Largest `RECORD`, in bytes: a line for each of the entries that a wheel may have.
const MAX_RECORD_BYTES: u64 = 32 * 1024 * 1024;
/// Largest `WHEEL` file, in bytes.
const MAX_WHEEL_FILE_BYTES: u64 = 64 * 1024;
const DIST_INFO: &str = ".dist-info";

/// Machine-learning wheels are the largest: a gigabyte packed, several unpacked.
fn limits() -> Limits {
    Limits {
        max_unpacked_bytes: 4 * 1024 * 1024 * 1024,
        max_entry_bytes: 4 * 1024 * 1024 * 1024,
        max_entries: 100_000,
        ..Limits::default()
    }
}

/// What is kept of a wheel while the walk goes on.
#[derive(Default)]
struct Wheel {
    dist_infos: BTreeSet<String>,
    metadata: Option<Vec<u8>>,
    wheel: Option<Vec<u8>>,
    record: Option<Vec<u8>>,
    found: BTreeMap<String, Found>,
}

/// Checks a wheel and returns its `METADATA`.
///
/// # Errors
///
/// [`FormatError`] when the archive is dangerous, has not exactly one `.dist-info` directory, that
/// of this release, with `METADATA`, `WHEEL` and a true `RECORD`.
pub(crate) fn read_wheel(
    file: &mut Box<dyn ArtifactBytes>,
    package: &PackageName,
    release: &Version,
) -> Result<Vec<u8>, FormatError> {
    let mut wheel = Wheel::default();
    walk_zip(file, &limits(), ZipRules::STRICT, &mut |entry| wheel.visit(entry))?;

    let mut dist_infos = wheel.dist_infos.iter();
    let (Some(dist_info), None) = (dist_infos.next(), dist_infos.next()) else {
        return Err(FormatError::archive("a wheel has exactly one `.dist-info` directory"));
    };
    if !is_dist_info_of(dist_info, package, release) {
        let shown: String = dist_info.escape_debug().take(80).collect();
        return Err(FormatError::archive(format!(
            "`{shown}` is not the `.dist-info` directory of {package} {release}"
        )));
    }
    let missing = |name| FormatError::archive(format!("the wheel has no `{dist_info}/{name}`"));
    let wheel_file = wheel.wheel.ok_or_else(|| missing("WHEEL"))?;
    if !wheel_file.starts_with(b"Wheel-Version: 1.") {
        return Err(FormatError::archive("`WHEEL` does not start with `Wheel-Version: 1.`"));
    }
    let record = wheel.record.ok_or_else(|| missing("RECORD"))?;
    record::check(&record, dist_info, &wheel.found)?;
    wheel.metadata.ok_or_else(|| missing("METADATA"))
}

fn is_dist_info_of(directory: &str, package: &PackageName, release: &Version) -> bool {
    let stem = directory.strip_suffix(DIST_INFO);
    let parts = stem.and_then(|stem| stem.split_once('-'));
    parts.is_some_and(|(project, found)| {
        name::canonical(project) == package.canonical()
            && version::parse(found).is_ok_and(|found| found == *release)
    })
}

impl Wheel {
    fn visit(&mut self, entry: &mut ZipEntry<'_>) -> Result<(), FormatError> {
        let (top, rest) = entry.path.split_once('/').unwrap_or((entry.path, ""));
        // An installer on a file system without letter case would see these as one.
        if top.to_ascii_lowercase().ends_with(DIST_INFO) {
            self.dist_infos.insert(top.to_owned());
        }
        if entry.kind == EntryKind::Directory {
            return Ok(());
        }
        let kept = match rest {
            _ if !top.ends_with(DIST_INFO) => None,
            "METADATA" => Some((&mut self.metadata, MAX_METADATA_BYTES)),
            "WHEEL" => Some((&mut self.wheel, MAX_WHEEL_FILE_BYTES)),
            "RECORD" => Some((&mut self.record, MAX_RECORD_BYTES)),
            _ => None,
        };
        let sha256 = match kept {
            Some((slot, limit_bytes)) => {
                let bytes = entry.read_to_end(limit_bytes)?;
                let sha256 = digest::digest(&digest::SHA256, &bytes);
                *slot = Some(bytes);
                sha256
            }
            None => hash(entry)?,
        };
        let Ok(sha256) = <[u8; 32]>::try_from(sha256.as_ref()) else {
            return Err(FormatError::archive("a digest has a wrong length"));
        };
        let found = Found { sha256: Sha256::new(sha256), size_bytes: entry.size_bytes };
        self.found.insert(entry.path.to_owned(), found);
        Ok(())
    }
}

fn hash(entry: &mut ZipEntry<'_>) -> Result<digest::Digest, FormatError> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut chunk = [0; 16 * 1024];
    while let Some(part) = entry.read(&mut chunk)? {
        context.update(part);
    }
    Ok(context.finish())
}

/// Checks a source distribution and returns its `PKG-INFO`.
///
/// * `stem`: `{name}-{version}` of the file name, which is its only directory.
///
/// # Errors
///
/// [`FormatError`] when the archive is dangerous, has anything beside that directory, or no
/// `PKG-INFO` in it.
pub(crate) fn read_sdist(
    file: &mut Box<dyn ArtifactBytes>,
    stem: &str,
) -> Result<Vec<u8>, FormatError> {
    let mut pkg_info = None;
    tar::walk_tar_gz(file, &limits(), &mut |entry| {
        let (top, rest) = entry.path.split_once('/').unwrap_or((entry.path, ""));
        if top != stem || (rest.is_empty() && entry.kind == EntryKind::File) {
            let path: String = entry.path.escape_debug().take(80).collect();
            return Err(FormatError::archive(format!("`{path}` lies outside of `{stem}/`")));
        }
        if rest == "PKG-INFO" {
            pkg_info = Some(entry.read_to_end(MAX_METADATA_BYTES)?);
        }
        Ok(())
    })?;
    pkg_info.ok_or_else(|| FormatError::archive(format!("it has no `{stem}/PKG-INFO`")))
}
