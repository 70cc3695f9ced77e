//! pypiserver with its cached backend, which it recommends for anything but small folders.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Contender, Running, Stage, Start, folder_argument, launch, version_word};
use crate::bench::wire::{Credential, Mount};
use crate::command;
use crate::services::free_port;

#[derive(Debug)]
pub(super) struct Pypiserver;

impl Contender for Pypiserver {
    fn name(&self) -> &'static str {
        "pypiserver"
    }

    fn start(&self, stage: &Stage<'_>, folder: &Path) -> Result<Running> {
        let program = stage.programs.peers_python_bin_dir.join("pypi-server");
        let packages = folder_argument(folder, "packages")?;
        let port = free_port()?;
        let (service, address, first_answer) = launch(
            stage,
            Start {
                name: self.name(),
                program: program.clone(),
                arguments: vec![
                    "run".into(),
                    "--port".into(),
                    port.to_string().into(),
                    "--interface".into(),
                    "127.0.0.1".into(),
                    "--backend".into(),
                    "cached-dir".into(),
                    "--disable-fallback".into(),
                    "--passwords".into(),
                    ".".into(),
                    "--authenticate".into(),
                    ".".into(),
                    packages,
                ],
                environment: Vec::new(),
                folder,
                port,
                ready_path: "/health",
                credential: None,
            },
        )?;
        let printed = command::output(Command::new(&program).arg("--version"), "ask its version")?;
        Ok(Running {
            name: self.name().to_owned(),
            version: version_word(&printed)?,
            service,
            address,
            first_answer,
            mount: Some(Mount {
                prefix: "/simple".to_owned(),
                upload_path: "/".to_owned(),
                credential: Credential::None,
                read_credential: Credential::None,
            }),
        })
    }
}
