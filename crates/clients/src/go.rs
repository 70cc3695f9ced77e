//! Go: its own `env` file, which `go env -w` writes, and `.netrc` for the token.
//!
//! Go has no settings of a project. With a project folder both files are written there, and the
//! person is told to name them in `GOENV` and `NETRC`.
//!
//! The checksum database stays on: it is what tells a module that was changed on its way. Modules
//! that are published here alone are not in it and are excepted by name (`GONOSUMDB`);
//! `GOPRIVATE` would except them and fetch them past this server as well.

use std::path::PathBuf;

use url::Url;

use crate::change::read_file;
use crate::discovered::{DiscoverError, Discovered, basic, command_line};
use crate::draft::{Draft, SetupError};
use crate::ini::{self, Dialect};
use crate::target::TOKEN_USER;
use crate::{Env, Target, netrc};

/// `KEY=value` lines; other lines count as comments.
const DIALECT: Dialect = Dialect::Npmrc;

pub(crate) fn discover(env: &Env) -> Result<Discovered, DiscoverError> {
    let Some(program) = env.find_program("go") else {
        return Err(DiscoverError::NoClient { ecosystem: "golang", looked_for: &["go"] });
    };
    let scratch = tempfile::tempdir().map_err(DiscoverError::Scratch)?;
    let arguments = ["env", "GOPROXY"];
    let command = command_line(&program, &arguments);
    // Another toolchain would have to be fetched first.
    let variables = [("GOTOOLCHAIN", "local".as_ref()), ("GOWORK", "off".as_ref())];
    let finished = env
        .run(&program, &arguments, scratch.path(), &variables)
        .map_err(|source| DiscoverError::Run { command: command.clone(), source })?;
    if !finished.is_success || finished.stdout.trim().is_empty() {
        return Err(DiscoverError::NoAnswer { ecosystem: "golang", command });
    }
    let Some(address) = first_proxy(&finished.stdout) else {
        let reason = "it names no proxy, so Go fetches from where each module is developed";
        return Err(DiscoverError::unusable(command, reason));
    };
    let mut discovered = Discovered::new("go", address, command)?;
    if discovered.credential.is_none()
        && discovered.upstream.scheme() == "https"
        && let Some(text) = read_file(&user_netrc(env))?
        && let Some((login, password)) = netrc::get(&text, &authority(&discovered.upstream))
    {
        discovered.credential = Some(basic(&login, &password));
    }
    Ok(discovered)
}

/// The first address of a list whose entries are divided by `,` (go on when it has nothing) or `|`
/// (go on after any error), and which may end in `direct` or `off`.
fn first_proxy(list: &str) -> Option<&str> {
    let mut entries = list.split([',', '|']).map(str::trim);
    entries.find(|entry| !matches!(*entry, "" | "direct" | "off" | "noproxy"))
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn user_file(env: &Env) -> PathBuf {
    if let Some(file) = env.path_var("GOENV") {
        return file;
    }
    let folder = match cfg!(target_os = "macos") {
        true => env.home().join("Library").join("Application Support"),
        false => env.config_home(),
    };
    folder.join("go").join("env")
}

fn user_netrc(env: &Env) -> PathBuf {
    let name = if cfg!(windows) { "_netrc" } else { ".netrc" };
    env.path_var("NETRC").unwrap_or_else(|| env.home().join(name))
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let (file, netrc_file) = match &target.dir {
        Some(project) => (project.join("go.env"), project.join(".netrc")),
        None => (user_file(env), user_netrc(env)),
    };
    let proxy = target.below("golang");
    let mut bypasses = Vec::new();
    draft.edit(&file, |text| {
        for name in ["GOPRIVATE", "GONOPROXY"] {
            let written = ini::get(DIALECT, text, None, name);
            let patterns = env.var(name).map(str::to_owned).or(written);
            bypasses.extend(patterns.filter(|list| !list.is_empty() && list != "none"));
        }
        Ok(ini::set(DIALECT, text, None, "GOPROXY", proxy.as_str()))
    })?;
    let mut has_netrc = false;
    if let Some(token) = &target.token {
        if proxy.scheme() == "https" {
            has_netrc = true;
            draft.edit(&netrc_file, |text| {
                Ok(netrc::set(text, &authority(&proxy), TOKEN_USER, token.expose()))
            })?;
        } else {
            draft.say("Go sends no credential over plain http, so no token was written for it.");
        }
    }
    for patterns in bypasses {
        draft.say(format!("Go fetches {patterns} past this server (GOPRIVATE or GONOPROXY)."));
    }
    let off = env.var("GOENV") == Some("off");
    if target.dir.is_none() && off {
        draft.say("Unset GOENV: it keeps Go from reading what was written.");
    }
    if env.var("GOPROXY").is_some() {
        draft.say("Unset GOPROXY: it wins over what was written.");
    }
    draft.say(
        "Modules that only this server has are not in the public checksum database; name them: \
         go env -w GONOSUMDB=corp.example/*",
    );
    match &target.dir {
        Some(_) => {
            let netrc = if has_netrc {
                format!(" and NETRC={}", netrc_file.display())
            } else {
                String::new()
            };
            draft.say(format!(
                "Go has no project settings. Set GOENV={}{netrc} (they stand in for your own \
                 files), then run: go mod download",
                file.display()
            ));
        }
        None => draft.say("Then run: go mod download"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_proxy_of_a_list_counts() {
        let check = |list, expected| assert_eq!(first_proxy(list), expected);
        check("https://a.example,https://b.example,direct\n", Some("https://a.example"));
        check("https://a.example|direct", Some("https://a.example"));
        check("direct,https://a.example", Some("https://a.example"));
        check("direct\n", None);
        check("off", None);
    }
}
