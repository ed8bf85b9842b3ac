//! Running other programs: their output is seen, their failure is an error with a remedy, and
//! none outlives us.

use crate::progress;
use anyhow::{Context, Result, anyhow, bail};
use shared_child::SharedChild;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The environment in which programs run: the checkout and the search path with our own tools.
#[derive(Clone)]
pub(crate) struct Shell {
    root: PathBuf,
    search: Vec<PathBuf>,
}

impl Shell {
    /// The user's search path, before any tool of ours is added.
    pub(crate) fn new(root: &Path) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self { root: root.to_owned(), search: std::env::split_paths(&path).collect() }
    }

    /// Puts a directory in front of the search path.
    pub(crate) fn prefer(&mut self, directory: &Path) {
        self.search.insert(0, directory.to_owned());
    }

    /// Where a program is, if it is there.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        which::which_in(program, Some(self.path()), &self.root).ok()
    }

    /// A program to run from the top of the checkout.
    pub(crate) fn cmd(&self, program: impl AsRef<OsStr>) -> Cmd {
        let name = program.as_ref().to_string_lossy().into_owned();
        let mut command = Command::new(self.find(&name).unwrap_or_else(|| PathBuf::from(&name)));
        command.current_dir(&self.root).env("PATH", self.path());
        for (key, _) in std::env::vars_os() {
            if is_about_ourselves(&key) {
                command.env_remove(key);
            }
        }
        Cmd { command, shown: name, remedy: None }
    }

    fn path(&self) -> OsString {
        std::env::join_paths(&self.search).expect("split from a search path, so it joins again")
    }
}

/// `cargo run` describes the running package in these; a cargo that we start must not see them, or
/// build scripts that watch them run again for nothing.
fn is_about_ourselves(key: &OsStr) -> bool {
    let key = key.to_string_lossy();
    key.starts_with("CARGO_PKG_")
        || matches!(
            &*key,
            "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "CARGO_PRIMARY_PACKAGE"
                | "OUT_DIR"
        )
}

/// A program about to run.
pub(crate) struct Cmd {
    command: Command,
    shown: String,
    remedy: Option<String>,
}

impl Cmd {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Self {
        args.into_iter().fold(self, Cmd::arg)
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn env_remove(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    pub(crate) fn dir(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// What the reader should do when this program fails.
    pub(crate) fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }

    /// Runs it with its output shown.
    pub(crate) fn run(mut self) -> Result<()> {
        progress::note(&format!("    $ {}", self.shown));
        self.command.stdin(Stdio::null());
        let child = self.spawn()?;
        let status = child.wait()?;
        self.judge(status)
    }

    /// Runs it with its output shown, and returns what it wrote to stdout, also when it failed.
    pub(crate) fn run_and_keep(mut self) -> (String, Result<()>) {
        progress::note(&format!("    $ {}", self.shown));
        self.command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = match self.spawn() {
            Ok(child) => child,
            Err(error) => return (String::new(), Err(error)),
        };
        let kept = child.take_stdout().map(show_and_keep).unwrap_or_default();
        let status = child.wait().context("waiting for a child process");
        (kept, status.and_then(|status| self.judge(status)))
    }

    /// Runs it in silence and returns what it wrote to stdout.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self.command.stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot start `{}`", self.shown))?;
        if !output.status.success() {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
        }
        self.judge(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it in silence: whether it succeeded, and all that it wrote.
    pub(crate) fn probe(mut self) -> Option<(bool, String)> {
        let output = self.command.stdin(Stdio::null()).output().ok()?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Some((output.status.success(), text))
    }

    /// Starts it in the background and returns it with the first line that it writes to stdout.
    pub(crate) fn start(mut self) -> Result<(Background, String)> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = Background { child: self.spawn()? };
        let stdout = child.child.take_stdout().context("a piped stdout is there once")?;
        let first = first_line(stdout);
        match first {
            Some(line) => Ok((child, line)),
            None => {
                let status = child.child.wait()?;
                self.judge(status)?;
                bail!("`{}` ended without a word", self.shown)
            }
        }
    }

    fn spawn(&mut self) -> Result<Tracked> {
        stand_still_when_interrupted();
        let child = self.command.spawn().map_err(|error| match &self.remedy {
            Some(remedy) => anyhow!("cannot start `{}`: {error}. {remedy}", self.shown),
            None => anyhow!("cannot start `{}`: {error}", self.shown),
        })?;
        Tracked::new(child)
    }

    fn judge(&self, status: ExitStatus) -> Result<()> {
        stand_still_when_interrupted();
        if status.success() {
            return Ok(());
        }
        let remedy = self.remedy.as_deref().map(|r| format!(". {r}")).unwrap_or_default();
        bail!("`{}` failed ({status}){remedy}", self.shown)
    }
}

/// Copies each line to our stdout as it comes.
fn show_and_keep(stdout: ChildStdout) -> String {
    let mut kept = String::new();
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        kept.push_str(&text);
        line.clear();
    }
    // A reader that went away is no reason to fail.
    std::io::stdout().flush().ok();
    kept
}

/// Reads one line, then keeps draining so that the writer never blocks.
fn first_line(stdout: ChildStdout) -> Option<String> {
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    let read = reader.read_line(&mut line);
    std::thread::spawn(move || {
        let mut rest = [0; 4096];
        while reader.read(&mut rest).is_ok_and(|n| n > 0) {}
    });
    (read.is_ok_and(|n| n > 0)).then(|| line.trim_end().to_owned())
}

/// A program in the background. Dropping it ends it.
pub(crate) struct Background {
    child: Tracked,
}

impl Background {
    /// Blocks until it ends by itself.
    pub(crate) fn wait(&self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        end(&self.child);
    }
}

/// A child that the signal handler knows of for as long as this value lives.
struct Tracked {
    id: u32,
    child: Arc<SharedChild>,
}

impl Tracked {
    fn new(child: Child) -> Result<Self> {
        let id = child.id();
        let child = Arc::new(SharedChild::new(child)?);
        running().insert(id, Arc::clone(&child));
        Ok(Self { id, child })
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        running().remove(&self.id);
    }
}

impl std::ops::Deref for Tracked {
    type Target = SharedChild;

    fn deref(&self) -> &SharedChild {
        &self.child
    }
}

static RUNNING: Mutex<BTreeMap<u32, Arc<SharedChild>>> = Mutex::new(BTreeMap::new());

fn running() -> MutexGuard<'static, BTreeMap<u32, Arc<SharedChild>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ctrl-C and SIGTERM end our children, then us.
pub(crate) fn stop_children_on_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        INTERRUPTED.store(true, Ordering::SeqCst);
        let children: Vec<_> = running().values().cloned().collect();
        for child in children {
            end(&child);
        }
        std::process::exit(EXIT_INTERRUPTED);
    })
    .context("cannot listen for Ctrl-C")
}

/// While the signal handler ends our children, their failures are no news, and nothing is started.
fn stand_still_when_interrupted() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Asks politely, then insists.
fn end(child: &SharedChild) {
    #[cfg(unix)]
    {
        use shared_child::unix::SharedChildExt as _;
        const SIGTERM: i32 = 15;
        // An error means that it has ended already.
        child.send_signal(SIGTERM).ok();
        if child.wait_timeout(GRACE).is_ok_and(|status| status.is_some()) {
            return;
        }
    }
    child.kill().ok();
    child.wait().ok();
}

/// Long enough for the dev-server to say goodbye to its clients.
const GRACE: Duration = Duration::from_secs(3);
/// What shells report for a program that Ctrl-C ended.
const EXIT_INTERRUPTED: i32 = 130;

#[cfg(test)]
mod tests {
    use super::Shell;
    use std::path::Path;
    use std::time::{Duration, Instant};

    fn shell() -> Shell {
        Shell::new(Path::new(env!("CARGO_MANIFEST_DIR")))
    }

    #[test]
    fn a_failure_names_the_command_and_the_remedy() {
        let command = shell().cmd("cargo").arg("--no-such-flag").remedy("Do not do that");
        let error = command.read().unwrap_err().to_string();
        assert!(error.starts_with("`cargo --no-such-flag` failed ("), "{error}");
        assert!(error.ends_with("). Do not do that"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_with_the_remedy() {
        let command = shell().cmd("no-such-program-here").remedy("Install it");
        let error = command.run().unwrap_err().to_string();
        assert!(error.starts_with("cannot start `no-such-program-here`: "), "{error}");
        assert!(error.ends_with(". Install it"), "{error}");
    }

    #[test]
    fn a_preferred_directory_comes_first() {
        let directory = tempfile::tempdir().unwrap();
        let cargo = directory.path().join("cargo").with_extension(std::env::consts::EXE_EXTENSION);
        std::fs::copy(shell().find("cargo").unwrap(), &cargo).unwrap();
        let mut shell = shell();
        shell.prefer(directory.path());
        assert_eq!(shell.find("cargo"), Some(cargo));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_in_the_background_is_known_by_its_first_line_and_ends_when_dropped() {
        let (process, line) =
            shell().cmd("sh").args(["-c", "echo ready; exec sleep 60"]).start().unwrap();
        assert_eq!(line, "ready");
        let began = Instant::now();
        drop(process);
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_ends_without_a_line_is_an_error() {
        let error = shell().cmd("sh").args(["-c", "exit 7"]).start().err().unwrap();
        assert!(error.to_string().contains("failed (exit status: 7)"), "{error}");
    }
}
