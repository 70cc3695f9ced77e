//! A server that dies at a given step of its first publish, as if the power had gone.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use vouchsafe_app::{App, AppConfig, PublishObserver, PublishStep, SystemClock};
use vouchsafe_http::{Server, ServerConfig, TrustedProxies};
use vouchsafe_store::Store;
use vouchsafe_store::blob::{BlobConfig, Blobs};
use vouchsafe_upstream::{ClientLimits, Upstreams};

const STEP: &str = "CRASH_AT_STEP";
const DATA: &str = "CRASH_DATA";
const DATABASE: &str = "CRASH_DATABASE";
/// `SIGABRT`, the signal of [`std::process::abort`].
const ABORTED: i32 = 6;

/// The parent's end of such a server.
pub(crate) struct DyingServer {
    child: Child,
    address: String,
}

impl DyingServer {
    /// Starts one and waits until it listens.
    pub(crate) fn start(data_dir: &Path, database_url: &str, step: PublishStep) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "dying_server::serves_until_its_step", "--nocapture"])
            .env(STEP, (step as usize).to_string())
            .env(DATA, data_dir)
            .env(DATABASE, database_url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on ") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "the dying server did not start");
        }
        let address = line.split("listening on ").nth(1).unwrap().trim().to_owned();
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Self { child, address }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Waits for its death, which must be the one that was ordered.
    pub(crate) fn wait_until_dead(mut self) {
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(ABORTED), "it ended by itself: {status}");
    }
}

impl Drop for DyingServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct DieAt(PublishStep);

impl PublishObserver for DieAt {
    fn reached(&self, step: PublishStep) {
        if step == self.0 {
            // No destructor runs, nothing is flushed, nobody is answered.
            std::process::abort();
        }
    }
}

/// Not a test by itself: the server, when the environment asks for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serves_until_its_step() {
    let Ok(step) = std::env::var(STEP) else { return };
    let step: usize = step.parse().unwrap();
    let step = PublishStep::ALL.into_iter().find(|known| *known as usize == step).unwrap();
    let data_dir = std::env::var(DATA).unwrap();
    let config = ServerConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: None,
        trusted_proxies: TrustedProxies::default(),
        max_connections: 64,
        shutdown_grace: Duration::ZERO,
    };
    let server = Server::bind(config).await.unwrap();
    let address = server.address().unwrap();
    let root = Path::new(&data_dir).join("blobs");
    let app = App::new(
        AppConfig::new(format!("http://{address}")),
        Store::open(&std::env::var(DATABASE).unwrap()).await.unwrap(),
        Blobs::open(BlobConfig::Local { root }).await.unwrap(),
        Upstreams::new(Vec::new(), ClientLimits::default()).unwrap(),
        vouchsafe_ecosystems::ADAPTERS,
        Arc::new(SystemClock),
        Arc::new(DieAt(step)),
    );
    let app = app.await.unwrap();
    println!("listening on {address}");
    server.run(app, std::future::pending()).await;
}
