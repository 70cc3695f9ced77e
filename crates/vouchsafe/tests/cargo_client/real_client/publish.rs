//! `cargo publish`, and what a person reads when it is refused.

use serde_json::json;
use vouchsafe_testkit::http;

use crate::sparse_upstream::{OLD, SparseUpstream};
use crate::stage::{Krate, Stage};

#[test]
fn a_crate_is_built_published_and_at_once_installable() {
    let stage = Stage::new("");
    let lib = stage.krate("hello-lib", "0.1.0");
    let lib =
        lib.file("src/lib.rs", "pub fn hello() -> &'static str { \"hello from the registry\" }\n");
    // Neither a registry nor a folder is named: `client setup` made this one the default.
    lib.write().cargo(&["publish"]).ok().says("Published hello-lib v0.1.0 at registry `vouchsafe`");

    let app = stage.krate("hello-app", "0.1.0");
    let app = app.manifest("[dependencies]\nhello-lib = \"0.1\"");
    let app =
        app.file("src/main.rs", "fn main() { println!(\"{}\", hello_lib::hello()) }\n").write();
    app.cargo(&["run"]).ok().says("Downloaded hello-lib v0.1.0").says("hello from the registry");
    app.cargo(&["run", "--locked"]).ok();
}

#[test]
fn a_pair_of_crates_is_published_from_one_workspace_in_one_command() {
    let stage = Stage::new("");
    let home = &stage.home;
    home.write(
        "pair/Cargo.toml",
        "[workspace]\nmembers = [\"pair-base\", \"pair-top\"]\nresolver = \"2\"\n",
    );
    let package = |name: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
             description = \"One of a pair\"\nlicense = \"MIT\"\n"
        )
    };
    home.write("pair/pair-base/Cargo.toml", &package("pair-base"));
    home.write("pair/pair-base/src/lib.rs", "pub const ANSWER: u32 = 42;\n");
    let dependency = "[dependencies]\npair-base = { path = \"../pair-base\", version = \"1\", registry = \"vouchsafe\" }\n";
    home.write("pair/pair-top/Cargo.toml", &(package("pair-top") + dependency));
    home.write("pair/pair-top/src/lib.rs", "pub const ANSWER: u32 = pair_base::ANSWER;\n");
    let dir = home.home().join("pair");
    let published = home.run(&dir, "cargo", &["publish", "--workspace"]).ok();
    published
        .says("Published pair-base v1.0.0")
        .says("Published pair-top v1.0.0 at registry `vouchsafe`");

    let top = stage.index_lines("pa/ir/pair-top");
    let expected = json!([{
        "name": "pair-base", "req": "^1", "features": [], "optional": false,
        "default_features": true, "target": null, "kind": "normal",
    }]);
    assert_eq!(top[0]["deps"], expected, "the dependency is in this registry: no `registry` key");

    let app = stage.krate("pair-user", "0.1.0");
    let app =
        app.manifest("[dependencies]\npair-top = { version = \"1\", registry = \"vouchsafe\" }");
    app.write().cargo(&["build"]).ok().says("Downloaded pair-base v1.0.0");
}

#[test]
fn a_version_is_published_once() {
    let stage = Stage::new("");
    stage.publish("only-once", "1.0.0");
    let again = stage.krate("only-once", "1.0.0").file("src/lib.rs", "pub fn other() {}\n").write();
    again.publish().fails().says("crate only-once@1.0.0 already exists on `vouchsafe` index");

    // Cargo has looked first. Who does not look, or looked too early, hears it from the registry.
    let body = vouchsafe_testkit::packages::krate_publish_body("only-once", "1.0.0");
    let authorization = [("authorization", stage.token.as_str())];
    let answer = http::send(
        stage.server.address(),
        "PUT",
        "/cargo/api/v1/crates/new",
        &authorization,
        &body,
    );
    assert_eq!(answer.status, 409);
    let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    let expected = "pkg:cargo/only-once@1.0.0 already exists, and a release never changes; publish a new version";
    assert!(detail.starts_with(expected), "{detail}");

    // Build metadata makes no other version.
    let twin = stage.krate("only-once", "1.0.0+rebuilt").write();
    twin.publish().fails().says("already exists");
    assert_eq!(stage.index_lines("on/ly/only-once").len(), 1);
}

#[test]
fn warnings_reach_the_publisher() {
    let stage = Stage::new("");
    let krate = stage
        .krate("warned", "0.1.0")
        .manifest("keywords = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]");
    krate.write().publish().ok().says("warning: the manifest has more than 5 keywords");
}

#[test]
fn a_crate_over_the_limit_is_refused_with_the_limit() {
    let stage = Stage::new("[ecosystems.cargo]\nmax_artifact_mb = 1\n");
    let krate = stage.krate("too-large", "0.1.0").write();
    // Every byte differs from what compression expects of it.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(9 * 1024 * 1024)
    .collect();
    std::fs::write(krate.dir.join("noise.bin"), noise).unwrap();
    let ran = krate.cargo(&["publish", "--no-verify", "--allow-dirty"]).fails();
    ran.says("status 413").says("1048576 bytes").says("/errors/request.too-large");
    let absent = http::get(stage.server.address(), "/cargo/index/to/o-/too-large");
    assert_eq!(absent.status, 404);
}

#[test]
fn what_cargo_says_about_a_crate_comes_out_of_cargo_info() {
    let stage = Stage::new("");
    let krate = stage
        .krate("described", "0.3.0")
        .manifest("rust-version = \"1.70\"\n[features]\nextra = []");
    krate.write().publish().ok();
    let elsewhere = stage.another_home(None);
    let dir = elsewhere.dir("anywhere");
    let info = elsewhere.run(&dir, "cargo", &["info", "described", "--registry", "vouchsafe"]).ok();
    info.says("The crate described")
        .says("version: 0.3.0")
        .says("rust-version: 1.70")
        .says("extra");
}

#[test]
fn a_crate_of_another_registry_keeps_its_address() {
    let stage = Stage::new("");
    let elsewhere = SparseUpstream::start();
    elsewhere.add("far-away", "2.0.0", OLD);
    let index = format!("sparse+{}/index/", elsewhere.fake.url());
    let config = format!("[registries.elsewhere]\nindex = \"{index}\"\n");
    let krate = Krate::new(&stage.home, "far-reaching", "0.1.0");
    let krate = krate.file(".cargo/config.toml", &config);
    let krate =
        krate.manifest("[dependencies]\nfar-away = { version = \"2\", registry = \"elsewhere\" }");
    krate.write().publish().ok();
    let line = stage.index_lines("fa/r-/far-reaching").remove(0);
    assert_eq!(line["deps"][0]["registry"], index.as_str());
}
