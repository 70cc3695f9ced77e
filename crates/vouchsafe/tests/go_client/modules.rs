//! Modules on a scripted proxy.

use std::time::Duration;

use vouchsafe_app::{Clock as _, SystemClock};
use vouchsafe_testkit::{FakeUpstream, Reply, packages};

/// A time that has been over for years.
pub(crate) const LONG_AGO: &str = "2020-05-17T10:00:00Z";

/// A time that every cooldown here counts as young.
pub(crate) fn an_hour_ago() -> String {
    SystemClock.now().minus(Duration::from_secs(3600)).to_rfc3339_secs()
}

/// A module on an upstream: its files are scripted as they are told.
pub(crate) struct Module<'a> {
    upstream: &'a FakeUpstream,
    path: &'static str,
}

impl<'a> Module<'a> {
    /// * `path`: without upper case, so that it is its own spelling in addresses.
    pub(crate) fn on(upstream: &'a FakeUpstream, path: &'static str) -> Self {
        Self { upstream, path }
    }

    /// The address of one of its files on the upstream.
    pub(crate) fn file(&self, name: &str) -> String {
        format!("/{}/@v/{name}", self.path)
    }

    /// The list of versions, from now on.
    pub(crate) fn list(&self, versions: &[&str]) {
        let text: String = versions.iter().map(|version| format!("{version}\n")).collect();
        self.upstream.on(&self.file("list"), Reply::ok("text/plain; charset=utf-8", text));
    }

    /// A version with its three files, from `time` on.
    pub(crate) fn version(&self, version: &str, time: &str) {
        self.version_requiring(version, time, "");
    }

    /// The same with further lines in `go.mod`.
    pub(crate) fn version_requiring(&self, version: &str, time: &str, requires: &str) {
        self.info(version, version, time);
        let go_mod = format!("module {}\n\ngo 1.24\n{requires}", self.path);
        let on = |ending: &str, content_type: &str, body: Vec<u8>| {
            let file = self.file(&format!("{version}.{ending}"));
            self.upstream.on(&file, Reply::ok(content_type, body));
        };
        on("zip", "application/zip", self.zip(version, &go_mod, "package lib\n"));
        on("mod", "text/plain; charset=utf-8", go_mod.into_bytes());
    }

    /// What a version, branch or commit stands for.
    pub(crate) fn info(&self, asked: &str, version: &str, time: &str) {
        let info = serde_json::json!({ "Version": version, "Time": time }).to_string();
        let path = match asked {
            "latest" => format!("/{}/@latest", self.path),
            _ => self.file(&format!("{asked}.info")),
        };
        self.upstream.on(&path, Reply::ok("application/json", info));
    }

    /// A version's zip with this source.
    pub(crate) fn zip(&self, version: &str, go_mod: &str, source: &str) -> Vec<u8> {
        let below = |name: &str| format!("{}@{version}/{name}", self.path);
        packages::zip(&[
            (&below("go.mod"), go_mod.as_bytes()),
            (&below("lib.go"), source.as_bytes()),
        ])
    }
}
