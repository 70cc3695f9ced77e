//! The real package managers of this machine: they must say where they fetch from, and read what is
//! written for them. None of this reaches the network; a missing client is a failure.
#![cfg(unix)]
#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use vouchsafe_clients::{Discovered, Env, Target, apply, discover, setup};
use vouchsafe_domain::{EcosystemId, Secret};

const TOKEN: &str = "vsf_0123456789";

/// A fresh home on this machine, with its programs and none of its settings.
struct Machine {
    root: TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["home", "project"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        Self { root }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What programs need to be found, and nothing that configures them.
    fn vars(&self) -> Vec<(OsString, OsString)> {
        let mut vars: Vec<(OsString, OsString)> =
            [("npm_config_globalconfig", "home/none"), ("CARGO_HOME", "home/.cargo")]
                .map(|(name, path)| (name.into(), self.path(path).into()))
                .into();
        let real_home = std::env::home_dir().unwrap();
        #[expect(clippy::disallowed_methods, reason = "says where this machine's programs are")]
        let real = |name: &str| std::env::var_os(name);
        vars.extend([
            ("PATH".into(), real("PATH").unwrap()),
            (
                "RUSTUP_HOME".into(),
                real("RUSTUP_HOME").unwrap_or_else(|| real_home.join(".rustup").into()),
            ),
            (
                "PYENV_ROOT".into(),
                real("PYENV_ROOT").unwrap_or_else(|| real_home.join(".pyenv").into()),
            ),
        ]);
        vars
    }

    fn env(&self, more: &[(&str, &str)]) -> Env {
        let more = more.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Env::new(self.path("home"), self.path("project"), self.vars().into_iter().chain(more))
    }

    #[track_caller]
    fn discover(&self, ecosystem: &'static str, more: &[(&str, &str)]) -> Discovered {
        let found = discover(&EcosystemId::from_static(ecosystem), &self.env(more));
        let found = found.unwrap_or_else(|error| panic!("{ecosystem}: {error}"));
        assert!(!format!("{found:?}").contains("hunter2"));
        found
    }

    fn setup(&self, ecosystem: &'static str, dir: Option<&Path>) {
        self.setup_for("https://registry.example/", ecosystem, dir);
    }

    fn setup_for(&self, server: &str, ecosystem: &'static str, dir: Option<&Path>) {
        let url = server.parse().unwrap();
        let mut target = Target::new(url, Some(Secret::new(TOKEN))).unwrap();
        target.dir = dir.map(Path::to_owned);
        let ecosystem = EcosystemId::from_static(ecosystem);
        apply(&setup(&ecosystem, &target, &self.env(&[])).unwrap().changes).unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.path("project"))
            .env_clear()
            .envs(self.vars())
            .env("HOME", self.path("home"))
            .output()
            .unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap());
        stdout + &stderr
    }
}

/// What the clients that know names and passwords send.
fn basic_token() -> String {
    use base64::Engine as _;
    let pair = format!("__token__:{TOKEN}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[track_caller]
fn check(found: &Discovered, upstream: &str, credential: Option<&str>) {
    assert_eq!(found.upstream.as_str(), upstream, "{}", found.source);
    assert_eq!(found.credential.as_ref().map(Secret::expose), credential, "{}", found.source);
}

/// Which address it is, nobody here writes down.
#[track_caller]
fn check_built_in(found: &Discovered) {
    assert_eq!(found.upstream.scheme(), "https", "{found:?}");
    assert!(found.upstream.host_str().unwrap().contains('.'), "{found:?}");
    assert!(found.upstream.path().ends_with('/'), "{found:?}");
    assert!(found.credential.is_none(), "{found:?}");
}

#[test]
fn a_fresh_machine_says_its_built_in_registries() {
    let machine = Machine::new();
    // Keeps pip from the settings of the whole machine; npm and Cargo have their own folders here.
    let no_settings = [("PIP_CONFIG_FILE", "/dev/null")];
    for ecosystem in ["cargo", "npm", "pypi", "composer", "maven", "golang"] {
        check_built_in(&machine.discover(ecosystem, &no_settings));
    }
}

#[test]
fn a_mirror_of_cargo_is_picked_up_with_its_token() {
    let machine = Machine::new();
    machine.write(
        "home/.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"corp\"\n[source.corp]\nreplace-with = \"inner\"\n\
         [registries.inner]\nindex = \"sparse+https://upstream.example/index/\"\n",
    );
    machine.write("home/.cargo/credentials.toml", "[registries.inner]\ntoken = \"hunter2\"\n");
    check(&machine.discover("cargo", &[]), "https://upstream.example/index/", Some("hunter2"));
    // Nearer settings win.
    machine.write(
        "project/.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"near\"\n\
         [source.near]\nregistry = \"sparse+https://near.example/\"\n",
    );
    check(&machine.discover("cargo", &[]), "https://near.example/", None);
}

#[test]
fn what_cannot_be_an_upstream_of_cargo_is_said() {
    let check = |config: &str, expected: &str| {
        let machine = Machine::new();
        machine.write("home/.cargo/config.toml", config);
        let error = discover(&EcosystemId::from_static("cargo"), &machine.env(&[])).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let replaced = "[source.crates-io]\nreplace-with = \"x\"\n";
    check(&format!("{replaced}[source.x]\ndirectory = \"vendor\"\n"), "`directory`");
    check(&format!("{replaced}[source.x]\nregistry = \"https://x.example/\"\n"), "git index");
    check(&format!("{replaced}[source.x]\nreplace-with = \"crates-io\"\n"), "endlessly");
    check(replaced, "`x` is not defined");
}

#[test]
fn a_mirror_of_npm_is_picked_up_with_its_token() {
    let machine = Machine::new();
    machine.write(
        "home/.npmrc",
        "registry=https://upstream.example/api/npm\n//upstream.example/api/:_authToken=${SECRET}\n\
         //upstream.example/:_authToken=wrong\n",
    );
    check(
        &machine.discover("npm", &[("SECRET", "hunter2")]),
        "https://upstream.example/api/npm/",
        Some("Bearer hunter2"),
    );
    machine.write(
        "home/.npmrc",
        "registry=https://upstream.example/\n//upstream.example/:_auth=bWU6cHc=\n",
    );
    check(&machine.discover("npm", &[]), "https://upstream.example/", Some("Basic bWU6cHc="));
}

#[test]
fn a_mirror_of_pip_is_picked_up_with_its_password() {
    let machine = Machine::new();
    machine.write(
        "home/.config/pip/pip.conf",
        "[global]\nindex-url = https://me:hunter2@upstream.example/simple\n",
    );
    let credential = Some("Basic bWU6aHVudGVyMg==");
    check(&machine.discover("pypi", &[]), "https://upstream.example/simple/", credential);
    let from_environment = [("PIP_INDEX_URL", "https://other.example/simple/")];
    check(&machine.discover("pypi", &from_environment), "https://other.example/simple/", None);
}

#[test]
fn a_mirror_of_composer_is_picked_up_with_its_password() {
    let machine = Machine::new();
    machine.write(
        "home/.composer/config.json",
        "{\"repositories\": [{\"type\": \"vcs\", \"url\": \"https://x.example/a.git\"}, \
         {\"type\": \"composer\", \"url\": \"https://upstream.example/php/packages.json\"}, \
         {\"packagist\": false}]}",
    );
    machine.write(
        "home/.composer/auth.json",
        "{\"http-basic\": {\"upstream.example\": {\"username\": \"me\", \"password\": \"hunter2\"}}}",
    );
    let credential = Some("Basic bWU6aHVudGVyMg==");
    check(&machine.discover("composer", &[]), "https://upstream.example/php/", credential);
    let files = fs::read_dir(machine.path("home/.composer")).unwrap().count();
    assert_eq!(files, 2, "Composer wrote into its home");
}

#[test]
fn a_mirror_of_maven_is_picked_up_with_its_password() {
    let machine = Machine::new();
    machine.write(
        "home/.m2/settings.xml",
        "<settings><mirrors><mirror><id>corp</id><mirrorOf>external:*</mirrorOf>\
         <url>https://upstream.example/all</url></mirror></mirrors><servers><server><id>corp</id>\
         <username>me</username><password>${env.SECRET}</password></server></servers></settings>",
    );
    let found = machine.discover("maven", &[("SECRET", "hunter2")]);
    check(&found, "https://upstream.example/all/", Some("Basic bWU6aHVudGVyMg=="));
}

#[test]
fn gradle_is_asked_where_there_is_no_maven() {
    let machine = Machine::new();
    let programs = machine.path("bin");
    fs::create_dir(&programs).unwrap();
    #[expect(clippy::disallowed_methods, reason = "says where this machine's programs are")]
    let path = std::env::var_os("PATH").unwrap();
    for folder in std::env::split_paths(&path).filter(|folder| folder.is_absolute()) {
        for program in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            if program.file_name() != "mvn" {
                let _ =
                    std::os::unix::fs::symlink(program.path(), programs.join(program.file_name()));
            }
        }
    }
    let found = machine.discover("maven", &[("PATH", programs.to_str().unwrap())]);
    assert_eq!(found.client, "gradle");
    check_built_in(&found);
    assert!(!machine.path("home/.gradle").exists());
}

#[test]
fn a_proxy_of_go_is_picked_up_with_its_password() {
    let machine = Machine::new();
    machine.write("home/.config/go/env", "GOPROXY=https://upstream.example/go|direct\n");
    machine.write("home/.netrc", "machine upstream.example login me password hunter2\n");
    let credential = Some("Basic bWU6aHVudGVyMg==");
    check(&machine.discover("golang", &[]), "https://upstream.example/go/", credential);
    let direct =
        discover(&EcosystemId::from_static("golang"), &machine.env(&[("GOPROXY", "direct")]));
    assert!(direct.unwrap_err().to_string().contains("names no proxy"));
}

#[test]
fn what_is_written_is_what_the_clients_read() {
    let machine = Machine::new();
    for ecosystem in ["cargo", "npm", "pypi", "composer", "maven", "golang"] {
        machine.setup(ecosystem, None);
    }
    let cargo = machine.discover("cargo", &[]);
    check(&cargo, "https://registry.example/cargo/index/", Some(TOKEN));
    let npm = machine.discover("npm", &[]);
    check(&npm, "https://registry.example/npm/", Some(&format!("Bearer {TOKEN}")));
    let pypi = machine.discover("pypi", &[]);
    assert_eq!(pypi.upstream.as_str(), "https://registry.example/pypi/simple/");
    assert!(pypi.credential.is_some());
    for (ecosystem, upstream) in [
        ("composer", "https://registry.example/composer/"),
        ("maven", "https://registry.example/maven/"),
        ("golang", "https://registry.example/golang/"),
    ] {
        check(&machine.discover(ecosystem, &[]), upstream, Some(&basic_token()));
    }
}

#[test]
fn a_project_setting_reaches_npm_and_cargo() {
    let machine = Machine::new();
    let project = machine.path("project");
    machine.write("project/package.json", "{\"name\":\"x\",\"version\":\"1.0.0\"}\n");
    machine.write(
        "project/Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[dependencies]\ny = \"1\"\n",
    );
    machine.write("project/src/lib.rs", "");
    machine.setup("npm", Some(&project));
    machine.setup("cargo", Some(&project));
    let npm = machine.run("npm", &["config", "get", "registry"]);
    assert!(npm.contains("https://registry.example/npm/"), "{npm}");
    // The name is reserved and the proxy cannot exist, so nothing is asked of anybody.
    let proxy = "http.proxy='http://127.0.0.1:0'";
    let cargo = machine.run("cargo", &["fetch", "--config", proxy, "--config", "net.retry=0"]);
    assert!(
        cargo.contains("registry `vouchsafe`") || cargo.contains("registry.example"),
        "{cargo}"
    );
}
