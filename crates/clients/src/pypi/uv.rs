//! uv: `uv.toml`, or `[tool.uv]` of a project's `pyproject.toml`.
//!
//! A `uv.toml` in a project makes uv ignore `[tool.uv]` beside it. A project that uses
//! `[tool.uv]` is therefore edited there, and without the token, because that file is shared.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table};

use crate::change::read_file;
use crate::discovered::{DiscoverError, Discovered, basic, first_file};
use crate::draft::{Draft, SetupError};
use crate::{Env, REGISTRY_NAME, Target, toml_file};

/// What uv's help says before the index it uses by itself.
const HELP_MARK: &str = "(by default: <";

/// The index that uv is configured to use, when uv is installed.
pub(crate) fn configured(env: &Env) -> Result<Option<Discovered>, DiscoverError> {
    if env.find_program("uv").is_none() {
        return Ok(None);
    }
    for name in ["UV_DEFAULT_INDEX", "UV_INDEX_URL"] {
        if let Some(value) = env.var(name) {
            // `NAME=URL` is allowed; the equals sign of a query comes after a colon.
            let address = match value.split_once('=') {
                Some((index, address)) if !index.contains(':') => address,
                _ => value,
            };
            return Discovered::new("uv", address, name).map(Some);
        }
    }
    let system = if cfg!(windows) { None } else { Some(PathBuf::from("/etc/uv/uv.toml")) };
    let files = match env.path_var("UV_CONFIG_FILE") {
        Some(file) => vec![file],
        None => [Some(user_file(env)), system].into_iter().flatten().collect(),
    };
    for file in files {
        let Some((path, text)) = first_file([file])? else { continue };
        let document =
            toml_file::parse(&text).map_err(|reason| SetupError::unclear(&path, reason))?;
        let Some((name, address)) = default_index(&document) else { continue };
        let mut discovered = Discovered::new("uv", &address, path.display().to_string())?;
        if discovered.credential.is_none() {
            let variable = |key: &str| {
                let name = name.as_deref()?.to_uppercase();
                env.var(&format!("UV_INDEX_{}_{key}", name.replace(['-', '.'], "_")))
            };
            let (user, password) = (variable("USERNAME"), variable("PASSWORD"));
            if user.is_some() || password.is_some() {
                let credential = basic(user.unwrap_or_default(), password.unwrap_or_default());
                discovered.credential = Some(credential);
            }
        }
        return Ok(Some(discovered));
    }
    Ok(None)
}

/// Name and address of the default index in a `uv.toml`.
fn default_index(document: &DocumentMut) -> Option<(Option<String>, String)> {
    let indexes = toml_file::get(document, &["index"]).and_then(Item::as_array_of_tables);
    let default = indexes.and_then(|tables| tables.iter().find(|table| is_default(table)));
    let text = |table: &Table, key| table.get(key).and_then(Item::as_str).map(str::to_owned);
    if let Some(table) = default {
        return Some((text(table, "name"), text(table, "url")?));
    }
    let old = toml_file::get_str(document, &["index-url"])
        .or_else(|| toml_file::get_str(document, &["pip", "index-url"]))?;
    Some((None, old.to_owned()))
}

fn is_default(table: &Table) -> bool {
    table.get("default").and_then(Item::as_bool) == Some(true)
}

/// The index that uv uses by itself, out of its help text.
pub(crate) fn built_in(env: &Env, scratch: &Path) -> Result<Option<Discovered>, DiscoverError> {
    let Some(program) = env.find_program("uv") else { return Ok(None) };
    let finished =
        env.run(&program, &["help", "--no-pager", "pip", "install"], scratch, &[]).map_err(
            |source| DiscoverError::Run { command: "uv help pip install".to_owned(), source },
        )?;
    // The text is wrapped to the width of a terminal.
    let help = finished.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    match help.split_once(HELP_MARK).and_then(|(_, rest)| rest.split_once('>')) {
        Some((address, _)) => Discovered::new("uv", address, "uv's built-in index").map(Some),
        None => Ok(None),
    }
}

fn user_file(env: &Env) -> PathBuf {
    env.config_home().join("uv").join("uv.toml")
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let (file, table, is_shared) = match &target.dir {
        None => (user_file(env), Vec::new(), false),
        Some(project) if uses_tool_table(project)? => {
            (project.join("pyproject.toml"), vec!["tool", "uv"], true)
        }
        Some(project) => (project.join("uv.toml"), Vec::new(), false),
    };
    let index = match is_shared {
        true => target.below("pypi/simple/"),
        false => target.below_with_token("pypi/simple/"),
    };
    let upload = target.below("pypi/legacy/");
    draft.edit(&file, |text| {
        let mut document = toml_file::parse(text)?;
        edit(&mut document, &table, index.as_str(), upload.as_str())?;
        Ok(document.to_string())
    })?;
    for name in ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"] {
        if env.var(name).is_some() {
            draft.say(format!("Unset {name}: it wins over what was written."));
        }
    }
    if is_shared && target.token.is_some() {
        draft.say(
            "pyproject.toml is shared, so no token was written for uv. Set \
             UV_INDEX_VOUCHSAFE_USERNAME=__token__ and UV_INDEX_VOUCHSAFE_PASSWORD to your token.",
        );
    }
    draft.say(format!(
        "To publish with uv: set UV_PUBLISH_TOKEN to your token, then uv publish --index \
         {REGISTRY_NAME}"
    ));
    Ok(())
}

/// Whether uv's settings of this project are in `pyproject.toml`.
fn uses_tool_table(project: &Path) -> Result<bool, SetupError> {
    if project.join("uv.toml").exists() {
        return Ok(false);
    }
    let path = project.join("pyproject.toml");
    let Some(text) = read_file(&path)? else { return Ok(false) };
    let document = toml_file::parse(&text).map_err(|reason| SetupError::unclear(&path, reason))?;
    Ok(toml_file::get(&document, &["tool", "uv"]).is_some())
}

/// Makes ours the one default index below `parent`.
fn edit(
    document: &mut DocumentMut,
    parent: &[&str],
    index: &str,
    upload: &str,
) -> Result<(), String> {
    // The older way of saying it would contradict the newer one.
    toml_file::table_mut(document, parent)?.remove("index-url");
    let path: Vec<&str> = parent.iter().copied().chain(["index"]).collect();
    let tables = toml_file::array_mut(document, &path)?;
    // Another default would win or clash; as a further index it would mix names. It goes: what it
    // was is what this server now fetches from.
    let is_ours = |table: &Table| table.get("name").and_then(Item::as_str) == Some(REGISTRY_NAME);
    tables.retain(|table| is_ours(table) || !is_default(table));
    if let Some(table) = toml_file::named_mut(tables, REGISTRY_NAME) {
        toml_file::set_in(table, "url", index.into());
        toml_file::set_in(table, "publish-url", upload.into());
        toml_file::set_in(table, "default", true.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let apply = |text: &str| {
            let mut document = toml_file::parse(text).unwrap();
            edit(&mut document, &[], "i", "u").unwrap();
            document.to_string()
        };
        let once = apply(text);
        assert_eq!(once, expected);
        assert_eq!(apply(&once), once);
    }

    #[test]
    fn ours_becomes_the_one_default_index() {
        let ours =
            "[[index]]\nname = \"vouchsafe\"\nurl = \"i\"\npublish-url = \"u\"\ndefault = true\n";
        check("", ours);
        check("index-url = \"old\"\n", ours);
        check(
            "# mine\nnative-tls = true\n\n[[index]]\nurl = \"old\"\ndefault = true\n",
            &format!("# mine\nnative-tls = true\n\n{ours}"),
        );
        check(
            "[[index]]\nname = \"torch\"\nurl = \"t\"\nexplicit = true\n",
            &format!("[[index]]\nname = \"torch\"\nurl = \"t\"\nexplicit = true\n\n{ours}"),
        );
    }
}
