//! What the installed `go` makes of the adapter's documents and refusals: a few modules, served
//! on loopback the way the registry serves them.

mod proxy;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use vouchsafe_domain::index::WithheldRelease;

use crate::fixtures::{release, view};
use proxy::{Module, Proxy};

const REASON: &str = "pkg:golang/example.com/Acme/lib is too young";
/// The same as `go` prints it, with the link.
const SHOWN: &str = "server response:\n\tpkg:golang/example.com/Acme/lib is too young\n\t\
                     See https://registry.example/why";

/// A project of a developer, with caches of its own.
struct Project {
    home: PathBuf,
    proxy: Proxy,
}

impl Project {
    fn new(name: &str, modules: Vec<Module>) -> Self {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(home.join("app")).unwrap();
        fs::write(home.join("app/go.mod"), "module app.example/app\n\ngo 1.24\n").unwrap();
        Self { home, proxy: Proxy::start(modules) }
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new("go")
            .args(args)
            .current_dir(self.home.join("app"))
            .env("HOME", &self.home)
            .env("GOENV", "off")
            .env("GOPATH", self.home.join("go"))
            .env("GOCACHE", self.home.join("cache"))
            .env("GOFLAGS", "-modcacherw")
            .env("GOPROXY", &self.proxy.base_url)
            .env("GOSUMDB", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOVCS", "*:off")
            .env_remove("GOPRIVATE")
            .env_remove("GONOPROXY")
            .output()
            .expect("this test needs `go`")
    }

    /// Runs a command that must succeed, and gives what it printed.
    #[track_caller]
    fn go(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "go {args:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command that must fail, and checks that a person is told why.
    #[track_caller]
    fn check_refused(&self, args: &[&str], expect: &str) {
        let output = self.run(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && errors.contains(expect), "go {args:?}: {errors}");
    }

    #[track_caller]
    fn check_required(&self, module: &str, expect_version: &str) {
        let listed = self.go(&["list", "-m", module]);
        assert_eq!(listed, format!("{module} {expect_version}"));
    }
}

/// A module with an upper-case letter, because that is what the escaping is for.
fn module(served: &[&str], withheld: &[&str], branches: &[(&'static str, &'static str)]) -> Module {
    let mut view = view("example.com/Acme/lib", served.iter().map(|raw| release(raw)).collect());
    let held = |raw: &&str| WithheldRelease { release: release(raw), reason: REASON.to_owned() };
    view.withheld = withheld.iter().map(held).collect();
    Module { view, branches: branches.to_vec() }
}

#[test]
fn go_installs_the_newest_version_that_is_served() {
    let project =
        Project::new("newest", vec![module(&["v1.0.0", "v1.1.0-RC.1"], &["v1.1.0"], &[])]);
    project.go(&["get", "example.com/Acme/lib@latest"]);
    project.check_required("example.com/Acme/lib", "v1.0.0");
    project.go(&["get", "example.com/Acme/lib@v1.1.0-RC.1"]);
    project.check_required("example.com/Acme/lib", "v1.1.0-RC.1");
    assert_eq!(project.go(&["mod", "verify"]), "all modules verified");
    let versions = project.go(&["list", "-m", "-versions", "example.com/Acme/lib"]);
    assert_eq!(versions, "example.com/Acme/lib v1.0.0 v1.1.0-RC.1");
}

#[test]
fn go_shows_why_a_version_is_withheld() {
    let project = Project::new("withheld", vec![module(&["v1.0.0"], &["v1.1.0"], &[])]);
    project.check_refused(&["get", "example.com/Acme/lib@v1.1.0"], SHOWN);
    let lock = "module app.example/app\n\ngo 1.24\n\nrequire example.com/Acme/lib v1.1.0\n";
    fs::write(project.home.join("app/go.mod"), lock).unwrap();
    project.check_refused(&["mod", "download"], SHOWN);
}

#[test]
fn go_shows_why_a_module_is_withheld_as_a_whole() {
    let project = Project::new("whole", vec![module(&[], &["v1.0.0"], &[])]);
    project.check_refused(&["get", "example.com/Acme/lib"], SHOWN);
    project.check_refused(&["get", "example.com/Acme/lib@latest"], SHOWN);
}

#[test]
fn go_takes_a_branch_for_the_version_it_stands_for() {
    const COMMIT: &str = "v0.0.0-20231114221320-0123456789ab";
    const HELD: &str = "v0.0.0-20231114221321-ba9876543210";
    let branches = [("Next", COMMIT), ("held", HELD)];
    let mut untagged = module(&[], &[], &branches);
    untagged.view.releases = vec![release(COMMIT)];
    untagged.view.withheld = module(&[], &[HELD], &[]).view.withheld;
    let project = Project::new("branch", vec![untagged]);
    project.go(&["get", "example.com/Acme/lib@Next"]);
    project.check_required("example.com/Acme/lib", COMMIT);
    project.check_refused(&["get", "example.com/Acme/lib@held"], SHOWN);
    project.check_refused(&["get", "example.com/Acme/lib@gone"], "gone was not found");
}

#[test]
fn go_asks_for_latest_when_a_module_has_no_tags() {
    const COMMIT: &str = "v0.0.0-20231114221320-0123456789ab";
    let mut untagged = module(&[], &[], &[("latest", COMMIT)]);
    untagged.view.releases = vec![release(COMMIT)];
    let project = Project::new("untagged", vec![untagged]);
    project.go(&["get", "example.com/Acme/lib"]);
    project.check_required("example.com/Acme/lib", COMMIT);
}

#[test]
fn go_is_told_that_a_module_is_not_here() {
    let project = Project::new("absent", Vec::new());
    project.check_refused(&["get", "example.com/other"], "example.com/other was not found");
}
