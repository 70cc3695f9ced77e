//! Ours: the release build, an account, and a token.
//!
//! It is measured the way it is meant to be used: nobody reads without signing in, a cooldown is
//! on, the operator's lists have entries, and every request carries a token. The open one beside
//! it has none of that, to show what it costs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::{Contender, Running, Stage, Start, folder_argument, launch, version_word};
use crate::bench::wire::{Credential, Ecosystem, Mount};
use crate::command;
use crate::services::free_port;

/// Our name in tables.
pub(crate) const NAME: &str = "vouchsafe";

/// The one without accounts and policy.
pub(crate) const OPEN_NAME: &str = "vouchsafe, open";

/// Releases per phase that the open one is filled with.
const OPEN_VERSIONS: usize = 20;

/// The account that publishes.
const ACCOUNT: &str = "bench";

/// Entries of the deny and exempt lists: each one is looked up for every release.
const ENTRIES: [(&str, &str); 6] = [
    ("deny", "event-stream@3.3.6"),
    ("deny", "bench-denied"),
    ("deny", "@denied/*"),
    ("deny", "bench-large@999.0.0"),
    ("exempt", "bench-exempt"),
    ("exempt", "bench-tiny@999.0.0"),
];

/// Nobody reads without a token, and young releases from upstreams wait.
const GUARDED_CONFIG: &str = "[access]\nread = \"signed-in\"\n\n[policy]\ncooldown = \"3d\"\n";

#[derive(Debug, Clone, Default)]
pub(crate) struct Vouchsafe {
    /// Without accounts for reading and without policy.
    pub(crate) is_open: bool,
    /// Base address of an npm upstream.
    pub(crate) npm_upstream: Option<String>,
}

impl Contender for Vouchsafe {
    fn name(&self) -> &'static str {
        if self.is_open { OPEN_NAME } else { NAME }
    }

    /// The open one is only asked for packages of one version.
    fn version_limit(&self) -> usize {
        if self.is_open { OPEN_VERSIONS } else { usize::MAX }
    }

    fn start(&self, stage: &Stage<'_>, folder: &Path) -> Result<Running> {
        let data = PathBuf::from(folder_argument(folder, "data")?);
        self.prepare(stage, &data)?;
        self.serve(stage, folder, &data, "/healthz")
    }
}

impl Vouchsafe {
    /// Makes a data folder with configuration and account.
    ///
    /// # Errors
    ///
    /// When the server's own commands fail.
    pub(crate) fn prepare(&self, stage: &Stage<'_>, data: &Path) -> Result<()> {
        let mut config = if self.is_open { String::new() } else { GUARDED_CONFIG.to_owned() };
        if let Some(url) = &self.npm_upstream {
            config.push_str(&format!(
                "\n[upstreams.npm]\nurl = \"{url}\"\nallow_private_network = true\n\
                 index_ttl_secs = 3600\n"
            ));
        }
        std::fs::write(data.join("vouchsafe.toml"), config)
            .context("cannot configure vouchsafe")?;
        let program = &stage.programs.vouchsafe;
        let mut add_user = Command::new(program);
        add_user
            .args(["user", "add", ACCOUNT, "--email", "bench@registry.example", "--admin"])
            .args(["--password-stdin", "--data"])
            .arg(data);
        with_input(&mut add_user, "correct horse battery staple 7\n")?;
        if self.is_open {
            return Ok(());
        }
        for (verb, name) in ENTRIES {
            let namespace = match stage.data.ecosystem {
                Ecosystem::Composer => "bench/",
                Ecosystem::Maven => "example.bench/",
                _ => "",
            };
            let purl = format!("pkg:{}/{namespace}{name}", stage.data.ecosystem.name());
            if stage.data.ecosystem != Ecosystem::Npm && name.starts_with('@') {
                continue;
            }
            let mut entry = Command::new(program);
            entry.args(["policy", verb, "--reason", "benchmark", "--data"]).arg(data).arg(purl);
            command::output(&mut entry, "write a policy entry")?;
        }
        Ok(())
    }

    /// Serves a data folder that is prepared.
    ///
    /// * `ready_path`: answers 2xx to a client with a token once the server is ready.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub(crate) fn serve(
        &self,
        stage: &Stage<'_>,
        folder: &Path,
        data: &Path,
        ready_path: &str,
    ) -> Result<Running> {
        let program = &stage.programs.vouchsafe;
        let token = command::output(
            Command::new(program).args(["token", "add", "--user", ACCOUNT, "--data"]).arg(data),
            "make a token",
        )?;
        let mount = mount(stage.data.ecosystem, token.trim().to_owned(), self.is_open);
        let port = free_port()?;
        let (service, address, first_answer) = launch(
            stage,
            Start {
                name: self.name(),
                arguments: vec![
                    "serve".into(),
                    "--data".into(),
                    data.into(),
                    "--listen".into(),
                    format!("127.0.0.1:{port}").into(),
                ],
                environment: Vec::new(),
                folder,
                port,
                ready_path,
                credential: mount.credential.header(),
                program: program.clone(),
            },
        )?;
        let printed = command::output(Command::new(program).arg("--version"), "ask its version")?;
        Ok(Running {
            name: self.name().to_owned(),
            version: version_word(&printed)?,
            service,
            address,
            first_answer,
            mount: Some(mount),
        })
    }
}

fn mount(ecosystem: Ecosystem, token: String, is_open: bool) -> Mount {
    let (prefix, upload_path, credential) = match ecosystem {
        Ecosystem::Npm => ("/npm", "", Credential::Bearer(token)),
        Ecosystem::Pypi => (
            "/pypi/simple",
            "/pypi/legacy/",
            Credential::Basic { name: "__token__".to_owned(), password: token },
        ),
        Ecosystem::Cargo => ("/cargo/index", "/cargo/api/v1/crates/new", Credential::Bare(token)),
        Ecosystem::Composer => ("/composer", "", Credential::Bearer(token)),
        Ecosystem::Maven => {
            ("/maven", "", Credential::Basic { name: "__token__".to_owned(), password: token })
        }
    };
    Mount {
        prefix: prefix.to_owned(),
        upload_path: upload_path.to_owned(),
        read_credential: if is_open { Credential::None } else { credential.clone() },
        credential,
    }
}

/// Runs a program that reads its input from stdin.
fn with_input(command: &mut Command, input: &str) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("vouchsafe does not start")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).context("cannot hand over the password")?;
    }
    let output = child.wait_with_output().context("cannot wait for vouchsafe")?;
    if !output.status.success() {
        bail!("cannot add an account: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
