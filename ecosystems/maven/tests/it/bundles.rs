//! The publisher API and the bundles that it takes.

use std::io::Cursor;

use flate2::Compression;
use flate2::write::GzEncoder;
use vouchsafe_adapter::{BundleSink, Ecosystem, FormatError, WireError};
use vouchsafe_domain::call::{Answer, Call};
use vouchsafe_domain::deploy::{Deploy, DeploymentState, DeploymentView};
use vouchsafe_domain::{Digest, Filename, PackageName, Timestamp, Version};
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::{Request, decode, decode_cut, zip};

const API: &str = "api/v1/publisher";
const FORM: &[(&str, &str)] = &[("content-type", "multipart/form-data; boundary=b0undary")];

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let head = format!(
            "--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x.zip\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--b0undary--\r\n");
    body
}

#[test]
fn a_bundle_is_taken_out_of_its_form() {
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    for (query, expect_name, expect_automatic) in [
        ("", "bundle", false),
        ("?name=My+release&publishingType=USER_MANAGED", "My+release", false),
        ("?name=x&publishingType=AUTOMATIC", "x", true),
    ] {
        for cut in [1000, usize::MAX] {
            let request = Request::new("POST", &format!("{API}/upload{query}"), FORM);
            let body = form(&[("note", b"hello"), ("bundle", &bytes)]);
            let (call, files) = decode_cut(&request, &body, cut).unwrap();
            let Some(Call::Deploy(Deploy::Bundle { name, is_automatic })) = call else {
                panic!("{call:?}")
            };
            assert_eq!((name.as_str(), is_automatic), (expect_name, expect_automatic));
            assert_eq!(files, std::slice::from_ref(&bytes));
        }
    }
}

#[test]
fn forms_without_one_bundle_are_refused() {
    let upload = |body: &[u8]| {
        decode_cut(&Request::new("POST", &format!("{API}/upload"), FORM), body, 7).map(drop)
    };
    assert!(upload(&form(&[("other", b"x")])).is_err());
    assert!(upload(&form(&[("bundle", b"x"), ("bundle", b"y")])).is_err());
    assert!(upload(&form(&[("other", &[0; 100_000])])).is_err());
    let many = vec![("other", &b"x"[..]); 17];
    assert!(upload(&form(&many)).is_err());
    let whole = form(&[("bundle", b"bytes")]);
    assert!(matches!(upload(&whole[..whole.len() - 20]), Err(WireError::Truncated { .. })));
    let header = [b"--b0undary\r\nX: ".to_vec(), vec![b'a'; 100_000]].concat();
    assert!(matches!(upload(&header), Err(WireError::TooLarge { .. })));
    let odd = Request::new("POST", &format!("{API}/upload?publishingType=NOW"), FORM);
    assert!(decode_cut(&odd, &whole, 7).is_err());
    let bare = Request::new("POST", &format!("{API}/upload"), &[]);
    assert!(decode_cut(&bare, &whole, 7).is_err());
}

#[track_caller]
fn check(method: &str, target: &str, expect: &str) {
    let call = decode(method, &format!("{API}/{target}"), b"").unwrap().unwrap();
    let found = match call {
        Call::Deploy(Deploy::Read { id }) => format!("read {id}"),
        Call::Deploy(Deploy::Publish { id }) => format!("publish {id}"),
        Call::Deploy(Deploy::Drop { id }) => format!("drop {id}"),
        Call::Deploy(Deploy::ReadFile { id, package, version, filename, digest }) => {
            let digest = digest.map_or("bytes", |algorithm| algorithm.as_str());
            format!("{digest} of {filename} of {package} {version} in {id:?}")
        }
        Call::Deploy(Deploy::IsPublished { package, version }) => format!("is {package} {version}"),
        other => format!("{other:?}"),
    };
    assert_eq!(found, expect, "{method} {target}");
}

#[test]
fn addresses_of_the_publisher_api() {
    check("POST", "status?id=0a-1", "read 0a-1");
    check("GET", "status?id=0a-1", "read 0a-1");
    check("POST", "deployment/0a-1", "publish 0a-1");
    check("DELETE", "deployment/0a-1", "drop 0a-1");
    check(
        "GET",
        "deployment/0a-1/download/com/acme/lib/1.0/lib-1.0.jar",
        "bytes of lib-1.0.jar of com.acme/lib 1.0 in Some(\"0a-1\")",
    );
    check(
        "GET",
        "deployments/download/com/acme/lib/1.0/lib-1.0.jar.sha1",
        "sha1 of lib-1.0.jar of com.acme/lib 1.0 in None",
    );
    check("GET", "published?namespace=com.acme&name=lib&version=1.0", "is com.acme/lib 1.0");
    for (method, target) in [
        ("GET", "upload"),
        ("GET", "deployment/0a-1"),
        ("POST", "status"),
        ("POST", "status?id=../x"),
        ("POST", "deployment/a'b"),
        ("GET", "deployments/download/com/acme/lib/maven-metadata.xml"),
        ("GET", "published?namespace=com.acme&name=lib"),
        ("PUT", "com/acme"),
        ("GET", ""),
    ] {
        assert!(decode(method, &format!("{API}/{target}"), b"").is_err(), "{method} {target}");
    }
}

#[test]
fn answers_of_the_publisher_api() {
    let encode = |target: &str, answer: &Answer| {
        let request = Request::new("POST", &format!("{API}/{target}"), &[]);
        let response = Maven.encode(&request.as_wire(), answer);
        (response.status.as_u16(), String::from_utf8(response.body).unwrap())
    };
    let view = |state| {
        let problem = |what: &str| ("pkg:maven/com.acme/lib@1.0".to_owned(), what.to_owned());
        Answer::Deployment(DeploymentView {
            id: "0a-1".to_owned(),
            name: "x \"y\"".to_owned(),
            state,
            releases: vec!["pkg:maven/com.acme/lib@1.0".to_owned()],
            problems: vec![problem("no pom"), problem("no license")],
            created_at: Timestamp::from_secs(0),
        })
    };
    assert_eq!(encode("upload", &view(DeploymentState::Open)), (201, "0a-1".to_owned()));
    insta::assert_snapshot!(encode("status?id=0a-1", &view(DeploymentState::Failed)).1, @r#"{"deploymentId":"0a-1","deploymentName":"x \"y\"","deploymentState":"FAILED","purls":["pkg:maven/com.acme/lib@1.0"],"errors":{"pkg:maven/com.acme/lib@1.0":["no pom","no license"]}}"#);
    for (state, word) in [
        (DeploymentState::Open, "PENDING"),
        (DeploymentState::Validated, "VALIDATED"),
        (DeploymentState::Published, "PUBLISHED"),
    ] {
        assert!(encode("status?id=0a-1", &view(state)).1.contains(word));
    }
    assert_eq!(encode("deployment/0a-1", &Answer::Deployed(Vec::new())), (204, String::new()));
    assert_eq!(encode("deployment/0a-1", &Answer::Done), (204, String::new()));
    let published = encode("published", &Answer::IsPublished(true));
    assert_eq!(published, (200, "{\"published\":true}".to_owned()));
}

/// Writes down what comes out of a bundle.
#[derive(Default)]
struct Told(Vec<String>);

impl BundleSink for Told {
    fn begin(
        &mut self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
    ) -> Result<(), FormatError> {
        self.0.push(format!("{package} {version} {filename} = "));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.0.last_mut().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
        Ok(())
    }

    fn state(
        &mut self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
        digest: Digest,
    ) {
        self.0.push(format!("{package} {version} {filename} is {digest}"));
    }
}

fn unpack(bundle: Vec<u8>) -> Result<Vec<String>, String> {
    let mut told = Told::default();
    let unpacked = Maven.unpack(&mut Cursor::new(bundle), &mut told);
    unpacked.map(|()| told.0).map_err(|error| error.to_string())
}

fn tar_gz(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_bundle_holds_files_of_several_releases() {
    let entries: &[(&str, &[u8])] = &[
        ("com/acme/lib/1.0/lib-1.0.pom", b"pom"),
        ("com/acme/lib/1.0/lib-1.0.pom.md5", b"00000000000000000000000000000000\n"),
        ("com/acme/lib/1.0/lib-1.0.pom.asc", b"signature"),
        ("com/acme/lib/maven-metadata.xml", b"<metadata/>"),
        ("com/acme/lib/maven-metadata.xml.sha1", b"x"),
        ("com/acme/tools/app/2.0/app-2.0.pom", b"other"),
    ];
    let expect = [
        "com.acme/lib 1.0 lib-1.0.pom = pom",
        "com.acme/lib 1.0 lib-1.0.pom is md5:00000000000000000000000000000000",
        "com.acme/lib 1.0 lib-1.0.pom.asc = signature",
        "com.acme.tools/app 2.0 app-2.0.pom = other",
    ];
    assert_eq!(unpack(zip(entries)).unwrap(), expect);
    assert_eq!(unpack(tar_gz(entries)).unwrap(), expect);
}

#[test]
fn bundles_with_anything_else_are_refused() {
    let one = |path: &str, bytes: &[u8]| unpack(zip(&[(path, bytes)])).unwrap_err();
    for (error, reason) in [
        (one("README.md", b"x"), "`README.md` is of no release"),
        (one("repository/lib-1.0.pom", b"x"), "is of no release"),
        (one("com/acme/lib/1.0/other-1.0.pom", b"x"), "begins with `lib-1.0`"),
        (one("com/acme/lib/1.0/.DS_Store", b"x"), "is of no release"),
        (one("com/acme/lib/1.0-SNAPSHOT/lib-1.0-SNAPSHOT.pom", b"x"), "has no timestamp"),
        (one("com/acme/lib/1.0/lib-1.0.pom.sha1", b"zz"), "not a sha1 digest"),
        (one("com/acme/lib/1.0/lib-1.0.pom.sha1", &[b'a'; 9000]), "larger than"),
        (one("com/acme/lib/maven-metadata.xml", b"x"), "has no files"),
        (one("../com/acme/lib/1.0/lib-1.0.pom", b"x"), "not a plain relative path"),
        (one("com/acme/lib/1.0/lib-1.0.jar", &vec![0; 64 * 1024 * 1024]), "times its size"),
        (unpack(b"neither".to_vec()).unwrap_err(), "not a zip archive"),
        (unpack(Vec::new()).unwrap_err(), "not a zip archive"),
        (unpack(vec![0x1F, 0x8B]).unwrap_err(), "archive"),
    ] {
        assert!(error.contains(reason), "{error}");
    }
    let bomb = tar_gz(&[("com/acme/lib/1.0/lib-1.0.jar", &vec![0; 64 * 1024 * 1024])]);
    assert!(unpack(bomb).is_err());
}
