use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use vouchsafe_domain::index::{OwnerView, WithheldRelease};
use vouchsafe_domain::{Digest, Digests};

use super::*;
use crate::object::UniqueMap;
use crate::{name, stored, version};

fn release(package: &str, raw_version: &str, published_at: Option<i64>) -> ReleaseView {
    let manifest = json!({ "main": "x.js", "dependencies": { "a": "1" }, "bin": { "x": "x.js" } });
    let (manifest, dist) = (manifest.to_string(), r#"{"fileCount":2}"#);
    let version = version::parse(raw_version).unwrap();
    let digest = |algorithm: DigestAlgorithm| {
        Digest::from_bytes(algorithm, &vec![0; algorithm.len_bytes()]).unwrap()
    };
    let artifact = ArtifactView {
        filename: name::tarball(&name::parse(package).unwrap(), &version).unwrap(),
        size_bytes: Some(10),
        digests: Digests::from_iter([
            digest(DigestAlgorithm::Sha1),
            digest(DigestAlgorithm::Sha512),
        ]),
        published_at: None,
        upstream_url: None,
        extras: None,
    };
    ReleaseView {
        version,
        manifest: stored::store(&Fields::parse(&manifest).unwrap(), &Fields::parse(dist).unwrap())
            .into(),
        artifacts: vec![artifact],
        published_at: published_at.map(Timestamp::from_secs),
        yanked: None,
        deprecated: None,
    }
}

fn view() -> PackageView {
    let package = "@acme/x";
    let mut old = release(package, "1.0.0", None);
    old.deprecated = Some("say \"no\"".to_owned());
    let mut hidden = release(package, "1.0.1", Some(3_000));
    hidden.manifest = Arc::from(r#"{"slim":{},"rest":{},"dist":{}}"#);
    PackageView {
        name: name::parse(package).unwrap(),
        base_url: Arc::from("https://registry.example/npm"),
        releases: vec![old, release(package, "1.1.0+b1", Some(2_000))],
        withheld: vec![WithheldRelease { release: hidden, reason: "too young".to_owned() }],
        tags: BTreeMap::from([("latest".to_owned(), "1.1.0+b1".to_owned())]),
        owners: vec![OwnerView { number: 1, name: "alice".to_owned() }],
        extras: Some(Arc::from(
            r##"{"description":"X.","readme":"X","_rev":"forged","maintainers":[{"name":"mallory"}]}"##,
        )),
        members: Vec::new(),
        created_at: None,
        modified_at: Timestamp::from_secs(1_000),
        revision: 3,
        is_hosted: true,
    }
}

fn rendered(view: &PackageView, key: &str) -> Option<Value> {
    let document = render(view, &DocumentKey(key.to_owned().into()))?;
    Some(serde_json::from_slice(&document.body).unwrap())
}

#[test]
fn a_hosted_packument() {
    insta::assert_json_snapshot!(rendered(&view(), FULL).unwrap(), @r#"
    {
      "_id": "@acme/x",
      "_rev": "3-000000003b9aca00",
      "name": "@acme/x",
      "dist-tags": {
        "latest": "1.1.0+b1"
      },
      "versions": {
        "1.0.0": {
          "name": "@acme/x",
          "version": "1.0.0",
          "dependencies": {
            "a": "1"
          },
          "bin": {
            "x": "x.js"
          },
          "_id": "@acme/x@1.0.0",
          "main": "x.js",
          "dist": {
            "integrity": "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "shasum": "0000000000000000000000000000000000000000",
            "tarball": "https://registry.example/npm/@acme/x/-/x-1.0.0.tgz",
            "fileCount": 2
          },
          "deprecated": "say \"no\""
        },
        "1.1.0+b1": {
          "name": "@acme/x",
          "version": "1.1.0+b1",
          "dependencies": {
            "a": "1"
          },
          "bin": {
            "x": "x.js"
          },
          "_id": "@acme/x@1.1.0+b1",
          "main": "x.js",
          "dist": {
            "integrity": "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "shasum": "0000000000000000000000000000000000000000",
            "tarball": "https://registry.example/npm/@acme/x/-/x-1.1.0+b1.tgz",
            "fileCount": 2
          }
        }
      },
      "time": {
        "created": "1970-01-01T00:33:20.000Z",
        "modified": "1970-01-01T00:33:20.000Z",
        "1.1.0+b1": "1970-01-01T00:33:20.000Z"
      },
      "policyRestrictions": {
        "message": "too young",
        "versions": {
          "1.0.1": {
            "name": "@acme/x",
            "version": "1.0.1"
          }
        }
      },
      "maintainers": [
        {
          "name": "alice",
          "email": ""
        }
      ],
      "description": "X.",
      "readme": "X"
    }
    "#);
}

#[test]
fn a_hosted_abbreviated_packument() {
    insta::assert_json_snapshot!(rendered(&view(), ABBREVIATED).unwrap(), @r#"
    {
      "name": "@acme/x",
      "modified": "1970-01-01T00:33:20.000Z",
      "dist-tags": {
        "latest": "1.1.0+b1"
      },
      "versions": {
        "1.0.0": {
          "name": "@acme/x",
          "version": "1.0.0",
          "dependencies": {
            "a": "1"
          },
          "bin": {
            "x": "x.js"
          },
          "dist": {
            "integrity": "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "shasum": "0000000000000000000000000000000000000000",
            "tarball": "https://registry.example/npm/@acme/x/-/x-1.0.0.tgz",
            "fileCount": 2
          },
          "deprecated": "say \"no\""
        },
        "1.1.0+b1": {
          "name": "@acme/x",
          "version": "1.1.0+b1",
          "dependencies": {
            "a": "1"
          },
          "bin": {
            "x": "x.js"
          },
          "dist": {
            "integrity": "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "shasum": "0000000000000000000000000000000000000000",
            "tarball": "https://registry.example/npm/@acme/x/-/x-1.1.0+b1.tgz",
            "fileCount": 2
          }
        }
      },
      "time": {
        "created": "1970-01-01T00:33:20.000Z",
        "modified": "1970-01-01T00:33:20.000Z",
        "1.1.0+b1": "1970-01-01T00:33:20.000Z"
      },
      "policyRestrictions": {
        "message": "too young",
        "versions": {
          "1.0.1": {
            "name": "@acme/x",
            "version": "1.0.1"
          }
        }
      }
    }
    "#);
}

#[test]
fn a_manifest_is_found_by_version_or_tag() {
    let check = |key: &str, expect: Option<&str>| {
        let found = rendered(&view(), key);
        let id = found.as_ref().and_then(|manifest| manifest["_id"].as_str());
        assert_eq!(id, expect, "{key}");
    };
    check("manifest/1.0.0", Some("@acme/x@1.0.0"));
    check("manifest/latest", Some("@acme/x@1.1.0+b1"));
    check("manifest/1.1.0", Some("@acme/x@1.1.0+b1"));
    check("manifest/1.0.1", None);
    check("manifest/next", None);
    check("something-else", None);
}

/// A repeated key would be read differently by different clients.
#[test]
fn no_key_stands_twice() {
    for key in [FULL, ABBREVIATED] {
        let document = render(&view(), &DocumentKey::from_static(key)).unwrap();
        let text = String::from_utf8(document.body).unwrap();
        serde_json::from_str::<UniqueMap<Value>>(&text).unwrap();
        let versions = Fields::parse(&text).unwrap().get("versions").unwrap().get();
        let versions: UniqueMap<UniqueMap<&RawValue>> = serde_json::from_str(versions).unwrap();
        for (_, version) in &versions.0 {
            let (_, dist) = version.0.iter().find(|(key, _)| key == "dist").unwrap();
            serde_json::from_str::<UniqueMap<Value>>(dist.get()).unwrap();
        }
    }
}

#[test]
fn a_withheld_release_is_nowhere_but_among_the_restricted_ones() {
    for key in [FULL, ABBREVIATED] {
        let mut packument = rendered(&view(), key).unwrap();
        let restrictions = packument.as_object_mut().unwrap().remove("policyRestrictions");
        assert!(!packument.to_string().contains("1.0.1"));
        let expected = json!({
            "message": "too young",
            "versions": { "1.0.1": { "name": "@acme/x", "version": "1.0.1" } },
        });
        assert_eq!(restrictions, Some(expected));
    }
    let mut open = view();
    open.withheld.clear();
    assert!(rendered(&open, FULL).unwrap().get("policyRestrictions").is_none());
}

#[test]
fn of_many_withheld_releases_the_newest_are_explained() {
    let mut view = view();
    let withheld = (0..300).map(|minor| WithheldRelease {
        release: release("@acme/x", &format!("2.{minor}.0"), None),
        reason: format!("2.{minor}.0 is not allowed"),
    });
    view.withheld = withheld.collect();
    let packument = rendered(&view, ABBREVIATED).unwrap();
    let versions = packument["policyRestrictions"]["versions"].as_object().unwrap();
    assert_eq!(versions.len(), 200);
    assert!(versions.contains_key("2.299.0") && !versions.contains_key("2.99.0"));
    let message = packument["policyRestrictions"]["message"].as_str().unwrap();
    assert_eq!(message.lines().count(), 11, "{message}");
    assert!(message.starts_with("2.299.0 is not allowed\n2.298.0 is"), "{message}");
    assert!(message.ends_with("\nolder releases are withheld, too"), "{message}");
}

#[test]
fn the_forms_share_an_address_and_say_so() {
    for (key, content_type) in [(FULL, "application/json"), (ABBREVIATED, ABBREVIATED_TYPE)] {
        let document = render(&view(), &DocumentKey::from_static(key)).unwrap();
        assert_eq!(document.content_type, content_type);
        assert_eq!(document.headers, [("vary", "accept".to_owned())]);
    }
}

#[test]
fn modified_is_never_before_the_newest_release() {
    let packument = rendered(&view(), FULL).unwrap();
    assert_eq!(packument["time"]["modified"], "1970-01-01T00:33:20.000Z");
}

#[test]
fn each_revision_has_its_own_rev() {
    let mut later = view();
    later.revision += 1;
    let rev = |view: &PackageView| rendered(view, FULL).unwrap()["_rev"].clone();
    assert_ne!(rev(&view()), rev(&later));
}

#[test]
fn a_manifest_of_another_writer_is_left_out() {
    let mut broken = view();
    broken.releases[0].manifest = Arc::from("{}");
    let packument = rendered(&broken, FULL).unwrap();
    assert_eq!(packument["versions"].as_object().unwrap().len(), 1);
}
