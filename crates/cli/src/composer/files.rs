//! Which files of a folder make the package, and which are left out, with the reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Serialize;

use super::exclude::Exclude;
use super::secrets::looks_secret;

/// Files of a package at most.
const MAX_FILES: usize = 20_000;
/// Folders at the top that are never part of a package.
const NEVER: [&str; 5] = [".git", ".hg", ".svn", ".jj", "vendor"];

/// The files of a package.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Path in the archive, to the file.
    pub(super) sent: BTreeMap<String, PathBuf>,
    /// What a person may want to know is not sent.
    pub(super) left_out: Vec<LeftOut>,
}

/// A file that is not sent although no rule of the package says so.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LeftOut {
    /// Its path.
    pub(super) path: String,
    /// Why.
    pub(super) reason: &'static str,
}

/// Looks through a folder.
///
/// * `keep`: paths that are sent although they look like secrets.
pub(super) fn find(folder: &Path, exclude: &Exclude, keep: &[String]) -> anyhow::Result<Files> {
    let root = folder.canonicalize().with_context(|| format!("no folder {}", folder.display()))?;
    let mut files = Files::default();
    let mut open = vec![(root.clone(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read the folder {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("in the folder {}", folder.display()))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                bail!("the name of {} is not UTF-8", entry.path().display());
            };
            let path = format!("{prefix}{name}");
            if prefix.is_empty() && NEVER.contains(&name) || name == ".git" {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push((entry.path(), format!("{path}/")));
                continue;
            }
            if exclude.leaves_out(&path) {
                continue;
            }
            if looks_secret(&path) && !keep.contains(&path) {
                let reason = "it looks like a secret (--keep sends it all the same)";
                files.left_out.push(LeftOut { path, reason });
                continue;
            }
            let Some(source) = source_of(&entry.path(), kind.is_symlink(), &root) else {
                let reason = "it is no file, or a link that leads out of the package";
                files.left_out.push(LeftOut { path, reason });
                continue;
            };
            files.sent.insert(path, source);
            if files.sent.len() > MAX_FILES {
                bail!("the package has more than {MAX_FILES} files");
            }
        }
    }
    files.left_out.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

/// The file behind a path. A link is followed within the package, because archives with links are
/// refused everywhere.
fn source_of(path: &Path, is_link: bool, root: &Path) -> Option<PathBuf> {
    let source = if is_link { path.canonicalize().ok()? } else { path.to_owned() };
    let hidden = source.strip_prefix(root).ok()?.to_str().is_none_or(looks_secret);
    (source.is_file() && (!is_link || !hidden)).then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(paths: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in paths {
            let at = folder.path().join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, *path).unwrap();
        }
        folder
    }

    #[track_caller]
    fn check(folder: &tempfile::TempDir, keep: &[&str], sent: &[&str], left_out: &[&str]) {
        let keep: Vec<String> = keep.iter().map(ToString::to_string).collect();
        let files = find(folder.path(), &Exclude::default(), &keep).unwrap();
        assert_eq!(files.sent.keys().collect::<Vec<_>>(), sent);
        let paths: Vec<_> = files.left_out.iter().map(|left| left.path.as_str()).collect();
        assert_eq!(paths, left_out);
    }

    #[test]
    fn repositories_and_dependencies_are_never_sent() {
        let folder = folder(&[
            ".git/config",
            "vendor/a/b.php",
            "src/vendor/kept.php",
            "sub/.git/config",
            "composer.json",
        ]);
        check(&folder, &[], &["composer.json", "src/vendor/kept.php"], &[]);
    }

    #[test]
    fn secrets_are_left_out_unless_somebody_insists() {
        let folder = folder(&["composer.json", "auth.json", "res/ca.pem", ".env"]);
        check(&folder, &[], &["composer.json"], &[".env", "auth.json", "res/ca.pem"]);
        let sent = ["composer.json", "res/ca.pem"];
        check(&folder, &["res/ca.pem"], &sent, &[".env", "auth.json"]);
    }

    #[test]
    #[cfg(unix)]
    fn links_do_not_lead_out_of_the_package() {
        use std::os::unix::fs::symlink;

        let folder = folder(&["composer.json", "auth.json", "src/a.php"]);
        symlink("src/a.php", folder.path().join("link.php")).unwrap();
        symlink("/etc/hostname", folder.path().join("out")).unwrap();
        symlink("auth.json", folder.path().join("harmless.json")).unwrap();
        symlink("..", folder.path().join("src/up")).unwrap();
        let sent = ["composer.json", "link.php", "src/a.php"];
        check(&folder, &[], &sent, &["auth.json", "harmless.json", "out", "src/up"]);
    }
}
