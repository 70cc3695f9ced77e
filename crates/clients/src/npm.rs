//! npm: `.npmrc`, which pnpm reads too.
//!
//! npm tells its registry (`npm config get registry`) and keeps credentials to itself, so those
//! are read from the files it names, by npm's own rule: the key with the longest part of the
//! registry's address wins (`//host/path/:_authToken`).

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use vouchsafe_domain::Secret;

use crate::change::read_file;
use crate::discovered::{DiscoverError, Discovered, basic, command_line};
use crate::draft::{Draft, SetupError};
use crate::ini::{self, Dialect};
use crate::{Env, Target, yarn};

const LOOKED_FOR: &[&str] = &["npm", "pnpm", "yarn"];

pub(crate) fn discover(env: &Env) -> Result<Discovered, DiscoverError> {
    let scratch = tempfile::tempdir().map_err(DiscoverError::Scratch)?;
    for client in ["npm", "pnpm"] {
        let Some(program) = env.find_program(client) else { continue };
        let Some(address) = ask(env, &program, "registry", scratch.path())? else { continue };
        let source = command_line(&program, &["config", "get", "registry"]);
        let mut discovered = Discovered::new(client, &address, source)?;
        if discovered.credential.is_none() {
            let files = ["userconfig", "globalconfig"].map(|key| match client {
                "npm" => ask(env, &program, key, scratch.path()),
                _ => Ok(None),
            });
            discovered.credential = credential(env, files, &discovered.upstream)?;
        }
        return Ok(discovered);
    }
    match yarn::discover(env, scratch.path())? {
        Some(discovered) => Ok(discovered),
        None if LOOKED_FOR.iter().any(|name| env.find_program(name).is_some()) => {
            let command = "npm config get registry".to_owned();
            Err(DiscoverError::NoAnswer { ecosystem: "npm", command })
        }
        None => Err(DiscoverError::NoClient { ecosystem: "npm", looked_for: LOOKED_FOR }),
    }
}

/// Asks a client for one setting. Notices go to its standard error and are not read.
pub(crate) fn ask(
    env: &Env,
    program: &Path,
    key: &str,
    folder: &Path,
) -> Result<Option<String>, DiscoverError> {
    let arguments = ["config", "get", key];
    // Neither looks for updates of itself nor draws anything.
    let variables = [
        ("npm_config_update_notifier", "false".as_ref()),
        ("NO_COLOR", "1".as_ref()),
        ("YARN_ENABLE_TELEMETRY", "0".as_ref()),
    ];
    let finished = env.run(program, &arguments, folder, &variables).map_err(|source| {
        DiscoverError::Run { command: command_line(program, &arguments), source }
    })?;
    let answer = finished.stdout.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let is_answer = |answer: &&str| finished.is_success && !matches!(*answer, "undefined" | "null");
    Ok(answer.filter(is_answer).map(str::to_owned))
}

/// The credential that npm would send to a registry.
fn credential(
    env: &Env,
    told: [Result<Option<String>, DiscoverError>; 2],
    registry: &Url,
) -> Result<Option<Secret>, DiscoverError> {
    let [user, global] = told;
    let user = user?.map_or_else(|| user_file(env), PathBuf::from);
    for file in [Some(user), global?.map(PathBuf::from)].into_iter().flatten() {
        let Some(text) = read_file(&file)? else { continue };
        let get = |key: String| {
            ini::get(Dialect::Npmrc, &text, None, &key).and_then(|value| expand(env, &value))
        };
        let found = key_prefixes(registry).into_iter().find_map(|prefix| {
            if let Some(token) = get(format!("{prefix}:_authToken")) {
                return Some(Secret::new(format!("Bearer {token}")));
            }
            if let Some(pair) = get(format!("{prefix}:_auth")) {
                return Some(Secret::new(format!("Basic {pair}")));
            }
            let name = get(format!("{prefix}:username"))?;
            let password = STANDARD.decode(get(format!("{prefix}:_password"))?).ok()?;
            Some(basic(&name, &String::from_utf8(password).ok()?))
        });
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// `//host:port/a/b/`, `//host:port/a/b`, `//host:port/a/`, … down to the host.
fn key_prefixes(registry: &Url) -> Vec<String> {
    let host = authority(registry);
    let mut path = registry.path();
    let mut prefixes = Vec::new();
    loop {
        prefixes.push(format!("//{host}{path}"));
        if path.is_empty() {
            return prefixes;
        }
        path = match path.strip_suffix('/') {
            Some(shorter) => shorter,
            None => path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or_default(),
        };
    }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Replaces `${NAME}` as npm does. A variable that is not set makes the value worthless.
fn expand(env: &Env, value: &str) -> Option<String> {
    let mut rest = value.trim_matches(['"', '\'']);
    let mut expanded = String::new();
    while let Some((head, tail)) = rest.split_once("${") {
        let (name, after) = tail.split_once('}')?;
        expanded.push_str(head);
        expanded.push_str(env.var(name.trim_end_matches('?'))?);
        rest = after;
    }
    expanded.push_str(rest);
    (!expanded.is_empty()).then_some(expanded)
}

/// The file of the user, which a variable may move.
fn user_file(env: &Env) -> PathBuf {
    let moved = env.var_ignoring_case("npm_config_userconfig").map(PathBuf::from);
    moved.filter(|path| path.is_absolute()).unwrap_or_else(|| env.home().join(".npmrc"))
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let file = match &target.dir {
        Some(project) => project.join(".npmrc"),
        None => user_file(env),
    };
    let registry = target.below("npm/");
    let mut scopes = Vec::new();
    draft.edit(&file, |text| {
        let mut text = ini::set(Dialect::Npmrc, text, None, "registry", registry.as_str());
        if let Some(token) = &target.token {
            let key = format!("//{}{}:_authToken", authority(&registry), registry.path());
            text = ini::set(Dialect::Npmrc, &text, None, &key, token.expose());
        }
        let elsewhere = text.lines().filter_map(|line| line.trim().split_once(":registry"));
        scopes = elsewhere.map(|(scope, _)| scope.to_owned()).collect();
        scopes.retain(|scope| scope.starts_with('@'));
        Ok(text)
    })?;
    for scope in scopes {
        draft.say(format!("Packages of {scope} still come from elsewhere: {}", file.display()));
    }
    if env.var_ignoring_case("npm_config_registry").is_some() {
        draft.say("Unset npm_config_registry: it wins over what was written.");
    }
    if target.token.is_none() {
        draft.say(format!("To publish with npm: npm login --registry {registry}"));
    }
    draft.say("Then run: npm install");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_key_is_asked_first() {
        let registry = "http://upstream.example:81/a/b/".parse().unwrap();
        assert_eq!(
            key_prefixes(&registry),
            [
                "//upstream.example:81/a/b/",
                "//upstream.example:81/a/b",
                "//upstream.example:81/a/",
                "//upstream.example:81/a",
                "//upstream.example:81/",
                "//upstream.example:81",
            ]
        );
    }

    #[test]
    fn variables_are_expanded_or_the_value_is_worthless() {
        let vars = [("TOKEN".into(), "t".into())];
        let env = Env::new("/nowhere", "/nowhere", vars);
        let check = |value, expected: Option<&str>| {
            assert_eq!(expand(&env, value).as_deref(), expected);
        };
        check("plain", Some("plain"));
        check("\"a${TOKEN}b\"", Some("atb"));
        check("${MISSING}", None);
        check("${TOKEN", None);
    }
}
