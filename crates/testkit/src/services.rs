//! PostgreSQL databases and S3 folders of single tests, on the services that the test command
//! starts.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// A fresh PostgreSQL database. Ends with the value.
pub struct Database {
    base: String,
    name: String,
}

impl Database {
    /// Makes one.
    ///
    /// * `name`: tells tests apart, in letters and underscores; a number is added.
    pub fn fresh(name: &str) -> Self {
        let base = variable("VOUCHSAFE_TEST_POSTGRES", "a PostgreSQL server");
        let name = format!("vouchsafe_{name}_{}", unique());
        run(&base, format!("CREATE DATABASE {name} TEMPLATE template0"));
        Self { base, name }
    }

    /// Its address.
    pub fn url(&self) -> String {
        let options: PgConnectOptions = self.base.parse().unwrap();
        sqlx::ConnectOptions::to_url_lossy(&options.database(&self.name)).to_string()
    }

    /// Host and port of its server.
    pub fn server(&self) -> String {
        let options: PgConnectOptions = self.base.parse().unwrap();
        format!("{}:{}", options.get_host(), options.get_port())
    }

    /// Its address by way of another host and port, for example of something that can be cut.
    pub fn url_through(&self, host: &str, port: u16) -> String {
        let options: PgConnectOptions = self.base.parse().unwrap();
        let options = options.database(&self.name).host(host).port(port);
        sqlx::ConnectOptions::to_url_lossy(&options).to_string()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        run(&self.base, format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// A folder of one test in the bucket.
pub struct Bucket {
    endpoint: String,
    bucket: String,
    access_key: String,
    secret_key: String,
    prefix: String,
}

impl Bucket {
    /// Names one; it is empty.
    pub fn fresh(name: &str) -> Self {
        let url = variable("VOUCHSAFE_TEST_S3", "an S3 server");
        let (address, query) = url.split_once('?').unwrap();
        let (endpoint, bucket) = address.rsplit_once('/').unwrap();
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).unwrap().1.to_owned()
        };
        Self {
            endpoint: endpoint.to_owned(),
            bucket: bucket.to_owned(),
            access_key: value("access_key"),
            secret_key: value("secret_key"),
            prefix: format!("{name}-{}", unique()),
        }
    }

    /// The `[blobs]` section of a configuration file.
    pub fn section(&self) -> String {
        format!(
            "[blobs]\nbackend = \"s3\"\ns3_endpoint = \"{}\"\ns3_bucket = \"{}\"\n\
             s3_prefix = \"{}\"\ns3_access_key_id = \"{}\"\ns3_secret_access_key = \"{}\"\n\
             s3_allow_http = true\n",
            self.endpoint, self.bucket, self.prefix, self.access_key, self.secret_key
        )
    }

    /// The secret key, which must never be seen.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }
}

fn variable(name: &str, what: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: this test needs {what}; run it through `cargo xtask test`, which \
             starts one"
        )
    })
}

/// A name that no other test uses, in this process or another one.
fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Runs a statement that is made of our own words.
fn run(base: &str, statement: String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut admin = PgConnection::connect(base).await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    });
}
