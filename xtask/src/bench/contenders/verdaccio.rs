//! verdaccio: the npm registry most teams host themselves. One process, no web pages, no upstream,
//! logging of errors only, and no limit on how often an account may ask. Tokens are JWTs: with its
//! other kind it hashes the password again in every request.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Contender, Running, Stage, Start, folder_argument, launch, version_word};
use crate::bench::http::{Connection, Request};
use crate::bench::wire::{Credential, Mount};
use crate::command;
use crate::services::free_port;

const CONFIG: &str = "\
storage: ./storage
web:
  enable: false
auth:
  htpasswd:
    file: ./htpasswd
    max_users: 10
security:
  api:
    jwt:
      sign:
        expiresIn: 29d
packages:
  '**':
    access: $all
    publish: $authenticated
userRateLimit:
  windowMs: 1000
  max: 1000000
max_body_size: 400mb
log: { type: file, path: verdaccio.log, level: error }
";

/// The last line of the packages.
const PUBLISH_LINE: &str = "    publish: $authenticated\n";

/// Behind it, with an upstream. Documents count as fresh for an hour, like ours.
const PROXY: &str = "    proxy: upstream\n";

#[derive(Debug, Default)]
pub(super) struct Verdaccio {
    /// Base address of an upstream.
    pub(super) upstream: Option<String>,
}

impl Contender for Verdaccio {
    fn name(&self) -> &'static str {
        "verdaccio"
    }

    fn start(&self, stage: &Stage<'_>, folder: &Path) -> Result<Running> {
        let program = stage.programs.peers_node_bin_dir.join("verdaccio");
        folder_argument(folder, "storage")?;
        let config = folder.join("config.yaml");
        let text = match &self.upstream {
            None => format!("{CONFIG}uplinks: {{}}\n"),
            Some(url) => format!(
                "{}uplinks:\n  upstream:\n    url: {url}\n    maxage: 60m\n    cache: true\n",
                CONFIG.replace(PUBLISH_LINE, &format!("{PUBLISH_LINE}{PROXY}"))
            ),
        };
        std::fs::write(&config, text).context("cannot write verdaccio's configuration")?;
        let port = free_port()?;
        let (service, address, first_answer) = launch(
            stage,
            Start {
                name: self.name(),
                program: program.clone(),
                arguments: vec![
                    "--config".into(),
                    config.into(),
                    "--listen".into(),
                    format!("127.0.0.1:{port}").into(),
                ],
                environment: vec![("NODE_ENV", "production".into())],
                folder,
                port,
                ready_path: "/-/ping",
                credential: None,
            },
        )?;
        let account = json!({
            "name": "bench", "password": "bench-password", "email": "bench@registry.example",
            "type": "user", "roles": [],
        });
        let request = Request::with_body(
            "PUT",
            "/-/user/org.couchdb.user:bench",
            "application/json",
            account.to_string().into_bytes(),
        );
        let answer = Connection::new(address).send(&request)?.success()?;
        let answer: Value =
            serde_json::from_slice(&answer.body).context("verdaccio's answer is not JSON")?;
        let token = answer.get("token").and_then(Value::as_str).context("no token came back")?;
        let printed = command::output(Command::new(&program).arg("--version"), "ask its version")?;
        Ok(Running {
            name: self.name().to_owned(),
            version: version_word(&printed)?,
            service,
            address,
            first_answer,
            mount: Some(Mount {
                prefix: String::new(),
                upload_path: String::new(),
                credential: Credential::Bearer(token.to_owned()),
                read_credential: Credential::None,
            }),
        })
    }
}
