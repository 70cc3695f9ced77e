//! PostgreSQL and S3: one server on them, and several that share them.

use vouchsafe_testkit::{Bucket, Database, FakeUpstream, Reply, Server, http, packages};

use crate::{start, wait_until};

/// What nodes share.
struct Shared {
    database: Database,
    bucket: Bucket,
}

impl Shared {
    fn fresh(name: &str) -> Self {
        Self { database: Database::fresh(name), bucket: Bucket::fresh(name) }
    }

    fn config(&self) -> String {
        format!("[database]\nurl = \"{}\"\n{}", self.database.url(), self.bucket.section())
    }
}

fn publish(server: &Server, token: &str, name: &str, version: &str) -> u16 {
    send(server, token, name, &packages::npm_publish_body(name, version))
}

fn send(server: &Server, token: &str, name: &str, body: &[u8]) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    http::send(server.address(), "PUT", &format!("/npm/{name}"), &headers, body).status
}

fn lists(server: &Server, name: &str, version: &str) -> bool {
    let answer = http::get(server.address(), &format!("/npm/{name}"));
    answer.status == 200 && answer.json()["versions"].get(version).is_some()
}

fn status(server: &Server, path: &str) -> u16 {
    http::get(server.address(), path).status
}

#[test]
fn a_publish_on_one_node_is_seen_on_the_other() {
    let shared = Shared::fresh("nodes_publish");
    let (one, two) = (start(&shared.config()), start(&shared.config()));
    let token = one.user_and_token("alice");
    assert_eq!(publish(&one, &token, "shared", "1.0.0"), 201);
    // The other one holds its document in memory from now on.
    wait_until("the first release", || lists(&two, "shared", "1.0.0"));
    let download = http::get(two.address(), "/npm/shared/-/shared-1.0.0.tgz");
    assert!(download.body == packages::npm_tarball("shared", "1.0.0"));
    assert_eq!(publish(&one, &token, "shared", "1.1.0"), 201);
    wait_until("a release of a package in memory", || lists(&two, "shared", "1.1.0"));
    // And back, against the version that the first node has in memory.
    assert!(lists(&one, "shared", "1.1.0"));
    assert_eq!(publish(&two, &token, "shared", "1.2.0"), 201);
    wait_until("a release of the other node", || lists(&one, "shared", "1.2.0"));
    // The same bytes again are the same release; others are refused, wherever they are sent.
    assert_eq!(publish(&one, &token, "shared", "1.2.0"), 200);
    let manifest = b"{ \"name\": \"shared\", \"version\": \"1.2.0\" }";
    let other = packages::tar_gz(&[("package/package.json", manifest)]);
    let other = packages::npm_publish_body_of("shared", "1.2.0", &other);
    assert_eq!(send(&one, &token, "shared", &other) / 100, 4);
}

#[test]
fn a_revoked_token_is_refused_on_every_node() {
    let shared = Shared::fresh("nodes_token");
    let (one, two) = (start(&shared.config()), start(&shared.config()));
    let token = one.user_and_token("alice");
    let who = |server: &Server| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        http::send(server.address(), "GET", "/npm/-/whoami", &headers, b"").status
    };
    assert_eq!((who(&one), who(&two)), (200, 200));
    let bearer = format!("Bearer {token}");
    let sign_out = format!("/npm/-/user/token/{token}");
    let headers = [("authorization", bearer.as_str())];
    assert!(http::send(one.address(), "DELETE", &sign_out, &headers, b"").status < 300);
    assert_eq!(who(&one), 401, "the node that revoked it");
    wait_until("the token is refused by the other node", || who(&two) == 401);
}

#[test]
fn policy_and_claims_reach_every_node() {
    let upstream = FakeUpstream::start();
    let dist = serde_json::json!({
        "name": "outside", "dist-tags": { "latest": "1.0.0" },
        "time": { "created": "2020-01-01T00:00:00Z", "1.0.0": "2020-01-01T00:00:00Z" },
        "versions": { "1.0.0": { "name": "outside", "version": "1.0.0", "dist": {
            "tarball": format!("{}/outside/-/outside-1.0.0.tgz", upstream.url()),
            "shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        } } },
    });
    upstream.on("/outside", Reply::ok("application/json", dist.to_string()));
    let shared = Shared::fresh("nodes_policy");
    let config = format!(
        "{}[upstreams.npm]\nurl = \"{}/\"\nallow_private_network = true\n",
        shared.config(),
        upstream.url()
    );
    let (one, two) = (start(&config), start(&config));
    let token = one.user_and_token("alice");
    one.cli(&["claim", "add", "pkg:npm/inside"]).ok();
    wait_until("the claim of a name to be published", || {
        matches!(publish(&two, &token, "inside", "1.0.0"), 200 | 201)
    });
    let download = "/npm/inside/-/inside-1.0.0.tgz";
    for server in [&one, &two] {
        wait_until("it is served", || status(server, download) == 200);
        assert!(lists(server, "outside", "1.0.0"));
    }
    one.cli(&["policy", "deny", "pkg:npm/inside@1.0.0", "--reason", "bad"]).ok();
    one.cli(&["claim", "add", "pkg:npm/outside"]).ok();
    for server in [&one, &two] {
        wait_until("the denial", || status(server, download) == 403);
        wait_until("the claim", || status(server, "/npm/outside") == 404);
    }
}

mod real_client {
    use super::*;
    use crate::clients::Clients;

    #[test]
    fn each_ecosystem_publishes_to_one_node_and_installs_from_another() {
        let shared = Shared::fresh("nodes_clients");
        let (one, two) = (start(&shared.config()), start(&shared.config()));
        let token = one.user_and_token("alice");
        let publisher = Clients::at(&one.url(), &token, None);
        let reader = Clients::at(&two.url(), &token, None);
        publisher.cargo_publish("far-away");
        reader.cargo_install("far-away");
        publisher.npm_publish("far-away");
        reader.npm_install("far-away");
        publisher.twine_upload("far_away");
        reader.pip_install("far_away");
        one.cli(&["fsck"]).ok();
        for mut server in [one, two] {
            server.stop();
            assert!(!server.log().contains(shared.bucket.secret_key()));
        }
    }
}
