//! The suite that every adapter passes.

use serde_json::Value;
use vouchsafe_adapter::WireResponse;
use vouchsafe_adapter::conformance::{Samples, check_adapter};
use vouchsafe_domain::RefusalKind;
use vouchsafe_domain::index::{Document, DocumentKey};
use vouchsafe_ecosystem_composer::Composer;

use crate::fixtures::{expand, release, view};

/// What Composer's resolver takes from a version list.
fn selectable(document: &Document) -> Vec<String> {
    let document: Value = serde_json::from_slice(&document.body).unwrap();
    let versions = expand(&document).into_iter();
    versions.map(|entry| entry["version"].as_str().unwrap().to_owned()).collect()
}

fn listed(document: &Document) -> Vec<String> {
    let document: Value = serde_json::from_slice(&document.body).unwrap();
    document["package"]["versions"].as_object().unwrap().keys().cloned().collect()
}

/// What Composer prints of a refusal.
fn refusal_text(response: &WireResponse) -> Option<String> {
    if response.headers.get("content-type")? != "application/json" {
        return None;
    }
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    let message = body.get("message")?.as_str()?.to_owned();
    // Of these two nothing else is printed.
    if matches!(response.status.as_u16(), 401 | 403) && body.get("warning")? != &message {
        return None;
    }
    Some(message)
}

#[test]
fn the_adapter_conforms() {
    let versions = ["0.9.0", "1.0.0-rc.1", "v1.0.0", "1.10.0"];
    let samples = Samples {
        names: &[
            &["acme/tool"],
            &["acme/my-tool"],
            &["acme/my_tool"],
            &["acme/my--tool"],
            &["1/2"],
        ],
        bad_names: &[
            "acme",
            "Acme/tool",
            "acme/Tool",
            "acme/",
            "/tool",
            "acme//tool",
            "a/b/c",
            "-a/b",
            "a-/b",
            "a--b/c",
            "a/b---c",
            "a/b._c",
            "a/b_",
            "nul/a",
            "a/com1",
            "a/lpt9",
            "a/b.json",
            "é/a",
            "a/b~dev",
            "@a/b",
        ],
        versions: &[
            &["dev-1.x"],
            &["dev-main", "dev-main"],
            &["0.0.1"],
            &["1.0-dev", "1.0.0-dev"],
            &["1.0.0-alpha1", "1.0-a1"],
            &["1.0.0-beta.2", "1.0.0b2"],
            &["1.0.0-RC1", "1.0.0rc1"],
            &["1.0", "v1.0.0", "1.0.0.0", "1.0.0+build", "1.0.0-stable"],
            &["1.0.0-patch1", "1.0.0-p1"],
            &["1.2"],
            &["1.10"],
            &["1.x-dev", "1.x.x-dev"],
            &["2010-01-02"],
            &["2010.01.02"],
            &["20100102"],
        ],
        bad_versions: &[
            "one",
            "1.0.0.0.0",
            "^1.0",
            "~1",
            "1.*",
            "1.0 as 2.0",
            "1.0@dev",
            "dev-feature/x",
            "1.0..0",
            "dev-a..b",
            "1.0-SNAPSHOT",
            "dev-é",
            "2010:01:02",
        ],
        requests: &[
            ("GET", "packages.json"),
            ("GET", "p2/acme/tool.json"),
            ("GET", "p2/acme/tool~dev.json"),
            ("GET", "dist/acme/tool/acme-tool-1.0.0.zip"),
            ("GET", "packages/list.json?vendor=acme&filter=acme/t*"),
            ("GET", "search.json?q=tool&per_page=30&page=2"),
            ("GET", "packages/acme/tool.json"),
            ("POST", "downloads/"),
            ("PUT", "packages/upload/acme/tool/1.0.0"),
            ("PUT", "?version=1.0.0"),
            ("PUT", "api/packages"),
            ("POST", "api/packages/acme/tool/artifacts/"),
            ("PUT", "packages/acme/tool/1.0.0/yank"),
            ("PUT", "packages/acme/tool/1.0.0/unyank"),
            ("GET", "packages/acme/tool/owners"),
            ("PUT", "packages/acme/tool/owners"),
            ("DELETE", "packages/acme/tool/owners"),
            ("DELETE", "packages/acme/tool/1.0.0"),
            ("DELETE", "packages/acme/tool"),
        ],
        view: view(versions.iter().map(|v| release(v)).collect()),
        documents: &[
            (DocumentKey::from_static("p2"), selectable),
            (DocumentKey::from_static("package"), listed),
        ],
        refusal_text,
        status_exceptions: &[(RefusalKind::Withheld, 409)],
    };
    assert_eq!(check_adapter(&Composer, &samples), Vec::<String>::new());
}

#[test]
fn moving_versions_are_withheld_like_others() {
    let samples = Samples {
        names: &[],
        bad_names: &[],
        versions: &[],
        bad_versions: &[],
        requests: &[],
        view: view(["dev-main", "1.x-dev", "1.0.0-dev"].iter().map(|v| release(v)).collect()),
        documents: &[(DocumentKey::from_static("p2-dev"), selectable)],
        refusal_text,
        status_exceptions: &[],
    };
    assert_eq!(check_adapter(&Composer, &samples), Vec::<String>::new());
}
