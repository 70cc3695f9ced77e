//! A plan in the making: files are read once, edited by one client after the other, kept apart
//! from the disk until the plan is applied.

use std::path::{Path, PathBuf};

use vouchsafe_domain::Secret;

use crate::Target;
use crate::change::{BACKUP_SUFFIX, Change, read_file};

/// What a setup will do, and what is left for the person.
#[derive(Debug)]
pub struct Plan {
    /// Files to change; none when everything is set up already.
    pub changes: Vec<Change>,
    /// Sentences for the person: what to run next, and what stands in the way.
    pub next_steps: Vec<String>,
}

/// Why a setup did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Nothing known about this ecosystem, or none of the clients chosen belongs to it.
    #[error("no client of the ecosystem `{ecosystem}` can be set up here")]
    NoClient {
        /// As asked.
        ecosystem: String,
    },
    /// The project folder is not there.
    #[error("the project folder {} cannot be used", path.display())]
    NoProject {
        /// As asked.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A symbolic link leads out of the project.
    #[error("{} lies outside the project folder, behind a symbolic link", path.display())]
    OutsideProject {
        /// Where it leads.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not in the form its client reads.
    #[error("{} cannot be edited: {reason}", path.display())]
    Unclear {
        /// Which.
        path: PathBuf,
        /// Why, without quoting the file.
        reason: String,
    },
    /// A file cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody else changed a file between plan and action.
    #[error("{} was changed by something else meanwhile; run the setup again", path.display())]
    ChangedMeanwhile {
        /// Which.
        path: PathBuf,
    },
}

impl SetupError {
    pub(crate) fn unclear(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unclear { path: path.to_owned(), reason: reason.into() }
    }
}

pub(crate) struct Draft {
    /// The real project folder; nothing outside is touched.
    project: Option<PathBuf>,
    token: Option<Secret>,
    changes: Vec<Change>,
    next_steps: Vec<String>,
}

impl Draft {
    pub(crate) fn new(target: &Target) -> Result<Self, SetupError> {
        let project = match &target.dir {
            Some(dir) => Some(
                dir.canonicalize()
                    .map_err(|source| SetupError::NoProject { path: dir.clone(), source })?,
            ),
            None => None,
        };
        let token = target.token.clone();
        Ok(Self { project, token, changes: Vec::new(), next_steps: Vec::new() })
    }

    /// Edits a file: `edit` gets the text so far (empty when there is no file) and gives the new
    /// one, or a reason why it cannot.
    pub(crate) fn edit(
        &mut self,
        path: &Path,
        edit: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<(), SetupError> {
        let path = self.resolve(path)?;
        let place = match self.changes.iter().position(|change| change.path == path) {
            Some(place) => place,
            None => {
                let before = read_file(&path)?;
                let after = before.clone().unwrap_or_default();
                let token = self.token.clone();
                self.changes.push(Change { path, before, after, holds_secret: false, token });
                self.changes.len() - 1
            }
        };
        let Some(change) = self.changes.get_mut(place) else { return Ok(()) };
        change.after =
            edit(&change.after).map_err(|reason| SetupError::unclear(&change.path, reason))?;
        let token = self.token.as_ref().map(Secret::expose);
        change.holds_secret = token.is_some_and(|token| change.after.contains(token));
        Ok(())
    }

    /// Adds a sentence for the person, once.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.next_steps.contains(&sentence) {
            self.next_steps.push(sentence);
        }
    }

    pub(crate) fn finish(mut self) -> Result<Plan, SetupError> {
        if let Some(project) = self.project.clone() {
            self.ignore_secrets(&project)?;
        }
        self.changes.retain(|change| change.before.as_deref() != Some(change.after.as_str()));
        Ok(Plan { changes: self.changes, next_steps: self.next_steps })
    }

    /// Keeps the files of a project that hold a token out of version control, and out of the
    /// packages that are made of it: npm and Python's build tools read the same list.
    fn ignore_secrets(&mut self, project: &Path) -> Result<(), SetupError> {
        let secrets = self.changes.iter().filter(|change| change.holds_secret);
        let below = secrets.filter_map(|change| change.path.strip_prefix(project).ok());
        let mut lines: Vec<String> = below.map(|path| format!("/{}", path.display())).collect();
        if lines.is_empty() {
            return Ok(());
        }
        lines.push(format!("*{BACKUP_SUFFIX}"));
        self.edit(&project.join(".gitignore"), |text| {
            let mut text = text.to_owned();
            for line in &lines {
                if text.lines().any(|known| known == line) {
                    continue;
                }
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(line);
                text.push('\n');
            }
            Ok(text)
        })?;
        self.say(
            "Files in the project now hold a token; .gitignore keeps them out of version control \
             and of packages.",
        );
        Ok(())
    }

    /// The real file behind a path, which need not exist. People keep their settings elsewhere
    /// and link to them, so links are followed; out of a project they are not.
    fn resolve(&self, path: &Path) -> Result<PathBuf, SetupError> {
        let fail = |source| SetupError::Read { path: path.to_owned(), source };
        let mut missing = Vec::new();
        let mut existing = path;
        let real = loop {
            if existing.symlink_metadata().is_ok() {
                break existing.canonicalize().map_err(fail)?;
            }
            match (existing.parent(), existing.file_name()) {
                (Some(parent), Some(name)) => {
                    missing.push(name);
                    existing = parent;
                }
                _ => return Err(SetupError::unclear(path, "no part of its path exists")),
            }
        };
        let real = missing.iter().rev().fold(real, |real, name| real.join(name));
        match &self.project {
            Some(project) if !real.starts_with(project) => {
                Err(SetupError::OutsideProject { path: real })
            }
            _ => Ok(real),
        }
    }
}
