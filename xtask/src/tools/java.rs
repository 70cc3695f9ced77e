//! Mavens beside Debian's 3.8, and the plugins that all of them run.
//!
//! Maven's distributions are packages of its own registry, so the `mvn` of the machine fetches
//! them, with the settings of whoever runs it.
//!
//! A build runs plugins, which a test must not fetch anew each time. So each Maven builds a small
//! project once, and what was fetched stays as a local repository for tests to start from. Maven
//! remembers there which repository each file came from and asks again when it is another one;
//! those notes are removed, and the files then count as there wherever a test points Maven.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::php::write_script;
use crate::command;

/// Programs, below `target/tools`.
pub(super) const FOLDER: &str = "java";
/// Plugins, below `target/tools`.
pub(super) const REPOSITORY_FOLDER: &str = "maven-repository";

/// Name of the program, version of Maven.
const MAVENS: [(&str, &str); 2] = [("mvn-3.9", "3.9.16"), ("mvn-4", "4.0.0-rc-4")];
/// Says what [`MAVENS`] says.
pub(super) const PINS: &str = "mvn-3.9 3.9.16, mvn-4 4.0.0-rc-4";

/// What each Maven builds once. Versions of plugins that Maven chooses itself stand in no file.
const SEED_PROJECT: &str = include_str!("../../tools/maven-seed.pom.xml");
const SEED_CLASS: &str =
    "/** A class. */\npublic final class Seed {\n    private Seed() {\n    }\n}\n";
pub(super) const REPOSITORY_PINS: &str =
    concat!("mvn-3.9 3.9.16, mvn-4 4.0.0-rc-4\n", include_str!("../../tools/maven-seed.pom.xml"));

const DEPENDENCY_PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const HELP_PLUGIN: &str = "org.apache.maven.plugins:maven-help-plugin:3.5.1";

/// Files in which Maven notes where it has something from, and when it asked in vain.
const ORIGIN_NOTES: [&str; 2] = ["_remote.repositories", "resolver-status.properties"];

/// Puts `bin/mvn-3.9` and `bin/mvn-4` and all they need into an empty folder.
pub(super) fn install(folder: &Path) -> Result<()> {
    let scratch = folder.join("scratch");
    fs::create_dir_all(&scratch).context("cannot create a folder to work in")?;
    for (name, version) in MAVENS {
        let unpacked = scratch.join(name);
        let mut command = mvn(Path::new("mvn"), &scratch.join("repository"));
        // Without a project some of its folders are made where it runs.
        command
            .current_dir(&scratch)
            .arg(format!("{DEPENDENCY_PLUGIN}:unpack"))
            .arg(format!("-Dartifact=org.apache.maven:apache-maven:{version}:tar.gz:bin"))
            .arg(format!("-DoutputDirectory={}", unpacked.display()));
        command::output(&mut command, "fetch Maven")?;
        let home = folder.join(name);
        fs::rename(unpacked.join(format!("apache-maven-{version}")), &home)
            .with_context(|| format!("Maven {version} is not laid out as expected"))?;
        let script = format!(
            "export MAVEN_HOME='{0}'\nunset M2_HOME\nexec '{0}/bin/mvn' \"$@\"\n",
            home.display()
        );
        let program = write_script(&folder.join("bin").join(name), &script)?;
        command::output(Command::new(program).arg("--version"), "run Maven")?;
    }
    fs::remove_dir_all(&scratch).context("cannot remove what is no longer needed")
}

/// Fills an empty local repository with what the Mavens below `tools` need for builds.
pub(super) fn fill_repository(tools: &Path, folder: &Path) -> Result<()> {
    let project = tempfile::tempdir().context("cannot make a temporary folder")?;
    let sources = project.path().join("src/main/java");
    fs::create_dir_all(&sources).context("cannot lay out a project")?;
    fs::write(project.path().join("pom.xml"), SEED_PROJECT).context("cannot lay out a project")?;
    fs::write(sources.join("Seed.java"), SEED_CLASS).context("cannot lay out a project")?;
    let deployed = project.path().join("deployed");

    let ours = MAVENS.map(|(name, _)| tools.join(FOLDER).join("bin").join(name));
    for program in [PathBuf::from("mvn")].into_iter().chain(ours) {
        let mut build = mvn(&program, folder);
        build.current_dir(project.path()).args(["clean", "deploy"]);
        build
            .arg(format!("-DaltDeploymentRepository=seed::default::file://{}", deployed.display()));
        command::output(&mut build, "build a project with Maven")?;

        let jar = project.path().join("target/seed-1.0.0.jar");
        let mut single_file = mvn(&program, folder);
        single_file
            .current_dir(project.path())
            .arg("deploy:deploy-file")
            .arg(format!("-Dfile={}", jar.display()))
            .arg(format!("-Durl=file://{}", deployed.display()))
            .args([
                "-DgroupId=seed",
                "-DartifactId=file",
                "-Dversion=1.0.0",
                "-DrepositoryId=seed",
            ]);
        command::output(&mut single_file, "deploy a file with Maven")?;

        for arguments in [
            vec![format!("{HELP_PLUGIN}:effective-settings")],
            vec![
                format!("{DEPENDENCY_PLUGIN}:get"),
                "-Dartifact=vouchsafe.test:seed:1.0.0".to_owned(),
                format!("-DremoteRepositories=seed::default::file://{}", deployed.display()),
            ],
            vec![format!("{DEPENDENCY_PLUGIN}:tree")],
        ] {
            let mut command = mvn(&program, folder);
            command.current_dir(project.path()).args(arguments);
            command::output(&mut command, "run a plugin of Maven")?;
        }
    }
    for left in ["vouchsafe", "seed"] {
        let left = folder.join(left);
        if left.exists() {
            fs::remove_dir_all(&left).context("cannot remove the project itself")?;
        }
    }
    forget_origins(folder)
}

/// Maven without questions and colors, with a local repository of its own.
fn mvn(program: &Path, repository: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--batch-mode", "--no-transfer-progress"]);
    command.arg(format!("-Dmaven.repo.local={}", repository.display()));
    command
}

fn forget_origins(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).context("cannot list the local repository")? {
        let path = entry.context("cannot list the local repository")?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            forget_origins(&path)?;
        } else if ORIGIN_NOTES.contains(&name) || name.ends_with(".lastUpdated") {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_names_what_is_fetched() {
        let pins = MAVENS.map(|(name, version)| format!("{name} {version}")).join(", ");
        assert_eq!(pins, PINS);
        assert!(REPOSITORY_PINS.starts_with(PINS));
        assert!(REPOSITORY_PINS.ends_with(SEED_PROJECT));
    }

    #[test]
    fn notes_of_origin_go_and_artifacts_stay() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("org/x/1");
        fs::create_dir_all(&folder).expect("create");
        for name in ["x-1.jar", "_remote.repositories", "x-1.pom.lastUpdated"] {
            fs::write(folder.join(name), "").expect("write");
        }
        forget_origins(root.path()).expect("works");
        let left: Vec<_> = fs::read_dir(&folder)
            .expect("list")
            .map(|entry| entry.expect("list").file_name())
            .collect();
        assert_eq!(left, ["x-1.jar"]);
    }
}
