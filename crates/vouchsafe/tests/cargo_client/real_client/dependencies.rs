//! What resolvers need to know survives publishing: requirements, features, names, targets.

use serde_json::{Value, json};

use crate::stage::{Krate, Stage};

/// A crate that uses everything a manifest can say about a dependency.
const MANIFEST: &str = r#"
links = "everything"
rust-version = "1.60"
build = "build.rs"

[features]
default = ["std"]
std = []
fast = ["dep:speedy", "helper?/turbo"]
all = ["fast", "std"]

[dependencies]
plain = { version = "1.2", registry = "vouchsafe" }
speedy = { version = "~0.3.1", optional = true, registry = "vouchsafe" }
helper = { version = "1", optional = true, default-features = false, features = ["base"], registry = "vouchsafe" }
nick = { package = "long-name", version = "=1.0.0", registry = "vouchsafe" }

[target.'cfg(unix)'.dependencies]
unixy = { version = ">=1, <3", registry = "vouchsafe" }

[target.x86_64-pc-windows-msvc.dependencies]
windowsy = { version = "1", registry = "vouchsafe" }

[build-dependencies]
builder = { version = "1", registry = "vouchsafe" }

[dev-dependencies]
tester = { version = "1", registry = "vouchsafe" }
"#;

fn publish_all_dependencies(stage: &Stage) {
    for (name, version) in [
        ("plain", "1.2.3"),
        ("speedy", "0.3.1"),
        ("long-name", "1.0.0"),
        ("unixy", "2.5.0"),
        ("windowsy", "1.0.0"),
        ("builder", "1.0.0"),
        ("tester", "1.0.0"),
    ] {
        let lib = "pub fn name() -> &'static str { env!(\"CARGO_PKG_NAME\") }\n";
        stage.krate(name, version).file("src/lib.rs", lib).write().publish().ok();
    }
    let helper = stage.krate("helper", "1.4.0").manifest("[features]\nbase = []\nturbo = []");
    let lib = "pub const IS_TURBO: bool = cfg!(feature = \"turbo\");\npub const IS_BASE: bool = cfg!(feature = \"base\");\n";
    helper.file("src/lib.rs", lib).write().publish().ok();
}

fn publish_everything(stage: &Stage) {
    let krate = Krate::new(&stage.home, "everything", "0.1.0").manifest(MANIFEST);
    let krate = krate.file("build.rs", "fn main() { assert_eq!(builder::name(), \"builder\"); }\n");
    let lib = "pub fn nick() -> &'static str { nick::name() }\n\
               #[cfg(feature = \"fast\")]\n\
               pub fn speedy() -> &'static str { speedy::name() }\n";
    krate.file("src/lib.rs", lib).write().publish().ok();
}

#[test]
fn the_index_line_says_what_the_manifest_says() {
    let stage = Stage::new("");
    publish_all_dependencies(&stage);
    publish_everything(&stage);
    let line = stage.index_lines("ev/er/everything").remove(0);
    let dependency = |name: &str, req: &str, kind: &str, more: Value| {
        let mut all = json!({
            "name": name, "req": req, "features": [], "optional": false,
            "default_features": true, "target": null, "kind": kind,
        });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let expected = json!([
        dependency(
            "helper",
            "^1",
            "normal",
            json!({"optional": true, "default_features": false, "features": ["base"]})
        ),
        dependency("nick", "=1.0.0", "normal", json!({"package": "long-name"})),
        dependency("plain", "^1.2", "normal", json!({})),
        dependency("speedy", "~0.3.1", "normal", json!({"optional": true})),
        dependency("unixy", ">=1, <3", "normal", json!({"target": "cfg(unix)"})),
        dependency("windowsy", "^1", "normal", json!({"target": "x86_64-pc-windows-msvc"})),
        dependency("builder", "^1", "build", json!({})),
        dependency("tester", "^1", "dev", json!({})),
    ]);
    assert_eq!(line["deps"], expected);
    assert_eq!(line["features"], json!({"default": ["std"], "std": []}));
    let new_syntax = json!({"all": ["fast", "std"], "fast": ["dep:speedy", "helper?/turbo"]});
    assert_eq!(line["features2"], new_syntax);
    assert_eq!(line["v"], 2);
    assert_eq!(line["links"], "everything");
    assert_eq!(line["rust_version"], "1.60");
    assert_eq!(line["yanked"], false);
}

#[test]
fn features_renames_targets_and_build_dependencies_work_for_a_dependant() {
    let stage = Stage::new("");
    publish_all_dependencies(&stage);
    publish_everything(&stage);
    let app = stage.krate("uses-everything", "0.1.0").manifest(
        "[dependencies]\n\
         everything = { version = \"0.1\", registry = \"vouchsafe\", features = [\"all\"] }\n\
         helper = { version = \"1\", registry = \"vouchsafe\" }",
    );
    let main = "fn main() {\n\
                println!(\"{} {} turbo={} base={}\", everything::nick(), everything::speedy(), \
                helper::IS_TURBO, helper::IS_BASE);\n}\n";
    let app = app.file("src/main.rs", main).write();
    // `helper?/turbo` switches nothing on by itself; `helper` is not enabled as a feature.
    app.cargo(&["run"]).ok().says("long-name speedy turbo=false base=false");
    let lock = app.lock();
    assert!(
        !lock.contains("\"tester\""),
        "development dependencies are not a dependant's:\n{lock}"
    );
    assert!(lock.contains("\"windowsy\""), "a lock file covers every target:\n{lock}");
    let unix = app.cargo(&["tree", "--target", "x86_64-unknown-linux-gnu"]).ok();
    assert!(
        unix.stdout.contains("unixy v2.5.0") && !unix.stdout.contains("windowsy"),
        "{}",
        unix.stdout
    );
}

#[test]
fn the_newest_version_that_fits_is_taken_and_no_prerelease_unasked() {
    let stage = Stage::new("");
    // Out of order, as maintainers of several lines publish.
    for version in ["1.0.0", "2.0.0-rc.1", "1.10.0", "1.9.3", "2.0.0+build.5", "1.2.0-alpha.1"] {
        stage.publish("many", version);
    }
    let check = |folder: &str, requirement: &str, expected: &str| {
        let app = stage.krate(folder, "0.1.0");
        let line = format!(
            "[dependencies]\nmany = {{ version = \"{requirement}\", registry = \"vouchsafe\" }}"
        );
        let app = app.manifest(&line).write();
        app.cargo(&["generate-lockfile"]).ok();
        assert_eq!(app.locked("many"), expected, "for {requirement}");
    };
    check("any-one", "1", "1.10.0");
    check("tilde", "~1.9", "1.9.3");
    check("newest", "*", "2.0.0+build.5");
    check("pre", "=2.0.0-rc.1", "2.0.0-rc.1");
    check("pre-of-a-line", "~1.2.0-alpha", "1.2.0-alpha.1");

    let none = stage.krate("none", "0.1.0");
    let none = none
        .manifest("[dependencies]\nmany = { version = \"3\", registry = \"vouchsafe\" }")
        .write();
    none.cargo(&["generate-lockfile"])
        .fails()
        .says("failed to select a version for the requirement `many = \"^3\"`");
}
