//! A scripted upstream in the shape of the public index, or in that of a small static one.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use vouchsafe_domain::Timestamp;
use vouchsafe_testkit::{FakeUpstream, Reply, packages};

use crate::stage::archive;

/// One version that an upstream offers.
#[derive(Clone)]
pub(crate) struct Offer {
    version: String,
    hours_old: u64,
    states_shasum: bool,
    /// Laid over the version's entry.
    more: Value,
    bytes: Vec<u8>,
}

/// A version that is years old.
pub(crate) fn old(version: &str) -> Offer {
    Offer {
        version: version.to_owned(),
        hours_old: 24 * 1500,
        states_shasum: true,
        more: json!({}),
        bytes: Vec::new(),
    }
}

/// A version that is an hour old.
pub(crate) fn young(version: &str) -> Offer {
    Offer { hours_old: 1, ..old(version) }
}

impl Offer {
    /// Like the archives of code hosts: nobody knows a digest beforehand.
    pub(crate) fn without_shasum(self) -> Self {
        Self { states_shasum: false, ..self }
    }

    /// With further members, or others.
    pub(crate) fn with(self, more: Value) -> Self {
        Self { more, ..self }
    }

    /// With these bytes for an archive.
    pub(crate) fn with_bytes(self, bytes: Vec<u8>) -> Self {
        Self { bytes, ..self }
    }

    fn reference(&self, name: &str) -> String {
        packages::sha1_hex(format!("{name} {}", self.version).as_bytes())
    }

    /// The path of its archive.
    pub(crate) fn dist_path(&self, name: &str) -> String {
        format!("/repos/{name}/zipball/{}", self.reference(name))
    }

    fn archive(&self, name: &str) -> Vec<u8> {
        match self.bytes.is_empty() {
            true => archive(name, &self.version, json!({})),
            false => self.bytes.clone(),
        }
    }

    fn entry(&self, upstream: &FakeUpstream, name: &str) -> Value {
        let now = Timestamp::from(SystemTime::now());
        let time = now.minus(Duration::from_secs(3600 * self.hours_old)).to_rfc3339_secs();
        let base = upstream.url();
        let bytes = self.archive(name);
        let shasum = if self.states_shasum { packages::sha1_hex(&bytes) } else { String::new() };
        let reference = self.reference(name);
        let mut entry = json!({
            "name": name, "description": "A public package", "keywords": [], "homepage": "",
            "version": self.version, "license": ["MIT"], "authors": [{ "name": "Somebody" }],
            "source": { "type": "git", "url": format!("{base}/{name}.git"), "reference": reference },
            "dist": {
                "type": "zip", "url": format!("{base}{}", self.dist_path(name)),
                "reference": reference, "shasum": shasum,
            },
            "type": "library", "support": { "source": format!("{base}/{name}") },
            "funding": [], "time": time.replace('Z', "+00:00"), "autoload": { "psr-4": {} },
        });
        for (key, value) in self.more.as_object().unwrap() {
            entry[key] = value.clone();
        }
        entry
    }
}

/// Says where everything is, as the root of the public index does.
pub(crate) fn announce(upstream: &FakeUpstream) {
    let root = json!({
        "packages": [], "metadata-url": "/p2/%package%.json",
        "notify-batch": format!("{}/downloads/", upstream.url()),
        "search": format!("{}/search.json?q=%query%", upstream.url()),
        "providers-api": format!("{}/providers/%package%.json", upstream.url()),
    });
    upstream.on("/packages.json", Reply::ok("application/json", root.to_string()));
}

/// Offers these versions of a package, newest first, in a list of its own.
pub(crate) fn offer(upstream: &FakeUpstream, name: &str, offers: &[Offer]) {
    let entries = entries(upstream, name, offers);
    let list = json!({ "minified": "composer/2.0", "packages": { name: minified(&entries) } });
    let path = format!("/p2/{name}.json");
    upstream.on(&path, Reply::ok("application/json", list.to_string()));
}

/// Offers packages in the root itself, as small static indexes do.
pub(crate) fn offer_inline(upstream: &FakeUpstream, all: &[(&str, &[Offer])]) {
    let all = all.iter().map(|(name, offers)| {
        let versions = entries(upstream, name, offers).into_iter();
        let versions: Map<String, Value> =
            versions.map(|entry| (entry["version"].as_str().unwrap().to_owned(), entry)).collect();
        ((*name).to_owned(), Value::Object(versions))
    });
    let root = json!({ "packages": all.collect::<Map<String, Value>>() });
    upstream.on("/packages.json", Reply::ok("application/json", root.to_string()));
}

/// An upstream in the shape of the public index.
pub(crate) fn start() -> FakeUpstream {
    let upstream = FakeUpstream::start();
    announce(&upstream);
    upstream
}

fn entries(upstream: &FakeUpstream, name: &str, offers: &[Offer]) -> Vec<Value> {
    for offer in offers {
        let reply = Reply::ok("application/zip", offer.archive(name));
        upstream.on(&offer.dist_path(name), reply);
    }
    offers.iter().map(|offer| offer.entry(upstream, name)).collect()
}

/// Each version with what differs from the one before.
fn minified(entries: &[Value]) -> Vec<Value> {
    let empty = json!({});
    let before = std::iter::once(&empty).chain(entries);
    let short = before.zip(entries).map(|(before, entry)| {
        let (before, entry) = (before.as_object().unwrap(), entry.as_object().unwrap());
        let gone = before.keys().filter(|key| !entry.contains_key(*key));
        let gone = gone.map(|key| (key.clone(), json!("__unset")));
        let changed = entry.iter().filter(|(key, value)| before.get(*key) != Some(value));
        let changed = changed.map(|(key, value)| (key.clone(), value.clone()));
        Value::Object(changed.chain(gone).collect())
    });
    short.collect()
}

/// The configuration that proxies an upstream.
pub(crate) fn config(upstream: &FakeUpstream, settings: &str, rest: &str) -> String {
    let url = upstream.url();
    format!("[upstreams.composer]\nurl = \"{url}\"\n{settings}\n{rest}\n")
}

/// Believes nothing without asking.
pub(crate) const ALWAYS_ASK: &str = "index_ttl_secs = 0";
