//! Upstreams that would lead this registry somewhere else.

use serde_json::{Value, json};
use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::stage::{Stage, archive};
use crate::upstream::{config, offer, old, start};

/// Somebody on this machine who must not be asked, with a secret.
fn neighbor() -> FakeUpstream {
    let neighbor = FakeUpstream::start();
    let secret = archive("acme/a", "secret", json!({}));
    neighbor.on("/secret.zip", Reply::ok("application/zip", secret));
    neighbor.on("/packages.json", Reply::ok("application/json", "{}"));
    neighbor
}

fn dist(url: &str) -> Value {
    json!({ "dist": { "type": "zip", "url": url, "reference": "abc", "shasum": "" } })
}

#[test]
fn archives_that_lie_elsewhere_on_the_private_network_are_not_fetched() {
    let (upstream, neighbor) = (start(), neighbor());
    let port = neighbor.url().rsplit(':').next().unwrap().to_owned();
    let urls = [
        format!("{}/secret.zip", neighbor.url()),
        format!("http://localhost:{port}/secret.zip"),
        format!("http://[::ffff:127.0.0.1]:{port}/secret.zip"),
        format!("http://2130706433:{port}/secret.zip"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://10.0.0.1/secret.zip".to_owned(),
    ];
    let urls_by_patch = urls.iter().enumerate();
    let offers: Vec<_> = urls_by_patch
        .map(|(patch, url)| old(&format!("1.0.{patch}")).with(dist(url)))
        .rev()
        .collect();
    offer(&upstream, "acme/a", &offers);
    let stage = Stage::with_config(&config(&upstream, "", ""));
    for (patch, url) in urls.iter().enumerate() {
        let path = stage.dist_path("acme/a", &format!("1.0.{patch}"));
        let answer = stage.ask("GET", &path, b"");
        assert_eq!(answer.status, 502, "{url}: {}", answer.text());
        assert!(!answer.text().contains("version.php"), "{url}: {}", answer.text());
    }
    assert_eq!(neighbor.all_hits(), 0);
}

#[test]
fn addresses_that_are_no_web_addresses_are_left_out() {
    let upstream = start();
    let offers: Vec<_> = [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x.zip",
        "ssh://git@127.0.0.1/x",
        "data:,x",
        "http://user:pw@127.0.0.1/x.zip",
        "",
        "http://",
    ]
    .iter()
    .enumerate()
    .map(|(patch, url)| old(&format!("1.0.{patch}")).with(dist(url)))
    .collect();
    offer(&upstream, "acme/a", &offers);
    let stage = Stage::with_config(&config(&upstream, "", ""));
    assert_eq!(stage.versions("acme/a"), Vec::<Value>::new());
    // Other ways to install than from an archive of a kind that is served.
    let ways = ["path", "rar", "phar", "../zip", "git"];
    let offers: Vec<_> = ways
        .iter()
        .map(|kind| {
            let url = format!("{}/x.zip", upstream.url());
            old("1.0.0").with(json!({ "dist": { "type": kind, "url": url, "reference": "abc" } }))
        })
        .collect();
    offer(&upstream, "acme/b", &offers);
    assert_eq!(stage.versions("acme/b"), Vec::<Value>::new());
}

#[test]
fn redirects_into_the_private_network_are_not_followed() {
    let (upstream, neighbor) = (start(), neighbor());
    let offered = old("1.0.0").without_shasum();
    offer(&upstream, "acme/a", std::slice::from_ref(&offered));
    let to = format!("{}/secret.zip", neighbor.url());
    upstream.on(&offered.dist_path("acme/a"), Reply::status(302).header("location", &to));
    upstream.on("/p2/acme/b.json", Reply::status(302).header("location", &to));
    let stage = Stage::with_config(&config(&upstream, "", ""));
    let answer = stage.ask("GET", &stage.dist_path("acme/a", "1.0.0"), b"");
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert_eq!(stage.ask("GET", "/p2/acme/b.json", b"").status, 502);
    assert_eq!(neighbor.all_hits(), 0);
}

#[test]
fn a_root_that_points_into_the_private_network_is_not_followed() {
    let (upstream, neighbor) = (FakeUpstream::start(), neighbor());
    let root =
        json!({ "packages": [], "metadata-url": format!("{}/%package%.json", neighbor.url()) });
    upstream.on("/packages.json", Reply::ok("application/json", root.to_string()));
    let stage = Stage::with_config(&config(&upstream, "", ""));
    assert_eq!(stage.ask("GET", "/p2/acme/a.json", b"").status, 502);
    assert_eq!(neighbor.all_hits(), 0);
}

#[test]
fn a_list_that_mentions_other_packages_says_nothing_about_them() {
    let upstream = start();
    let entry = |name: &str, version: &str| {
        json!({
            "name": name, "version": version,
            "dist": { "type": "zip", "url": format!("{}/x.zip", upstream.url()), "reference": "a" },
        })
    };
    let list = json!({ "packages": {
        "acme/a": [entry("acme/a", "1.0.0"), entry("acme/other", "2.0.0")],
        "acme/other": [entry("acme/other", "9.9.9")],
    } });
    upstream.on("/p2/acme/a.json", Reply::ok("application/json", list.to_string()));
    let stage = Stage::with_config(&config(&upstream, "", ""));
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
    let served = stage.ask("GET", "/p2/acme/a.json", b"").json();
    assert_eq!(served["packages"].as_object().unwrap().len(), 1);
    assert_eq!(stage.ask("GET", "/p2/acme/other.json", b"").status, 404);
}

#[test]
fn texts_of_an_upstream_cannot_draw_on_a_terminal() {
    let upstream = start();
    let more = json!({ "abandoned": "\u{1b}[2Jnothing to see", "description": "\u{1b}]0;x\u{7}" });
    offer(&upstream, "acme/a", &[old("1.0.0").with(more)]);
    let stage = Stage::with_config(&config(&upstream, "", ""));
    let entry = stage.versions("acme/a").remove(0);
    assert_eq!(entry["abandoned"], true, "no name of a package");
}
