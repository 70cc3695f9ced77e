//! Python: where packages come from today. One file per client says how it is set up.
//!
//! pip is asked first (`pip config list`, which knows its files and variables), then uv's
//! settings are read; when neither is configured, each tells its built-in index: pip by its own
//! constant, uv by its help text.

pub(crate) mod pip;
pub(crate) mod poetry;
pub(crate) mod twine;
pub(crate) mod uv;

use crate::Env;
use crate::discovered::{DiscoverError, Discovered};

const LOOKED_FOR: &[&str] = &["python3 -m pip", "pip", "uv"];

pub(crate) fn discover(env: &Env) -> Result<Discovered, DiscoverError> {
    let scratch = tempfile::tempdir().map_err(DiscoverError::Scratch)?;
    let pip = pip::find(env, scratch.path());
    if let Some(pip) = &pip
        && let Some(discovered) = pip.configured()?
    {
        return Ok(discovered);
    }
    if let Some(discovered) = uv::configured(env)? {
        return Ok(discovered);
    }
    if let Some(pip) = &pip
        && let Some(discovered) = pip.built_in(env, scratch.path())?
    {
        return Ok(discovered);
    }
    if let Some(discovered) = uv::built_in(env, scratch.path())? {
        return Ok(discovered);
    }
    match pip {
        Some(pip) => Err(DiscoverError::NoAnswer { ecosystem: "pypi", command: pip.command }),
        None => Err(DiscoverError::NoClient { ecosystem: "pypi", looked_for: LOOKED_FOR }),
    }
}
