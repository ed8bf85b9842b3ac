//! `cargo xtask demo`: two Node clients and the browser pages talk through the local server.

use super::{build, pack, setup};
use crate::dev_server::{DevServer, KEY};
use crate::process::{Background, Shell};
use crate::progress::{note, step};
use crate::tools::{Browser, Need};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Sets up and builds first. Then two Node clients, which import the built package, chat through
/// the local server; after that the pages of www-example are served until Ctrl-C: a chat and a call.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Visit the pages once with a headless browser instead of serving it until Ctrl-C.
    #[arg(long)]
    once: bool,
}

/// When the demonstration ends.
pub(crate) enum Until {
    /// At Ctrl-C.
    Interrupted,
    /// After one visit of the pages by a headless browser.
    OneVisit,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let mut needs = Need::FOR_BUILD.to_vec();
    if args.once {
        needs.extend([Need::Browser, Need::PackageTestDependencies]);
    }
    let shell = setup::ensure(workspace, &needs)?;
    show(workspace, &shell, if args.once { Until::OneVisit } else { Until::Interrupted })
}

/// The demonstration, once what it needs is there.
pub(crate) fn show(workspace: &Workspace, shell: &Shell, until: Until) -> Result<()> {
    build::build(workspace, shell, false)?;
    let tarball = pack::pack(workspace, shell)?;
    let home = step("install the package", || install(workspace, shell, &tarball))?;
    let server = step("local server", || DevServer::start(workspace, shell))?;
    step("two Node clients", || chat(workspace, shell, &home, &server))?;
    let (site, address) = step("web pages", || serve(shell))?;
    let page = |file: &str, more: &str| {
        format!("{address}/www-example/{file}?server={}&key={KEY}&{more}", server.url)
    };
    let chat = page("index.html", "channel=lobby&autoconnect=1");
    let call = page("call.html", "room=lobby&autojoin=1&send=drawing");
    match until {
        Until::OneVisit => {
            step("page visit", || visit(workspace, shell, &home, &server, [&chat, &call]))
        }
        Until::Interrupted => {
            println!("\nOpen a page in two windows, to chat with yourself:\n\n  {chat}\n");
            println!("or to call yourself, with a drawn picture or your camera:\n\n  {call}\n");
            println!("The server it talks to: {} (key {KEY}). Ctrl-C ends both.", server.url);
            site.wait();
            bail!("the web server ended by itself")
        }
    }
}

/// A folder with the package and the scripts that use it.
fn install(workspace: &Workspace, shell: &Shell, tarball: &Path) -> Result<PathBuf> {
    let home = pack::install(workspace, shell, tarball, "demo")?;
    for script in SCRIPTS {
        std::fs::copy(workspace.path("xtask/demo").join(script), home.join(script))
            .with_context(|| format!("cannot copy xtask/demo/{script}"))?;
    }
    Ok(home)
}

fn chat(workspace: &Workspace, shell: &Shell, home: &Path, server: &DevServer) -> Result<()> {
    shell
        .cmd("node")
        .dir(&workspace.root)
        .arg(home.join("chat.mjs"))
        .args(["--server", &server.url, "--key", KEY])
        .run()
}

/// Serves the page and the built package on a free port; both end with the returned value.
fn serve(shell: &Shell) -> Result<(Background, String)> {
    let (site, line) = shell.cmd("node").arg("xtask/demo/serve.mjs").start()?;
    let Some(address) = line.strip_prefix("serving ") else {
        bail!("the web server's first line should be `serving http://...`, it was: {line}");
    };
    let address = address.to_owned();
    note(&format!("    {address}"));
    Ok((site, address))
}

fn visit(
    workspace: &Workspace,
    shell: &Shell,
    home: &Path,
    server: &DevServer,
    [chat, call]: [&str; 2],
) -> Result<()> {
    let browser = Browser::chromium(shell)?;
    shell
        .cmd("node")
        .arg(home.join("visit.mjs"))
        .args(["--server", &server.url, "--key", KEY, "--chat", chat, "--call", call])
        .arg("--chromium")
        .arg(browser.program)
        .arg("--playwright")
        .arg(workspace.path("tests/package/node_modules/playwright-core"))
        .args(["--screenshot", "artifacts/demo.png"])
        .run()
}

const SCRIPTS: [&str; 2] = ["chat.mjs", "visit.mjs"];
