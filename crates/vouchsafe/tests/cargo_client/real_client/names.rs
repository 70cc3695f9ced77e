//! Names that are taken, look taken, or are nobody's.

use crate::stage::Stage;

#[track_caller]
fn check_refused(stage: &Stage, name: &str, expected: &str) {
    let folder = stage.krate(name, "0.1.0").write();
    folder.publish().fails().says(expected);
}

#[test]
fn a_name_that_differs_by_its_separators_or_case_is_taken() {
    let stage = Stage::new("");
    stage.publish("foo-bar", "0.1.0");
    check_refused(&stage, "foo_bar", "the name is too much like `foo-bar`, which exists already");
    check_refused(&stage, "Foo_Bar", "the name is too much like `foo-bar`, which exists already");
    // Another case is the same crate in the index, but its first spelling is its name.
    let spelled = "this package is spelled `foo-bar`, not `Foo-Bar`, since its first release";
    check_refused(&stage, "Foo-Bar", spelled);
    stage.publish("foo-bar", "0.2.0");
}

#[test]
fn who_asks_for_another_spelling_is_told_the_right_one() {
    let stage = Stage::new("");
    stage.publish("foo-bar", "0.1.0");
    stage.publish("Mixed-Case", "0.1.0");
    let user = |folder: &str, dependency: &str| {
        let user = stage.krate(folder, "0.1.0");
        user.manifest(&format!("[dependencies]\n{dependency} = \"0.1\"")).write().cargo(&["fetch"])
    };
    user("underscore", "foo_bar").fails().says("foo-bar");
    user("lower", "mixed-case").fails().says("Mixed-Case");
    user("exact", "Mixed-Case").ok();
}

#[test]
fn reserved_names_cannot_be_published() {
    let stage = Stage::new("");
    let reserved = "this name is reserved for Rust or for the operating system";
    check_refused(&stage, "proc-macro", reserved);
    check_refused(&stage, "rustc", reserved);
}

#[test]
fn a_first_publish_may_not_shadow_the_upstream_unless_the_name_is_claimed() {
    let upstream = crate::sparse_upstream::SparseUpstream::start();
    upstream.add("well-known", "1.0.0", crate::sparse_upstream::OLD);
    let stage = Stage::new(&upstream.config());
    check_refused(
        &stage,
        "well-known",
        "(status 409 Conflict): pkg:cargo/well-known exists upstream",
    );
    // A look-alike would make the upstream's crate unreachable.
    check_refused(
        &stage,
        "well_known",
        "pkg:cargo/well-known exists upstream, so publishing pkg:cargo/well_known here",
    );
    stage.cli_until(&["claim", "add", "pkg:cargo/well-known"], "we/ll/well-known", |a| {
        a.status == 404
    });
    stage.publish("well-known", "9.0.0");
}
