//! What the commands need from the machine, and how each of it gets there.
//!
//! A new need is one variant of [`Need`], its line in [`Need::step`] and a function that looks
//! first and installs only what is missing.

mod browser;
mod cargo_tool;
mod engines;
mod node;
mod python;
mod rust;

pub(crate) use browser::Browser;
pub(crate) use engines::{Firefox, WebKit};
pub(crate) use python::program as python_program;
pub(crate) use rust::WASM_TARGET;

use crate::guard::Guard;
use crate::process::Shell;
use crate::progress::{note, seconds};
use crate::workspace::Workspace;
use anyhow::Result;
use cargo_tool::CargoTool;
use std::time::Instant;

/// One thing that a command cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A linker and a C compiler (ring is partly C).
    CompilerForC,
    /// rustfmt and clippy.
    RustComponents,
    /// The standard library for wasm.
    WasmTarget,
    /// The wasm-bindgen CLI, of the version of the crate.
    WasmBindgen,
    /// wasm-pack.
    WasmPack,
    /// cargo-deny.
    CargoDeny,
    /// Node and npm.
    Node,
    /// What builds the package: esbuild, binaryen, ...
    PackageBuildDependencies,
    /// What tests the package: the official client, a browser library, ...
    PackageTestDependencies,
    /// Chromium and its driver.
    Browser,
    /// The official Python client, in a virtual environment.
    PythonClients,
    /// Firefox and its driver.
    Firefox,
    /// WebKitGTK, its driver and a display for it.
    WebKit,
}

impl Need {
    /// Everything but the other browsers, and Python, cheap checks first: what we cannot install ourselves is
    /// reported before the long builds start.
    pub(crate) const ALL: [Need; 10] = [
        Need::Node,
        Need::CompilerForC,
        Need::RustComponents,
        Need::WasmTarget,
        Need::Browser,
        Need::PackageBuildDependencies,
        Need::PackageTestDependencies,
        Need::WasmBindgen,
        Need::WasmPack,
        Need::CargoDeny,
    ];

    /// What builds the npm package.
    pub(crate) const FOR_BUILD: [Need; 6] = [
        Need::Node,
        Need::CompilerForC,
        Need::WasmTarget,
        Need::PackageBuildDependencies,
        Need::WasmBindgen,
        Need::WasmPack,
    ];

    fn step(self, workspace: &Workspace, shell: &mut Shell) -> Result<State> {
        match self {
            Need::CompilerForC => rust::compiler_for_c(shell),
            Need::RustComponents => rust::components(shell),
            Need::WasmTarget => rust::wasm_target(shell),
            Need::WasmBindgen => CargoTool::wasm_bindgen(workspace)?.ensure(workspace, shell),
            Need::WasmPack => CargoTool::wasm_pack().ensure(workspace, shell),
            Need::CargoDeny => CargoTool::cargo_deny().ensure(workspace, shell),
            Need::Node => node::runtime(shell),
            Need::PackageBuildDependencies => node::packages(workspace, shell, "pkg-template"),
            Need::PackageTestDependencies => node::packages(workspace, shell, "tests/package"),
            Need::Browser => browser::ensure(shell),
            Need::PythonClients => python::clients(workspace, shell),
            Need::Firefox => engines::firefox(workspace, shell),
            Need::WebKit => engines::webkit(shell),
        }
    }
}

/// How a need was met.
pub(crate) enum State {
    /// Nothing to do; what is there.
    AlreadyThere(String),
    /// Installed just now.
    Installed(String),
}

/// Meets the needs and returns the shell in which their tools are found.
pub(crate) fn ensure(workspace: &Workspace, needs: &[Need]) -> Result<Shell> {
    let mut shell = Shell::new(&workspace.root);
    for need in needs {
        let began = Instant::now();
        let line = match need.step(workspace, &mut shell)? {
            State::AlreadyThere(what) => format!("{what}: already there"),
            State::Installed(what) => format!("{what}: installed"),
        };
        note(&format!("    {line} ({})", seconds(began.elapsed())));
    }
    Ok(shell)
}

/// The lock under which anything of the per-user cache is changed.
fn lock_cache(workspace: &Workspace) -> Result<Guard> {
    Guard::wait(&workspace.cache.join("setup.lock"), "set-up")
}
