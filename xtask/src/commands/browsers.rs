//! `cargo xtask browsers`: the tests of the browser side in Firefox and WebKitGTK.

use super::{consumers, setup};
use crate::dev_server::DevServer;
use crate::process::{Cmd, Shell};
use crate::progress::step;
use crate::tally;
use crate::tools::{Browser, Need};
use crate::wasm_tests::{self, ALL_FEATURES};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::path::Path;

/// In each engine: the wasm-bindgen tests, the package in plain pages and workers, and a visit to
/// the example page. Chromium is part of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this engine, for example where the other one cannot be installed.
    #[arg(long, value_name = "ENGINE")]
    only: Option<Engine>,
    /// Write the tables into docs/PLATFORMS.md.
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Firefox,
    Webkit,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let engines = args.only.map_or(vec![Engine::Firefox, Engine::Webkit], |only| vec![only]);
    for engine in &engines {
        engine.test(workspace, args.write)?;
    }
    println!("passed in {engines:?}");
    Ok(())
}

impl Engine {
    fn test(self, workspace: &Workspace, write: bool) -> Result<()> {
        let (name, need) = match self {
            Engine::Firefox => ("firefox", Need::Firefox),
            Engine::Webkit => ("webkit", Need::WebKit),
        };
        let shell = setup::ensure(workspace, &[&consumers::needs()[..], &[need]].concat())?;
        let browser = match self {
            Engine::Firefox => Browser::firefox(&shell)?,
            Engine::Webkit => Browser::webkit(&shell)?,
        };
        // WebKitGTK's browser has no headless mode.
        let screen = match self {
            Engine::Firefox => None,
            Engine::Webkit => {
                Some(shell.cmd("Xvfb").args(["-displayfd", "1", "-nolisten", "tcp"]).start()?)
            }
        };
        let on_screen = |cmd: Cmd| match &screen {
            Some((_, number)) => cmd.env("DISPLAY", format!(":{number}")),
            None => cmd,
        };
        step(&format!("{name}: wasm-bindgen tests"), || {
            let server = DevServer::start(workspace, &shell)?;
            tally::counted(on_screen(self.wasm_tests(&shell, &server, &browser.driver)?))
        })?;
        let mut pages = on_screen(consumers::harness(workspace, &shell)?);
        pages = match self {
            Engine::Firefox => pages
                .env("METERED_FIREFOX", &browser.program)
                .env("METERED_GECKODRIVER", &browser.driver),
            Engine::Webkit => pages.env("METERED_WEBKIT_DRIVER", &browser.driver),
        };
        pages = pages.args(["--force", "--engine", name]).args(write.then_some("--write"));
        step(&format!("{name}: pages and workers"), || tally::counted(pages)).map(drop)
    }

    fn wasm_tests(self, shell: &Shell, server: &DevServer, driver: &Path) -> Result<Cmd> {
        let driver = driver.to_str().context("the driver's path is not UTF-8")?;
        let (features, platform) = match self {
            Engine::Firefox => (ALL_FEATURES, ["--headless", "--firefox", "--geckodriver", driver]),
            // Safari's driver and this one are the same to the runner. Debian's WebKitGTK has no WebRTC.
            Engine::Webkit => ("web", ["--headless", "--safari", "--safaridriver", driver]),
        };
        Ok(wasm_tests::runner(shell, server, "web", features, &platform))
    }
}
