//! Memory while many clients upload and download huge files at the same time (G1).

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::contenders::vouchsafe::Vouchsafe;
use super::contenders::{Running, Stage};
use super::data_set::{DataSet, Release};
use super::http::{self, Connection, Request};
use super::huge_wheel::{self, Filling, HugeWheel};
use super::scratch::Scratch;
use super::wire::{self, Ecosystem, Mount, pypi};
use super::{Bench, usage};
use crate::progress;

/// What it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transfers {
    /// Uploads, and as many downloads.
    pub(crate) clients: usize,
    /// Size of each, in bytes.
    pub(crate) bytes: usize,
    /// Resident before, in bytes.
    pub(crate) idle_bytes: u64,
    /// The most that was resident meanwhile, in bytes.
    pub(crate) peak_bytes: u64,
    /// Until the last client was done.
    pub(crate) elapsed: Duration,
}

/// Measures it, on all cores.
///
/// # Errors
///
/// When an upload or a download fails.
pub(crate) fn run(bench: &Bench<'_>, data: &DataSet) -> Result<Option<Transfers>> {
    if !bench.wants("G1") {
        return Ok(None);
    }
    let (clients, bytes) = (bench.effort.transfers, bench.effort.huge_bytes);
    progress::step(format!("G1: {clients} uploads and {clients} downloads of {bytes} bytes"));
    let folder = Scratch::new(bench.folder.join("transfers"))?;
    let stage = Stage { core: None, ..bench.stage(data) };
    let store = folder.0.join("data");
    std::fs::create_dir_all(&store).context("cannot create a data folder")?;
    let contender = Vouchsafe::default();
    contender.prepare(&stage, &store)?;
    let server = contender.serve(&stage, &folder.0, &store, "/healthz")?;
    let idle_bytes = usage::memory(server.service.pid())?.resident_bytes;

    let filling = Filling::new(bytes);
    let mount = server.mount.as_ref().context("it has a mount")?;
    let wanted = filling.wheel("bench-wanted");
    upload(&server, mount, &wanted)?;
    let release = Release {
        package: wanted.package.clone(),
        version: huge_wheel::VERSION.to_owned(),
        dependencies: Vec::new(),
        filename: wanted.filename.clone(),
        archive: Vec::new(),
    };
    let mut connection = Connection::new(server.address);
    let request = wire::artifact(Ecosystem::Pypi, mount, &mut connection, &release)?;

    usage::reset_peak(server.service.pid())?;
    let elapsed = all_at_once(&server, mount, &filling, &request, clients)?;
    let peak_bytes = usage::memory(server.service.pid())?.peak_bytes;
    progress::note(format!("peak {} MB after {} s", peak_bytes / 1_000_000, elapsed.as_secs()));
    Ok(Some(Transfers { clients, bytes, idle_bytes, peak_bytes, elapsed }))
}

fn all_at_once(
    server: &Running,
    mount: &Mount,
    filling: &Filling,
    download: &Request,
    clients: usize,
) -> Result<Duration> {
    let wheels: Vec<HugeWheel> =
        (0..clients).map(|number| filling.wheel(&format!("bench-huge-{number}"))).collect();
    let barrier = Barrier::new(2 * clients + 1);
    std::thread::scope(|scope| {
        let barrier = &barrier;
        let uploads: Vec<_> = wheels
            .iter()
            .map(|wheel| {
                scope.spawn(move || {
                    barrier.wait();
                    upload(server, mount, wheel)
                })
            })
            .collect();
        let downloads: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(move || {
                    barrier.wait();
                    http::download(server.address, download).map(drop)
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        for client in uploads.into_iter().chain(downloads) {
            client.join().unwrap_or_else(|_| bail!("a client panicked"))?;
        }
        Ok(start.elapsed())
    })
}

fn upload(server: &Running, mount: &Mount, wheel: &HugeWheel) -> Result<()> {
    let release = (wheel.package.as_str(), huge_wheel::VERSION);
    let form = pypi::UploadForm::new(release, &[], &wheel.filename, &wheel.sha256);
    let request =
        Request::with_body("POST", mount.upload_path.as_str(), &form.content_type, Vec::new());
    let request = wire::with_credential(request, &mount.credential);
    let parts = [&form.before, wheel.head.as_slice(), &wheel.tail, &form.after];
    http::upload(server.address, &request, &parts)?
        .success()
        .with_context(|| format!("{} was refused", wheel.filename))
        .map(drop)
}
