use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use vouchsafe_domain::call::{OwnerChange, PublishDraft};

use super::*;
use crate::testing::{Asked, Files};

fn publish_body(data: &str) -> Value {
    json!({
        "_id": "@acme/x",
        "name": "@acme/x",
        "dist-tags": { "latest": "1.0.0" },
        "versions": { "1.0.0": {
            "name": "@acme/x",
            "version": "1.0.0",
            "dist": { "shasum": "00".repeat(20), "tarball": "http://registry.example/x.tgz" },
        } },
        "access": "public",
        "_attachments": { "@acme/x-1.0.0.tgz": {
            "content_type": "application/octet-stream",
            "data": data,
            "length": 5,
        } },
    })
}

fn put(body: &str) -> Result<(Call, Vec<Vec<u8>>), WireError> {
    Asked::new("PUT", "/@acme%2fx").decode(body)
}

#[track_caller]
fn refused(body: &str, expect: &str) {
    let error = put(body).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
}

fn draft(call: Call) -> PublishDraft {
    match call {
        Call::Publish(draft) => *draft,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_publish_becomes_a_draft_and_its_tarball() {
    let (call, files) = put(&publish_body("aGVsbG8=").to_string()).unwrap();
    let draft = draft(call);
    assert_eq!(files, [b"hello"]);
    assert_eq!(draft.files[0].filename.as_str(), "x-1.0.0.tgz");
    assert_eq!(draft.files[0].stated_size_bytes, Some(5));
    assert!(draft.files[0].stated_digests.iter().count() == 1);
    assert_eq!(
        (draft.version.display(), draft.tags.as_slice()),
        ("1.0.0", &["latest".to_owned()][..])
    );
    let metadata: Value = serde_json::from_str(&draft.metadata).unwrap();
    assert_eq!(metadata["access"], "public");
    assert_eq!(metadata["manifest"]["version"], "1.0.0");
}

#[test]
fn an_escaped_slash_is_base64_and_other_escapes_are_not() {
    let body = publish_body("//79").to_string();
    assert_eq!(put(&body.replace("//79", r"\/\/79")).unwrap().1, [b"\xff\xfe\xfd"]);
    refused(&body.replace("//79", r"\u002f/79"), "escape sequence");
    refused(&body.replace("//79", r"aGVs\n"), "escape sequence");
}

#[test]
fn what_is_not_base64_is_refused() {
    for bad in [
        "aGVsbG8",
        "aGVsbG8=x",
        "aGVsbG8=aGVs",
        "aGVs bG8=",
        "aGVs-G8=",
        "a===",
        "====",
        "aGVsbG9=",
    ] {
        refused(&publish_body(bad).to_string(), "the attachment cannot be read");
    }
    refused(&publish_body("aGVs").to_string().replace("aGVs", "aG\nVs"), "attachment");
}

#[test]
fn the_attachments_are_found_wherever_and_however_they_are_written() {
    let body = publish_body("aGVsbG8=").to_string();
    for spelled in [
        body.replace("_attachments", r"\u005fattachments"),
        body.replace(r#""data""#, r#""\u0064ata""#),
    ] {
        assert_eq!(put(&spelled).unwrap().1, [b"hello"], "{spelled}");
    }
    // A look-alike elsewhere is not an attachment.
    let mut decoy = publish_body("aGVsbG8=");
    decoy["versions"]["1.0.0"]["_attachments"] = json!({ "f": { "data": "not base64" } });
    assert_eq!(put(&decoy.to_string()).unwrap().1, [b"hello"]);
}

#[test]
fn a_publish_has_exactly_one_tarball() {
    let mut two = publish_body("aGVsbG8=");
    two["_attachments"]["other.tgz"] = json!({ "data": "aGVsbG8=" });
    refused(&two.to_string(), "more than one tarball");
    let twice = r#"{"_attachments":{"a.tgz":{"data":"aGVs","data":"aGVs"}}}"#;
    refused(twice, "more than one tarball");
    refused(r#"{"_attachments":{},"_attachments":{}}"#, "`_attachments` comes twice");
    refused(r#"{"_attachments":{"a":{},"a":{}}}"#, "stands twice");
    let mut none = publish_body("");
    none["_attachments"]["@acme/x-1.0.0.tgz"] = json!({ "length": 5 });
    refused(&none.to_string(), "the attachment has no data");
}

#[test]
fn provenance_is_refused_rather_than_dropped() {
    let mut body = publish_body("aGVsbG8=");
    body["_attachments"]["@acme/x-1.0.0.sigstore"] = json!({ "data": "{\"a\":1}" });
    refused(&body.to_string(), "--provenance=false");
}

#[test]
fn a_publish_that_contradicts_itself_is_refused() {
    let check = |pointer: &str, value: Value, expect: &str| {
        let mut body = publish_body("aGVsbG8=");
        *body.pointer_mut(pointer).unwrap() = value;
        refused(&body.to_string(), expect);
    };
    check("/name", json!("@acme/y"), "another package");
    check("/_id", json!("@acme/y"), "another package");
    check("/versions/1.0.0/name", json!("y"), "the manifest's name");
    check("/versions/1.0.0/version", json!("1.0.1"), "the manifest's version");
    check("/versions", json!({}), "exactly one version");
    check("/versions", json!({ "1.0.0": {}, "2.0.0": {} }), "exactly one version");
    check("/versions", json!({ "v1": {} }), "not a valid version");
    check("/dist-tags", json!({ "latest": "2.0.0" }), "another version");
    check("/dist-tags", json!({ "1.x": "1.0.0" }), "version range");
    check("/versions/1.0.0/dist/shasum", json!("00"), "dist.shasum");
    check("/versions/1.0.0/dist", json!({ "integrity": "sha512-x" }), "dist.integrity");
}

#[test]
fn other_writes_are_told_by_their_content() {
    let check = |address: &str, body: Value, expect: &str| {
        let found = match Asked::new("PUT", address).decode(&body.to_string()) {
            Ok((Call::SetDeprecated { texts, .. }, _)) => texts
                .iter()
                .map(|(version, text)| format!("{version}={text:?} "))
                .collect::<String>(),
            Ok((Call::RetainReleases { keep, .. }, _)) => format!("keep {keep:?}"),
            Ok((Call::ChangeOwners { change: OwnerChange::Replace(names), .. }, _)) => {
                names.join(",")
            }
            Ok((other, _)) => panic!("{other:?}"),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expect), "{found}");
    };
    let (plain, rev) = ("/x", "/x/-rev/1-a");
    let versions =
        json!({ "1.0.0": { "deprecated": "old" }, "1.0.1": { "deprecated": "" }, "2.0.0": {} });
    let whole =
        json!({ "_id": "x", "maintainers": [{ "name": "al" }], "users": {}, "versions": versions });
    check(plain, whole.clone(), r#"1.0.0=Some("old") 1.0.1=None 2.0.0=None"#);
    check(rev, whole, r#"canonical: "2.0.0""#);
    check(rev, json!({ "versions": {} }), "leaves no version");
    check(plain, json!({ "versions": {} }), "names no version");
    let owners = json!({ "_id": "x", "_rev": "1", "maintainers": [{ "name": "al", "email": "" }, { "name": "bo" }] });
    check(rev, owners, "al,bo");
    check(rev, json!({ "maintainers": [] }), "1 to 1000 maintainers");
    check(plain, json!({ "_id": "x", "users": { "al": true } }), "starring is not implemented");
    check(rev, publish_body("aGVs"), "another package");
    check(plain, json!({}), "neither versions nor maintainers");
    check(plain, json!({ "versions": { "1.0.0": { "deprecated": 7 } } }), "not a text");
}

#[test]
fn hostile_documents_are_refused() {
    refused("", "EOF");
    refused("[]", "not an object");
    refused("7", "invalid type");
    refused("{", "ends inside");
    refused("}", "closes more than it opens");
    refused(r#"{"a":"#, "ends inside");
    refused(&format!("{{\"a\":{}", "[".repeat(1000)), "nested too deeply");
    refused(r#"{"name":"@acme/x"}{"#, "ends inside");
    refused(r#"{"name":"@acme/x"} x"#, "trailing");
    let long_key = format!(r#"{{"_attachments":{{"{}":{{"data":"aGVs"}}}}}}"#, "k".repeat(5000));
    refused(&long_key, "too long");
}

#[test]
fn what_is_not_the_tarball_is_bounded() {
    let mut scanner = AttachmentScanner::new(64);
    let error = scanner.push(&[b' '; 65], &mut Files::default()).unwrap_err();
    assert!(error.to_string().contains("metadata beside the tarball"));
    // The tarball is not counted.
    let body = format!(r#"{{"_attachments":{{"a":{{"data":"{}"}}}}}}"#, "aGVs".repeat(1000));
    let (mut scanner, mut files) = (AttachmentScanner::new(64), Files::default());
    scanner.push(body.as_bytes(), &mut files).unwrap();
    assert_eq!(files.0[0].len(), 3000);
    assert_eq!(scanner.finish().unwrap().metadata.len(), body.len() - 4000);
}

/// Any JSON, with keys that mislead.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[\"\\\\/{}\\[\\],:]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key =
            prop_oneof![Just("data".to_owned()), Just("versions".to_owned()), "[\"\\\\a-c]{0,3}",];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn the_scanner_agrees_with_a_parser_wherever_chunks_are_cut(
        members in prop::collection::vec(("[a-c]{1,3}", any_json()), 0..4),
        extra in any_json(),
        tarball in prop::collection::vec(any::<u8>(), 0..200),
        place in 0_usize..5,
        piece in 1_usize..40,
        is_pretty in any::<bool>(),
    ) {
        let mut members: Vec<(String, Value)> = members;
        let attachments = json!({ "x.tgz": { "extra": extra, "data": STANDARD.encode(&tarball) } });
        members.insert(place.min(members.len()), ("_attachments".to_owned(), attachments));
        let document: Value = members.into_iter().collect();
        let text = match is_pretty {
            true => serde_json::to_string_pretty(&document).unwrap(),
            false => document.to_string(),
        };

        let mut scanner = AttachmentScanner::new(MAX_METADATA_BYTES);
        let mut files = Files::default();
        for chunk in text.as_bytes().chunks(piece) {
            scanner.push(chunk, &mut files).unwrap();
        }
        let scanned = scanner.finish().unwrap();
        prop_assert_eq!(&files.0, &[tarball]);
        let mut expect = document;
        expect["_attachments"]["x.tgz"]["data"] = json!("");
        prop_assert_eq!(serde_json::from_slice::<Value>(&scanned.metadata).unwrap(), expect);
    }

    #[test]
    fn the_result_does_not_depend_on_where_chunks_are_cut(
        body in r#"[{}\[\],:"\\ \\nda-]{0,40}|\{"_attachments":\{"a":\{"data":"[A-D=]{0,9}"[}]{0,4}"#,
        piece in 1_usize..9,
    ) {
        let asked = Asked::new("PUT", "/x");
        let shown = |result: Result<(Call, Vec<Vec<u8>>), WireError>| format!("{:?}", result);
        let whole = shown(asked.decode_in_pieces(body.as_bytes(), usize::MAX));
        prop_assert_eq!(shown(asked.decode_in_pieces(body.as_bytes(), piece)), whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Asked::new("PUT", "/x").decode_in_pieces(&bytes, 7);
    }
}
