//! The tags of a checkout on this machine, for the command line.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use super::command::GitCommand;
use super::{GitError, is_plain_tag};

/// Longest answer, in bytes.
const MAX_BYTES: u64 = 64 * 1024;
/// Longest wait for it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The plain tags that point at what is checked out in a folder. No settings or hooks of the
/// checkout are acted on.
///
/// * `search_path`: where `git` is looked for, as in `PATH`.
///
/// # Errors
///
/// [`GitError`] when there is no git, or the folder is no checkout.
pub async fn tags_at_head(search_path: &OsStr, folder: &Path) -> Result<Vec<String>, GitError> {
    let command = GitCommand::new(search_path, "read the tags of this folder", "none")?;
    let folder = std::path::absolute(folder)?;
    let command = command.in_checkout(&folder).args(["tag", "--points-at", "HEAD"]);
    let listed = command.output(MAX_BYTES, TIMEOUT).await?;
    let listed = String::from_utf8_lossy(&listed);
    Ok(listed.lines().filter(|tag| is_plain_tag(tag)).map(str::to_owned).collect())
}
