//! Where things are: the checkout, cargo's target directory, the per-user cache.

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
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

impl Workspace {
    /// Asks cargo. `cargo run` names our manifest at run time; a path baked in at compile time
    /// would name another checkout when the target directory is shared.
    pub(crate) fn locate() -> Result<Self> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
        if let Some(manifest_dir) = std::env::var_os("CARGO_MANIFEST_DIR") {
            cargo.arg("--manifest-path").arg(Path::new(&manifest_dir).join("Cargo.toml"));
        }
        let output = cargo.output().context("cannot run `cargo`; install Rust with rustup")?;
        if !output.status.success() {
            return Err(anyhow!(
                "`cargo metadata` failed:\n{}",
                String::from_utf8_lossy(&output.stderr).trim()
            ));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let path = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("`cargo metadata` does not name its {key}"))
        };
        Ok(Self {
            root: path("workspace_root")?,
            target_dir: path("target_directory")?,
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
}

fn user_cache() -> Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    from("XDG_CACHE_HOME")
        .or_else(|| from("LOCALAPPDATA"))
        .or_else(|| from("HOME").map(|home| home.join(".cache")))
        .context("no home directory: set HOME (or XDG_CACHE_HOME) and try again")
}
