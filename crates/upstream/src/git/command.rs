//! The only command lines of git there are, and how they run.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdout, Command};

use super::{GitError, OLDEST_GIT};

/// What is kept of git's words, in bytes.
const MAX_STDERR_BYTES: usize = 16 * 1024;
/// Below this many bytes a second for half a minute, a connection is given up.
const SLOWEST_BYTES_PER_SEC: u32 = 1000;

/// Settings of every run. They stand on the command line, which wins over every file.
const SETTINGS: [&str; 22] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "core.attributesFile=/dev/null",
    // Larger files are not unpacked in memory.
    "core.bigFileThreshold=16m",
    "credential.helper=",
    "protocol.version=2",
    "protocol.allow=never",
    "http.followRedirects=false",
    "http.proxy=",
    "http.sslVerify=true",
    "http.emptyAuth=false",
    "http.delegation=none",
    // Objects are checked for what has been used against git before they are kept.
    "transfer.fsckObjects=true",
    // A server may not send git somewhere else for a part of the objects.
    "transfer.bundleURI=false",
    "fetch.uriProtocols=",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    // What arrives stays one pack: many small files would take longer than they are worth.
    "fetch.unpackLimit=1",
    "gc.auto=0",
    "maintenance.auto=false",
    "pack.threads=1",
];

/// A git command that cannot read anybody's settings.
pub(super) struct GitCommand {
    command: Command,
    what: &'static str,
    /// The home of the run: empty. Lives as long as the command.
    home: TempDir,
}

impl GitCommand {
    /// * `what`: what it is to do, after "git could not".
    /// * `protocols`: which ones it may speak, separated by colons.
    pub(super) fn new(
        search_path: &OsStr,
        what: &'static str,
        protocols: &str,
    ) -> Result<Self, GitError> {
        let home = tempfile::Builder::new().prefix("vouchsafe-git-").tempdir()?;
        let mut command = Command::new("git");
        command.env_clear();
        command.env("PATH", search_path).env("LC_ALL", "C");
        command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_ATTR_NOSYSTEM", "1").env("GIT_NO_REPLACE_OBJECTS", "1");
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("SSH_ASKPASS", "");
        command.env("GIT_OPTIONAL_LOCKS", "0");
        command.env("GIT_ALLOW_PROTOCOL", protocols).env("GIT_PROTOCOL_FROM_USER", "0");
        // A repository is named, or there is none: nothing is searched for above this folder.
        command.current_dir(home.path()).env("GIT_CEILING_DIRECTORIES", home.path());
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        command.arg("-c").arg(format!("http.lowSpeedLimit={SLOWEST_BYTES_PER_SEC}"));
        command.arg("-c").arg("http.lowSpeedTime=30");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        // A group of its own: what git starts is killed with it.
        #[cfg(unix)]
        command.process_group(0);
        Ok(Self { command, what, home })
    }

    /// Tells it the addresses of a host; see [`super::address::pin`].
    pub(super) fn pinned(mut self, pin: Option<String>) -> Self {
        if let Some(pin) = pin {
            self.command.arg("-c").arg(format!("http.curloptResolve={pin}"));
        }
        self
    }

    /// Works on this bare repository.
    pub(super) fn in_repository(mut self, dir: &Path) -> Self {
        self.command.arg("--git-dir").arg(dir);
        self
    }

    /// Works on the checkout in this folder.
    pub(super) fn in_checkout(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir).env_remove("GIT_CEILING_DIRECTORIES");
        self
    }

    pub(super) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Starts it.
    pub(super) fn start(mut self) -> Result<Running, GitError> {
        let mut child = self.command.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                GitError::Missing { source }
            }
            _ => GitError::Io(source),
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(GitError::Io(io::Error::other("a process without its pipes")));
        };
        let stderr = tokio::spawn(last_words(stderr));
        Ok(Running { child, stdout, stderr, what: self.what, _home: self.home })
    }

    /// Runs it to its end.
    ///
    /// * `limit_bytes`: most that it may write.
    pub(super) async fn output(
        self,
        limit_bytes: u64,
        timeout: Duration,
    ) -> Result<Vec<u8>, GitError> {
        let mut running = self.start()?;
        let run = async {
            let mut bytes = Vec::new();
            let mut bounded = (&mut running.stdout).take(limit_bytes + 1);
            bounded.read_to_end(&mut bytes).await?;
            if bytes.len() as u64 > limit_bytes {
                return Err(GitError::TooLarge { what: "what git lists", limit_bytes });
            }
            running.finish().await?;
            Ok(bytes)
        };
        // Dropping the run kills it.
        let ended = tokio::time::timeout(timeout, run).await;
        ended.unwrap_or(Err(GitError::TimedOut { after: timeout }))
    }
}

/// A git that runs. Dropping it kills it, and what it has started.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    pub(super) stdout: ChildStdout,
    stderr: tokio::task::JoinHandle<Vec<u8>>,
    what: &'static str,
    _home: TempDir,
}

impl Running {
    /// Waits for its end, after its output was read.
    pub(super) async fn finish(&mut self) -> Result<(), GitError> {
        let status = self.child.wait().await?;
        if status.success() {
            return Ok(());
        }
        let words = (&mut self.stderr).await.unwrap_or_default();
        Err(GitError::failed(self.what, &words))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without an id it was waited for, and its number may be somebody else's by now.
        #[cfg(unix)]
        if let Some(id) = self.child.id()
            && let Some(group) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw)
        {
            // It fails when everybody has gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        self.stderr.abort();
    }
}

/// Reads to the end and keeps the last of it.
async fn last_words(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut chunk = vec![0; 4096];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        kept.extend(chunk.iter().take(length));
        if kept.len() > 2 * MAX_STDERR_BYTES {
            kept.drain(..kept.len() - MAX_STDERR_BYTES);
        }
    }
    kept
}

/// Whether the git of this machine can be kept on a lead.
pub(super) async fn check_version(search_path: &OsString) -> Result<(), GitError> {
    let asked = GitCommand::new(search_path, "say its version", "none")?.args(["version"]);
    let text = asked.output(4096, Duration::from_secs(10)).await?;
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    if version_of(&text).is_some_and(|version| version >= OLDEST_GIT) {
        return Ok(());
    }
    Err(GitError::TooOld { found: text.chars().filter(|c| !c.is_control()).take(80).collect() })
}

/// `git version 2.39.5 (Apple Git-154)` is 2.39.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn versions_of_git_are_read() {
        assert_eq!(version_of("git version 2.39.5"), Some((2, 39)));
        assert_eq!(version_of("git version 2.50.1 (Apple Git-155)"), Some((2, 50)));
        assert_eq!(version_of("git version 2.47.windows.1"), Some((2, 47)));
        assert_eq!(version_of("hg 6"), None);
    }
}
