//! Where things are: the checkout and its files, cargo's target directory, the per-user cache.

use crate::progress::note;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directories that commands work in.
pub(crate) struct Workspace {
    /// The top of the checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, which may be shared between checkouts.
    pub(crate) target_dir: PathBuf,
    /// What all checkouts of one user share: the tools that set-up builds.
    pub(crate) cache: PathBuf,
}

/// A text file of the repository.
pub(crate) struct File {
    /// From the top of the repository.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Workspace {
    /// `cargo run` names our manifest at run time. A path that was baked in at compile time would name another checkout
    /// when the target directory is shared.
    pub(crate) fn locate() -> Result<Self> {
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
        let program = std::env::current_exe().context("where is this program?")?;
        let parent = |path: &Path, levels| path.ancestors().nth(levels).map(PathBuf::from);
        Ok(Self {
            root: parent(Path::new(&manifest), 1).context("xtask has a directory around it")?,
            target_dir: parent(&program, 2).context("this program is not in a target directory")?,
            cache: user_cache()?.join("metered-realtime"),
        })
    }

    /// A path inside the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The package that is published: the output of `build`.
    pub(crate) fn pkg(&self) -> PathBuf {
        self.path("pkg")
    }

    /// Intermediate files of `build`, `pack` and `demo`. They belong to this checkout, so they
    /// never go to a shared target directory.
    pub(crate) fn npm_work(&self) -> PathBuf {
        self.path("target/npm")
    }

    /// Locks a directory that another run may work in, too. The system lets go of the lock when a run dies.
    pub(crate) fn lock(&self, directory: &Path) -> Result<std::fs::File> {
        std::fs::create_dir_all(directory)?;
        let file = std::fs::File::create(directory.join("lock"))?;
        if file.try_lock().is_err() {
            note(&format!("    another run is busy in {}; waiting for it", directory.display()));
            file.lock().with_context(|| format!("cannot lock {}", directory.display()))?;
        }
        Ok(file)
    }

    /// All text files that git knows, or would know after `git add`.
    pub(crate) fn text_files(&self) -> Result<Vec<File>> {
        let output = Command::new("git")
            .current_dir(&self.root)
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .output()
            .context("cannot start git")?;
        if !output.status.success() {
            bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let paths = String::from_utf8(output.stdout).context("a path is not UTF-8")?;
        let file = |path: &str| {
            // Files that were deleted and not committed yet, and those that are no text, are left out.
            let text = std::fs::read_to_string(self.path(path)).ok()?;
            Some(File { path: path.to_owned(), text })
        };
        Ok(paths.lines().filter_map(file).collect())
    }
}

fn user_cache() -> Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    from("XDG_CACHE_HOME")
        .or_else(|| from("LOCALAPPDATA"))
        .or_else(|| from("HOME").map(|home| home.join(".cache")))
        .context("no home directory: set HOME (or XDG_CACHE_HOME) and try again")
}
