//! `cargo xtask browsers`: the tests of the browser side in Firefox and WebKitGTK.

use super::{consumers, setup};
use crate::dev_server::DevServer;
use crate::process::{Background, Shell};
use crate::progress::{note, step};
use crate::tally::{self, Tally};
use crate::tools::{Firefox, Need, WebKit};
use crate::wasm_tests;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;

/// In each engine: the wasm-bindgen tests, the package in plain pages and workers, and a visit to
/// the example page. Where an engine cannot be installed, the table says so. Chromium is part of
/// `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this engine.
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

/// One line of the closing table.
struct Row {
    engine: Engine,
    what: &'static str,
    result: Result<Tally>,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let mut rows = Vec::new();
    let mut absent = Vec::new();
    for engine in [Engine::Firefox, Engine::Webkit] {
        if args.only.is_some_and(|only| only != engine) {
            continue;
        }
        // An engine that cannot be had here is reported, and the other one still runs.
        match setup::ensure(workspace, &engine.needs()) {
            Ok(shell) => rows.extend(engine.test(workspace, &shell, args.write)?),
            Err(error) => absent.push((engine, error)),
        }
    }
    close(&rows, &absent)
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Engine::Firefox => "firefox",
            Engine::Webkit => "webkit",
        }
    }

    fn needs(self) -> Vec<Need> {
        let engine = match self {
            Engine::Firefox => Need::Firefox,
            Engine::Webkit => Need::WebKit,
        };
        [&consumers::needs()[..], &[engine]].concat()
    }

    fn test(self, workspace: &Workspace, shell: &Shell, write: bool) -> Result<Vec<Row>> {
        let display = match self {
            Engine::Firefox => None,
            Engine::Webkit => Some(Display::start(shell)?),
        };
        let row = |what, result| Row { engine: self, what, result };
        let suite = |name: &str, work: &dyn Fn() -> Result<Tally>| {
            let result = step(&format!("{}: {name}", self.name()), work);
            result.inspect_err(|error| note(&format!("    {error:#}")))
        };
        Ok(vec![
            row(WASM, suite(WASM, &|| self.wasm_tests(workspace, shell, display.as_ref()))),
            row(PAGES, suite(PAGES, &|| self.pages(workspace, shell, display.as_ref(), write))),
        ])
    }

    fn wasm_tests(
        self,
        workspace: &Workspace,
        shell: &Shell,
        display: Option<&Display>,
    ) -> Result<Tally> {
        let server = DevServer::start(workspace, shell)?;
        let driver = self.driver(shell)?;
        let platform = match self {
            Engine::Firefox => ["--headless", "--firefox", "--geckodriver", &driver],
            // Safari's driver and this one are the same to the runner.
            Engine::Webkit => ["--headless", "--safari", "--safaridriver", &driver],
        };
        let mut runner = wasm_tests::runner(shell, &server, "web", &platform);
        if let Some(display) = display {
            runner = runner.env("DISPLAY", &display.name);
        }
        tally::counted(runner)
    }

    fn pages(
        self,
        workspace: &Workspace,
        shell: &Shell,
        display: Option<&Display>,
        write: bool,
    ) -> Result<Tally> {
        let mut harness = consumers::harness(workspace, shell)?;
        match self {
            Engine::Firefox => {
                let firefox = Firefox::find(shell).context("set-up found Firefox before")?;
                harness = harness
                    .env("METERED_FIREFOX", firefox.browser)
                    .env("METERED_GECKODRIVER", firefox.driver);
            }
            Engine::Webkit => {
                harness = harness.env("METERED_WEBKIT_DRIVER", self.driver(shell)?);
            }
        }
        if let Some(display) = display {
            harness = harness.env("DISPLAY", &display.name);
        }
        if write {
            harness = harness.arg("--write");
        }
        tally::counted(harness.args(["--force", "--engine", self.name()]))
    }

    fn driver(self, shell: &Shell) -> Result<String> {
        let driver = match self {
            Engine::Firefox => Firefox::find(shell).map(|firefox| firefox.driver),
            Engine::Webkit => WebKit::find(shell).map(|webkit| webkit.driver),
        };
        Ok(driver.context("set-up found a driver before")?.to_string_lossy().into_owned())
    }
}

/// A display without a screen.
struct Display {
    name: String,
    _process: Background,
}

impl Display {
    fn start(shell: &Shell) -> Result<Self> {
        let (process, number) = shell
            .cmd("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"])
            .start()
            .context("the virtual display did not start")?;
        Ok(Self { name: format!(":{number}"), _process: process })
    }
}

fn close(rows: &[Row], absent: &[(Engine, anyhow::Error)]) -> Result<()> {
    println!("\n{:<8} {:<20} {:<7} {:>6}", "engine", "what", "result", "tests");
    for Row { engine, what, result } in rows {
        let (word, tests) = match result {
            Ok(tally) => ("ok", tally.passed.to_string()),
            Err(_) => ("FAILED", "-".into()),
        };
        println!("{:<8} {what:<20} {word:<7} {tests:>6}", engine.name());
    }
    for (engine, error) in absent {
        println!("{:<8} NOT RUN: {error:#}", engine.name());
    }
    let failed = rows.iter().filter(|row| row.result.is_err()).count();
    if failed > 0 {
        bail!("{failed} of {} suites failed; their output is above", rows.len());
    }
    if rows.is_empty() {
        bail!("no engine could be run");
    }
    Ok(())
}

const WASM: &str = "wasm-bindgen tests";
const PAGES: &str = "pages and workers";
