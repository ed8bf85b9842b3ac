//! Running other programs: their output is shown, and their failure is an error with a remedy.

use crate::progress;
use anyhow::{Context, Result, bail};
use duct::{Expression, ReaderHandle};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

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
        let program = program.as_ref();
        let found = program.to_str().and_then(|name| self.find(name));
        let names = std::env::vars_os().filter_map(|(key, _)| key.into_string().ok());
        let removed = names.filter(|key| is_about_ourselves(key)).map(|key| (key, None));
        let env = removed.chain([("PATH".to_owned(), Some(self.path()))]).collect();
        Cmd {
            words: vec![program.to_owned()],
            program: found.unwrap_or_else(|| PathBuf::from(program)),
            directory: self.root.clone(),
            env,
            remedy: None,
        }
    }

    fn path(&self) -> OsString {
        std::env::join_paths(&self.search).expect("split from a search path, so it joins again")
    }
}

/// `cargo run` describes the running package in these. A cargo that we start must not see them: build scripts that watch
/// them would run again for nothing.
fn is_about_ourselves(key: &str) -> bool {
    const OTHERS: [&str; 5] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "OUT_DIR",
    ];
    key.starts_with("CARGO_PKG_") || key == "CARGO_PRIMARY_PACKAGE" || OTHERS.contains(&key)
}

/// A program about to run.
#[derive(Clone)]
pub(crate) struct Cmd {
    program: PathBuf,
    /// The command as people would type it.
    words: Vec<OsString>,
    directory: PathBuf,
    /// Variables to set, or to remove.
    env: BTreeMap<String, Option<OsString>>,
    remedy: Option<String>,
}

impl Cmd {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.words.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Self {
        args.into_iter().fold(self, Cmd::arg)
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(key.to_owned(), Some(value.as_ref().to_owned()));
        self
    }

    pub(crate) fn env_remove(mut self, key: &str) -> Self {
        self.env.insert(key.to_owned(), None);
        self
    }

    pub(crate) fn dir(mut self, directory: &Path) -> Self {
        self.directory = directory.to_owned();
        self
    }

    /// What the reader should do when this program fails.
    pub(crate) fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }

    /// Runs it with its output shown.
    pub(crate) fn run(self) -> Result<()> {
        progress::note(&format!("    $ {}", self.shown()));
        self.expression().run().map(drop).with_context(|| self.failure())
    }

    /// Runs it with its output shown, and returns what it wrote to stdout, also when it failed.
    pub(crate) fn run_and_keep(self) -> (String, Result<()>) {
        progress::note(&format!("    $ {}", self.shown()));
        let mut kept = String::new();
        let result = self.expression().reader().and_then(|reader| {
            for line in BufReader::new(&reader).split(b'\n') {
                let line = String::from_utf8_lossy(&line?).into_owned();
                println!("{line}");
                kept.push_str(&line);
                kept.push('\n');
            }
            Ok(())
        });
        (kept, result.with_context(|| self.failure()))
    }

    /// Runs it and returns what it wrote to stdout.
    pub(crate) fn read(self) -> Result<String> {
        self.expression().read().with_context(|| self.failure())
    }

    /// Runs it in silence: whether it succeeded, and all that it wrote.
    pub(crate) fn probe(self) -> Option<(bool, String)> {
        let output =
            self.expression().stderr_to_stdout().stdout_capture().unchecked().run().ok()?;
        Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// Starts it in the background and returns it with the first line that it writes to stdout.
    pub(crate) fn start(self) -> Result<(Background, String)> {
        let reader = self.expression().reader().with_context(|| self.failure())?;
        let process = Arc::new(reader);
        let mut line = String::new();
        BufReader::with_capacity(1, &*process)
            .read_line(&mut line)
            .with_context(|| self.failure())?;
        if line.is_empty() {
            bail!("`{}` ended without a word", self.shown());
        }
        let drained = Arc::clone(&process);
        let drain = std::thread::spawn(move || {
            // Until it ends. Nobody reads what it says, but it must not wait for a reader.
            std::io::copy(&mut &*drained, &mut std::io::sink()).ok();
        });
        Ok((Background { process, drain: Some(drain) }, line.trim_end().to_owned()))
    }

    fn expression(&self) -> Expression {
        let bare = duct::cmd(&self.program, &self.words[1..]).stdin_null().dir(&self.directory);
        self.env.iter().fold(bare, |expression, (key, value)| match value {
            Some(value) => expression.env(key, value),
            None => expression.env_remove(key),
        })
    }

    fn shown(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    fn failure(&self) -> String {
        let remedy = self.remedy.as_deref().map(|remedy| format!(". {remedy}")).unwrap_or_default();
        format!("`{}` failed{remedy}", self.shown())
    }
}

/// A program in the background. Dropping it ends it.
pub(crate) struct Background {
    process: Arc<ReaderHandle>,
    drain: Option<JoinHandle<()>>,
}

impl Background {
    /// Blocks until it ends by itself.
    pub(crate) fn wait(mut self) {
        self.drain.take().map(JoinHandle::join);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // An error means that it has ended already.
        self.process.kill().ok();
    }
}

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
        assert_eq!(error, "`cargo --no-such-flag` failed. Do not do that");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let error = format!("{:#}", shell().cmd("no-such-program-here").run().unwrap_err());
        assert!(error.starts_with("`no-such-program-here` failed: "), "{error}");
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
    fn the_last_setting_wins_and_output_is_kept_when_the_program_fails() {
        let script = "echo $A; pwd; exit 7";
        let command = shell().cmd("sh").args(["-c", script]).env("A", "1").env("A", "2");
        let (kept, result) = command.dir(Path::new("/")).run_and_keep();
        assert_eq!(kept, "2\n/\n");
        assert!(result.is_err());
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
        assert!(format!("{error:#}").contains("exited with code 7"), "{error:#}");
    }
}
