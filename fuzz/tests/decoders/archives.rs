//! The walks over tar and zip archives.
//!
//! Our readers are stricter than those of all clients, so whatever they accept, a lenient reader
//! must read as the same files with the same bytes.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::archive::tar::walk_tar_gz;
use vouchsafe_adapter::archive::zip::{ZipRules, walk_zip};
use vouchsafe_adapter::archive::{EntryKind, Limits};

use crate::engine::target;
use crate::script::Script;
use crate::{samples, words};

/// Small enough that spoiled samples reach them.
const LIMITS: Limits = Limits {
    max_unpacked_bytes: 64 * 1024,
    max_entry_bytes: 16 * 1024,
    max_entries: 32,
    max_path_bytes: 300,
    max_depth: 8,
    max_ratio: 200,
    is_case_insensitive: true,
};

/// Path and bytes of the files of an archive, in its order.
type Contents = Vec<(String, Vec<u8>)>;

/// What must hold of every path that a walk shows.
fn check_path(path: &str, seen: &mut BTreeSet<String>) {
    let is_plain = path.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    assert!(is_plain && !path.contains(['\\', '\0', '\n']), "{path:?}");
    assert!(path.len() <= LIMITS.max_path_bytes, "{path:?}");
    assert!(path.split('/').count() <= LIMITS.max_depth, "{path:?}");
    assert!(seen.insert(path.to_lowercase()), "{path:?} was shown twice");
}

/// Keeps what a walk shows, and how much that is.
#[derive(Default)]
struct Shown {
    paths: BTreeSet<String>,
    files: Contents,
    bytes: u64,
}

impl Shown {
    fn keep(&mut self, path: &str, kind: EntryKind, content: Vec<u8>) {
        check_path(path, &mut self.paths);
        self.bytes += content.len() as u64;
        assert!(self.bytes <= LIMITS.max_unpacked_bytes, "{} bytes were shown", self.bytes);
        assert!(self.paths.len() as u64 <= LIMITS.max_entries);
        match kind {
            EntryKind::File => self.files.push((path.to_owned(), content)),
            EntryKind::Directory => assert!(content.is_empty()),
        }
    }
}

fn walk_tar(archive: &[u8]) -> Result<Contents, FormatError> {
    let mut shown = Shown::default();
    let walked = walk_tar_gz(&mut &archive[..], &LIMITS, &mut |entry| {
        let content = entry.read_to_end(LIMITS.max_entry_bytes)?;
        shown.keep(entry.path, entry.kind, content);
        Ok(())
    })?;
    assert!(walked.unpacked_bytes <= LIMITS.max_unpacked_bytes);
    assert!(walked.entries <= LIMITS.max_entries);
    assert_eq!(walked.files, shown.files.len() as u64);
    Ok(shown.files)
}

fn read_leniently(archive: &[u8]) -> Contents {
    let mut reader = tar::Archive::new(flate2::read::MultiGzDecoder::new(archive));
    let entries = reader.entries().expect("a lenient reader starts");
    entries
        .filter_map(|entry| {
            let mut entry = entry.expect("a lenient reader reads on");
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("a lenient reader reads the bytes");
            let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
            entry.header().entry_type().is_file().then_some((path, bytes))
        })
        .collect()
}

/// Makes the checksum of the header block at `at` right again.
fn fix_checksum(archive: &mut [u8], at: usize) {
    let Some(block) = archive.get_mut(at..at + 512) else { return };
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// Archives of each kind of header: plain, GNU long name, PAX, PAX global, directory.
fn tar_samples() -> Vec<Vec<u8>> {
    let long = format!("package/{}/x.js", "d".repeat(120));
    let plain = samples::tar_of(&[("package/a", b"1"), ("package/b", &[7; 600]), ("c", b"")]);
    let gnu = samples::tar_of(&[(&long, b"text"), ("package/b", b"x")]);
    let mut pax = tar::Builder::new(Vec::new());
    let long_pax = format!("package/{}", "p".repeat(200));
    for records in [vec![("path", long_pax.as_bytes()), ("mtime", b"1.5")], vec![("size", b"3")]] {
        pax.append_pax_extensions(records).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        pax.append_data(&mut header, "package/short", &b"abc"[..]).unwrap();
    }
    let mut global = tar::Header::new_ustar();
    global.set_entry_type(tar::EntryType::XGlobalHeader);
    let comment = b"19 comment=0123456\n";
    global.set_size(19);
    let mut with_global = tar::Builder::new(Vec::new());
    with_global.append_data(&mut global, "pax_global_header", &comment[..]).unwrap();
    let mut directory = tar::Header::new_ustar();
    directory.set_entry_type(tar::EntryType::Directory);
    directory.set_size(0);
    with_global.append_data(&mut directory, "package/", &b""[..]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(1);
    with_global.append_data(&mut header, "package/a", &b"1"[..]).unwrap();
    vec![plain, gnu, pax.into_inner().unwrap(), with_global.into_inner().unwrap()]
}

#[test]
fn tar() {
    let samples = tar_samples();
    for sample in &samples {
        walk_tar(&samples::gzip(sample)).expect("a sample is accepted unspoiled");
    }
    target!(1500).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let mut archive = script.pick(&samples).clone();
        for _ in 0..script.below(4) {
            let blocks = archive.len() / 512;
            let at = script.below(blocks + 1) * 512;
            // Most fields are in the first half of a header.
            let place = at + script.below(512);
            if let Some(byte) = archive.get_mut(place) {
                *byte = script.byte();
            }
            if !script.one_in(4) {
                fix_checksum(&mut archive, at);
            }
        }
        if script.one_in(3) {
            archive = script.spoil(&archive, words::ANY);
        }
        let mut packed = samples::gzip(&archive);
        if script.one_in(4) {
            packed = script.spoil(&packed, words::ANY);
        }
        if let Ok(files) = walk_tar(&packed) {
            assert_eq!(read_leniently(&packed), files);
        }
    });
}

fn walk_zip_strictly(archive: &[u8], rules: ZipRules) -> Result<Contents, FormatError> {
    let mut shown = Shown::default();
    let mut is_short = false;
    walk_zip(&mut Cursor::new(archive), &LIMITS, rules, &mut |entry| {
        let content = entry.read_to_end(LIMITS.max_entry_bytes)?;
        // An entry that ends early is only found behind it, when the walk goes on.
        is_short |= content.len() as u64 != entry.size_bytes;
        shown.keep(entry.path, entry.kind, content);
        Ok(())
    })?;
    assert!(!is_short, "an entry is shorter than it says");
    Ok(shown.files)
}

fn unzip_leniently(archive: &[u8]) -> Contents {
    let mut reader = zip::ZipArchive::new(Cursor::new(archive)).expect("a lenient reader starts");
    let mut files: Vec<(u64, (String, Vec<u8>))> = (0..reader.len())
        .filter_map(|number| {
            let mut entry = reader.by_index(number).expect("a lenient reader reads on");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("a lenient reader reads the bytes");
            let path = entry.name().expect("a lenient reader reads the name").into_owned();
            let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
            entry.is_file().then_some((entry.header_start(), (path, bytes)))
        })
        .collect();
    files.sort();
    files.into_iter().map(|(_, file)| file).collect()
}

#[test]
fn zip() {
    let files: [samples::Entry<'_>; 3] = [("a/b.py", b"text"), ("a/c.py", &[7; 300]), ("d", b"")];
    let samples = [
        samples::zip_of(&files, true),
        samples::zip_of(&files, false),
        samples::zip_of(&files[..1], true),
        samples::wheel(samples::CORE_METADATA),
    ];
    for sample in &samples {
        walk_zip_strictly(sample, ZipRules::STRICT).expect("a sample is accepted unspoiled");
    }
    target!(2500).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let sample = script.pick(&samples);
        let archive = script.spoil(sample, words::ANY);
        for rules in [ZipRules::STRICT, ZipRules::TOLERANT] {
            if let Ok(files) = walk_zip_strictly(&archive, rules) {
                assert_eq!(unzip_leniently(&archive), files);
            }
        }
    });
}
