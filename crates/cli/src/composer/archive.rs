//! Writing the archive: the same files make the same bytes, whenever and wherever.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, bail};
use aws_lc_rs::digest;
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::files::Files;

/// An archive that is ready to be sent.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) file: std::fs::File,
    pub(super) size_bytes: u64,
    /// Lower-case hexadecimal.
    pub(super) sha256: String,
    /// Paths in it, in order.
    pub(super) paths: Vec<String>,
    /// Keeps a packed archive until it was sent.
    _packed: Option<NamedTempFile>,
}

/// Packs files: sorted by path, at the earliest time that a zip can hold, readable by everybody.
pub(super) fn pack(files: &Files) -> anyhow::Result<Archive> {
    let packed = NamedTempFile::new().context("cannot make a temporary file")?;
    let mut zip = ZipWriter::new(packed.reopen()?);
    for (path, source) in &files.sent {
        let mode = if is_executable(source) { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        zip.start_file(path.as_str(), options)?;
        let mut from = std::fs::File::open(source)
            .with_context(|| format!("cannot read {}", source.display()))?;
        std::io::copy(&mut from, &mut zip)
            .with_context(|| format!("cannot pack {}", source.display()))?;
    }
    zip.finish()?.flush()?;
    let paths = files.sent.keys().cloned().collect();
    let file = packed.reopen()?;
    seal(file, paths, Some(packed))
}

/// Opens an archive that somebody else has made. It is sent as it is.
pub(super) fn open(path: &Path) -> anyhow::Result<Archive> {
    let shown = path.display();
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let zip = zip::ZipArchive::new(file.try_clone()?);
    let zip = zip.with_context(|| format!("{shown} is no zip archive"))?;
    let paths = zip.file_names().map(|name| name.map(std::borrow::Cow::into_owned));
    let mut paths: Vec<String> = paths.collect::<Result<_, _>>()?;
    paths.sort();
    seal(file, paths, None)
}

/// The text of the `composer.json` of an archive: at its top, or in its only folder.
pub(super) fn manifest(archive: &Archive) -> anyhow::Result<String> {
    const NAME: &str = "composer.json";
    /// What the registry reads of it, in bytes.
    const MAX_BYTES: u64 = 256 * 1024;

    let top = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let first = archive.paths.first().map(|path| top(path)).unwrap_or_default();
    let is_single = archive.paths.iter().all(|path| path.contains('/') && top(path) == first);
    let path = if is_single { format!("{first}/{NAME}") } else { NAME.to_owned() };
    let mut zip = zip::ZipArchive::new(archive.file.try_clone()?)?;
    let entry = zip.by_name(&path).context("there is no composer.json in the archive")?;
    let mut text = String::new();
    entry.take(MAX_BYTES + 1).read_to_string(&mut text).context("cannot read composer.json")?;
    if text.len() as u64 > MAX_BYTES {
        bail!("composer.json has more than {MAX_BYTES} bytes");
    }
    Ok(text)
}

fn seal(
    mut file: std::fs::File,
    paths: Vec<String>,
    packed: Option<NamedTempFile>,
) -> anyhow::Result<Archive> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut size_bytes = 0;
    let mut chunk = vec![0; 64 * 1024];
    file.seek(SeekFrom::Start(0))?;
    loop {
        let length = file.read(&mut chunk)?;
        let Some(part) = chunk.get(..length).filter(|part| !part.is_empty()) else { break };
        context.update(part);
        size_bytes += part.len() as u64;
    }
    file.seek(SeekFrom::Start(0))?;
    let sha256 = hex::encode(context.finish());
    Ok(Archive { file, size_bytes, sha256, paths, _packed: packed })
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path, paths: &[&str]) -> Files {
        let mut files = Files::default();
        for path in paths {
            let at = folder.join(path.replace('/', "-"));
            std::fs::write(&at, format!("{{\"name\":\"{path}\"}}")).unwrap();
            files.sent.insert((*path).to_owned(), at);
        }
        files
    }

    #[test]
    fn the_same_files_make_the_same_bytes() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = pack(&files(one.path(), &["src/a.php", "composer.json"])).unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let files = files(two.path(), &["composer.json", "src/a.php"]);
        for source in files.sent.values() {
            std::fs::File::options().write(true).open(source).unwrap().set_modified(old).unwrap();
        }
        let second = pack(&files).unwrap();
        assert_eq!((&first.sha256, first.size_bytes), (&second.sha256, second.size_bytes));
        assert_eq!(first.paths, ["composer.json", "src/a.php"]);
    }

    #[test]
    fn the_manifest_is_at_the_top_or_in_the_only_folder() {
        let folder = tempfile::tempdir().unwrap();
        let text = |paths: &[&str]| manifest(&pack(&files(folder.path(), paths)).unwrap());
        let at_top = text(&["composer.json", "tests/composer.json"]).unwrap();
        assert_eq!(at_top, r#"{"name":"composer.json"}"#);
        let below = text(&["lib-1.0/composer.json", "lib-1.0/a.php"]).unwrap();
        assert_eq!(below, r#"{"name":"lib-1.0/composer.json"}"#);
        assert!(text(&["a/composer.json", "b/x.php"]).is_err());
        assert!(text(&["x.php"]).is_err());
    }
}
