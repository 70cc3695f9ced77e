//! Folders that go away.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::progress;

/// A folder of gigabytes, which goes whatever happens.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(crate) fn new(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            progress::note(format!("{} is left over: {error}", self.0.display()));
        }
    }
}
