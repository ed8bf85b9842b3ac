//! Browsers with what drives them, from the packages of the system.

use super::{CargoTool, apt};
use crate::process::Shell;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// A browser that tests can drive.
pub(crate) struct Browser {
    /// The browser itself.
    pub(crate) program: PathBuf,
    /// Its WebDriver server.
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// What `METERED_CHROMIUM` and `CHROMEDRIVER` name, else what is on the search path.
    pub(crate) fn chromium(shell: &Shell) -> Result<Self> {
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        Ok(Self {
            program: find(shell, "METERED_CHROMIUM", &names)?,
            driver: find(shell, "CHROMEDRIVER", &["chromedriver"])?,
        })
    }

    /// What `METERED_FIREFOX` and `GECKODRIVER` name, else what is on the search path.
    pub(crate) fn firefox(shell: &Shell) -> Result<Self> {
        Ok(Self {
            program: firefox_program(shell)?,
            driver: find(shell, "GECKODRIVER", &["geckodriver"])?,
        })
    }

    /// WebKitGTK's WebDriver server, which brings its browser along.
    pub(crate) fn webkit(shell: &Shell) -> Result<Self> {
        let driver = find(shell, "WEBKIT_DRIVER", &["WebKitWebDriver"])?;
        Ok(Self { program: driver.clone(), driver })
    }
}

fn find(shell: &Shell, variable: &str, names: &[&str]) -> Result<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    let found = named.or_else(|| names.iter().find_map(|name| shell.find(name)));
    found.with_context(|| format!("{} is not on PATH, and {variable} does not name it", names[0]))
}

pub(super) fn chromium(shell: &Shell) -> Result<()> {
    if Browser::chromium(shell).is_err() {
        apt::install(shell, "Chromium with its driver", &["chromium", "chromium-driver"])?;
    }
    Browser::chromium(shell).map(drop)
}

/// The browser alone, for tests that drive it without WebDriver.
pub(crate) fn firefox_program(shell: &Shell) -> Result<PathBuf> {
    find(shell, "METERED_FIREFOX", &["firefox-esr", "firefox"])
}

pub(super) fn firefox_alone(shell: &Shell) -> Result<()> {
    if firefox_program(shell).is_err() {
        apt::install(shell, "Firefox", &["firefox-esr"])?;
    }
    firefox_program(shell).map(drop)
}

/// Debian has no geckodriver.
pub(super) fn firefox(workspace: &Workspace, shell: &mut Shell) -> Result<()> {
    firefox_alone(shell)?;
    CargoTool::geckodriver().ensure(workspace, shell)?;
    Browser::firefox(shell).map(drop)
}

/// Its browser has no headless mode, so it needs a display of its own.
pub(super) fn webkit(shell: &Shell) -> Result<()> {
    if Browser::webkit(shell).is_err() || shell.find("Xvfb").is_none() {
        let packages = ["webkit2gtk-driver", "xvfb"];
        apt::install(shell, "WebKitGTK's driver and a virtual display", &packages)?;
    }
    Browser::webkit(shell).map(drop)
}
