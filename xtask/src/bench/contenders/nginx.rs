//! nginx with the same bytes as files: the physical limit. No policy, no accounts, one worker.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Running, Stage, Start, launch, version_word};
use crate::bench::scenario::Scenario;
use crate::command;
use crate::services::free_port;

/// Its name in tables.
pub(crate) const NAME: &str = "nginx, same bytes";

/// A file and its media type.
#[derive(Debug)]
struct Served {
    name: &'static str,
    content_type: String,
}

/// Starts nginx with the answers of a running server, one path per scenario.
///
/// # Errors
///
/// When the server does not answer, or nginx does not start.
pub(crate) fn start(
    stage: &Stage<'_>,
    folder: &Path,
    reference: &Running,
    scenarios: &[Scenario],
) -> Result<Running> {
    let root = folder.join("root");
    std::fs::create_dir_all(&root).context("cannot create nginx's folder")?;
    let mut served = vec![Served { name: "ready", content_type: "text/plain".to_owned() }];
    std::fs::write(root.join("ready"), "ready").context("cannot write a file for nginx")?;
    for scenario in scenarios {
        let answer = reference.answer(scenario, stage.data)?;
        let file = root.join(scenario.name);
        if scenario.gzip {
            let compressed = gzip(&answer.body)?;
            std::fs::write(root.join(format!("{}.gz", scenario.name)), compressed)
                .context("cannot write a file for nginx")?;
        }
        std::fs::write(&file, &answer.body).context("cannot write a file for nginx")?;
        let content_type = answer.header("content-type").unwrap_or("application/octet-stream");
        served.push(Served { name: scenario.name, content_type: content_type.to_owned() });
    }

    let port = free_port()?;
    let config = folder.join("nginx.conf");
    std::fs::write(&config, configuration(folder, port, command::is_root()?, &served))
        .context("cannot write nginx's configuration")?;
    let (service, address, first_answer) = launch(
        stage,
        Start {
            name: "nginx",
            program: stage.programs.nginx.clone(),
            arguments: vec!["-c".into(), config.into(), "-e".into(), folder.join("errors").into()],
            environment: Vec::new(),
            folder,
            port,
            ready_path: "/ready",
            credential: None,
        },
    )?;
    // nginx says its version on stderr.
    let answer = Command::new(&stage.programs.nginx).arg("-v").output().context("nginx -v")?;
    Ok(Running {
        name: NAME.to_owned(),
        version: version_word(&String::from_utf8_lossy(&answer.stderr))?,
        service,
        address,
        first_answer,
        mount: None,
    })
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).context("cannot compress")?;
    encoder.finish().context("cannot compress")
}

/// Keep-alive without end, `sendfile`, no access log, compressed files beside plain ones.
fn configuration(folder: &Path, port: u16, is_root: bool, served: &[Served]) -> String {
    let folder = folder.display();
    // As root, nginx gives its worker another user, who may not read here.
    let user = if is_root { "user root;\n" } else { "" };
    let mut locations = String::new();
    for Served { name, content_type } in served {
        let content_type = content_type.replace(['"', '\\', '$'], "");
        let _ = writeln!(
            locations,
            "        location = /{name} {{ types {{ }} default_type \"{content_type}\"; }}"
        );
    }
    format!(
        "{user}daemon off;
worker_processes 1;
pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65;
    keepalive_requests 1000000000;
    gzip_static on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/root;
{locations}    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_cannot_leave_its_quotes() {
        let served = [Served { name: "a", content_type: "text/plain\"; evil $x".to_owned() }];
        let text = configuration(Path::new("/f"), 1, false, &served);
        assert!(text.contains("default_type \"text/plain; evil x\";"), "{text}");
        assert!(!text.contains("user root"));
    }
}
