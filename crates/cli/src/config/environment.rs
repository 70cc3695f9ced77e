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
const SECTIONS: [&str; 9] = [
    "server",
    "database",
    "blobs",
    "access",
    "policy",
    "upstreams",
    "ecosystems",
    "namespaces",
    "sources",
];

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
        let value = read_value(&path, value)
            .with_context(|| format!("in the environment variable {PREFIX}{key}"))?;
        set(&mut table, &path, value);
    }
    *file = ConfigFile::from_table(table).with_context(|| {
        let names: Vec<_> = ours.keys().map(|key| format!("{PREFIX}{key}")).collect();
        format!("in the environment ({})", names.join(", "))
    })?;
    Ok(())
}

/// `UPSTREAMS_NPM_URL` is `upstreams`, `npm`, `url`.
pub(super) fn path_of(key: &str) -> Option<Vec<String>> {
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

/// The value as TOML where the setting takes that, else as text: a password may look like a number.
fn read_value(path: &[String], text: &str) -> anyhow::Result<toml::Value> {
    let as_text = toml::Value::String(text.to_owned());
    let mut refused = None;
    for value in toml_value(text).into_iter().chain([as_text]) {
        let mut alone = toml::Table::new();
        if let [section, ecosystem, _] = path
            && section == "upstreams"
        {
            // An upstream without an address is none, but the address may be said elsewhere.
            let url = [section.clone(), ecosystem.clone(), "url".to_owned()];
            set(&mut alone, &url, "https://upstream.example/".into());
        }
        set(&mut alone, path, value.clone());
        match ConfigFile::from_table(alone) {
            Ok(_) => return Ok(value),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or_else(|| anyhow::anyhow!("it has no value")))
}

fn set(table: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
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

/// A number, a boolean or a list; everything else is text.
fn toml_value(text: &str) -> Option<toml::Value> {
    let mut table: toml::Table = format!("value = {text}").parse().ok()?;
    table.remove("value").filter(|value| {
        matches!(value, toml::Value::Integer(_) | toml::Value::Boolean(_) | toml::Value::Array(_))
    })
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
    fn a_password_may_look_like_a_number_and_a_number_may_not_look_like_a_word() {
        let file = read(&[
            ("VOUCHSAFE_UPSTREAMS_NPM_PASSWORD", "123456"),
            ("VOUCHSAFE_UPSTREAMS_NPM_URL", "http://127.0.0.1:9/"),
            ("VOUCHSAFE_UPSTREAMS_NPM_USERNAME", "true"),
            ("VOUCHSAFE_SERVER_MAX_CONNECTIONS", "7"),
        ])
        .unwrap();
        let npm = file.upstreams.values().next().unwrap();
        assert_eq!(npm.password.as_ref().unwrap().expose(), "123456");
        assert_eq!(npm.username.as_deref(), Some("true"));
        assert_eq!(file.server.max_connections, Some(7));
        let error = read(&[("VOUCHSAFE_SERVER_MAX_CONNECTIONS", "many")]).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("VOUCHSAFE_SERVER_MAX_CONNECTIONS"), "{message}");
    }

    #[test]
    fn a_typo_is_an_error() {
        for typo in ["VOUCHSAFE_SERVER_LISTN", "VOUCHSAFE_SEVER_LISTEN", "VOUCHSAFE_X"] {
            assert!(read(&[(typo, "1")]).is_err(), "{typo}");
        }
    }
}
