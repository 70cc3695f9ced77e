//! Cargo: `config.toml` in a hierarchy of folders, `credentials.toml` in Cargo's home.
//!
//! Discovery follows `source.crates-io.replace-with`. Without one, Cargo's built-in index counts,
//! and stable Cargo has no command that prints it. So Cargo is asked to fetch from an empty home
//! folder through a proxy that cannot exist (port 0 of this machine): its log names the address it
//! wanted, and nothing leaves the machine.

use std::fs;
use std::path::PathBuf;

use toml_edit::{DocumentMut, Item};
use url::Url;
use vouchsafe_domain::Secret;

use crate::change::read_file;
use crate::discovered::{DiscoverError, Discovered, first_file};
use crate::draft::{Draft, SetupError};
use crate::{Env, REGISTRY_NAME, Target, toml_file};

/// The source that every crate comes from unless it is replaced.
const DEFAULT_SOURCE: &str = "crates-io";
/// Longer chains of replacements are a mistake.
const MAX_REPLACEMENTS: usize = 8;
/// What every sparse index has at its root.
const SETTINGS_FILE: &str = "config.json";

/// Cargo's configuration, nearest file first.
struct Config<'a> {
    env: &'a Env,
    files: Vec<(PathBuf, DocumentMut)>,
    credentials: Option<DocumentMut>,
}

impl<'a> Config<'a> {
    fn read(env: &'a Env) -> Result<Self, SetupError> {
        let mut folders: Vec<PathBuf> =
            env.current_dir().ancestors().map(|folder| folder.join(".cargo")).collect();
        folders.retain(|folder| *folder != cargo_home(env));
        folders.push(cargo_home(env));
        let mut files = Vec::new();
        for folder in folders {
            // Cargo prefers the name without extension when both are there.
            if let Some((path, text)) =
                first_file(["config", "config.toml"].map(|name| folder.join(name)))?
            {
                let document = parse(&path, &text)?;
                files.push((path, document));
            }
        }
        let home = cargo_home(env);
        let credentials =
            first_file(["credentials", "credentials.toml"].map(|name| home.join(name)))?;
        let credentials = match credentials {
            Some((path, text)) => Some(parse(&path, &text)?),
            None => None,
        };
        Ok(Self { env, files, credentials })
    }

    /// The text of a key in the nearest file that has it, and that file.
    fn get(&self, path: &[&str]) -> Option<(&str, String)> {
        self.files.iter().find_map(|(file, document)| {
            Some((toml_file::get_str(document, path)?, file.display().to_string()))
        })
    }

    fn has(&self, path: &[&str]) -> bool {
        self.files.iter().any(|(_, document)| toml_file::get(document, path).is_some())
    }

    /// `[registries.NAME]`, or the variable that Cargo reads for it.
    fn registry(&self, name: &str, key: &str) -> Option<(&str, String)> {
        let variable = variable(name, key);
        match self.env.var(&variable) {
            Some(value) => Some((value, variable)),
            None => self.get(&["registries", name, key]),
        }
    }

    fn token(&self, name: &str) -> Option<Secret> {
        let path = ["registries", name, "token"];
        let from_environment = self.env.var(&variable(name, "token"));
        let stored = || toml_file::get_str(self.credentials.as_ref()?, &path);
        let configured = || self.get(&path).map(|(token, _)| token);
        from_environment.or_else(stored).or_else(configured).map(Secret::new)
    }

    /// A token may be kept under the name of a registry that has the same index.
    fn token_for(&self, source: &str, index: &str) -> Option<Secret> {
        let registries = self.files.iter().filter_map(|(_, document)| {
            toml_file::get(document, &["registries"]).and_then(Item::as_table_like)
        });
        let is_same = |name: &&str| self.registry(name, "index").is_some_and(|(i, _)| i == index);
        let twin = registries.flat_map(|table| table.iter().map(|(name, _)| name)).find(is_same);
        self.token(source).or_else(|| self.token(twin?))
    }
}

fn variable(registry: &str, key: &str) -> String {
    let upper = |text: &str| text.to_uppercase().replace(['-', '.'], "_");
    format!("CARGO_REGISTRIES_{}_{}", upper(registry), upper(key))
}

fn cargo_home(env: &Env) -> PathBuf {
    env.path_var("CARGO_HOME").unwrap_or_else(|| env.home().join(".cargo"))
}

fn parse(path: &std::path::Path, text: &str) -> Result<DocumentMut, SetupError> {
    toml_file::parse(text).map_err(|reason| SetupError::unclear(path, reason))
}

pub(crate) fn discover(env: &Env) -> Result<Discovered, DiscoverError> {
    let config = Config::read(env)?;
    let mut source = DEFAULT_SOURCE.to_owned();
    for _ in 0..MAX_REPLACEMENTS {
        if let Some((next, _)) = config.get(&["source", &source, "replace-with"]) {
            source = next.to_owned();
            continue;
        }
        return match index_of(&config, &source)? {
            Some((index, origin)) => configured(&config, &source, &index, origin),
            None if source == DEFAULT_SOURCE => ask_cargo(env),
            None => Err(DiscoverError::unusable(
                "Cargo's configuration",
                format!("the source `{source}` is not defined"),
            )),
        };
    }
    Err(DiscoverError::unusable(
        "Cargo's configuration",
        "its sources replace each other endlessly",
    ))
}

/// The index of a source, and who says so.
fn index_of(config: &Config<'_>, source: &str) -> Result<Option<(String, String)>, DiscoverError> {
    for kind in ["directory", "local-registry", "git"] {
        if config.has(&["source", source, kind]) {
            let reason = format!("the source `{source}` is a `{kind}`, which cannot be asked");
            return Err(DiscoverError::unusable("Cargo's configuration", reason));
        }
    }
    let registry = config.get(&["source", source, "registry"]);
    let found = registry.or_else(|| config.registry(source, "index"));
    Ok(found.map(|(index, origin)| (index.to_owned(), origin)))
}

fn configured(
    config: &Config<'_>,
    source: &str,
    index: &str,
    origin: String,
) -> Result<Discovered, DiscoverError> {
    let Some(address) = index.strip_prefix("sparse+") else {
        return Err(DiscoverError::unusable(origin, "it is a git index; a sparse one is needed"));
    };
    let mut discovered = Discovered::new("cargo", address, origin)?;
    if let Some(token) = config.token_for(source, index) {
        discovered.credential = Some(token);
    }
    Ok(discovered)
}

/// Has Cargo say its built-in index. See the module.
fn ask_cargo(env: &Env) -> Result<Discovered, DiscoverError> {
    const COMMAND: &str = "cargo fetch";
    const MANIFEST: &str = "[package]\nname = \"question\"\nversion = \"0.0.0\"\n\
                            edition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\nanswer = \"1\"\n";
    let Some(cargo) = env.find_program("cargo") else {
        return Err(DiscoverError::NoClient { ecosystem: "cargo", looked_for: &["cargo"] });
    };
    let scratch = tempfile::tempdir().map_err(DiscoverError::Scratch)?;
    let write = |name: &str, text: &str| fs::write(scratch.path().join(name), text);
    write("Cargo.toml", MANIFEST)
        .and_then(|()| write("lib.rs", ""))
        .map_err(DiscoverError::Scratch)?;
    let home = scratch.path().join("home");
    let arguments = [
        "fetch",
        "--config",
        "http.proxy='http://127.0.0.1:0'",
        "--config",
        "net.retry=0",
        "--config",
        "net.offline=false",
        "--color",
        "never",
    ];
    let variables = [("CARGO_HOME", home.as_os_str()), ("CARGO_LOG", "network=debug".as_ref())];
    let finished = env
        .run(&cargo, &arguments, scratch.path(), &variables)
        .map_err(|source| DiscoverError::Run { command: COMMAND.to_owned(), source })?;
    let address = wanted_index(&finished.stderr).ok_or_else(|| DiscoverError::NoAnswer {
        ecosystem: "cargo",
        command: COMMAND.to_owned(),
    })?;
    Discovered::new("cargo", address, "Cargo's built-in index")
}

/// The address before `config.json` in what Cargo says about a fetch that failed.
fn wanted_index(log: &str) -> Option<&str> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '<' | '>');
    log.split(is_end)
        .filter_map(|word| word.strip_suffix(SETTINGS_FILE))
        .find(|address| address.starts_with("http") && address.parse::<Url>().is_ok())
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let folder = match &target.dir {
        Some(project) => project.join(".cargo"),
        None => cargo_home(env),
    };
    let index = format!("sparse+{}", target.below("cargo/index/"));
    let config = preferred(&folder, "config")?;
    // Cargo reads credentials from its home only, so a project keeps the token in its settings.
    let project_token = target.token.as_ref().filter(|_| target.dir.is_some());
    draft.edit(&config, |text| {
        let mut document = toml_file::parse(text)?;
        let registry = ["registries", REGISTRY_NAME];
        toml_file::set(&mut document, &["registries", REGISTRY_NAME, "index"], &index)?;
        let table = toml_file::table_mut(&mut document, &registry)?;
        // Without a provider Cargo refuses a registry that asks for a token on every read.
        toml_file::set_in(table, "credential-provider", "cargo:token".into());
        if let Some(token) = project_token {
            toml_file::set_in(table, "token", token.expose().into());
        }
        toml_file::set(&mut document, &["source", DEFAULT_SOURCE, "replace-with"], REGISTRY_NAME)?;
        toml_file::set(&mut document, &["registry", "default"], REGISTRY_NAME)?;
        Ok(document.to_string())
    })?;
    if let (Some(token), None) = (&target.token, &target.dir) {
        let credentials = preferred(&folder, "credentials")?;
        draft.edit(&credentials, |text| {
            let mut document = toml_file::parse(text)?;
            toml_file::set(&mut document, &["registries", REGISTRY_NAME, "token"], token.expose())?;
            Ok(document.to_string())
        })?;
    }
    if target.token.is_none() {
        draft.say(format!("To publish with Cargo: cargo login --registry {REGISTRY_NAME}"));
    }
    for name in ["CARGO_REGISTRY_DEFAULT", "CARGO_REGISTRIES_VOUCHSAFE_INDEX"] {
        if env.var(name).is_some() {
            draft.say(format!("Unset {name}: it wins over what was written."));
        }
    }
    draft.say("Then run: cargo build");
    Ok(())
}

/// The file Cargo reads in a folder: the name without extension when it is there.
fn preferred(folder: &std::path::Path, stem: &str) -> Result<PathBuf, SetupError> {
    let bare = folder.join(stem);
    let is_there = read_file(&bare)?.is_some();
    Ok(if is_there { bare } else { folder.join(format!("{stem}.toml")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_read_out_of_what_cargo_says() {
        let check = |log, expected| assert_eq!(wanted_index(log), expected);
        check(
            "  failed to download from `https://index.upstream.example/x/config.json`\n",
            Some("https://index.upstream.example/x/"),
        );
        check(
            "DEBUG network::fetch: url=\"https://index.upstream.example/config.json\"",
            Some("https://index.upstream.example/"),
        );
        check("download of config.json failed", None);
    }
}
