//! Programs that cargo builds: one version each, kept in the per-user cache for all checkouts.

use crate::process::Shell;
use crate::progress::note;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A crate that installs a program of its name, or one that begins so.
pub(super) struct CargoTool {
    package: &'static str,
    program: &'static str,
    version: String,
}

impl CargoTool {
    /// The CLI must have the version of the crate.
    pub(super) fn wasm_bindgen(shell: &Shell) -> Result<Self> {
        let id =
            shell.cmd("cargo").args(["pkgid", "--quiet", "--locked", "wasm-bindgen"]).read()?;
        let version = id.trim().rsplit(['@', '#']).next().context("a package id has a version")?;
        Ok(Self {
            package: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            version: version.to_owned(),
        })
    }

    pub(super) fn wasm_pack() -> Self {
        Self { package: "wasm-pack", program: "wasm-pack", version: "0.15.1".into() }
    }

    pub(super) fn cargo_deny() -> Self {
        Self { package: "cargo-deny", program: "cargo-deny", version: "0.20.2".into() }
    }

    pub(super) fn geckodriver() -> Self {
        Self { package: "geckodriver", program: "geckodriver", version: "0.37.1".into() }
    }

    /// Finds the program on the search path or in the cache, or else builds it into the cache.
    pub(super) fn ensure(&self, workspace: &Workspace, shell: &mut Shell) -> Result<()> {
        if shell.find(self.program).is_some_and(|program| self.is_right(shell, &program)) {
            return Ok(());
        }
        let home = workspace.cache.join("tools").join(format!("{}-{}", self.package, self.version));
        let program = home.join("bin").join(self.program);
        let _lock = workspace.lock(&workspace.cache)?;
        if !self.is_right(shell, &program) {
            self.install(workspace, shell, &home)?;
        }
        if !self.is_right(shell, &program) {
            bail!("{} was installed, but {} does not run", self.package, program.display());
        }
        shell.prefer(&home.join("bin"));
        Ok(())
    }

    /// `--version` says `wasm-pack 0.15.1` and the like.
    fn is_right(&self, shell: &Shell, program: &Path) -> bool {
        let version = shell.cmd(program).arg("--version").probe();
        version.is_some_and(|(works, text)| {
            works && text.split_whitespace().nth(1) == Some(&self.version)
        })
    }

    /// With the crate's own lock file first; where the crate index lags behind it, without.
    fn install(&self, workspace: &Workspace, shell: &Shell, home: &Path) -> Result<()> {
        note(&format!("    building {} {}, once; it takes minutes", self.package, self.version));
        let build = workspace.cache.join("tools/build");
        std::fs::create_dir_all(home)?;
        let install = |locked: Option<&str>| {
            // Away from the checkout: its cargo configuration and toolchain are not the tool's.
            let cargo = shell
                .cmd("cargo")
                .dir(home)
                .env_remove("CARGO_BUILD_TARGET")
                .env_remove("RUSTFLAGS");
            let cargo = QUICK_BUILD.iter().fold(cargo, |cargo, (key, value)| cargo.env(key, value));
            cargo
                .args(["install", self.package, "--version", &self.version])
                .args(locked)
                .arg("--root")
                .arg(home)
                .arg("--target-dir")
                .arg(&build)
                .remedy("Is the network reachable?")
                .run()
        };
        install(Some("--locked")).or_else(|_| install(None))?;
        // Hundreds of megabytes that nothing needs any more; failing to remove them harms nobody.
        std::fs::remove_dir_all(&build).ok();
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
