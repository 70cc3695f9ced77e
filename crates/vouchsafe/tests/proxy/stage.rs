//! A server in front of an upstream, and ways to look at what it does.

use std::time::{Duration, Instant};

use vouchsafe_domain::event::Event;
use vouchsafe_store::Store;
use vouchsafe_testkit::{FakeUpstream, Server, ServerOptions};

use crate::ecosystem::{ALL, Eco};

/// How long something that happens by itself may take. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration whose ecosystems all have this upstream.
///
/// * `settings`: lines for each upstream's section.
/// * `rest`: further sections.
pub(crate) fn config(upstream: &str, settings: &str, rest: &str) -> String {
    let sections = ALL.iter().map(|eco| {
        format!("[upstreams.{}]\nurl = \"{}\"\n{settings}\n", eco.id(), eco.base(upstream))
    });
    format!("{}\n{rest}\n", sections.collect::<String>())
}

pub(crate) fn start(config: impl Into<String>) -> Server {
    Server::start(env!("CARGO_BIN_EXE_vouchsafe"), ServerOptions::config(config))
}

/// A server in front of this upstream.
pub(crate) fn server(upstream: &FakeUpstream, settings: &str, rest: &str) -> Server {
    start(config(&upstream.url(), settings, rest))
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it did not come about: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every event of one kind, in order.
pub(crate) fn events(server: &Server, kind: &str) -> Vec<Event> {
    let url = format!("sqlite:{}", server.data_dir().join("vouchsafe.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let events = runtime.block_on(async {
        let store = Store::open(&url).await.unwrap();
        let events = store.events_after(0, 1000).await.unwrap();
        store.close().await;
        events
    });
    events.into_iter().filter(|event| event.kind == kind).collect()
}

/// How often an upstream was asked for anything of these names.
pub(crate) fn hits_of(upstream: &FakeUpstream, eco: Eco, names: &[&str]) -> usize {
    let is_of = |path: &str| {
        names.iter().any(|name| {
            path == eco.upstream_index(name)
                || path.starts_with(&format!("/files/{name}-"))
                || path.starts_with(&format!("/files/{}-", name.replace('-', "_")))
        })
    };
    upstream.requests().iter().filter(|(path, _)| is_of(path)).count()
}
