//! Changes of files: shown before they are made, made atomically, with the original kept.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use vouchsafe_domain::Secret;

use crate::draft::SetupError;

/// Added to the name of a file to make the name of its first version.
pub const BACKUP_SUFFIX: &str = ".vouchsafe-backup";

/// What is shown in place of a secret.
const STARS: &str = "****";
/// A line with one of these words before a separator holds a secret behind it.
const SECRET_WORDS: [&str; 5] = ["token", "password", "_auth", "secret", "passwd"];

/// One file before and after.
pub struct Change {
    /// The file itself, after symbolic links were followed.
    pub path: PathBuf,
    /// What it holds; `None` when it does not exist.
    pub before: Option<String>,
    /// What it shall hold.
    pub after: String,
    /// Whether a credential is in it: then only the owner may read it.
    pub holds_secret: bool,
    pub(crate) token: Option<Secret>,
}

impl Change {
    /// Where the first version is kept. A file that did not exist has none: remove it to undo.
    pub fn backup_path(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(BACKUP_SUFFIX);
        name.into()
    }

    /// Lines that go (`- `) and come (`+ `), with `****` for every secret.
    pub fn preview(&self) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        let gone = surplus_lines(before, &self.after).into_iter().map(|line| ("- ", line));
        let new = surplus_lines(&self.after, before).into_iter().map(|line| ("+ ", line));
        gone.chain(new).map(|(sign, line)| format!("{sign}{}\n", self.mask(line))).collect()
    }

    fn mask(&self, line: &str) -> String {
        let mut masked = mask_urls(line);
        if let Some(token) = &self.token {
            masked = masked.replace(token.expose(), STARS);
        }
        let lower = masked.to_ascii_lowercase();
        let value_at = SECRET_WORDS
            .iter()
            .filter_map(|word| {
                let after_word = lower.find(word)? + word.len();
                let rest = lower.get(after_word..)?;
                // `.netrc` has nothing but a space.
                let separator = rest.find(['=', ':', '>']).or_else(|| rest.find(' '))?;
                Some(after_word + separator + 1)
            })
            .min();
        match value_at.and_then(|at| masked.get(..at)) {
            Some(key) => format!("{key} {STARS}"),
            None => masked,
        }
    }
}

impl fmt::Debug for Change {
    /// Without the contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Lines of `text` that are not in `other`, each as often as it is missing there.
fn surplus_lines<'a>(text: &'a str, other: &str) -> Vec<&'a str> {
    let mut others: Vec<&str> = other.lines().collect();
    text.lines()
        .filter(|line| match others.iter().position(|candidate| candidate == line) {
            Some(place) => {
                others.swap_remove(place);
                false
            }
            None => true,
        })
        .collect()
}

/// Replaces names and passwords in URLs: `https://****@host/`.
pub(crate) fn mask_urls(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once("://") {
        masked.push_str(head);
        masked.push_str("://");
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'');
        let authority = tail.split(is_end).next().unwrap_or_default();
        rest = match authority.rfind('@') {
            Some(at) => {
                masked.push_str(STARS);
                tail.get(at..).unwrap_or_default()
            }
            None => tail,
        };
    }
    masked.push_str(rest);
    masked
}

/// Makes changes, one file after the other. Each file is replaced as a whole or not at all.
///
/// # Errors
///
/// [`SetupError`] at the first file that cannot be written, or that is no longer what it was when
/// the change was worked out. Files before it are changed already; running the setup again goes
/// on where this stopped.
pub fn apply(changes: &[Change]) -> Result<(), SetupError> {
    changes.iter().try_for_each(|change| {
        if read_file(&change.path)? != change.before {
            return Err(SetupError::ChangedMeanwhile { path: change.path.clone() });
        }
        write(change).map_err(|source| SetupError::Write { path: change.path.clone(), source })
    })
}

/// Configuration files are small; a larger one is not what we think it is.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a configuration file; `None` when there is none.
pub(crate) fn read_file(path: &Path) -> Result<Option<String>, SetupError> {
    let fail = |source| SetupError::Read { path: path.to_owned(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
        Ok(data) if !data.is_file() => {
            return Err(SetupError::unclear(path, "it is not a regular file"));
        }
        Ok(data) if data.len() > MAX_FILE_BYTES => {
            return Err(SetupError::unclear(path, "it is larger than 4 MiB"));
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(fail)
}

fn write(change: &Change) -> std::io::Result<()> {
    let folder = change.path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    if let Some(before) = &change.before {
        keep_first_version(&change.backup_path(), before)?;
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vouchsafe-");
    let final_permissions = permissions(change)?;
    if let Some(permissions) = &final_permissions {
        builder.permissions(permissions.clone());
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(change.after.as_bytes())?;
    if let Some(permissions) = final_permissions.filter(|_| change.before.is_some()) {
        // The creation mask may have taken bits away that the file had.
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(&change.path)?;
    Ok(())
}

/// Who may read the file: its owner when it holds a secret, else as before, else as is usual.
#[cfg(unix)]
fn permissions(change: &Change) -> std::io::Result<Option<Permissions>> {
    use std::os::unix::fs::PermissionsExt as _;
    if change.holds_secret {
        return Ok(Some(Permissions::from_mode(0o600)));
    }
    match change.before {
        Some(_) => fs::metadata(&change.path).map(|data| Some(data.permissions())),
        None => Ok(Some(Permissions::from_mode(0o666))),
    }
}

/// Windows: a file inherits from its folder, and home folders are private there.
#[cfg(not(unix))]
fn permissions(_change: &Change) -> std::io::Result<Option<Permissions>> {
    Ok(None)
}

/// Keeps what a file held before we ever changed it. An existing copy is older and stays.
fn keep_first_version(path: &Path, content: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(content.as_bytes())?;
            file.sync_all()
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &str) {
        let change = Change {
            path: "x".into(),
            before: Some(before.to_owned()),
            after: after.to_owned(),
            holds_secret: true,
            token: Some(Secret::new("vsf_new")),
        };
        assert_eq!(change.preview(), expected);
        assert!(!format!("{change:?}").contains("vsf_new"));
    }

    #[test]
    fn a_preview_shows_changed_lines_and_no_secret() {
        check("a=1\nb=2\n", "a=1\nb=3\n", "- b=2\n+ b=3\n");
        check(
            "//h/:_authToken=old\n",
            "//h/:_authToken=vsf_new\n",
            "- //h/:_authToken= ****\n+ //h/:_authToken= ****\n",
        );
        check(
            "index-url = https://me:pw@h/simple\n",
            "index-url = https://__token__:vsf_new@h/pypi/simple/\n",
            "- index-url = https://****@h/simple\n+ index-url = https://****@h/pypi/simple/\n",
        );
        check("", "x = { index = \"i\", token = \"o\" }", "+ x = { index = \"i\", token = ****\n");
        check("", "npmAuthToken: \"old\"\n", "+ npmAuthToken: ****\n");
        check("", "odd vsf_new\n", "+ odd ****\n");
        check("      <password>old</password>\n", "", "-       <password> ****\n");
        check("  password old\n", "", "-   password  ****\n");
        check(
            "",
            "credential-provider = \"cargo:token\"\n",
            "+ credential-provider = \"cargo:token\"\n",
        );
    }
}
