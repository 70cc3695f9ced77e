//! A server with an account, packages to send it, and projects that both Composers run in.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions, http, packages};

/// The path of the server under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");
/// The Composers that everything is tried with: an old one and the current one.
pub(crate) const COMPOSERS: [&str; 2] = ["composer", "composer-current"];
/// Reading needs a credential.
pub(crate) const PRIVATE: &str = "[access]\nread = \"signed-in\"\n";

/// How long something that happens by itself may take. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server and a home.
pub(crate) struct Stage {
    /// The server, with the account `ann`.
    pub(crate) server: Server,
    /// Where Composer runs.
    pub(crate) home: Sandbox,
    /// Ann's token, which is sent with plain requests and never by Composer unless told.
    pub(crate) token: String,
}

impl Stage {
    /// With the default configuration.
    pub(crate) fn new() -> Self {
        Self::with_config("")
    }

    /// With this configuration file.
    pub(crate) fn with_config(config: &str) -> Self {
        let server = Server::start(BINARY, ServerOptions::config(config));
        let token = server.user_and_token("ann");
        Self { server, home: Sandbox::new(), token }
    }

    /// The address that Composer is given.
    pub(crate) fn base(&self) -> String {
        format!("{}/composer", self.server.url())
    }

    /// Asks the mount something as plain HTTP, with Ann's token.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> http::Answer {
        self.ask_as(Some(&self.token), method, path, &[], body)
    }

    /// Asks with another token or none, and further headers.
    pub(crate) fn ask_as(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> http::Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut all = headers.to_vec();
        all.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        http::send(self.server.address(), method, &format!("/composer{path}"), &all, body)
    }

    /// Sends an archive to the address of a release.
    pub(crate) fn upload(&self, name: &str, version: &str, archive: &[u8]) -> http::Answer {
        self.ask("PUT", &format!("/packages/upload/{name}/{version}"), archive)
    }

    /// Publishes a release whose `composer.json` has these further members.
    pub(crate) fn publish_with(&self, name: &str, version: &str, more: Value) {
        let answer = self.upload(name, version, &archive(name, version, more));
        assert_eq!(answer.status, 201, "{name} {version}: {}", answer.text());
    }

    /// Publishes a release.
    pub(crate) fn publish(&self, name: &str, version: &str) {
        self.publish_with(name, version, json!({}));
    }

    /// The versions of a package in a document of it, as Composer expands them.
    pub(crate) fn versions(&self, document: &str) -> Vec<Value> {
        let answer = self.ask("GET", &format!("/p2/{document}.json"), b"");
        assert_eq!(answer.status, 200, "{document}: {}", answer.text());
        expanded(&answer.json(), document.trim_end_matches("~dev"))
    }

    /// What the versions of a package are called, newest first.
    pub(crate) fn version_names(&self, document: &str) -> Vec<String> {
        let versions = self.versions(document);
        versions.iter().map(|entry| entry["version"].as_str().unwrap().to_owned()).collect()
    }

    /// The path below the mount where a version's archive is.
    pub(crate) fn dist_path(&self, document: &str, version: &str) -> String {
        let versions = self.versions(document);
        let entry = versions.iter().find(|entry| entry["version"] == version);
        let url = entry.expect("the version is listed")["dist"]["url"].as_str().unwrap().to_owned();
        url.strip_prefix(&self.base()).expect("archives come from here").to_owned()
    }

    /// Writes a project that asks this server, and nobody else, for these packages.
    pub(crate) fn project(&self, folder: &str, require: Value) -> PathBuf {
        self.project_with(folder, require, json!({}))
    }

    /// Writes a project with further members of `composer.json`.
    pub(crate) fn project_with(&self, folder: &str, require: Value, more: Value) -> PathBuf {
        let mut manifest = json!({
            "repositories": [{ "type": "composer", "url": self.base() }, { "packagist": false }],
            "require": require,
            "config": { "secure-http": false },
        });
        for (key, value) in more.as_object().unwrap() {
            manifest[key] = value.clone();
        }
        if manifest["require"].as_object().unwrap().is_empty() {
            manifest.as_object_mut().unwrap().remove("require");
        }
        self.home.write(&format!("{folder}/composer.json"), &manifest.to_string());
        self.home.dir(folder)
    }

    /// Runs a Composer.
    pub(crate) fn run(&self, composer: &str, dir: &Path, args: &[&str]) -> Ran {
        let mut all = args.to_vec();
        all.extend(["--no-ansi", "--no-interaction"]);
        self.home.run(dir, composer, &all)
    }

    /// A lock file of these packages, made by a Composer in a folder of its own.
    pub(crate) fn locked(&self, composer: &str, folder: &str, require: Value) -> PathBuf {
        let dir = self.project(folder, require);
        self.run(composer, &dir, &["update", "--no-progress"]).ok();
        dir
    }

    /// Deletes what Composer has kept, of every project and of this one.
    pub(crate) fn forget(&self, dir: &Path) {
        for path in [self.home.home().join(".composer-cache"), dir.join("vendor")] {
            if path.exists() {
                std::fs::remove_dir_all(path).unwrap();
            }
        }
    }

    /// How many downloads of a package were counted.
    pub(crate) fn downloads(&self, name: &str) -> u64 {
        let url = format!("sqlite:{}", self.server.data_dir().join("vouchsafe.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = vouchsafe_store::Store::open(&url).await.unwrap();
            let name = vouchsafe_domain::PackageName::new(name, name, name).unwrap();
            let ecosystem = vouchsafe_domain::EcosystemId::from_static("composer");
            let package = vouchsafe_domain::PackageRef { ecosystem, name };
            let total = store.downloads_of(vouchsafe_domain::RegistryId::DEFAULT, &package).await;
            store.close().await;
            total.unwrap()
        })
    }
}

/// The versions in a document, with what the short form leaves out.
pub(crate) fn expanded(document: &Value, name: &str) -> Vec<Value> {
    let mut current = serde_json::Map::new();
    let entries = document["packages"][name].as_array().expect("it lists the package");
    let entries = entries.iter().map(|entry| {
        for (key, value) in entry.as_object().unwrap() {
            if value == "__unset" {
                current.remove(key);
            } else {
                current.insert(key.clone(), value.clone());
            }
        }
        Value::Object(current.clone())
    });
    entries.collect()
}

/// A `composer.json` with further members.
pub(crate) fn manifest(name: &str, more: Value) -> String {
    let mut manifest = json!({ "name": name, "description": "A package", "license": "MIT" });
    for (key, value) in more.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    manifest.to_string()
}

/// An archive whose `composer.json` has further members, with a program that says its version.
pub(crate) fn archive(name: &str, version: &str, more: Value) -> Vec<u8> {
    let code = format!("<?php return '{version}';\n");
    packages::zip(&[
        ("composer.json", manifest(name, more).as_bytes()),
        ("version.php", code.as_bytes()),
    ])
}

/// Which version of a package a project has unpacked, as its own code says.
#[track_caller]
pub(crate) fn installed(dir: &Path, name: &str) -> String {
    let code = std::fs::read_to_string(dir.join("vendor").join(name).join("version.php")).unwrap();
    code.split('\'').nth(1).unwrap().to_owned()
}

/// A package in a project's lock file.
#[track_caller]
pub(crate) fn lock_entry(dir: &Path, name: &str) -> Value {
    let lock = std::fs::read_to_string(dir.join("composer.lock")).unwrap();
    let lock: Value = serde_json::from_str(&lock).unwrap();
    let packages = lock["packages"].as_array().unwrap();
    packages.iter().find(|package| package["name"] == name).expect("it is locked").clone()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let gives_up_at = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < gives_up_at, "it did not come about: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
