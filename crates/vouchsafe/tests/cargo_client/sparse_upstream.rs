//! Another registry that speaks the sparse protocol, scripted.

use vouchsafe_testkit::{FakeUpstream, Reply, packages};

/// A time that every cooldown of these tests is behind.
pub(crate) const OLD: &str = "1999-01-31T00:00:00Z";
/// A time that no cooldown of these tests is behind: they use [`COOLDOWN`].
pub(crate) const YOUNG: &str = "2024-06-01T00:00:00Z";
/// Between [`OLD`] and [`YOUNG`], so that no test depends on the day it runs: 21 years.
pub(crate) const COOLDOWN: &str = "7700d";

/// The registry. What it answers can be changed at any time.
pub(crate) struct SparseUpstream {
    pub(crate) fake: FakeUpstream,
    lines: std::cell::RefCell<std::collections::BTreeMap<String, Vec<String>>>,
}

impl SparseUpstream {
    /// One without crates.
    pub(crate) fn start() -> Self {
        let fake = FakeUpstream::start();
        let config = format!(
            "{{\"dl\":\"{}/dl/{{crate}}/{{version}}/{{sha256-checksum}}\",\"api\":\"{}\"}}",
            fake.url(),
            fake.url()
        );
        fake.on("/index/config.json", Reply::ok("application/json", config));
        Self { fake, lines: Default::default() }
    }

    /// The part of the server's configuration that names it.
    pub(crate) fn config(&self) -> String {
        format!(
            "[upstreams.cargo]\nurl = \"{}/index/\"\nallow_private_network = true\n\
             index_ttl_secs = 0\n",
            self.fake.url()
        )
    }

    /// Adds a release with a library, public since `pubtime`.
    pub(crate) fn add(&self, name: &str, version: &str, pubtime: &str) {
        self.add_line(name, version, &format!("\"pubtime\":\"{pubtime}\""));
    }

    /// Adds a release whose index line has these further keys.
    pub(crate) fn add_line(&self, name: &str, version: &str, more: &str) {
        let archive = packages::krate(name, version);
        let cksum = packages::sha256_hex(&archive);
        self.fake
            .on(&format!("/dl/{name}/{version}/{cksum}"), Reply::ok("application/gzip", archive));
        let line = format!(
            "{{\"name\":\"{name}\",\"vers\":\"{version}\",\"deps\":[],\"features\":{{}},\
             \"cksum\":\"{cksum}\",\"yanked\":false,{more}}}"
        );
        let mut all = self.lines.borrow_mut();
        let lines = all.entry(name.to_owned()).or_default();
        lines.push(line);
        self.fake.on(
            &format!("/index/{}", index_path(name)),
            Reply::ok("text/plain", lines.join("\n") + "\n"),
        );
    }
}

/// Where the index file of a crate with a name of at least four letters is.
pub(crate) fn index_path(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    format!("{}/{}/{lower}", &lower[..2], &lower[2..4])
}
