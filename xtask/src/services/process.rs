//! A child process that does not outlive this one.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::command;

/// How long a server may take from its start to its first answer.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How long a server may take to end before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Pause between two looks at a server that starts or ends.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Name of our folders in the temporary directory; the process id follows.
const FOLDER_PREFIX: &str = "vouchsafe-services-";

/// How a server is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopSignal {
    /// PostgreSQL's fast shutdown.
    Interrupt,
    /// Everybody else's word for "end now, but properly".
    Terminate,
}

impl StopSignal {
    const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch {
    /// For people.
    pub(crate) name: &'static str,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Further variables of its environment.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// Its working directory.
    pub(crate) folder: PathBuf,
    /// Where its output goes.
    pub(crate) log: PathBuf,
    /// The user it runs as, when not this one.
    pub(crate) user: Option<&'static str>,
    /// The processor cores it is bound to, as `taskset` spells them.
    pub(crate) cores: Option<String>,
    /// How it is asked to end.
    pub(crate) stop_signal: StopSignal,
}

/// A running server. Dropping it ends it.
///
/// On Linux the kernel ends it too when this process dies without dropping anything (`setpriv
/// --pdeathsig`): a kill, a crash, a Ctrl-C. Elsewhere Ctrl-C reaches it through the terminal.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    child: Child,
    log: PathBuf,
    stop_signal: StopSignal,
    started_at: Instant,
}

impl Service {
    /// Starts a server; it does not answer yet.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub(crate) fn start(launch: Launch) -> Result<Self> {
        let log = std::fs::File::create(&launch.log)
            .with_context(|| format!("cannot create {}", launch.log.display()))?;
        let errors = log.try_clone().context("cannot share the log")?;
        let mut command = supervised(launch.user, launch.stop_signal)?;
        if let Some(cores) = &launch.cores {
            command.args(["taskset", "--cpu-list", cores]);
        }
        let child = command
            .arg(&launch.program)
            .args(&launch.arguments)
            .envs(launch.environment)
            .current_dir(&launch.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {}", launch.name))?;
        Ok(Self {
            name: launch.name,
            child,
            log: launch.log,
            stop_signal: launch.stop_signal,
            started_at: Instant::now(),
        })
    }

    /// The process id. `setpriv` and `taskset` replace themselves, so it is the server's own.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// When it was started.
    pub(crate) fn started_at(&self) -> Instant {
        self.started_at
    }

    /// Waits until `is_ready` says so.
    ///
    /// # Errors
    ///
    /// When the server ends first, or 90 seconds pass; the end of its log is in the error.
    pub(crate) fn wait_until_ready(&mut self, mut is_ready: impl FnMut() -> bool) -> Result<()> {
        while !is_ready() {
            if let Some(status) = self.child.try_wait().context("cannot watch the server")? {
                bail!("{} ended with {status}\n{}", self.name, command::log_tail(&self.log));
            }
            if self.started_at.elapsed() > START_LIMIT {
                bail!("{} does not answer\n{}", self.name, command::log_tail(&self.log));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pid = self.pid().to_string();
        let _ = Command::new("kill").args(["-s", self.stop_signal.name(), &pid]).status();
        let has_ended = || matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
        if !wait_until(STOP_LIMIT, has_ended) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Looks again and again until `is_done` or the time is up; says whether it is done.
fn wait_until(limit: Duration, mut is_done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if is_done() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// The beginning of a command line whose process ends with this one.
fn supervised(user: Option<&str>, stop_signal: StopSignal) -> Result<Command> {
    let Some(setpriv) = command::find_program("setpriv") else {
        if let Some(user) = user {
            bail!("`setpriv` (util-linux) is needed to run a server as `{user}`");
        }
        return Ok(Command::new("env"));
    };
    let mut command = Command::new(setpriv);
    if let Some(user) = user {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={user}")).arg("--init-groups");
    }
    command.args(["--pdeathsig", stop_signal.name(), "--"]);
    Ok(command)
}

/// A port on the loopback address that nobody uses at the moment.
///
/// # Errors
///
/// When the system has none.
pub(crate) fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    Ok(listener.local_addr().context("cannot read the port")?.port())
}

/// A temporary folder that a later run recognizes as left over when this one is killed.
///
/// # Errors
///
/// When it cannot be created.
pub(super) fn temporary_folder() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("{FOLDER_PREFIX}{}-", std::process::id()))
        .tempdir()
        .context("cannot create a temporary folder")
}

/// Removes folders of runs that were killed. Best effort: what cannot be removed stays.
pub(super) fn remove_leftovers() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if owner(&name.to_string_lossy()).is_some_and(|pid| !is_running(pid)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The process id in the name of one of our folders.
fn owner(folder_name: &str) -> Option<u32> {
    folder_name.strip_prefix(FOLDER_PREFIX)?.split_once('-')?.0.parse().ok()
}

/// Whether a process exists. Without `/proc` the answer is yes, so that nothing is removed.
fn is_running(pid: u32) -> bool {
    let proc = Path::new("/proc");
    !proc.join("self").exists() || proc.join(pid.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path, script: &str) -> Service {
        Service::start(Launch {
            name: "a sleeper",
            program: "sh".into(),
            arguments: vec!["-c".into(), script.into()],
            environment: Vec::new(),
            folder: folder.to_owned(),
            log: folder.join("log"),
            user: None,
            cores: None,
            stop_signal: StopSignal::Terminate,
        })
        .expect("sh starts")
    }

    #[test]
    fn a_dropped_service_has_ended() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let service = sleeper(folder.path(), "exec sleep 1000");
        let pid = service.pid();
        assert!(is_running(pid));
        drop(service);
        assert!(!is_running(pid));
    }

    #[test]
    fn a_server_that_ends_early_is_reported_with_its_log() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut service = sleeper(folder.path(), "echo the port is taken >&2; exit 4");
        let error = service.wait_until_ready(|| false).expect_err("it ended");
        let message = format!("{error:#}");
        assert!(message.contains("exit status: 4") && message.contains("the port is taken"));
    }

    #[test]
    fn only_our_own_folders_have_an_owner() {
        assert_eq!(owner("vouchsafe-services-17-Ab3"), Some(17));
        assert_eq!(owner("vouchsafe-services-x-Ab3"), None);
        assert_eq!(owner("other-17-Ab3"), None);
    }
}
