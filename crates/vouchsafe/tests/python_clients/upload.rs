//! Uploads that are refused, and leave nothing behind.

use vouchsafe_testkit::http::Answer;
use vouchsafe_testkit::packages::{
    core_metadata, sdist, sha256_hex, tar_gz, wheel, wheel_with, zip,
};

use crate::stage::{Stage, wheel_name};

const BOUNDARY: &str = "----boundary-of-a-test";
const WHEEL: &str = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

/// A form as twine fills it in for `demo` 1.0, before a test spoils it.
struct Form {
    fields: Vec<(&'static str, String)>,
    filename: String,
    bytes: Vec<u8>,
}

impl Form {
    fn of_wheel(bytes: Vec<u8>) -> Self {
        Self::of(&wheel_name("demo", "1.0"), "bdist_wheel", "py3", bytes)
    }

    fn of_sdist(bytes: Vec<u8>) -> Self {
        Self::of("demo-1.0.tar.gz", "sdist", "source", bytes)
    }

    fn of(filename: &str, filetype: &str, pyversion: &str, bytes: Vec<u8>) -> Self {
        let sha256 = sha256_hex(&bytes);
        let fields = [
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("metadata_version", "2.1"),
            ("name", "demo"),
            ("version", "1.0"),
            ("filetype", filetype),
            ("pyversion", pyversion),
            ("sha256_digest", &sha256),
        ];
        let fields = fields.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { fields, filename: filename.to_owned(), bytes }
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value.to_owned()));
        self
    }

    fn named(mut self, filename: &str) -> Self {
        self.filename = filename.to_owned();
        self
    }

    fn send(&self, stage: &Stage) -> Answer {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
            body.extend_from_slice(format!("{head}\r\n\r\n{value}\r\n").as_bytes());
        }
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"{}\"",
            self.filename
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\nContent-Type: application/octet-stream\r\n\r\n");
        body.extend_from_slice(&self.bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        stage.post(&stage.token, &content_type, &body)
    }

    /// It is refused in these words, and nothing of it can be seen afterwards.
    #[track_caller]
    fn expect_refused(self, stage: &Stage, words: &str) {
        let answer = self.send(stage);
        let text = answer.text();
        assert_eq!(answer.status, 400, "{text}");
        assert!(text.contains(words), "not {words:?}: {text}");
        assert_eq!(stage.page("demo").status, 404, "something was published: {text}");
    }
}

/// A wheel of `demo` 1.0 with these further entries.
fn wheel_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let metadata = core_metadata("demo", "1.0", "");
    let record = "demo/__init__.py,,\n";
    let mut all: Vec<(&str, &[u8])> = vec![
        ("demo/__init__.py", b""),
        ("demo-1.0.dist-info/METADATA", metadata.as_bytes()),
        ("demo-1.0.dist-info/WHEEL", WHEEL.as_bytes()),
        ("demo-1.0.dist-info/RECORD", record.as_bytes()),
    ];
    all.extend(entries);
    zip(&all)
}

#[test]
fn the_form_and_the_archive_must_tell_one_story() {
    let stage = Stage::new("");
    let good = || Form::of_wheel(wheel("demo", "1.0"));
    good().set("name", "other").expect_refused(&stage, "other");
    good().set("version", "1.1").expect_refused(&stage, "1.1");
    good().set("metadata_version", "2.2").expect_refused(&stage, "`metadata_version`");
    good().set("filetype", "sdist").expect_refused(&stage, "filetype");
    good().set("requires_python", ">=3").expect_refused(&stage, "`requires_python`");
    good().set("requires_dist", "evil").expect_refused(&stage, "`requires_dist`");
    good().set("version", "1.0+local").expect_refused(&stage, "local");
    good().set(":action", "submit").expect_refused(&stage, ":action");
    Form::of_wheel(wheel("demo", "1.1")).expect_refused(&stage, "`demo-1.1.dist-info`");
    Form::of_wheel(wheel("other", "1.0")).expect_refused(&stage, "`other-1.0.dist-info`");
    let two = wheel_with("demo", "1.0", "Name: other\n");
    Form::of_wheel(two).expect_refused(&stage, "Name");
    assert_eq!(good().send(&stage).status, 200);
}

#[test]
fn stated_digests_must_be_those_of_the_bytes() {
    let stage = Stage::new("");
    let good = || Form::of_wheel(wheel("demo", "1.0"));
    let zeros = "0".repeat(64);
    good().set("sha256_digest", &zeros).expect_refused(&stage, "sha256");
    good().set("blake2_256_digest", &zeros).expect_refused(&stage, "blake2");
    good().set("md5_digest", &"0".repeat(32)).expect_refused(&stage, "md5");
    good().set("sha256_digest", "").expect_refused(&stage, "digest");
    good().set("sha256_digest", "nonsense").expect_refused(&stage, "digest");
}

#[test]
fn file_names_follow_the_grammar() {
    let stage = Stage::new("");
    let good = || Form::of_wheel(wheel("demo", "1.0"));
    good().named("").expect_refused(&stage, "file name");
    good().named("../demo-1.0-py3-none-any.whl").expect_refused(&stage, "file name");
    good().named("demo-1.0.exe").expect_refused(&stage, "demo-1.0.tar.gz");
    good().named("other-1.0-py3-none-any.whl").expect_refused(&stage, "other");
    good().named("demo-2.0-py3-none-any.whl").expect_refused(&stage, "2.0");
    Form::of_sdist(sdist("demo", "1.0")).named("demo-1.0.zip").expect_refused(&stage, "PEP 625");
}

#[test]
fn wheels_that_two_readers_could_read_differently_are_refused() {
    let stage = Stage::new("");
    let bad = "Invalid distribution file";
    Form::of_wheel(b"not a zip".to_vec()).expect_refused(&stage, bad);
    Form::of_wheel(sdist("demo", "1.0")).expect_refused(&stage, bad);
    let trailing = [wheel("demo", "1.0"), b"more".to_vec()].concat();
    Form::of_wheel(trailing).expect_refused(&stage, bad);
    let two = [wheel("demo", "1.0"), wheel("demo", "1.0")].concat();
    Form::of_wheel(two).expect_refused(&stage, bad);
    let prefixed = [b"#!/bin/sh\n".to_vec(), wheel("demo", "1.0")].concat();
    Form::of_wheel(prefixed).expect_refused(&stage, bad);
    let cut = wheel("demo", "1.0");
    Form::of_wheel(cut[..cut.len() - 1].to_vec()).expect_refused(&stage, bad);
    for entry in ["../evil.py", "/etc/evil.py", "demo/../../evil.py", "demo\\..\\evil.py"] {
        Form::of_wheel(wheel_of(&[(entry, b"evil")])).expect_refused(&stage, bad);
    }
    let bomb = vec![0; 80 * 1024 * 1024];
    Form::of_wheel(wheel_of(&[("demo/bomb", &bomb)])).expect_refused(&stage, bad);
}

#[test]
fn archives_without_what_installers_need_are_refused() {
    let stage = Stage::new("");
    let metadata = core_metadata("demo", "1.0", "");
    let no_record = zip(&[
        ("demo-1.0.dist-info/METADATA", metadata.as_bytes()),
        ("demo-1.0.dist-info/WHEEL", WHEEL.as_bytes()),
    ]);
    Form::of_wheel(no_record).expect_refused(&stage, "RECORD");
    let no_metadata = zip(&[("demo-1.0.dist-info/RECORD", b"demo-1.0.dist-info/RECORD,,\n")]);
    Form::of_wheel(no_metadata).expect_refused(&stage, "Invalid distribution file");
    let no_info = tar_gz(&[("demo-1.0/demo.py", b"")]);
    Form::of_sdist(no_info).expect_refused(&stage, "PKG-INFO");
    let two_tops = tar_gz(&[("demo-1.0/PKG-INFO", metadata.as_bytes()), ("evil/x", b"")]);
    Form::of_sdist(two_tops).expect_refused(&stage, "Invalid distribution file");
    let other = core_metadata("demo", "1.1", "");
    let other = tar_gz(&[("demo-1.0/PKG-INFO", other.as_bytes())]);
    Form::of_sdist(other).expect_refused(&stage, "`version` is `1.1` in the archive");
}

#[test]
fn attestations_are_refused_with_the_way_to_switch_them_off() {
    let stage = Stage::new("");
    let form = Form::of_wheel(wheel("demo", "1.0")).set("attestations", "[]");
    form.expect_refused(&stage, "no `--attestations` for twine");
}

#[test]
fn other_bytes_are_refused_in_the_words_that_tools_match() {
    let stage = Stage::new("");
    let send = |bytes: Vec<u8>| Form::of_wheel(bytes).send(&stage);
    assert_eq!(send(wheel("demo", "1.0")).status, 200);
    let again = send(wheel("demo", "1.0"));
    assert_eq!((again.status, again.text()), (200, String::new()));
    let other = send(wheel_with("demo", "1.0", "Keywords: other\n"));
    assert_eq!(other.status, 400);
    assert!(other.text().starts_with("File already exists"), "{}", other.text());
    assert!(other.phrase.starts_with("File already exists"), "{}", other.phrase);
    // uv takes these words for a success.
    assert!(!other.text().contains("already been taken"), "{}", other.text());
}

#[test]
fn names_that_look_alike_or_belong_to_python_are_refused() {
    let stage = Stage::new("");
    stage.publish("all_in", "1.0", "");
    let twin = stage.upload("a11in", "1.0", &wheel_name("a11in", "1.0"), &wheel("a11in", "1.0"));
    assert_eq!(twin.status, 400);
    assert!(twin.text().contains("too much like `all_in`"), "{}", twin.text());
    let json = stage.upload("json", "1.0", &wheel_name("json", "1.0"), &wheel("json", "1.0"));
    assert_eq!(json.status, 400);
    assert!(json.text().contains("standard library"), "{}", json.text());
}

#[test]
fn an_upload_without_a_credential_is_asked_for_one() {
    let stage = Stage::new("");
    let (content_type, body) = vouchsafe_testkit::packages::pypi_upload(
        "demo",
        "1.0",
        &wheel_name("demo", "1.0"),
        &wheel("demo", "1.0"),
    );
    let headers = [("content-type", content_type.as_str())];
    let address = stage.server.address();
    let answer = vouchsafe_testkit::http::send(address, "POST", "/pypi/legacy/", &headers, &body);
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").unwrap().starts_with("Basic"));
    assert_eq!(stage.post("vsf_bad", &content_type, &body).status, 403);
}
