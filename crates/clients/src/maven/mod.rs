//! Maven: `settings.xml`. One file per question; Gradle, which reads the same repositories, has
//! its own beside it.
//!
//! A mirror of everything (`*`) is set up: whatever repositories a project or its dependencies
//! name, this server is asked and decides. Maven has no settings of a project, but reads options
//! out of `.mvn/maven.config`; there a project's settings are named. They stand in for those of
//! the user as a whole.

pub(crate) mod gradle;
mod settings;
mod super_pom;

use std::path::{Path, PathBuf};

use settings::Settings;

use crate::change::read_file;
use crate::discovered::{DiscoverError, Discovered};
use crate::draft::{Draft, SetupError};
use crate::target::TOKEN_USER;
use crate::xml_file::{self, Entry};
use crate::{Env, REGISTRY_NAME, Target};

const LOOKED_FOR: &[&str] = &["mvn", "gradle"];
/// The id of the repository that every project has.
const CENTRAL: &str = "central";

pub(crate) fn discover(env: &Env) -> Result<Discovered, DiscoverError> {
    let scratch = tempfile::tempdir().map_err(DiscoverError::Scratch)?;
    let Some(program) = env.find_program("mvn") else {
        return match gradle::discover(env, scratch.path())? {
            Some(discovered) => Ok(discovered),
            None => Err(DiscoverError::NoClient { ecosystem: "maven", looked_for: LOOKED_FOR }),
        };
    };
    let home = super_pom::maven_home(env, &program, scratch.path())?;
    let files = [Some(user_file(env)), home.as_ref().map(|home| home.join("conf/settings.xml"))];
    let mut all = Vec::new();
    for file in files.into_iter().flatten() {
        if let Some(text) = read_file(&file)? {
            all.push(Settings::read(&file, &text)?);
        }
    }
    let (address, source) = match settings::repository(&all, CENTRAL) {
        Some((address, file)) => (address.to_owned(), file.display().to_string()),
        None => match home.as_deref().map(super_pom::central).transpose()?.flatten() {
            Some((address, jar)) => (address, jar.display().to_string()),
            None => {
                let command = "mvn --version".to_owned();
                return Err(DiscoverError::NoAnswer { ecosystem: "maven", command });
            }
        },
    };
    let mirror = settings::mirror(&all, CENTRAL, &address);
    let (id, address, source) = match mirror {
        Some((mirror, file)) => {
            (mirror.id.as_str(), mirror.url.clone(), file.display().to_string())
        }
        None => (CENTRAL, address, source),
    };
    let mut discovered = Discovered::new("mvn", &address, source)?;
    if discovered.credential.is_none() {
        discovered.credential = settings::credential(&all, id, env);
    }
    Ok(discovered)
}

fn user_file(env: &Env) -> PathBuf {
    env.home().join(".m2").join("settings.xml")
}

/// Where the settings of a project are, below it and as its `maven.config` names them. Maven takes
/// that from the folder it runs in.
const PROJECT_SETTINGS: &str = ".mvn/vouchsafe-settings.xml";

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let file = match &target.dir {
        Some(project) => project.join(PROJECT_SETTINGS),
        None => user_file(env),
    };
    let repository = target.below("maven/");
    let mut left = Vec::new();
    draft.edit(&file, |text| {
        // A mirror of just this repository would win over one of everything. It goes: what it was
        // is what this server now fetches from. Of several that catch a repository the first wins,
        // so ours is taken out wherever else it stands, and put there.
        let is_first = Settings::parse(text)?.first_mirror() == Some(REGISTRY_NAME);
        let mut text = xml_file::retain(text, "mirrors", "mirror", |mirror| {
            match xml_file::child_text(mirror, "id") == Some(REGISTRY_NAME) {
                true => is_first,
                false => xml_file::child_text(mirror, "mirrorOf") != Some(CENTRAL),
            }
        })?;
        let mirror = [("id", REGISTRY_NAME), ("mirrorOf", "*"), ("url", repository.as_str())];
        let mirror = Entry { list: "mirrors", name: "mirror", fields: &mirror };
        text = xml_file::put(&text, "settings", &mirror)?;
        if let Some(token) = &target.token {
            let server =
                [("id", REGISTRY_NAME), ("username", TOKEN_USER), ("password", token.expose())];
            let server = Entry { list: "servers", name: "server", fields: &server };
            text = xml_file::put(&text, "settings", &server)?;
        }
        left = Settings::parse(&text)?.mirrors_by_name();
        Ok(text)
    })?;
    for name in left {
        draft.say(format!("Maven still fetches `{name}` from elsewhere: {}", file.display()));
    }
    match &target.dir {
        Some(project) => name_settings(draft, project)?,
        None => draft.say("Then run: mvn verify"),
    }
    draft.say(format!(
        "To publish with Maven: mvn deploy \
         -DaltDeploymentRepository={REGISTRY_NAME}::default::{repository}"
    ));
    Ok(())
}

/// Has Maven read the settings of a project.
fn name_settings(draft: &mut Draft, project: &Path) -> Result<(), SetupError> {
    let file = project.join(".mvn").join("maven.config");
    let mut others = false;
    draft.edit(&file, |text| {
        // Maven before 3.9 splits at every space, later ones at the ends of lines.
        let ours = format!("--settings={PROJECT_SETTINGS}");
        let mut words = text.split_whitespace();
        let is_other =
            |word: &str| word != ours && (word.starts_with("--settings") || word.starts_with("-s"));
        if words.clone().any(is_other) {
            others = true;
            return Ok(text.to_owned());
        }
        if words.any(|word| word == ours) {
            return Ok(text.to_owned());
        }
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        Ok(format!("{text}{gap}{ours}\n"))
    })?;
    if others {
        draft.say(format!(
            "{} names other settings. Take that line out, or run: mvn --settings \
             {PROJECT_SETTINGS} verify",
            file.display()
        ));
    } else {
        draft.say(
            "Then run, in the project's folder and not below it: mvn verify. The project's \
             settings stand in for ~/.m2/settings.xml there.",
        );
    }
    Ok(())
}
