//! Which address is which call.

use vouchsafe_adapter::{Ecosystem, WireError};
use vouchsafe_domain::call::Call;
use vouchsafe_domain::deploy::Deploy;
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::{Request, decode, decode_cut, name};

/// A call in one line.
fn told(call: &Call) -> String {
    match call {
        Call::ReadDocument { package, document } => format!("{} of {package}", document.as_str()),
        Call::ListPackages { document } => format!("list {}", document.as_str()),
        Call::ReadArtifact { package, version, filename } => {
            format!("{filename} of {package} {}", version.as_ref().unwrap())
        }
        Call::ReadDigest { package, version, filename, algorithm } => {
            format!("{} of {filename} of {package} {version}", algorithm.as_str())
        }
        Call::Deploy(Deploy::Stage { package, version, filename }) => {
            format!("stage {filename} of {package} {version}")
        }
        Call::Deploy(Deploy::Check { package, version, filename, stated }) => {
            format!("check {filename} of {package} {version}: {stated}")
        }
        Call::Deploy(Deploy::Finish { package, versions }) => {
            let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
            format!("finish {package} {versions:?}")
        }
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn check(method: &str, target: &str, body: &str, expect: &str) {
    let call = decode(method, target, body.as_bytes());
    let call = call.unwrap_or_else(|error| panic!("{method} {target}: {error}"));
    assert_eq!(call.as_ref().map_or("accepted".to_owned(), told), expect, "{method} {target}");
}

#[test]
fn reading() {
    for (target, expect) in [
        ("com/acme/tools/lib/1.0/lib-1.0.jar", "lib-1.0.jar of com.acme.tools/lib 1.0"),
        ("junit/junit/4.13/junit-4.13.pom", "junit-4.13.pom of junit/junit 4.13"),
        ("com/acme/lib/1.0/lib-1.0.jar.asc", "lib-1.0.jar.asc of com.acme/lib 1.0"),
        ("com/acme/lib/1.0/lib-1.0-bin.tar.gz", "lib-1.0-bin.tar.gz of com.acme/lib 1.0"),
        ("com/acme/lib/1.0/lib-1.0.jar.sha1", "sha1 of lib-1.0.jar of com.acme/lib 1.0"),
        ("com/acme/lib/1.0/lib-1.0.jar.asc.md5", "md5 of lib-1.0.jar.asc of com.acme/lib 1.0"),
        ("com/acme/lib/1.0/lib-1.0.pom.sha512", "sha512 of lib-1.0.pom of com.acme/lib 1.0"),
        (
            "com/acme/lib/1.0-SNAPSHOT/lib-1.0-20260102.030405-7-sources.jar",
            "lib-1.0-20260102.030405-7-sources.jar of com.acme/lib 1.0-SNAPSHOT",
        ),
        ("com/acme/lib/maven-metadata.xml", "metadata of com.acme/lib"),
        ("com/acme/lib/maven-metadata.xml.sha256", "metadata.sha256 of com.acme/lib"),
        ("com/acme/lib/1.0-SNAPSHOT/maven-metadata.xml", "snapshot/1.0-SNAPSHOT of com.acme/lib"),
        (
            "com/acme/lib/1.0-SNAPSHOT/maven-metadata.xml.md5",
            "snapshot/1.0-SNAPSHOT.md5 of com.acme/lib",
        ),
        (".meta/prefixes.txt", "list prefixes"),
        (".meta/prefixes.txt.sha1", "list prefixes.sha1"),
        ("com/acme/lib/", "listing of com.acme/lib"),
        ("com/acme/lib/1.0/", "listing/1.0 of com.acme/lib"),
        ("com/acme/lib/v1/", "listing/v1 of com.acme/lib"),
    ] {
        check("GET", target, "", expect);
        check("HEAD", target, "", expect);
    }
}

#[test]
fn what_is_nowhere_is_not_found() {
    for target in [
        "",
        "com",
        "com/",
        "com/acme",
        "maven-metadata.xml",
        "acme/maven-metadata.xml",
        "com.acme/lib/1.0/lib-1.0.jar",
        "com/acme/lib/1.0/lib-1.1.jar",
        "com/acme/lib/1.0/lib-1.0",
        "com/acme/lib/1.0/lib-1.0.",
        "com/acme/lib/1.0/lib-1.0-.jar",
        "com/acme/lib/1.0/lib-1.0-sources",
        "com/acme/lib/1.0/lib-1.0..jar",
        "com/acme/lib/1.0/lib-1.01.jar",
        "com/acme/lib/1.0/other-1.0.jar",
        "com/acme/lib/1.0/.hidden",
        "com/acme/lib/1.0-SNAPSHOT/lib-1.0.jar",
        "com/acme/lib/1.0-SNAPSHOT/lib-1.0-20260102.0304-7.jar",
        "com/acme/lib/1.0-SNAPSHOT/lib-1.0-20260102.030405-.jar",
        "com/acme/lib/1.0-SNAPSHOT/lib-1.0-20260102.030405-99999999999.jar",
        "com/acme/li b/1.0/li b-1.0.jar",
        ".meta/other.txt",
        "api/v1/publisher/nothing",
    ] {
        let found = decode("GET", target, b"");
        assert!(matches!(found, Err(WireError::UnknownRoute)), "{target}: {found:?}");
    }
}

#[test]
fn writing() {
    let hex = "A9993E364706816ABA3E25717850C26C9CD0D89D";
    let lower = hex.to_lowercase();
    for (target, body, expect) in [
        (
            "com/acme/lib/1.0/lib-1.0.jar",
            "bytes",
            "stage lib-1.0.jar of com.acme/lib 1.0".to_owned(),
        ),
        (
            "com/acme/lib/1.0-SNAPSHOT/lib-1.0-20260102.030405-7.pom",
            "",
            "stage lib-1.0-20260102.030405-7.pom of com.acme/lib 1.0-SNAPSHOT".to_owned(),
        ),
        (
            "com/acme/lib/1.0/lib-1.0.jar.sha1",
            &format!("{hex}\n"),
            format!("check lib-1.0.jar of com.acme/lib 1.0: sha1:{lower}"),
        ),
        (
            "com/acme/lib/1.0/lib-1.0.jar.sha1",
            &format!("{lower}  lib-1.0.jar\r\n"),
            format!("check lib-1.0.jar of com.acme/lib 1.0: sha1:{lower}"),
        ),
        (
            "com/acme/lib/maven-metadata.xml",
            "<metadata><groupId>x</groupId><versioning><versions><version>0.9</version>\
             <version>1.0</version></versions></versioning></metadata>",
            "finish com.acme/lib [\"0.9\", \"1.0\"]".to_owned(),
        ),
        (
            "com/acme/lib/1.0-SNAPSHOT/maven-metadata.xml",
            "<metadata/>",
            "finish com.acme/lib [\"1.0-SNAPSHOT\"]".to_owned(),
        ),
        ("com/acme/lib/maven-metadata.xml.sha1", "anything", "accepted".to_owned()),
        ("acme/maven-metadata.xml", "<metadata/>", "accepted".to_owned()),
    ] {
        check("PUT", target, body, &expect);
    }
}

#[test]
fn bytes_of_a_file_pass_through() {
    for body in [&b""[..], b"x", &[7; 100_000]] {
        for cut in [1, 7, 64 * 1024] {
            let request = Request::new("PUT", "com/acme/lib/1.0/lib-1.0.jar", &[]);
            let (_, files) = decode_cut(&request, body, cut).unwrap();
            assert_eq!(files, [body.to_vec()]);
        }
    }
}

#[test]
fn what_cannot_be_published_is_refused_with_the_reason() {
    for (target, reason) in [
        ("com/acme/lib/1.0-SNAPSHOT/lib-1.0-SNAPSHOT.jar", "has no timestamp"),
        ("com/acme/lib/1.0-snapshot/lib-1.0-snapshot.jar", "in capital letters"),
        ("com/acme/lib/SNAPSHOT/lib-SNAPSHOT.jar", "ends in `-SNAPSHOT`"),
        (
            "com/acme/lib/1.0-20260102.030405-7/lib-1.0-20260102.030405-7.jar",
            "the directory of its snapshot",
        ),
        ("com/acme/lib/1.0/lib-1.1.jar", "begins with `lib-1.0`"),
        ("com.acme/lib/1.0/lib-1.0.jar", "are slashes in a path"),
        ("lib-1.0.jar", "group/artifact/version/file"),
    ] {
        let error = decode("PUT", target, b"").unwrap_err().to_string();
        assert!(error.contains(reason), "{target}: {error}");
    }
    let bad = [&b"not hex"[..], b"", b"abcdef", &[b'a'; 5000], b"\xff\xfe"];
    for text in bad {
        assert!(decode("PUT", "com/acme/lib/1.0/lib-1.0.jar.sha1", text).is_err());
    }
    assert!(decode("PUT", "com/acme/lib/maven-metadata.xml", b"<metadata>").is_err());
    let large = vec![b' '; 9 * 1024 * 1024];
    let request = Request::new("PUT", "com/acme/lib/maven-metadata.xml", &[]);
    assert!(matches!(decode_cut(&request, &large, 65536), Err(WireError::TooLarge { .. })));
}

#[test]
fn other_methods_are_not_known() {
    for method in ["POST", "DELETE", "PATCH"] {
        let found = decode(method, "com/acme/lib/1.0/lib-1.0.jar", b"");
        assert!(matches!(found, Err(WireError::MethodNotAllowed { .. })), "{method}");
    }
}

#[test]
fn a_group_and_a_package_share_an_address() {
    let group = Maven.namespace_of(&name("com.acme.tools/lib")).unwrap();
    assert_eq!(group, name("com.acme/tools"));
    assert!(Maven.namespace_of(&name("junit/junit")).is_none());
    assert_eq!(name("com.acme:lib"), name("com.acme/lib"));
    assert_eq!(name("com.Acme/Lib").collision_key(), "com.acme/lib");
}
