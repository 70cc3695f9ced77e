//! An upstream with one package that has something wrong with its newer releases.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use vouchsafe_domain::Timestamp;
use vouchsafe_testkit::{FakeUpstream, Reply, packages};

/// The package.
pub(crate) const NAME: &str = "left-lib";

/// Serves [`NAME`] in 1.0.0 and 1.1.0 (old), 1.2.0 (old, to be denied) and 2.0.0 (an hour old).
pub(crate) fn start() -> FakeUpstream {
    let upstream = FakeUpstream::start();
    let base = upstream.url();
    let versions = ["1.0.0", "1.1.0", "1.2.0", "2.0.0"];
    let mut manifests = json!({});
    let mut time = json!({ "created": "2015-01-01T00:00:00.000Z" });
    for version in versions {
        let tarball = packages::npm_tarball(NAME, version);
        let body = packages::npm_publish_body_of(NAME, version, &tarball);
        let body: Value = serde_json::from_slice(&body).unwrap();
        let mut manifest = body["versions"][version].clone();
        let path = format!("/{NAME}/-/{NAME}-{version}.tgz");
        manifest["dist"]["tarball"] = format!("{base}{path}").into();
        manifests[version] = manifest;
        let hours = if version == "2.0.0" { 1 } else { 24 * 1000 };
        let at = Timestamp::from(SystemTime::now()).minus(Duration::from_secs(3600 * hours));
        time[version] = at.to_rfc3339_millis().into();
        upstream.on(&path, Reply::ok("application/octet-stream", tarball));
    }
    let packument = json!({
        "_id": NAME, "name": NAME, "versions": manifests, "time": time,
        "dist-tags": { "latest": "2.0.0", "stable": "1.1.0", "next": "2.0.0" },
    });
    upstream.on(&format!("/{NAME}"), Reply::ok("application/json", packument.to_string()));
    upstream
}

/// The configuration that proxies this upstream.
pub(crate) fn config(upstream: &FakeUpstream) -> String {
    let url = upstream.url();
    format!("[upstreams.npm]\nurl = \"{url}\"\nallow_private_network = true\n")
}
