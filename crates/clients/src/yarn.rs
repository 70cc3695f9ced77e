//! Yarn 2 and later: `.yarnrc.yml`. (Yarn 1 reads `.npmrc`.)

use std::path::{Path, PathBuf};

use vouchsafe_domain::Secret;

use crate::change::read_file;
use crate::discovered::{DiscoverError, Discovered, command_line};
use crate::draft::{Draft, SetupError};
use crate::npm::ask;
use crate::yaml::{self, Value};
use crate::{Env, Target};

const FILE: &str = ".yarnrc.yml";

/// Whether there is a sign of Yarn, so that its file is worth writing.
pub(crate) fn is_in_use(target: &Target, env: &Env) -> bool {
    let folder = target.dir.as_deref().unwrap_or(env.home());
    let has_file = [FILE, "yarn.lock", ".yarn"].iter().any(|name| folder.join(name).exists());
    // What is installed says nothing about a project, and the file would hold a token.
    has_file || (target.dir.is_none() && env.find_program("yarn").is_some())
}

pub(crate) fn discover(env: &Env, scratch: &Path) -> Result<Option<Discovered>, DiscoverError> {
    let Some(program) = env.find_program("yarn") else { return Ok(None) };
    for key in ["npmRegistryServer", "registry"] {
        let Some(address) = ask(env, &program, key, scratch)? else { continue };
        let source = command_line(&program, &["config", "get", key]);
        let mut discovered = Discovered::new("yarn", &address, source)?;
        if discovered.credential.is_none()
            && let Some(text) = read_file(&env.home().join(FILE))?
            && let Some(token) = yaml::get(&text, "npmAuthToken")
        {
            discovered.credential = Some(Secret::new(format!("Bearer {token}")));
        }
        return Ok(Some(discovered));
    }
    Ok(None)
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let file: PathBuf = target.dir.as_deref().unwrap_or(env.home()).join(FILE);
    let registry = target.below("npm");
    draft.edit(&file, |text| {
        let mut text = yaml::set(text, "npmRegistryServer", Value::Text(registry.as_str()))?;
        if let Some(token) = &target.token {
            text = yaml::set(&text, "npmAuthToken", Value::Text(token.expose()))?;
            // Otherwise the token goes out for scoped packages only.
            text = yaml::set(&text, "npmAlwaysAuth", Value::True)?;
        }
        if registry.scheme() == "http" {
            // Yarn wants even a loopback address named.
            let host = registry.host_str().unwrap_or_default();
            text = yaml::add_to_list(&text, "unsafeHttpWhitelist", host)?;
        }
        Ok(text)
    })?;
    if env.var("YARN_NPM_REGISTRY_SERVER").is_some() {
        draft.say("Unset YARN_NPM_REGISTRY_SERVER: it wins over what was written.");
    }
    draft.say("Or run: yarn install");
    Ok(())
}
