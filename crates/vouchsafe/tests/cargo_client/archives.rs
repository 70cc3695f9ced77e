//! Publish requests that Cargo would not send: archives and metadata that lie.

use vouchsafe_testkit::{http, packages};

use crate::stage::Stage;

type File<'a> = (&'a str, &'a [u8]);

const MANIFEST: &[u8] = b"[package]\nname = \"shady\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";

fn publish(stage: &Stage, body: &[u8]) -> http::Answer {
    let headers = [("authorization", stage.token.as_str())];
    http::send(stage.server.address(), "PUT", "/cargo/api/v1/crates/new", &headers, body)
}

#[track_caller]
fn check_refused(stage: &Stage, body: &[u8], status: u16, because: &str) {
    let answer = publish(stage, body);
    let text = answer.text();
    assert_eq!(answer.status, status, "{because}: {text}");
    let detail = answer.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains(because), "{detail:?} does not say {because:?}");
    let absent = http::get(stage.server.address(), "/cargo/index/sh/ad/shady");
    assert_eq!(absent.status, 404, "{because}: something was published");
}

#[track_caller]
fn check_archive(stage: &Stage, files: &[File<'_>], because: &str) {
    let archive = packages::tar_gz(files);
    check_refused(
        stage,
        &packages::krate_publish_body_of("shady", "1.0.0", &archive),
        422,
        because,
    );
}

#[test]
fn an_archive_must_be_what_cargo_packages() {
    let stage = Stage::new("");
    let manifest = ("shady-1.0.0/Cargo.toml", MANIFEST);
    check_archive(&stage, &[], "there is no `shady-1.0.0/Cargo.toml`");
    check_archive(
        &stage,
        &[manifest, ("elsewhere/lib.rs", b"")],
        "everything must lie in `shady-1.0.0/`",
    );
    check_archive(
        &stage,
        &[("shady-1.0.0/cargo.toml", MANIFEST)],
        "`Cargo.toml` must be a file and spelled like this",
    );
    check_archive(&stage, &[manifest, manifest], "`shady-1.0.0/Cargo.toml` appears twice");
    check_archive(&stage, &[manifest, ("shady-1.0.0/cargo.toml", MANIFEST)], "appears twice");
    check_archive(
        &stage,
        &[manifest, ("shady-1.0.0/a", b""), ("shady-1.0.0/A", b"")],
        "appears twice",
    );
    check_archive(&stage, &[("shady-1.0.0/Cargo.toml", b"not toml at all")], "Cargo.toml");
    let other_name = b"[package]\nname = \"innocent\"\nversion = \"1.0.0\"\n";
    check_archive(
        &stage,
        &[("shady-1.0.0/Cargo.toml", other_name)],
        "names another crate than the request",
    );
    let other_version = b"[package]\nname = \"shady\"\nversion = \"1.0.1\"\n";
    check_archive(
        &stage,
        &[("shady-1.0.0/Cargo.toml", other_version)],
        "has another version than the request",
    );
    let body = packages::krate_publish_body_of("shady", "1.0.0", b"this is no archive");
    check_refused(&stage, &body, 422, "");
}

#[test]
fn dependencies_and_features_cannot_differ_between_archive_and_request() {
    let stage = Stage::new("");
    let with = |more: &str| {
        let manifest = [MANIFEST, more.as_bytes()].concat();
        packages::tar_gz(&[("shady-1.0.0/Cargo.toml", &manifest)])
    };
    // The request of `krate_publish_body_of` states neither dependencies nor features.
    for (more, because) in [
        ("[dependencies]\nhidden = \"1\"\n", "the dependency `hidden` is not the same"),
        ("[build-dependencies]\nhidden = \"1\"\n", "the dependency `hidden` is not the same"),
        (
            "[target.'cfg(unix)'.dependencies]\nhidden = \"1\"\n",
            "the dependency `hidden` is not the same",
        ),
        ("[features]\nhidden = []\n", "the feature `hidden` is not the same"),
    ] {
        let body = packages::krate_publish_body_of("shady", "1.0.0", &with(more));
        check_refused(&stage, &body, 422, because);
    }
}

#[test]
fn a_request_that_is_cut_off_or_goes_on_is_refused() {
    let stage = Stage::new("");
    let whole = packages::krate_publish_body("shady", "1.0.0");
    for length in [0, 3, 4, 40, whole.len() - 1] {
        check_refused(&stage, &whole[..length], 400, "");
    }
    check_refused(
        &stage,
        &[whole.as_slice(), b"more"].concat(),
        400,
        "something follows the crate",
    );
    check_refused(&stage, &[0xFF; 64], 413, "");
    let bad_name =
        packages::krate_publish_body_of("../shady", "1.0.0", &packages::krate("shady", "1.0.0"));
    check_refused(&stage, &bad_name, 400, "");
    // And as it should be, to see that the rest was refused for its own sake.
    let answer = publish(&stage, &whole);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn links_and_devices_are_no_part_of_a_crate() {
    let stage = Stage::new("");
    for kind in [b'2', b'1', b'3', b'4', b'6'] {
        let archive = with_special_entry(kind);
        let body = packages::krate_publish_body_of("shady", "1.0.0", &archive);
        check_refused(&stage, &body, 422, "");
    }
}

/// A good crate and an entry of this tar type that points at a file of the machine.
fn with_special_entry(kind: u8) -> Vec<u8> {
    let tar = |path: &str, kind: u8, target: &str, bytes: &[u8]| {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[148..156].copy_from_slice(b"        ");
        header[156] = kind;
        header[157..157 + target.len()].copy_from_slice(target.as_bytes());
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let padding = vec![0; bytes.len().next_multiple_of(512) - bytes.len()];
        [header.as_slice(), bytes, &padding].concat()
    };
    let mut all = tar("shady-1.0.0/Cargo.toml", b'0', "", MANIFEST);
    all.extend(tar("shady-1.0.0/special", kind, "/etc/hostname", b""));
    all.extend([0; 1024]);
    gzip_stored(&all)
}

/// gzip without compression: one header, stored blocks, CRC and length.
fn gzip_stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xFFFF).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    });
    out.extend((!crc).to_le_bytes());
    out.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    out
}
