//! Manifest confusion: a publish request that says something else than its tarball.
//!
//! Resolvers and scanners read the packument, installers run what is in the tarball. Where the
//! two may differ, an attacker hides a dependency or an install script from one of them. The
//! tarball's `package.json` is what is stored, so a client can no longer be lied to; a request
//! that disagrees is refused all the same, because somebody tried or a tool is broken.
//!
//! npm rewrites a manifest a little before it sends it (`@npmcli/package-json`, "prepare" steps).
//! Those rewrites are not disagreements.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use vouchsafe_adapter::FormatError;

type Manifest = Map<String, Value>;

/// Scripts that run on the machine of whoever installs the package.
pub(crate) const INSTALL_HOOKS: [&str; 3] = ["preinstall", "install", "postinstall"];
/// What npm writes as `scripts.install` when there is a `*.gyp` file and no such script.
const GYP_INSTALL: &str = "node-gyp rebuild";

/// Compares what was sent with what is in the tarball.
///
/// * `has_gyp`: whether the tarball has a `*.gyp` file beside `package.json`.
pub(crate) fn check(sent: &Manifest, packed: &Manifest, has_gyp: bool) -> Result<(), FormatError> {
    let optional = strings(packed, "optionalDependencies");
    for field in ["dependencies", "optionalDependencies", "peerDependencies"] {
        let (mut left, mut right) = (strings(sent, field), strings(packed, field));
        if field == "dependencies" {
            // Some clients copy optional dependencies in here, others take them out.
            left.retain(|name, _| !optional.contains_key(name));
            right.retain(|name, _| !optional.contains_key(name));
        }
        compare(field, &left, &right, same_spec)?;
    }
    if packed.contains_key("bin") || !has_bin_directory(packed) {
        compare("bin", &bins(sent), &bins(packed), |left, right| left == right)?;
    }
    let mut sent_hooks = hooks(sent);
    let packed_hooks = hooks(packed);
    let is_gyp = |hook: Option<&String>| hook.is_some_and(|script| script == GYP_INSTALL);
    if has_gyp && is_gyp(sent_hooks.get("install")) && !packed_hooks.contains_key("install") {
        sent_hooks.remove("install");
    }
    compare("scripts", &sent_hooks, &packed_hooks, |left, right| left == right)
}

fn compare(
    field: &str,
    sent: &BTreeMap<String, String>,
    packed: &BTreeMap<String, String>,
    is_same: impl Fn(&str, &str) -> bool,
) -> Result<(), FormatError> {
    let mut names = sent.keys().chain(packed.keys());
    let differs = |name: &&String| match (sent.get(*name), packed.get(*name)) {
        (Some(left), Some(right)) => !is_same(left, right),
        _ => true,
    };
    match names.find(differs) {
        None => Ok(()),
        Some(name) => {
            let name: String = name.chars().take(80).collect();
            Err(FormatError::manifest(format!(
                "`{field}.{name}` of the request is not what package.json in the tarball says"
            )))
        }
    }
}

/// The string members of an object. npm drops others before it sends a manifest.
fn strings(manifest: &Manifest, field: &str) -> BTreeMap<String, String> {
    let members = manifest.get(field).and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn hooks(manifest: &Manifest) -> BTreeMap<String, String> {
    let mut scripts = strings(manifest, "scripts");
    scripts.retain(|name, _| INSTALL_HOOKS.contains(&name.as_str()));
    for script in scripts.values_mut() {
        // npm takes this off; the directory is in the path anyway.
        let bare = script.trim_start_matches("./");
        if let Some(rest) = bare.strip_prefix("node_modules/.bin/") {
            *script = rest.to_owned();
        }
    }
    scripts
}

fn has_bin_directory(manifest: &Manifest) -> bool {
    manifest.get("directories").and_then(|value| value.get("bin")).is_some_and(Value::is_string)
}

/// Commands and their files, with `bin` in any of its spellings, as npm normalizes it.
pub(crate) fn bins(manifest: &Manifest) -> BTreeMap<String, String> {
    let base_name = |path: &str| path.rsplit(['/', '\\', ':']).next().unwrap_or(path).to_owned();
    let name = manifest.get("name").and_then(Value::as_str).unwrap_or_default();
    let pairs: Vec<(String, &str)> = match manifest.get("bin") {
        Some(Value::String(path)) => vec![(base_name(name), path)],
        Some(Value::Array(paths)) => {
            paths.iter().filter_map(Value::as_str).map(|path| (base_name(path), path)).collect()
        }
        Some(Value::Object(bins)) => {
            bins.iter().filter_map(|(name, path)| Some((base_name(name), path.as_str()?))).collect()
        }
        _ => Vec::new(),
    };
    pairs
        .into_iter()
        .map(|(name, path)| (name, plain_path(path)))
        .filter(|(name, path)| !name.is_empty() && !path.is_empty())
        .collect()
}

/// A path without tricks: `./a`, `/a`, `b/../a` and `..\a` are all `a`.
fn plain_path(path: &str) -> String {
    let mut plain: Vec<&str> = Vec::new();
    for segment in path.split(['/', '\\', ':']) {
        match segment {
            "" | "." => {}
            ".." => {
                plain.pop();
            }
            segment => plain.push(segment),
        }
    }
    plain.join("/")
}

/// Whether two dependency specifications mean the same. npm spells git addresses out, so of
/// those only owner, repository and commit are compared.
fn same_spec(left: &str, right: &str) -> bool {
    if left.trim() == right.trim() {
        return true;
    }
    match (git_address(left), git_address(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// `(owner, repository, commit)` of a git address, shorthand or spelled out.
fn git_address(spec: &str) -> Option<(&str, &str, &str)> {
    let (address, commit) = spec.trim().split_once('#').unwrap_or((spec.trim(), ""));
    let mut parts = address.trim_end_matches(".git").rsplit(['/', ':']);
    let (repository, owner) = (parts.next()?, parts.next()?);
    (!repository.is_empty() && !owner.is_empty()).then_some((owner, repository, commit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_pair(sent: &str, packed: &str, has_gyp: bool) -> Result<(), String> {
        let manifest = |json: &str| serde_json::from_str::<Manifest>(json).unwrap();
        check(&manifest(sent), &manifest(packed), has_gyp).map_err(|error| error.to_string())
    }

    #[test]
    fn what_npm_rewrites_is_no_disagreement() {
        let pairs = [
            (r#"{"bin":{"x":"cli.js"}}"#, r#"{"name":"@s/x","bin":"./cli.js"}"#),
            (r#"{"bin":{"x":"bin/x"}}"#, r#"{"directories":{"bin":"bin"}}"#),
            (
                r#"{"dependencies":{"a":"1"},"optionalDependencies":{"b":"2"}}"#,
                r#"{"dependencies":{"a":"1","b":"1"},"optionalDependencies":{"b":"2"}}"#,
            ),
            (r#"{"dependencies":{"a":"github:u/r#c"}}"#, r#"{"dependencies":{"a":"u/r#c"}}"#),
            (
                r#"{"dependencies":{"a":"git+ssh://git@h.example/u/r.git"}}"#,
                r#"{"dependencies":{"a":"git@h.example:u/r.git"}}"#,
            ),
            (
                r#"{"scripts":{"install":"x"}}"#,
                r#"{"scripts":{"install":"./node_modules/.bin/x","test":"t"}}"#,
            ),
            (r#"{"dependencies":{}}"#, r#"{}"#),
            (r#"{"dependencies":{"a":"1"}}"#, r#"{"dependencies":{"a":"1","b":7}}"#),
        ];
        for (sent, packed) in pairs {
            assert_eq!(check_pair(sent, packed, false), Ok(()), "{sent} and {packed}");
        }
        let gyp = r#"{"scripts":{"install":"node-gyp rebuild"}}"#;
        assert_eq!(check_pair(gyp, "{}", true), Ok(()));
        assert!(check_pair(gyp, "{}", false).is_err());
    }

    #[test]
    fn a_hidden_dependency_script_or_command_is_refused() {
        let pairs = [
            (r#"{}"#, r#"{"dependencies":{"evil":"1"}}"#),
            (r#"{"dependencies":{"decoy":"1"}}"#, r#"{}"#),
            (r#"{"dependencies":{"a":"^1"}}"#, r#"{"dependencies":{"a":"^2"}}"#),
            (r#"{"dependencies":{"a":"u/r"}}"#, r#"{"dependencies":{"a":"evil/r"}}"#),
            (r#"{}"#, r#"{"optionalDependencies":{"evil":"1"}}"#),
            (r#"{}"#, r#"{"peerDependencies":{"evil":"1"}}"#),
            (r#"{}"#, r#"{"scripts":{"postinstall":"evil"}}"#),
            (r#"{"scripts":{"install":"good"}}"#, r#"{"scripts":{"install":"evil"}}"#),
            (r#"{}"#, r#"{"name":"x","bin":{"ls":"evil"}}"#),
            (r#"{"bin":{"a":"good.js"}}"#, r#"{"bin":{"a":"evil.js"}}"#),
        ];
        for (sent, packed) in pairs {
            assert!(check_pair(sent, packed, true).is_err(), "{sent} and {packed}");
        }
    }
}
