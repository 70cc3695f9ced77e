//! Composer: `config.json` and `auth.json` of its home, `composer.json` and `auth.json` of a
//! project.
//!
//! Composer prints its repositories, the built-in one included, but makes files in its home while
//! it does. So it is asked with a copy of its settings in a folder of ours.
//!
//! A user's repositories are asked after those of a project, and Composer keeps one credential per
//! host and port.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use url::Url;
use vouchsafe_domain::Secret;

use crate::change::read_file;
use crate::discovered::{DiscoverError, Discovered, basic};
use crate::draft::{Draft, SetupError};
use crate::target::TOKEN_USER;
use crate::{Env, REGISTRY_NAME, Target, json_file};

/// The name by which every version of Composer lets its built-in repository be switched off.
const DEFAULT_REPOSITORY: &str = "packagist";
const COMMAND: &str = "composer config repositories";

pub(crate) fn discover(env: &Env) -> Result<Discovered, DiscoverError> {
    let Some(program) = env.find_program("composer") else {
        return Err(DiscoverError::NoClient { ecosystem: "composer", looked_for: &["composer"] });
    };
    let scratch = tempfile::tempdir().map_err(DiscoverError::Scratch)?;
    let home = scratch.path().join("home");
    let mut settings = Vec::new();
    fs::create_dir(&home).map_err(DiscoverError::Scratch)?;
    for name in ["auth.json", "config.json"] {
        if let Some(text) = read_file(&composer_home(env).join(name))? {
            fs::write(home.join(name), &text).map_err(DiscoverError::Scratch)?;
            settings.push(text);
        }
    }
    fs::write(scratch.path().join("composer.json"), "{}").map_err(DiscoverError::Scratch)?;
    let cache = scratch.path().join("cache");
    let variables: [(&str, &OsStr); 5] = [
        ("COMPOSER_HOME", home.as_os_str()),
        ("COMPOSER_CACHE_DIR", cache.as_os_str()),
        ("COMPOSER", "composer.json".as_ref()),
        ("COMPOSER_ALLOW_SUPERUSER", "1".as_ref()),
        ("COMPOSER_DISABLE_NETWORK", "1".as_ref()),
    ];
    let arguments = ["config", "repositories", "--no-interaction", "--no-ansi", "--no-plugins"];
    let finished = env
        .run(&program, &arguments, scratch.path(), &variables)
        .map_err(|source| DiscoverError::Run { command: COMMAND.to_owned(), source })?;
    let address = first_repository(&finished.stdout).ok_or_else(|| DiscoverError::NoAnswer {
        ecosystem: "composer",
        command: COMMAND.to_owned(),
    })?;
    let address = address.strip_suffix("packages.json").unwrap_or(&address);
    let mut discovered = Discovered::new("composer", address, COMMAND)?;
    if discovered.credential.is_none() {
        let from_environment = env.var("COMPOSER_AUTH").map(str::to_owned);
        let sources = from_environment.into_iter().chain(settings);
        discovered.credential =
            sources.filter_map(|text| credential(&text, &discovered.upstream)).next();
    }
    Ok(discovered)
}

/// The address of the first repository that is of Composer's own kind. Composer writes a list or,
/// as here, an object whose keys are names.
fn first_repository(printed: &str) -> Option<String> {
    let repositories: Value = serde_json::from_str(printed.trim()).ok()?;
    let all: Vec<&Value> = match &repositories {
        Value::Array(list) => list.iter().collect(),
        Value::Object(named) => named.values().collect(),
        _ => return None,
    };
    all.into_iter()
        .find(|repository| repository.get("type").and_then(Value::as_str) == Some("composer"))
        .and_then(|repository| repository.get("url")?.as_str())
        .map(str::to_owned)
}

/// The credential for a repository in `auth.json`, in `COMPOSER_AUTH` or in the `config` of
/// `config.json`.
fn credential(text: &str, repository: &Url) -> Option<Secret> {
    let settings: Value = serde_json::from_str(text).ok()?;
    let settings = settings.get("config").unwrap_or(&settings);
    let origin = origin(repository);
    if let Some(token) = settings.get("bearer").and_then(|all| all.get(&origin)?.as_str()) {
        return Some(Secret::new(format!("Bearer {token}")));
    }
    let pair = settings.get("http-basic")?.get(&origin)?;
    Some(basic(pair.get("username")?.as_str()?, pair.get("password")?.as_str()?))
}

/// Host and port, as Composer names what a credential is for.
fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Composer's own rule: of the places that exist the first, else the first.
fn composer_home(env: &Env) -> PathBuf {
    if let Some(home) = env.path_var("COMPOSER_HOME") {
        return home;
    }
    if cfg!(windows) {
        return env.config_home().join("Composer");
    }
    let old = env.home().join(".composer");
    let modern = env.config_home().join("composer");
    let knows_modern = env.has_var_with_prefix("XDG_") || PathBuf::from("/etc/xdg").is_dir();
    if knows_modern && (modern.is_dir() || !old.is_dir()) { modern } else { old }
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let (config, auth) = match &target.dir {
        Some(project) => (project.join("composer.json"), project.join("auth.json")),
        None => (composer_home(env).join("config.json"), composer_home(env).join("auth.json")),
    };
    let repository = target.below("composer");
    let allows_plain_http = repository.scheme() == "http" && target.is_loopback();
    let mut others = Vec::new();
    draft.edit(&config, |text| {
        let settings = json_file::parse(text)?;
        let (repositories, left) = with_ours_first(settings.get("repositories"), &repository)?;
        others = left;
        let mut text = json_file::set(text, "repositories", &repositories)?;
        if allows_plain_http {
            let config = with_member(settings.get("config"), "secure-http", false.into())?;
            text = json_file::set(&text, "config", &config)?;
        }
        Ok(text)
    })?;
    if let Some(token) = &target.token {
        draft.edit(&auth, |text| {
            let pair = json!({"username": TOKEN_USER, "password": token.expose()});
            let all = json_file::parse(text)?;
            let all = with_member(all.get("http-basic"), &origin(&repository), pair)?;
            json_file::set(text, "http-basic", &all)
        })?;
    }
    for other in others {
        draft.say(format!(
            "Composer also asks {other} for what is not here; remove it from {} if this server \
             stands in for it.",
            config.display()
        ));
    }
    if allows_plain_http {
        draft.say(
            "secure-http is off now, because the server is on this machine and without TLS. It \
             holds for every address that Composer asks: set it to true again afterwards.",
        );
    } else if repository.scheme() == "http" {
        draft.say("Composer refuses plain http: give the server TLS.");
    }
    if env.var("COMPOSER_AUTH").is_some() {
        draft.say("Credentials in COMPOSER_AUTH win over what was written.");
    }
    draft.say("Then run: composer update");
    Ok(())
}

/// `repositories` with this server first and the built-in one off, in the form it had: Composer
/// reads a list as well as an object. Also the addresses of the others.
fn with_ours_first(
    repositories: Option<&Value>,
    url: &Url,
) -> Result<(Value, Vec<String>), String> {
    let is_off = |value: &Value| *value == Value::Bool(false);
    let address = |value: &Value| value.get("url").and_then(Value::as_str).map(str::to_owned);
    let mut ours = Map::new();
    match repositories {
        None | Some(Value::Object(_)) => {
            let empty = Map::new();
            let named = repositories.and_then(Value::as_object).unwrap_or(&empty);
            ours.insert("type".to_owned(), "composer".into());
            ours.insert("url".to_owned(), url.as_str().into());
            let mut all = Map::new();
            all.insert(REGISTRY_NAME.to_owned(), ours.into());
            let others =
                named.iter().filter(|(name, value)| *name != REGISTRY_NAME && !is_off(value));
            let left = others.clone().filter_map(|(_, value)| address(value)).collect();
            all.extend(others.map(|(name, value)| (name.clone(), value.clone())));
            all.insert(DEFAULT_REPOSITORY.to_owned(), false.into());
            Ok((all.into(), left))
        }
        Some(Value::Array(list)) => {
            ours.insert("name".to_owned(), REGISTRY_NAME.into());
            ours.insert("type".to_owned(), "composer".into());
            ours.insert("url".to_owned(), url.as_str().into());
            let is_switch =
                |value: &Value| value.as_object().is_some_and(|only| only.values().all(is_off));
            let is_ours = |value: &Value| {
                value.get("name").and_then(Value::as_str) == Some(REGISTRY_NAME)
                    || address(value).as_deref() == Some(url.as_str())
            };
            let others = list.iter().filter(|value| !is_switch(value) && !is_ours(value));
            let left = others.clone().filter_map(address).collect();
            let mut all = vec![Value::from(ours)];
            all.extend(others.cloned());
            all.push(json!({ DEFAULT_REPOSITORY: false }));
            Ok((all.into(), left))
        }
        Some(_) => Err("`repositories` is neither a list nor an object".to_owned()),
    }
}

/// An object with one member set.
fn with_member(object: Option<&Value>, key: &str, value: Value) -> Result<Value, String> {
    let mut object = match object {
        None => Map::new(),
        Some(Value::Object(object)) => object.clone(),
        // PHP writes an empty object as an empty list.
        Some(Value::Array(list)) if list.is_empty() => Map::new(),
        Some(_) => return Err(format!("what holds `{key}` is not an object")),
    };
    object.insert(key.to_owned(), value);
    Ok(object.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_comes_first_and_the_built_in_one_is_off() {
        let check = |before: Value, expected: Value, left: &[&str]| {
            let url = "https://registry.example/composer".parse().unwrap();
            let before = (!before.is_null()).then_some(before);
            let (once, others) = with_ours_first(before.as_ref(), &url).unwrap();
            assert_eq!(serde_json::to_string(&once).unwrap(), expected.to_string());
            assert_eq!(others, left);
            assert_eq!(with_ours_first(Some(&once), &url).unwrap().0, once);
        };
        let url = "https://registry.example/composer";
        let ours = json!({"type": "composer", "url": url});
        let listed = json!({"name": "vouchsafe", "type": "composer", "url": url});
        let vcs = json!({"type": "vcs", "url": "https://x.example/a.git"});
        check(Value::Null, json!({"vouchsafe": ours, "packagist": false}), &[]);
        check(
            json!({"mine": vcs, "packagist": false}),
            json!({"vouchsafe": ours, "mine": vcs, "packagist": false}),
            &["https://x.example/a.git"],
        );
        check(
            json!([{"packagist": false}, vcs]),
            json!([listed, vcs, {"packagist": false}]),
            &["https://x.example/a.git"],
        );
    }

    #[test]
    fn credentials_are_kept_by_host_and_port() {
        let check = |text: &str, expected: Option<&str>| {
            let url = "https://upstream.example:81/a/".parse().unwrap();
            let found = credential(text, &url);
            assert_eq!(found.as_ref().map(Secret::expose), expected);
        };
        check(r#"{"bearer":{"upstream.example:81":"t"}}"#, Some("Bearer t"));
        check(r#"{"bearer":{"upstream.example":"t"}}"#, None);
        check(
            r#"{"config":{"http-basic":{"upstream.example:81":{"username":"me","password":"pw"}}}}"#,
            Some("Basic bWU6cHc="),
        );
        check("not JSON", None);
    }
}
