//! Documents as clients and people read them.

use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::index::{DocumentKey, ListView, PackageView, WithheldRelease};
use vouchsafe_domain::{DigestAlgorithm, Filename};
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::{artifact, digests, name, package, release, version};

fn rendered(view: &PackageView, key: &str) -> Option<String> {
    let document = Maven.render(view, &DocumentKey(key.to_owned().into()))?;
    Some(String::from_utf8(document.body).unwrap())
}

/// Releases out of order, one yanked, one withheld, and a plugin of the group of this name.
fn mixed() -> PackageView {
    let mut view = package(vec![
        release("1.10", &["lib-1.10.pom"]),
        release("1.9", &["lib-1.9.pom"]),
        release("1.9.1", &["lib-1.9.1.pom"]),
        release("2.0-SNAPSHOT", &[]),
    ]);
    view.releases[2].yanked = Some("writes <b>everywhere</b>".to_owned());
    let reason = "young & \"new\" <see> https://registry.example/b/1".to_owned();
    view.withheld.push(WithheldRelease { release: release("3.0", &["lib-3.0.pom"]), reason });
    view.members = vec![
        r#"{"prefix":"acme","artifactId":"acme-maven-plugin","name":"A <good> & \"odd\" one"}"#
            .into(),
        "not JSON".into(),
    ];
    view
}

#[test]
fn the_metadata_of_a_package_and_its_group() {
    insta::assert_snapshot!(rendered(&mixed(), "metadata").unwrap());
}

#[test]
fn the_metadata_of_a_group_alone() {
    let mut view = mixed();
    view.releases.clear();
    view.withheld.clear();
    view.extras = Some(
        r#"{"plugins":[{"prefix":"acme","artifactId":"acme-maven-plugin","name":"Twice"},
            {"prefix":"up","artifactId":"up-maven-plugin","name":"Up"}]}"#
            .into(),
    );
    insta::assert_snapshot!(rendered(&view, "metadata").unwrap());
    assert!(rendered(&view, "listing").is_some());
}

#[test]
fn what_has_nothing_to_say_is_not_there() {
    let view = package(Vec::new());
    for key in ["metadata", "metadata.sha1", "listing", "snapshot/1.0-SNAPSHOT", "listing/1.0"] {
        assert!(rendered(&view, key).is_none(), "{key}");
    }
    let view = mixed();
    for key in ["", "nonsense", "prefixes", "snapshot/1.9", "snapshot/2.0-SNAPSHOT", "listing/3.0"]
    {
        assert!(rendered(&view, key).is_none(), "{key}");
    }
}

/// Two builds of one snapshot. The second one's sender has a clock that is behind, and sources came
/// with the first alone.
fn two_builds() -> PackageView {
    let mut builds = release("1.1-SNAPSHOT", &[]);
    builds.artifacts = vec![
        artifact("lib-1.1-20260102.030405-1.pom", "2026-01-02T03:04:06Z"),
        artifact("lib-1.1-20260102.030405-1.jar", "2026-01-02T03:04:06Z"),
        artifact("lib-1.1-20260102.030405-1-sources.jar", "2026-01-05T00:00:00Z"),
        artifact("lib-1.1-20260101.000000-2.pom", "2026-01-03T00:00:00Z"),
        artifact("lib-1.1-20260101.000000-2.jar", "2026-01-03T00:00:00Z"),
        artifact("lib-1.1-20260101.000000-2.jar.asc", "2026-01-03T00:00:00Z"),
        artifact("lib-1.1-20260101.000000-2-bin.tar.gz", "2026-01-03T00:00:00Z"),
    ];
    package(vec![builds])
}

#[test]
fn the_metadata_of_a_snapshot_names_its_newest_build() {
    insta::assert_snapshot!(rendered(&two_builds(), "snapshot/1.1-SNAPSHOT").unwrap());
}

#[test]
fn builds_that_came_together_are_told_apart_by_number() {
    let mut view = two_builds();
    for artifact in &mut view.releases[0].artifacts {
        artifact.published_at = None;
    }
    let text = rendered(&view, "snapshot/1.1-SNAPSHOT").unwrap();
    assert!(text.contains("<buildNumber>2</buildNumber>"), "{text}");
}

#[test]
fn digests_of_documents_are_of_the_bytes_that_are_served() {
    let list = ListView {
        names: vec![name("com.acme.tools/lib")],
        base_url: "https://registry.example/maven".into(),
        has_upstream: false,
    };
    let text = |key: &'static str| {
        let document = Maven.render_list(&list, &DocumentKey::from_static(key)).unwrap();
        String::from_utf8(document.body).unwrap()
    };
    assert_eq!(text("prefixes"), "## repository-prefixes/2.0\n/com/acme/tools\n");
    // What `md5sum`, `sha1sum` and `sha256sum` say of these bytes.
    assert_eq!(text("prefixes.md5"), "4987ed74c92bda2d9a5ff3b78758c36f");
    assert_eq!(text("prefixes.sha1"), "e95596b28326c7089e6cfc877c996c7c66a7b33f");
    let sha256 = "a152935eda7a3aff1fedd0b6639f194d796acec36646c952c5174836da8a384e";
    assert_eq!(text("prefixes.sha256"), sha256);
    assert_eq!(text("prefixes.sha512").len(), 128);
    let view = mixed();
    for key in ["metadata.md5", "metadata.sha1", "metadata.sha256", "metadata.sha512"] {
        let digest = rendered(&view, key).unwrap();
        assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
    }
    assert!(rendered(&two_builds(), "snapshot/1.1-SNAPSHOT.sha1").unwrap().len() == 40);
}

#[test]
fn prefixes_are_complete_or_not_there() {
    let names = ["com.acme.tools/lib", "com.acme.tools/other", "junit/junit", "com.acme/x"];
    let mut list = ListView {
        names: names.iter().map(|raw| name(raw)).collect(),
        base_url: "https://registry.example/maven".into(),
        has_upstream: false,
    };
    let key = DocumentKey::from_static("prefixes");
    let text = String::from_utf8(Maven.render_list(&list, &key).unwrap().body).unwrap();
    assert_eq!(text, "## repository-prefixes/2.0\n/com/acme\n/com/acme/tools\n/junit\n");
    assert!(Maven.render_list(&list, &DocumentKey::from_static("metadata")).is_none());
    list.has_upstream = true;
    assert!(Maven.render_list(&list, &key).is_none());
}

#[test]
fn pages_for_people() {
    insta::assert_snapshot!(rendered(&mixed(), "listing").unwrap());
    let view = two_builds();
    insta::assert_snapshot!(rendered(&view, "listing/1.1-SNAPSHOT").unwrap());
}

#[test]
fn documents_of_one_release_say_so() {
    let of = |key: &'static str| Maven.release_of(&DocumentKey::from_static(key));
    assert_eq!(of("snapshot/1.1-SNAPSHOT"), Some(version("1.1-SNAPSHOT")));
    assert_eq!(of("snapshot/1.1-SNAPSHOT.sha1"), Some(version("1.1-SNAPSHOT")));
    assert_eq!(of("listing/1.0.sha1"), Some(version("1.0.sha1")));
    assert_eq!(of("metadata"), None);
    assert_eq!(of("metadata.sha1"), None);
}

#[test]
fn downloads_carry_their_digests_and_are_never_pages() {
    let headers = |filename: &str| {
        Maven.artifact_headers(&filename.parse::<Filename>().unwrap(), &digests(0xAB))
    };
    let (content_type, found) = headers("lib-1.0.jar");
    assert_eq!(content_type, "application/java-archive");
    let hex = "ab".repeat(DigestAlgorithm::Sha1.len_bytes());
    assert!(found.contains(&("x-checksum-sha1", hex)));
    assert_eq!(found.len(), 3);
    for (filename, expect) in [
        ("lib-1.0.pom", "text/xml"),
        ("lib-1.0.module", "application/json"),
        ("lib-1.0.jar.asc", "text/plain; charset=utf-8"),
        ("lib-1.0-bin.tar.gz", "application/gzip"),
        ("lib-1.0.html", "application/octet-stream"),
        ("lib-1.0.svg", "application/octet-stream"),
    ] {
        assert_eq!(headers(filename).0, expect, "{filename}");
    }
    let sandbox = headers("lib-1.0.pom").1;
    assert!(
        sandbox.iter().any(|(name, value)| {
            *name == "content-security-policy" && value.contains("sandbox")
        })
    );
}
