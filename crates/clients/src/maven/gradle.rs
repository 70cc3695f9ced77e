//! Gradle: an init script, which Gradle runs before every build, and the token in a properties
//! file.
//!
//! The script gives every remote repository that a build declares this server's address. It adds
//! none to projects: a build may forbid that, and one that declares none needs none. Plugins come
//! from a place that need not be declared, so there one is added.
//!
//! Gradle has no init script of a project. With a project folder both files are written there, and
//! the person is told to name the script.

use std::fs;
use std::path::{Path, PathBuf};

use crate::discovered::{DiscoverError, Discovered};
use crate::draft::{Draft, SetupError};
use crate::ini::{self, Dialect};
use crate::target::TOKEN_USER;
use crate::{Env, REGISTRY_NAME, Target};

const PROJECT_SCRIPT: &str = "vouchsafe.init.gradle";
const PROJECT_PROPERTIES: &str = "vouchsafe.properties";
/// Names of properties that Gradle itself looks up for a repository named as ours is.
const USERNAME_KEY: &str = "vouchsafeUsername";
const PASSWORD_KEY: &str = "vouchsafePassword";

/// A build that says where Maven's central repository is for Gradle.
const QUESTION: &str = "println 'answer=' + repositories.mavenCentral().url\n";

/// Whether there is a sign of Gradle.
pub(crate) fn is_in_use(target: &Target, env: &Env) -> bool {
    let Some(project) = &target.dir else {
        return gradle_home(env).is_dir() || env.find_program("gradle").is_some();
    };
    let names = ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];
    names.iter().chain(&["gradlew"]).any(|name| project.join(name).exists())
}

/// Where Gradle fetches from by itself. Used when there is no Maven, whose settings say more.
pub(super) fn discover(env: &Env, scratch: &Path) -> Result<Option<Discovered>, DiscoverError> {
    const COMMAND: &str = "gradle help";
    let Some(program) = env.find_program("gradle") else { return Ok(None) };
    for (name, text) in [("build.gradle", QUESTION), ("settings.gradle", "")] {
        fs::write(scratch.join(name), text).map_err(DiscoverError::Scratch)?;
    }
    // A home of its own: Gradle keeps caches there.
    let home = scratch.join("home");
    let variables = [("GRADLE_USER_HOME", home.as_os_str())];
    let arguments = ["help", "--quiet", "--offline", "--no-daemon", "--console=plain"];
    let finished = env
        .run(&program, &arguments, scratch, &variables)
        .map_err(|source| DiscoverError::Run { command: COMMAND.to_owned(), source })?;
    let answer = finished.stdout.lines().find_map(|line| line.strip_prefix("answer="));
    answer.map(|answer| Discovered::new("gradle", answer, "Gradle's mavenCentral()")).transpose()
}

fn gradle_home(env: &Env) -> PathBuf {
    env.path_var("GRADLE_USER_HOME").unwrap_or_else(|| env.home().join(".gradle"))
}

pub(crate) fn setup(draft: &mut Draft, target: &Target, env: &Env) -> Result<(), SetupError> {
    let (script, properties) = match &target.dir {
        Some(project) => (project.join(PROJECT_SCRIPT), project.join(PROJECT_PROPERTIES)),
        None => {
            let home = gradle_home(env);
            (home.join("init.d").join("vouchsafe.gradle"), home.join("gradle.properties"))
        }
    };
    let repository = target.below("maven/");
    let is_plain = repository.scheme() == "http";
    let allows_plain_http = is_plain && target.is_loopback();
    draft.edit(&script, |_| {
        let properties = match &target.dir {
            Some(_) => {
                format!("new File(initscript.sourceFile.parentFile, '{PROJECT_PROPERTIES}')")
            }
            None => "new File(gradle.gradleUserHomeDir, 'gradle.properties')".to_owned(),
        };
        Ok(SCRIPT
            .replace("@URL@", &repository.as_str().replace('\\', "\\\\").replace('\'', "\\'"))
            .replace("@NAME@", REGISTRY_NAME)
            .replace("@PROPERTIES@", &properties)
            .replace("@USERNAME_KEY@", USERNAME_KEY)
            .replace("@PASSWORD_KEY@", PASSWORD_KEY)
            .replace("@ALLOWS_PLAIN_HTTP@", if allows_plain_http { "true" } else { "false" }))
    })?;
    if let Some(token) = &target.token {
        draft.edit(&properties, |text| {
            let text = ini::set(Dialect::Npmrc, text, None, USERNAME_KEY, TOKEN_USER);
            Ok(ini::set(Dialect::Npmrc, &text, None, PASSWORD_KEY, token.expose()))
        })?;
    }
    if is_plain && !allows_plain_http {
        draft.say("Gradle refuses plain http: give the server TLS.");
    }
    draft.say("Gradle's plugins come from this server too, so its upstream has to have them.");
    match &target.dir {
        Some(_) => draft.say(format!(
            "Gradle has no init script of a project. Run: gradle --init-script {} build",
            script.display()
        )),
        None => draft.say("Then run: gradle build"),
    }
    draft.say(format!(
        "To publish with Gradle: a repository in publishing {{ }} with name = '{REGISTRY_NAME}', \
         url = '{repository}' and credentials(PasswordCredentials), then: gradle publish"
    ));
    Ok(())
}

/// Runs on Gradle 4.4 and later; what came later is asked for before it is used.
const SCRIPT: &str = include_str!("vouchsafe.gradle");
