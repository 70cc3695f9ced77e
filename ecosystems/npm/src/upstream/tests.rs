use serde_json::{Value, json};
use vouchsafe_domain::index::{DocumentKey, PackageView};

use super::*;

const URL: &str = "https://upstream.example/npm/left-pad";

fn read(package: &str, document: &Value) -> Result<UpstreamIndex, FormatError> {
    let bytes = document.to_string().into_bytes();
    let document = UpstreamDocument {
        url: URL,
        content_type: "application/json",
        bytes: &bytes,
        settings: None,
        last_modified: None,
    };
    parse(&name::parse(package).unwrap(), &document)
}

fn packument(versions: Value) -> Value {
    json!({ "name": "left-pad", "versions": versions })
}

/// What of each version is believed: file, address, digests.
fn files(index: &UpstreamIndex) -> Vec<String> {
    let shown = |release: &ReleaseView| {
        let artifact = &release.artifacts[0];
        let url = artifact.upstream_url.as_deref().unwrap();
        let algorithms: Vec<_> =
            artifact.digests.iter().map(|digest| digest.algorithm().as_str()).collect();
        format!("{} {} {url} {algorithms:?}", release.version, artifact.filename)
    };
    index.releases.iter().map(shown).collect()
}

fn dist(tarball: &str) -> Value {
    json!({ "dist": { "tarball": tarball } })
}

#[test]
fn addresses_are_made_absolute_and_files_get_safe_names() {
    let index = read(
        "left-pad",
        &packument(json!({
            "1.0.0": dist("https://cdn.example/left-pad-1.0.0.tgz"),
            "1.0.1": dist("left-pad/-/old-name.tgz"),
            "1.0.2": dist("/d/%2e%2e%2fx.tgz"),
            "1.0.3": dist("https://cdn.example/d/0a1b2c"),
            "1.0.4": dist("https://cdn.example/left-pad-1.0.0.tgz"),
        })),
    )
    .unwrap();
    assert_eq!(
        files(&index),
        [
            "1.0.0 left-pad-1.0.0.tgz https://cdn.example/left-pad-1.0.0.tgz []",
            "1.0.1 old-name.tgz https://upstream.example/npm/left-pad/-/old-name.tgz []",
            "1.0.2 left-pad-1.0.2.tgz https://upstream.example/d/%2e%2e%2fx.tgz []",
            "1.0.3 left-pad-1.0.3.tgz https://cdn.example/d/0a1b2c []",
            "1.0.4 left-pad-1.0.4.tgz https://cdn.example/left-pad-1.0.0.tgz []",
        ]
    );
}

#[test]
fn versions_that_cannot_be_read_are_left_out() {
    let index = read(
        "left-pad",
        &packument(json!({
            "1.0.0": dist("https://cdn.example/a.tgz"),
            "1.0.0+again": dist("https://cdn.example/b.tgz"),
            "v2": dist("https://cdn.example/c.tgz"),
            "3.0.0": {},
            "3.0.1": "text",
            "3.0.2": dist("file:///etc/passwd"),
            "3.0.3": dist("https://user:pw@cdn.example/d.tgz"),
            "3.0.4": { "dist": ["https://cdn.example/e.tgz"] },
            "3.0.5": { "dist": { "tarball": 7 } },
            // Takes the name that this version needs for itself.
            "4.0.0": dist("https://cdn.example/left-pad-4.0.1.tgz"),
            "4.0.1": dist("https://cdn.example/x"),
        })),
    )
    .unwrap();
    assert_eq!(
        files(&index),
        [
            "1.0.0 a.tgz https://cdn.example/a.tgz []",
            "4.0.0 left-pad-4.0.1.tgz https://cdn.example/left-pad-4.0.1.tgz []",
        ]
    );
}

#[test]
fn stated_digests_are_read_and_nonsense_states_nothing() {
    let sha512 = format!("sha512-{}==", "A".repeat(86));
    let check = |dist: Value, expect: &[&str]| {
        let index = read("left-pad", &packument(json!({ "1.0.0": { "dist": dist } }))).unwrap();
        let digests = index.releases[0].artifacts[0].digests.clone();
        let found: Vec<_> = digests.iter().map(|digest| digest.algorithm().as_str()).collect();
        assert_eq!(found, expect);
    };
    let tarball = "https://cdn.example/a.tgz";
    check(
        json!({ "tarball": tarball, "shasum": "00".repeat(20), "integrity": sha512 }),
        &["sha1", "sha512"],
    );
    check(json!({ "tarball": tarball, "integrity": format!("sha384-xx {sha512}") }), &["sha512"]);
    check(json!({ "tarball": tarball, "shasum": "zz", "integrity": "sha512-x" }), &[]);
}

#[test]
fn documents_that_are_not_about_the_package_are_refused() {
    assert!(read("left-pad", &json!({ "name": "right-pad", "versions": {} })).is_err());
    assert!(read("left-pad", &json!({ "name": "Left-Pad", "versions": {} })).is_err());
    assert!(read("left-pad", &json!([])).is_err());
    assert!(read("left-pad", &json!({ "versions": [] })).is_err());
    assert!(read("left-pad", &json!({ "versions": null })).unwrap().releases.is_empty());
}

#[test]
fn an_unpublished_package_has_no_releases() {
    let time = json!({ "created": "2020-01-01T00:00:00.000Z", "unpublished": { "name": "al" } });
    let index = read("left-pad", &json!({ "name": "left-pad", "time": time })).unwrap();
    assert!(index.releases.is_empty() && index.created_at.is_some());
}

#[test]
fn scoped_names_stay_one_segment_upstream() {
    assert_eq!(request(&name::parse("@acme/x").unwrap()).path, "@acme%2fx");
    assert_eq!(request(&name::parse("JSONStream").unwrap()).path, "JSONStream");
}

/// From an upstream's document to ours.
fn proxied(document: &Value, key: &'static str) -> Value {
    let index = read("left-pad", document).unwrap();
    let view = PackageView {
        name: index.name,
        base_url: "https://registry.example/npm".into(),
        releases: index.releases,
        withheld: Vec::new(),
        tags: index.tags,
        owners: Vec::new(),
        extras: index.extras,
        members: Vec::new(),
        created_at: index.created_at,
        modified_at: index.modified_at.unwrap(),
        revision: 7,
        is_hosted: false,
    };
    let document = crate::packument::render(&view, &DocumentKey::from_static(key)).unwrap();
    serde_json::from_slice(&document.body).unwrap()
}

fn upstream_packument() -> Value {
    let integrity = format!("sha512-{}==", "A".repeat(86));
    json!({
        "_id": "left-pad", "_rev": "9-theirs", "name": "left-pad", "description": "Pads.",
        "dist-tags": { "latest": "1.0.0" },
        "versions": { "1.0.0": {
            "name": "left-pad", "version": "1.0.0", "_id": "left-pad@1.0.0", "main": "index.js",
            "dependencies": { "a": "^1.0.0" }, "engines": { "node": ">=0.10" },
            "readme": "long", "deprecated": "use String.prototype.padStart",
            "_npmUser": { "name": "al", "trustedPublisher": { "id": "github", "oidcConfigId": "c" } },
            "dist": {
                "tarball": "https://upstream.example/npm/left-pad/-/left-pad-1.0.0.tgz",
                "shasum": "00".repeat(20), "integrity": integrity, "fileCount": 3,
                "signatures": [{ "keyid": "SHA256:k", "sig": "s" }],
                "attestations": { "url": "https://upstream.example/a" },
            },
        } },
        "time": {
            "created": "2014-03-14T10:00:00.000Z",
            "modified": "2014-03-14T10:00:00.000Z",
            "1.0.0": "2014-03-14T11:00:00.000Z",
        },
        "maintainers": [{ "name": "al", "email": "al@upstream.example" }],
        "readme": "# long",
        "users": { "bo": true },
    })
}

#[test]
fn a_proxied_packument_keeps_what_clients_check_and_points_at_us() {
    insta::assert_json_snapshot!(proxied(&upstream_packument(), "packument"), @r#"
    {
      "_id": "left-pad",
      "_rev": "7-0004f48e22030800",
      "name": "left-pad",
      "dist-tags": {
        "latest": "1.0.0"
      },
      "versions": {
        "1.0.0": {
          "name": "left-pad",
          "version": "1.0.0",
          "dependencies": {
            "a": "^1.0.0"
          },
          "engines": {
            "node": ">=0.10"
          },
          "_id": "left-pad@1.0.0",
          "main": "index.js",
          "_npmUser": {
            "name": "al",
            "trustedPublisher": {
              "id": "github",
              "oidcConfigId": "c"
            }
          },
          "dist": {
            "integrity": "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "shasum": "0000000000000000000000000000000000000000",
            "tarball": "https://registry.example/npm/left-pad/-/left-pad-1.0.0.tgz",
            "fileCount": 3,
            "signatures": [
              {
                "keyid": "SHA256:k",
                "sig": "s"
              }
            ],
            "attestations": {
              "url": "https://upstream.example/a"
            }
          },
          "deprecated": "use String.prototype.padStart"
        }
      },
      "time": {
        "created": "2014-03-14T10:00:00.000Z",
        "modified": "2014-03-14T11:00:00.000Z",
        "1.0.0": "2014-03-14T11:00:00.000Z"
      },
      "maintainers": [
        {
          "name": "al",
          "email": "al@upstream.example"
        }
      ],
      "description": "Pads."
    }
    "#);
}

#[test]
fn a_proxied_abbreviated_packument_has_times_and_trust() {
    insta::assert_json_snapshot!(proxied(&upstream_packument(), "packument-abbreviated"), @r#"
    {
      "name": "left-pad",
      "modified": "2014-03-14T11:00:00.000Z",
      "dist-tags": {
        "latest": "1.0.0"
      },
      "versions": {
        "1.0.0": {
          "name": "left-pad",
          "version": "1.0.0",
          "dependencies": {
            "a": "^1.0.0"
          },
          "engines": {
            "node": ">=0.10"
          },
          "_npmUser": {
            "trustedPublisher": {
              "id": "github",
              "oidcConfigId": "c"
            }
          },
          "dist": {
            "integrity": "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "shasum": "0000000000000000000000000000000000000000",
            "tarball": "https://registry.example/npm/left-pad/-/left-pad-1.0.0.tgz",
            "fileCount": 3,
            "signatures": [
              {
                "keyid": "SHA256:k",
                "sig": "s"
              }
            ],
            "attestations": {
              "url": "https://upstream.example/a"
            }
          },
          "deprecated": "use String.prototype.padStart"
        }
      },
      "time": {
        "created": "2014-03-14T10:00:00.000Z",
        "modified": "2014-03-14T11:00:00.000Z",
        "1.0.0": "2014-03-14T11:00:00.000Z"
      }
    }
    "#);
}
