//! Poetry: a source in `pyproject.toml`, the upload address and credentials in `poetry.toml` or
//! in the user's `config.toml` and `auth.toml`.
//!
//! Poetry has no index for all projects of a user: which sources a project uses is part of it.

use std::path::{Path, PathBuf};

use toml_edit::Item;

use crate::draft::{Draft, SetupError};
use crate::target::TOKEN_USER;
use crate::{Env, REGISTRY_NAME, Target, toml_file};

/// Whether there is a sign of Poetry.
pub(crate) fn is_in_use(target: &Target, env: &Env) -> bool {
    let Some(project) = &target.dir else {
        return config_dir(env).is_dir() || env.find_program("poetry").is_some();
    };
    let has_file = ["poetry.lock", "poetry.toml"].iter().any(|name| project.join(name).exists());
    has_file || has_tool_table(project)
}

/// A manifest that cannot be read is told by whoever has to edit it.
fn has_tool_table(project: &Path) -> bool {
    std::fs::read_to_string(project.join("pyproject.toml"))
        .ok()
        .and_then(|text| toml_file::parse(&text).ok())
        .is_some_and(|document| toml_file::get(&document, &["tool", "poetry"]).is_some())
}

fn config_dir(env: &Env) -> PathBuf {
    if let Some(folder) = env.path_var("POETRY_CONFIG_DIR") {
        return folder;
    }
    if cfg!(target_os = "macos") {
        return env.home().join("Library").join("Application Support").join("pypoetry");
    }
    env.config_home().join("pypoetry")
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let (config, auth) = match &target.dir {
        Some(project) => (project.join("poetry.toml"), project.join("poetry.toml")),
        None => (config_dir(env).join("config.toml"), config_dir(env).join("auth.toml")),
    };
    if let Some(project) = &target.dir {
        add_source(draft, project, target)?;
    }
    let upload = target.below("pypi/legacy/");
    draft.edit(&config, |text| {
        let mut document = toml_file::parse(text)?;
        let path = ["repositories", REGISTRY_NAME, "url"];
        toml_file::set(&mut document, &path, upload.as_str())?;
        Ok(document.to_string())
    })?;
    if let Some(token) = &target.token {
        draft.edit(&auth, |text| {
            let mut document = toml_file::parse(text)?;
            let table = toml_file::table_mut(&mut document, &["http-basic", REGISTRY_NAME])?;
            toml_file::set_in(table, "username", TOKEN_USER.into());
            toml_file::set_in(table, "password", token.expose().into());
            Ok(document.to_string())
        })?;
    }
    match &target.dir {
        Some(_) => draft.say("Then run: poetry lock && poetry install"),
        None => draft.say("Poetry keeps its source in each project: run this with --dir PROJECT."),
    }
    draft.say(format!("To publish with Poetry: poetry publish -r {REGISTRY_NAME}"));
    Ok(())
}

fn add_source(draft: &mut Draft, project: &Path, target: &Target) -> Result<(), SetupError> {
    let index = target.below("pypi/simple/");
    let mut others = Vec::new();
    draft.edit(&project.join("pyproject.toml"), |text| {
        let mut document = toml_file::parse(text)?;
        let sources = toml_file::array_mut(&mut document, &["tool", "poetry", "source"])?;
        if let Some(source) = toml_file::named_mut(sources, REGISTRY_NAME) {
            toml_file::set_in(source, "url", index.as_str().into());
            toml_file::set_in(source, "priority", "primary".into());
        }
        let names = sources.iter().filter_map(|source| source.get("name").and_then(Item::as_str));
        others = names.filter(|name| *name != REGISTRY_NAME).map(str::to_owned).collect();
        Ok(document.to_string())
    })?;
    for name in others {
        draft.say(format!(
            "Poetry also asks the source `{name}`; remove it from pyproject.toml if this server \
             stands in for it."
        ));
    }
    Ok(())
}
