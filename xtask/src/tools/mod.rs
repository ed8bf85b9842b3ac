//! What the commands need from the machine, and how each of it gets there.
//!
//! A new need is one variant of [`Need`], its line in [`Need::meet`] and a function that looks first and installs only what
//! is missing.

mod apt;
mod browsers;
mod cargo_tool;
mod nats;
mod node;
mod python;
mod rust;

pub(crate) use browsers::{Browser, firefox_program};
pub(crate) use python::{CALLS, CLIENTS, program as python_program};
pub(crate) use rust::WASM_TARGET;

use crate::process::Shell;
use crate::progress::{note, seconds};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
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
    /// `nats-server`, the bus between nodes of the server.
    NatsServer,
    /// Chromium and its driver.
    Browser,
    /// What tests calls: engines for Node, a browser library.
    CallTestDependencies,
    /// Firefox without its driver.
    FirefoxAlone,
    /// A relay for calls: coturn.
    Relay,
    /// The official Python client with its engine for calls.
    PythonCalls,
    /// The official Python client, in a virtual environment.
    PythonClients,
    /// Firefox and its driver.
    Firefox,
    /// WebKitGTK, its driver and a display for it.
    WebKit,
}

impl Need {
    /// Everything but the other browsers and Python, cheap checks first: what we cannot install ourselves is reported before
    /// the long builds start.
    pub(crate) const ALL: [Need; 11] = [
        Need::Node,
        Need::CompilerForC,
        Need::RustComponents,
        Need::WasmTarget,
        Need::NatsServer,
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

    fn meet(self, workspace: &Workspace, shell: &mut Shell) -> Result<()> {
        match self {
            Need::CompilerForC => rust::compiler_for_c(shell),
            Need::RustComponents => rust::components(shell),
            Need::WasmTarget => rust::wasm_target(shell),
            Need::WasmBindgen => CargoTool::wasm_bindgen(shell)?.ensure(workspace, shell),
            Need::WasmPack => CargoTool::wasm_pack().ensure(workspace, shell),
            Need::CargoDeny => CargoTool::cargo_deny().ensure(workspace, shell),
            Need::Node => node::runtime(shell),
            Need::PackageBuildDependencies => node::packages(workspace, shell, "pkg-template"),
            Need::PackageTestDependencies => node::packages(workspace, shell, "tests/package"),
            Need::NatsServer => nats::server(shell),
            Need::Browser => browsers::chromium(shell),
            Need::CallTestDependencies => node::packages(workspace, shell, "tests/calls"),
            Need::FirefoxAlone => browsers::firefox_alone(shell),
            Need::Relay => apt::provide(shell, "turnserver", "a relay for calls", &["coturn"]),
            Need::PythonCalls => python::environment(workspace, shell, python::CALLS),
            Need::PythonClients => python::environment(workspace, shell, python::CLIENTS),
            Need::Firefox => browsers::firefox(workspace, shell),
            Need::WebKit => browsers::webkit(shell),
        }
    }
}

/// Meets the needs and returns the shell in which their tools are found.
pub(crate) fn ensure(workspace: &Workspace, needs: &[Need]) -> Result<Shell> {
    let mut shell = Shell::new(&workspace.root);
    for need in needs {
        let began = Instant::now();
        need.meet(workspace, &mut shell).with_context(|| format!("set-up of {need:?}"))?;
        note(&format!("    {need:?}: ok ({})", seconds(began.elapsed())));
    }
    Ok(shell)
}
