//! What the Python clients rely on, asked directly: forms, redirects, ranges, credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouchsafe_testkit::http::{Answer, get, send};
use vouchsafe_testkit::packages::core_metadata;

use crate::stage::Stage;

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML_V1: &str = "application/vnd.pypi.simple.v1+html";
const HTML: &str = "text/html; charset=utf-8";

fn with_header(stage: &Stage, target: &str, name: &str, value: &str) -> Answer {
    send(stage.server.address(), "GET", target, &[(name, value)], b"")
}

#[test]
fn every_client_gets_the_form_it_asks_for() {
    let stage = Stage::new("");
    stage.publish("demo", "1.0", "");
    let check = |accept: &str, expected: &str| {
        for target in ["/pypi/simple/demo/", "/pypi/simple/"] {
            let answer = with_header(&stage, target, "accept", accept);
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some(expected), "{accept} at {target}");
            let vary = answer.header("vary").unwrap();
            assert!(vary.contains("accept,") || vary.ends_with("accept"), "{vary}");
        }
    };
    check(&format!("{JSON}, {HTML_V1}; q=0.1, text/html; q=0.01"), JSON);
    check(&format!("{JSON}, {HTML_V1};q=0.2, text/html;q=0.01"), JSON);
    check(&format!("{JSON}, */*;q=0.1"), JSON);
    check("application/vnd.pypi.simple.latest+json", JSON);
    check(HTML_V1, HTML_V1);
    check("text/html,application/xhtml+xml,*/*;q=0.8", HTML);
    check("*/*", HTML);
    let address = stage.server.address();
    assert_eq!(get(address, "/pypi/simple/demo/").header("content-type"), Some(HTML));
    let asked = get(address, &format!("/pypi/simple/demo/?format={}", JSON.replace('+', "%2B")));
    assert_eq!(asked.header("content-type"), Some(JSON));
}

#[test]
fn both_forms_tell_the_same() {
    let stage = Stage::new("");
    let bytes = stage.publish("demo", "1.0", "Requires-Python: >=3.8\n");
    let file = stage.page("demo").json()["files"][0].clone();
    let html = get(stage.server.address(), "/pypi/simple/demo/").text();
    let sha256 = file["hashes"]["sha256"].as_str().unwrap();
    assert_eq!(sha256, vouchsafe_testkit::packages::sha256_hex(&bytes));
    assert_eq!(file["size"], bytes.len());
    assert!(file["upload-time"].as_str().unwrap().ends_with('Z'));
    let metadata = file["core-metadata"]["sha256"].as_str().unwrap();
    assert_eq!(file["core-metadata"], file["data-dist-info-metadata"]);
    assert!(html.contains(&format!("{}#sha256={sha256}\"", file["url"].as_str().unwrap())));
    assert!(html.contains("data-requires-python=\"&gt;=3.8\""));
    assert!(html.contains(&format!("data-core-metadata=\"sha256={metadata}\"")));
    assert!(html.contains(">demo-1.0-py3-none-any.whl</a>"));
    assert!(html.contains("name=\"pypi:repository-version\" content=\"1."));
}

#[test]
fn a_page_that_is_known_is_not_sent_again() {
    let stage = Stage::new("");
    stage.publish("demo", "1.0", "");
    let first = stage.page("demo");
    let tag = first.header("etag").unwrap().to_owned();
    let ask = || {
        let headers = [("accept", JSON), ("if-none-match", tag.as_str())];
        send(stage.server.address(), "GET", "/pypi/simple/demo/", &headers, b"")
    };
    assert_eq!((ask().status, ask().body.len()), (304, 0));
    stage.publish("demo", "1.1", "");
    assert_eq!(ask().status, 200);
}

#[test]
fn other_spellings_are_redirected_and_uploads_never() {
    let stage = Stage::new("");
    stage.publish("demo_pkg", "1.0", "");
    let check = |target: &str, location: &str| {
        let answer = get(stage.server.address(), target);
        assert_eq!(answer.status, 301, "{target}");
        assert_eq!(answer.header("location"), Some(&*format!("{}{location}", stage.server.url())));
    };
    check("/pypi/simple", "/pypi/simple/");
    check("/pypi/simple/demo-pkg", "/pypi/simple/demo-pkg/");
    check("/pypi/simple/Demo_Pkg/", "/pypi/simple/demo-pkg/");
    check(
        "/pypi/simple/demo...pkg/?format=text%2Fhtml",
        "/pypi/simple/demo-pkg/?format=text%2Fhtml",
    );
    check("/pypi/DEMO.pkg/json", "/pypi/demo-pkg/json");
    check("/pypi/DEMO.pkg/1.0/json", "/pypi/demo-pkg/1/json");
    let file = crate::stage::wheel_name("demo_pkg", "1.1");
    let bytes = vouchsafe_testkit::packages::wheel("demo_pkg", "1.1");
    let (content_type, body) =
        vouchsafe_testkit::packages::pypi_upload("demo_pkg", "1.1", &file, &bytes);
    let bearer = format!("Bearer {}", stage.token);
    let headers = [("content-type", content_type.as_str()), ("authorization", bearer.as_str())];
    let answer = send(stage.server.address(), "POST", "/pypi/legacy", &headers, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn the_json_api_shows_projects_and_releases() {
    let stage = Stage::new("");
    stage.publish(
        "demo",
        "1.0",
        "Requires-Dist: other>=1\nProject-URL: Home, https://a.example/\n",
    );
    stage.publish("demo", "2.0rc1", "");
    let ask = |target: &str| get(stage.server.address(), target);
    let project = ask("/pypi/demo/json").json();
    assert_eq!(project["info"]["version"], "1.0");
    assert_eq!(project["info"]["requires_dist"], serde_json::json!(["other>=1"]));
    assert_eq!(project["info"]["project_urls"]["Home"], "https://a.example/");
    assert_eq!(project["releases"].as_object().unwrap().len(), 2);
    assert_eq!(project["urls"][0]["packagetype"], "bdist_wheel");
    assert!(project["urls"][0]["digests"]["blake2b_256"].is_string());
    assert_eq!(project["ownership"]["roles"][0]["user"], "ann");
    let release = ask("/pypi/demo/2.0.rc1/json").json();
    assert_eq!(release["info"]["version"], "2.0rc1");
    assert!(release.get("releases").is_none());
    for missing in ["/pypi/demo/3.0/json", "/pypi/other/json", "/pypi/simple/other/"] {
        assert_eq!(ask(missing).status, 404, "{missing}");
    }
}

#[test]
fn files_come_whole_or_in_part_with_their_metadata_beside_them() {
    let stage = Stage::new("");
    let bytes = stage.publish("demo", "1.0", "");
    let target = "/pypi/files/demo/demo-1.0-py3-none-any.whl";
    let part = with_header(&stage, target, "range", "bytes=0-3");
    assert_eq!((part.status, part.body.as_slice()), (206, &b"PK\x03\x04"[..]));
    let range = format!("bytes 0-3/{}", bytes.len());
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    let end = with_header(&stage, target, "range", "bytes=-22");
    assert_eq!((end.status, end.body.as_slice()), (206, &bytes[bytes.len() - 22..]));
    assert_eq!(with_header(&stage, target, "range", "bytes=99999999-").status, 416);
    let head = send(stage.server.address(), "HEAD", target, &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(bytes.len().to_string().as_str()));
    assert_eq!(head.header("accept-ranges"), Some("bytes"));
    let whole = get(stage.server.address(), target);
    assert_eq!(whole.body, bytes);
    let tag = whole.header("etag").unwrap();
    assert_eq!(with_header(&stage, target, "if-none-match", tag).status, 304);
    let sidecar = get(stage.server.address(), &format!("{target}.metadata"));
    assert_eq!(sidecar.text(), core_metadata("demo", "1.0", ""));
    for missing in [
        "/pypi/files/other/demo-1.0-py3-none-any.whl",
        "/pypi/files/demo/demo-2.0-py3-none-any.whl",
        "/pypi/files/demo/..%2fdemo-1.0-py3-none-any.whl",
        "/pypi/files/demo/%2e%2e/demo/demo-1.0-py3-none-any.whl",
    ] {
        let status = get(stage.server.address(), missing).status;
        assert!(matches!(status, 400 | 404), "{missing}: {status}");
    }
}

#[test]
fn large_files_come_in_part_too() {
    let stage = Stage::new("");
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(3_000_000)
    .collect();
    let metadata = core_metadata("demo", "1.0", "");
    let files = [("demo-1.0/PKG-INFO", metadata.as_bytes()), ("demo-1.0/noise", &noise)];
    let bytes = vouchsafe_testkit::packages::tar_gz(&files);
    assert!(bytes.len() > 2_000_000);
    let answer = stage.upload("demo", "1.0", "demo-1.0.tar.gz", &bytes);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let target = "/pypi/files/demo/demo-1.0.tar.gz";
    assert!(get(stage.server.address(), target).body == bytes);
    let middle = with_header(&stage, target, "range", "bytes=1000000-2000000");
    assert_eq!(middle.status, 206);
    assert!(middle.body == bytes[1_000_000..=2_000_000]);
    let tail = with_header(&stage, target, "range", "bytes=-65536");
    assert!(tail.body == bytes[bytes.len() - 65_536..]);
}

#[test]
fn a_private_registry_shows_nothing_without_a_credential() {
    let stage = Stage::new("[access]\nread = \"signed-in\"\n");
    stage.publish("demo", "1.0", "");
    stage.server.user_with_password("bob", "pass-word-of-bob");
    let basic = |user: &str, password: &str| {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    };
    let good = [
        basic("__token__", &stage.token),
        basic("ann", &stage.token),
        basic("bob", "pass-word-of-bob"),
        format!("Bearer {}", stage.token),
        format!("token {}", stage.token),
    ];
    for target in [
        "/pypi/simple/",
        "/pypi/simple/demo/",
        "/pypi/demo/json",
        "/pypi/files/demo/demo-1.0-py3-none-any.whl",
        "/pypi/files/demo/demo-1.0-py3-none-any.whl.metadata",
    ] {
        let none = get(stage.server.address(), target);
        assert_eq!(none.status, 401, "{target}");
        assert!(none.header("www-authenticate").unwrap().starts_with("Basic realm="));
        let bad = with_header(&stage, target, "authorization", &basic("__token__", "vsf_bad"));
        assert_eq!(bad.status, 401, "{target}");
        for credential in &good {
            let answer = with_header(&stage, target, "authorization", credential);
            assert_eq!(answer.status, 200, "{target} with {credential}: {}", answer.text());
            let cache = answer.header("cache-control").unwrap();
            assert!(cache.starts_with("private"), "{target}: {cache}");
        }
    }
    // Whether a project exists is not told either.
    let missing = get(stage.server.address(), "/pypi/simple/missing/");
    assert_eq!(missing.status, 401);
    let redirect = get(stage.server.address(), "/pypi/simple/Demo/");
    assert_eq!(redirect.status, 401);
}
