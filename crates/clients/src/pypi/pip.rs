//! pip: `pip.conf` (`pip.ini` on Windows).
//!
//! pip has no settings of a project. With a project folder, `pip.conf` is written there and the
//! person is told to name it in `PIP_CONFIG_FILE`.

use std::path::{Path, PathBuf};

use crate::discovered::{DiscoverError, Discovered, command_line};
use crate::draft::{Draft, SetupError};
use crate::ini::{self, Dialect};
use crate::{Env, Target};

/// pip's constant for the index it uses when nothing is configured.
const BUILT_IN: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
/// Where an index may be configured, in the order in which pip lets them win.
const INDEX_KEYS: [&str; 4] =
    [":env:.index-url", "install.index-url", "download.index-url", "global.index-url"];

/// A pip that answered.
pub(crate) struct Pip {
    program: PathBuf,
    is_python: bool,
    /// For people.
    pub(crate) command: String,
    settings: String,
}

/// Finds a pip that works. A shim without a Python behind it is passed over.
pub(crate) fn find(env: &Env, scratch: &Path) -> Option<Pip> {
    let candidates = [("python3", true), ("python", true), ("pip3", false), ("pip", false)];
    candidates.into_iter().find_map(|(name, is_python)| {
        let program = env.find_program(name)?;
        let arguments: &[&str] =
            if is_python { &["-m", "pip", "config", "list"] } else { &["config", "list"] };
        let finished = env.run(&program, arguments, scratch, &[]).ok()?;
        let command = command_line(&program, arguments);
        let pip = Pip { program, is_python, command, settings: finished.stdout };
        finished.is_success.then_some(pip)
    })
}

impl Pip {
    /// What pip is configured to use.
    pub(crate) fn configured(&self) -> Result<Option<Discovered>, DiscoverError> {
        INDEX_KEYS
            .iter()
            .find_map(|key| setting(&self.settings, key).map(|address| (key, address)))
            .map(|(key, address)| {
                Discovered::new("pip", &address, format!("{} ({key})", self.command))
            })
            .transpose()
    }

    /// What pip uses by itself. Only its own Python can tell.
    pub(crate) fn built_in(
        &self,
        env: &Env,
        scratch: &Path,
    ) -> Result<Option<Discovered>, DiscoverError> {
        if !self.is_python {
            return Ok(None);
        }
        let run = env.run(&self.program, &["-c", BUILT_IN], scratch, &[]);
        let finished =
            run.map_err(|source| DiscoverError::Run { command: self.command.clone(), source })?;
        let address = finished.stdout.trim();
        if !finished.is_success || address.is_empty() {
            return Ok(None);
        }
        Discovered::new("pip", address, "pip's built-in index").map(Some)
    }
}

/// One value of `pip config list`, whose lines are `name='value'` with a Python string literal.
fn setting(list: &str, key: &str) -> Option<String> {
    let literal = list.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
    let inner = |mark: char| literal.strip_prefix(mark)?.strip_suffix(mark);
    let value = inner('\'').or_else(|| inner('"'))?;
    // An index address has no character that Python writes as an escape.
    (!value.is_empty() && !value.contains('\\')).then(|| value.to_owned())
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let file = match &target.dir {
        Some(project) => project.join(file_name()),
        None => user_file(env),
    };
    let mut warnings = Vec::new();
    draft.edit(&file, |text| {
        let index = target.below_with_token("pypi/simple/");
        let is_set = |section, key| ini::get(DIALECT, text, Some(section), key).is_some();
        for section in ["global", "install", "download"] {
            if is_set(section, "extra-index-url") {
                warnings.push(format!(
                    "Remove extra-index-url from [{section}] in {}: pip mixes all indexes, so \
                     whoever takes a name there can replace a package here.",
                    file.display()
                ));
            }
        }
        let mut edited = ini::set(DIALECT, text, Some("global"), "index-url", index.as_str());
        // Those of a command would win over the general one.
        for section in ["install", "download"].into_iter().filter(|s| is_set(s, "index-url")) {
            edited = ini::set(DIALECT, &edited, Some(section), "index-url", index.as_str());
        }
        Ok(match target.plain_http_host() {
            Some(host) => add_trusted_host(&edited, host),
            None => edited,
        })
    })?;
    warnings.into_iter().for_each(|warning| draft.say(warning));
    for name in ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"] {
        if env.var(name).is_some() {
            draft.say(format!("Unset {name}: it wins over what was written."));
        }
    }
    match &target.dir {
        Some(_) => draft.say(format!(
            "pip has no project settings. Set PIP_CONFIG_FILE={}, then run: pip install",
            file.display()
        )),
        None => draft.say("Then run: pip install"),
    }
    Ok(())
}

const DIALECT: Dialect = Dialect::ConfigParser;

/// pip refuses plain HTTP to other machines unless they are named.
fn add_trusted_host(text: &str, host: &str) -> String {
    let known = ini::get(DIALECT, text, Some("global"), "trusted-host").unwrap_or_default();
    if known.split_whitespace().any(|name| name == host) {
        return text.to_owned();
    }
    let hosts: Vec<&str> = known.split_whitespace().chain([host]).collect();
    let value = match hosts.as_slice() {
        [only] => (*only).to_owned(),
        several => format!("\n{}", several.join("\n")),
    };
    ini::set(DIALECT, text, Some("global"), "trusted-host", &value)
}

fn file_name() -> &'static str {
    if cfg!(windows) { "pip.ini" } else { "pip.conf" }
}

/// The file of the user: the one that is there already, else pip's present default.
fn user_file(env: &Env) -> PathBuf {
    let modern = env.config_home().join("pip").join(file_name());
    let application_support = env.home().join("Library").join("Application Support").join("pip");
    let legacy = env.home().join(if cfg!(windows) { "pip" } else { ".pip" }).join(file_name());
    if cfg!(target_os = "macos") && application_support.is_dir() {
        return application_support.join(file_name());
    }
    // pip reads the old place first and lets the new one win, so the old one counts alone only.
    if !modern.exists() && legacy.exists() { legacy } else { modern }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_out_of_pips_list() {
        let list = ":env:.cert='/x'\nglobal.index-url='https://upstream.example/simple'\n";
        let check = |key, expected: Option<&str>| {
            assert_eq!(setting(list, key).as_deref(), expected);
        };
        check("global.index-url", Some("https://upstream.example/simple"));
        check("install.index-url", None);
        check("global.index", None);
    }

    #[test]
    fn hosts_are_added_once() {
        let once = add_trusted_host("[global]\ntrusted-host = a\n", "b");
        assert_eq!(once, "[global]\ntrusted-host =\n    a\n    b\n");
        assert_eq!(add_trusted_host(&once, "b"), once);
        assert_eq!(add_trusted_host("", "b"), "[global]\ntrusted-host = b\n");
    }
}
