//! Archives that bite: through the real upload addresses, in every format.

use vouchsafe_testkit::Server;
use vouchsafe_testkit::http::Answer;
use vouchsafe_testkit::packages;
use vouchsafe_testkit::raw::{self, RawEntry};

use crate::stage::{Eco, Upload, check_refused, count_events, spooled_files, start};

const NAME: &str = "gadget";
const VERSION: &str = "1.0.0";

/// Formats that are a compressed tar: PyPI's is the source distribution.
fn root(eco: Eco) -> String {
    match eco {
        Eco::Npm => "package".to_owned(),
        Eco::Cargo | Eco::Pypi => format!("{NAME}-{VERSION}"),
    }
}

/// What a good archive of this ecosystem holds.
fn good_entries(eco: Eco) -> Vec<RawEntry> {
    let root = root(eco);
    let (path, text) = match eco {
        Eco::Cargo => (
            "Cargo.toml",
            format!("[package]\nname = \"{NAME}\"\nversion = \"{VERSION}\"\nedition = \"2021\"\n"),
        ),
        Eco::Npm => ("package.json", format!(r#"{{"name":"{NAME}","version":"{VERSION}"}}"#)),
        Eco::Pypi => {
            ("PKG-INFO", format!("Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n"))
        }
    };
    vec![
        RawEntry::file(format!("{root}/{path}"), text),
        RawEntry::file(format!("{root}/src/lib.rs"), "pub fn answer() {}\n"),
    ]
}

fn upload(eco: Eco, bytes: &[u8]) -> Upload {
    if eco == Eco::Pypi {
        let filename = format!("{NAME}-{VERSION}.tar.gz");
        let (content_type, body) = packages::pypi_upload(NAME, VERSION, &filename, bytes);
        return Upload { content_type, body, ..eco.upload(NAME, VERSION, bytes) };
    }
    let mut upload = eco.upload(NAME, VERSION, bytes);
    if eco == Eco::Npm {
        // As plain as the package.json of these archives.
        let mut document: serde_json::Value = serde_json::from_slice(&upload.body).unwrap();
        let manifest = &mut document["versions"][VERSION];
        for key in ["description", "main", "license"] {
            manifest.as_object_mut().unwrap().remove(key);
        }
        upload.body = document.to_string().into_bytes();
    }
    upload
}

fn refused_statuses(eco: Eco) -> &'static [u16] {
    if eco == Eco::Pypi { &[400] } else { &[422] }
}

struct Stage {
    server: Server,
    token: String,
}

impl Stage {
    fn new() -> Self {
        let server = start("");
        let token = server.user_and_token("owner");
        Self { server, token }
    }

    #[track_caller]
    fn check(&self, what: &str, eco: Eco, bytes: &[u8]) -> Answer {
        let upload = upload(eco, bytes);
        let send = || upload.send(&self.server, &self.token);
        let seen = (NAME, &[VERSION][..]);
        let refused = refused_statuses(eco);
        let answer = check_refused(&self.server, &self.token, eco, seen, refused, send);
        let code = answer.header("x-vouchsafe-code").unwrap();
        let is_archive = ["publish.bad-archive", "publish.bad-manifest"].contains(&code);
        assert!(is_archive, "{what} for {eco:?}: {code}: {}", answer.text());
        answer
    }

    #[track_caller]
    fn check_tar(&self, what: &str, eco: Eco, further: Vec<RawEntry>) {
        let mut entries = good_entries(eco);
        entries.extend(further);
        self.check(what, eco, &raw::gzip(&raw::tar(&entries)));
    }
}

fn link(path: &str, flag: u8, link: &str) -> RawEntry {
    RawEntry { path: path.to_owned(), flag, link: link.to_owned(), bytes: Vec::new() }
}

#[test]
fn the_good_archive_of_these_tests_is_accepted() {
    let stage = Stage::new();
    for eco in Eco::ALL {
        let bytes = raw::gzip(&raw::tar(&good_entries(eco)));
        let answer = upload(eco, &bytes).send(&stage.server, &stage.token);
        assert!(answer.status < 300, "{eco:?}: {}", answer.text());
    }
}

#[test]
fn nora_560_paths_that_lead_elsewhere() {
    let stage = Stage::new();
    for eco in Eco::ALL {
        let root = root(eco);
        for path in [
            "../evil".to_owned(),
            "/etc/evil".to_owned(),
            "//evil".to_owned(),
            format!("{root}/../evil"),
            format!("{root}/a/../../evil"),
            format!("{root}/.."),
            format!("{root}/./../../evil"),
            format!("{root}\\..\\evil"),
            format!("{root}/a\\b"),
            format!("{root}/a//b"),
            format!("{root}/a\nb"),
            format!("{root}/a\u{7f}b"),
            "C:/evil".to_owned(),
            "C:evil".to_owned(),
            "elsewhere/evil".to_owned(),
            root.clone(),
            format!("{root}evil/file"),
        ] {
            stage.check_tar(&path, eco, vec![RawEntry::file(path.as_str(), "x")]);
        }
    }
}

#[test]
fn cargo_cve_2022_36113_links_and_devices() {
    let stage = Stage::new();
    for eco in Eco::ALL {
        let inside = format!("{}/link", root(eco));
        for (flag, target) in [
            (b'1', "/etc/passwd"),
            (b'1', "src/lib.rs"),
            (b'2', "/etc/passwd"),
            (b'2', "../../evil"),
            (b'2', "src"),
            (b'3', ""),
            (b'4', ""),
            (b'6', ""),
            (b'S', ""),
            (b'Z', ""),
        ] {
            let what = format!("type {}", char::from(flag));
            stage.check_tar(&what, eco, vec![link(&inside, flag, target)]);
            let through = RawEntry::file(format!("{inside}/evil"), "x");
            stage.check_tar(&what, eco, vec![link(&inside, flag, target), through]);
        }
    }
}

#[test]
fn two_entries_for_one_place() {
    let stage = Stage::new();
    for eco in Eco::ALL {
        let root = root(eco);
        let good = good_entries(eco);
        let (manifest, source) = (good[0].clone(), good[1].clone());
        stage.check_tar("a second manifest", eco, vec![manifest.clone()]);
        stage.check_tar("a second file", eco, vec![source]);
        let below = RawEntry::file(format!("{}/below", manifest.path), "x");
        stage.check_tar("a file below a file", eco, vec![below]);
        stage.check_tar(
            "a file above files",
            eco,
            vec![RawEntry::file(format!("{root}/src"), "x")],
        );
    }
    let shouting = |path: String| vec![RawEntry::file(path, "x")];
    stage.check_tar(
        "letter case",
        Eco::Cargo,
        shouting(format!("{}/SRC/Lib.rs", root(Eco::Cargo))),
    );
    stage.check_tar(
        "letter case",
        Eco::Cargo,
        shouting(format!("{}/cargo.toml", root(Eco::Cargo))),
    );
    stage.check_tar("letter case", Eco::Npm, shouting("package/Package.JSON".to_owned()));
}

#[test]
fn cargo_cve_2022_36114_bombs() {
    let stage = Stage::new();
    for eco in Eco::ALL {
        let zeros = RawEntry::file(format!("{}/zeros", root(eco)), vec![0; 64 * 1024 * 1024]);
        stage.check_tar("zeros", eco, vec![zeros]);
        let crowd = |place: usize| RawEntry::file(format!("{}/src/{place:06}", root(eco)), "");
        stage.check_tar("a crowd", eco, (0..110_000).map(crowd).collect());
        let deep = format!("{}/a/x", root(eco));
        let long = RawEntry {
            path: "././@LongLink".into(),
            flag: b'L',
            link: String::new(),
            bytes: format!("{}/{}", root(eco), "a/".repeat(40_000)).into_bytes(),
        };
        stage.check_tar("a deep path", eco, vec![long, RawEntry::file(deep, "x")]);
        let pax = RawEntry {
            path: "pax".into(),
            flag: b'x',
            link: String::new(),
            bytes: b"29 path=../../../../etc/evil\n".to_vec(),
        };
        stage.check_tar("a path in a pax header", eco, vec![pax, RawEntry::file("fine", "x")]);
    }
    let big = vec![0; 64 * 1024 * 1024];
    let wheel = packages::zip(&[("gadget/zeros", &big)]);
    check_wheel(&stage, "zeros", &wheel);
    assert!(spooled_files(&stage.server).is_empty());
}

#[track_caller]
fn check_wheel(stage: &Stage, what: &str, bytes: &[u8]) {
    let upload = Eco::Pypi.upload(NAME, VERSION, bytes);
    let send = || upload.send(&stage.server, &stage.token);
    let seen = (NAME, &[VERSION][..]);
    let answer = check_refused(&stage.server, &stage.token, Eco::Pypi, seen, &[400], send);
    assert_eq!(answer.header("x-vouchsafe-code"), Some("publish.bad-archive"), "{what}");
    assert!(answer.text().starts_with("Invalid distribution file."), "{what}: {}", answer.text());
}

/// Replaces bytes by others of the same length, in every place.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> =
        (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn wheels_that_two_readers_unpack_differently() {
    let stage = Stage::new();
    let good = packages::wheel(NAME, VERSION);
    let info = format!("{NAME}-{VERSION}.dist-info");
    let from = b"gadget/__init__.py";
    for to in [
        b"../../__init__.py_",
        b"/adget/__init__.py",
        b"C:dget/__init__.py",
        b"gadget\\__init__.py",
        b"gadget//_init__.py",
        b"gadget/\0_init__.py",
        b"gadget/__init__.p/",
    ] {
        check_wheel(&stage, &String::from_utf8_lossy(to), &patched(good.clone(), from, to));
    }
    let twin = [("one/aaaa.py", &b"a"[..]), ("one/aaab.py", b"b")];
    let twin = patched(packages::zip(&twin), b"one/aaab.py", b"one/aaaa.py");
    check_wheel(&stage, "two entries of one name", &twin);
    // The directory and the entries name different files.
    let at = good.windows(from.len()).position(|window| window == from).unwrap();
    let mut other = good.clone();
    other[at] = b'h';
    check_wheel(&stage, "another name in the directory", &other);
    check_wheel(&stage, "cut off", &good[..good.len() - 10]);
    check_wheel(&stage, "something in front", &[&b"MZ evil"[..], &good].concat());
    check_wheel(&stage, "something behind", &[&good[..], b"evil"].concat());
    check_wheel(&stage, "two archives", &[&good[..], &good[..]].concat());
    check_wheel(&stage, "no archive", b"not an archive");
    let upper = patched(good.clone(), info.as_bytes(), info.to_uppercase().as_bytes());
    check_wheel(&stage, "letter case of the metadata folder", &upper);
    let wrong =
        patched(good.clone(), b"gadget-1.0.0.dist-info/RECORD", b"gadget-1.0.0.dist-info/RECARD");
    check_wheel(&stage, "no RECORD", &wrong);
    assert_eq!(count_events(&stage.server, "release.published", NAME), 0);
    assert!(count_events(&stage.server, "publish.refused", "pkg:pypi/gadget@1.0.0") >= 10);
}

#[test]
fn damaged_archives() {
    let stage = Stage::new();
    for eco in Eco::ALL {
        let tar = raw::tar(&good_entries(eco));
        let good = raw::gzip(&tar);
        stage.check("cut off", eco, &good[..good.len() / 2]);
        stage.check("without its end", eco, &good[..good.len() - 4]);
        stage.check("not compressed", eco, &tar);
        stage.check("text", eco, b"not an archive");
        stage.check("compressed nothing", eco, &raw::gzip(b""));
        stage.check("a second stream", eco, &[&good[..], &good[..]].concat());
        stage.check("something behind", eco, &[&good[..], b"evil"].concat());
        let mut wrong_sum = tar.clone();
        wrong_sum[148] ^= 1;
        stage.check("a wrong checksum", eco, &raw::gzip(&wrong_sum));
        let mut flipped = good.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0xff;
        stage.check("a flipped byte", eco, &flipped);
        let refused = count_events(&stage.server, "publish.refused", NAME);
        assert!(refused >= 9, "{refused} events");
    }
}
