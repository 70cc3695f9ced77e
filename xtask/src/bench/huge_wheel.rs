//! Wheels of hundreds of megabytes that share all but their last bytes.
//!
//! A hundred clients upload a hundred different huge files, and the one filling is made, summed up
//! and hashed once: it is the first entry of each archive, stored as it is, and what differs comes
//! behind it.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::archive;
use super::random::Random;

/// Path of the filling.
const FILLING: &str = "filling.bin";

/// What all wheels begin with.
#[derive(Debug)]
pub(crate) struct Filling {
    head: Arc<Vec<u8>>,
    hashed: Sha256,
    entry: Entry,
    record_line: String,
}

/// A wheel in two parts: most of it is shared.
#[derive(Debug)]
pub(crate) struct HugeWheel {
    /// The package.
    pub(crate) package: String,
    /// Name of the file.
    pub(crate) filename: String,
    /// The shared part, which comes first.
    pub(crate) head: Arc<Vec<u8>>,
    /// The rest.
    pub(crate) tail: Vec<u8>,
    /// Of the whole, in hexadecimal.
    pub(crate) sha256: String,
}

/// Version of all huge packages.
pub(crate) const VERSION: &str = "1.0.0";

impl Filling {
    /// A filling of this many bytes that cannot be compressed.
    pub(crate) fn new(bytes: usize) -> Self {
        let content = Random::seeded("filling").bytes(bytes);
        let entry = Entry::new(FILLING, &content, 0);
        let mut head = entry.local_header();
        head.extend(&content);
        let mut hashed = Sha256::new();
        hashed.update(&head);
        let record_line = archive::record_line(FILLING, &content);
        Self { head: Arc::new(head), hashed, entry, record_line }
    }

    /// The wheel of one package around this filling.
    pub(crate) fn wheel(&self, package: &str) -> HugeWheel {
        let module = package.replace('-', "_");
        let mut files = archive::wheel_files(package, VERSION, &[], Vec::new());
        files.retain(|(path, _)| !path.ends_with(FILLING));
        let record: String = files
            .iter()
            .map(|(path, bytes)| archive::record_line(path, bytes))
            .chain([self.record_line.clone()])
            .collect();
        files.push(archive::record_file(package, VERSION, &record));

        let mut tail = Vec::new();
        let mut entries = vec![self.entry.clone()];
        for (path, bytes) in &files {
            let entry = Entry::new(path, bytes, self.head.len() + tail.len());
            tail.extend(entry.local_header());
            tail.extend(bytes);
            entries.push(entry);
        }
        let directory_at = self.head.len() + tail.len();
        let directory: Vec<u8> = entries.iter().flat_map(Entry::directory_record).collect();
        let end = end_record(entries.len(), directory.len(), directory_at);
        tail.extend(directory);
        tail.extend(end);
        let mut hashed = self.hashed.clone();
        hashed.update(&tail);
        HugeWheel {
            package: package.to_owned(),
            filename: format!("{module}-{VERSION}-py3-none-any.whl"),
            head: Arc::clone(&self.head),
            tail,
            sha256: hex::encode(hashed.finalize()),
        }
    }
}

/// One stored entry of a zip archive (APPNOTE 4.3.7 and 4.3.12).
#[derive(Debug, Clone)]
struct Entry {
    path: String,
    crc32: u32,
    size: u32,
    offset: u32,
}

impl Entry {
    /// Sizes and offsets of the data set are far below 4 GiB.
    fn new(path: &str, content: &[u8], offset: usize) -> Self {
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let crc32 = crc32fast::hash(content);
        Self { path: path.to_owned(), crc32, size: short(content.len()), offset: short(offset) }
    }

    /// Version needed, flags, method (stored), time, date (1 January 1980), CRC and both sizes.
    fn common_fields(&self) -> Vec<u8> {
        let mut bytes = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        for number in [self.crc32, self.size, self.size] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(u16::try_from(self.path.len()).unwrap_or(u16::MAX).to_le_bytes());
        bytes
    }

    fn local_header(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend(self.common_fields());
        bytes.extend([0; 2]); // No extra fields.
        bytes.extend(self.path.as_bytes());
        bytes
    }

    fn directory_record(&self) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x14\x03".to_vec();
        bytes.extend(self.common_fields());
        // No extra fields, no comment, first disk, no internal attributes.
        bytes.extend([0; 8]);
        bytes.extend((0o100_644_u32 << 16).to_le_bytes());
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.path.as_bytes());
        bytes
    }
}

/// End of central directory (APPNOTE 4.3.16).
fn end_record(entries: usize, directory_bytes: usize, directory_at: usize) -> Vec<u8> {
    let mut bytes = b"PK\x05\x06\0\0\0\0".to_vec();
    let count = u16::try_from(entries).unwrap_or(u16::MAX);
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    for number in [directory_bytes, directory_at] {
        bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }
    bytes.extend([0; 2]);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    #[test]
    fn a_huge_wheel_is_a_zip_archive_with_its_filling_first() {
        let filling = Filling::new(10_000);
        let (one, two) = (filling.wheel("bench-a"), filling.wheel("bench-b"));
        assert_ne!(one.sha256, two.sha256);
        for wheel in [one, two] {
            let bytes = [wheel.head.as_slice(), &wheel.tail].concat();
            assert_eq!(wheel.sha256, hex::encode(Sha256::digest(&bytes)));
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
            let mut content = Vec::new();
            archive.by_index(0).expect("the filling").read_to_end(&mut content).expect("readable");
            assert_eq!(content.len(), 10_000);
            assert_eq!(archive.len(), 5);
        }
    }
}
