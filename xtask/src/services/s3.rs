//! An S3-compatible server of our own, with one empty bucket.

use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::process::{Launch, Service, StopSignal, free_port, temporary_folder};
use crate::tools::Tools;

/// Credentials of a server that lives for one test run on the loopback address.
const ACCESS_KEY: &str = "vouchsafe-test";
const SECRET_KEY: &str = "vouchsafe-test-secret";

/// The bucket. Tests keep apart by prefix.
const BUCKET: &str = "vouchsafe-test";

/// A running server.
#[derive(Debug)]
pub(super) struct S3 {
    // Fields are dropped in this order: the server ends before its data goes.
    _service: Service,
    _folder: TempDir,
    port: u16,
}

impl S3 {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub(super) fn start(tools: &Tools) -> Result<Self> {
        let folder = temporary_folder()?;
        let objects = folder.path().join("objects");
        let attributes = folder.path().join("attributes");
        // A folder below the root is a bucket. Attributes live in files of their own, because not
        // every file system a temporary folder is on has extended ones.
        std::fs::create_dir_all(objects.join(BUCKET)).context("cannot create the bucket")?;
        std::fs::create_dir_all(&attributes).context("cannot create the attribute folder")?;
        let port = free_port()?;
        let mut service = Service::start(Launch {
            name: "the S3 server",
            program: tools.s3_server.clone(),
            arguments: vec![
                "--quiet".into(),
                "--keep-alive".into(),
                "--port".into(),
                format!("127.0.0.1:{port}").into(),
                "posix".into(),
                "--sidecar".into(),
                attributes.into(),
                objects.into(),
            ],
            environment: vec![
                ("ROOT_ACCESS_KEY_ID", ACCESS_KEY.into()),
                ("ROOT_SECRET_ACCESS_KEY", SECRET_KEY.into()),
            ],
            folder: folder.path().to_owned(),
            log: folder.path().join("log"),
            user: None,
            cores: None,
            stop_signal: StopSignal::Terminate,
        })?;
        service.wait_until_ready(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
        Ok(Self { _service: service, _folder: folder, port })
    }

    /// Address of the bucket, with its credentials as query.
    pub(super) fn url(&self) -> String {
        format!(
            "http://127.0.0.1:{}/{BUCKET}?access_key={ACCESS_KEY}&secret_key={SECRET_KEY}",
            self.port
        )
    }
}
