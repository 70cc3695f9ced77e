//! Upload bodies that are cut, stretched, doubled or at odds with themselves.

use serde_json::{Value, json};
use vouchsafe_testkit::Server;
use vouchsafe_testkit::http::Answer;
use vouchsafe_testkit::packages;

use crate::stage::{Eco, Upload, check_refused, count_events, spooled_files, start};

const NAME: &str = "gadget";
const SEEN: (&str, &[&str]) = (NAME, &["1.0.0", "9.9.9"]);

pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) token: String,
}

impl Stage {
    pub(crate) fn new(config: &str) -> Self {
        let server = start(config);
        let token = server.user_and_token("owner");
        Self { server, token }
    }

    #[track_caller]
    pub(crate) fn check(&self, what: &str, eco: Eco, upload: &Upload) -> Answer {
        let send = || upload.send(&self.server, &self.token);
        let answer =
            check_refused(&self.server, &self.token, eco, SEEN, &[400, 404, 413, 422], send);
        assert!(answer.status != 404 || eco == Eco::Npm, "{what}: {}", answer.text());
        assert!(!answer.text().contains("vsf_"), "{what}: a token is repeated");
        answer
    }

    #[track_caller]
    fn check_npm(&self, what: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let mut upload = good(Eco::Npm);
        let mut document: Value = serde_json::from_slice(&upload.body).unwrap();
        change(&mut document);
        upload.body = document.to_string().into_bytes();
        self.check(what, Eco::Npm, &upload)
    }
}

fn good(eco: Eco) -> Upload {
    eco.upload(NAME, "1.0.0", &eco.archive(NAME, "1.0.0"))
}

fn with_body(eco: Eco, body: Vec<u8>) -> Upload {
    Upload { body, ..good(eco) }
}

/// The body of a crate with any metadata.
fn crate_body(metadata: &str, archive: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let metadata = metadata.as_bytes();
    [&length(metadata)[..], metadata, &length(archive)[..], archive].concat()
}

#[test]
fn bodies_that_end_early_or_late() {
    let stage = Stage::new("");
    for eco in Eco::ALL {
        let whole = good(eco).body;
        // A form needs no line break behind its last boundary.
        let last = if eco == Eco::Pypi { whole.len() - 3 } else { whole.len() - 1 };
        for length in [0, 1, 3, 4, 5, 40, whole.len() / 2, whole.len() - 3, last] {
            let what = format!("{length} bytes");
            stage.check(&what, eco, &with_body(eco, whole[..length].to_vec()));
        }
    }
    let body = |eco: Eco, more: &[u8]| [&good(eco).body[..], more].concat();
    stage.check("something behind", Eco::Cargo, &with_body(Eco::Cargo, body(Eco::Cargo, b"x")));
    stage.check("something behind", Eco::Npm, &with_body(Eco::Npm, body(Eco::Npm, b"{}")));
    for eco in Eco::ALL {
        assert_eq!(count_events(&stage.server, "release.published", eco.id()), 0);
    }
    assert!(spooled_files(&stage.server).is_empty());
}

#[test]
fn lengths_that_lie() {
    let stage = Stage::new("");
    let whole = good(Eco::Cargo).body;
    let metadata_bytes = u32::from_le_bytes(whole[..4].try_into().unwrap());
    let at = 4 + metadata_bytes as usize;
    for (place, lies) in [
        (0, [0, 1, metadata_bytes - 1, metadata_bytes + 1, u32::MAX]),
        (at, [0, 1, 100, 1 << 30, u32::MAX]),
    ] {
        for lie in lies {
            let mut body = whole.clone();
            body[place..place + 4].copy_from_slice(&lie.to_le_bytes());
            stage.check(&format!("{lie} at {place}"), Eco::Cargo, &with_body(Eco::Cargo, body));
        }
    }
    let attachment = |document: &mut Value, key: &str, value: Value| {
        document["_attachments"]["gadget-1.0.0.tgz"][key] = value;
    };
    stage.check_npm("a length", |document| attachment(document, "length", json!(1)));
    stage.check_npm("a negative length", |document| attachment(document, "length", json!(-1)));
    stage.check_npm("no data", |document| attachment(document, "data", json!("")));
    stage.check_npm("no base64", |document| attachment(document, "data", json!("!!!!")));
    stage.check_npm("odd base64", |document| attachment(document, "data", json!("AAAAA")));
    stage.check_npm("data that is no text", |document| attachment(document, "data", json!(5)));
}

#[test]
fn artifact_keeper_507_wrong_digests() {
    let stage = Stage::new("");
    let dist = |key: &'static str, value: &'static str| {
        move |document: &mut Value| document["versions"]["1.0.0"]["dist"][key] = json!(value)
    };
    let sha1 = "0000000000000000000000000000000000000000";
    let answer = stage.check_npm("sha1", dist("shasum", sha1));
    assert_eq!(answer.header("x-vouchsafe-code"), Some("publish.digest-mismatch"));
    stage.check_npm("no sha1", dist("shasum", "abc"));
    let sri = Box::leak(format!("sha512-{}==", "A".repeat(86)).into_boxed_str());
    let answer = stage.check_npm("sha512", dist("integrity", sri));
    assert_eq!(answer.header("x-vouchsafe-code"), Some("publish.digest-mismatch"));
    stage.check_npm("no integrity", dist("integrity", "md4-x"));
    let upload = good(Eco::Pypi);
    let right = packages::sha256_hex(&Eco::Pypi.archive(NAME, "1.0.0"));
    let text = String::from_utf8_lossy(&upload.body).into_owned();
    assert!(text.contains(&right));
    for wrong in ["0".repeat(64), "x".repeat(64)] {
        let body = replace(&upload.body, right.as_bytes(), wrong.as_bytes());
        stage.check("sha256", Eco::Pypi, &with_body(Eco::Pypi, body));
    }
    let body = replace(&upload.body, b"name=\"sha256_digest\"", b"name=\"sha256_nothing\"");
    stage.check("no digest", Eco::Pypi, &with_body(Eco::Pypi, body));
    assert!(count_events(&stage.server, "publish.refused", NAME) >= 3);
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn requests_that_disagree_with_their_archive() {
    let stage = Stage::new("");
    for eco in Eco::ALL {
        let of = |name: &str, version: &str| eco.archive(name, version);
        stage.check("another name", eco, &eco.upload(NAME, "1.0.0", &of("widget", "1.0.0")));
        stage.check("another version", eco, &eco.upload(NAME, "1.0.0", &of(NAME, "1.0.1")));
        let other = Eco::ALL[(Eco::ALL.iter().position(|e| *e == eco).unwrap() + 1) % 3];
        let foreign = other.archive(NAME, "1.0.0");
        stage.check("another ecosystem", eco, &eco.upload(NAME, "1.0.0", &foreign));
    }
    let manifest = |key: &'static str, value: Value| {
        move |document: &mut Value| document["versions"]["1.0.0"][key] = value
    };
    stage.check_npm("a hidden script", manifest("scripts", json!({ "postinstall": "evil" })));
    stage.check_npm("a dependency", manifest("dependencies", json!({ "evil": "1" })));
    stage.check_npm("a command", manifest("bin", json!({ "ls": "index.js" })));
    stage.check_npm("its name", manifest("name", json!("widget")));
    stage.check_npm("its version", manifest("version", json!("2.0.0")));
    stage.check_npm("the document's name", |document| document["name"] = json!("widget"));
    stage.check_npm("the document's id", |document| document["_id"] = json!("widget"));
    stage.check_npm("a tag elsewhere", |document| document["dist-tags"]["latest"] = json!("9.9.9"));
    stage.check_npm("a tag that is a version", |document| {
        document["dist-tags"] = json!({ "9.9.9": "1.0.0" });
    });
    stage.check_npm("two versions", |document| {
        document["versions"]["9.9.9"] = document["versions"]["1.0.0"].clone();
    });
    stage.check_npm("two attachments", |document| {
        let first = document["_attachments"]["gadget-1.0.0.tgz"].clone();
        document["_attachments"]["gadget-9.9.9.tgz"] = first;
    });
    let archive = Eco::Cargo.archive(NAME, "1.0.0");
    let metadata = |more: &str| {
        format!(
            r#"{{"name":"gadget","vers":"1.0.0","deps":[],"features":{{}},"authors":[]{more}}}"#
        )
    };
    for (what, metadata) in [
        ("a feature", metadata("").replace(r#""features":{}"#, r#""features":{"evil":[]}"#)),
        ("a dependency", metadata("").replace(
            r#""deps":[]"#,
            r#""deps":[{"name":"evil","version_req":"*","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#,
        )),
        ("a name twice", metadata(r#","name":"widget""#)),
        ("a version twice", metadata(r#","vers":"9.9.9""#)),
        ("no object", "[]".to_owned()),
        ("nothing", String::new()),
        ("a number", metadata("").replace("\"gadget\"", "5")),
        ("a deep nest", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
    ] {
        stage.check(what, Eco::Cargo, &with_body(Eco::Cargo, crate_body(&metadata, &archive)));
    }
}

#[test]
fn documents_that_two_parsers_read_differently() {
    let stage = Stage::new("");
    let text = String::from_utf8(good(Eco::Npm).body).unwrap();
    for key in ["name", "_id", "versions", "_attachments", "dist-tags"] {
        let doubled = text.replacen('{', &format!("{{\"{key}\":null,"), 1);
        stage.check(&format!("{key} twice"), Eco::Npm, &with_body(Eco::Npm, doubled.into_bytes()));
    }
    for body in [
        text.replace("\"_attachments\"", "\"_attachment\\u0073\",\"_attachments\""),
        text.replacen('{', "{'a':1,", 1),
        text.replacen('{', "{,", 1),
        format!("\u{feff}{text}"),
        format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)),
        format!("{{\"a\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000)),
        "null".to_owned(),
        "\"text\"".to_owned(),
    ] {
        stage.check("odd JSON", Eco::Npm, &with_body(Eco::Npm, body.into_bytes()));
    }
    let mut broken = text.into_bytes();
    let at = broken.windows(6).position(|window| window == b"gadget").unwrap();
    broken[at] = 0xff;
    stage.check("no UTF-8", Eco::Npm, &with_body(Eco::Npm, broken));
    let form = good(Eco::Pypi);
    let field = |name: &str, value: &str| {
        format!(
            "------vouchsafe-testkit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    for (name, value) in [
        ("name", "widget"),
        ("version", "9.9.9"),
        ("sha256_digest", ""),
        (":action", "x"),
        ("summary", "x"),
    ] {
        // Once more in front: the first or the last could win.
        let twice = [field(name, value).repeat(2).as_bytes(), &form.body].concat();
        stage.check(&format!("{name} twice"), Eco::Pypi, &with_body(Eco::Pypi, twice));
    }
    for content_type in [
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "text/plain",
        "",
    ] {
        let odd = Upload { content_type: content_type.to_owned(), ..form.clone() };
        stage.check(content_type, Eco::Pypi, &odd);
    }
    for filename in [
        "../evil.whl",
        "gadget-1.0.0-py3-none-any.whl/../x",
        "..",
        "a\\b.whl",
        "gadget-1.0.0.exe",
        "widget-1.0.0-py3-none-any.whl",
        "gadget-9.9.9-py3-none-any.whl",
        "gadget-1.0.0-py3-none-any.whl%00.txt",
    ] {
        let archive = Eco::Pypi.archive(NAME, "1.0.0");
        let (content_type, body) = packages::pypi_upload(NAME, "1.0.0", filename, &archive);
        stage.check(filename, Eco::Pypi, &Upload { content_type, body, ..form.clone() });
    }
}

#[test]
fn names_and_versions_that_are_none() {
    let stage = Stage::new("");
    let names = [
        "",
        ".",
        "..",
        "-gadget",
        "_gadget",
        "gad get",
        "gad/get",
        "gad\\get",
        "gadg\u{e9}t",
        "gadget\0",
        "g\u{0430}dget",
        "<script>",
        "gad\"get",
        "gad\nget",
        "@/x",
        "@acme/..",
        "%2e%2e",
        "node_modules",
        "favicon.ico",
        &"g".repeat(300),
    ];
    for name in names {
        for eco in [Eco::Cargo, Eco::Npm, Eco::Pypi] {
            let archive = eco.archive(NAME, "1.0.0");
            let mut upload = match eco {
                Eco::Cargo => {
                    with_body(eco, packages::krate_publish_body_of(name, "1.0.0", &archive))
                }
                Eco::Npm => with_body(eco, packages::npm_publish_body_of(name, "1.0.0", &archive)),
                Eco::Pypi => {
                    let (content_type, body) = packages::pypi_upload(
                        name,
                        "1.0.0",
                        &eco.filename(NAME, "1.0.0"),
                        &archive,
                    );
                    Upload { content_type, body, ..good(eco) }
                }
            };
            if eco == Eco::Npm {
                let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
                upload.target = format!("/npm/{encoded}");
                if name.is_empty() {
                    continue;
                }
            }
            stage.check(&format!("{name:?}"), eco, &upload);
        }
    }
    for version in [
        "",
        "1",
        "1.0",
        "v",
        "1.0.0.0.0.x",
        "../1.0.0",
        "1.0.0/..",
        "01.0.0",
        "1.0.0\0",
        "1.0.0 ",
        "latest",
        "1.0.0-",
        "1.0.0+",
        "99999999999999999999.0.0",
        "\u{0661}.0.0",
        &"1".repeat(400),
    ] {
        for eco in [Eco::Cargo, Eco::Npm] {
            let archive = eco.archive(NAME, "1.0.0");
            stage.check(&format!("{version:?}"), eco, &eco.upload(NAME, version, &archive));
        }
        let archive = Eco::Pypi.archive(NAME, "1.0.0");
        // Python's versions are wider, and still not that of this archive, or no version at all.
        if !["1", "1.0", "1.0.0 ", "01.0.0"].contains(&version) {
            let filename = Eco::Pypi.filename(NAME, "1.0.0");
            let (content_type, body) = packages::pypi_upload(NAME, version, &filename, &archive);
            stage.check(version, Eco::Pypi, &Upload { content_type, body, ..good(Eco::Pypi) });
        }
    }
}
