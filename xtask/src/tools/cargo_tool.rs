//! Programs that cargo builds: one version each, kept in the per-user cache for all checkouts.

use super::{State, lock_cache};
use crate::lockfile;
use crate::process::Shell;
use crate::progress::note;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// A crate that installs programs.
pub(super) struct CargoTool {
    package: &'static str,
    /// The first one answers `--version`; the others must be in the same directory.
    binaries: &'static [&'static str],
    version: String,
    /// What makes the first one say its version.
    says_version: &'static [&'static str],
    /// How long it takes to build with two cores, for the impatient.
    minutes: u32,
}

impl CargoTool {
    pub(super) fn wasm_bindgen(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            package: "wasm-bindgen-cli",
            binaries: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            version: lockfile::locked_version(&workspace.path("Cargo.lock"), "wasm-bindgen")?,
            says_version: &["--version"],
            minutes: 2,
        })
    }

    pub(super) fn wasm_pack() -> Self {
        Self {
            package: "wasm-pack",
            binaries: &["wasm-pack"],
            version: "0.15.1".into(),
            says_version: &["--version"],
            minutes: 1,
        }
    }

    pub(super) fn cargo_deny() -> Self {
        Self {
            package: "cargo-deny",
            binaries: &["cargo-deny"],
            version: "0.20.2".into(),
            says_version: &["--version"],
            minutes: 2,
        }
    }

    pub(super) fn geckodriver() -> Self {
        Self {
            package: "geckodriver",
            binaries: &["geckodriver"],
            version: "0.37.1".into(),
            says_version: &["--version"],
            minutes: 2,
        }
    }

    /// Finds the program on the search path or in the cache, or else builds it into the cache.
    pub(super) fn ensure(&self, workspace: &Workspace, shell: &mut Shell) -> Result<State> {
        let what = format!("{} {}", self.package, self.version);
        let on_path = shell.find(self.binaries[0]);
        if on_path.is_some_and(|program| self.is_right(shell, &program)) {
            return Ok(State::AlreadyThere(what));
        }
        let home = workspace.cache.join("tools").join(format!("{}-{}", self.package, self.version));
        let bin = home.join("bin");
        let program = bin.join(self.binaries[0]);
        if self.is_right(shell, &program) {
            shell.prefer(&bin);
            return Ok(State::AlreadyThere(what));
        }
        let _guard = lock_cache(workspace)?;
        // Another run may have built it while this one waited.
        if !self.is_right(shell, &program) {
            self.install(workspace, shell, &home)?;
            if !self.is_right(shell, &program) {
                bail!("{what} was installed, but {} does not run", program.display());
            }
        }
        shell.prefer(&bin);
        Ok(State::Installed(what))
    }

    fn is_right(&self, shell: &Shell, program: &Path) -> bool {
        let beside = |name: &&str| program.with_file_name(name).with_extension(EXTENSION).is_file();
        self.binaries.iter().all(beside)
            && shell
                .cmd(program)
                .args(self.says_version)
                .probe()
                .is_some_and(|(works, text)| works && version_word(&text) == Some(&self.version))
    }

    /// With the crate's own lock file first; where the crate index lags behind it, without.
    fn install(&self, workspace: &Workspace, shell: &Shell, home: &Path) -> Result<()> {
        note(&format!(
            "    building {} {} (about {} min with two cores, once)",
            self.package, self.version, self.minutes
        ));
        let target = workspace.cache.join("tools").join("build");
        std::fs::create_dir_all(home)
            .with_context(|| format!("cannot create {}", home.display()))?;
        let install = |extra: &[&str]| {
            // Away from the checkout: its cargo configuration and toolchain are not the tool's.
            let mut command = shell.cmd("cargo").dir(home);
            for (key, value) in QUICK_BUILD {
                command = command.env(key, value);
            }
            command
                .env_remove("CARGO_BUILD_TARGET")
                .env_remove("RUSTFLAGS")
                .args(["install", self.package, "--version", &self.version])
                .args(extra)
                .arg("--root")
                .arg(home)
                .arg("--target-dir")
                .arg(&target)
        };
        if install(&["--locked"]).run().is_err() {
            note("    trying again without the lock file of the crate");
            install(&[])
                .remedy(format!(
                    "Is the network reachable? By hand: `cargo install {} --version {}`",
                    self.package, self.version
                ))
                .run()?;
        }
        remove_build_files(&target);
        Ok(())
    }
}

/// These programs run for a second; an hour of link-time optimisation would never pay.
const QUICK_BUILD: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

const EXTENSION: &str = std::env::consts::EXE_EXTENSION;

/// Hundreds of megabytes that nothing needs any more; failing to remove them harms nobody.
fn remove_build_files(target: &PathBuf) {
    std::fs::remove_dir_all(target).ok();
}

/// The second word of `wasm-pack 0.15.1`.
fn version_word(text: &str) -> Option<&str> {
    text.split_whitespace().nth(1)
}

#[cfg(test)]
mod tests {
    use super::version_word;

    #[test]
    fn the_version_is_the_second_word() {
        assert_eq!(version_word("wasm-pack 0.15.1\n"), Some("0.15.1"));
        assert_eq!(version_word("wasm-bindgen 0.2.130 (abc 2026-01-01)"), Some("0.2.130"));
        assert_eq!(version_word("oops"), None);
    }
}
