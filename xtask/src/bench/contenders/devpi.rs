//! devpi-server on SQLite, with one index that has no upstream.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::{Contender, Running, Stage, Start, folder_argument, launch, version_word};
use crate::bench::http::{Connection, Request};
use crate::bench::wire::{Credential, Mount};
use crate::command;
use crate::services::free_port;

/// devpi takes about half a second per upload.
const VERSION_LIMIT: usize = 40;

const PASSWORD: &str = "bench-password";

#[derive(Debug)]
pub(super) struct Devpi;

impl Contender for Devpi {
    fn name(&self) -> &'static str {
        "devpi"
    }

    fn version_limit(&self) -> usize {
        VERSION_LIMIT
    }

    fn start(&self, stage: &Stage<'_>, folder: &Path) -> Result<Running> {
        let programs = &stage.programs.peers_python_bin_dir;
        let server_dir = folder_argument(folder, "server")?;
        command::output(
            Command::new(programs.join("devpi-init"))
                .args(["--no-root-pypi", "--root-passwd", PASSWORD, "--serverdir"])
                .arg(&server_dir),
            "initialize devpi",
        )?;
        let port = free_port()?;
        let (service, address, first_answer) = launch(
            stage,
            Start {
                name: self.name(),
                program: programs.join("devpi-server"),
                arguments: vec![
                    "--serverdir".into(),
                    server_dir,
                    "--host".into(),
                    "127.0.0.1".into(),
                    "--port".into(),
                    port.to_string().into(),
                    "--offline-mode".into(),
                ],
                environment: Vec::new(),
                folder,
                port,
                ready_path: "/+api",
                credential: None,
            },
        )?;
        let credential =
            Credential::Basic { name: "root".to_owned(), password: PASSWORD.to_owned() };
        let index = json!({ "bases": [], "volatile": false });
        let request = Request::with_body(
            "PUT",
            "/root/bench",
            "application/json",
            index.to_string().into_bytes(),
        )
        .header("Accept", "application/json")
        .header("Authorization", credential.header().unwrap_or_default());
        Connection::new(address).send(&request)?.success()?;
        let printed = command::output(
            Command::new(programs.join("devpi-server")).arg("--version"),
            "ask its version",
        )?;
        Ok(Running {
            name: self.name().to_owned(),
            version: version_word(&printed)?,
            service,
            address,
            first_answer,
            mount: Some(Mount {
                prefix: "/root/bench/+simple".to_owned(),
                upload_path: "/root/bench/".to_owned(),
                credential,
                read_credential: Credential::None,
            }),
        })
    }
}
