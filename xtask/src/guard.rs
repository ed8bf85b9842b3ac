//! A lock file, so that concurrent runs share work instead of doing it twice at once.

use crate::progress;
use anyhow::{Context, Result};
use fs4::{FileExt, TryLockError};
use std::fs::File;
use std::path::Path;

/// Holds the lock until it is dropped; the system lets go of it when a run dies.
pub(crate) struct Guard {
    file: File,
}

impl Guard {
    /// Waits for the lock at `path`; says so when another run has it.
    pub(crate) fn wait(path: &Path, what: &str) -> Result<Self> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
        }
        let file = File::create(path).with_context(|| format!("cannot open {}", path.display()))?;
        if let Err(TryLockError::WouldBlock) = FileExt::try_lock(&file) {
            progress::note(&format!("    another run is busy with {what}; waiting for it"));
            FileExt::lock(&file).with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Ok(Self { file })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Closing the file lets go of the lock in any case.
        FileExt::unlock(&self.file).ok();
    }
}
