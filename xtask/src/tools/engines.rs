//! Firefox and WebKitGTK with what drives them, for the tests in more engines than Chromium.

use super::{CargoTool, State};
use crate::apt;
use crate::process::Shell;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// Firefox and geckodriver.
pub(crate) struct Firefox {
    /// The browser itself.
    pub(crate) browser: PathBuf,
    /// Its WebDriver server.
    pub(crate) driver: PathBuf,
}

impl Firefox {
    /// What `METERED_FIREFOX` names, else what is on the search path.
    pub(crate) fn find(shell: &Shell) -> Option<Self> {
        let named = std::env::var_os("METERED_FIREFOX").map(PathBuf::from).filter(|p| p.is_file());
        let on_path = || ["firefox-esr", "firefox"].iter().find_map(|name| shell.find(name));
        Some(Self { browser: named.or_else(on_path)?, driver: shell.find("geckodriver")? })
    }
}

/// WebKitGTK's WebDriver server, which brings its browser along.
pub(crate) struct WebKit {
    /// The WebDriver server.
    pub(crate) driver: PathBuf,
}

impl WebKit {
    /// What is on the search path.
    pub(crate) fn find(shell: &Shell) -> Option<Self> {
        Some(Self { driver: shell.find("WebKitWebDriver")? })
    }
}

pub(super) fn firefox(workspace: &Workspace, shell: &mut Shell) -> Result<State> {
    let what = "Firefox and geckodriver";
    let is_there = |shell: &Shell| Firefox::find(shell).is_some();
    if is_there(shell) {
        return Ok(State::AlreadyThere(what.into()));
    }
    if shell.find("firefox-esr").is_none() && shell.find("firefox").is_none() {
        apt::install(shell, "Firefox", &["firefox-esr"])?;
    }
    let state = CargoTool::geckodriver().ensure(workspace, shell)?;
    Firefox::find(shell)
        .context("Firefox was installed but is not on PATH: set METERED_FIREFOX")?;
    Ok(match state {
        State::AlreadyThere(_) => State::AlreadyThere(what.into()),
        State::Installed(_) => State::Installed(what.into()),
    })
}

/// MiniBrowser has no headless mode, so it needs a display of its own.
pub(super) fn webkit(shell: &Shell) -> Result<State> {
    let what = "WebKitGTK's driver and a virtual display";
    if WebKit::find(shell).is_some() && shell.find("Xvfb").is_some() {
        return Ok(State::AlreadyThere(what.into()));
    }
    apt::install(shell, what, &["webkit2gtk-driver", "xvfb"])?;
    WebKit::find(shell).context("WebKitWebDriver was installed but is not on PATH")?;
    Ok(State::Installed(what.into()))
}
