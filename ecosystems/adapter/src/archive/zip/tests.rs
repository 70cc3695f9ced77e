use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;

/// One entry with every number that an attacker may choose.
#[derive(Clone)]
struct Raw {
    name: Vec<u8>,
    local_name: Option<Vec<u8>>,
    content: Vec<u8>,
    method: u16,
    flags: u16,
    mode: u32,
    dos_attributes: u32,
    local_extra: Vec<u8>,
    extra: Vec<u8>,
    comment: Vec<u8>,
    size: Option<u32>,
    local_size: Option<u32>,
    packed_size: Option<u32>,
    crc32: Option<u32>,
    packed: Option<Vec<u8>>,
    descriptor: Vec<u8>,
    before: Vec<u8>,
}

fn file(name: &str, content: &[u8]) -> Raw {
    Raw {
        name: name.into(),
        local_name: None,
        content: content.into(),
        method: 8,
        flags: if name.is_ascii() { 0 } else { 1 << 11 },
        mode: 0o100_644,
        dos_attributes: 0,
        local_extra: Vec::new(),
        extra: Vec::new(),
        comment: Vec::new(),
        size: None,
        local_size: None,
        packed_size: None,
        crc32: None,
        packed: None,
        descriptor: Vec::new(),
        before: Vec::new(),
    }
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn crc32(content: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    crc.sum()
}

/// What stands behind the entries.
#[derive(Default)]
struct End {
    comment: Vec<u8>,
    trailing: Vec<u8>,
    gap: Vec<u8>,
    entries: Option<u16>,
    disk: u16,
}

fn zip(entries: &[Raw]) -> Vec<u8> {
    zip_with(entries, &End::default())
}

fn zip_with(entries: &[Raw], end: &End) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for raw in entries {
        out.extend(&raw.before);
        let offset = out.len() as u32;
        let own = if raw.method == 8 { deflate(&raw.content) } else { raw.content.clone() };
        let packed = raw.packed.clone().unwrap_or(own);
        let crc = raw.crc32.unwrap_or_else(|| crc32(&raw.content));
        let size = raw.size.unwrap_or(raw.content.len() as u32);
        let packed_size = raw.packed_size.unwrap_or(packed.len() as u32);
        let is_open = raw.flags & 8 != 0;
        let local_name = raw.local_name.as_ref().unwrap_or(&raw.name);

        out.extend(0x0403_4b50_u32.to_le_bytes());
        for number in [20, raw.flags, raw.method, 0, 0] {
            out.extend(number.to_le_bytes());
        }
        for number in [crc, packed_size, raw.local_size.unwrap_or(size)] {
            out.extend(if is_open { [0; 4] } else { number.to_le_bytes() });
        }
        out.extend((local_name.len() as u16).to_le_bytes());
        out.extend((raw.local_extra.len() as u16).to_le_bytes());
        out.extend(local_name);
        out.extend(&raw.local_extra);
        out.extend(&packed);
        out.extend(&raw.descriptor);

        directory.extend(0x0201_4b50_u32.to_le_bytes());
        for number in [0x314, 20, raw.flags, raw.method, 0, 0] {
            directory.extend(number.to_le_bytes());
        }
        for number in [crc, packed_size, size] {
            directory.extend(number.to_le_bytes());
        }
        for len in [raw.name.len(), raw.extra.len(), raw.comment.len()] {
            directory.extend((len as u16).to_le_bytes());
        }
        directory.extend([0; 4]);
        directory.extend((raw.mode << 16 | raw.dos_attributes).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&raw.name);
        directory.extend(&raw.extra);
        directory.extend(&raw.comment);
    }
    out.extend(&end.gap);
    let offset = out.len() as u32;
    out.extend(&directory);
    out.extend(0x0605_4b50_u32.to_le_bytes());
    let count = end.entries.unwrap_or(entries.len() as u16);
    for number in [end.disk, end.disk, count, count] {
        out.extend(number.to_le_bytes());
    }
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend((end.comment.len() as u16).to_le_bytes());
    out.extend(&end.comment);
    out.extend(&end.trailing);
    out
}

fn walk(bytes: &[u8], rules: ZipRules, limits: &Limits) -> Result<Vec<String>, FormatError> {
    let mut seen = Vec::new();
    walk_zip(&mut Cursor::new(bytes), limits, rules, &mut |entry| {
        let content = entry.read_to_end(1 << 20)?;
        seen.push(format!("{}={}", entry.path, String::from_utf8_lossy(&content)));
        Ok(())
    })?;
    // The same again without reading: what is skipped must be checked as well.
    walk_zip(&mut Cursor::new(bytes), limits, rules, &mut |_| Ok(()))?;
    Ok(seen)
}

#[track_caller]
fn check(bytes: &[u8], rules: ZipRules, expect: Result<&[&str], &str>) {
    match (walk(bytes, rules, &Limits::default()), expect) {
        (Ok(seen), Ok(expect)) => assert_eq!(seen, expect),
        (Err(error), Err(expect)) => {
            assert!(error.to_string().contains(expect), "{error} does not say {expect:?}");
        }
        (found, expect) => panic!("{found:?} instead of {expect:?}"),
    }
}

#[track_caller]
fn refuses(bytes: &[u8], expect: &str) {
    check(bytes, ZipRules::STRICT, Err(expect));
}

#[test]
fn plain_archives_are_walked_in_the_order_of_their_bytes() {
    let stored = Raw { method: 0, ..file("a/stored", b"0123") };
    let directory = Raw { method: 0, mode: 0o040_755, dos_attributes: 0x10, ..file("a/", b"") };
    let modeless = Raw { method: 0, mode: 0xffff, dos_attributes: 0x10, ..file("m/", b"") };
    let entries = [directory, stored, file("a/b", b"hello"), file("naïve", b""), modeless];
    let expect = ["a=", "a/stored=0123", "a/b=hello", "naïve=", "m="];
    check(&zip(&entries), ZipRules::STRICT, Ok(&expect));
    check(&zip(&[]), ZipRules::STRICT, Ok(&[]));
}

#[test]
fn bytes_that_belong_to_no_record_are_refused() {
    let plain = zip(&[file("a", b"x")]);
    refuses(&[b"#!/bin/sh\n", plain.as_slice()].concat(), "bytes lie before or behind");
    refuses(&[plain.as_slice(), b"\0"].concat(), "bytes or a comment behind its end");
    refuses(&[plain.as_slice(), plain.as_slice()].concat(), "bytes lie before or behind");
    refuses(&plain[..plain.len() - 1], "cut short");
    refuses(b"", "not a zip archive");
    let gap = Raw { before: b"hidden".into(), ..file("b", b"y") };
    refuses(&zip(&[file("a", b"x"), gap.clone()]), "belong to no entry");
    refuses(&zip(&[gap]), "bytes of none");
    refuses(&zip_with(&[file("a", b"x")], &End { gap: b"?".into(), ..End::default() }), "no entry");
    refuses(&zip_with(&[], &End { gap: b"?".into(), ..End::default() }), "no entry");
}

#[test]
fn what_the_directory_does_not_list_is_refused() {
    let both = zip(&[file("a", b"x"), file("b", b"y")]);
    let listed = zip(&[file("a", b"x")]);
    // The entries of `both` with a directory that lists only the first one.
    let directory_at = |bytes: &[u8]| bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let mut smuggled = both[..directory_at(&both)].to_vec();
    let offset = smuggled.len() as u32;
    let mut tail = listed[directory_at(&listed)..].to_vec();
    let at = tail.len() - 6;
    tail[at..at + 4].copy_from_slice(&offset.to_le_bytes());
    smuggled.extend(tail);
    refuses(&smuggled, "belong to no entry");

    let few = End { entries: Some(0), ..End::default() };
    refuses(&zip_with(&[file("a", b"x")], &few), "size it states");
    let many = End { entries: Some(2), ..End::default() };
    refuses(&zip_with(&[file("a", b"x")], &many), "ends inside a record");
    refuses(&zip_with(&[file("a", b"x")], &End { disk: 1, ..End::default() }), "several disks");
}

#[test]
fn headers_that_differ_from_the_directory_are_refused() {
    let differs = "differs between its header and the directory";
    refuses(&zip(&[Raw { local_name: Some(b"b".into()), ..file("a", b"x") }]), differs);
    refuses(&zip(&[Raw { local_size: Some(7), ..file("a", b"x") }]), differs);
    let mut flags = zip(&[file("a", b"x")]);
    flags[6] = 2;
    refuses(&flags, differs);
    let mut method = zip(&[file("a", b"x")]);
    method[8] = 0;
    refuses(&method, differs);
    let mut crc = zip(&[file("a", b"x")]);
    crc[14] ^= 1;
    refuses(&crc, differs);
}

#[test]
fn data_that_differs_from_both_headers_is_refused() {
    let wrong_size = "does not have the size its headers state";
    refuses(&zip(&[Raw { crc32: Some(1), ..file("a", b"x") }]), "wrong checksum");
    refuses(&zip(&[Raw { size: Some(9), ..file("a", b"x") }]), wrong_size);
    refuses(&zip(&[Raw { size: Some(0), ..file("a", b"x") }]), "larger than its headers");
    refuses(&zip(&[Raw { size: Some(9), method: 0, ..file("a", b"x") }]), "other than its own");
    let hidden = [deflate(b"x"), b"hidden".to_vec()].concat();
    refuses(&zip(&[Raw { packed: Some(hidden), ..file("a", b"x") }]), wrong_size);
    let cut = deflate(b"hello hello")[..5].to_vec();
    refuses(&zip(&[Raw { packed: Some(cut), ..file("a", b"hello hello") }]), "before its data");
    let endless = vec![0, 1, 0, 0xFE, 0xFF, b'x'];
    refuses(&zip(&[Raw { packed: Some(endless), ..file("a", b"x") }]), "before its data");
    refuses(&zip(&[Raw { packed: Some(vec![0xFF; 9]), ..file("a", b"x") }]), "damaged data");
    refuses(&zip(&[Raw { packed_size: Some(99), ..file("a", b"x") }]), "overlaps");
}

#[test]
fn entries_must_not_overlap() {
    let mut bytes = zip(&[file("a", b"x"), file("a2", b"x")]);
    // Both records of the directory point at the first header: a bomb of one kernel.
    let at = bytes.len() - 22 - 2 - 4;
    bytes[at..at + 4].copy_from_slice(&0_u32.to_le_bytes());
    refuses(&bytes, "overlaps");
}

#[test]
fn names_with_tricks_are_refused() {
    for name in ["/a", "../a", "a/../b", "a\\b", "C:/a", "a\0b", "a\u{1}b", "a\u{7f}b", "", "./"] {
        let raw = Raw { name: name.into(), ..file("x", b"x") };
        assert!(walk(&zip(&[raw]), ZipRules::STRICT, &Limits::default()).is_err(), "{name:?}");
    }
    refuses(&zip(&[file("a", b"x"), file("a", b"y")]), "appears twice");
    refuses(&zip(&[file("a", b"x"), file("a/b", b"y")]), "below a path that is a file");
    refuses(&zip(&[Raw { name: b"a\xff".into(), ..file("x", b"") }]), "not UTF-8");
    refuses(&zip(&[Raw { flags: 0, ..file("naïve", b"") }]), "not marked as UTF-8");
    refuses(&zip(&[file(&"a".repeat(2000), b"")]), "longer than");
}

#[test]
fn links_devices_and_disguised_directories_are_refused() {
    refuses(&zip(&[Raw { mode: 0o120_777, ..file("a", b"/etc") }]), "a link or a special file");
    refuses(&zip(&[Raw { mode: 0xffff, ..file("a", b"") }]), "a link or a special file");
    refuses(&zip(&[Raw { mode: 0o020_666, ..file("a", b"") }]), "a link or a special file");
    refuses(&zip(&[Raw { mode: 0o040_755, ..file("a", b"") }]), "by one mark");
    refuses(&zip(&[Raw { mode: 0o100_644, ..file("a/", b"") }]), "by one mark");
    refuses(&zip(&[Raw { dos_attributes: 0x10, ..file("a", b"") }]), "by one mark");
    refuses(&zip(&[Raw { mode: 0, ..file("a/", b"x") }]), "a directory with content");
}

#[test]
fn features_that_readers_do_not_agree_on_are_refused() {
    refuses(&zip(&[Raw { flags: 1, ..file("a", b"x") }]), "encrypted");
    refuses(&zip(&[Raw { flags: 1 << 13, ..file("a", b"x") }]), "do not agree on");
    refuses(&zip(&[Raw { method: 12, ..file("a", b"x") }]), "other than deflate");
    refuses(&zip(&[Raw { extra: vec![1], ..file("a", b"x") }]), "malformed extra");
    refuses(&zip(&[Raw { extra: vec![9, 9, 8, 0, 0], ..file("a", b"x") }]), "malformed extra");
    refuses(&zip(&[Raw { extra: vec![1, 0, 4, 0, 1, 2, 3, 4], ..file("a", b"x") }]), "ZIP64 field");
    let twice = [1, 0, 0, 0, 1, 0, 0, 0].to_vec();
    refuses(&zip(&[Raw { extra: twice.clone(), ..file("a", b"x") }]), "twice");
    refuses(&zip(&[Raw { local_extra: twice, ..file("a", b"x") }]), "twice");
    let other_name = [0x75, 0x70, 6, 0, 1, 0, 0, 0, 0, b'b'].to_vec();
    refuses(&zip(&[Raw { local_extra: other_name, ..file("a", b"x") }]), "two names");
    refuses(&zip(&[Raw { size: Some(u32::MAX), ..file("a", b"x") }]), "ZIP64 field");
}

#[test]
fn an_archive_that_is_also_a_tar_is_refused() {
    let mut content = vec![b' '; 600];
    content[257 - 31..262 - 31].copy_from_slice(b"ustar");
    refuses(&zip(&[Raw { method: 0, ..file("a", &content) }]), "tar archive at the same time");
}

#[test]
fn zip64_sizes_in_a_local_header_count_when_they_are_equal() {
    let sizes = [1_u64.to_le_bytes(), 1_u64.to_le_bytes()].concat();
    let extra = [vec![1, 0, 16, 0], sizes].concat();
    let raw = Raw { method: 0, local_extra: extra, ..file("a", b"x") };
    let mut bytes = zip(&[raw]);
    bytes[18..26].copy_from_slice(&[0xFF; 8]);
    check(&bytes, ZipRules::STRICT, Ok(&["a=x"]));
    bytes[35] = 2;
    refuses(&bytes, "differs between");
}

#[test]
fn a_zip64_field_that_is_not_needed_may_only_repeat() {
    let field = |numbers: &[u64]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        [vec![1, 0, bytes.len() as u8, 0], bytes].concat()
    };
    let with = |extra: Vec<u8>, local_extra: Vec<u8>| {
        zip(&[Raw { method: 0, extra, local_extra, ..file("a", b"x") }])
    };
    for (extra, local_extra) in
        [(vec![], field(&[1, 1])), (field(&[1, 1]), vec![]), (field(&[1, 1, 0]), field(&[1, 1]))]
    {
        check(&with(extra, local_extra), ZipRules::STRICT, Ok(&["a=x"]));
    }
    refuses(&with(vec![], field(&[1, 2])), "ZIP64 field");
    refuses(&with(field(&[2, 1]), vec![]), "ZIP64 field");
    refuses(&with(field(&[1, 1, 9]), vec![]), "ZIP64 field");
    refuses(&with(field(&[1]), vec![]), "ZIP64 field");
    refuses(&with(vec![], field(&[1, 1, 0])), "ZIP64 field");
}

/// `zip`, with a ZIP64 end record and its locator before the end record.
fn zip64(entries: u64, version_of_record: u64) -> Vec<u8> {
    let plain = zip(&[file("a", b"x")]);
    let (head, end) = plain.split_at(plain.len() - 22);
    let zip64_at = head.len() as u64;
    let len = u32::from_le_bytes(end[12..16].try_into().unwrap());
    let offset = u32::from_le_bytes(end[16..20].try_into().unwrap());
    let mut out = head.to_vec();
    out.extend(b"PK\x06\x06");
    out.extend(version_of_record.to_le_bytes());
    out.extend([45, 0, 45, 0]);
    out.extend([0; 8]);
    for number in [entries, entries, len.into(), offset.into()] {
        out.extend(number.to_le_bytes());
    }
    out.extend(b"PK\x06\x07");
    out.extend([0; 4]);
    out.extend(zip64_at.to_le_bytes());
    out.extend(1_u32.to_le_bytes());
    out.extend(end);
    out
}

#[test]
fn a_zip64_end_record_must_say_what_the_end_record_says() {
    check(&zip64(1, 44), ZipRules::STRICT, Ok(&["a=x"]));
    refuses(&zip64(2, 44), "contradict each other");
    refuses(&zip64(1, 52), "not a plain one");
    let missing = End { entries: Some(u16::MAX), ..End::default() };
    refuses(&zip_with(&[file("a", b"x")], &missing), "ZIP64 end record is missing");
}

#[test]
fn comments_are_for_tolerant_rules() {
    let archive = zip_with(&[file("a", b"x")], &End { comment: b"id".into(), ..End::default() });
    refuses(&archive, "comment behind its end");
    check(&archive, ZipRules::TOLERANT, Ok(&["a=x"]));
    let entry = zip(&[Raw { comment: b"hi".into(), ..file("a", b"x") }]);
    refuses(&entry, "has a comment");
    check(&entry, ZipRules::TOLERANT, Ok(&["a=x"]));

    let inner = zip(&[file("evil", b"y")]);
    let ambiguous = zip_with(&[file("a", b"x")], &End { comment: inner, ..End::default() });
    check(&ambiguous, ZipRules::TOLERANT, Err("two end records"));
}

#[test]
fn data_descriptors_are_for_tolerant_rules_and_must_be_true() {
    let descriptor = |size: u32, signature: &[u8]| {
        let packed = deflate(b"x").len() as u32;
        let numbers = [crc32(b"x"), packed, size].map(u32::to_le_bytes).concat();
        let descriptor = [signature, numbers.as_slice()].concat();
        zip(&[Raw { flags: 8, descriptor, ..file("a", b"x") }, file("b", b"y")])
    };
    refuses(&descriptor(1, b""), "data descriptor");
    check(&descriptor(1, b""), ZipRules::TOLERANT, Ok(&["a=x", "b=y"]));
    check(&descriptor(1, b"PK\x07\x08"), ZipRules::TOLERANT, Ok(&["a=x", "b=y"]));
    check(&descriptor(2, b"PK\x07\x08"), ZipRules::TOLERANT, Err("differs from the directory"));
    check(&descriptor(1, b"PK\x07\x09"), ZipRules::TOLERANT, Err("differs from the directory"));
    let none = zip(&[Raw { flags: 8, ..file("a", b"x") }]);
    check(&none, ZipRules::TOLERANT, Err("belong to no entry"));
}

#[track_caller]
fn check_limits(entries: &[Raw], limits: &Limits, expect: &str) {
    let error = walk(&zip(entries), ZipRules::STRICT, limits).unwrap_err();
    assert!(error.to_string().contains(expect), "{error} does not say {expect:?}");
}

#[test]
fn limits_hold_before_anything_is_unpacked() {
    let limits = Limits { max_entries: 1, ..Limits::default() };
    check_limits(&[file("a", b""), file("b", b"")], &limits, "more than 1 entries");
    let limits = Limits { max_entry_bytes: 3, ..Limits::default() };
    check_limits(&[file("a", b"1234")], &limits, "an entry is larger than 3 bytes");
    let limits = Limits { max_unpacked_bytes: 5, ..Limits::default() };
    check_limits(&[file("a", b"123"), file("b", b"456")], &limits, "more than 5 bytes");
    let limits = Limits { max_ratio: 50, ..Limits::default() };
    check_limits(&[file("a", &vec![0; 3 << 20])], &limits, "more than 50 times");
}

#[test]
fn what_visit_refuses_ends_the_walk() {
    let bytes = zip(&[file("a", b"x")]);
    let refuse = &mut |_: &mut ZipEntry<'_>| Err(FormatError::archive("no"));
    let walked = walk_zip(&mut Cursor::new(bytes), &Limits::default(), ZipRules::STRICT, refuse);
    assert!(walked.is_err());
}

proptest::proptest! {
    #[test]
    fn damaged_archives_never_panic(at in 0_usize..400, value: u8, cut in 0_usize..400) {
        let mut bytes = zip(&[file("a/b", b"hello hello"), file("c", b"")]);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        bytes.truncate(bytes.len() - cut.min(bytes.len()));
        for rules in [ZipRules::STRICT, ZipRules::TOLERANT] {
            let _ = walk(&bytes, rules, &Limits::default());
        }
    }
}
