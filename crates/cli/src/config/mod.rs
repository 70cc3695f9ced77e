//! Configuration: a file, then the environment, then flags. Unknown keys are errors.

mod adopted;
mod duration;
mod environment;
mod file;
mod reference;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use tracing_subscriber::EnvFilter;
use url::Url;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_app::AppConfig;
use vouchsafe_app::config::{EcosystemConfig, NamespaceConfig, Removal};
use vouchsafe_domain::{EcosystemId, Secret};
use vouchsafe_http::{ServerConfig, TlsFiles, TrustedProxies};
use vouchsafe_store::blob::{BlobConfig, S3Config};
use vouchsafe_upstream::git::GitConfig;
use vouchsafe_upstream::{UpstreamConfig, UpstreamCredential};

pub(crate) use adopted::{AdoptedUpstream, write_upstreams};
pub(crate) use file::{ConfigFile, LogFormat, UpstreamSection};
pub(crate) use reference::reference;

/// Data folder when none is named.
const DEFAULT_DATA_DIR: &str = "vouchsafe-data";
/// Configuration file in the data folder, read when none is named.
const CONFIG_FILE: &str = "vouchsafe.toml";
/// Address when none is named.
const DEFAULT_LISTEN: &str = "127.0.0.1:7878";

/// Options that every command which opens a registry has.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DataArgs {
    /// Folder with the embedded database and the files.
    #[arg(long, value_name = "DIR", env = "VOUCHSAFE_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Configuration file (TOML) [default: vouchsafe.toml in the data folder, when there is one].
    #[arg(long, value_name = "FILE", env = "VOUCHSAFE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Check the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the configuration as `serve` would, and say what is wrong or what it comes to.
    Check {
        #[command(flatten)]
        data: DataArgs,
    },
}

pub(crate) fn run(
    command: ConfigCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let ConfigCommand::Check { data } = command;
    let settings = Settings::read(&data, adapters)?;
    println!("data folder   {}", settings.data_dir.display());
    println!("database      {}", without_password(&settings.database_url));
    println!("listens on    {}", settings.server.listen);
    println!("clients use   {}", settings.app.site_url);
    for upstream in &settings.upstreams {
        println!("upstream      {} {}", upstream.ecosystem, upstream.base_url);
    }
    println!("the configuration is fine");
    Ok(())
}

/// Everything that was configured, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: String,
    pub(crate) blobs: BlobConfig,
    pub(crate) server: ServerConfig,
    pub(crate) app: AppConfig,
    pub(crate) upstreams: Vec<UpstreamConfig>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
}

impl Settings {
    pub(crate) fn read(
        args: &DataArgs,
        adapters: &'static [&'static dyn Ecosystem],
    ) -> anyhow::Result<Self> {
        Self::read_with(args, adapters, |_| ())
    }

    /// The configuration file: the one that is named, else the one in the data folder.
    pub(crate) fn config_path(args: &DataArgs, data_dir: &Path) -> PathBuf {
        args.config.clone().unwrap_or_else(|| data_dir.join(CONFIG_FILE))
    }

    /// Like [`read`](Self::read), with flags laid over file and environment.
    pub(crate) fn read_with(
        args: &DataArgs,
        adapters: &'static [&'static dyn Ecosystem],
        lay_over: impl FnOnce(&mut ConfigFile),
    ) -> anyhow::Result<Self> {
        let data_dir = args.data.clone().unwrap_or_else(|| DEFAULT_DATA_DIR.into());
        let path = Self::config_path(args, &data_dir);
        // A file that is named must be there; the one in the data folder need not.
        let has_file = args.config.is_some() || path.exists();
        let mut file = if has_file { ConfigFile::read(&path)? } else { ConfigFile::default() };
        environment::apply(&mut file)?;
        if let Some(data) = &args.data {
            file.server.data_dir = Some(data.clone());
        }
        lay_over(&mut file);
        let settings = Self::from_file(file, adapters);
        if has_file {
            return settings.with_context(|| {
                format!("in the configuration ({} and what lies over it)", path.display())
            });
        }
        settings
    }

    /// With port 0 the system chooses: clients are told the port that it chose.
    pub(crate) fn follow_port(&mut self, listening: SocketAddr) {
        if self.server.listen.port() == 0 {
            let asked = format!("//{}", self.server.listen);
            self.app.site_url = self.app.site_url.replace(&asked, &format!("//{listening}"));
        }
    }

    fn from_file(
        file: ConfigFile,
        adapters: &'static [&'static dyn Ecosystem],
    ) -> anyhow::Result<Self> {
        check_ecosystems(&file, adapters)?;
        let data_dir = file.server.data_dir.clone().unwrap_or_else(|| DEFAULT_DATA_DIR.into());
        let listen = file.server.listen.clone().unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
        let listen: SocketAddr = listen
            .parse()
            .with_context(|| format!("server.listen: `{listen}` is not an address and a port"))?;
        let tls = tls(&file)?;
        let site_url = site_url(&file, listen, tls.is_some())?;
        Ok(Self {
            database_url: database_url(&file, &data_dir)?,
            blobs: blobs(&file, &data_dir)?,
            server: ServerConfig {
                listen,
                tls,
                trusted_proxies: TrustedProxies::new(file.server.trusted_proxies.clone()),
                max_connections: max_connections(&file)?,
                shutdown_grace: Duration::from_secs(file.server.shutdown_grace_secs.unwrap_or(30)),
            },
            app: AppConfig { git: Some(git(&file, &data_dir)?), ..app_config(&file, site_url)? },
            upstreams: upstreams(&file)?,
            log_format: file.server.log_format,
            log_level: log_level(&file)?,
            data_dir,
        })
    }
}

fn check_ecosystems(
    file: &ConfigFile,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let named = [
        ("upstreams", file.upstreams.keys().collect::<Vec<_>>()),
        ("ecosystems", file.ecosystems.keys().collect()),
        ("policy.cooldowns", file.policy.cooldowns.keys().collect()),
        ("policy.allow_only", file.policy.allow_only.iter().collect()),
        ("policy.strict_publish", file.policy.strict_publish.iter().collect()),
        ("policy.require_namespace", file.policy.require_namespace.iter().collect()),
    ];
    for (key, ids) in named {
        if let Some(id) = ids.into_iter().find(|id| adapters.iter().all(|known| known.id() != **id))
        {
            let all: Vec<_> = adapters.iter().map(|adapter| adapter.id().to_string()).collect();
            bail!("{key}: there is no ecosystem `{id}`; there are {}", all.join(", "));
        }
    }
    Ok(())
}

fn max_connections(file: &ConfigFile) -> anyhow::Result<usize> {
    match file.server.max_connections {
        Some(0) => bail!("server.max_connections: with 0 nobody could connect"),
        configured => Ok(configured.unwrap_or(4096)),
    }
}

/// A level, or directives such as `info,vouchsafe_app=debug`. A word that is no level would be
/// taken for the name of a module, and the log would be empty.
fn log_level(file: &ConfigFile) -> anyhow::Result<String> {
    let level = file.server.log_level.as_deref().unwrap_or("info");
    let is_level = level.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    let is_filter = level.contains([',', '=']) && EnvFilter::builder().parse(level).is_ok();
    if !is_level && !is_filter {
        bail!("server.log_level: `{level}` is none of error, warn, info, debug, trace");
    }
    Ok(level.to_owned())
}

fn site_url(file: &ConfigFile, listen: SocketAddr, has_tls: bool) -> anyhow::Result<String> {
    let Some(url) = &file.server.public_url else {
        let scheme = if has_tls { "https" } else { "http" };
        if listen.ip().is_unspecified() {
            bail!(
                "server.public_url is needed when listening on {}: clients are told to use it, \
                 for example --public-url {scheme}://registry.example:{}",
                listen.ip(),
                listen.port()
            );
        }
        return Ok(format!("{scheme}://{listen}"));
    };
    check_public_url("server.public_url", url)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn check_public_url(key: &str, url: &Url) -> anyhow::Result<()> {
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_plain {
        bail!("{key}: give an http or https address without user, query or fragment");
    }
    Ok(())
}

fn database_url(file: &ConfigFile, data_dir: &Path) -> anyhow::Result<String> {
    let Some(url) = &file.database.url else {
        return Ok(format!("sqlite:{}", data_dir.join("vouchsafe.db").display()));
    };
    let url = url.expose();
    // The address is not repeated: it may hold a password.
    if !["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme)) {
        bail!("database.url: it starts with postgres:// (or with sqlite: for a file)");
    }
    Ok(url.to_owned())
}

fn blobs(file: &ConfigFile, data_dir: &Path) -> anyhow::Result<BlobConfig> {
    let blobs = &file.blobs;
    match blobs.backend.as_deref().unwrap_or("local") {
        "local" => Ok(BlobConfig::Local { root: data_dir.join("blobs") }),
        "s3" => {
            let need = |key: &str, value: &Option<String>| {
                value
                    .clone()
                    .with_context(|| format!("blobs.{key} is needed with backend = \"s3\""))
            };
            let secret = blobs.s3_secret_access_key.clone();
            Ok(BlobConfig::S3(S3Config {
                endpoint: blobs.s3_endpoint.clone(),
                bucket: need("s3_bucket", &blobs.s3_bucket)?,
                region: blobs.s3_region.clone().unwrap_or_else(|| "us-east-1".to_owned()),
                access_key_id: need("s3_access_key_id", &blobs.s3_access_key_id)?,
                secret_access_key: secret
                    .context("blobs.s3_secret_access_key is needed with backend = \"s3\"")?,
                prefix: blobs.s3_prefix.clone().unwrap_or_default(),
                // Servers other than the original one rarely have a host name per bucket.
                use_path_style: blobs.s3_endpoint.is_some(),
                allow_http: blobs.s3_allow_http,
                spool_dir: data_dir.join("spool"),
            }))
        }
        other => bail!("blobs.backend: `{other}` is neither local nor s3"),
    }
}

fn tls(file: &ConfigFile) -> anyhow::Result<Option<TlsFiles>> {
    match (&file.server.tls_cert, &file.server.tls_key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            http2: file.server.tls_http2,
        })),
        _ => bail!("server.tls_cert and server.tls_key go together"),
    }
}

fn app_config(file: &ConfigFile, site_url: String) -> anyhow::Result<AppConfig> {
    let mut app = AppConfig::new(site_url);
    app.security_contact = file.server.security_contact.as_ref().map(Url::to_string);
    app.read_is_public = match file.access.read.as_deref().unwrap_or("public") {
        "public" => true,
        "signed-in" => false,
        other => bail!("access.read: `{other}` is neither public nor signed-in"),
    };
    app.removal = match file.access.unpublish.as_deref().unwrap_or("72h") {
        "never" => Removal::Never,
        "owners" => Removal::Owners,
        window => Removal::Within(
            duration::parse(window)
                .context("access.unpublish: say never, owners, or a time such as 72h")?,
        ),
    };
    if let Some(days) = file.access.token_default_days {
        app.token_default_days = (days > 0).then_some(days);
    }
    if let Some(text) = &file.policy.cooldown {
        app.cooldown = duration::parse(text).context("policy.cooldown")?;
    }
    for (id, text) in &file.policy.cooldowns {
        let wait = duration::parse(text).with_context(|| format!("policy.cooldowns.{id}"))?;
        app.cooldowns.insert(id.clone(), wait);
    }
    app.cool_hosted = file.policy.cool_hosted;
    app.allow_only.clone_from(&file.policy.allow_only);
    app.strict_publish.clone_from(&file.policy.strict_publish);
    for (id, upstream) in &file.upstreams {
        if let Some(secs) = upstream.index_ttl_secs {
            app.index_ttl.insert(id.clone(), Duration::from_secs(secs));
        }
        if let Some(secs) = upstream.stale_max_secs {
            app.stale_max.insert(id.clone(), Duration::from_secs(secs));
        }
    }
    app.namespaces = namespaces(file)?;
    app.ecosystems = ecosystems(file)?;
    Ok(app)
}

fn namespaces(file: &ConfigFile) -> anyhow::Result<NamespaceConfig> {
    let section = &file.namespaces;
    let dns_server = match &section.dns_server {
        Some(text) => Some(text.parse().with_context(|| {
            format!("namespaces.dns_server: `{text}` is not an address and a port")
        })?),
        None => None,
    };
    for (prefix, url) in &section.code_hosts {
        let key = format!("namespaces.code_hosts.{prefix:?}");
        if !prefix.contains('.') || prefix.split('.').any(str::is_empty) {
            bail!("{key}: write what names of its users begin with, for example \"io.codehost\"");
        }
        check_public_url(&key, url)?;
    }
    Ok(NamespaceConfig {
        required: file.policy.require_namespace.clone(),
        dns_server,
        domains_for_names: section.domains_for_names,
        code_hosts: section.code_hosts.clone(),
    })
}

/// How git repositories are read: by the `git` on the `PATH`, in a folder beside the data.
fn git(file: &ConfigFile, data_dir: &Path) -> anyhow::Result<GitConfig> {
    let sources = &file.sources;
    let mut git = GitConfig::new(search_path(), data_dir.join("sources"));
    git.allow_private_network = sources.allow_private_network;
    if let Some(mb) = sources.max_repository_mb {
        git.max_clone_bytes = mb.saturating_mul(1024 * 1024);
    }
    match sources.timeout_secs {
        Some(0) => bail!("sources.timeout_secs: with 0 nothing could be fetched"),
        Some(secs) => git.timeout = Duration::from_secs(secs),
        None => {}
    }
    Ok(git)
}

/// Where programs are looked for.
pub(crate) fn search_path() -> OsString {
    std::env::vars_os()
        .find_map(|(key, value)| (key == "PATH").then_some(value))
        .unwrap_or_default()
}

fn ecosystems(file: &ConfigFile) -> anyhow::Result<BTreeMap<EcosystemId, EcosystemConfig>> {
    let mut ecosystems = BTreeMap::new();
    for (id, own) in &file.ecosystems {
        if let Some(url) = &own.public_url {
            check_public_url(&format!("ecosystems.{id}.public_url"), url)?;
        }
        let config = EcosystemConfig {
            public_url: own.public_url.as_ref().map(|url| url.as_str().to_owned()),
            max_artifact_bytes: own.max_artifact_mb.map(|mb| mb.saturating_mul(1024 * 1024)),
            keep_snapshots: own.keep_snapshots,
        };
        ecosystems.insert(id.clone(), config);
    }
    Ok(ecosystems)
}

fn upstreams(file: &ConfigFile) -> anyhow::Result<Vec<UpstreamConfig>> {
    let mut upstreams = Vec::new();
    for (id, upstream) in &file.upstreams {
        let mut base_url = upstream.url.clone();
        let in_url = url_credential(&mut base_url);
        let credential = match (&upstream.bearer_token, &upstream.username, &upstream.password) {
            (None, None, None) => in_url,
            (Some(token), None, None) => Some(UpstreamCredential::Bearer(token.clone())),
            (None, Some(user), Some(password)) => {
                let (user, password) = (user.clone(), password.clone());
                Some(UpstreamCredential::Basic { user, password })
            }
            _ => bail!("upstreams.{id}: give bearer_token, or username and password, not both"),
        };
        upstreams.push(UpstreamConfig {
            ecosystem: id.clone(),
            base_url,
            credential,
            allow_private_network: upstream.allow_private_network,
        });
    }
    Ok(upstreams)
}

/// Takes user and password out of an address: they are kept as secrets, not as text.
fn url_credential(url: &mut Url) -> Option<UpstreamCredential> {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = decode(url.username());
    let password = url.password().map(decode);
    if user.is_empty() && password.is_none() {
        return None;
    }
    // Both calls fail only for addresses that cannot have a user at all.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(UpstreamCredential::Basic { user, password: Secret::new(password.unwrap_or_default()) })
}

fn without_password(database_url: &str) -> String {
    match Url::parse(database_url) {
        Ok(mut url) if url.password().is_some() || url.query().is_some() => {
            if url.password().is_some() {
                let _ = url.set_password(Some("****"));
            }
            // A password may stand there as well.
            url.set_query(None);
            url.to_string()
        }
        _ => database_url.to_owned(),
    }
}
