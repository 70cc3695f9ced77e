//! Crates of an upstream, through source replacement and as a registry.

use vouchsafe_testkit::{Reply, Sandbox, packages};

use crate::sparse_upstream::{OLD, SparseUpstream, YOUNG};
use crate::stage::{Krate, Stage};

const MAIN: &str =
    "fn main() { println!(\"the answer is {}\", public_lib::answer() + own_lib::ANSWER) }\n";

fn with_upstream() -> (SparseUpstream, Stage) {
    let upstream = SparseUpstream::start();
    upstream.add("public-lib", "1.0.0", OLD);
    let stage = Stage::new(&upstream.config());
    (upstream, stage)
}

fn publish_own_lib(stage: &Stage) {
    let own = stage.krate("own-lib", "0.1.0").file("src/lib.rs", "pub const ANSWER: u32 = 1;\n");
    own.write().publish().ok();
}

#[test]
fn hosted_and_public_crates_come_from_one_address_by_source_replacement() {
    let (_upstream, stage) = with_upstream();
    publish_own_lib(&stage);
    let app = stage
        .krate("replaced", "0.1.0")
        .manifest("[dependencies]\npublic-lib = \"1\"\nown-lib = \"0.1\"");
    let app = app.file("src/main.rs", MAIN).write();
    app.cargo(&["run"]).ok().says("the answer is 43");
}

#[test]
fn hosted_and_public_crates_come_from_one_registry() {
    let (_upstream, stage) = with_upstream();
    publish_own_lib(&stage);
    let dependencies = "[dependencies]\npublic-lib = { version = \"1\", registry = \"vouchsafe\" }\n\
                        own-lib = { version = \"0.1\", registry = \"vouchsafe\" }";
    let app =
        stage.krate("registered", "0.1.0").manifest(dependencies).file("src/main.rs", MAIN).write();
    app.cargo(&["run"]).ok().says("the answer is 43");
    let source = format!("source = \"sparse+{}/cargo/index/\"", stage.server.url());
    assert_eq!(app.lock().matches(&source).count(), 2, "{}", app.lock());
}

#[test]
fn a_hosted_crate_may_depend_on_public_ones() {
    let (_upstream, stage) = with_upstream();
    let own = stage.krate("own-lib", "0.1.0").manifest("[dependencies]\npublic-lib = \"1\"");
    let own = own.file(
        "src/lib.rs",
        "pub const ANSWER: u32 = 1;\npub fn both() -> u32 { public_lib::answer() }\n",
    );
    own.write().cargo(&["publish"]).ok();
    let elsewhere = stage.another_home(None);
    let app = Krate::new(&elsewhere, "app", "0.1.0").manifest("[dependencies]\nown-lib = \"0.1\"");
    let app = app
        .file("src/main.rs", "fn main() { println!(\"the answer is {}\", own_lib::both()) }\n")
        .write();
    app.cargo(&["run"]).ok().says("Downloaded public-lib v1.0.0").says("the answer is 42");
}

#[test]
fn a_lock_file_made_without_this_registry_is_good_with_it() {
    let (upstream, stage) = with_upstream();
    let direct = Sandbox::new();
    direct.write(
        ".cargo/config.toml",
        &format!(
            "[source.crates-io]\nreplace-with = \"public\"\n[source.public]\nregistry = \"sparse+{}/index/\"\n",
            upstream.fake.url()
        ),
    );
    let dependency = "[dependencies]\npublic-lib = \"1\"";
    let before = Krate::new(&direct, "app", "0.1.0").manifest(dependency).write();
    before.cargo(&["generate-lockfile"]).ok();
    let after =
        stage.krate("app", "0.1.0").manifest(dependency).file("Cargo.lock", &before.lock()).write();
    after.cargo(&["build", "--locked"]).ok().says("Downloaded public-lib v1.0.0");
    assert_eq!(after.lock(), before.lock());
}

#[test]
fn what_an_upstream_line_says_is_kept() {
    let upstream = SparseUpstream::start();
    let more = format!(
        "\"pubtime\":\"{YOUNG}\",\"v\":2,\"features2\":{{\"extra\":[\"dep:gone\"]}},\"links\":\"native\",\
         \"rust_version\":\"1.60\",\"a_key_of_tomorrow\":[1,2]"
    );
    upstream.add_line("public-lib", "1.0.0", &more);
    let stage = Stage::new(&upstream.config());
    let line = stage.index_lines("pu/bl/public-lib").remove(0);
    assert_eq!(line["pubtime"], YOUNG);
    assert_eq!(line["v"], 2);
    assert_eq!(line["features2"]["extra"][0], "dep:gone");
    assert_eq!(line["links"], "native");
    assert_eq!(line["rust_version"], "1.60");
    assert_eq!(line["a_key_of_tomorrow"], serde_json::json!([1, 2]));
    assert_eq!(line["cksum"], packages::sha256_hex(&packages::krate("public-lib", "1.0.0")));
}

#[test]
fn a_crate_that_nobody_has_is_absent() {
    let (upstream, stage) = with_upstream();
    let app = stage.krate("app", "0.1.0").manifest("[dependencies]\nno-such-crate = \"1\"").write();
    app.cargo(&["build"]).fails().says("no matching package named `no-such-crate` found");
    assert_eq!(upstream.fake.hits("/index/no/-s/no-such-crate"), 1);
    let typo = stage.krate("typo", "0.1.0").manifest("[dependencies]\npublic_lib = \"1\"").write();
    typo.cargo(&["build"]).fails().says("public-lib");
}

#[test]
fn a_hosted_name_is_not_asked_upstream() {
    let (upstream, stage) = with_upstream();
    stage.publish("our-secret", "1.0.0");
    upstream.add("our-secret", "99.0.0", OLD);
    upstream.add("our_secret", "99.0.0", OLD);
    let asked_before =
        upstream.fake.requests().iter().filter(|(path, _)| path.contains("our")).count();
    let app = stage.krate("app", "0.1.0").manifest("[dependencies]\nour-secret = \"*\"").write();
    app.cargo(&["build"]).ok();
    assert_eq!(app.locked("our-secret"), "1.0.0");
    let typo = stage.krate("typo", "0.1.0").manifest("[dependencies]\nour_secret = \"*\"").write();
    typo.cargo(&["build"]).fails().says("our-secret");
    let asked = upstream.fake.requests().iter().filter(|(path, _)| path.contains("our")).count();
    assert_eq!(asked, asked_before, "{:?}", upstream.fake.requests());
}

#[test]
fn the_upstream_never_sees_a_token_of_this_registry() {
    let upstream = SparseUpstream::start();
    upstream.add("public-lib", "1.0.0", OLD);
    let stage = Stage::new(&format!("{}[access]\nread = \"signed-in\"\n", upstream.config()));
    let app = stage.krate("app", "0.1.0").manifest("[dependencies]\npublic-lib = \"1\"").write();
    app.cargo(&["build"]).ok().says("Downloaded public-lib v1.0.0");
    let requests = upstream.fake.requests();
    assert!(requests.iter().any(|(path, _)| path.starts_with("/dl/public-lib/1.0.0/")));
    for (path, headers) in requests {
        let is_clean = headers.iter().all(|(name, value)| {
            name != "authorization" && name != "cookie" && !value.contains(&stage.token)
        });
        assert!(is_clean, "{path}: {headers:?}");
    }
}

#[test]
fn a_file_that_is_not_what_the_index_says_is_not_let_through() {
    let (upstream, stage) = with_upstream();
    let cksum = packages::sha256_hex(&packages::krate("public-lib", "1.0.0"));
    let other = packages::krate("public-lib", "6.6.6");
    upstream
        .fake
        .on(&format!("/dl/public-lib/1.0.0/{cksum}"), Reply::ok("application/gzip", other));
    let app = stage.krate("app", "0.1.0").manifest("[dependencies]\npublic-lib = \"1\"").write();
    let ran = app.cargo(&["build"]).fails();
    ran.says("does not have the sha256 its index states; it was not admitted");
}

#[test]
fn what_was_fetched_once_is_there_while_the_upstream_is_not() {
    let (mut upstream, stage) = with_upstream();
    let dependency = "[dependencies]\npublic-lib = \"1\"";
    stage.krate("first", "0.1.0").manifest(dependency).write().cargo(&["build"]).ok();
    upstream.fake.down();
    let elsewhere = stage.another_home(None);
    let second = Krate::new(&elsewhere, "second", "0.1.0").manifest(dependency).write();
    second.cargo(&["build"]).ok().says("Downloaded public-lib v1.0.0");
}
