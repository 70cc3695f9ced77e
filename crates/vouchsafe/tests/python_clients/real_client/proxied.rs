//! Public projects through this registry, from an upstream that speaks JSON and one that has
//! nothing but HTML.

use vouchsafe_testkit::http::get;
use vouchsafe_testkit::packages::{self, core_metadata, sha256_hex, wheel_with};
use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::stage::{Stage, wheel_name};

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const LONG_AGO: &str = "2020-01-02T03:04:05.678901Z";

/// One wheel at the upstream.
struct Upstreamed {
    name: &'static str,
    version: &'static str,
    more: &'static str,
    uploaded_at: String,
}

impl Upstreamed {
    fn old(name: &'static str, version: &'static str) -> Self {
        Self { name, version, more: "", uploaded_at: LONG_AGO.to_owned() }
    }

    fn new(name: &'static str, version: &'static str) -> Self {
        Self { uploaded_at: now(), ..Self::old(name, version) }
    }

    fn bytes(&self) -> Vec<u8> {
        wheel_with(self.name, self.version, self.more)
    }

    fn filename(&self) -> String {
        wheel_name(self.name, self.version)
    }

    fn path(&self) -> String {
        format!("/files/{}", self.filename())
    }
}

fn now() -> String {
    let output = std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
}

/// Puts wheels and their JSON page up, with metadata beside each wheel.
fn offer_json(upstream: &FakeUpstream, name: &str, wheels: &[Upstreamed]) {
    let mut files = Vec::new();
    for wheel in wheels {
        let bytes = wheel.bytes();
        let metadata = core_metadata(wheel.name, wheel.version, wheel.more);
        files.push(serde_json::json!({
            "filename": wheel.filename(),
            "url": format!("../..{}", wheel.path()),
            "hashes": {"sha256": sha256_hex(&bytes)},
            "size": bytes.len(),
            "upload-time": wheel.uploaded_at,
            "yanked": false,
            "core-metadata": {"sha256": sha256_hex(metadata.as_bytes())},
        }));
        upstream.on(&wheel.path(), Reply::ok("application/octet-stream", bytes));
        let path = format!("{}.metadata", wheel.path());
        upstream.on(&path, Reply::ok("application/octet-stream", metadata));
    }
    let versions: Vec<_> = wheels.iter().map(|wheel| wheel.version).collect();
    let page = serde_json::json!({
        "meta": {"api-version": "1.1"}, "name": name, "versions": versions, "files": files,
    });
    upstream.on(&format!("/simple/{name}/"), Reply::ok(JSON, page.to_string()));
}

/// Puts wheels and their HTML page up, as an old index would.
fn offer_html(upstream: &FakeUpstream, name: &str, wheels: &[Upstreamed]) {
    let mut page = String::from("<!DOCTYPE html><html><body>\n");
    for wheel in wheels {
        let bytes = wheel.bytes();
        let (path, file, sha256) = (wheel.path(), wheel.filename(), sha256_hex(&bytes));
        page.push_str(&format!("<a href=\"{path}#sha256={sha256}\">{file}</a><br/>\n"));
        upstream.on(&path, Reply::ok("application/octet-stream", bytes));
    }
    page.push_str("</body></html>\n");
    upstream.on(&format!("/simple/{name}/"), Reply::ok("text/html", page));
}

fn stage_over(upstream: &FakeUpstream, policy: &str) -> Stage {
    let url = upstream.url();
    Stage::new(&format!(
        "[upstreams.pypi]\nurl = \"{url}/simple/\"\nallow_private_network = true\n{policy}"
    ))
}

#[test]
fn a_json_upstream_is_asked_once_for_what_is_needed() {
    let upstream = FakeUpstream::start();
    let alpha = Upstreamed { more: "Requires-Dist: beta\n", ..Upstreamed::old("alpha", "1.0") };
    let path = alpha.path();
    offer_json(&upstream, "alpha", &[alpha]);
    offer_json(
        &upstream,
        "beta",
        &[Upstreamed::old("beta", "1.0"), Upstreamed::old("beta", "2.0")],
    );
    let stage = stage_over(&upstream, "");
    stage.uv_install("dry", &["--dry-run", "alpha"]).ok().says("beta==2.0");
    assert_eq!(upstream.hits(&format!("{path}.metadata")), 1);
    assert_eq!(upstream.hits(&path), 0, "a wheel was fetched to resolve");
    stage.pip_install("pip", &["alpha"]).ok();
    stage.has("pip", "beta-2.0.dist-info");
    stage.uv_install("uv", &["--no-cache", "alpha"]).ok();
    stage.has("uv", "beta-2.0.dist-info");
    assert_eq!(upstream.hits(&path), 1);
    let page = stage.page("alpha").json();
    assert_eq!(page["files"][0]["upload-time"], LONG_AGO);
    assert_eq!(
        page["files"][0]["url"],
        format!("{}/pypi{path}", stage.server.url()).replace("/files/", "/files/alpha/")
    );
}

#[test]
fn an_html_upstream_serves_clients_that_want_json() {
    let upstream = FakeUpstream::start();
    let alpha = Upstreamed { more: "Requires-Dist: beta\n", ..Upstreamed::old("alpha", "1.0") };
    offer_html(&upstream, "alpha", &[alpha]);
    offer_html(
        &upstream,
        "beta",
        &[Upstreamed::old("beta", "1.0"), Upstreamed::old("beta", "2.0")],
    );
    let stage = stage_over(&upstream, "");
    stage.uv_install("uv", &["alpha"]).ok();
    stage.has("uv", "beta-2.0.dist-info");
    stage.pip_install("pip", &["alpha"]).ok();
    stage.has("pip", "beta-2.0.dist-info");
    let page = stage.page("alpha");
    assert_eq!(page.header("content-type"), Some(JSON));
    assert_eq!(page.json()["files"][0]["upload-time"], serde_json::Value::Null);
}

#[test]
fn the_cooldown_leads_to_the_older_release_and_a_pin_is_told_why() {
    let upstream = FakeUpstream::start();
    let wheels = [Upstreamed::old("demo", "1.0"), Upstreamed::new("demo", "2.0")];
    offer_json(&upstream, "demo", &wheels);
    let stage = stage_over(&upstream, "[policy]\ncooldown = \"7d\"\n");
    stage.pip_install("pip", &["demo"]).ok();
    stage.has("pip", "demo-1.0.dist-info");
    stage.uv_install("uv", &["demo"]).ok();
    stage.has("uv", "demo-1.0.dist-info");
    let why = "pkg:pypi/demo@2.0 is younger than 7 days";
    stage.pip_install("pinned", &["demo==2.0"]).fails().says("403").says(why);
    stage.uv_install("pinned", &["demo==2.0"]).fails().says("403").says(why);
    assert_eq!(upstream.hits(&wheels[1].path()), 0);
    assert_eq!(upstream.hits(&format!("{}.metadata", wheels[1].path())), 0);
}

#[test]
fn a_project_that_is_withheld_as_a_whole_says_why() {
    let upstream = FakeUpstream::start();
    offer_json(
        &upstream,
        "demo",
        &[Upstreamed::old("demo", "1.0"), Upstreamed::old("demo", "2.0")],
    );
    let stage = stage_over(&upstream, "");
    stage.server.cli(&["policy", "deny", "pkg:pypi/demo", "--reason", "mines coins"]).ok();
    stage.wait_for("demo", |page| page["files"][0]["yanked"] != false);
    stage.uv_install("uv", &["demo"]).fails().says("mines coins");
    stage.uv_install("uv", &["demo==1.0"]).fails().says("mines coins");
    // pip says which versions there are; for the reason it must be asked for one.
    let unpinned = stage.pip_install("pip", &["demo"]).fails();
    unpinned.says("Ignored the following yanked versions: 1.0, 2.0");
    stage.pip_install("pip", &["demo==2.0"]).fails().says("403").says("mines coins");
}

#[test]
fn without_an_upload_time_the_cooldown_counts_from_when_a_file_was_first_seen() {
    let upstream = FakeUpstream::start();
    offer_html(&upstream, "demo", &[Upstreamed::old("demo", "1.0")]);
    let stage = stage_over(&upstream, "[policy]\ncooldown = \"7d\"\n");
    let why = "pkg:pypi/demo@1.0 is younger than 7 days";
    stage.uv_install("uv", &["demo"]).fails().says(why);
    stage.pip_install("pip", &["demo==1.0"]).fails().says("403").says(why);
    stage.server.cli(&["policy", "exempt", "pkg:pypi/demo@1.0", "--reason", "looked at"]).ok();
    stage.wait_for("demo", |page| page["files"][0]["yanked"] == false);
    stage.pip_install("pip", &["demo"]).ok();
}

#[test]
fn bytes_that_are_not_what_the_upstream_listed_are_refused_and_not_kept() {
    let upstream = FakeUpstream::start();
    let wheel = Upstreamed::old("demo", "1.0");
    offer_json(&upstream, "demo", &[Upstreamed::old("demo", "1.0")]);
    let forged = wheel_with("demo", "1.0", "Summary: forged\n");
    upstream.on(&wheel.path(), Reply::ok("application/octet-stream", forged));
    let stage = stage_over(&upstream, "");
    let why = "does not have the sha256 its index states";
    stage.pip_install("lib", &["demo"]).fails().says(why);
    stage.uv_install("lib", &["demo"]).fails().says(why);
    let target = format!("/pypi/files/demo/{}", wheel.filename());
    let answer = get(stage.server.address(), &target);
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("x-vouchsafe-code"), Some("upstream.digest-mismatch"));
    upstream.on(&wheel.path(), Reply::ok("application/octet-stream", wheel.bytes()));
    stage.pip_install("lib", &["demo"]).ok();
    let answer = get(stage.server.address(), &target);
    assert_eq!(packages::sha256_hex(&answer.body), sha256_hex(&wheel.bytes()));
}
