//! Twine: `.pypirc`. Twine only uploads; what it is pointed at is the upload address.

use crate::draft::{Draft, SetupError};
use crate::ini::{self, Dialect};
use crate::target::TOKEN_USER;
use crate::{Env, REGISTRY_NAME, Target};

const DIALECT: Dialect = Dialect::ConfigParser;
/// What Twine knows by itself as long as nobody lists servers. Listing one must not hide it.
const TWINE_DEFAULT: &str = "pypi";

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let file = target.dir.as_deref().unwrap_or(env.home()).join(".pypirc");
    let repository = target.below("pypi/legacy/");
    draft.edit(&file, |text| {
        let listed = ini::get(DIALECT, text, Some("distutils"), "index-servers");
        let listed = listed.unwrap_or_else(|| TWINE_DEFAULT.to_owned());
        let mut names: Vec<&str> = listed.split_whitespace().collect();
        let mut edited = text.to_owned();
        if !names.contains(&REGISTRY_NAME) {
            names.push(REGISTRY_NAME);
            let list = format!("\n{}", names.join("\n"));
            edited = ini::set(DIALECT, &edited, Some("distutils"), "index-servers", &list);
        }
        let mut set = |key: &str, value: &str| {
            edited = ini::set(DIALECT, &edited, Some(REGISTRY_NAME), key, value);
        };
        set("repository", repository.as_str());
        if let Some(token) = &target.token {
            set("username", TOKEN_USER);
            set("password", token.expose());
        }
        Ok(edited)
    })?;
    draft.say(match &target.dir {
        Some(_) => format!(
            "To publish with Twine: twine upload --config-file {} -r {REGISTRY_NAME} dist/*",
            file.display()
        ),
        None => format!("To publish with Twine: twine upload -r {REGISTRY_NAME} dist/*"),
    });
    Ok(())
}
