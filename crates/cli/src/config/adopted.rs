//! Writing adopted upstreams into a configuration file that people keep by hand, too.

use std::path::Path;

use anyhow::Context;
use base64::Engine as _;
use url::Url;
use vouchsafe_domain::{EcosystemId, Secret};

/// An upstream to be written.
pub(crate) struct AdoptedUpstream<'a> {
    /// Its ecosystem.
    pub(crate) id: &'a EcosystemId,
    /// Its address.
    pub(crate) url: &'a Url,
    /// The value of the `Authorization` header that it asks for.
    pub(crate) authorization: Option<&'a Secret>,
    /// Written when true. False leaves what the file says.
    pub(crate) allow_private_network: bool,
}

/// Sets `[upstreams.<id>]` for each, and leaves everything else in the file as it is.
pub(crate) fn write_upstreams(
    path: &Path,
    upstreams: &[AdoptedUpstream<'_>],
) -> anyhow::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut document: toml_edit::DocumentMut =
        text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
    let all = document.entry("upstreams").or_insert_with(implicit_table);
    let all = all.as_table_mut().with_context(|| "`upstreams` is not a table")?;
    for AdoptedUpstream { id, url, authorization, allow_private_network } in upstreams {
        let entry = all.entry(id.as_str()).or_insert_with(toml_edit::table);
        let entry =
            entry.as_table_mut().with_context(|| format!("`upstreams.{id}` is not a table"))?;
        entry.insert("url", toml_edit::value(url.as_str()));
        for key in ["bearer_token", "username", "password"] {
            entry.remove(key);
        }
        if *allow_private_network {
            entry.insert("allow_private_network", toml_edit::value(true));
        }
        if let Some(authorization) = authorization {
            set_credential(entry, authorization)?;
        }
    }
    write_private(path, &document.to_string())
}

fn implicit_table() -> toml_edit::Item {
    let mut table = toml_edit::Table::new();
    table.set_implicit(true);
    toml_edit::Item::Table(table)
}

fn set_credential(entry: &mut toml_edit::Table, authorization: &Secret) -> anyhow::Result<()> {
    let text = authorization.expose();
    let (scheme, rest) = text.split_once(' ').unwrap_or(("bearer", text));
    if !scheme.eq_ignore_ascii_case("basic") {
        entry.insert("bearer_token", toml_edit::value(rest));
        return Ok(());
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(rest)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .context("the client's credential cannot be read")?;
    let (user, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    entry.insert("username", toml_edit::value(user));
    entry.insert("password", toml_edit::value(password));
    Ok(())
}

/// Replaces the file at once; only its owner may read it, for it can hold credentials.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
