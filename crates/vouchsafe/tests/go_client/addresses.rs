//! What goes over the wire: each address has one spelling, and nothing else is one.

use vouchsafe_testkit::{FakeUpstream, http};

use crate::modules::{LONG_AGO, Module};
use crate::stage::{config, get, start};

#[test]
fn the_three_files_of_a_version_come_as_the_upstream_has_them() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, "corp.example/lib");
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = start(config(&upstream, ""));
    let info = get(&server, "corp.example/lib/@v/v1.0.0.info");
    assert_eq!((info.status, info.json()["Version"].as_str()), (200, Some("v1.0.0")));
    assert_eq!(info.json()["Time"], LONG_AGO);
    let go_mod = get(&server, "corp.example/lib/@v/v1.0.0.mod");
    assert_eq!(go_mod.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(go_mod.text(), "module corp.example/lib\n\ngo 1.24\n");
    let zip = get(&server, "corp.example/lib/@v/v1.0.0.zip");
    assert_eq!(zip.header("content-type"), Some("application/zip"));
    assert_eq!(zip.body, module.zip("v1.0.0", &go_mod.text(), "package lib\n"));
    get(&server, "corp.example/lib/@v/v1.0.0.zip");
    assert_eq!(upstream.hits(&module.file("v1.0.0.zip")), 1, "a file is fetched once");
}

#[test]
fn an_address_with_another_spelling_reaches_no_upstream() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, "corp.example/lib");
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = start(config(&upstream, ""));
    for path in [
        "corp.example/Lib/@v/list",
        "corp.example/!!lib/@v/list",
        "corp.example/lib/@v/v1.0.0.ZIP",
        "corp.example/lib/@v/V1.0.0.zip",
        "corp.example/lib/@v/%2e%2e/list",
        "corp.example/lib/@v/..%2fv1.0.0.zip",
        "corp.example/../corp.example/lib/@v/list",
        "corp.example//lib/@v/list",
        "corp.example/lib/@v/",
        "corp.example/lib/@v/v1.0.0.zip/",
        "corp.example%00/lib/@v/list",
        "@v/list",
        "con.example/aux/@v/list",
        "sumdb/sum.example/supported",
    ] {
        let answer = get(&server, path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    assert_eq!(upstream.all_hits(), 0, "{:?}", upstream.requests());
}

#[test]
fn nothing_is_published_and_other_methods_are_refused() {
    let server = start("");
    let token = server.user_and_token("alice");
    let bearer = format!("Bearer {token}");
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
        let path = "/golang/corp.example/lib/@v/v1.0.0.zip";
        let headers = [("authorization", bearer.as_str())];
        let answer = http::send(server.address(), method, path, &headers, b"zip");
        assert!(matches!(answer.status, 404 | 405), "{method}: {}", answer.status);
    }
}
