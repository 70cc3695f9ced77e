//! Module proxies that lie: about times, about bytes, and at length.

use vouchsafe_testkit::{FakeUpstream, Reply, Server};

use crate::modules::{LONG_AGO, Module};
use crate::stage::{config, eventually, get, listed, start};

const MODULE: &str = "corp.example/lib";
const COOLDOWN: &str = "[policy]\ncooldown = \"7d\"\n";

/// A server that asks its upstream for lists again on every request.
fn impatient(upstream: &FakeUpstream, rest: &str) -> Server {
    start(config(upstream, &format!("index_ttl_secs = 0\n{rest}")))
}

#[test]
fn a_version_that_was_not_in_the_list_before_is_new_whatever_its_time_says() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = impatient(&upstream, COOLDOWN);
    assert_eq!(listed(&server, MODULE), ["v1.0.0"]);
    module.list(&["v1.0.0", "v1.0.1"]);
    module.version("v1.0.1", LONG_AGO);
    let hits = upstream.hits(&module.file("list"));
    eventually("the new list is read", || {
        let versions = listed(&server, MODULE);
        assert_eq!(versions, ["v1.0.0"], "a backdated version is served");
        upstream.hits(&module.file("list")) > hits + 1
    });
    for file in ["v1.0.1.info", "v1.0.1.mod", "v1.0.1.zip"] {
        let answer = get(&server, &format!("{MODULE}/@v/{file}"));
        assert_eq!(answer.status, 403, "{file}: {}", answer.text());
        assert!(answer.text().contains("is younger than 7 days"), "{file}: {}", answer.text());
    }
    assert_eq!(upstream.hits(&module.file("v1.0.1.zip")), 0, "what is withheld is not fetched");
}

#[test]
fn a_time_that_was_stated_once_does_not_move_back() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0", "v1.0.1"]);
    module.version("v1.0.0", LONG_AGO);
    module.version("v1.0.1", "2999-01-01T00:00:00Z");
    let server = impatient(&upstream, COOLDOWN);
    assert_eq!(listed(&server, MODULE), ["v1.0.0"]);
    module.info("v1.0.1", "v1.0.1", LONG_AGO);
    assert_eq!(listed(&server, MODULE), ["v1.0.0"]);
    assert_eq!(get(&server, &format!("{MODULE}/@v/v1.0.1.info")).status, 403);
}

#[test]
fn a_branch_that_stands_for_a_withheld_version_is_withheld() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = impatient(&upstream, COOLDOWN);
    assert_eq!(listed(&server, MODULE), ["v1.0.0"]);
    module.list(&["v1.0.0", "v1.0.1"]);
    module.version("v1.0.1", LONG_AGO);
    eventually("the new list is read", || {
        listed(&server, MODULE);
        upstream.hits(&module.file("list")) > 2
    });
    for query in ["main", "latest"] {
        module.info(query, "v1.0.1", LONG_AGO);
        let path = match query {
            "latest" => format!("{MODULE}/@latest"),
            branch => format!("{MODULE}/@v/{branch}.info"),
        };
        let answer = get(&server, &path);
        assert_eq!(answer.status, 403, "{query}: {}", answer.text());
    }
}

#[test]
fn bytes_stay_as_they_were_first_seen() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = impatient(&upstream, "");
    let files = ["v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip"].map(|file| (file, module.file(file)));
    let first = files.each_ref().map(|(file, _)| get(&server, &format!("{MODULE}/@v/{file}")).body);
    let other = module.zip("v1.0.0", "module corp.example/lib\n", "package evil\n");
    upstream.on(&files[2].1, Reply::ok("application/zip", other));
    upstream.on(&files[1].1, Reply::ok("text/plain", "module corp.example/evil\n"));
    module.info("v1.0.0", "v1.0.0", "2021-01-01T00:00:00Z");
    for ((file, _), first) in files.iter().zip(&first) {
        let again = get(&server, &format!("{MODULE}/@v/{file}"));
        assert_eq!(again.status, 200);
        assert!(again.body == *first, "{file} was swapped");
    }
}

#[test]
fn an_answer_about_another_version_is_not_believed() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0"]);
    module.info("v1.0.0", "v9.9.9", LONG_AGO);
    module.info("main", "../../etc/passwd", LONG_AGO);
    let server = start(config(&upstream, ""));
    for file in ["v1.0.0.info", "main.info"] {
        let answer = get(&server, &format!("{MODULE}/@v/{file}"));
        assert_eq!(answer.status, 502, "{file}: {}", answer.text());
    }
}

#[test]
fn a_giant_list_is_refused_and_the_server_goes_on() {
    let upstream = FakeUpstream::start();
    let giant: String = (0..70_000).map(|n| format!("v1.0.{n}\n")).collect();
    upstream.on("/corp.example/many/@v/list", Reply::ok("text/plain", giant));
    let endless = "v1.0.0\n".repeat(1024 * 1024);
    upstream.on("/corp.example/long/@v/list", Reply::ok("text/plain", endless));
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0", "not-a-version", "v1.0.0", "v0.0.0-20231114221320-0123456789ab"]);
    module.version("v1.0.0", LONG_AGO);
    let server = start(config(&upstream, ""));
    for path in ["corp.example/many", "corp.example/long"] {
        let answer = get(&server, &format!("{path}/@v/list"));
        assert_eq!(answer.status, 502, "{path}: {}", answer.text());
    }
    assert!(listed(&server, MODULE).contains(&"v1.0.0".to_owned()));
}

#[test]
fn a_page_in_place_of_a_list_is_no_list() {
    let upstream = FakeUpstream::start();
    let page = "<html><body>Sign in to the hotel network</body></html>";
    upstream.on("/corp.example/lib/@v/list", Reply::ok("text/html", page));
    upstream.on("/corp.example/lib/@v/v1.0.0.info", Reply::ok("text/html", page));
    let server = start(config(&upstream, ""));
    let answer = get(&server, "corp.example/lib/@v/v1.0.0.info");
    assert_eq!(answer.status, 502, "{}", answer.text());
    let versions = get(&server, "corp.example/lib/@v/list");
    assert!(!versions.text().contains("html"), "{}", versions.text());
}

/// The list is believed for minutes; a tag that came after it must not be older for that.
#[test]
fn a_tag_that_the_known_list_lacks_is_new_whatever_its_time_says() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = start(config(&upstream, COOLDOWN));
    assert_eq!(listed(&server, MODULE), ["v1.0.0"]);
    module.list(&["v1.0.0", "v1.0.1"]);
    module.version("v1.0.1", LONG_AGO);
    for file in ["v1.0.1.info", "v1.0.1.mod", "v1.0.1.zip"] {
        let answer = get(&server, &format!("{MODULE}/@v/{file}"));
        assert_eq!(answer.status, 403, "{file}: {}", answer.text());
    }
    assert_eq!(upstream.hits(&module.file("v1.0.1.zip")), 0, "what is withheld is not fetched");
}
