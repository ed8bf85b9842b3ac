//! The server under load, in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio_rustls::TlsConnector;

use crate::Result;
use crate::tls::connector;

pub(crate) struct Target {
    child: Child,
    pub(crate) url: String,
    /// For a server with TLS.
    pub(crate) connector: Option<TlsConnector>,
}

impl Target {
    pub(crate) fn start(tls: bool) -> Result<Target> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .args(tls.then_some("--tls"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut line =
            || -> Result<String> { Ok(lines.next().ok_or("the server says too little")??) };
        let (url, certificate) = (line()?, line()?);
        let connector = if tls { Some(connector(&certificate)?) } else { None };
        Ok(Target { child, url, connector })
    }

    /// The process of the server.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory of the server in bytes, where the system tells it (`/proc/<pid>/statm`).
    pub(crate) fn memory(&self) -> Option<u64> {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        Some(pages * PAGE_BYTES)
    }
}

/// The CPU time of a process in seconds, user and system, where the system tells it (`/proc/<pid>/stat`).
pub(crate) fn cpu_time(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: Option<u64> =
        fields.get(11..13)?.iter().map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(ticks? as f64 / TICKS_PER_SECOND)
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// That of x86-64 and most arm64 systems.
const PAGE_BYTES: u64 = 4096;

/// That of every Linux on these processors.
const TICKS_PER_SECOND: f64 = 100.0;
