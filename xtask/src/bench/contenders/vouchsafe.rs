//! Ours: the release build with its defaults, an account, and a token that is sent with every
//! request, so that reading pays for authentication and policy as it does in use.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::{Contender, Running, Stage, Start, folder_argument, launch, version_word};
use crate::bench::wire::{Credential, Ecosystem, Mount};
use crate::services::free_port;
use crate::{command, progress, workspace};

/// The account that publishes.
const ACCOUNT: &str = "bench";

#[derive(Debug)]
pub(super) struct Vouchsafe;

impl Contender for Vouchsafe {
    fn name(&self) -> &'static str {
        "vouchsafe"
    }

    fn start(&self, stage: &Stage<'_>, folder: &Path) -> Result<Running> {
        progress::step("building vouchsafe");
        let mut cargo = workspace::cargo();
        if !command::shown(cargo.args(["build", "--release", "--package", "vouchsafe", "--quiet"]))?
        {
            bail!("vouchsafe cannot be built");
        }
        let program = workspace::target_dir()?.join("release/vouchsafe");
        let data = folder_argument(folder, "data")?;

        let mut add_user = Command::new(&program);
        add_user
            .args(["user", "add", ACCOUNT, "--email", "bench@registry.example", "--admin"])
            .args(["--password-stdin", "--data"])
            .arg(&data);
        with_input(&mut add_user, "correct horse battery staple 7\n")?;
        let token = command::output(
            Command::new(&program).args(["token", "add", "--user", ACCOUNT, "--data"]).arg(&data),
            "make a token",
        )?;
        let token = token.trim().to_owned();

        let port = free_port()?;
        let (service, address, first_answer) = launch(
            stage,
            Start {
                name: self.name(),
                arguments: vec![
                    "serve".into(),
                    "--data".into(),
                    data,
                    "--listen".into(),
                    format!("127.0.0.1:{port}").into(),
                ],
                environment: Vec::new(),
                folder,
                port,
                ready_path: "/healthz",
                program: program.clone(),
            },
        )?;
        let printed = command::output(Command::new(&program).arg("--version"), "ask its version")?;
        Ok(Running {
            name: self.name().to_owned(),
            version: version_word(&printed)?,
            service,
            address,
            first_answer,
            mount: Some(mount(stage.data.ecosystem, token)),
        })
    }
}

fn mount(ecosystem: Ecosystem, token: String) -> Mount {
    let (prefix, upload_path, credential) = match ecosystem {
        Ecosystem::Npm => ("/npm", "", Credential::Bearer(token)),
        Ecosystem::Pypi => (
            "/pypi/simple",
            "/pypi/legacy/",
            Credential::Basic { name: "__token__".to_owned(), password: token },
        ),
        Ecosystem::Cargo => ("/cargo/index", "/cargo/api/v1/crates/new", Credential::Bare(token)),
    };
    Mount {
        prefix: prefix.to_owned(),
        upload_path: upload_path.to_owned(),
        read_credential: credential.clone(),
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
