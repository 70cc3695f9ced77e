//! The real server, as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::sandbox::Ran;

/// How long a start may take before a test gives up. Generous: machines that test are busy.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// What a server is started with.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// Text of its configuration file.
    pub config: String,
    /// Further environment.
    pub env: Vec<(String, String)>,
    /// Further arguments of `serve`.
    pub args: Vec<String>,
}

impl ServerOptions {
    /// With this configuration file.
    pub fn config(text: impl Into<String>) -> Self {
        Self { config: text.into(), ..Self::default() }
    }
}

/// A running server with a data folder of its own. Ends with the value.
pub struct Server {
    binary: PathBuf,
    folder: TempDir,
    options: ServerOptions,
    child: Option<Child>,
    address: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts the server and waits until it listens.
    ///
    /// * `binary`: `env!("CARGO_BIN_EXE_vouchsafe")` of the calling test.
    pub fn start(binary: &str, options: ServerOptions) -> Self {
        let folder = tempfile::Builder::new().prefix("vouchsafe-test-").tempdir().unwrap();
        let mut server = Self {
            binary: binary.into(),
            folder,
            options,
            child: None,
            address: "127.0.0.1:0".to_owned(),
            log: Arc::default(),
        };
        server.up();
        server
    }

    /// Starts it again on the same data and the same port, after [`kill`](Self::kill) or
    /// [`stop`](Self::stop).
    pub fn up(&mut self) {
        assert!(self.child.is_none(), "the server is running already");
        std::fs::create_dir_all(self.data_dir()).unwrap();
        std::fs::write(self.data_dir().join("vouchsafe.toml"), &self.options.config).unwrap();
        let mut command = self.command();
        command.arg("serve").arg("--data").arg(self.data_dir());
        command.args(["--listen", &self.address]).args(&self.options.args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server binary starts");
        let stderr = child.stderr.take().unwrap();
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stderr);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                log.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let started = Instant::now();
        let mut line = String::new();
        while !line.contains("listening on ") {
            line.clear();
            let read = stdout.read_line(&mut line).unwrap_or(0);
            if read == 0 || started.elapsed() > START_PATIENCE {
                let _ = child.kill();
                panic!("the server did not start:\n{}", self.log());
            }
        }
        let address = line.split("listening on ").nth(1).unwrap().split_whitespace().next();
        self.address = address.unwrap().to_owned();
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        self.child = Some(child);
    }

    /// Like [`up`](Self::up), on any free port.
    pub fn up_elsewhere(&mut self) {
        self.address = "127.0.0.1:0".to_owned();
        self.up();
    }

    /// What the configuration file says from the next start on.
    pub fn set_config(&mut self, text: impl Into<String>) {
        self.options.config = text.into();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("VOUCHSAFE_") {
                command.env_remove(key);
            }
        }
        command.envs(self.options.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A scratch folder that ends with the server.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Everything it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Runs a command of the same binary on the same data, with `--data` added.
    pub fn cli(&self, args: &[&str]) -> Ran {
        let mut command = self.command();
        command.args(args).arg("--data").arg(self.data_dir()).stdin(Stdio::null());
        Ran::of(command)
    }

    /// Makes an account.
    pub fn user(&self, name: &str) {
        self.cli(&["user", "add", name, "--email", &format!("{name}@example.org")]).ok();
    }

    /// Makes an account with a password.
    pub fn user_with_password(&self, name: &str, password: &str) {
        let mut command = self.command();
        let email = format!("{name}@example.org");
        command.args(["user", "add", name, "--email", &email, "--password-stdin", "--data"]);
        command.arg(self.data_dir());
        Ran::with_input(command, &format!("{password}\n")).ok();
    }

    /// Makes a token with further arguments of `token add`.
    pub fn token(&self, user: &str, args: &[&str]) -> String {
        let mut all = vec!["token", "add", "--user", user];
        all.extend(args);
        self.cli(&all).ok().stdout.trim().to_owned()
    }

    /// An account and a token that may do everything the account may.
    pub fn user_and_token(&self, user: &str) -> String {
        self.user(user);
        self.token(user, &[])
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop, and does not wait.
    pub fn terminate(&self) {
        let pid = self.pid().expect("the server runs").to_string();
        Ran::of({
            let mut command = Command::new("kill");
            command.args(["-TERM", &pid]);
            command
        })
        .ok();
    }

    /// Waits until the process has ended by itself; its exit code.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.take().expect("the server runs").wait().unwrap().code()
    }

    /// Waits until the process has ended by itself.
    pub fn wait_until_gone(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// Asks it to stop, and waits.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = child.id().to_string();
            Ran::of({
                let mut command = Command::new("kill");
                command.args(["-TERM", &pid]);
                command
            })
            .ok();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of the server ---\n{}", self.log());
        }
    }
}
