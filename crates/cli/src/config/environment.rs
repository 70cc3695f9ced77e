//! The environment: every key of the file as `VOUCHSAFE_SECTION_KEY`.
//!
//! `[server] listen` is `VOUCHSAFE_SERVER_LISTEN`, `[upstreams.npm] url` is
//! `VOUCHSAFE_UPSTREAMS_NPM_URL`. The value is read as TOML when it is TOML of the right kind, else
//! as text, so lists and numbers work as in the file.

use std::collections::BTreeMap;

use anyhow::Context;

use super::ConfigFile;

const PREFIX: &str = "VOUCHSAFE_";
/// Names that are not keys of the file: flags of their own, and what the tests use.
const NOT_KEYS: [&str; 5] = ["DATA", "CONFIG", "TOKEN", "TOOLS", "URL"];
/// Sections with a level of ecosystem names below them.
const NESTED: [&str; 2] = ["upstreams", "ecosystems"];
const SECTIONS: [&str; 7] =
    ["server", "database", "blobs", "access", "policy", "upstreams", "ecosystems"];

pub(super) fn apply(file: &mut ConfigFile) -> anyhow::Result<()> {
    apply_from(
        file,
        std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))),
    )
}

fn apply_from(
    file: &mut ConfigFile,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    let ours: BTreeMap<String, String> = variables
        .filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?.to_owned(), value)))
        .filter(|(key, _)| !NOT_KEYS.contains(&key.as_str()) && !key.starts_with("TEST_"))
        .collect();
    if ours.is_empty() {
        return Ok(());
    }
    let mut table = file.to_table();
    for (key, value) in &ours {
        let path = path_of(key)
            .with_context(|| format!("the environment variable {PREFIX}{key} names no setting"))?;
        set(&mut table, &path, value);
    }
    *file = ConfigFile::from_table(table).with_context(|| {
        let names: Vec<_> = ours.keys().map(|key| format!("{PREFIX}{key}")).collect();
        format!("in the environment ({})", names.join(", "))
    })?;
    Ok(())
}

/// `UPSTREAMS_NPM_URL` is `upstreams`, `npm`, `url`.
fn path_of(key: &str) -> Option<Vec<String>> {
    let key = key.to_ascii_lowercase();
    let section = SECTIONS
        .into_iter()
        .find(|section| key.strip_prefix(section).is_some_and(|rest| rest.starts_with('_')))?;
    let rest = key.get(section.len() + 1..)?;
    let mut path = vec![section.to_owned()];
    if NESTED.contains(&section) {
        let (ecosystem, rest) = rest.split_once('_')?;
        path.extend([ecosystem.to_owned(), rest.to_owned()]);
    } else if let Some(ecosystem) = rest.strip_prefix("cooldowns_") {
        path.extend(["cooldowns".to_owned(), ecosystem.to_owned()]);
    } else {
        path.push(rest.to_owned());
    }
    Some(path)
}

fn set(table: &mut toml::Table, path: &[String], value: &str) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), toml_value(value));
        }
        [first, rest @ ..] => {
            let inner = table
                .entry(first.clone())
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// Numbers, booleans and lists are what they look like; everything else is text.
fn toml_value(text: &str) -> toml::Value {
    let parsed: Option<toml::Table> = format!("value = {text}").parse().ok();
    match parsed.and_then(|mut table| table.remove("value")) {
        Some(
            value @ (toml::Value::Integer(_) | toml::Value::Boolean(_) | toml::Value::Array(_)),
        ) => value,
        _ => toml::Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> anyhow::Result<ConfigFile> {
        let mut file = ConfigFile::default();
        let owned = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        apply_from(&mut file, owned).map(|()| file)
    }

    #[test]
    fn keys_reach_their_place() {
        let file = read(&[
            ("VOUCHSAFE_SERVER_LISTEN", "127.0.0.1:0"),
            ("VOUCHSAFE_SERVER_TRUSTED_PROXIES", r#"["10.0.0.0/8"]"#),
            ("VOUCHSAFE_UPSTREAMS_NPM_URL", "http://127.0.0.1:9/"),
            ("VOUCHSAFE_POLICY_COOLDOWNS_NPM", "7d"),
            ("VOUCHSAFE_DATA", "/somewhere"),
            ("HOME", "/root"),
        ])
        .unwrap();
        assert_eq!(file.server.listen.as_deref(), Some("127.0.0.1:0"));
        assert_eq!(file.server.trusted_proxies.len(), 1);
        assert_eq!(file.upstreams.len(), 1);
        assert_eq!(file.policy.cooldowns.len(), 1);
    }

    #[test]
    fn a_typo_is_an_error() {
        for typo in ["VOUCHSAFE_SERVER_LISTN", "VOUCHSAFE_SEVER_LISTEN", "VOUCHSAFE_X"] {
            assert!(read(&[(typo, "1")]).is_err(), "{typo}");
        }
    }
}
