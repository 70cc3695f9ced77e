//! The machine as a client sees it: home folder, working folder, environment, programs.
//!
//! Handed in rather than read where it is used, so that a test can describe a machine and no test
//! touches the settings of whoever runs it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// See the module.
#[derive(Clone)]
pub struct Env {
    home: PathBuf,
    current_dir: PathBuf,
    vars: BTreeMap<OsString, OsString>,
}

/// The process does not know where it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// No home folder.
    #[error("this user has no home folder")]
    NoHome,
    /// No working folder.
    #[error("the working folder cannot be read")]
    NoCurrentDir(#[source] std::io::Error),
}

/// What a program that ran left behind.
pub(crate) struct Finished {
    pub(crate) is_success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Env {
    /// The machine and user that this process runs as.
    ///
    /// # Errors
    ///
    /// [`EnvError`] when there is no home or working folder.
    pub fn of_this_process() -> Result<Self, EnvError> {
        let home = std::env::home_dir().ok_or(EnvError::NoHome)?;
        let current_dir = std::env::current_dir().map_err(EnvError::NoCurrentDir)?;
        Ok(Self::new(home, current_dir, std::env::vars_os()))
    }

    /// A machine as described. `HOME` is set to `home` whatever `vars` says.
    pub fn new(
        home: impl Into<PathBuf>,
        current_dir: impl Into<PathBuf>,
        vars: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let home = home.into();
        let mut vars: BTreeMap<OsString, OsString> = vars.into_iter().collect();
        vars.insert("HOME".into(), home.clone().into());
        if cfg!(windows) {
            vars.insert("USERPROFILE".into(), home.clone().into());
        }
        Self { home, current_dir: current_dir.into(), vars }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// A variable that is set, readable and not empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        let value = self.vars.get(OsStr::new(name))?.to_str()?;
        (!value.is_empty()).then_some(value)
    }

    /// A variable whose name is compared without regard to case, as npm does.
    pub(crate) fn var_ignoring_case(&self, name: &str) -> Option<&str> {
        let is_it = |key: &OsStr| key.to_str().is_some_and(|key| key.eq_ignore_ascii_case(name));
        let (_, value) = self.vars.iter().find(|(key, _)| is_it(key))?;
        value.to_str().filter(|value| !value.is_empty())
    }

    /// A variable that holds an absolute path.
    pub(crate) fn path_var(&self, name: &str) -> Option<PathBuf> {
        self.var(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Whether any variable's name starts like this.
    pub(crate) fn has_var_with_prefix(&self, prefix: &str) -> bool {
        self.vars.keys().any(|name| name.to_str().is_some_and(|name| name.starts_with(prefix)))
    }

    /// Where programs keep a user's settings: `$XDG_CONFIG_HOME`, `~/.config`, `%APPDATA%`.
    pub(crate) fn config_home(&self) -> PathBuf {
        if cfg!(windows) {
            let roaming = self.path_var("APPDATA");
            return roaming.unwrap_or_else(|| self.home.join("AppData").join("Roaming"));
        }
        self.path_var("XDG_CONFIG_HOME").unwrap_or_else(|| self.home.join(".config"))
    }

    /// Finds a program on the search path. Relative entries of the path are passed over: a
    /// project folder must not be able to put a program of its own in place of a client.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
        let search_path = self.vars.get(OsStr::new("PATH"))?;
        std::env::split_paths(search_path)
            .filter(|folder| folder.is_absolute())
            .flat_map(|folder| endings.iter().map(move |end| folder.join(format!("{name}{end}"))))
            .find(|program| program.is_file())
    }

    /// Runs a program with this environment, without a terminal or input.
    pub(crate) fn run(
        &self,
        program: &Path,
        arguments: &[&str],
        folder: &Path,
        extra_vars: &[(&str, &OsStr)],
    ) -> std::io::Result<Finished> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs(&self.vars)
            .envs(extra_vars.iter().copied())
            .stdin(Stdio::null())
            .output()?;
        Ok(Finished {
            is_success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

impl fmt::Debug for Env {
    /// Without the variables: some of them are tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("home", &self.home)
            .field("current_dir", &self.current_dir)
            .finish_non_exhaustive()
    }
}
