//! Databases, blob stores and values for tests.

use std::sync::Once;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use vouchsafe_domain::{
    AccountId, Digest, DigestAlgorithm, Digests, EcosystemId, PackageName, PackageRef, RegistryId,
    Sha256, Timestamp, Version,
};
use vouchsafe_store::blob::{BlobConfig, Blobs, Spooled};
use vouchsafe_store::{NewAccount, NewArtifact, NewRelease, Store, new_id};

/// Runs each test on a fresh database of either engine.
macro_rules! store_tests {
    ($(async fn $name:ident($db:ident: $type:ty) $body:block)*) => {
        $(async fn $name($db: $type) $body)*

        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::harness::TestDb::sqlite().await;
                super::$name(&db).await;
                db.close().await;
            }
        )*}

        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::harness::TestDb::postgres().await;
                super::$name(&db).await;
                db.close().await;
            }
        )*}
    };
}
pub(crate) use store_tests;

/// A fresh, migrated database of one test, and a folder beside it.
pub(crate) struct TestDb {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) folder: tempfile::TempDir,
    /// Name of the database to drop at the end.
    postgres_name: Option<String>,
}

impl TestDb {
    pub(crate) async fn sqlite() -> Self {
        init_crypto();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let store = Store::open(&url).await.unwrap();
        Self { store, url, folder, postgres_name: None }
    }

    pub(crate) async fn postgres() -> Self {
        init_crypto();
        let name = format!("vouchsafe_test_{}", new_id().simple());
        let mut admin = postgres_admin().await;
        // A name made of letters, digits and underscores.
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.unwrap();
        let options: sqlx::postgres::PgConnectOptions = postgres_base().parse().unwrap();
        let url = options.database(&name).to_url_lossy().to_string();
        let store = Store::open(&url).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { store, url, folder, postgres_name: Some(name) }
    }

    /// Another database of the same engine.
    pub(crate) async fn sibling(&self) -> Self {
        match self.postgres_name {
            Some(_) => Self::postgres().await,
            None => Self::sqlite().await,
        }
    }

    /// A blob store in this test's folder.
    pub(crate) async fn blobs(&self) -> Blobs {
        let root = self.folder.path().join("data");
        Blobs::open(BlobConfig::Local { root }).await.unwrap()
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
        if let Some(name) = &self.postgres_name {
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            let mut admin = postgres_admin().await;
            sqlx::query(AssertSqlSafe(drop)).execute(&mut admin).await.unwrap();
        }
    }
}

/// Base URL of a PostgreSQL server on which databases may be created.
pub(crate) fn postgres_base() -> String {
    std::env::var("VOUCHSAFE_TEST_POSTGRES").expect(
        "VOUCHSAFE_TEST_POSTGRES is not set: these tests need a PostgreSQL server; \
         run them through `cargo xtask test`, which starts one",
    )
}

async fn postgres_admin() -> PgConnection {
    PgConnection::connect(&postgres_base()).await.unwrap()
}

/// rustls asks for a process-wide provider.
pub(crate) fn init_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// Second `secs` of the time that tests run in.
pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_750_000_000 + secs)
}

pub(crate) const REGISTRY: RegistryId = RegistryId::DEFAULT;

pub(crate) fn npm() -> EcosystemId {
    EcosystemId::from_static("npm")
}

/// An npm package; the collision key drops dashes and underscores.
pub(crate) fn package(name: &str) -> PackageRef {
    let canonical = name.to_lowercase();
    let key = canonical.replace(['-', '_'], "");
    let name = PackageName::new(name, canonical, key).unwrap();
    PackageRef { ecosystem: npm(), name }
}

/// A version whose canonical form has no build metadata.
pub(crate) fn version(text: &str) -> Version {
    Version::new(text, text.split('+').next().unwrap()).unwrap()
}

pub(crate) fn sha256_of(bytes: &[u8]) -> Sha256 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Sha256::new(digest.as_ref().try_into().unwrap())
}

/// A file whose bytes are its own name.
pub(crate) fn artifact(filename: &str) -> NewArtifact {
    let sha256 = sha256_of(filename.as_bytes());
    let sha1 = Digest::from_bytes(DigestAlgorithm::Sha1, &[7; 20]).unwrap();
    NewArtifact {
        filename: filename.parse().unwrap(),
        size_bytes: filename.len() as u64,
        sha256,
        digests: Digests::from_iter([sha1, sha256.into()]),
        extras: Some(r#"{"kind":"tarball"}"#.to_owned()),
    }
}

/// A release with one file, of a package that is not there yet.
pub(crate) fn new_release(name: &str, number: &str) -> NewRelease {
    NewRelease {
        registry_id: REGISTRY,
        package: package(name),
        expect_package: None,
        version: version(number),
        may_extend: false,
        manifest: format!(r#"{{"version":"{number}"}}"#),
        package_extras: None,
        summary: format!("{name} for tests"),
        keywords: vec!["testing".to_owned()],
        newest_version: Some(number.to_owned()),
        artifacts: vec![artifact(&format!("{name}-{number}.tgz"))],
        tags: vec!["latest".to_owned()],
        account: None,
        actor: "alice".to_owned(),
        now: at(0),
        namespaces: Vec::new(),
        namespace_entry: None,
        jobs: Vec::new(),
    }
}

pub(crate) async fn account(store: &Store, name: &str) -> AccountId {
    let new = NewAccount {
        name: name.parse().unwrap(),
        email: format!("{name}@example.org").parse().unwrap(),
        password_hash: Some("$argon2id$secret".to_owned()),
        is_admin: false,
    };
    store.insert_account(new, at(0)).await.unwrap().id
}

/// Kinds of all events, in order, having checked that their numbers have no gap.
pub(crate) async fn event_kinds(store: &Store) -> Vec<String> {
    let events = store.events_after(0, 10_000).await.unwrap();
    let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as i64).collect::<Vec<_>>());
    assert_eq!(store.last_event_seq().await.unwrap(), events.len() as i64);
    events.into_iter().map(|event| event.kind).collect()
}

/// Spools bytes in chunks of `step`.
pub(crate) async fn spool(blobs: &Blobs, bytes: &[u8], step: usize) -> Spooled {
    let mut writer = blobs.spool(u64::MAX, &[DigestAlgorithm::Sha512, DigestAlgorithm::Md5]);
    for chunk in bytes.chunks(step) {
        writer.write(chunk).await.unwrap();
    }
    writer.finish().await.unwrap()
}

/// Bytes that do not repeat soon.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    (0..length as u64).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}
