//! A hostile corpus, built here byte by byte.

use std::io::Write as _;

use super::*;

/// Writes one header with a right checksum; `patch` may break anything before that.
fn header(name: &str, entry_type: u8, size: usize, patch: impl FnOnce(&mut [u8; 512])) -> Vec<u8> {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = entry_type;
    block[257..265].copy_from_slice(b"ustar\x0000");
    patch(&mut block);
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.to_vec()
}

fn entry(name: &str, entry_type: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, entry_type, content.len(), |_| ());
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    entry(name, b'0', content)
}

fn pax(entry_type: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let mut content = String::new();
    for (key, value) in records {
        let body = format!(" {key}={value}\n");
        let digits = (body.len() + 2).to_string().len();
        content.push_str(&format!("{}{body}", body.len() + digits));
    }
    entry("PaxHeader", entry_type, content.as_bytes())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = parts.concat();
    bytes.resize(bytes.len() + 1024, 0);
    gzip(&bytes)
}

fn small_limits() -> Limits {
    Limits {
        max_unpacked_bytes: 4 * 1024 * 1024,
        max_entry_bytes: 3 * 1024 * 1024,
        max_entries: 20,
        max_path_bytes: 200,
        ..Limits::default()
    }
}

fn walk(bytes: &[u8]) -> Result<Vec<String>, FormatError> {
    let mut seen = Vec::new();
    walk_tar_gz(&mut &*bytes, &small_limits(), &mut |entry| {
        let content = entry.read_to_end(1024 * 1024)?;
        seen.push(format!("{} {}", entry.path, String::from_utf8_lossy(&content)));
        Ok(())
    })?;
    Ok(seen)
}

#[track_caller]
fn check_seen(bytes: &[u8], expect: &[&str]) {
    assert_eq!(walk(bytes).unwrap(), expect);
}

#[track_caller]
fn check_refused(bytes: &[u8], because: &str) {
    let error = walk(bytes).unwrap_err().to_string();
    assert!(error.contains(because), "{error:?} does not say {because:?}");
}

#[test]
fn files_and_directories_are_shown_in_order() {
    let parts = [entry("p/", b'5', b""), file("p/a", b"one"), entry("./p/b", 0, b"two")];
    check_seen(&archive(&parts), &["p ", "p/a one", "p/b two"]);
}

#[test]
fn long_names_of_pax_gnu_and_ustar_are_read() {
    let long = format!("p/{}", "x".repeat(150));
    let parts = [pax(b'x', &[("mtime", "1.5"), ("path", &long)]), file("short", b"1")];
    check_seen(&archive(&parts), &[&format!("{long} 1")]);
    let parts = [entry("././@LongLink", b'L', format!("{long}\0").as_bytes()), file("s", b"1")];
    check_seen(&archive(&parts), &[&format!("{long} 1")]);
    let prefixed = header("b", b'0', 0, |block| block[345..348].copy_from_slice(b"p/a"));
    check_seen(&archive(&[prefixed]), &["p/a/b "]);
}

#[test]
fn a_global_comment_as_git_writes_it_is_tolerated() {
    let parts = [pax(b'g', &[("comment", "0123abcd")]), file("package/a", b"1")];
    check_seen(&archive(&parts), &["package/a 1"]);
}

#[test]
fn what_the_tar_crate_writes_is_read() {
    let mut builder = tar::Builder::new(Vec::new());
    let long = format!("demo-1.0.0/{}", "y".repeat(120));
    for path in ["demo-1.0.0/Cargo.toml", &long] {
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, &b"hi"[..]).unwrap();
    }
    let bytes = gzip(&builder.into_inner().unwrap());
    check_seen(&bytes, &["demo-1.0.0/Cargo.toml hi", &format!("{long} hi")]);
}

#[test]
fn unread_content_is_skipped() {
    let bytes = archive(&[file("a", &[b'x'; 1500]), file("b", b"")]);
    let mut paths = Vec::new();
    let walked = walk_tar_gz(&mut bytes.as_slice(), &small_limits(), &mut |entry| {
        paths.push(entry.path.to_owned());
        Ok(())
    });
    assert_eq!(paths, ["a", "b"]);
    let expect = Walked { entries: 2, files: 2, unpacked_bytes: 512 + 1536 + 512 + 1024 };
    assert_eq!(walked.unwrap(), expect);
}

#[test]
fn links_devices_and_unknown_types_are_refused() {
    for (entry_type, because) in [
        (b'1', "hard link"),
        (b'K', "hard link"),
        (b'2', "symbolic link"),
        (b'3', "device"),
        (b'4', "device"),
        (b'6', "device"),
        (b'S', "sparse"),
        (b'7', "type `7`"),
        (b'X', "type `X`"),
        (0xff, "type `\\xff`"),
    ] {
        check_refused(&archive(&[entry("a", entry_type, b"")]), because);
    }
}

#[test]
fn path_tricks_are_refused_wherever_the_name_stands() {
    for trick in ["../x", "/x", "a/../../x", "C:/x", "a\\b", "a//b"] {
        check_refused(&archive(&[file(trick, b"")]), "`");
        check_refused(&archive(&[pax(b'x', &[("path", trick)]), file("ok", b"")]), "`");
        check_refused(&archive(&[entry("L", b'L', trick.as_bytes()), file("ok", b"")]), "`");
    }
    let prefixed = header("x", b'0', 0, |block| block[345..347].copy_from_slice(b".."));
    check_refused(&archive(&[prefixed]), "not a plain relative path");
}

#[test]
fn two_answers_to_one_question_are_refused() {
    let twice = [file("a", b"1"), file("a", b"2")];
    check_refused(&archive(&twice), "twice");
    check_refused(&archive(&[file("a", b""), file("a/b", b"")]), "below a path that is a file");
    let sizes = [pax(b'x', &[("size", "4")]), file("a", b"1")];
    check_refused(&archive(&sizes), "two different sizes");
    let names = [pax(b'x', &[("path", "b")]), entry("L", b'L', b"c\0"), file("a", b"")];
    check_refused(&archive(&names), "two extension headers");
    let records = [pax(b'x', &[("path", "b"), ("path", "c")]), file("a", b"")];
    check_refused(&archive(&records), "twice");
    let prefix = header("b", b'0', 0, |block| {
        block[257..265].copy_from_slice(b"ustar  \0");
        block[345] = b'p';
    });
    check_refused(&archive(&[prefix]), "prefix");
    check_refused(&archive(&[entry("d", b'5', b"content")]), "directory has content");
    check_refused(&archive(&[file("d/", b"x")]), "name of a directory");
}

#[test]
fn extension_headers_cannot_be_abused() {
    let global = |key| archive(&[pax(b'g', &[(key, "1")]), file("a", b"")]);
    check_refused(&global("path"), "global PAX header");
    check_refused(&global("size"), "global PAX header");
    check_refused(&global("linkpath"), "link or a sparse");
    let sparse = [pax(b'x', &[("GNU.sparse.major", "1")]), file("a", b"")];
    check_refused(&archive(&sparse), "link or a sparse");
    check_refused(&archive(&[pax(b'x', &[("path", "b")])]), "between a name and its entry");
    let between = [pax(b'x', &[("path", "b")]), pax(b'g', &[]), file("a", b"")];
    check_refused(&archive(&between), "between a name and its entry");
    let huge = [entry("L", b'L', &[b'x'; 65 * 1024]), file("a", b"")];
    check_refused(&archive(&huge), "extension header is larger");
    let nul = [entry("L", b'L', b"a\0b\0"), file("a", b"")];
    check_refused(&archive(&nul), "NUL");
    for broken in ["5 a=b\n", "99 path=b\n", "x path=b\n", "7 path=b\n", "-1 a=b\n", "4 =\n"] {
        let parts = [entry("P", b'x', broken.as_bytes()), file("a", b"")];
        check_refused(&archive(&parts), "PAX header cannot be read");
    }
}

#[test]
fn an_extension_that_some_readers_take_for_a_file_is_refused() {
    for (entry_type, content) in [(b'L', "long\0"), (b'x', "10 path=a\n"), (b'g', "")] {
        let mut extension = header("././@LongLink", entry_type, content.len(), |block| {
            block[257..265].fill(0);
        });
        extension.extend_from_slice(content.as_bytes());
        extension.resize(extension.len().next_multiple_of(512), 0);
        check_refused(&archive(&[extension, file("short", b"")]), "neither ustar nor GNU");
    }
}

#[test]
fn headers_are_read_strictly() {
    let mut bytes = file("a", b"");
    bytes[0] = b'b';
    check_refused(&archive(&[bytes]), "wrong checksum");
    for size in [&b"\x80\0\0\0\0\0\0\0\0\0\0\x01"[..], b"            ", b"-1          ", b"12x\0"] {
        let block = header("a", b'0', 0, |block| {
            block[124..136].fill(0);
            block[124..124 + size.len()].copy_from_slice(size);
        });
        check_refused(&archive(&[block]), "size that cannot be read");
    }
}

#[test]
fn the_end_must_be_where_it_should_be() {
    let good = file("a", b"1");
    let whole = archive(std::slice::from_ref(&good));
    for cut in 0..whole.len() {
        assert!(walk(&whole[..cut]).is_err(), "cut at {cut} was accepted");
    }
    check_refused(&gzip(&good), "without an end marker");
    check_refused(&gzip(&good[..600]), "ends early");
    let hidden = [good.clone(), vec![0; 512], file("b", b"2"), vec![0; 1024]].concat();
    check_refused(&gzip(&hidden), "behind the end marker");
    check_refused(&[whole.clone(), b"PK".to_vec()].concat(), "behind the gzip stream");
    check_refused(&[whole.clone(), whole.clone()].concat(), "behind the gzip stream");
    let mut wrong_crc = whole;
    let at = wrong_crc.len() - 8;
    wrong_crc[at] ^= 1;
    check_refused(&wrong_crc, "damaged");
    check_refused(b"not gzip at all, and long enough", "damaged");
}

#[test]
fn bombs_stop_at_their_limits() {
    let many: Vec<_> = (0..30).map(|n| file(&n.to_string(), b"")).collect();
    check_refused(&archive(&many), "more than 20 entries");
    check_refused(&archive(&[header("a", b'0', 3 << 30, |_| ())]), "an entry is larger");
    check_refused(&archive(&[file("a", &vec![0; 2 * 1024 * 1024])]), "larger than 1048576 bytes");
    check_refused(&archive(&[file(&"x/".repeat(40), b"")]), "directory");
    let zeros = gzip(&vec![0; 8 * 1024 * 1024]);
    check_refused(&zeros, "times its size");

    let noise: Vec<u8> = (0..2 * 1024 * 1024_u64)
        .map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8)
        .collect();
    let bytes = archive(&[file("a", &noise), file("b", &noise), file("c", &noise)]);
    let limits = Limits { max_ratio: u64::MAX, ..small_limits() };
    let error = walk_tar_gz(&mut bytes.as_slice(), &limits, &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("more than 4194304 bytes"), "{error}");
}

#[test]
fn a_failing_reader_is_our_fault_not_the_archives() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk"))
        }
    }
    let error = walk_tar_gz(&mut Failing, &small_limits(), &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, FormatError::Io(_)), "{error:?}");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(blocks in proptest::collection::vec(0_u8.., 0..3000)) {
        let _ = walk(&blocks);
        let _ = walk(&gzip(&blocks));
    }
}
