//! The servers that are measured: how each is started, and how it is asked.

mod devpi;
pub(crate) mod nginx;
mod pypiserver;
mod verdaccio;
pub(crate) mod vouchsafe;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::Programs;
use super::data_set::DataSet;
use super::http::{Connection, Request, Response};
use super::scenario::{Scenario, Subject};
use super::wire::{self, Ecosystem, Mount};
use crate::services::{Launch, Service, StopSignal};
use verdaccio::Verdaccio;
use vouchsafe::Vouchsafe;

/// Size of a part of the huge artifact, in bytes.
const PART_BYTES: usize = 64 * 1024;

/// Pause between two looks at a server that starts.
const LOOK_INTERVAL: Duration = Duration::from_micros(500);

/// How often to look before seeing whether the process still lives.
const LOOKS: usize = 100;

/// A server that can be measured.
pub(crate) trait Contender {
    /// Its name, for the command line and the report.
    fn name(&self) -> &'static str;

    /// Starts it with an empty store in this folder. It answers when this returns.
    fn start(&self, stage: &Stage<'_>, folder: &Path) -> Result<Running>;

    /// How many releases it gets per phase of the filling, where publishing is too slow for all.
    fn version_limit(&self) -> usize {
        usize::MAX
    }
}

/// The contenders of one ecosystem. The first one's answers are what nginx serves.
pub(crate) fn hosting(ecosystem: Ecosystem) -> Vec<Box<dyn Contender>> {
    let open = Vouchsafe { is_open: true, ..Vouchsafe::default() };
    let mut contenders: Vec<Box<dyn Contender>> =
        vec![Box::new(Vouchsafe::default()), Box::new(open)];
    match ecosystem {
        Ecosystem::Npm => contenders.push(Box::new(Verdaccio::default())),
        Ecosystem::Pypi => {
            contenders.push(Box::new(pypiserver::Pypiserver));
            contenders.push(Box::new(devpi::Devpi));
        }
        // No peer of these can be had as a package of a registry.
        Ecosystem::Cargo | Ecosystem::Composer | Ecosystem::Maven => {}
    }
    contenders
}

/// Those that can stand before an npm upstream, likewise.
pub(crate) fn proxying(upstream: &str) -> Vec<Box<dyn Contender>> {
    let ours = Vouchsafe { is_open: false, npm_upstream: Some(upstream.to_owned()) };
    let theirs = Verdaccio { upstream: Some(upstream.to_owned()) };
    vec![Box::new(ours), Box::new(theirs)]
}

/// What a contender is started with.
#[derive(Debug, Clone)]
pub(crate) struct Stage<'a> {
    /// What it will hold.
    pub(crate) data: &'a DataSet,
    /// Where programs are.
    pub(crate) programs: &'a Programs,
    /// The core it is bound to; `None` is all of them.
    pub(crate) core: Option<u32>,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its name.
    pub(crate) name: String,
    /// Its version, as it says itself.
    pub(crate) version: String,
    /// Its process.
    pub(crate) service: Service,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first answer.
    pub(crate) first_answer: Duration,
    /// Where the ecosystem is; `None` for the mirror, which has a path per scenario.
    pub(crate) mount: Option<Mount>,
}

/// One address under load.
#[derive(Debug)]
pub(crate) struct Target {
    /// Path and query.
    pub(crate) path: String,
    /// Headers.
    pub(crate) headers: Vec<(String, String)>,
}

impl Running {
    /// What a scenario asks of this server; `None` when the server cannot do it (no `ETag`, say).
    ///
    /// # Errors
    ///
    /// When the server does not have the bytes that the scenario is about.
    pub(crate) fn target(&self, scenario: &Scenario, data: &DataSet) -> Result<Option<Target>> {
        let mut connection = Connection::new(self.address);
        let mut request = self.request(&mut connection, scenario, data)?;
        if scenario.gzip {
            request = request.header("Accept-Encoding", "gzip");
        }
        if scenario.subject == (Subject::HugeArtifact { is_part: true }) {
            let first = data.huge_bytes() / 2;
            let range = format!("bytes={first}-{}", first + PART_BYTES - 1);
            request = request.header("Range", range);
            if connection.send(&request)?.status != 206 {
                return Ok(None);
            }
        }
        let answer = connection.send(&request)?.success()?;
        if scenario.conditional {
            let Some(etag) = answer.header("etag") else {
                return Ok(None);
            };
            request = request.header("If-None-Match", etag);
            if connection.send(&request)?.status != 304 {
                return Ok(None);
            }
        }
        Ok(Some(Target { path: request.path, headers: request.headers }))
    }

    /// The answer that a scenario is about, for the mirror.
    fn answer(&self, scenario: &Scenario, data: &DataSet) -> Result<Response> {
        let mut connection = Connection::new(self.address);
        let request = self.request(&mut connection, scenario, data)?;
        connection.send(&request)?.success()
    }

    fn request(
        &self,
        connection: &mut Connection,
        scenario: &Scenario,
        data: &DataSet,
    ) -> Result<Request> {
        let Some(mount) = &self.mount else {
            return Ok(Request::get(format!("/{}", scenario.name)));
        };
        let ecosystem = data.ecosystem;
        Ok(match scenario.subject {
            Subject::TinyIndex(form) => wire::index(ecosystem, mount, &data.tiny().package, form),
            Subject::LargeIndex(form) => wire::index(ecosystem, mount, data.large_name(), form),
            Subject::LargeIndexDigest => wire::index_digest(ecosystem, mount, data.large_name()),
            Subject::Root => wire::root(mount),
            Subject::SmallArtifact => wire::artifact(ecosystem, mount, connection, &data.tiny())?,
            Subject::BigArtifact => wire::artifact(ecosystem, mount, connection, &data.big())?,
            Subject::HugeArtifact { .. } => {
                wire::artifact(ecosystem, mount, connection, &data.huge_reference())?
            }
        })
    }
}

/// How a contender's process is started.
#[derive(Debug)]
struct Start<'a> {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    folder: &'a Path,
    port: u16,
    /// A path that answers 2xx once the server is ready.
    ready_path: &'a str,
    /// The `Authorization` that path wants.
    credential: Option<String>,
}

/// Starts a process on the stage's core and waits for its first answer.
fn launch(stage: &Stage<'_>, start: Start<'_>) -> Result<(Service, SocketAddr, Duration)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, start.port));
    let mut service = Service::start(Launch {
        name: start.name,
        program: start.program,
        arguments: start.arguments,
        environment: start.environment,
        folder: start.folder.to_owned(),
        log: start.folder.join("log"),
        user: None,
        cores: stage.core.map(|core| core.to_string()),
        stop_signal: StopSignal::Terminate,
    })?;
    let mut ready = Request::get(start.ready_path).header("Accept", "*/*");
    if let Some(credential) = start.credential {
        ready = ready.header("Authorization", credential);
    }
    let is_ready = || {
        TcpStream::connect(address).is_ok()
            && Connection::new(address).send(&ready).and_then(Response::success).is_ok()
    };
    // Looks more often than the service does by itself: some servers start in milliseconds.
    service.wait_until_ready(|| {
        (0..LOOKS).any(|_| {
            let is_ready = is_ready();
            if !is_ready {
                std::thread::sleep(LOOK_INTERVAL);
            }
            is_ready
        })
    })?;
    let first_answer = service.started_at().elapsed();
    Ok((service, address, first_answer))
}

/// A folder as a program's argument, created first.
fn folder_argument(folder: &Path, name: &str) -> Result<OsString> {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder.into_os_string())
}

/// The word of a version answer that looks like a version: `pypi-server 2.4.2` gives `2.4.2`.
fn version_word(printed: &str) -> Result<String> {
    let looks_like_one = |word: &&str| {
        word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')
    };
    match printed.split(|c: char| c.is_whitespace() || c == '/').find(looks_like_one) {
        Some(word) => Ok(word.trim_start_matches('v').to_owned()),
        None => bail!("no version in {printed:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_among_other_words() {
        assert_eq!(version_word("nginx version: nginx/1.22.1").expect("a version"), "1.22.1");
        assert_eq!(version_word("v6.8.0\n").expect("a version"), "6.8.0");
        assert!(version_word("unknown").is_err());
    }
}
