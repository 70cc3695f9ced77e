use http::{HeaderMap, HeaderValue, Method};
use vouchsafe_adapter::Mount;
use vouchsafe_adapter::body::BodyDecoder;
use vouchsafe_domain::call::PublishDraft;

use super::*;

#[derive(Default)]
struct Collected(Vec<Vec<u8>>);

impl UploadSink for Collected {
    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.last_mut().unwrap().extend_from_slice(bytes);
    }
}

const BOUNDARY: &str = "d34db33f";
const WHEEL: &str = "foo_bar-1.0-py3-none-any.whl";

/// A part: its name, its file name, its bytes.
type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, filename, bytes) in parts {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"").bytes(),
        );
        if let Some(filename) = filename {
            body.extend(format!("; filename=\"{filename}\"\r\n").bytes());
            body.extend(b"Content-Type: application/octet-stream");
        }
        body.extend(b"\r\n\r\n");
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

const DIGEST: &[u8] = b"aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd";

/// The parts that every upload has, with the bytes of the file.
fn parts(content: &[u8]) -> Vec<Part<'_>> {
    vec![
        (":action", None, b"file_upload"),
        ("protocol_version", None, b"1"),
        ("metadata_version", None, b"2.1"),
        ("name", None, b"Foo.Bar"),
        ("version", None, b"1.0"),
        ("filetype", None, b"bdist_wheel"),
        ("pyversion", None, b"py3"),
        ("sha256_digest", None, DIGEST),
        ("content", Some(WHEEL), content),
    ]
}

fn decode(body: &[u8], cuts: usize) -> Result<(PublishDraft, Vec<Vec<u8>>), WireError> {
    let mount = Mount {
        base_url: "https://registry.example/pypi".into(),
        site_url: "https://registry.example".into(),
        auth_required: false,
    };
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let content_type = HeaderValue::from_str(&content_type).unwrap();
    let headers: HeaderMap = [(http::header::CONTENT_TYPE, content_type)].into_iter().collect();
    let mut decoder = Box::new(decoder(&WireRequest {
        method: &Method::POST,
        segments: &["legacy".to_owned()],
        has_trailing_slash: true,
        query: &[],
        headers: &headers,
        mount: &mount,
    })?);
    let mut sink = Collected::default();
    for chunk in body.chunks(cuts.max(1)) {
        decoder.push(chunk, &mut sink)?;
    }
    match decoder.finish(&mut sink)? {
        Call::Publish(draft) => Ok((*draft, sink.0)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_upload_as_twine_sends_it() {
    let mut parts = parts(b"PK\r\n--d34db33");
    parts.insert(5, ("requires_dist", None, b"a>=1"));
    parts.insert(6, ("requires_dist", None, b"b ; extra == 'x'"));
    parts.insert(7, ("classifiers", None, b"A"));
    parts.insert(8, ("classifiers", None, b"B"));
    parts.insert(9, ("blake2_256_digest", None, DIGEST));
    parts.insert(10, ("description", None, "# Foo\r\n--d34\u{e9}".as_bytes()));
    parts.push(("gpg_signature", Some("x.asc"), b"ignored"));
    let (draft, files) = decode(&body(&parts), usize::MAX).unwrap();
    assert_eq!(files, [b"PK\r\n--d34db33".to_vec()]);
    assert_eq!((draft.package.canonical(), draft.version.display()), ("foo-bar", "1.0"));
    assert!(draft.may_extend);
    let file = draft.files.first().unwrap();
    assert_eq!(file.filename.as_str(), WHEEL);
    assert_eq!(file.stated_digests.iter().count(), 2);
    insta::assert_snapshot!(draft.metadata, @r#"{"metadata_version":"2.1","name":"Foo.Bar","version":"1.0","filetype":"bdist_wheel","requires_python":null,"requires_dist":["a>=1","b ; extra == 'x'"],"comment":null}"#);
}

#[test]
fn an_upload_as_uv_and_poetry_send_it() {
    let mut uv = parts(b"PK");
    uv.push(("requires_python", None, b""));
    uv.push(("import_names", None, b"foo"));
    assert!(decode(&body(&uv), usize::MAX).is_ok());
    let mut poetry = parts(b"PK");
    poetry.push(("md5_digest", None, b"00000000000000000000000000000000"));
    poetry.push(("comment", None, b""));
    assert!(decode(&body(&poetry), usize::MAX).is_ok());
}

#[test]
fn parts_come_in_any_order() {
    let mut parts = parts(b"PK");
    parts.reverse();
    let (draft, files) = decode(&body(&parts), 7).unwrap();
    assert_eq!((draft.version.display(), files), ("1.0", vec![b"PK".to_vec()]));
}

#[track_caller]
fn refuses<'a>(change: impl FnOnce(&mut Vec<Part<'a>>), expect: &str) {
    let mut parts = parts(b"PK");
    change(&mut parts);
    let error = decode(&body(&parts), usize::MAX).unwrap_err().to_string();
    assert!(error.contains(expect), "{error} does not say {expect:?}");
}

fn set<'a>(parts: &mut [Part<'a>], name: &str, value: &'a [u8]) {
    parts.iter_mut().find(|part| part.0 == name).unwrap().2 = value;
}

#[test]
fn forms_that_miss_something_are_refused() {
    for missing in [":action", "metadata_version", "name", "version", "filetype", "content"] {
        refuses(|parts| parts.retain(|part| part.0 != missing), &format!("`{missing}` is missing"));
    }
    refuses(|parts| parts.retain(|part| part.0 != "sha256_digest"), "no digest");
    refuses(|parts| set(parts, "name", b""), "`name` is missing");
}

#[test]
fn forms_that_say_something_wrong_are_refused() {
    refuses(|parts| set(parts, ":action", b"submit"), "not implemented");
    refuses(|parts| set(parts, "protocol_version", b"2"), "protocol_version");
    refuses(|parts| set(parts, "name", b"-"), "not a valid package name");
    refuses(|parts| set(parts, "version", b"one"), "not a valid version");
    refuses(|parts| set(parts, "version", b"1.0+cpu"), "stay local");
    refuses(|parts| set(parts, "version", b"2.0"), "not of 2.0");
    refuses(|parts| set(parts, "name", b"other"), "not of `other`");
    refuses(|parts| set(parts, "filetype", b"sdist"), "`filetype` must be");
    refuses(|parts| set(parts, "pyversion", b"source"), "`pyversion`");
    refuses(|parts| set(parts, "sha256_digest", b"abc"), "not a sha256 digest");
    refuses(|parts| set(parts, "name", b"\xff"), "not UTF-8");
    refuses(|parts| parts.push(("", None, b"x")), "has no name");
}

#[test]
fn file_names_with_tricks_are_refused() {
    for filename in ["", "../x.whl", "a/b.whl", "x.exe", "foo_bar-1.0.zip", "..", "a\u{7f}.whl"] {
        refuses(
            |parts| {
                parts.retain(|part| part.0 != "content");
                parts.push(("content", Some(filename), b"PK"));
            },
            "",
        );
    }
    refuses(
        |parts| {
            parts.retain(|part| part.0 != "content");
            parts.push(("content", None, b"PK"));
        },
        "file name",
    );
}

#[test]
fn what_says_something_once_must_not_come_twice() {
    for (name, value) in
        [("name", b"evil".as_slice()), ("summary", b"x"), ("sha256_digest", DIGEST)]
    {
        refuses(
            |parts| {
                parts.push(("summary", None, b"x"));
                parts.push((name, None, value));
            },
            "stands there twice",
        );
    }
    refuses(|parts| parts.push(("content", Some(WHEEL), b"PK")), "`content` stands there twice");
}

#[test]
fn attestations_are_refused_with_the_way_to_switch_them_off() {
    refuses(|parts| parts.push(("attestations", None, b"[]")), "--no-attestations");
}

#[test]
fn fields_have_limits() {
    let long = vec![b'x'; MAX_FIELD_BYTES + 1];
    refuses(|parts| parts.push(("classifiers", None, &long)), "larger than");
    let mut many = parts(b"PK");
    let field = vec![b'x'; MAX_FIELD_BYTES];
    many.extend((0..200).map(|_| ("requires_dist", None, field.as_slice())));
    assert!(matches!(decode(&body(&many), 65_536), Err(WireError::TooLarge { .. })));
    let mut parts_without_end = parts(b"PK");
    parts_without_end.extend((0..=MAX_PARTS).map(|_| ("x", None, b"".as_slice())));
    assert!(decode(&body(&parts_without_end), 65_536).is_err());
}

#[test]
fn bytes_outside_of_parts_have_limits() {
    let preamble = vec![b'x'; 1 << 20];
    assert!(matches!(decode(&preamble, 4096), Err(WireError::TooLarge { .. })));
    let header = [format!("--{BOUNDARY}\r\nX: ").into_bytes(), preamble.clone()].concat();
    assert!(matches!(decode(&header, 4096), Err(WireError::TooLarge { .. })));
    let epilogue = [body(&parts(b"PK")), preamble].concat();
    assert!(matches!(decode(&epilogue, 4096), Err(WireError::TooLarge { .. })));
}

#[test]
fn large_files_are_not_kept() {
    let content = vec![b'x'; 3 << 20];
    let (_, files) = decode(&body(&parts(&content)), 1 << 16).unwrap();
    assert_eq!(files, [content]);
}

proptest::proptest! {
    #[test]
    fn it_does_not_matter_where_a_body_is_cut(cuts in 1_usize..600) {
        let content = b"PK\r\n--d34db33\r\n\r--d34db33f\r\n--";
        let (draft, files) = decode(&body(&parts(content)), cuts).unwrap();
        proptest::prop_assert_eq!(files, vec![content.to_vec()]);
        proptest::prop_assert_eq!(draft.version.display(), "1.0");
    }

    #[test]
    fn a_body_that_ends_early_is_no_upload(kept in 0_usize..1000) {
        let whole = body(&parts(b"PK"));
        // The last bytes are the dashes and the line end behind the last boundary.
        let kept = kept.min(whole.len() - 4);
        proptest::prop_assert!(decode(&whole[..kept], 64).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0_u8.., 0..300)) {
        let framed = [format!("--{BOUNDARY}\r\n").into_bytes(), bytes].concat();
        let _ = decode(&framed, 16);
    }
}
