//! Looks into jars and their kin, which are zip archives.
//!
//! Nothing here opens classes. The walk proves that the archive is safe to unpack and has one
//! reading, and takes out the two descriptors that Maven packs into it.

use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::archive::zip::{ZipEntry, ZipRules, walk_zip};
use vouchsafe_adapter::archive::{EntryKind, Limits};
use vouchsafe_adapter::ecosystem::ArtifactBytes;

use crate::pom::MAX_POM_BYTES;

/// Largest plugin descriptor, in bytes.
const MAX_PLUGIN_BYTES: u64 = 16 * 1024 * 1024;
const PLUGIN_DESCRIPTOR: &str = "META-INF/maven/plugin.xml";

/// Endings of files that are zip archives.
pub(crate) const EXTENSIONS: [&str; 5] = ["jar", "war", "ear", "aar", "zip"];

/// Jars with all their dependencies in them are the largest.
pub(crate) fn limits() -> Limits {
    Limits {
        max_unpacked_bytes: 4 * 1024 * 1024 * 1024,
        max_entry_bytes: 2 * 1024 * 1024 * 1024,
        max_entries: 150_000,
        ..Limits::default()
    }
}

/// What a jar has of Maven's.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// The first `META-INF/maven/{group}/{artifact}/pom.xml`, with group and artifact of its path.
    pub(crate) pom: Option<(String, String, Vec<u8>)>,
    /// How many of them there are: more than one when other jars were merged into this one.
    pub(crate) poms: usize,
    /// `META-INF/maven/plugin.xml`.
    pub(crate) plugin: Option<Vec<u8>>,
}

/// Walks a jar from end to end.
pub(crate) fn read(file: &mut Box<dyn ArtifactBytes>) -> Result<Descriptors, FormatError> {
    let mut found = Descriptors::default();
    walk_zip(file, &limits(), ZipRules::TOLERANT, &mut |entry| found.visit(entry))?;
    Ok(found)
}

impl Descriptors {
    fn visit(&mut self, entry: &mut ZipEntry<'_>) -> Result<(), FormatError> {
        if entry.kind != EntryKind::File {
            return Ok(());
        }
        if entry.path == PLUGIN_DESCRIPTOR {
            self.plugin = Some(entry.read_to_end(MAX_PLUGIN_BYTES)?);
            return Ok(());
        }
        let path: Vec<&str> = entry.path.split('/').collect();
        let ["META-INF", "maven", group, artifact, "pom.xml"] = path.as_slice() else {
            return Ok(());
        };
        self.poms += 1;
        if self.poms == 1 {
            let (group, artifact) = ((*group).to_owned(), (*artifact).to_owned());
            self.pom = Some((group, artifact, entry.read_to_end(MAX_POM_BYTES)?));
        }
        Ok(())
    }
}
