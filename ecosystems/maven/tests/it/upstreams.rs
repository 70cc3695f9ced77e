//! What is read from an upstream repository.

use vouchsafe_adapter::{Ecosystem, UpstreamDocument};
use vouchsafe_domain::index::{DocumentKey, UpstreamIndex};
use vouchsafe_domain::{DigestAlgorithm, Timestamp};
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::{name, package, pom, version};

const BASE: &str = "https://upstream.example/maven2/com/acme/tools/lib";

fn document<'a>(url: &'a str, bytes: &'a [u8]) -> UpstreamDocument<'a> {
    UpstreamDocument {
        url,
        content_type: "text/xml",
        bytes,
        settings: None,
        last_modified: Some(Timestamp::from_secs(1_600_000_000)),
    }
}

fn index(text: &str) -> Result<UpstreamIndex, String> {
    let url = format!("{BASE}/maven-metadata.xml");
    let parsed = Maven.parse_index(&name("com.acme.tools/lib"), &document(&url, text.as_bytes()));
    parsed.map_err(|error| error.to_string())
}

#[test]
fn addresses_follow_from_names() {
    let package = name("com.acme.tools/lib");
    let (release, snapshot) = (version("1.0+x"), version("1.1-SNAPSHOT"));
    assert_eq!(Maven.upstream_index(&package).path, "com/acme/tools/lib/maven-metadata.xml");
    let path = |version| Maven.upstream_release(&package, version).unwrap().path;
    assert_eq!(path(&release), "com/acme/tools/lib/1.0+x/lib-1.0+x.pom");
    assert_eq!(path(&snapshot), "com/acme/tools/lib/1.1-SNAPSHOT/maven-metadata.xml");
    assert!(!Maven.may_change(&release) && Maven.may_change(&snapshot));
    let jar = "lib-1.0+x-sources.jar".parse().unwrap();
    let artifact = Maven.upstream_artifact(&package, &release, &jar).unwrap();
    let place = "com/acme/tools/lib/1.0+x/lib-1.0+x-sources.jar";
    assert_eq!(artifact.upstream_url.as_deref(), Some(place));
    let (algorithm, request) = Maven.upstream_digest(&package, &release, &jar).unwrap();
    assert_eq!((algorithm, request.path), (DigestAlgorithm::Sha1, format!("{place}.sha1")));
    for stray in ["other-1.0+x.jar", "maven-metadata.xml", "lib-1.0.jar"] {
        let stray = stray.parse().unwrap();
        assert!(Maven.upstream_artifact(&package, &release, &stray).is_none());
        assert!(Maven.upstream_digest(&package, &release, &stray).is_none());
    }
    let shared = "lib-1.1-SNAPSHOT.jar".parse().unwrap();
    assert!(Maven.upstream_artifact(&package, &snapshot, &shared).is_none());
}

#[test]
fn versions_are_no_younger_than_their_list() {
    let found = index(
        "<metadata><groupId>com.acme.tools</groupId><artifactId>lib</artifactId><versioning>\
         <latest>9</latest><release>9</release><versions><version>1.0</version>\
         <version> 1.1 </version><version>../x</version><version>1.0</version><version/></versions>\
         <lastUpdated>20260102030405</lastUpdated></versioning></metadata>",
    )
    .unwrap();
    let versions: Vec<_> = found.releases.iter().map(|release| release.version.display()).collect();
    assert_eq!(versions, ["1.0", "1.1"]);
    let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    assert!(found.releases.iter().all(|release| release.published_at == Some(at)));
    assert!(found.releases.iter().all(|release| release.artifacts.is_empty()));
    assert_eq!(found.modified_at, Some(at));
    let undated =
        "<metadata><versioning><versions><version>1</version></versions></versioning></metadata>";
    let at = Some(Timestamp::from_secs(1_600_000_000));
    assert_eq!(index(undated).unwrap().releases[0].published_at, at);
}

#[test]
fn plugins_of_a_group_go_through() {
    let found = index(
        "<metadata><plugins><plugin><name>A &lt;b&gt;</name><prefix>acme</prefix>\
         <artifactId>acme-maven-plugin</artifactId></plugin><plugin/></plugins></metadata>",
    )
    .unwrap();
    assert!(found.releases.is_empty());
    let mut view = package(Vec::new());
    view.extras = found.extras;
    let document = Maven.render(&view, &DocumentKey::from_static("metadata")).unwrap();
    let text = String::from_utf8(document.body).unwrap();
    assert!(text.contains("<name>A &lt;b&gt;</name>"), "{text}");
    assert_eq!(text.matches("<plugin>").count(), 1);
}

#[test]
fn documents_that_cannot_be_are_refused() {
    let deep = format!("<metadata>{}", "<a>".repeat(10_000));
    for bad in [
        "",
        "<html/>",
        "<metadata>",
        "<!DOCTYPE x><metadata/>",
        &deep,
        "<metadata><groupId>com.evil</groupId><versioning><versions><version>1</version></versions>\
         </versioning></metadata>",
    ] {
        assert!(index(bad).is_err(), "{:?}", bad.get(..40));
    }
}

#[test]
fn a_release_is_as_old_as_its_pom() {
    let text = pom("1.0", "jar");
    let url = format!("{BASE}/1.0/lib-1.0.pom");
    let (package, one) = (name("com.acme.tools/lib"), version("1.0"));
    let found = Maven.parse_release(&package, &one, &document(&url, text.as_bytes())).unwrap();
    assert_eq!(found.published_at, Some(Timestamp::from_secs(1_600_000_000)));
    assert!(found.manifest.contains("\"packaging\":\"jar\""));
    let broken = Maven.parse_release(&package, &one, &document(&url, b"&oslash;")).unwrap();
    assert_eq!(&*broken.manifest, "{}");
}

#[test]
fn a_snapshot_of_an_upstream_is_rendered_again() {
    let text = "<metadata><groupId>com.acme.tools</groupId><artifactId>lib</artifactId>\
        <version>1.1-SNAPSHOT</version><versioning><snapshot><timestamp>20260102.030405</timestamp>\
        <buildNumber>7</buildNumber></snapshot><snapshotVersions>\
        <snapshotVersion><extension>jar</extension><value>1.1-20260102.030405-7</value>\
        <updated>20260102030405</updated></snapshotVersion>\
        <snapshotVersion><classifier>sources</classifier><extension>jar</extension>\
        <value>1.1-20260101.000000-6</value><updated>20260101000000</updated></snapshotVersion>\
        <snapshotVersion><extension>../../x</extension><value>1.1-20260102.030405-7</value>\
        </snapshotVersion><snapshotVersion><extension>jar</extension><value>9.9-20260102.030405-7</value>\
        </snapshotVersion></snapshotVersions></versioning></metadata>";
    let url = format!("{BASE}/1.1-SNAPSHOT/maven-metadata.xml");
    let (lib, snapshot) = (name("com.acme.tools/lib"), version("1.1-SNAPSHOT"));
    let found = Maven.parse_release(&lib, &snapshot, &document(&url, text.as_bytes())).unwrap();
    assert_eq!(found.published_at, Some("2026-01-02T03:04:05Z".parse().unwrap()));
    let urls: Vec<_> =
        found.artifacts.iter().map(|artifact| artifact.upstream_url.clone().unwrap()).collect();
    assert_eq!(
        urls,
        [
            format!("{BASE}/1.1-SNAPSHOT/lib-1.1-20260101.000000-6-sources.jar"),
            format!("{BASE}/1.1-SNAPSHOT/lib-1.1-20260102.030405-7.jar"),
        ]
    );
    let key = DocumentKey::from_static("snapshot/1.1-SNAPSHOT");
    let document_again = Maven.render(&package(vec![found]), &key).unwrap();
    insta::assert_snapshot!(String::from_utf8(document_again.body).unwrap());
    let other = text.replace("<version>1.1-S", "<version>1.2-S");
    let other = document(&url, other.as_bytes());
    assert!(Maven.parse_release(&lib, &snapshot, &other).is_err());
}
