//! The suite that every adapter passes.

use vouchsafe_adapter::WireResponse;
use vouchsafe_adapter::conformance::{Samples, check_adapter};
use vouchsafe_domain::index::{Document, DocumentKey};
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::{package, release};

/// What stands between two texts, as often as they are there.
fn between(document: &Document, start: &str, end: &str) -> Vec<String> {
    let text = std::str::from_utf8(&document.body).unwrap();
    let parts = text.split(start).skip(1);
    parts.map(|part| part.split(end).next().unwrap().to_owned()).collect()
}

/// Versions that a range, `RELEASE` or `LATEST` may become.
fn selectable(document: &Document) -> Vec<String> {
    let mut versions = between(document, "<version>", "<");
    versions.extend(between(document, "<latest>", "<"));
    versions.extend(between(document, "<release>", "<"));
    versions
}

/// Versions that a person can go to.
fn linked(document: &Document) -> Vec<String> {
    let links = between(document, "<a href=\"", "\"");
    let directories = links.iter().filter_map(|link| link.strip_suffix('/'));
    directories.filter(|directory| *directory != "..").map(str::to_owned).collect()
}

/// Maven 3 shows the status line, Maven 4 the body.
fn refusal_text(response: &WireResponse) -> Option<String> {
    String::from_utf8(response.body.clone()).ok().filter(|text| !text.is_empty())
}

#[test]
fn the_adapter_conforms() {
    let samples = Samples {
        names: &[
            &["com.acme.tools/lib"],
            &["com.acme.tools/Lib"],
            &["com.acme/tools"],
            &["com.acme.tools/lib.core_2.13"],
            &["junit/junit"],
        ],
        bad_names: &[
            "lib",
            "com..acme/lib",
            ".acme/lib",
            "com.acme./lib",
            "com/acme/lib",
            "com.acme:lib:1.0",
            "com.acme/",
            "/lib",
            "com.acme/.lib",
            "com.acme/lib..x",
            "com.acme/lib-SNAPSHOT",
            "com.äcme/lib",
            "${group}/lib",
        ],
        versions: &[
            &["1.0-alpha-1"],
            &["1.0-rc1"],
            &["1.0-SNAPSHOT"],
            &["1.0"],
            &["1.0.0"],
            &["1.0-jre"],
            &["1.0.1"],
            &["1.10"],
        ],
        bad_versions: &["1..0", "1.0.", "-1", ".1", "1:0", "1*", "${v}", "1\"", "1<2", "[1,2)"],
        requests: &[
            ("GET", "com/acme/tools/lib/maven-metadata.xml"),
            ("GET", "com/acme/tools/lib/maven-metadata.xml.sha1"),
            ("GET", "com/acme/tools/lib/1.1-SNAPSHOT/maven-metadata.xml"),
            ("GET", "com/acme/tools/lib/1.0/lib-1.0.pom"),
            ("HEAD", "com/acme/tools/lib/1.0/lib-1.0-sources.jar"),
            ("GET", "com/acme/tools/lib/1.0/lib-1.0.jar.sha1"),
            ("GET", "com/acme/tools/lib/1.1-SNAPSHOT/lib-1.1-20260102.030405-7.jar"),
            ("GET", "com/acme/tools/lib/"),
            ("GET", "com/acme/tools/lib/1.0/"),
            ("GET", ".meta/prefixes.txt"),
            ("PUT", "com/acme/tools/lib/1.0/lib-1.0.jar"),
            ("PUT", "com/acme/tools/lib/1.0/lib-1.0.jar.sha1"),
            ("PUT", "com/acme/tools/lib/maven-metadata.xml"),
            ("POST", "api/v1/publisher/status?id=a-1"),
            ("POST", "api/v1/publisher/deployment/a-1"),
            ("DELETE", "api/v1/publisher/deployment/a-1"),
            ("GET", "api/v1/publisher/deployment/a-1/download/com/acme/lib/1.0/lib-1.0.pom"),
            ("GET", "api/v1/publisher/deployments/download/com/acme/lib/1.0/lib-1.0.pom.md5"),
            ("GET", "api/v1/publisher/published?namespace=com.acme&name=lib&version=1.0"),
        ],
        view: package(vec![release("1.0", &["lib-1.0.pom"]), release("2.0", &["lib-2.0.pom"])]),
        documents: &[
            (DocumentKey::from_static("metadata"), selectable),
            (DocumentKey::from_static("listing"), linked),
        ],
        refusal_text,
        status_exceptions: &[],
    };
    assert_eq!(check_adapter(&Maven, &samples), Vec::<String>::new());
}
