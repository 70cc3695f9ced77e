//! An ecosystem with a host name of its own, whose addresses begin at the root.

use vouchsafe_testkit::{Answer, Server, http, packages};

use crate::start;

/// A server at `127.0.0.1` on which one ecosystem has the name `localhost`.
fn server_with_own_name(ecosystem: &str) -> (Server, String) {
    let mut server = start("");
    // Its port is known now; the name goes with it.
    let port = server.address().rsplit(':').next().unwrap().to_owned();
    server.stop();
    let own = format!("http://localhost:{port}");
    server.set_config(format!("[ecosystems.{ecosystem}]\npublic_url = \"{own}\"\n"));
    server.up();
    (server, own)
}

fn get_as(server: &Server, host: &str, path: &str) -> Answer {
    http::send(server.address(), "GET", path, &[("host", host)], b"")
}

#[test]
fn the_host_decides_what_the_root_is() {
    let (server, own) = server_with_own_name("npm");
    let host = own.strip_prefix("http://").unwrap();
    assert_eq!(get_as(&server, host, "/-/ping").json(), serde_json::json!({}));
    assert_eq!(get_as(&server, &host.to_uppercase(), "/-/ping").status, 200);
    assert_eq!(get_as(&server, server.address(), "/-/ping").status, 404);
    assert_eq!(get_as(&server, server.address(), "/npm/-/ping").status, 200);
    // A package there may be called like an ecosystem or a page.
    assert_eq!(
        get_as(&server, host, "/pypi").json()["error"].as_str().map(str::is_empty),
        Some(false)
    );
    assert_eq!(get_as(&server, "stranger.example", "/-/ping").status, 404);
    assert_eq!(get_as(&server, server.address(), "/pypi/simple/").status, 200);
}

#[test]
fn documents_name_the_own_address_whoever_asks() {
    let (server, own) = server_with_own_name("npm");
    let token = server.user_and_token("alice");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = packages::npm_publish_body("at-home", "1.0.0");
    assert_eq!(http::send(server.address(), "PUT", "/npm/at-home", &headers, &body).status, 201);
    let tarball = |answer: Answer| {
        answer.json()["versions"]["1.0.0"]["dist"]["tarball"].as_str().unwrap().to_owned()
    };
    let host = own.strip_prefix("http://").unwrap();
    let expected = format!("{own}/at-home/-/at-home-1.0.0.tgz");
    assert_eq!(tarball(get_as(&server, host, "/at-home")), expected);
    assert_eq!(tarball(get_as(&server, server.address(), "/npm/at-home")), expected);
    assert_eq!(get_as(&server, host, "/at-home/-/at-home-1.0.0.tgz").status, 200);
}

mod real_client {
    use super::*;
    use vouchsafe_testkit::Sandbox;

    #[test]
    fn npm_publishes_and_installs_at_the_root() {
        let (server, own) = server_with_own_name("npm");
        let token = server.user_and_token("alice");
        let sandbox = Sandbox::new();
        let bare = own.strip_prefix("http:").unwrap();
        sandbox.write(".npmrc", &format!("registry={own}/\n{bare}/:_authToken={token}\n"));
        let manifest =
            "{ \"name\": \"@home/rooted\", \"version\": \"1.0.0\", \"license\": \"MIT\" }";
        sandbox.write("package/package.json", manifest);
        sandbox.run(&sandbox.dir("package"), "npm", &["publish"]).ok();
        sandbox.write("use/package.json", "{ \"name\": \"consumer\", \"version\": \"0.1.0\" }");
        let consumer = sandbox.dir("use");
        sandbox.run(&consumer, "npm", &["install", "@home/rooted"]).ok();
        sandbox.run(&consumer, "npm", &["whoami"]).ok().says("alice");
        // npm sends what it asks of an audit to the root as well.
        sandbox.run(&consumer, "npm", &["view", "@home/rooted", "version"]).ok().says("1.0.0");
    }

    #[test]
    fn cargo_fetches_from_the_root() {
        let (server, own) = server_with_own_name("cargo");
        let token = server.user_and_token("alice");
        let headers = [("authorization", token.as_str())];
        let body = packages::krate_publish_body("rooted", "1.0.0");
        let put = http::send(server.address(), "PUT", "/cargo/api/v1/crates/new", &headers, &body);
        assert_eq!(put.status, 200);
        let sandbox = Sandbox::new();
        let config = format!("[registries.own]\nindex = \"sparse+{own}/index/\"\n");
        sandbox.write(".cargo/config.toml", &config);
        let manifest = "[package]\nname = \"consumer\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
                        [dependencies]\nrooted = { version = \"1\", registry = \"own\" }\n";
        sandbox.write("use/Cargo.toml", manifest);
        sandbox.write("use/src/lib.rs", "");
        sandbox.run(&sandbox.dir("use"), "cargo", &["fetch"]).ok();
    }

    #[test]
    fn pip_installs_from_the_root() {
        let (server, own) = server_with_own_name("pypi");
        let token = server.user_and_token("alice");
        let wheel = packages::wheel("rooted", "1.0.0");
        let filename = "rooted-1.0.0-py3-none-any.whl";
        let (content_type, body) = packages::pypi_upload("rooted", "1.0.0", filename, &wheel);
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type.as_str())];
        let sent = http::send(server.address(), "POST", "/pypi/legacy/", &headers, &body);
        assert_eq!(sent.status, 200);
        let sandbox = Sandbox::new();
        let index = format!("{own}/simple/");
        let args = ["install", "--index-url", &index, "--target", ".", "rooted"];
        sandbox.run(&sandbox.dir("site"), "pip", &args).ok();
    }
}
