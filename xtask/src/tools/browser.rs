//! Chromium and its driver, from the packages of the system.

use super::State;
use crate::apt;
use crate::process::Shell;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// A browser that tests can drive.
pub(crate) struct Browser {
    /// The browser itself.
    pub(crate) chromium: PathBuf,
    /// Its WebDriver server.
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// What `METERED_CHROMIUM` and `CHROMEDRIVER` name, else what is on the search path.
    pub(crate) fn find(shell: &Shell) -> Option<Self> {
        let named = |key: &str| std::env::var_os(key).map(PathBuf::from).filter(|p| p.is_file());
        let on_path = |names: &[&str]| names.iter().find_map(|name| shell.find(name));
        Some(Self {
            chromium: named("METERED_CHROMIUM").or_else(|| on_path(&CHROMIUM_NAMES))?,
            driver: named("CHROMEDRIVER").or_else(|| on_path(&["chromedriver"]))?,
        })
    }
}

pub(super) fn ensure(shell: &Shell) -> Result<State> {
    let what = "Chromium and chromedriver";
    if Browser::find(shell).is_some() {
        return Ok(State::AlreadyThere(what.into()));
    }
    apt::install(shell, what, &["chromium", "chromium-driver"])?;
    if Browser::find(shell).is_none() {
        bail!(
            "{what} were installed but are not on PATH: set METERED_CHROMIUM and CHROMEDRIVER to \
             their paths and try again"
        );
    }
    Ok(State::Installed(what.into()))
}

const CHROMIUM_NAMES: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
