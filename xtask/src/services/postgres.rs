//! A PostgreSQL server of our own: fresh cluster, loopback only, no password, nothing synced.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::process::{Launch, Service, StopSignal, free_port, temporary_folder};
use crate::command;
use crate::tools::Tools;

/// The system user that runs the server when we are root, which PostgreSQL refuses to be.
const SYSTEM_USER: &str = "postgres";

/// The database role of the tests: may create and drop databases.
const SUPERUSER: &str = "vouchsafe";

/// Settings of the server. Durability is off: a lost cluster costs nothing here.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=64MB",
    "max_wal_size=2GB",
    "autovacuum=off",
];

/// A running server.
#[derive(Debug)]
pub(super) struct Postgres {
    // Fields are dropped in this order: the server ends before its data goes.
    _service: Service,
    _folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    ///
    /// When PostgreSQL is not installed or does not come up.
    pub(super) fn start(tools: &Tools) -> Result<Self> {
        let folder = temporary_folder()?;
        let user = if command::is_root()? { Some(SYSTEM_USER) } else { None };
        if let Some(user) = user {
            hand_over(folder.path(), user)?;
        }
        let data = folder.path().join("data");
        make_cluster(&tools.postgres_bin_dir.join("initdb"), &data, user)?;

        let port = free_port()?;
        let mut arguments = vec!["-D".into(), data.into(), "-p".into(), port.to_string().into()];
        for setting in SETTINGS {
            arguments.extend(["-c".into(), setting.into()]);
        }
        let mut service = Service::start(Launch {
            name: "PostgreSQL",
            program: tools.postgres_bin_dir.join("postgres"),
            arguments,
            environment: Vec::new(),
            folder: folder.path().to_owned(),
            log: folder.path().join("log"),
            user,
            cores: None,
            stop_signal: StopSignal::Interrupt,
        })?;
        let pg_isready = tools.postgres_bin_dir.join("pg_isready");
        service.wait_until_ready(|| {
            Command::new(&pg_isready)
                .args(["--quiet", "--host=127.0.0.1", "--dbname=postgres", "--username", SUPERUSER])
                .arg(format!("--port={port}"))
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })?;
        Ok(Self { _service: service, _folder: folder, port })
    }

    /// Address of the database `postgres`, for a role that may create others.
    pub(super) fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }
}

/// Gives a folder to a system user.
fn hand_over(folder: &Path, user: &str) -> Result<()> {
    let (uid, gid) = (command::id(&["-u", user])?, command::id(&["-g", user])?);
    std::os::unix::fs::chown(folder, Some(uid), Some(gid))
        .with_context(|| format!("cannot give {} to `{user}`", folder.display()))
}

fn make_cluster(initdb: &Path, data: &Path, user: Option<&str>) -> Result<()> {
    let mut command = match user {
        None => Command::new(initdb),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command
                .args([&format!("--reuid={user}"), &format!("--regid={user}"), "--init-groups"])
                .arg(initdb);
            command
        }
    };
    command
        .current_dir("/")
        .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
        .args(["--username", SUPERUSER, "--pgdata"])
        .arg(data);
    command::output(&mut command, "make a PostgreSQL cluster").map(drop)
}
